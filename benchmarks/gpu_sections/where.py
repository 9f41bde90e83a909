"""Where the time of a step goes: launches, waits and kernels, by CUPTI through PyTorch's profiler, which sees CuPy's work too."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np

from .context import Context, batch, spread, timed
from .speed import VOCAB, step_of

SHAPES = [(8, 128, 0.0), (32, 256, 0.0), (8, 128, 0.1)]


def launches(context: Context) -> None:
    """What a launch costs, then a step of minigpt in three shapes and of PyTorch in one."""
    context.attempt("a launch", lambda: launch(context))
    V = 31 if context.rehearsal else VOCAB
    for B, T, dropout in [(2, 8, 0.1)] if context.rehearsal else SHAPES:
        key = f"B {B} T {T} dropout {dropout}"
        config, (x, y) = context.config(V, dropout), batch(0, B, T, V)
        with closing(context.trainer(config)) as trainer:
            step = lambda t=trainer, x=x, y=y: t.step(x, y)  # noqa: E731
            context.attempt(f"minigpt {key}, host", lambda k=key, s=step: host(context, f"minigpt {k}, host", s))
            context.attempt(f"minigpt {key}", lambda k=key, s=step: profile(context, f"minigpt {k}", s), needs=2)
            if (B, T, dropout) == (8, 128, 0.0) or context.rehearsal:
                context.attempt("torch", lambda t=trainer, c=config, x=x, y=y, k=key: peer(context, t, c, x, y, k), needs=3)


def launch(context: Context) -> None:
    """Seconds of host time a call of CuPy's, the device's work being next to nothing."""
    cupy = context.cupy()
    small, wide = cupy.full(16, 1.0, dtype=np.float32), cupy.full((8, 6, 16, 16), 0.5, dtype=np.float32)
    square, out = cupy.full((16, 16), 0.5, dtype=np.float32), cupy.empty((16, 16), dtype=np.float32)
    out4 = cupy.empty((8, 6, 16, 16), dtype=np.float32)
    calls: dict[str, Callable[[], Any]] = {
        "a += 1": lambda: small.__iadd__(1.0),
        "multiply(out=)": lambda: cupy.multiply(small, small, out=small),
        "sum(axis=0)": lambda: square.sum(axis=0),
        "matmul 2-D (out=)": lambda: cupy.matmul(square, square, out=out),
        "matmul 4-D (out=)": lambda: cupy.matmul(wide, wide, out=out4),
        "matmul 4-D transposed, to a view": lambda: cupy.matmul(wide, wide.swapaxes(2, 3), out=out4.swapaxes(2, 3)),
        "view a[1:]": lambda: small[1:],
        "float(a[0])": lambda: float(small[0]),
    }
    found = {}
    for name, call in calls.items():
        try:
            for _ in range(20):
                call()
            context.synchronize()
            count, start = (20 if context.rehearsal else 2000), time.perf_counter()
            for _ in range(count):
                call()
            found[name] = round(1e6 * (time.perf_counter() - start) / count, 2)
            context.synchronize()
        except Exception as error:
            found[name] = f"failed: {type(error).__name__}: {str(error)[:100]}"  # type: ignore[assignment]
    context.put("a launch", found, f"microseconds of host time: {found}")


def host(context: Context, name: str, step: Callable[[], Any]) -> None:
    """Wall time of a step against the processor time of all threads; they may spin while they wait."""
    for _ in range(3):
        step()
    wall = spread(timed(step, context.synchronize, 10))["median"]
    before = time.process_time()
    for _ in range(10):
        step()
    own = (time.process_time() - before) / 10
    context.put(name, {"wall": wall, "processor": own}, f"{1e3 * wall:.2f} ms, processor time {1e3 * own:.2f} ms")


def profile(context: Context, name: str, step: Callable[[], Any]) -> None:
    """One profiled step, after a warm one in the profiler: counts of calls, time by kernel."""
    try:
        import torch.profiler as profiler
    except ImportError as error:
        why = str(error)
        context.attempt(f"{name}, CuPy's own", lambda: own(context, f"{name}, CuPy's own", step, why))
        return
    kinds = [profiler.ProfilerActivity.CPU] + ([] if context.rehearsal else [profiler.ProfilerActivity.CUDA])
    step()
    with profiler.profile(activities=kinds):
        step()  # CUPTI starts
        context.synchronize()
    with profiler.profile(activities=kinds) as found:
        step()
        context.synchronize()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        found.export_chrome_trace(str(path))
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    summary = summarize(events)
    say = f"{summary['kernels']} kernels, {summary['memory operations']} copies and sets, busy {summary['busy ms']:.2f} ms"
    waits, first = summary["waits"], summary["by kernel"][:3]
    wall = context.results.get(f"{name}, host", {}).get("wall")
    if wall:  # far below 1, the host is what the rate is bound by
        summary["busy share"] = summary["busy ms"] / 1e3 / wall
        say += f" ({summary['busy share']:.0%} of a step)"
    context.put(name, summary, f"{say}, from first to last {summary['span ms']:.2f} ms; waits {waits}; {first}")
    if not summary["kernels"]:
        context.attempt(f"{name}, CuPy's own", lambda: own(context, f"{name}, CuPy's own", step, "the profiler saw no kernel"))


def summarize(events: list[dict[str, Any]]) -> dict[str, Any]:
    """A trace's kernels, memory operations and calls of the runtime and driver."""
    kernels = [e for e in events if e.get("cat") == "kernel"]
    moved = [e for e in events if e.get("cat") in ("gpu_memcpy", "gpu_memset")]
    calls = Counter(e["name"] for e in events if e.get("cat") in ("cuda_runtime", "cuda_driver"))
    by: dict[str, list[float]] = defaultdict(list)
    for e in kernels + moved:
        by[e["name"][:80]].append(e["dur"])
    order = sorted(by, key=lambda n: -sum(by[n]))
    device = kernels + moved
    return {
        "kernels": len(kernels),
        "memory operations": len(moved),
        "by memory operation": Counter(e["name"] for e in moved),
        "busy ms": sum(e["dur"] for e in device) / 1e3,
        "span ms": (max(e["ts"] + e["dur"] for e in device) - min(e["ts"] for e in device)) / 1e3 if device else 0.0,
        "waits": {n: c for n, c in calls.items() if "Synchronize" in n},
        "calls": dict(calls.most_common(20)),
        "by kernel": [(n, len(by[n]), round(sum(by[n]), 1)) for n in order[:25]],
    }


def own(context: Context, name: str, step: Callable[[], Any], why: str) -> None:
    """Without CUPTI: CuPy's own measure of host and device time."""
    from cupyx.profiler import benchmark

    measured = benchmark(step, n_repeat=10, n_warmup=2)
    found = {"host": float(measured.cpu_times.mean()), "device": float(measured.gpu_times.mean()), "why": why}
    context.put(name, found)


def peer(context: Context, trainer: Any, config: Any, x: np.ndarray, y: np.ndarray, key: str) -> None:
    """The same of PyTorch eager."""
    with ExitStack() as stack:
        step = step_of(context, "torch eager TF32", stack, config, trainer.state_dict())
        host(context, f"torch eager {key}, host", lambda: float(step(x, y)))
        profile(context, f"torch eager {key}", lambda: float(step(x, y)))
