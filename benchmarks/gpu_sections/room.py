"""Out of memory: a step that does not fit is taken in smaller parts, with the same gradients, whatever error says so."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np

from .context import Context, batch
from .correct import relative


def memory(context: Context) -> None:
    """A limit on CuPy's pool; then a device that others have filled."""
    context.attempt("a limited pool", lambda: limited(context))
    context.attempt("a full device", lambda: full(context), needs=3)


def limited(context: Context) -> None:
    """The pool may take half of what the step took before."""
    cupy, pool = context.cupy(), context.cupy().get_default_memory_pool()
    B, T, V = (8, 32, 31) if context.rehearsal else (64, 128, 3000)
    x, y = batch(0, B, T, V)
    pool.free_all_blocks()
    with closing(context.trainer(context.config(V), precision="float32")) as trainer:
        wanted = trainer.loss_and_gradients(x, y)
        taken = pool.total_bytes()
    del trainer
    release(cupy)
    pool.set_limit(size=taken // 2)
    try:
        starve(context, "a limited pool", x, y, wanted, {"bytes before": taken, "limit": taken // 2})
    finally:
        pool.set_limit(size=0)
        release(cupy)


def full(context: Context) -> None:
    """Other allocations leave little of the device: the driver, cuBLAS and the loading of kernels can fail too."""
    cupy = context.cupy()
    B, T, V = (8, 8, 31) if context.rehearsal else (64, 512, 3000)
    x, y = batch(0, B, T, V)
    with closing(context.trainer(context.config(V), precision="float32")) as trainer:
        wanted = trainer.loss_and_gradients(x, y)
    del trainer
    release(cupy)
    if context.rehearsal:
        starve(context, "a full device", x, y, wanted, {})
        return
    others, left = cupy.cuda.MemoryPool(), 1536 * 2**20
    held: list[Any] = []
    try:
        while (free := cupy.cuda.runtime.memGetInfo()[0]) > left:
            held.append(others.malloc(min(2**32, free - left)))
        starve(context, "a full device", x, y, wanted, {"free": cupy.cuda.runtime.memGetInfo()[0]})
    finally:
        held.clear()
        others.free_all_blocks()
        release(cupy)


def starve(context: Context, name: str, x: np.ndarray, y: np.ndarray, wanted: tuple[float, Any], facts: dict[str, Any]) -> None:
    """The same gradients by a new trainer; how small its parts became, and what it ran into."""
    with closing(context.trainer(context.config(31 if context.rehearsal else 3000), precision="float32")) as trainer:
        try:
            loss, got = trainer.loss_and_gradients(x, y)
        except Exception as error:
            chain = f"{type(error).__module__}.{type(error).__name__}: {str(error)[:200]}"
            context.put(name, {**facts, "raised": chain, "micro_batch": trainer.micro_batch}, f"NOT mastered: {chain}")
            return
        worst = max(relative(got[n], g)[0] for n, g in wanted[1].items())
        found = {**facts, "micro_batch": trainer.micro_batch, "B": len(x), "loss error": abs(loss - wanted[0]), "worst gradient": worst}
    context.put(name, found, f"{len(x)} sequences in parts of {trainer.micro_batch}; worst gradient {worst:.1e}; {facts}")


def release(cupy: Any) -> None:
    """Garbage first, then the pool."""
    import gc

    gc.collect()
    cupy.get_default_memory_pool().free_all_blocks()
