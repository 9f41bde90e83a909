"""The whole model with its loss, as a Trainer computes it: a setting in, results out.

There are too many coordinates for a difference in each, so the loss is compared along random
directions: one through each parameter, and one through all of them, tied embedding included.

A step moves many values. If a forward has kinks, some of them cross one, and a correct backward can
fail here though it agrees layer by layer: ReLU in place of GELU does, with errors of up to 1e-2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np

from minigpt.backend import Array, Backend
from minigpt.embedding import names
from minigpt.gradcheck.cases import parameters_of, randomize, rows_of_ids
from minigpt.gradcheck.compare import Evidence, Result, numeric_gradient, relative_error, short
from minigpt.gradcheck.settings import Setting
from minigpt.model import GPT
from minigpt.params import Parameters
from minigpt.trainer import Trainer

Gradients = dict[str, np.ndarray]

ALL, FLOAT32 = "all, in one direction", "all, in float32"
FLOAT32_TOLERANCE = 1e-4  # float32 against float64: its rounding errors are of order 1e-6
WIDE_STEP = 1e-4  # and twice that: errors of order WIDE_STEP^4 and 1e-16 / WIDE_STEP
EXAMINED = 64  # rows of a wrong gradient that are compared coordinate by coordinate, at most


def check_model(setting: Setting, backend: Backend, seed: int) -> Iterator[Result]:
    """The loss along a direction through each parameter, as backward reaches them, and through all;
    and the gradient in float32, in which models are trained, against the one in float64.
    """
    rng, backend = np.random.default_rng(seed), setting.backend(backend)
    x, y = batch(setting, rng)
    with closing(trainer_of(setting, backend, seed, np.float64)) as trainer:
        parameters = trainer.parameters

        def objective() -> float:
            return trainer.loss_and_gradients(x, y)[0]

        gradients = gradients_of(trainer, x, y)[1]
        gradient = np.concatenate([gradients[name].reshape(-1) for name in parameters.places])
        names = names_in_backward_order(parameters)
        directions = {short(name): parameters.places[name] for name in names}
        for name, at in {**directions, ALL: slice(0, parameters.n)}.items():
            direction = rng.standard_normal(at.stop - at.start)
            slope = numeric_slope(objective, parameters.values[at], direction, backend)
            # A direction may be flat by chance: its slope is then far smaller than its terms.
            scale = float(np.abs(gradient[at] * direction).sum()) / np.sqrt(len(direction))
            error = abs(slope - float(gradient[at] @ direction)) / max(abs(slope), scale, 1e-8)
            yield Result(setting.model, name, setting.name, error)
    if setting.dropout and backend.name != "cpu":  # CuPy draws other masks in float32
        return
    rounded = in_float32(setting, backend, seed, x, y)
    errors = [relative_error(rounded[name], gradients[name]) for name in names]
    yield Result(setting.model, FLOAT32, setting.name, float(np.max(errors)), FLOAT32_TOLERANCE)


def examine(setting: Setting, backend: Backend, seed: int, parameter: str) -> Evidence:
    """The gradient of one of the model's parameters, coordinate by coordinate.

    Of a large one, EXAMINED rows; of the token embedding, also those that the batch reaches.
    """
    rng, backend = np.random.default_rng(seed), setting.backend(backend)
    x, y = batch(setting, rng)
    with closing(trainer_of(setting, backend, seed, np.float64)) as trainer:
        earlier, gradients = gradients_of(trainer, x, y)
        (p,) = (p for p in trainer.parameters if short(p.name) == parameter)
        length, named = p.value.shape[0], {}
        taken = np.linspace(0, length - 1, min(length, EXAMINED)).astype(int)
        if p.name == names(trainer.config).tokens:
            taken = np.union1d(taken, [*x.reshape(-1), *y.reshape(-1)])
            named = rows_of_ids(x, length)
        at = np.arange(p.value.size).reshape(length, -1)[taken]

        def objective() -> float:
            return trainer.loss_and_gradients(x, y)[0]

        numeric = numeric_gradient(objective, p.value, backend, at.reshape(-1))
    analytic, before = gradients[p.name][taken], earlier[p.name][taken]
    return Evidence(
        analytic,
        numeric.reshape(analytic.shape),
        earlier=before,
        rows=named,
        taken=taken,
    )


def first_in_float32(setting: Setting, backend: Backend, seed: int) -> tuple[str, Evidence]:
    """The parameter nearest to the loss whose gradient in float32 is not that in float64."""
    backend = setting.backend(backend)
    x, y = batch(setting, np.random.default_rng(seed))
    with closing(trainer_of(setting, backend, seed, np.float64)) as trainer:
        gradients = gradients_of(trainer, x, y)[1]
        names = names_in_backward_order(trainer.parameters)
    found = in_float32(setting, backend, seed, x, y)
    errors = {name: relative_error(found[name], gradients[name]) for name in names}
    name = next(name for name, error in errors.items() if not error < FLOAT32_TOLERANCE)
    return short(name), Evidence(found[name], gradients[name])


def in_float32(
    setting: Setting,
    backend: Backend,
    seed: int,
    x: np.ndarray,
    y: np.ndarray,
) -> Gradients:
    """The model's gradients of a batch, computed in float32."""
    with closing(trainer_of(setting, backend, seed, np.float32)) as trainer:
        return gradients_of(trainer, x, y)[1]


def batch(setting: Setting, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Random inputs and targets, (B, T) each."""
    x, y = (rng.integers(0, setting.vocab_size, (setting.B, setting.T)) for _ in range(2))
    return x, y


def trainer_of(setting: Setting, backend: Backend, seed: int, dtype: type) -> Trainer:
    """A Trainer with random parameters, the same ones in every dtype."""
    trainer = Trainer(
        setting.config(),
        setting.training(),
        threads=setting.threads,
        micro_batch=setting.micro_batch,
        backend=backend,
        dtype=dtype,
    )
    randomize(trainer.parameters, np.random.default_rng(seed))
    return trainer


def gradients_of(trainer: Trainer, x: np.ndarray, y: np.ndarray) -> tuple[Gradients, Gradients]:
    """The gradients of a larger batch, then of this one: the first must leave nothing behind."""
    earlier = trainer.loss_and_gradients(np.concatenate([y, y]), np.concatenate([x, x]))[1]
    return earlier, trainer.loss_and_gradients(x, y)[1]


def names_in_backward_order(parameters: Parameters) -> list[str]:
    """Every parameter's name, in the order in which the model's backward reaches it."""
    return [p.name for p in parameters_of(GPT(parameters))]


def numeric_slope(
    objective: Callable[[], float],
    array: Array,
    direction: np.ndarray,
    backend: Backend,
) -> float:
    """The slope of `objective` along a direction (n,) through an array (n,), which it reads.

    The array is left as it was. Central differences with two step widths, combined so that their
    errors of order step^2 cancel (Richardson 1911): a whole model is too curved for one width.
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
