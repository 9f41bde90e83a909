"""A layer as a scalar function in; out comes one result for each of its gradients.

A random upstream gradient dy makes the scalar sum(dy * y), whose gradient by `backward` is compared
with central differences in float64: coordinate by coordinate, or along random directions if the
layer's parts have already been compared coordinate by coordinate. Dropout's masks stay the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from minigpt.backend import Array, Backend
from minigpt.gradcheck.cases import Case

TOLERANCE = 1e-6
LOAN = " (lent)"  # ends the name of an array into which a layer wrote without leave
SIGNS = 20  # random directions along which a gradient is compared
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
    """Compare every gradient, and see that the layer has not written into what it may only read.

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
    for name, (lent, original) in case.loans.items():
        if not bool((lent == original).all()):
            yield Result(case.layer, f"{name}{LOAN}", setting, math.inf)
            lent[...] = original
    arrays = {name: p.value for name, p in parameters.items()}
    arrays |= {f"d{name}": array for name, array in case.inputs.items()}
    errors, numeric = {}, {}
    for name, array in arrays.items():
        if case.composed:
            errors[name] = error_along_signs(case.objective, array, analytic[name], backend, rng)
        if not errors.get(name, math.inf) < TOLERANCE:
            numeric[name] = numeric_gradient(case.objective, array, backend)
            errors[name] = relative_error(analytic[name], numeric[name])
    for name, error in errors.items():
        evidence = None
        if not error < TOLERANCE:
            others = {other: numeric[other] for other in numeric if other != name}
            held = before.get(name)
            evidence = Evidence(analytic[name], numeric[name], held, None, case.rows, others)
        yield Result(case.layer, name, setting, error, evidence=evidence)


def error_along_signs(
    objective: Callable[[], float],
    array: Array,
    gradient: np.ndarray,
    backend: Backend,
    rng: np.random.Generator,
) -> float:
    """The largest error of a slope along SIGNS directions of random signs, relative to the largest
    element of the gradient; infinite if the shapes differ. The array is left as it was.

    Whatever the errors of the other elements, one that is off by e makes the slope wrong by e or
    more for at least one of its two signs. So all SIGNS directions miss it with a probability of at
    most 2^-SIGNS.
    """
    if gradient.shape != array.shape:
        return math.inf
    saved, errors = array.copy(), []
    for _ in range(SIGNS):
        signs = rng.choice([-1.0, 1.0], array.shape)
        step = STEP * backend.asarray(signs)
        array[...] = saved + step
        above = objective()
        array[...] = saved - step
        slope = (above - objective()) / (2 * STEP)
        errors.append(abs(slope - float((gradient * signs).sum())))
    array[...] = saved
    return float(np.max(errors) / max(np.abs(gradient).max(), 1e-8))  # np.max keeps NaN


def numeric_gradient(
    objective: Callable[[], float],
    array: Array,
    backend: Backend,
    at: Iterable[int] | None = None,
) -> np.ndarray:
    """Central differences of `objective`, which reads `array`, in each of its coordinates.

    Of the array's shape; or, for the flat indices `at` alone, (len(at),). The array is left as it
    was.
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
