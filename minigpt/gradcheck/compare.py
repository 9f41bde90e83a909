"""A layer as a scalar function in; out comes one result for each of its gradients.

A random upstream gradient dy makes the scalar sum(dy * y), whose gradient by `backward` is compared
with central differences in float64, coordinate by coordinate. Dropout's draws are held still.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from minigpt.backend import Array, Backend
from minigpt.gradcheck.cases import Case

TOLERANCE = 1e-6
LOAN = ", on loan"  # ends the name of an array that a layer may only read
STEP = 2e-6  # its error is of order STEP^2 by truncation and 1e-16 / STEP by rounding


@dataclass(frozen=True)
class Evidence:
    """A wrong gradient and what may explain it.

    `analytic` is backward's, `numeric` that of differences: of one shape, if backward's is right.
    """

    analytic: np.ndarray
    numeric: np.ndarray
    before: np.ndarray | None = None  # what the gradient held when backward added to it
    earlier: np.ndarray | None = None  # the gradient of the step before
    rows: dict[str, np.ndarray] = field(default_factory=dict)  # named rows, as booleans
    others: dict[str, np.ndarray] = field(default_factory=dict)  # numeric, of the same layer
    taken: np.ndarray | None = None  # which rows of the gradient these are; None is all


@dataclass(frozen=True)
class Result:
    """One compared gradient.

    `error` is the largest difference of a coordinate, relative to the largest coordinate.
    """

    layer: str
    parameter: str
    setting: str
    error: float
    tolerance: float = TOLERANCE
    evidence: Evidence | None = field(default=None, compare=False, repr=False)

    @property
    def passed(self) -> bool:
        """Whether the error is below the tolerance; NaN is not."""
        return self.error < self.tolerance


def worst(results: Iterable[Result]) -> list[Result]:
    """For each gradient, the result with the largest error; NaN exceeds any number."""
    found: dict[tuple[str, str], Result] = {}
    for result in results:
        before = found.setdefault((result.layer, result.parameter), result)
        if not (result.error <= before.error or math.isnan(before.error)):
            found[result.layer, result.parameter] = result
    return list(found.values())


def check_case(case: Case, backend: Backend, seed: int, setting: str = "") -> Iterator[Result]:
    """Compare every coordinate, and see that what was lent to the layer is as it was.

    Gradients start at random values: a backward must add to them, not replace them.
    """
    rng = np.random.default_rng(seed)
    parameters = {short(p.name): p for p in case.parameters}
    before = {}
    for name, p in parameters.items():
        before[name] = rng.standard_normal(p.value.shape)
        p.grad[...] = backend.asarray(before[name])
    returned = case.backward()
    analytic = {name: backend.to_host(p.grad) - before[name] for name, p in parameters.items()}
    analytic |= {f"d{name}": backend.to_host(array).copy() for name, array in returned.items()}
    for name, (lent, held) in case.loans.items():
        if not bool((lent == held).all()):
            yield Result(case.layer, f"{name}{LOAN}", setting, math.inf)
            lent[...] = held
    arrays = {name: p.value for name, p in parameters.items()}
    arrays |= {f"d{name}": array for name, array in case.inputs.items()}
    numeric = {name: numeric_gradient(case.objective, arrays[name], backend) for name in arrays}
    for name, expected in numeric.items():
        error, evidence = relative_error(analytic[name], expected), None
        if not error < TOLERANCE:
            others = {other: numeric[other] for other in numeric if other != name}
            evidence = Evidence(analytic[name], expected, before.get(name), None, case.rows, others)
        yield Result(case.layer, name, setting, error, evidence=evidence)


def numeric_gradient(
    objective: Callable[[], float],
    array: Array,
    backend: Backend,
    at: Iterable[int] | None = None,
) -> np.ndarray:
    """Central differences of `objective`, which reads `array`, by its coordinates.

    By all of them, in the array's shape; or by the flat indices `at`, (len(at),). The array is left
    as it was.
    """
    flat = array.reshape(-1)
    indices = list(range(flat.shape[0]) if at is None else at)
    result = np.empty(len(indices))
    for n, i in enumerate(indices):
        value = float(flat[i])
        flat[i] = value + STEP
        above = objective()
        flat[i] = value - STEP
        below = objective()
        flat[i] = value
        result[n] = (above - below) / (2 * STEP)
    return result.reshape(array.shape) if at is None else result


def relative_error(analytic: np.ndarray, numeric: np.ndarray) -> float:
    """max |analytic - numeric| / max |either|; infinite if their shapes differ."""
    if analytic.shape != numeric.shape:
        return math.inf
    scale = max(np.abs(analytic).max(), np.abs(numeric).max(), 1e-8)
    with np.errstate(invalid="ignore"):  # infinite by infinite is not a number
        return float(np.abs(analytic - numeric).max() / scale)


def short(name: str) -> str:
    """A parameter's dotted name without what is the same for all."""
    return name.removeprefix("transformer.")
