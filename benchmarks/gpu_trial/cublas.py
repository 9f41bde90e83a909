"""Matrix products by cuBLASLt through ctypes: unlike CuPy's own they can be captured in a CUDA
graph, take a compute type, add a bias, and let the algorithm be chosen.

Names and numbers are those of cublasLt.h (CUDA 12 and 13). cuBLAS thinks in columns: a row-major
a @ b is its b^T a^T, so that its A is our b.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import byref, c_float, c_int, c_int64, c_size_t, c_uint64, c_void_p
from typing import Any

import cupy
from cuda.pathfinder import load_nvidia_dynamic_lib

Array = Any
COMPUTE = {"float32": 68, "tf32": 77}  # CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_FAST_TF32
TRANSA, TRANSB, EPILOGUE, BIAS = 3, 4, 7, 8  # attributes of a description
ADD_BIAS = 4  # an epilogue
MAX_WORKSPACE = 1  # attribute of a preference
WORKSPACE = 32 * 2**20  # bytes for each stream, NVIDIA's recommendation for Hopper
MOST = 48  # candidates that are asked for and measured
ARGUMENTS = {
    "cublasLtMatrixLayoutCreate": [c_void_p, c_int, c_uint64, c_uint64, c_int64],
    "cublasLtMatmulDescSetAttribute": [c_void_p, c_int, c_void_p, c_size_t],
    "cublasLtMatmulPreferenceSetAttribute": [c_void_p, c_int, c_void_p, c_size_t],
    "cublasLtMatmulAlgoGetHeuristic": [*[c_void_p] * 7, c_int, c_void_p, c_void_p],
    "cublasLtMatmul": [*[c_void_p] * 14, c_size_t, c_void_p],
}


class Heuristic(ctypes.Structure):
    """cublasLtMatmulHeuristicResult_t."""

    _fields_ = (
        ("algo", c_uint64 * 8),
        ("workspace", c_size_t),
        ("state", c_int),
        ("waves", c_float),
        ("reserved", c_int * 4),
    )


def check(status: int, what: str) -> None:
    if status:
        raise RuntimeError(f"{what} failed with cuBLAS status {status}")


class CublasLt:
    """A handle, a workspace for each stream, and the algorithm chosen for each kind of product."""

    def __init__(self, precision: str = "tf32", tune: bool = False) -> None:
        self.lib = ctypes.CDLL(load_nvidia_dynamic_lib("cublasLt").abs_path)
        for name, types in ARGUMENTS.items():
            getattr(self.lib, name).argtypes = types
        self.handle, self.compute, self.tune = c_void_p(), COMPUTE[precision], tune
        check(self.lib.cublasLtCreate(byref(self.handle)), "cublasLtCreate")
        self.preference = c_void_p()
        check(self.lib.cublasLtMatmulPreferenceCreate(byref(self.preference)), "preference")
        size = c_size_t(WORKSPACE)
        set_preference = self.lib.cublasLtMatmulPreferenceSetAttribute
        check(set_preference(self.preference, MAX_WORKSPACE, byref(size), 8), "preference")
        self.algorithms: dict[tuple, Heuristic] = {}
        self.report: list[dict[str, Any]] = []  # what tuning found
        self.workspaces: dict[int, Array] = {}
        self.one, self.zero = c_float(1), c_float(0)

    def workspace(self, stream: int) -> int:
        """Made at the first use of a stream, which must not be a capture."""
        if stream not in self.workspaces:
            self.workspaces[stream] = cupy.empty(WORKSPACE, cupy.uint8)
        return self.workspaces[stream].data.ptr

    def layout(self, array: Array) -> c_void_p:
        """A row-major matrix as cuBLAS sees it: columns of length array.shape[1]."""
        made = c_void_p()
        rows, columns = array.shape
        create = self.lib.cublasLtMatrixLayoutCreate
        check(create(byref(made), 0, columns, rows, array.strides[0] // 4), "layout")
        return made

    def describe(self, ta: bool, tb: bool, bias: Array | None) -> c_void_p:
        made = c_void_p()
        check(self.lib.cublasLtMatmulDescCreate(byref(made), self.compute, 0), "description")
        values: dict[int, Any] = {TRANSA: c_int(tb), TRANSB: c_int(ta)}
        if bias is not None:
            values |= {EPILOGUE: c_int(ADD_BIAS), BIAS: c_void_p(bias.data.ptr)}
        for attribute, value in values.items():
            set_attribute = self.lib.cublasLtMatmulDescSetAttribute
            check(set_attribute(made, attribute, byref(value), ctypes.sizeof(value)), "attribute")
        return made

    def candidates(
        self, description: c_void_p, layouts: list[c_void_p], most: int
    ) -> list[Heuristic]:
        """Algorithms for a product, the one that cuBLASLt thinks the fastest first."""
        found, count = (Heuristic * most)(), c_int(0)
        status = self.lib.cublasLtMatmulAlgoGetHeuristic(
            self.handle, description, *layouts, self.preference, most, found, byref(count)
        )
        usable = [] if status else [h for h in found[: count.value] if h.state == 0]
        if not usable:
            raise RuntimeError(f"cuBLASLt has no algorithm (status {status})")
        return usable

    def product(
        self,
        a: Array,
        b: Array,
        out: Array,
        ta: bool = False,
        tb: bool = False,
        add: Array | None = None,
        bias: Array | None = None,
    ) -> Callable[[], None]:
        """A launch of out = op(a) op(b) (+ add) (+ bias)."""
        description = self.describe(ta, tb, bias)
        arrays = (b, a, out if add is None else add, out)
        layouts = [self.layout(array) for array in arrays]
        shapes = tuple((array.shape, array.strides) for array in arrays)
        key = (*shapes, ta, tb, add is not None, arrays[2] is out, bias is not None)
        beta = self.zero if add is None else self.one
        operands: list[Any] = []
        for array, layout in zip(arrays, layouts, strict=True):
            operands += [array.data.ptr, layout]
        operands.insert(4, byref(beta))  # after A and B

        def call(chosen: Heuristic) -> int:
            stream = cupy.cuda.get_current_stream().ptr
            last = (byref(chosen.algo), self.workspace(stream), WORKSPACE, stream)
            return self.lib.cublasLtMatmul(
                self.handle, description, byref(self.one), *operands, *last
            )

        if key not in self.algorithms:
            found = self.candidates(description, layouts, MOST if self.tune else 1)
            self.algorithms[key] = self.fastest(found, call, key) if self.tune else found[0]
        chosen = self.algorithms[key]

        def launch() -> None:
            check(call(chosen), f"product {key}")

        launch.arrays = (*arrays, bias)  # type: ignore[attr-defined]  # live as long as the launch
        return launch

    def fastest(
        self, found: list[Heuristic], call: Callable[[Heuristic], int], key: tuple
    ) -> Heuristic:
        """The fastest of the candidates, by the best of 3 rounds of 4 calls each."""
        times: list[tuple[float, int]] = []
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        for i, candidate in enumerate(found):
            if call(candidate):
                continue
            best = float("inf")
            for _ in range(3):
                begin.record()
                for _ in range(4):
                    call(candidate)
                end.record()
                end.synchronize()
                best = min(best, cupy.cuda.get_elapsed_time(begin, end) / 4)
            times.append((best, i))
        best, place = min(times)
        first = next((t for t, i in times if i == 0), float("nan"))
        (m, n), (rows, columns), ta, tb = key[3][0], key[1][0], *key[4:6]
        self.report.append(
            {
                "m, n, k": [m, n, rows if ta else columns],
                "transposed": [ta, tb],
                "of": len(found),
                "chosen": place,
                "first us": round(1000 * first, 2),
                "best us": round(1000 * best, 2),
            }
        )
        return found[place]
