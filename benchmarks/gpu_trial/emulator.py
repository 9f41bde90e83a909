"""The kernels on the CPU: the same source compiled as C++ over kernels/emulate.h, for tests without
a GPU. It has the methods of gpu.Device; its products are NumPy's."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .sources import FOLDER, options, signatures, source


class Emulator:
    """A device made of NumPy arrays and the emulated kernels."""

    name = "emulator"

    def __init__(self, width: int, exact: bool) -> None:
        self.exact, self.launches = exact, 0
        self.signatures = signatures()
        with tempfile.TemporaryDirectory(prefix="emulated") as folder:
            self.library = ctypes.CDLL(str(self._compile(width, Path(folder))))

    def _compile(self, width: int, folder: Path) -> Path:
        parts = ['#include "emulate.h"', source()]
        for name, arguments in self.signatures.items():
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
        (folder / "all.cpp").write_text("\n".join(parts))
        command = ["g++", "-O1", "-w", "-shared", "-fPIC", "-U_FORTIFY_SOURCE", f"-I{FOLDER}"]
        command += [*options(width, self.exact), "-o", str(folder / "all.so")]
        subprocess.run([*command, str(folder / "all.cpp")], check=True)
        return folder / "all.so"

    def empty(self, shape: Any, dtype: Any = np.float32) -> np.ndarray:
        array = np.empty(shape, dtype)
        array.view(np.uint8)[...] = 0xFF  # NaN, or -1
        return array

    def upload(self, host: np.ndarray) -> np.ndarray:
        return np.array(host)

    def host(self, array: np.ndarray) -> np.ndarray:
        return np.array(array)

    def kernel(
        self, name: str, grid: tuple[int, ...], block: tuple[int, ...], *given: Any, shared: int = 0
    ) -> Callable[[], None]:
        """A launch, to be made any number of times."""
        dims = [*grid, *[1] * (3 - len(grid)), *block, *[1] * (3 - len(block))]
        arguments: list[Any] = [ctypes.c_uint(d) for d in dims] + [ctypes.c_size_t(shared)]
        for (kind, argument), value in zip(self.signatures[name], given, strict=True):
            if "*" in kind:
                if value is not None and "float" in kind and value.dtype not in (np.float32,):
                    raise TypeError(f"{name}: {argument} is {value.dtype}")
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
        """out = op(a) op(b) (+ add) (+ bias)."""

        def run() -> None:
            self.launches += 1
            x = (a.T if ta else a) @ (b.T if tb else b)
            for more in (add, bias):
                x = x if more is None else x + more
            out[...] = x

        return run
