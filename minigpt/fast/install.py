"""A package that is missing -> the command that adds it to the Python that runs minigpt: pip's, pipx's or uv's.

On the Python package index, minigpt is another program, and ours is `DISTRIBUTION`. What makes it faster is named by its own name, which is
right wherever minigpt came from.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from minigpt.errors import as_argument

DISTRIBUTION = "minigpt-scratch"
BASE_DISTRIBUTION = "minigpt-scratch-base"  # the model that trainings start from
DRIVERS = ("libcuda.so.1", "nvcuda.dll")  # NVIDIA's, under Linux and Windows
CUPY = {12: "cupy-cuda12x[ctk]", 13: "cupy-cuda13x[ctk]"}  # ctk: cuBLAS, NVRTC and the other libraries of CUDA


def to_install(package: str, again: bool = False) -> str:
    """The command line that installs a package, or a folder of one, beside minigpt; `again`: also where it is already."""
    shown = f'"{package}"' if "[" in package else quoted(package)
    if getattr(sys, "frozen", False):
        return "the one-file program cannot take it up; a minigpt that pip installed can"
    prefix = Path(sys.prefix)
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx inject {'--force ' if again else ''}{quoted(prefix.name)} {shown}"
    if importlib.util.find_spec("pip") is None:  # as uv leaves it
        return f"uv pip install {'--reinstall ' if again else ''}--python {quoted(nearby(sys.executable))} {shown}"
    found = shutil.which("pip")
    ours = found is not None and Path(found).parent == Path(sys.executable).parent
    pip = "pip" if ours else f"{quoted(nearby(sys.executable))} -m pip"
    return f"{pip} install {'--force-reinstall ' if again else ''}{shown}"


def from_index() -> bool:
    """Whether minigpt was installed from a package index, and not from a folder or file."""
    try:
        return distribution(DISTRIBUTION).read_text("direct_url.json") is None
    except PackageNotFoundError:
        return False


def cupy_remedy(driver: int | None) -> str:
    """What to do for a GPU where CuPy is missing, given the newest CUDA of the driver, such as 12080 for 12.8; None: no driver."""
    if driver is None:
        return "no NVIDIA driver is installed"
    if (major := driver // 1000) < min(CUPY):
        return f"the NVIDIA driver stops at CUDA {major}.{driver % 1000 // 10}: update it, since CuPy needs {min(CUPY)}"
    return f"CuPy is not installed: {to_install(CUPY[min(major, max(CUPY))])}"


def driver_cuda(names: tuple[str, ...] = DRIVERS) -> int | None:
    """The newest CUDA that the NVIDIA driver can run, times 1000; None without a driver. Starts nothing on the GPU."""
    for name in names:
        try:
            library, version = ctypes.CDLL(name), ctypes.c_int()
            if library.cuDriverGetVersion(ctypes.byref(version)) == 0:
                return version.value
        except (OSError, AttributeError):  # no such library; not the driver's
            continue
    return None


def nearby(path: str) -> str:
    """A path, from the working folder if it lies below it."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere; a working folder that is gone
        return path


def quoted(text: str) -> str:
    """A shell argument, for the shell of this system."""
    return f'"{text}"' if os.name == "nt" and " " in text else text if os.name == "nt" else as_argument(text)
