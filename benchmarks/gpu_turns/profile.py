"""Where a step's time goes: each kind of launch alone; what PyTorch's profiler sees."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import cupy

from minigpt.fast.cuda.program import Program

from .speed import Ours

REPEAT, ROUNDS = 20, 5


def by_kernel(ours: Ours) -> dict[str, Any]:
    """Microseconds of each kind of launch alone, as the mean of a graph of repetitions, times how often a step has it; and the whole."""
    ours(0)  # its batch is what the launches see
    ours(0)  # from the second run on there are graphs
    device, programs = ours.trainer.ground.device, [ours.trainer.programs[key] for key in (ours.key, None)]

    def whole() -> None:
        for program in programs:
            device.run(program)

    kinds: dict[str, list[Callable[[], None]]] = {}
    for program in programs:
        for label, launch, _ in program.ops:
            if launch:
                kinds.setdefault(label, []).append(launch)
    found = {}
    for label, launches in kinds.items():
        repeated = Program()
        for _ in range(REPEAT):
            repeated.add(label, launches[0])
        graph = device.capture(repeated)
        one = milliseconds(device.stream, lambda graph=graph: graph.launch(device.stream)) / REPEAT
        found[label] = {"us": round(1000 * one, 2), "times": len(launches), "sum": round(1000 * one * len(launches), 1)}
    return {
        "launches": sum(program.launches for program in programs),
        "graphs ms": round(milliseconds(device.stream, whole), 4),
        "sum of kernels ms": round(sum(f["sum"] for f in found.values()) / 1000, 4),
        "kernels": {label: found[label] for label in sorted(found, key=lambda label: -found[label]["sum"])},
    }


def milliseconds(stream: Any, work: Callable[[], None]) -> float:
    """The median of the device's time for what `work` starts on a stream."""
    begin, end, times = cupy.cuda.Event(), cupy.cuda.Event(), []
    for _ in range(ROUNDS):
        begin.record(stream)
        work()
        end.record(stream)
        end.synchronize()
        times.append(cupy.cuda.get_elapsed_time(begin, end))
    return statistics.median(times)


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
