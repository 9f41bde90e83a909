"""What the tests of the compiled layers share: the two backends, memory that holds NaN, and when two arrays are the same."""

from __future__ import annotations

import numpy as np

from minigpt.backend import Array, Backend, Workspace
from minigpt.fast.layers import FASTER

NUMPY, COMPILED = Backend("tests"), Backend("tests", FASTER)
TYPES = [np.float32, np.float64]
RATES = [0.0, 1e-6, 0.1, 0.5, 0.999999]  # of dropout: the second keeps all, the last one in 65536


class Poisoned(Workspace):
    """Lends memory that holds NaN."""

    def take(self, owner: str, role: str, *shape: int) -> Array:
        lent = super().take(owner, role, *shape)
        lent.fill(np.nan)
        return lent


def same(got: Array, wanted: Array, what: str, size: float = 0.0) -> None:
    """Equal but for rounding, relative to the largest number or to `size`; NaN and infinities are where they should be."""
    assert got.shape == wanted.shape and got.dtype == wanted.dtype, what
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(got[~finite], wanted[~finite], err_msg=what)
    error = np.abs(got[finite] - wanted[finite]).max(initial=0)
    assert error <= (1e-5 if got.dtype == np.float32 else 1e-12) * max(size, np.abs(wanted[finite]).max(initial=0)), what
