"""A stand-in for the cupy module for rehearsals: the tests' strict one, with a memory pool that has a limit."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def stand_in() -> ModuleType:
    """The strict stand-in, whose arrays count against the pool's limit one by one."""
    import strict_cupy

    module: Any = strict_cupy.strict_cupy
    module.get_default_memory_pool = lambda: pool
    make = module.empty

    def empty(shape: Any, dtype: Any = float, order: str = "C") -> Any:
        array = make(shape, dtype=dtype, order=order)
        pool.largest = max(pool.largest, array.nbytes)
        if array.nbytes > pool.limit:
            raise MemoryError(f"Out of memory allocating {array.nbytes:,} bytes")
        return array

    module.empty = empty
    return module


class Pool:
    """A pool that remembers its largest array, and refuses larger ones than its limit allows."""

    def __init__(self) -> None:
        self.limit, self.largest = float("inf"), 0

    def free_all_blocks(self, stream: None = None) -> None:
        """Nothing is kept."""

    def total_bytes(self) -> int:
        """The largest array."""
        return self.largest

    used_bytes = total_bytes

    def set_limit(self, size: int | None = None, fraction: float | None = None) -> None:
        """0 is no limit, as in CuPy."""
        self.limit = size or float("inf")


pool = Pool()
