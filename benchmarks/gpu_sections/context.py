"""What the sections share: the time that is left, where results go, the device and its rehearsal.

A rehearsal needs no GPU: the strict stand-in of tests/ takes CuPy's place, PyTorch computes on the
CPU, and all sizes are tiny. Its numbers mean nothing; every line of the sections has run.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from minigpt import ModelConfig, TrainConfig, Trainer

ROOT = Path(__file__).resolve().parents[2]


class Context:
    """One section's run. `put` stores a result at once, so that a section that is killed keeps what it had."""

    def __init__(self, out: Path, seconds: float, rehearsal: bool) -> None:
        self.out, self.rehearsal, self.end = out, rehearsal, time.monotonic() + seconds
        self.results: dict[str, Any] = {}
        if rehearsal:
            sys.path.insert(0, str(ROOT / "tests"))
            from gpu_sections.rehearsal import stand_in

            sys.modules["cupy"] = stand_in()
        self.torch_device = "cpu" if rehearsal else "cuda"

    @property
    def left(self) -> float:
        """Seconds until this section should have ended."""
        return self.end - time.monotonic()

    def put(self, name: str, value: Any, say: str | None = None) -> None:
        """Store a result and print a line of it."""
        self.results[name] = value
        self.out.write_text(json.dumps(self.results, default=str), encoding="utf-8")
        print(f"  {name}: {say if say is not None else value}"[:600], flush=True)

    def attempt(self, name: str, measure: Callable[[], Any], needs: float = 0) -> None:
        """Run a part of a section; where it fails, the reason is its result, and the next part runs."""
        if self.left < needs:
            self.put(name, f"left out: {self.left:.0f} s left, it needs about {needs:.0f}")
            return
        try:
            measure()
        except Exception as error:
            line = (str(error).strip().splitlines() or [""])[0]
            self.put(name, f"failed: {type(error).__name__}: {line[:300]}")

    def config(self, vocab: int = 3000, dropout: float = 0.0) -> ModelConfig:
        """The 12M layout; in a rehearsal a tiny one."""
        if self.rehearsal:
            return ModelConfig(2, 2, 16, 64, vocab, dropout)
        return ModelConfig(vocab_size=vocab, dropout=dropout)

    def trainer(self, config: ModelConfig, device: str = "cuda", **options: Any) -> Trainer:
        """A trainer on the device, or on the CPU. The stand-in has no other precision than float32."""
        if self.rehearsal:
            options.pop("precision", None)
        return Trainer(config, TrainConfig(seed=0), device=device, **options)

    def cupy(self) -> Any:
        """The module, or its stand-in."""
        import cupy

        return cupy

    def synchronize(self) -> None:
        """Wait until the device has done all that it was given."""
        self.cupy().cuda.runtime.deviceSynchronize()


def batch(seed: int, B: int, T: int, V: int) -> tuple[np.ndarray, np.ndarray]:
    """Random inputs and targets, (B, T) each."""
    stream = np.random.default_rng(seed).integers(0, V, (B, T + 1))
    return np.ascontiguousarray(stream[:, :-1]), np.ascontiguousarray(stream[:, 1:])


def timed(work: Callable[[], Any], synchronize: Callable[[], None], count: int) -> list[float]:
    """Seconds of each of `count` calls, waiting for the device before and after."""
    seconds = []
    for _ in range(count):
        synchronize()
        start = time.perf_counter()
        work()
        synchronize()
        seconds.append(time.perf_counter() - start)
    return seconds


def spread(values: list[float]) -> dict[str, float]:
    """Median, quartiles, best, and how many."""
    low, high = np.percentile(values, [25, 75])
    middle = statistics.median(values)
    return {"median": middle, "q1": float(low), "q3": float(high), "least": min(values), "n": len(values)}


def tf32(on: bool) -> AbstractContextManager[Any]:
    """Let CuPy's float32 matrix products round their inputs to TF32 (CuPy documents CUPY_TF32=1, read once a process)."""
    return _ComputeType() if on else nullcontext()


class _ComputeType:
    def __enter__(self) -> None:
        from cupy._core import _routines_linalg as linalg

        self.linalg, self.before = linalg, linalg.get_compute_type(np.float32)
        linalg.set_compute_type(np.float32, linalg.COMPUTE_TYPE_TF32)

    def __exit__(self, *error: object) -> None:
        self.linalg.set_compute_type(np.float32, self.before)
