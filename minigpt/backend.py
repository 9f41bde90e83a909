"""The array module, chosen once: NumPy on the CPU or CuPy on CUDA, with the reason for the choice.

Everything that NumPy and CuPy share is written `xp.` where it is used. The few things that differ
are methods here: NumPy's version is the specification, CuPy's may only be faster.
"""

from __future__ import annotations

import gc
import importlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from minigpt.config import PRECISIONS
from minigpt.errors import MinigptError, counted
from minigpt.threads import Turns

Array = Any  # a numpy.ndarray or a cupy.ndarray, whichever the backend makes

# A chain of elementwise steps runs over pieces of this size, which fit in a common L2 cache.
# Smaller pieces mean more calls, and at each call threads wait for each other.
CACHE_BYTES = 2**20


# The statuses with which CUDA's libraries report that memory ran out, by the error's class. cuBLAS
# cannot even start (status 1) without memory for its workspace.
OUT_OF_MEMORY = {"CUDARuntimeError": (2,), "CUDADriverError": (2,), "CUBLASError": (1, 3)}


class Backend:
    """NumPy on the CPU."""

    name = "cpu"
    xp: Any = np
    cache_bytes = CACHE_BYTES
    tile = 64  # queries and keys per tile of attention: only diagonal tiles compute masked scores
    most_workers = 2**20  # threads that may compute side by side: no limit
    plans_memory = True  # a batch is split in advance, to fit into the machine's free memory
    enter: Callable[[], Any] | None = None  # what a thread has to do first
    kernels = "NumPy alone"  # what computes between the matrix products, with its version

    def __init__(self, reason: str, faster: Mapping[Any, Any] | None = None) -> None:
        self.reason = reason
        self.faster = faster or {}  # a class or function -> a faster one

    def processor(self, threads: int) -> str:
        """What computes, in words."""
        return counted(threads, "core")

    def fast(self, part: Any) -> Any:
        """A class or function, or a faster one with the same results, where there is one."""
        return self.faster.get(part, part)

    def settle_precision(self, wanted: str | None) -> str:
        """To what training rounds the inputs of matrix products: `wanted`, one of PRECISIONS, or
        for None the default; MinigptError if it cannot."""
        if wanted not in (None, *PRECISIONS):
            raise MinigptError(f"unknown precision {wanted!r}; use {', '.join(PRECISIONS)}")
        if wanted not in (None, "float32"):
            raise MinigptError(
                f"precision {wanted} needs an NVIDIA GPU of 2020 or later; use float32"
            )
        return "float32"

    def asarray(self, host: np.ndarray, dtype: Any = None) -> Array:
        """A host array as an array of this backend; copied only where it must be."""
        return np.asarray(host, dtype=dtype)

    def to_host(self, array: Array) -> np.ndarray:
        """An array of this backend as a host array; a copy only where it lies elsewhere."""
        return np.asarray(array)

    def release(self) -> None:
        """Free arrays that are no longer used, including those held by the frames of a caught
        error in a reference cycle."""
        gc.collect()

    def out_of_memory(self, error: BaseException) -> bool:
        """Whether an error says that memory ran out."""
        return isinstance(error, MemoryError)

    def pieces(self, x: Array, arrays: int = 1) -> tuple[slice, ...]:
        """Slices of x's rows, so small that the same rows of so many arrays of x's shape fit in
        the processor's cache together."""
        row_bytes = arrays * math.prod(x.shape[1:]) * x.itemsize
        return cut(x.shape[0], max(1, self.cache_bytes // row_bytes))

    def add_rows(self, target: Array, ids: Array, rows: Array) -> None:
        """target[ids[n]] += rows[n] for every n, also where ids repeat."""
        # Four times as fast as np.add.at, for rows of a network's width.
        for i, row in zip(ids.tolist(), rows, strict=True):
            target[i] += row

    def generators(self, seeds: Sequence[tuple[int, ...]]) -> list[Any]:
        """A random generator for each sequence of a batch, from integers that are its own."""
        return [np.random.Generator(np.random.SFC64(seed)) for seed in seeds]

    def dropout_mask(self, generators: list[Any], keep: float, out: Array) -> None:
        """Fill a contiguous `out` with 1 / keep, where kept, or 0. Its B equal parts belong to the
        sequences, each of which draws from its own generator.

        `keep` is rounded to a multiple of 1/65536.
        """
        threshold = max(1, round(keep * 65536))
        for generator, mask in zip(generators, out.reshape(len(generators), -1), strict=True):
            # 16 bits decide: four decisions a draw of the generator.
            bits = generator.integers(
                2**64 - 1, size=-(-mask.size // 4), dtype=np.uint64, endpoint=True
            ).view(np.uint16)
            np.less_equal(bits[: mask.size], np.uint16(threshold - 1), out=mask)
        out *= 65536 / threshold


class CupyBackend(Backend):
    """CuPy on a CUDA device. `xp` is the cupy module, or a strict stand-in in the tests."""

    name = "cuda"
    most_workers = 1
    plans_memory = False  # a batch is split once the GPU is out of memory
    kernels = "CuPy's"
    tile = 512  # a whole window of GPT-1: launches cost more than the masked half

    def __init__(self, xp: Any, reason: str, name: str = "cuda") -> None:
        super().__init__(reason)
        self.xp, self.name = xp, name
        if ":" in name:  # every thread begins with the first GPU
            self.enter = xp.cuda.Device(int(name[5:])).use

    def processor(self, threads: int) -> str:
        return "the GPU"

    def asarray(self, host: np.ndarray, dtype: Any = None) -> Array:
        return self.xp.asarray(host, dtype=dtype)

    def to_host(self, array: Array) -> np.ndarray:
        return np.asarray(self.xp.asnumpy(array))

    def release(self) -> None:
        super().release()
        self.xp.get_default_memory_pool().free_all_blocks()

    def out_of_memory(self, error: BaseException) -> bool:
        """CuPy's pool raises a MemoryError. CUDA's libraries allocate outside it; their errors are
        RuntimeErrors with a status."""
        return super().out_of_memory(error) or getattr(error, "status", None) in OUT_OF_MEMORY.get(
            type(error).__name__, ()
        )

    def pieces(self, x: Array, arrays: int = 1) -> tuple[slice, ...]:
        """One piece: a kernel launch costs more on a GPU than a trip to its memory saves."""
        return (slice(0, x.shape[0]),)

    def add_rows(self, target: Array, ids: Array, rows: Array) -> None:
        self.xp.add.at(target, ids, rows)

    def generators(self, seeds: Sequence[tuple[int, ...]]) -> list[Any]:
        """One for the whole batch, on the device: its draws differ from the CPU's, their
        distribution does not."""
        seed = int(np.random.SeedSequence(seeds[0]).generate_state(1, np.uint64)[0])
        # Philox is counter-based: cheap to start, unlike CuPy's default.
        return [self.xp.random.Generator(self.xp.random.Philox4x3210(seed))]

    def dropout_mask(self, generators: list[Any], keep: float, out: Array) -> None:
        """The same without the rounding."""
        self.xp.less(generators[0].random(out.shape, dtype=out.dtype), keep, out=out)
        out *= 1 / keep


@lru_cache(maxsize=256)
def cut(rows: int, step: int) -> tuple[slice, ...]:
    """Slices of `step` rows each; the last takes what is left."""
    return tuple(slice(start, min(start + step, rows)) for start in range(0, rows, step))


class Workspace:
    """What the layers of one model share: its buffers, and the randomness of dropout.

    `generators` has one for each sequence of the batch, so that a sequence drops the same units
    whichever worker computes it; None turns dropout off. One computation at a time may use the
    buffers: `turns` sees to it (threads.py).
    """

    def __init__(self, backend: Backend, dtype: type = np.float32) -> None:
        self.backend, self.dtype, self.turns = backend, dtype, Turns()
        self.generators: list[Any] | None = None
        self._blocks: dict[tuple[str, str], Array] = {}

    def take(self, owner: str, role: str, *shape: int) -> Array:
        """An array of undefined contents; the same memory at every call with this owner and role.

        Memory is allocated at the first call, and again only to grow.
        """
        size = math.prod(shape)
        block = self._blocks.get((owner, role))
        if block is None or block.size < size:
            block = self.backend.xp.empty(size, dtype=self.dtype)
            self._blocks[owner, role] = block
        return block[:size].reshape(shape)

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        return sum(block.nbytes for block in self._blocks.values())


def choose_backend(device: str = "auto", brief: bool = False) -> Backend:
    """The backend for `--device auto|cpu|cuda|cuda:N`; its `reason` says in a line what was taken
    and why. `cuda:N` makes GPU N the current one of the calling thread. On the CPU, `brief` work
    is done by NumPy alone: it would be over before the compiled layers are ready.

    CuPy is taken only if a kernel and a matrix product really ran: it can be imported on machines
    where neither does.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,4})?", device):
        raise MinigptError(f"unknown device {device!r}; use auto, cpu, cuda or cuda:N")
    no_gpu = ""
    if device != "cpu":
        number = int(device[5:]) if ":" in device else None
        try:
            found: Backend = _fast("cuda.probe").find(number)
            return found
        except MinigptError as error:
            if device != "auto":
                raise MinigptError(f"no usable GPU: {error}") from error
            no_gpu = f" ({error})"
    backend: Backend = _fast("choice").choose_kernels(brief)
    backend.reason += no_gpu
    return backend


def _fast(name: str) -> Any:
    """A module of fast/. By name: they import this one, and the lecture does without them."""
    return importlib.import_module(f"minigpt.fast.{name}")
