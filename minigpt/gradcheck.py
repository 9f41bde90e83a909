"""Is every backward the derivative of its forward? A backend in; one row out for each input and parameter of each layer.

Each layer alone: a random upstream gradient dy makes the scalar sum(dy * y), whose gradient by `backward` is compared with central
differences in float64, coordinate by coordinate. Then the whole model with its loss, as a Trainer computes it, along random directions:
one through each parameter, and one through all of them together, tied embedding included. Dropout's draws are held still.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from minigpt.backend import Array, Backend
from minigpt.config import TrainConfig
from minigpt.gradcases import LAYERS, MODELS, Case, Setting, cases, randomize
from minigpt.trainer import Trainer

TOLERANCE = 1e-6
FLOAT32_TOLERANCE = 1e-4  # of a gradient in float32, whose rounding errors are of order 1e-6, against the one in float64
MODEL = "GPT"  # the whole model's name in the results
STEP = 2e-6  # of a central difference: its error is of order STEP^2 by truncation and 1e-16 / STEP by rounding
WIDE_STEP = 1e-4  # of a pair of steps, with errors of order WIDE_STEP^4 from truncation and 1e-16 / WIDE_STEP from rounding


@dataclass(frozen=True)
class Result:
    """One compared gradient. `error` is the largest difference of a coordinate, relative to the largest coordinate."""

    layer: str
    parameter: str
    setting: str
    error: float
    tolerance: float = TOLERANCE

    @property
    def passed(self) -> bool:
        """Whether the error is below the tolerance; NaN is not."""
        return self.error < self.tolerance


def check_gradients(
    backend: Backend, seed: int = 0, layers: Iterable[Setting] = LAYERS, models: Iterable[Setting] = MODELS, only: str | None = None
) -> Iterator[Result]:
    """Every result of the gradient check: the layers, then the whole model, each in its settings; or just the layer `only`."""
    for setting in layers:
        for case in cases(setting, backend, seed):
            if only in (None, case.layer):
                yield from check_case(case, backend, seed, setting.name)
    for setting in models if only in (None, MODEL) else ():
        yield from check_model(setting, backend, seed)


def worst(results: Iterable[Result]) -> list[Result]:
    """For each gradient, the result of the setting with the largest error; NaN is larger than any number."""
    found: dict[tuple[str, str], Result] = {}
    for result in results:
        before = found.setdefault((result.layer, result.parameter), result)
        if not (result.error <= before.error or math.isnan(before.error)):
            found[result.layer, result.parameter] = result
    return list(found.values())


def check_case(case: Case, backend: Backend, seed: int, setting: str = "") -> Iterator[Result]:
    """Compare every coordinate. Gradients start at random values: a backward must add to them, not overwrite them."""
    rng = np.random.default_rng(seed)
    before = {}
    for p in case.parameters:
        before[p.name] = rng.standard_normal(p.value.shape)
        p.grad[...] = backend.asarray(before[p.name])
    analytic = {name: backend.to_host(array).copy() for name, array in case.backward().items()}
    for name, array in case.inputs.items():
        error = relative_error(analytic[name], numeric_gradient(case.objective, array, backend))
        yield Result(case.layer, f"d{name}", setting, error)
    for p in case.parameters:
        added = backend.to_host(p.grad) - before[p.name]
        yield Result(case.layer, short(p.name), setting, relative_error(added, numeric_gradient(case.objective, p.value, backend)))


def check_model(setting: Setting, backend: Backend, seed: int) -> Iterator[Result]:
    """The loss of the whole model, along one random direction through each parameter and one through all of them; and its gradient in
    float32, in which models are trained, against the one in float64."""
    rng, config = np.random.default_rng(seed), setting.config()
    backend = setting.backend(backend)
    x, y = (rng.integers(0, config.vocab_size, (setting.B, setting.T)) for _ in range(2))
    with closing(trainer_of(setting, backend, seed, np.float64)) as trainer:
        parameters = trainer.parameters

        def objective() -> float:
            return trainer.loss_and_gradients(x, y)[0]

        gradients = gradients_of(trainer, x, y)
        gradient = np.concatenate([gradients[name].reshape(-1) for name in parameters.places])
        for name, at in [*parameters.places.items(), ("all, along one direction", slice(0, parameters.n))]:
            direction = rng.standard_normal(at.stop - at.start)
            slope = numeric_slope(objective, parameters.values[at], direction, backend)
            scale = float(np.abs(gradient[at] * direction).sum()) / np.sqrt(len(direction))  # a direction may be flat by chance
            error = abs(slope - float(gradient[at] @ direction)) / max(abs(slope), scale, 1e-8)
            yield Result(MODEL, short(name), setting.name, error)
    if setting.dropout and backend.name != "cpu":  # CuPy draws other masks in float32
        return
    with closing(trainer_of(setting, backend, seed, np.float32)) as trainer:
        errors = [relative_error(array, gradients[name]) for name, array in gradients_of(trainer, x, y).items()]
        yield Result(MODEL, "all, in float32", setting.name, float(np.max(errors)), FLOAT32_TOLERANCE)


def trainer_of(setting: Setting, backend: Backend, seed: int, dtype: type) -> Trainer:
    """A Trainer with random parameters, the same ones in every dtype."""
    threads, parts = setting.threads, setting.micro_batch
    trainer = Trainer(setting.config(), TrainConfig(), threads=threads, micro_batch=parts, backend=backend, dtype=dtype)
    randomize(trainer.parameters, np.random.default_rng(seed))
    return trainer


def gradients_of(trainer: Trainer, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """The gradients of a batch, taken after those of another, larger one, which must leave nothing behind."""
    trainer.loss_and_gradients(np.concatenate([y, y]), np.concatenate([x, x]))
    return trainer.loss_and_gradients(x, y)[1]


def numeric_slope(objective: Callable[[], float], array: Array, direction: np.ndarray, backend: Backend) -> float:
    """The slope of `objective` along a direction (n,) through an array (n,), which it reads; the array is left as it was.

    Central differences of two widths, combined so that their errors of order step^2 cancel (Richardson 1911): a whole model is too curved
    for a single width.
    """
    saved, step = array.copy(), backend.asarray(direction)

    def difference(width: float) -> float:
        array[...] = saved + width * step
        above = objective()
        array[...] = saved - width * step
        return (above - objective()) / (2 * width)

    slope = (4 * difference(WIDE_STEP) - difference(2 * WIDE_STEP)) / 3
    array[...] = saved
    return slope


def numeric_gradient(objective: Callable[[], float], array: Array, backend: Backend) -> np.ndarray:
    """Central differences of `objective` by every coordinate of `array`, which it reads; the array is left as it was."""
    flat = array.reshape(-1)
    result = np.empty(flat.shape[0])
    for i in range(len(result)):
        value = float(flat[i])
        flat[i] = value + STEP
        above = objective()
        flat[i] = value - STEP
        below = objective()
        flat[i] = value
        result[i] = (above - below) / (2 * STEP)
    return result.reshape(array.shape)


def relative_error(analytic: np.ndarray, numeric: np.ndarray) -> float:
    """max |analytic - numeric| / max |either|."""
    scale = max(np.abs(analytic).max(), np.abs(numeric).max(), 1e-8)
    return float(np.abs(analytic - numeric).max() / scale)


def short(name: str) -> str:
    """A parameter's dotted name without what is the same for all."""
    return name.removeprefix("transformer.")
