"""The CUDA kernels on the CPU, for tests without a GPU: the same source compiled as C++ over cuda_emulate.h; products are NumPy's.

`Emulator` has what a program needs of device.Device, and counts what it is asked for. `Emulated` is the CUDA backend over it, with NumPy in
CuPy's place; what is allocated holds NaN until it is written.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from minigpt.backend import Backend
from minigpt.fast.cuda.choose import CudaBackend
from minigpt.fast.cuda.program import Program
from minigpt.fast.cuda.source import options, signatures, source

MISSING = "" if sys.platform == "linux" and shutil.which("g++") else "the emulator needs Linux and g++"


@lru_cache
def library(width: int, exact: bool) -> ctypes.CDLL:
    """The kernels for models of this width as functions `emulated_NAME(grid, block, bytes of shared memory, arguments)`."""
    parts = ['#include "cuda_emulate.h"', source()]
    for name, arguments in signatures().items():
        listed = ", ".join(f"{kind} {argument}" for kind, argument in arguments)
        fields = "".join(f"{kind} {argument}; " for kind, argument in arguments)
        passed = ", ".join(f"a->{argument}" for _, argument in arguments)
        given = ", ".join(argument for _, argument in arguments)
        parts.append(
            f"struct A_{name} {{ {fields}}};\n"
            f"static void call_{name}(void* p) {{ auto a = (A_{name}*)p; {name}({passed}); }}\n"
            f'extern "C" void emulated_{name}(unsigned gx, unsigned gy, unsigned gz,'
            f" unsigned bx, unsigned by, unsigned bz, size_t shared, {listed}) {{\n"
            f"A_{name} a = {{{given}}};\n"
            f"emu::run(call_{name}, &a, {{gx, gy, gz}}, {{bx, by, bz}}, shared); }}"
        )
    command = ["g++", "-O1", "-w", "-shared", "-fPIC", "-U_FORTIFY_SOURCE", f"-I{Path(__file__).parent}", *options(width, exact)]
    with tempfile.TemporaryDirectory(prefix="emulated") as folder:
        kept = Path(os.environ.get("EMULATED", folder))  # by a test that starts several processes
        text, made = Path(folder) / "all.cpp", kept / f"all-{width}-{exact}.so"
        if not made.exists():
            text.write_text("\n".join(parts), encoding="utf-8")
            subprocess.run([*command, "-o", str(made), str(text)], check=True)
        return ctypes.CDLL(str(made))


class Emulator:
    """Runs programs launch by launch. `launches`, `uploads` and `waits` count."""

    def __init__(self, width: int, exact: bool) -> None:
        self.library, self.signatures = library(width, exact), signatures()
        self.launches = self.uploads = self.waits = 0

    def kernel(self, name: str, grid: tuple[int, ...], block: tuple[int, ...], *given: Any, shared: int = 0) -> Callable[[], None]:
        dims = [*grid, *[1] * (3 - len(grid)), *block, *[1] * (3 - len(block))]
        arguments: list[Any] = [ctypes.c_uint(d) for d in dims] + [ctypes.c_size_t(shared)]
        for (kind, argument), value in zip(self.signatures[name], given, strict=True):
            if "*" in kind:
                wanted = np.float32 if "float" in kind else np.int32
                if value is not None and (value.dtype != wanted or not value.flags.c_contiguous):
                    raise TypeError(f"{name}: {argument} is {value.dtype}, {value.flags}")
                if value is not None and wanted == np.float32 and value.size >= 4 and value.ctypes.data % 16:
                    raise ValueError(f"{name}: {argument} cannot be read in fours")
                arguments.append(ctypes.c_void_p(0 if value is None else value.ctypes.data))
            else:
                arguments.append((ctypes.c_float if kind == "float" else ctypes.c_int)(value))
        function = getattr(self.library, f"emulated_{name}")

        def launch() -> None:
            self.launches += 1
            function(*arguments)

        launch.arrays = given  # type: ignore[attr-defined]  # they live as long as the launch
        return launch

    def product(
        self,
        a: np.ndarray,
        b: np.ndarray,
        out: np.ndarray,
        ta: bool = False,
        tb: bool = False,
        add: np.ndarray | None = None,
        bias: np.ndarray | None = None,
    ) -> Callable[[], None]:
        def launch() -> None:
            self.launches += 1
            x = (a.T if ta else a) @ (b.T if tb else b)
            for more in (add, bias):
                x = x if more is None else x + more
            out[...] = x

        return launch

    def upload(self, host: np.ndarray, to: np.ndarray) -> None:
        self.uploads += 1
        to[...] = host

    def read(self, array: np.ndarray) -> np.ndarray:
        self.wait()
        return array.copy()

    def wait(self) -> None:
        self.waits += 1

    def run(self, program: Program) -> None:
        for _, launch, _ in program.ops:
            if launch:
                launch()


class Poisoned:
    """NumPy in CuPy's place."""

    float32, int32, nan = np.float32, np.int32, np.nan

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, shape: Any, dtype: Any = np.float32) -> np.ndarray:
        array = aligned(shape, dtype)
        array.view(np.uint8)[...] = 0xFF  # NaN, or -1
        return array

    def zeros(self, shape: Any, dtype: Any = np.float32) -> np.ndarray:
        array = aligned(shape, dtype)
        array[...] = 0
        return array

    def zeros_like(self, array: np.ndarray) -> np.ndarray:
        return self.zeros(array.shape, array.dtype)

    def full(self, shape: Any, value: float, dtype: Any = np.float32) -> np.ndarray:
        array = aligned(shape, dtype)
        array[...] = value
        return array

    def asarray(self, host: np.ndarray, dtype: Any = None) -> np.ndarray:
        host = np.asarray(host, dtype)
        array = aligned(host.shape, host.dtype)
        array[...] = host
        return array

    def asnumpy(self, array: np.ndarray) -> np.ndarray:
        return array.copy()

    def get_default_memory_pool(self) -> Any:
        return self

    def free_all_blocks(self) -> None:
        """Nothing is kept."""


def aligned(shape: Any, dtype: Any) -> np.ndarray:
    """At addresses that are multiples of 256, as the GPU's memory pool gives them."""
    shape = shape if isinstance(shape, tuple) else (shape,)
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.empty(size + 256, np.uint8)
    start = -raw.ctypes.data % 256
    return raw[start : start + size].view(dtype).reshape(shape)


class Emulated(CudaBackend):
    """The CUDA backend over the emulator. `devices` are those made, the latest last."""

    def __init__(self) -> None:
        super().__init__(Poisoned(), "emulated")
        self.devices: list[Emulator] = []

    generators, dropout_mask = Backend.generators, Backend.dropout_mask  # the plain Trainer draws with NumPy

    def device(self, width: int, precision: str) -> Emulator:
        self.devices.append(Emulator(width, precision == "float32"))
        return self.devices[-1]
