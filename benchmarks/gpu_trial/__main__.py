"""python -m benchmarks.gpu_trial --out trial.json --seconds 240

Sections: environment, kernels, gradients, losses, speed, profile, ceilings, compiled. Each has its own time cap;
what fails is noted and the rest runs. The JSON is written after each section.
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minigpt import ModelConfig, TrainConfig, Trainer

SHAPES = [(3000, 8, 128, 0.0), (3000, 8, 256, 0.0), (3000, 32, 256, 0.0), (3000, 64, 512, 0.0)]
EXTRA = [(3000, 8, 256, 0.1), (50257, 8, 128, 0.0)]  # dropout; a large vocabulary


def config(V: int, dropout: float = 0.0) -> ModelConfig:
    return ModelConfig(vocab_size=V, dropout=dropout)


class Trial:
    """The results so far, the time left, and what sections share."""

    def __init__(self, out: Path, seconds: float) -> None:
        self.out, self.start, self.seconds = out, time.monotonic(), seconds
        self.results: dict[str, Any] = {}
        self.helpers: list[subprocess.Popen] = []

    def left(self) -> float:
        return self.seconds - (time.monotonic() - self.start)

    def section(self, name: str, run: Callable[[Trial, dict], None], cap: float) -> None:
        """Run a section into results[name], within its cap and the time left."""
        cap = min(cap, self.left())
        found = self.results[name] = {}
        if cap < 5:
            found["left out"] = "no time left"
            return self.write()
        begun = time.monotonic()
        signal.signal(signal.SIGALRM, self.late)
        signal.setitimer(signal.ITIMER_REAL, cap)
        try:
            run(self, found)
        except Exception:  # whatever it is, the other sections still run
            found["failed"] = traceback.format_exc().splitlines()[-12:]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        found["seconds"] = round(time.monotonic() - begun, 1)
        print(f"== {name}: {found['seconds']} s", *found.get("failed", []), sep="\n   ", flush=True)
        self.write()

    def late(self, *_: Any) -> None:
        raise TimeoutError("the section's time is over")

    def write(self) -> None:
        self.out.write_text(json.dumps(self.results, indent=1, default=str))


def environment(trial: Trial, found: dict) -> None:
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
    from .gpu import Device
    from .speed import devices

    trial.device = devices()
    for precision in ("tf32", "float32"):
        start = time.perf_counter()
        device: Device = trial.device(precision)
        device.module.get_function("embed")
        found[f"kernels {precision} s"] = round(time.perf_counter() - start, 2)
    found["cublasLt"] = device.lt.lib.cublasLtGetVersion()


def kernels(trial: Trial, found: dict) -> None:
    from .checks import Case

    for precision, limit in (("float32", 1e-5), ("tf32", 2e-3)):
        for B, T, V, keep in ((4, 128, 3000, 58982), (3, 77, 203, 58982), (2, 512, 3001, 65536)):
            errors = {}
            for kernel, name, error in Case(trial.device(precision), B, T, 384, V, keep).all():
                errors[f"{kernel} {name}"] = f"{error:.1e}"
                if not error < limit:
                    print("   TOO LARGE", precision, B, T, kernel, name, f"{error:.1e}")
            found[f"{precision} B{B} T{T} keep {keep}"] = errors


def gradients(trial: Trial, found: dict) -> None:
    from .checks import Reference

    modes = [("float32", True, False, False), ("float32", False, False, False)]
    modes += [
        ("tf32", True, False, False),
        ("tf32", False, False, True),
        ("tf32", True, True, True),
    ]
    for V, B, T in ((3000, 4, 128), (3000, 3, 77), (50257, 2, 512)):
        reference = Reference(config(V), B, T)
        for precision, fused, tune, fork in modes:
            errors = reference.errors(trial.device(precision, fused, tune), fork)
            worst = sorted(((e, n) for n, e in errors.items()), reverse=True)
            limit = 1e-5 if precision == "float32" else 2e-3
            label = f"V{V} B{B} T{T} {precision} fused={fused} tune={tune} fork={fork}"
            found[label] = {"loss": errors["loss"], "norm": errors["norm"], "worst": worst[:4]}
            missed = [
                (name, f"{e:.1e}") for e, name in worst if not e < limit and name != "updated"
            ]
            if missed:
                print("   TOO LARGE", label, missed[:4])
        device = trial.device("tf32")
        wanted = {str(key): chosen is not None for key, chosen in device.lt.algorithms.items()}
        found["fused products that cuBLASLt has"] = wanted


def losses(trial: Trial, found: dict) -> None:
    from .speed import VARIANTS, Runner, Step, weights

    V, B, T, steps = 3000, 8, 128, 50
    rng = np.random.default_rng(1)
    tokens = rng.integers(0, V, (8, B, T + 1)).astype(np.int32)
    trainer = Trainer(config(V), TrainConfig(seed=0), device="cpu")
    cpu = [trainer.step(b[:, :-1], b[:, 1:]) for b in (tokens[i % 8] for i in range(steps))]
    found["cpu"] = [cpu[0], cpu[9], cpu[-1]]
    state = weights(config(V))

    def train(name: str, dropout: float, seed: int = 0) -> list[float]:
        precision, fused, tune, fork, graph = VARIANTS[name]
        step = Step(trial.device(precision, fused, tune), config(V), state, B, T, dropout, fork)
        run, got = Runner(step, graph, seed=seed), []
        for i in range(steps):
            b = tokens[i % 8]
            run(b[:, :-1], b[:, 1:])
            got.append(run.loss())
        return [*got, float(step.p.sum())]

    for name in ("float32", "fused", "fused fork tuned", "plain no graph", "bfloat16 products"):
        first, second = train(name, 0.0), train(name, 0.0)
        differences = np.abs(np.array(first[:steps]) - cpu)
        found[name] = {
            "first 10": float(differences[:10].max()),
            "all 50": float(differences.max()),
            "twice the same bits": first == second,
            "last": first[steps - 1],
        }
    a, b, c = (train("fused fork tuned", 0.1, seed) for seed in (1, 1, 2))
    found["dropout"] = {"last": a[steps - 1], "same seed, same bits": a == b, "other seed": a != c}


def release() -> None:
    """Give memory back between shapes; a Step and its blocks are a circle."""
    import cupy
    import torch

    gc.collect()
    cupy.get_default_memory_pool().free_all_blocks()
    torch.cuda.empty_cache()


def speed(trial: Trial, found: dict) -> None:
    from .speed import VARIANTS, Ours, Theirs, in_turn, weights

    for V, B, T, dropout in (*SHAPES, *EXTRA):
        if trial.left() < 20:
            return
        c, runners, failed = config(V, dropout), {}, {}
        state = weights(c)
        few = ("fused", "fused fork tuned", "plain tuned", "plain no graph", "bfloat16 products")
        ours = few if B * T > 16000 else tuple(VARIANTS)  # they must fit the memory together
        for name in (*ours, "torch eager", "torch graph"):
            try:
                if name.startswith("torch"):
                    runners[name] = Theirs(c, state, B, T, name.split()[1])
                else:
                    runners[name] = Ours(trial.device, c, state, B, T, name)
            except Exception as error:
                failed[name] = repr(error)[:300]
        rates = in_turn(runners, B * T)
        label = f"V{V} B{B} T{T} dropout {dropout}"
        found[label] = {"thousand tokens/s": rates, "failed": failed}
        print(label, {name: r["median"] for name, r in rates.items()}, failed, flush=True)
        trial.write()
        del runners
        release()


def profiles(trial: Trial, found: dict) -> None:
    from .speed import Ours, by_kernel, profiled, weights

    for V, B, T, dropout in (SHAPES[0], SHAPES[3]):
        for name in ("fused", "plain"):
            c = config(V, dropout)
            ours = Ours(trial.device, c, weights(c), B, T, name)
            label = f"V{V} B{B} T{T} {name}"
            try:
                found[f"{label} profiled"] = profiled(ours)
            except Exception as error:
                found[f"{label} profiled"] = repr(error)
            found[label] = by_kernel(ours)
            print(label, json.dumps(found[label]), flush=True)
            del ours
            release()
    for key in (("tf32", True, True), ("tf32", False, True)):
        found[f"tuning {key}"] = trial.device(*key).lt.report


def ceilings(trial: Trial, found: dict) -> None:
    from . import peers

    found |= peers.ceilings()
    for B, T in ((8, 128), (8, 256), (64, 512)):
        found[f"torch attention B{B} T{T} ms"] = peers.attention_times(B, T, 6)
    print(json.dumps(found), flush=True)


def compiled(trial: Trial, found: dict) -> None:
    """torch.compile beside our fastest, as far as time goes."""
    from .speed import Ours, Theirs, in_turn, weights

    for V, B, T, dropout in SHAPES:
        c = config(V, dropout)
        state, failed = weights(c), {}
        runners = {
            n: Ours(trial.device, c, state, B, T, n)
            for n in ("fused fork tuned", "plain fork tuned")
        }
        runners["torch eager"] = Theirs(c, state, B, T, "eager")
        for name in ("compile", "reduce-overhead"):
            start = time.perf_counter()
            try:
                runners[f"torch {name}"] = Theirs(c, state, B, T, name)
            except Exception as error:
                failed[name] = repr(error)[:300]
            failed[f"{name} s"] = round(time.perf_counter() - start, 1)
        label = f"V{V} B{B} T{T}"
        found[label] = {"thousand tokens/s": in_turn(runners, B * T), "notes": failed}
        rates = {n: r["median"] for n, r in found[label]["thousand tokens/s"].items()}
        print(label, rates, failed, flush=True)
        trial.write()
        del runners
        release()


SECTIONS = {
    "environment": (environment, 60),
    "kernels": (kernels, 40),
    "gradients": (gradients, 60),
    "losses": (losses, 40),
    "speed": (speed, 110),
    "profile": (profiles, 30),
    "ceilings": (ceilings, 20),
    "compiled": (compiled, 600),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("trial.json"))
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, by commas")
    a = parser.parse_args()
    trial = Trial(a.out, a.seconds)
    wanted = [name for name in SECTIONS if name in a.only.split(",") or name == "environment"]
    if "compiled" in wanted:  # compile while the checks run
        for V, B, T, _ in SHAPES:
            words = [str(V), str(B), str(T), "compile", "reduce-overhead"]
            command = [sys.executable, "-m", f"{__package__}.peers", *words]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            trial.helpers.append(subprocess.Popen(command, **quiet))
    try:
        for name in wanted:
            if name == "speed":
                finish(trial)
            trial.section(name, *SECTIONS[name])
    finally:
        for helper in trial.helpers:
            helper.kill()


def finish(trial: Trial) -> None:
    """Wait for the compilations, for nothing else may run while time is measured; 45 seconds at most."""
    stop = time.monotonic() + min(45, trial.left() / 4)
    for helper in trial.helpers:
        try:
            helper.wait(max(0.1, stop - time.monotonic()))
        except subprocess.TimeoutExpired:
            helper.kill()
    trial.results["compilations"] = [helper.poll() for helper in trial.helpers]


if __name__ == "__main__":
    main()
