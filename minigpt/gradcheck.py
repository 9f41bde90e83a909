"""Is every backward the derivative of its forward? A backend in; one row out for each input and parameter of each layer.

Each layer alone: a random upstream gradient dy makes the scalar sum(dy * y), whose gradient by `backward` is compared with central
differences in float64, coordinate by coordinate. Then the whole model with its loss, along random directions: one through each parameter,
and one through all of them together, tied embedding included. Dropout is on, with its draws held still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .attention import Attention
from .backend import Array, Backend
from .config import ModelConfig
from .layers import Dropout, Embedding, Gelu, LayerNorm, Linear, Noise, Workspace
from .loss import CrossEntropy
from .model import GPT, Block, Mlp
from .params import Parameter, Parameters

TOLERANCE = 1e-6
STEP = 2e-6  # of a central difference: its error is of order STEP^2 by truncation and 1e-16 / STEP by rounding
CONFIG = ModelConfig(n_layer=2, n_head=2, n_embd=6, n_positions=8, vocab_size=11, dropout=0.3)
B, T, TILE, CHUNK, SHARDS = 2, 7, 3, 4, 3  # none of them divides what it cuts


@dataclass(frozen=True)
class Result:
    """One compared gradient. `error` is the largest difference of a coordinate, relative to the largest coordinate."""

    layer: str
    parameter: str
    error: float

    @property
    def passed(self) -> bool:
        """Whether the error is below the tolerance; NaN is not."""
        return self.error < TOLERANCE


@dataclass(frozen=True)
class Case:
    """A scalar function and its gradients: `objective()` runs forward; `backward()` runs both ways and gives the inputs' gradients."""

    layer: str
    objective: Callable[[], float]
    backward: Callable[[], dict[str, Array]]
    inputs: dict[str, Array]
    parameters: list[Parameter]


def check_gradients(backend: Backend, seed: int = 0) -> Iterator[Result]:
    """Every result of the gradient check, layers first, then the whole model."""
    for case in cases(backend, seed):
        yield from check_case(case, backend, seed)
    yield from check_model(backend, seed)


def check_case(case: Case, backend: Backend, seed: int) -> Iterator[Result]:
    """Compare every coordinate. Gradients start at random values: a backward must add to them, not overwrite them."""
    rng = np.random.default_rng(seed)
    before = {}
    for p in case.parameters:
        before[p.name] = rng.standard_normal(p.value.shape)
        p.grad[...] = backend.asarray(before[p.name])
    analytic = {name: backend.to_host(array).copy() for name, array in case.backward().items()}
    for name, array in case.inputs.items():
        yield Result(case.layer, f"d{name}", relative_error(analytic[name], numeric_gradient(case.objective, array, backend)))
    for p in case.parameters:
        added = backend.to_host(p.grad) - before[p.name]
        yield Result(case.layer, short(p.name), relative_error(added, numeric_gradient(case.objective, p.value, backend)))


def check_model(backend: Backend, seed: int) -> Iterator[Result]:
    """The loss of the whole model, along one random direction through each parameter and one through all of them."""
    rng = np.random.default_rng(seed)
    parameters = randomized(backend, rng)
    model = GPT(parameters)
    loss = CrossEntropy(parameters, model.workspace, CHUNK, SHARDS)
    ids, targets = (backend.asarray(rng.integers(0, CONFIG.vocab_size, shape)) for shape in ((B, T), (B * T,)))

    def objective() -> float:
        model.noise.begin(STREAMS)
        return loss.forward(model.forward(ids), targets)

    model.noise.begin(STREAMS)
    parameters.zero_gradients()
    model.backward(loss.forward_backward(model.forward(ids), targets)[1])
    gradient = backend.to_host(parameters.gradients).copy()
    for name, at in [*parameters.offsets.items(), ("all, along one direction", slice(0, parameters.n))]:
        direction = rng.standard_normal(at.stop - at.start)
        saved = parameters.values[at].copy()

        step = STEP * backend.asarray(direction)
        parameters.values[at] = saved + step
        above = objective()
        parameters.values[at] = saved - step
        slope = (above - objective()) / (2 * STEP)
        parameters.values[at] = saved
        scale = float(np.abs(gradient[at] * direction).sum()) / np.sqrt(len(direction))  # a direction may be flat by chance
        yield Result("GPT", short(name), abs(slope - float(gradient[at] @ direction)) / max(abs(slope), scale, 1e-8))


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


