"""Python, NumPy, BLAS, numba and the GPU: each is made to compute."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import sys
from contextlib import suppress

import numpy as np
from threadpoolctl import threadpool_info

from minigpt.disk.foreign import plain
from minigpt.errors import MinigptError, counted
from minigpt.fast.choice import choose_kernels, own_kernels
from minigpt.fast.cuda.probe import find
from minigpt.fast.install import CUPY, DRIVERS, cupy_remedy, driver_cuda, to_install
from minigpt.machine import usable_cores
from minigpt.run.checkup.finding import FAULT, NOTE, Finding, within
from minigpt.run.provenance import blas, processor
from minigpt.run.room import gigabytes

GPU_SECONDS = 90.0  # for a kernel, which CUDA compiles first


def python() -> Finding:
    text = f"{platform.python_version()} ({sys.executable or 'unknown place'})"
    if sys.maxsize < 2**32:
        return Finding("Python", f"{text}, 32-bit: at most 4 GB of memory", FAULT, "install a 64-bit Python")
    return Finding("Python", text)


def numpy() -> Finding:
    """Whether NumPy computes what it should."""
    a = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    if (a @ a.T).tolist() != [[5, 14], [14, 50]]:
        return Finding("NumPy", f"{np.__version__} computes wrongly", FAULT, to_install("numpy", again=True))
    return Finding("NumPy", np.__version__)


def products() -> Finding:
    """The BLAS behind NumPy, and its threads."""
    threads = max([library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"], default=1)
    cores, whole = usable_cores(), os.cpu_count() or 1
    of = counted(cores, "core") if cores == whole else f"{cores} of {whole} cores, as its container or affinity allows"
    text = f"{blas()}, {counted(threads, 'thread')} on {of}"
    if "unknown" in blas():
        return Finding("BLAS", text, NOTE, f"{to_install('numpy', again=True)} brings a fast one")
    return Finding("BLAS", text)


def numba() -> Finding:
    """Whether the compiled layers are taken."""
    if not own_kernels():
        return Finding("numba", "not used: MINIGPT_KERNELS=numpy", NOTE, "unset MINIGPT_KERNELS")
    if importlib.util.find_spec("numba") is None:
        return Finding("numba", "not installed; training on the CPU is slower without it", NOTE, to_install("numba"))
    backend = choose_kernels()
    if not backend.faster:
        return Finding("numba", backend.reason, FAULT, f"{to_install('numba', again=True)}, or set MINIGPT_KERNELS=numpy")
    return Finding("numba", f"{backend.kernels.removeprefix('numba ')}: {counted(len(backend.faster), 'layer')} compiled and compared")


def gpu() -> Finding:
    """Whether CuPy computes on the GPU: a kernel and a matrix product are run."""
    try:
        backend = find(None)
        free, whole = backend.xp.cuda.runtime.memGetInfo()
        return Finding("GPU", f"{backend.reason}; {gigabytes(free)} of {gigabytes(whole)} free")
    except MinigptError as error:
        if (driver := driver_cuda()) is None or not gpu_count():
            return Finding("GPU", "no NVIDIA GPU found; minigpt computes on the CPU")
        cuda = f"CUDA {driver // 1000}.{driver % 1000 // 10}"
        if importlib.util.find_spec("cupy") is None:
            return Finding("GPU", f"an NVIDIA GPU whose driver knows {cuda}, not used yet", FAULT, cupy_remedy(driver))
        package = CUPY[min(max(CUPY), max(min(CUPY), driver // 1000))]
        return Finding("GPU", plain(error, 300), FAULT, f"{to_install(package, again=True)}, or use --device cpu")


def gpu_count() -> int:
    """The GPUs that the NVIDIA driver sees; 0 without a driver."""
    for name in DRIVERS:
        with suppress(OSError, AttributeError):  # no such library; not the driver's
            library, count = ctypes.CDLL(name), ctypes.c_int()
            if library.cuInit(0) == 0 and library.cuDeviceGetCount(ctypes.byref(count)) == 0:
                return count.value
    return 0


def device_line() -> str:
    """What `--device auto` would take, without compiling anything."""
    try:
        return str(within(GPU_SECONDS, lambda: find(None)).reason)
    # Whatever is wrong with CuPy, the CPU will do.
    except Exception:
        return f"CPU: {processor()}, {counted(usable_cores(), 'core')}"
