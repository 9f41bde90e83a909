"""The backend on the CPU: compiled layers where numba can compile them, else NumPy alone; its `reason` says which and why."""

from __future__ import annotations

import importlib
import os
import sys

import numpy as np

from minigpt.backend import Backend
from minigpt.errors import MinigptError, first_line
from minigpt.fast.install import to_install


def own_kernels() -> bool:
    """Whether anything but the lecture's classes may be used: not with `MINIGPT_KERNELS=numpy`."""
    wanted = os.environ.get("MINIGPT_KERNELS", "auto")
    if wanted not in ("auto", "numpy"):
        raise MinigptError(f"MINIGPT_KERNELS is {wanted!r}; use auto or numpy")
    return wanted == "auto"


def choose_kernels(brief: bool = False) -> Backend:
    """Whatever is wrong with numba, NumPy alone will do; and for `brief` work, which numba's start would delay."""
    backend = Backend(f"NumPy {np.__version__} on the CPU")
    if own_kernels() and not brief:
        try:
            backend = importlib.import_module("minigpt.fast.probe").choose()  # by name: it needs numba
        # numba's errors, at its import and in compiling, have no common class.
        except Exception as error:
            why = f"numba cannot compile: {type(error).__name__}: {first_line(error)}"
            if isinstance(error, ModuleNotFoundError) and error.name == "numba":
                if getattr(sys, "frozen", False):  # the one-file program is complete as it is
                    return backend
                why = f"numba, which makes this faster, is not installed: {to_install('numba')}"
            backend.reason += f" ({why})"
    return backend
