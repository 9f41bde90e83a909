"""Tokens/s in turn, time by kernel, and the variants of our own step that are compared."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import cupy
import numpy as np

from minigpt import ModelConfig, TrainConfig, Trainer

from .gpu import Device, Runner
from .step import Program, Step

# Name -> precision, fused, tune, fork, graph.
VARIANTS: dict[str, tuple[str, bool, bool, bool, bool]] = {
    "fused": ("tf32", True, False, False, True),
    "fused fork": ("tf32", True, False, True, True),
    "fused fork tuned": ("tf32", True, True, True, True),
    "plain": ("tf32", False, False, False, True),
    "plain fork": ("tf32", False, False, True, True),
    "plain tuned": ("tf32", False, True, False, True),
    "plain fork tuned": ("tf32", False, True, True, True),
    "plain no graph": ("tf32", False, False, False, False),
    "bfloat16 products": ("bfloat16", False, True, True, True),
    "float32": ("float32", False, False, True, True),
}


def devices() -> Callable[[str, bool, bool], Device]:
    """One device for each precision, fused and tuned: their algorithms are chosen once."""
    made: dict[tuple, Device] = {}

    def device(precision: str, fused: bool = True, tune: bool = False) -> Device:
        key = (precision, fused, tune)
        if key not in made:
            made[key] = Device(384, *key)
        return made[key]

    return device


def weights(config: ModelConfig, seed: int = 0) -> dict[str, np.ndarray]:
    return Trainer(config, TrainConfig(seed=seed), device="cpu").state_dict()


class Ours:
    """A variant in training on random batches."""

    def __init__(
        self,
        device: Any,
        config: ModelConfig,
        state: dict[str, np.ndarray],
        B: int,
        T: int,
        name: str,
    ) -> None:
        precision, fused, tune, fork, graph = VARIANTS[name]
        self.step = Step(device(precision, fused, tune), config, state, B, T, config.dropout, fork)
        self.run, self.graph = Runner(self.step, graph), graph
        rng = np.random.default_rng(0)
        self.batches = [
            rng.integers(0, config.vocab_size, (2, B, T)).astype(np.int32) for _ in range(8)
        ]

    def __call__(self, i: int) -> None:
        self.run(*self.batches[i % 8])

    def wait(self) -> None:
        self.run.stream.synchronize()

    def device_ms(self, repeat: int = 20) -> float:
        """Milliseconds of a step's graph on the device, launches back to back."""
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        begin.record(self.run.stream)
        for _ in range(repeat):
            self.run.graph.launch(self.run.stream)
        end.record(self.run.stream)
        end.synchronize()
        return cupy.cuda.get_elapsed_time(begin, end) / repeat


class Theirs:
    """A variant of PyTorch in training on the same batches."""

    def __init__(
        self, config: ModelConfig, state: dict[str, np.ndarray], B: int, T: int, name: str
    ) -> None:
        import torch

        from .peers import Peer, pinned

        self.torch, self.peer = torch, Peer(config, state, B, T, name)
        rng = np.random.default_rng(0)
        batches = [rng.integers(0, config.vocab_size, (2, B, T)) for _ in range(8)]
        self.batches = [(pinned(x), pinned(y)) for x, y in batches]
        for i in range(3):  # compiles
            self(i)
        self.wait()

    def __call__(self, i: int) -> None:
        self.peer(*self.batches[i % 8])

    def wait(self) -> None:
        self.torch.cuda.synchronize()


def in_turn(runners: dict[str, Any], tokens: int, rounds: int = 7, seconds: float = 0.05) -> dict:
    """Thousand tokens/s of each: the median, least and most over rounds in which all take turns."""
    steps = {}
    for name, run in runners.items():
        for i in range(3):
            run(i)
        run.wait()
        start = time.perf_counter()
        for i in range(5):
            run(i)
        run.wait()
        steps[name] = max(5, int(seconds / ((time.perf_counter() - start) / 5)))
    rates: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(rounds):
        for name, run in runners.items():
            start = time.perf_counter()
            for i in range(steps[name]):
                run(i)
            run.wait()
            spent = (time.perf_counter() - start) / steps[name]
            rates[name].append(tokens / spent / 1000)
    return {
        name: {
            "median": round(statistics.median(r), 1),
            "least": round(min(r), 1),
            "most": round(max(r), 1),
        }
        for name, r in rates.items()
    }


def by_kernel(ours: Ours, repeat: int = 20) -> dict[str, Any]:
    """Microseconds of each kind of launch alone, as the mean of a graph of repetitions, times how often a step
    has it; and the step's graph as a whole."""
    kinds: dict[str, list[Any]] = {}
    for label, launch, _ in ours.step.program.ops:
        if launch:
            kinds.setdefault(label, []).append(launch)
    found = {}
    stream = ours.run.stream
    whole = ours.device_ms()
    for label, launches in kinds.items():
        program = Program([(label, launches[0], False)] * repeat)
        graph = ours.run.capture(program)
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        times = []
        for _ in range(5):
            begin.record(stream)
            graph.launch(stream)
            end.record(stream)
            end.synchronize()
            times.append(1000 * cupy.cuda.get_elapsed_time(begin, end) / repeat)
        one = statistics.median(times)
        found[label] = {
            "us": round(one, 2),
            "times": len(launches),
            "sum": round(one * len(launches), 1),
        }
    order = sorted(found, key=lambda label: -found[label]["sum"])
    return {
        "launches": ours.step.program.launches,
        "graph ms": round(whole, 4),
        "sum of kernels ms": round(sum(f["sum"] for f in found.values()) / 1000, 4),
        "kernels": {label: found[label] for label in order},
    }


def profiled(ours: Ours) -> list[tuple[str, int, float]]:
    """What PyTorch's profiler sees of 5 launches of the graph: (kernel, times a step, microseconds a step)."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        for _ in range(5):
            ours.run.graph.launch(ours.run.stream)
        ours.wait()
    rows = [
        (event.key[:90], event.count / 5, round(event.device_time_total / 5, 1))
        for event in profiler.key_averages()
    ]
    return sorted(rows, key=lambda row: -row[2])[:40]
