"""The same layers, faster: subclasses whose results are those of the lecture.

    chains     elementwise chains and reductions, compiled by numba
    heads      one head of attention, compiled by numba
    layers     the layers that call them
    probe      whether each of them agrees with NumPy on this machine

A layer's own class in NumPy is the specification. Each class here overrides `forward` and `backward` alone, and
`tests/test_fast.py` holds it to its base class. Nothing of the lecture imports this package: backend.py loads it
by name, and does without if numba is not installed. To change a layer, change the lecture: a class here that then
differs from it is left out, and the Device line says so.
"""

from __future__ import annotations

import importlib
import os

import numpy as np

from minigpt.backend import Backend
from minigpt.errors import MinigptError, first_line

SWITCH = "MINIGPT_KERNELS"


def choose() -> Backend:
    """NumPy on the CPU, with the compiled layers that agree with it; `reason` says what was taken, and why not more."""
    wanted = os.environ.get(SWITCH, "auto")
    if wanted not in ("auto", "numpy"):
        raise MinigptError(f"{SWITCH} is {wanted!r}; use auto or numpy")
    alone = f"NumPy {np.__version__} on the CPU"
    if wanted == "numpy":
        return Backend(f"{alone}, as {SWITCH} says")
    try:
        importlib.import_module("numba")
    except ModuleNotFoundError as error:
        lacks = "" if error.name == "numba" else f" (numba lacks {error.name})"
        return Backend(f'{alone}{lacks}; pip install "minigpt[fast]" makes it faster')
    except Exception as error:  # whatever a numba that does not fit this Python or NumPy raises
        return Backend(f"{alone} (numba does not import: {first_line(error)})")
    from minigpt.fast import probe

    return probe.choose()