STREAMS = [(0, b) for b in range(B)]  # dropout: the same draws in every forward


def randomized(backend: Backend, rng: np.random.Generator) -> Parameters:
    """Float64 parameters, all of them random: biases of 0 and gains of 1 would hide mistakes."""
    parameters = Parameters(CONFIG, backend, np.float64)
    parameters.values[...] = backend.asarray(0.5 * rng.standard_normal(parameters.n))
    return parameters


def cases(backend: Backend, seed: int) -> Iterator[Case]:
    """Every layer with random inputs and a random upstream gradient."""
    rng = np.random.default_rng(seed)
    parameters = randomized(backend, rng)
    workspace, noise = Workspace(backend, np.float64), Noise(backend)
    C, h = CONFIG.n_embd, "transformer.h.1"

    def case(layer: Any, prefix: str, width: int = C, *batch: int) -> Case:
        x = backend.asarray(rng.standard_normal((B * T, width)))

        def forward() -> Array:
            noise.begin(STREAMS)
            return layer.forward(x, *batch)

        dy = backend.asarray(rng.standard_normal(forward().shape))

        def backward() -> dict[str, Array]:
            forward()
            return {"x": layer.backward(dy)}

        concerned = [p for p in parameters if p.name.startswith(prefix)]
        return Case(type(layer).__name__, lambda: float((forward() * dy).sum()), backward, {"x": x}, concerned)

    yield embedding_case(backend, rng, parameters, workspace)
    yield case(Linear(f"{h}.mlp.c_fc", parameters, workspace), f"{h}.mlp.c_fc")
    yield case(LayerNorm(f"{h}.ln_1", parameters, workspace), f"{h}.ln_1")
    yield case(Gelu("gelu", workspace), "none")
    yield case(Dropout("dropout", CONFIG.dropout, noise, workspace), "none")
    yield case(Attention(1, parameters, workspace, noise, TILE), f"{h}.attn", C, B)
    yield case(Mlp(1, parameters, workspace), f"{h}.mlp")
    yield case(Block(1, parameters, workspace, noise), h, C, B)
    yield loss_case(backend, rng, parameters, workspace)


def embedding_case(backend: Backend, rng: np.random.Generator, parameters: Parameters, workspace: Workspace) -> Case:
    """The embedding has no input gradient; its ids repeat, and it starts beyond position 0."""
    layer = Embedding(parameters, workspace)
    ids = backend.asarray(rng.integers(0, 4, (B, T)))
    dy = backend.asarray(rng.standard_normal((B * T, CONFIG.n_embd)))

    def backward() -> dict[str, Array]:
        layer.forward(ids, 1)
        layer.backward(dy)
        return {}

    return Case("Embedding", lambda: float((layer.forward(ids, 1) * dy).sum()), backward, {}, [layer.tokens, layer.positions])


def loss_case(backend: Backend, rng: np.random.Generator, parameters: Parameters, workspace: Workspace) -> Case:
    """The loss is a scalar already: it needs no upstream gradient. It is taken as part of a larger batch."""
    layer = CrossEntropy(parameters, workspace, CHUNK, SHARDS)
    x = backend.asarray(rng.standard_normal((B * T, CONFIG.n_embd)))
    targets = backend.asarray(rng.integers(0, CONFIG.vocab_size, B * T))
    total = 3 * B * T
    return Case(
        "CrossEntropy",
        lambda: layer.forward(x, targets, total),
        lambda: {"x": layer.forward_backward(x, targets, total)[1]},
        {"x": x},
        [layer.embedding],
    )
