"""Whether CuPy can compute here: an import, a kernel and a matrix product are tried, and every failure has its reason and remedy."""

from __future__ import annotations

import importlib
from typing import Any

from minigpt.backend import Backend, CupyBackend
from minigpt.errors import MinigptError, first_line
from minigpt.fast.choice import own_kernels
from minigpt.fast.install import cupy_remedy, driver_cuda

TENSOR_CORES = 8  # the compute capability from which they take TF32


def find(number: int | None) -> Backend:
    """The backend on GPU `number`, which becomes the calling thread's current one, or on the current one. MinigptError if it cannot
    compute."""
    cupy = import_cupy()
    try:
        if number is not None:
            take(cupy, number)
        ones = cupy.ones((8, 8), dtype=cupy.float32)
        kernel, product = cupy.exp(ones * 0), ones @ ones
        total = float(kernel.sum()) + float(product.sum())
    except MinigptError:
        raise
    # CuPy's driver, runtime, compiler, cuBLAS and memory errors have no common class.
    except Exception as error:
        remedy = "install or update the NVIDIA driver and the CUDA libraries that CuPy names"
        raise MinigptError(f"CuPy {cupy.__version__} cannot compute: {type(error).__name__}: {first_line(error)}; {remedy}") from error
    if total != 64 + 512:
        raise MinigptError(f"CuPy {cupy.__version__} computes wrongly: got {total}, wanted 576; check the GPU and its driver")
    device = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.runtime.getDevice())
    reason = f"CuPy {cupy.__version__} on {device['name'].decode(errors='replace')}: a kernel and a matrix product ran"
    name = f"cuda:{number}" if number else "cuda"
    if not own_kernels() or device.get("major", 0) < TENSOR_CORES:
        return CupyBackend(cupy, reason, name)
    made: Backend = importlib.import_module("minigpt.fast.cuda.choose").CudaBackend(cupy, reason, name)
    return made


def import_cupy() -> Any:
    """The module; MinigptError with reason and remedy."""
    try:
        return importlib.import_module("cupy")
    except ModuleNotFoundError as error:
        if error.name != "cupy":
            raise MinigptError(f"CuPy is installed but lacks {error.name}: install it again for your CUDA version") from error
        raise MinigptError(cupy_remedy(driver_cuda())) from error
    except (ImportError, OSError) as error:
        # CuPy frames the text of its own ImportError; the reason is in the cause.
        reason = first_line(error.__cause__ or error)
        raise MinigptError(f"CuPy does not import: {reason}; install it again for your CUDA version") from error


def take(cupy: Any, number: int) -> None:
    """Make GPU `number` the current one; MinigptError if there is none."""
    count = cupy.cuda.runtime.getDeviceCount()
    if number >= count:
        known = "cuda:0" if count == 1 else f"cuda:0 to cuda:{count - 1}"
        raise MinigptError(f"there is no cuda:{number}; use {known}")
    cupy.cuda.Device(number).use()
