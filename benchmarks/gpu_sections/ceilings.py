"""What the machine is, and what it can do at most: bytes a second of a copy, operations a second of a product."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from typing import Any

import numpy as np

from .context import Context, spread, tf32, timed

PACKAGES = "minigpt numpy torch triton numba numba-cuda cuda-core cuda-bindings nvmath-python".split()


def machine(context: Context) -> None:
    """Versions, the device, its ceilings."""
    context.put("versions", versions())
    context.attempt("device", lambda: device(context))
    context.attempt("copy", lambda: copy(context))
    for name, on in (("product float32", False), ("product TF32", True)):
        context.attempt(name, lambda name=name, on=on: product(context, name, on))
    context.attempt("torch", lambda: torch(context), needs=3)


def versions() -> dict[str, Any]:
    """Of Python and the libraries that matter here."""
    found: dict[str, Any] = {"python": platform.python_version(), "cores": os.cpu_count()}
    for distribution in importlib.metadata.distributions():
        name = (distribution.metadata["Name"] or "").lower()
        if name in PACKAGES or name.startswith("cupy"):
            found[name] = distribution.version
    return found


def device(context: Context) -> None:
    """As CuPy sees it, and how long its start takes."""
    start = time.perf_counter()
    cupy = context.cupy()
    from minigpt.backend import choose_backend

    context.put("backend", choose_backend("cuda").reason)
    context.put("start seconds", round(time.perf_counter() - start, 2))
    facts = cupy.cuda.runtime.getDeviceProperties(0)
    wanted = ("name", "totalGlobalMem", "multiProcessorCount", "l2CacheSize", "major", "minor", "clockRate")
    found = {key: facts[key] for key in wanted if key in facts}
    context.put("device", {k: v.decode() if isinstance(v, bytes) else v for k, v in found.items()})


def copy(context: Context) -> None:
    """Bytes a second of a copy on the device, read and written counted."""
    cupy, count = context.cupy(), 2**10 if context.rehearsal else 2**28
    source, target = (cupy.full(count, 1.5, dtype=np.float32) for _ in range(2))

    def work() -> None:
        target[...] = source

    seconds = spread(timed(work, context.synchronize, 20)[5:])
    rate = 2 * source.nbytes / seconds["median"]
    context.put("copy", {"bytes a second": rate, **seconds}, f"{rate / 1e12:.2f} TB/s")


def product(context: Context, name: str, on: bool) -> None:
    """Operations a second of a large square product of random numbers, and of this model's widest."""
    cupy = context.cupy()
    from minigpt.backend import choose_backend

    rng, found, backend = np.random.default_rng(0), {}, choose_backend("cuda")
    shapes = [(64, 64, 64)] if context.rehearsal else [(8192, 8192, 8192), (1024, 384, 1536), (8192, 384, 1536)]
    with tf32(on and not context.rehearsal):
        for M, K, N in shapes:
            a, b = (backend.asarray(rng.standard_normal(s).astype(np.float32)) for s in ((M, K), (K, N)))
            out = cupy.empty((M, N), dtype=np.float32)
            again = 1 if M > 4096 and K > 4096 else 50

            def work(a: Any = a, b: Any = b, out: Any = out, again: int = again) -> None:
                for _ in range(again):
                    cupy.matmul(a, b, out=out)

            seconds = spread([s / again for s in timed(work, context.synchronize, 10)[3:]])["median"]
            found[f"{M}x{K}x{N}"] = 2 * M * K * N / seconds
    context.put(name, found, ", ".join(f"{k} {v / 1e12:.1f} TFLOP/s" for k, v in found.items()))


def torch(context: Context) -> None:
    """Whether PyTorch sees the device, how long its start takes, and its products."""
    start = time.perf_counter()
    import torch

    where, n = context.torch_device, 64 if context.rehearsal else 8192
    found: dict[str, Any] = {"version": torch.__version__, "sees a GPU": torch.cuda.is_available()}
    a, b = (torch.randn(n, n, device=where) for _ in range(2))
    found["start seconds"] = round(time.perf_counter() - start, 2)
    for precision in ("highest", "high"):
        torch.set_float32_matmul_precision(precision)
        seconds = timed(lambda: a @ b, lambda: torch_synchronize(context), 10)[3:]
        found[f"TFLOP/s {precision}"] = round(2 * n**3 / spread(seconds)["median"] / 1e12, 1)
    context.put("torch", found)


def torch_synchronize(context: Context) -> None:
    """Wait for PyTorch's device."""
    import torch

    if context.torch_device == "cuda":
        torch.cuda.synchronize()
