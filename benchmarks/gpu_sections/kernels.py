"""Each kernel of minigpt/fast/cuda against its specification on random numbers, at the widths of the sizes."""

from __future__ import annotations

from typing import Any

from minigpt.backend import choose_backend
from minigpt.fast.cuda.checks import Case, step_errors

from .context import Context

SHAPES = [(4, 128, 3000, 58982), (3, 77, 203, 58982), (2, 512, 3001, 65536)]  # B, T, V, and how many of 65,536 dropout keeps
LIMITS = {"float32": 1e-5, "tf32": 2e-3}


def kernels(context: Context) -> None:
    """What is further off than its limit, and the worst; then a small model's gradients and updates beside the lecture's."""
    backend: Any = choose_backend("cuda")
    if not hasattr(backend, "device"):
        context.put("kernels", f"none: {backend.reason}")
        return
    for width in (384, 512, 768):
        for precision, limit in LIMITS.items():
            key = f"width {width} {precision}"
            context.attempt(key, lambda k=key, w=width, p=precision, x=limit: check(context, backend, k, w, p, x), needs=2)
        context.attempt(f"width {width} step", lambda w=width: step(context, backend, w), needs=2)


def check(context: Context, backend: Any, key: str, width: int, precision: str, limit: float) -> None:
    """All kernels in all shapes."""
    device = backend.device(width, precision)
    errors = {}
    for B, T, V, keep in SHAPES:
        errors |= {f"{kernel} {name} B {B} T {T}": e for kernel, name, e in Case(backend, device, B, T, width, V, keep).all()}
    wrong = {name: e for name, e in errors.items() if not e < limit}
    worst = max(errors, key=lambda name: errors[name])
    context.put(key, {"compared": len(errors), "too large": wrong, "worst": [worst, errors[worst]]})


def step(context: Context, backend: Any, width: int) -> None:
    """The check of a backend's first trainer."""
    errors = step_errors(backend, width)
    worst = max(errors, key=lambda name: errors[name])
    context.put(f"width {width} step", {"trained by": type(backend).__name__, "worst": [worst, errors[worst]]})
