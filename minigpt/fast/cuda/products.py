"""Matrix products by cuBLASLt through ctypes: unlike CuPy's own they can be captured in a CUDA graph, take a precision and add a bias.

Names and numbers are those of cublasLt.h (CUDA 12 and 13). cuBLAS thinks in columns: a row-major a @ b is its b^T a^T, so that its A is
our b. Arrays are float32 at every precision, and sums too: it is what the inputs of a product are rounded to.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable
from ctypes import byref, c_float, c_int, c_int64, c_size_t, c_uint64, c_void_p
from typing import Any

from minigpt.backend import Array

COMPUTE = {"float32": 68, "bfloat16": 75, "tf32": 77}  # CUBLAS_COMPUTE_32F, and the same with _FAST_16BF or _FAST_TF32
TRANSA, TRANSB, EPILOGUE, BIAS = 3, 4, 7, 8  # attributes of a description
ADD_BIAS = 4  # an epilogue
MAX_WORKSPACE = 1  # attribute of a preference
WORKSPACE = 32 * 2**20  # bytes for each stream, NVIDIA's recommendation for Hopper
ARGUMENTS = {
    "cublasLtMatrixLayoutCreate": [c_void_p, c_int, c_uint64, c_uint64, c_int64],
    "cublasLtMatmulDescSetAttribute": [c_void_p, c_int, c_void_p, c_size_t],
    "cublasLtMatmulPreferenceSetAttribute": [c_void_p, c_int, c_void_p, c_size_t],
    "cublasLtMatmulAlgoGetHeuristic": [*[c_void_p] * 7, c_int, c_void_p, c_void_p],
    "cublasLtMatmul": [*[c_void_p] * 14, c_size_t, c_void_p],
}


class Heuristic(ctypes.Structure):
    """cublasLtMatmulHeuristicResult_t: an algorithm, and what cuBLASLt thinks of it."""

    _fields_ = (
        ("algo", c_uint64 * 8),
        ("workspace", c_size_t),
        ("state", c_int),
        ("waves", c_float),
        ("reserved", c_int * 4),
    )


class CUBLASError(RuntimeError):
    """A call that failed, named as CuPy's, so that the backend knows its statuses."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(f"{what} failed with cuBLAS status {status}")
        self.status = status


def check(status: int, what: str) -> None:
    if status:
        raise CUBLASError(status, what)


class Products:
    """A handle of cuBLASLt, a workspace for each stream, and the algorithm chosen for each kind of product."""

    def __init__(self, xp: Any, precision: str) -> None:
        find = importlib.import_module("cuda.pathfinder").load_nvidia_dynamic_lib  # CuPy depends on it
        self.xp, self.lib, self.compute = xp, ctypes.CDLL(find("cublasLt").abs_path), COMPUTE[precision]
        for name, types in ARGUMENTS.items():
            getattr(self.lib, name).argtypes = types
        self.handle, self.preference, size = c_void_p(), c_void_p(), c_size_t(WORKSPACE)
        check(self.lib.cublasLtCreate(byref(self.handle)), "cublasLtCreate")
        check(self.lib.cublasLtMatmulPreferenceCreate(byref(self.preference)), "preference")
        check(self.lib.cublasLtMatmulPreferenceSetAttribute(self.preference, MAX_WORKSPACE, byref(size), 8), "preference")
        self.algorithms: dict[Any, Heuristic] = {}
        self.workspaces: dict[int, Array] = {}
        self.one, self.zero = c_float(1), c_float(0)

    def workspace(self, stream: int) -> int:
        """Made at the first use of a stream, which must not be a capture."""
        if stream not in self.workspaces:
            self.workspaces[stream] = self.xp.empty(WORKSPACE, self.xp.uint8)
        address: int = self.workspaces[stream].data.ptr
        return address

    def layout(self, array: Array) -> c_void_p:
        """A row-major matrix as cuBLAS sees it: columns of length array.shape[1]."""
        made, (rows, columns) = c_void_p(), array.shape
        check(self.lib.cublasLtMatrixLayoutCreate(byref(made), 0, columns, rows, array.strides[0] // 4), "layout")
        return made

    def describe(self, ta: bool, tb: bool, bias: Array | None) -> c_void_p:
        made = c_void_p()
        check(self.lib.cublasLtMatmulDescCreate(byref(made), self.compute, 0), "description")
        values: dict[int, Any] = {TRANSA: c_int(tb), TRANSB: c_int(ta)}
        if bias is not None:
            values |= {EPILOGUE: c_int(ADD_BIAS), BIAS: c_void_p(bias.data.ptr)}
        for attribute, value in values.items():
            check(self.lib.cublasLtMatmulDescSetAttribute(made, attribute, byref(value), ctypes.sizeof(value)), "attribute")
        return made

    def choose(self, description: c_void_p, layouts: list[c_void_p]) -> Heuristic:
        """The algorithm that cuBLASLt thinks the fastest."""
        found, count = Heuristic(), c_int(0)
        given = (self.handle, description, *layouts, self.preference, 1, byref(found), byref(count))
        check(self.lib.cublasLtMatmulAlgoGetHeuristic(*given), "the choice of an algorithm")
        check(found.state if count.value else 15, "the choice of an algorithm")  # 15: not supported
        return found

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
        """A launch of out = op(a) op(b) (+ add) (+ bias), where op transposes if ta, tb say so."""
        description, arrays = self.describe(ta, tb, bias), (b, a, out if add is None else add, out)
        layouts = [self.layout(array) for array in arrays]
        beta, operands = self.zero if add is None else self.one, list[Any]()
        for array, layout in zip(arrays, layouts, strict=True):
            operands += [array.data.ptr, layout]
        operands.insert(4, byref(beta))  # after A and B
        key = tuple((array.shape, array.strides) for array in arrays), ta, tb, add is not None, add is out, bias is not None
        if key not in self.algorithms:
            self.algorithms[key] = self.choose(description, layouts)
        algorithm = self.algorithms[key].algo

        def launch() -> None:
            stream = self.xp.cuda.get_current_stream().ptr
            last = byref(algorithm), self.workspace(stream), WORKSPACE, stream
            check(self.lib.cublasLtMatmul(self.handle, description, byref(self.one), *operands, *last), f"product {key}")

        launch.arrays = (*arrays, bias)  # type: ignore[attr-defined]  # they live as long as the launch
        return launch
