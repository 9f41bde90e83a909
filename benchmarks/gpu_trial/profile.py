"""Where a step's time goes: each kind of launch alone; what PyTorch's profiler sees."""

from __future__ import annotations

import statistics
from typing import Any

import cupy

from .program import Program
from .speed import Ours


def by_kernel(ours: Ours, repeat: int = 20) -> dict[str, Any]:
    """Microseconds of each kind of launch alone, as the mean of a graph of repetitions, times how
    often a step has it; and the step's graph as a whole."""
    ours(0)  # its batch is what the launches see
    ours.wait()
    kinds: dict[str, list[Any]] = {}
    for label, launch, _ in ours.step.program.ops:
        if launch:
            kinds.setdefault(label, []).append(launch)
    found: dict[str, dict[str, float]] = {}
    stream, whole = ours.run.stream, ours.device_ms()
    for label, launches in kinds.items():
        graph = ours.run.capture(Program([(label, launches[0], False)] * repeat))
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        times = []
        for _ in range(5):
            begin.record(stream)
            graph.launch(stream)
            end.record(stream)
            end.synchronize()
            times.append(1000 * cupy.cuda.get_elapsed_time(begin, end) / repeat)
        one = statistics.median(times)
        found[label] = {"us": round(one, 2), "times": len(launches)}
        found[label]["sum"] = round(one * len(launches), 1)
    order = sorted(found, key=lambda label: -found[label]["sum"])
    return {
        "launches": ours.step.program.launches,
        "graph ms": round(whole, 4),
        "sum of kernels ms": round(sum(f["sum"] for f in found.values()) / 1000, 4),
        "kernels": {label: found[label] for label in order},
    }


def profiled(runner: Any, steps: int = 5) -> dict[str, Any]:
    """Milliseconds a step for which kernels run, and the longest (name, times, microseconds)."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA], acc_events=True) as profiler:
        for i in range(steps):
            runner(i)
        runner.wait()
    rows = [
        (event.key[:90], event.count / steps, round(event.device_time_total / steps, 1))
        for event in profiler.key_averages()
        if event.device_time_total
    ]
    rows.sort(key=lambda row: -row[2])
    return {"kernels ms": round(sum(row[2] for row in rows) / 1000, 4), "longest": rows[:30]}
