"""Matrix products by cuBLASLt through ctypes: unlike CuPy's own they can be captured in a CUDA graph, take a
compute type, and fuse a bias, GELU or a bias gradient.

Names and numbers are those of cublasLt.h (CUDA 12 and 13). cuBLAS thinks in columns: a row-major a @ b is its
b^T a^T, so that its A is our b.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import byref, c_float, c_int, c_int64, c_size_t, c_uint64, c_void_p
from typing import Any

import cupy
from cuda.pathfinder import load_nvidia_dynamic_lib

Array = Any
COMPUTE = {"float32": 68, "tf32": 77, "bfloat16": 75}  # CUBLAS_COMPUTE_32F, _FAST_TF32, _FAST_16BF
EPILOGUES = {"": 1, "bias": 4, "gelu": 164, "gelu_back": 192, "bias_gradient": 256}
TRANSA, TRANSB, EPILOGUE, VECTOR, AUX, AUX_LD = 3, 4, 7, 8, 11, 12  # attributes of a description
MAX_WORKSPACE = 1  # attribute of a preference
WORKSPACE = 32 * 2**20  # bytes for each stream, NVIDIA's recommendation for Hopper
MOST = 16  # candidates that are asked for


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
        self.lib.cublasLtMatrixLayoutCreate.argtypes = [
            c_void_p,
            c_int,
            c_uint64,
            c_uint64,
            c_int64,
        ]
        self.lib.cublasLtMatmulDescSetAttribute.argtypes = [c_void_p, c_int, c_void_p, c_size_t]
        self.lib.cublasLtMatmulPreferenceSetAttribute.argtypes = [
            c_void_p,
            c_int,
            c_void_p,
            c_size_t,
        ]
        self.lib.cublasLtMatmulAlgoGetHeuristic.argtypes = [c_void_p] * 7 + [
            c_int,
            c_void_p,
            c_void_p,
        ]
        self.lib.cublasLtMatmul.argtypes = [c_void_p] * 14 + [c_size_t, c_void_p]
        self.handle, self.compute, self.tune = c_void_p(), COMPUTE[precision], tune
        check(self.lib.cublasLtCreate(byref(self.handle)), "cublasLtCreate")
        self.preference = c_void_p()
        check(self.lib.cublasLtMatmulPreferenceCreate(byref(self.preference)), "preference")
        size = c_size_t(WORKSPACE)
        set_preference = self.lib.cublasLtMatmulPreferenceSetAttribute
        check(set_preference(self.preference, MAX_WORKSPACE, byref(size), 8), "preference")
        self.algorithms: dict[tuple, Heuristic | None] = {}
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

    def describe(
        self, ta: bool, tb: bool, epilogue: str, vector: Array | None, aux: Array | None
    ) -> c_void_p:
        made = c_void_p()
        check(self.lib.cublasLtMatmulDescCreate(byref(made), self.compute, 0), "description")
        values: dict[int, Any] = {TRANSA: c_int(tb), TRANSB: c_int(ta)}
        values[EPILOGUE] = c_int(EPILOGUES[epilogue])
        if vector is not None:
            values[VECTOR] = c_void_p(vector.data.ptr)
        if aux is not None:
            values |= {AUX: c_void_p(aux.data.ptr), AUX_LD: c_int64(aux.strides[0] // 4)}
        for attribute, value in values.items():
            set_attribute = self.lib.cublasLtMatmulDescSetAttribute
            check(set_attribute(made, attribute, byref(value), ctypes.sizeof(value)), "attribute")
        return made

    def candidates(
        self, description: c_void_p, layouts: list[c_void_p], most: int
    ) -> list[Heuristic]:
        found, count = (Heuristic * most)(), c_int(0)
        a, b, c, d = layouts
        status = self.lib.cublasLtMatmulAlgoGetHeuristic(
            self.handle, description, a, b, c, d, self.preference, most, found, byref(count)
        )
        return [] if status else [h for h in found[: count.value] if h.state == 0]

    def product(
        self,
        a: Array,
        b: Array,
        out: Array,
        ta: bool = False,
        tb: bool = False,
        add: Array | None = None,
        epilogue: str = "",
        vector: Array | None = None,
        aux: Array | None = None,
    ) -> Callable[[], None] | None:
        """out = op(a) op(b) (+ add), and an epilogue; None where cuBLASLt has no such thing."""
        description = self.describe(ta, tb, epilogue, vector, aux)
        source = out if add is None else add
        arrays = (b, a, source, out)
        layouts = [self.layout(array) for array in arrays]
        shapes = tuple((array.shape, array.strides) for array in arrays)
        key = (*shapes, ta, tb, add is not None, source is out, epilogue)
        beta = self.zero if add is None else self.one
        pointers = [array.data.ptr for array in arrays]

        def call(chosen: Heuristic) -> int:
            stream = cupy.cuda.get_current_stream().ptr
            x, y, z, w = pointers
            return self.lib.cublasLtMatmul(
                self.handle, description, byref(self.one), x, layouts[0], y, layouts[1], byref(beta), z,
                layouts[2], w, layouts[3], byref(chosen.algo), self.workspace(stream), WORKSPACE, stream,
            )  # fmt: skip

        if key not in self.algorithms:
            found = self.candidates(description, layouts, MOST if self.tune else 1)
            self.algorithms[key] = (
                self.fastest(found, call, key) if self.tune else next(iter(found), None)
            )
        chosen = self.algorithms[key]
        if chosen is None:
            return None

        def launch() -> None:
            check(call(chosen), f"product {key}")

        launch.arrays = (*arrays, vector, aux)  # type: ignore[attr-defined]  # live as long as the launch
        return launch

    def fastest(
        self, found: list[Heuristic], call: Callable[[Heuristic], int], key: tuple
    ) -> Heuristic | None:
        """The fastest of the candidates, by the best of 3 rounds of 8 calls each."""
        times: list[tuple[float, int]] = []
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        for i, candidate in enumerate(found):
            if call(candidate):
                continue
            best = float("inf")
            for _ in range(3):
                begin.record()
                for _ in range(8):
                    call(candidate)
                end.record()
                end.synchronize()
                best = min(best, cupy.cuda.get_elapsed_time(begin, end) / 8)
            times.append((best, i))
        if not times:
            return None
        first = next((t for t, i in times if i == 0), float("nan"))
        self.report.append({"product": str(key), "first_ms": first, "best_ms": min(times)[0]})
        return found[min(times)[1]]
