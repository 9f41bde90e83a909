"""The sections of the trial: each measures one thing and puts it into `found`, as it goes along."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time
from typing import Any

import numpy as np

from minigpt import ModelConfig, TrainConfig, Trainer

SHAPES = [  # V, B, T, dropout; what is wanted most first
    (3000, 8, 256, 0.0),
    (3000, 32, 256, 0.0),
    (3000, 64, 512, 0.0),
    (3000, 8, 256, 0.1),
    (3000, 8, 128, 0.0),
    (50257, 8, 128, 0.0),
]
OURS = ("ours", "ours, not tuned")
PEERS = ("eager", "compile", "reduce-overhead", "compiled-graph")
LARGE = 1500  # tokens; from here on fewer variants


def config(V: int, dropout: float = 0.0) -> ModelConfig:
    return ModelConfig(vocab_size=V, dropout=dropout)


def environment(trial: Any, found: dict) -> None:
    import cupy

    for name in ("cupy-cuda13x", "torch", "triton", "numpy", "nvidia-cublas", "nvidia-cuda-nvrtc"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    properties = cupy.cuda.runtime.getDeviceProperties(0)
    found["device"] = properties["name"].decode()
    found["driver"] = cupy.cuda.runtime.driverGetVersion()
    found["cores"] = os.cpu_count()
    from .speed import devices

    trial.device = devices()
    for precision in ("tf32", "float32"):
        start = time.perf_counter()
        device = trial.device(precision)
        device.module.get_function("embed")
        found[f"kernels {precision} s"] = round(time.perf_counter() - start, 2)
    found["cublasLt"] = device.lt.lib.cublasLtGetVersion()


def kernels(trial: Any, found: dict) -> None:
    """Each kernel against its specification."""
    from .checks import Case

    shapes = ((4, 128, 3000, 58982), (3, 77, 203, 58982), (2, 512, 3001, 65536))
    for precision, limit in (("float32", 1e-5), ("tf32", 2e-3)):
        for B, T, V, keep in (*shapes, (32, 256, 60, 58982)):
            case, errors = Case(trial.device(precision), B, T, 384, V, keep), {}
            for kernel, name, error in case.embedding() if B == 32 else case.all():  # long runs
                errors[f"{kernel} {name}"] = f"{error:.1e}"
                if not error < limit:
                    print("   TOO LARGE", precision, B, T, kernel, name, f"{error:.1e}")
            found[f"{precision} B{B} T{T} V{V} keep {keep}"] = errors


def gradients(trial: Any, found: dict) -> None:
    """A step's loss, gradients and update against minigpt on the CPU."""
    from .checks import Reference

    modes = [("float32", False, False), ("tf32", False, False), ("tf32", True, True)]
    for V, B, T in ((3000, 4, 128), (3000, 3, 77), (50257, 2, 512)):
        reference = Reference(config(V), B, T)
        for precision, tune, fork in modes:
            errors = reference.errors(trial.device(precision, tune), fork)
            updated = errors.pop("updated")
            worst = sorted(((e, n) for n, e in errors.items()), reverse=True)
            limit = 1e-5 if precision == "float32" else 2e-3
            label = f"V{V} B{B} T{T} {precision} tuned {tune} fork {fork}"
            found[label] = {"loss": errors["loss"], "norm": errors["norm"], "worst": worst[:3]}
            found[label]["updated"] = updated
            missed = [(name, f"{e:.1e}") for e, name in worst if not e < limit]
            if missed:
                print("   TOO LARGE", label, missed[:4])


def losses(trial: Any, found: dict) -> None:
    """Twenty steps beside the CPU's; twice the same bits; dropout's seed."""
    from .speed import VARIANTS, Runner, Step, weights

    V, B, T, steps = 3000, 8, 128, 20
    rng = np.random.default_rng(1)
    tokens = rng.integers(0, V, (8, B, T + 1)).astype(np.int32)
    trainer = Trainer(config(V), TrainConfig(seed=0), device="cpu")
    cpu = [trainer.step(b[:, :-1], b[:, 1:]) for b in (tokens[i % 8] for i in range(steps))]
    found["cpu"] = [cpu[0], cpu[9], cpu[-1]]
    state = weights(config(V))

    def train(name: str, dropout: float, seed: int = 0) -> list[float]:
        precision, tune, fork, graph = VARIANTS[name]
        step = Step(trial.device(precision, tune), config(V), state, B, T, dropout, fork)
        run, got = Runner(step, graph, seed=seed), []
        for i in range(steps):
            b = tokens[i % 8]
            run(b[:, :-1], b[:, 1:])
            got.append(run.loss())
        return [*got, float(step.p.sum())]

    for name in ("ours, float32", "ours", "ours, no graph"):
        first, second = train(name, 0.0), train(name, 0.0)
        differences = np.abs(np.array(first[:steps]) - cpu)
        found[name] = {
            "first 10": float(differences[:10].max()),
            "all": float(differences.max()),
            "twice the same bits": first == second,
            "last": first[steps - 1],
        }
        print("  ", name, found[name], flush=True)
    a, b, c = (train("ours", 0.1, seed) for seed in (1, 1, 2))
    found["dropout"] = {"last": a[steps - 1], "same seed, same bits": a == b, "other seed": a != c}


