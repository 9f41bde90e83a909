"""The sections of the trial: each measures one thing and puts it into `found`, as it goes along."""

from __future__ import annotations

import gc
import importlib.metadata
import json
import os
import time
from typing import Any

import numpy as np

from minigpt import ModelConfig, TrainConfig, Trainer

SHAPES = [  # V, B, T, dropout
    (3000, 8, 128, 0.0),
    (3000, 64, 512, 0.0),
    (3000, 32, 256, 0.0),
    (3000, 8, 256, 0.0),
    (3000, 8, 128, 0.1),
    (3000, 64, 512, 0.1),
    (50257, 8, 128, 0.0),
]
LARGE = 16000  # tokens; from here on fewer variants, which must fit the memory together


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
        for B, T, V, keep in (*shapes, (32, 256, 60, 58982)):  # the last: long runs of equal ids
            errors = {}
            for kernel, name, error in Case(trial.device(precision), B, T, 384, V, keep).all():
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


def release() -> None:
    """Give memory back between shapes; a Step and its blocks are a circle."""
    import cupy
    import torch

    torch._dynamo.reset()  # else it soon takes a shape for one too many and no longer compiles
    gc.collect()
    cupy.get_default_memory_pool().free_all_blocks()
    torch.cuda.empty_cache()


def speed(trial: Any, found: dict) -> None:
    """Thousand tokens/s of our variants and PyTorch's, all in turn."""
    from .speed import PEERS, VARIANTS, Ours, Theirs, in_turn, weights

    for V, B, T, dropout in SHAPES:
        label = f"V{V} B{B} T{T} dropout {dropout}"
        if trial.left() < 40:  # the last sections need some
            found[label] = "left out: no time left"
            continue
        c, runners, notes = config(V, dropout), {}, {}
        state = weights(c)
        ours = ("ours", "ours, one stream") if B * T > LARGE else tuple(VARIANTS)
        for name in (*ours, *(f"torch {peer}" for peer in PEERS)):
            start = time.perf_counter()
            try:
                if name.startswith("torch"):
                    runners[name] = Theirs(c, state, B, T, name.removeprefix("torch "))
                else:
                    runners[name] = Ours(trial.device, c, state, B, T, name)
            except Exception as error:  # the others are still measured
                notes[name] = repr(error)[:300]
            notes[f"{name}: seconds to start"] = round(time.perf_counter() - start, 1)
        rates = in_turn(runners, B * T)
        found[label] = {"thousand tokens/s": rates, "notes": notes}
        failed = {name: note for name, note in notes.items() if isinstance(note, str)}
        print(label, {name: r["median"] for name, r in rates.items()}, failed, flush=True)
        trial.write()
        del runners
        release()


def profiles(trial: Any, found: dict) -> None:
    """Time by kernel of our step, and how long PyTorch's keep the device busy."""
    from .profile import by_kernel, profiled
    from .speed import Ours, Theirs, weights

    for V, B, T, dropout in SHAPES[:2]:
        c = config(V, dropout)
        state, label = weights(c), f"V{V} B{B} T{T}"
        ours = Ours(trial.device, c, state, B, T)
        found[label] = by_kernel(ours)
        print(label, json.dumps(found[label]), flush=True)
        found[f"{label} seen by CUPTI"] = profiled(ours)
        del ours
        release()
        for name in ("eager", "compile"):
            found[f"{label} torch {name}"] = profiled(Theirs(c, state, B, T, name))
            print(label, name, found[f"{label} torch {name}"]["kernels ms"], flush=True)
            release()
    found["products"] = trial.device("tf32", True).lt.report


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
    "speed": (speed, 120),
    "profile": (profiles, 30),
    "ceilings": (ceilings, 15),
}
