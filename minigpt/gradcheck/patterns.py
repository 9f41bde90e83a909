"""A wrong gradient and the right one in; out comes the mistake that turns one into the other.

Each known mistake is a guess at `analytic`, computed from `numeric`. It is believed if it leaves at
most a hundredth of their difference, so a factor of 1.00001 is as plain to see as one of 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

Array = Any  # a numpy.ndarray: gradients are compared on the host

LEFT = 0.01  # of the difference, at most
SHARE = 1e-6  # of the largest element: below it a difference is rounding
SAME = 1e-3  # relative difference of a ratio and the number that explains it


def wrong_elements(analytic: Array, numeric: Array, share: float = SHARE) -> Array:
    """Which elements differ, as booleans; NaN does."""
    largest = max(np.abs(np.nan_to_num(analytic)).max(), np.abs(numeric).max(), 1e-8)
    return ~(np.abs(analytic - numeric) <= share * largest)


def explains(guess: Array, analytic: Array, numeric: Array) -> bool:
    """Whether the guess leaves next to nothing of the difference."""
    return bool(np.abs(analytic - guess).max() <= LEFT * np.abs(analytic - numeric).max())


def constant_ratio(analytic: Array, numeric: Array) -> float | None:
    """r where analytic = r * numeric."""
    norm = float((numeric * numeric).sum())
    ratio = float((analytic * numeric).sum()) / norm if norm else np.inf
    return ratio if norm and explains(ratio * numeric, analytic, numeric) else None


def ratio_in_words(ratio: float, factors: Mapping[str, float]) -> str:
    """What a constant ratio suggests. `factors`: numbers of the code, by name."""
    if abs(ratio) <= LEFT:
        return "it is 0: nothing is added to this gradient; a path is missing"
    if abs(ratio + 1) < SAME:
        return "it has the wrong sign"
    names = [name for name, value in factors.items() if abs(abs(ratio) - value) < SAME * value]
    known = f", here {' = '.join(names)}" if names else ""
    if abs(ratio - 2) < SAME:
        return f"it is twice the right value: added twice, or a factor of 2{known}"
    sign = " and a wrong sign" if ratio < 0 else ""
    return f"a missing or extra factor{sign} (ratio {ratio:.6g}{known})"


def elementwise(
    analytic: Array,
    numeric: Array,
    before: Array | None,
    earlier: Array | None,
    factors: Mapping[str, float],
) -> str | None:
    """A mistake that each wrong element (n,) shows by itself."""
    if before is not None and explains(numeric - before, analytic, numeric):
        return "it overwrites the gradient: backward must add to it (rule 3 in layers.py)"
    if earlier is not None and explains(numeric + earlier, analytic, numeric):
        return "it still contains the previous step's gradient: it was not zeroed"
    ratio = constant_ratio(analytic, numeric)
    if ratio is not None:
        return ratio_in_words(ratio, factors)
    return None


def unmasked(analytic: Array, numeric: Array) -> str | None:
    """Whether elements (n,) that should be 0 are not, and the others have a constant ratio."""
    zero = np.abs(numeric) <= SHARE * np.abs(analytic).max()
    if zero.all() or (zero.any() and constant_ratio(analytic[~zero], numeric[~zero]) is not None):
        return "it is not 0 where it must be: a mask is missing"
    return None


def arranged(
    analytic: Array,
    numeric: Array,
    others: Mapping[str, Array],
) -> str | None:
    """A mistake that only whole arrays show.

    The right numbers are in wrong places, or what is missing is the same along a row or column.
    """
    for name, other in others.items():
        if other.shape == analytic.shape and explains(other, analytic, numeric):
            return f"it is the gradient of {name}: two are swapped"
    for guess in transposed(numeric):
        if explains(guess, analytic, numeric):
            return "it is transposed: rows are where columns belong"
    for axis, what in ((-1, "columns" if analytic.ndim > 1 else "elements"), (0, "rows")):
        order = permutation(analytic, numeric, axis)
        if order is not None:
            return f"its {what} are permuted: {moved(order, what)}"
    if analytic.ndim < 2 or min(analytic.shape) < 3:
        return None
    for axis, what in ((1, "row"), (0, "column")):
        offset = (analytic - numeric).mean(axis=axis, keepdims=True)
        if explains(numeric + offset, analytic, numeric):
            return f"the same amount is missing all along each {what}: a sum or mean over it"
        square = (numeric * numeric).sum(axis=axis, keepdims=True)
        ratio = (analytic * numeric).sum(axis=axis, keepdims=True) / np.where(square > 0, square, 1)
        if explains(ratio * numeric, analytic, numeric):
            return f"each {what} is off by its own factor: one per {what} is missing or extra"
    return None


def transposed(numeric: Array) -> Iterator[Array]:
    """A matrix as it looks in its own shape once rows and columns are exchanged."""
    if numeric.ndim == 2 and min(numeric.shape) > 1:
        yield np.ascontiguousarray(numeric.T).reshape(numeric.shape)
        if numeric.shape[0] != numeric.shape[1]:
            yield np.ascontiguousarray(numeric.reshape(numeric.shape[::-1]).T)


def permutation(analytic: Array, numeric: Array, axis: int) -> Array | None:
    """order where analytic = numeric.take(order, axis) and something has moved."""
    a, n = (np.moveaxis(array, axis, 0) for array in (analytic, numeric))
    a, n = a.reshape(len(a), -1), n.reshape(len(n), -1)
    order = np.abs(a[:, None] - n[None]).max(axis=2).argmin(axis=1)
    if len(set(order.tolist())) < len(order) or not explains(n[order], a, n):
        return None
    return order


def moved(order: Array, what: str) -> str:
    """In words, the first run of indices that a permutation moves."""
    at = int(np.flatnonzero(order != np.arange(len(order)))[0])
    length = 1
    while at + length < len(order) and order[at + length] == order[at] + length:
        length += 1
    source = span(int(order[at]), int(order[at]) + length - 1)
    return f"{what} {span(at, at + length - 1)} hold what belongs in {source}"


def span(first: int, last: int) -> str:
    """A range of indices in words."""
    return f"{first} to {last}" if last > first else f"{first}"


def mistake(
    analytic: Array,
    numeric: Array,
    before: Array | None = None,
    earlier: Array | None = None,
    others: Mapping[str, Array] | None = None,
    factors: Mapping[str, float] | None = None,
    share: float = SHARE,
) -> str | None:
    """What is wrong with `analytic`, in words; None where nothing known explains it."""
    if analytic.dtype == object:
        return "backward returns nothing"
    if analytic.shape != numeric.shape:
        return f"its shape is {analytic.shape}, but the array's is {numeric.shape}"
    if not np.isfinite(numeric).all():
        return "the differences are NaN or infinite: forward divides by 0 or overflows"
    if not np.isfinite(analytic).all():
        return (
            "it is NaN or infinite. Does backward read what forward returned? The caller may"
            " overwrite that, and the check does (rule 1 in layers.py). Otherwise it divides by 0"
        )
    wrong = wrong_elements(analytic, numeric, share)
    held, left = (None if array is None else array[wrong] for array in (before, earlier))
    return (
        elementwise(analytic[wrong], numeric[wrong], held, left, factors or {})
        or arranged(analytic, numeric, others or {})
        or unmasked(analytic[wrong], numeric[wrong])
    )