def commands(V: int, B: int, T: int, dropout: float) -> dict[str, list[str]]:
    """Variant -> the command of its process, for one shape."""
    ours = OURS if B * T > LARGE or dropout else (*OURS, "ours, one stream", "ours, float32")
    shape = [str(part) for part in (V, B, T, dropout)]
    worker = [sys.executable, "-m", f"{__package__}.worker"]
    names = (*ours, *(f"torch {peer}" for peer in PEERS))
    return {name: [*worker, name, *shape] for name in names}


def speed(trial: Any, found: dict) -> None:
    """Thousand tokens/s of our variants and PyTorch's, all in turn; then where a step's time goes.

    Everybody begins at once, because compilers take long. Ours begin when the others are ready:
    their products are chosen by measuring."""
    from .turns import Player, in_turn

    threads = {"TORCHINDUCTOR_COMPILE_THREADS": "1"}  # one a process, of which there are many
    shapes = SHAPES[: trial.shapes]
    games = {
        f"V{V} B{B} T{T} dropout {dropout}": {
            name: Player(command, dict(os.environ) | threads)
            for name, command in commands(V, B, T, dropout).items()
        }
        for V, B, T, dropout in shapes
    }
    try:
        starts = found["starts"] = start_all(games, min(75, trial.left() / 2))
        trial.write()
        for (label, players), (_, B, T, _) in zip(games.items(), shapes, strict=True):
            if trial.left() < 8:
                found[label] = "left out: no time left"
                continue
            rates = in_turn(players, B * T)
            failed = {name: player.failed for name, player in players.items() if player.failed}
            found[label] = {"thousand tokens/s": rates, "start": starts[label], "failed": failed}
            print(label, {n: r["median"] for n, r in rates.items()}, failed, flush=True)
            trial.write()
        profiles(trial, games)
    finally:
        everybody = [player for players in games.values() for player in players.values()]
        for player in everybody:
            player.process.kill()  # all at once: each takes a while to give its memory back
        for player in everybody:
            player.end("over")


def start_all(games: dict[str, dict[str, Any]], seconds: float) -> dict[str, dict[str, Any]]:
    """What each says of its start. PyTorch's variants have so many seconds, all together."""
    starts: dict[str, dict[str, Any]] = {label: {} for label in games}
    stop = time.monotonic() + seconds
    everybody = [(lab, name, p) for lab, players in games.items() for name, p in players.items()]
    for _, name, player in everybody:
        if name.startswith("torch"):
            player.order("start")
    for label, name, player in everybody:
        if name.startswith("torch"):
            starts[label][name] = player.answer(stop - time.monotonic())
    for label, name, player in everybody:
        if not name.startswith("torch"):
            starts[label][name] = player.ask("start", 20)
    for label, name, player in everybody:
        print(label, name, starts[label][name] or player.failed, flush=True)
    return starts


def profiles(trial: Any, games: dict[str, dict[str, Any]]) -> None:
    """Time by kernel of our step; for how long PyTorch's kernels keep the device busy."""
    found = trial.results.setdefault("profile", {})
    for name in ("ours", "torch eager", "torch compile"):
        for label, players in games.items():
            if trial.left() > 8 and not label.endswith("0.1"):
                seen = players[name].ask("profile", min(15, trial.left() - 3))
                found[label if name == "ours" else f"{label} {name}"] = seen or players[name].failed
                print(label, name, json.dumps(seen), flush=True)
                trial.write()


def ceilings(trial: Any, found: dict) -> None:
    """What the device can do, and PyTorch's attention alone."""
    from . import peers

    found |= peers.ceilings()
    for B, T in ((8, 128), (8, 256), (64, 512)):
        found[f"torch attention B{B} T{T} ms"] = peers.attention_times(B, T, 6)
    print(json.dumps(found), flush=True)


SECTIONS = {  # with the seconds that each may take
    "environment": (environment, 60),
    "kernels": (kernels, 30),
    "gradients": (gradients, 40),
    "losses": (losses, 40),
    "speed": (speed, 150),
    "ceilings": (ceilings, 15),
}
