"""A setting in; out comes every layer with random inputs, as a scalar function with its gradients.

A backward may be wrong in one case alone: without dropout, for a single sequence, in the second
piece of a chain. So each layer is checked in every setting that takes a path of its own.

The order is that of the backward pass: the loss first, a layer before those that contain it, and in
a layer its parameters from the output to the input. Whatever stands after a wrong gradient may be
wrong for that reason alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigpt.backend import Array, Backend, Workspace
from minigpt.config import TrainConfig
from minigpt.embedding import Embedding, names
from minigpt.gradcheck.settings import CONFIG, Setting
from minigpt.layers import Dropout, Gelu, Linear
from minigpt.lora import Lora
from minigpt.loss import CrossEntropy
from minigpt.model import Attention, Block, Mlp, Norm, PreNormBlock, new_parameters
from minigpt.params import Parameter, Parameters

RANK = 2  # of the addition to a linear map
WIDE = 4.0  # standard deviation of inputs, where some should reach the flat ends of a curve


@dataclass(frozen=True)
class Case:
    """A scalar function and its gradients.

    `objective()` runs forward; `backward()` runs forward and backward and returns the inputs'
    gradients. `loans` are arrays that the layer may only read, each with a copy of what it held.
    `rows` are sets of rows of a gradient, by the names that a hint calls them. `kind` is the
    layer's class. `composed`: its parts are cases themselves, so directions are enough.
    """

    layer: str
    objective: Callable[[], float]
    backward: Callable[[], dict[str, Array]]
    inputs: dict[str, Array]
    parameters: list[Parameter]
    loans: dict[str, tuple[Array, Array]] = field(default_factory=dict)
    rows: dict[str, np.ndarray] = field(default_factory=dict)
    kind: Any = None
    composed: bool = False


def cases(setting: Setting, backend: Backend, seed: int) -> Iterator[Case]:
    """Every layer with random inputs and a random upstream gradient, a layer before its users."""
    rng, backend = np.random.default_rng(seed), setting.backend(backend)
    parameters = randomize(new_parameters(setting.config(), backend, np.float64), rng)
    workspace = Workspace(backend, np.float64)
    B, h = setting.B, "transformer.h.1"

    def case(layer: Any, *batch: int, spread: float = 1.0, composed: bool = False) -> Case:
        drawn = spread * rng.standard_normal((B * setting.T, CONFIG.n_embd))
        x, held = backend.asarray(drawn.copy()), backend.asarray(drawn)

        def forward() -> Array:
            # New generators with the same seeds: dropout draws the same masks in every forward.
            workspace.generators = backend.generators([(0, b) for b in range(B)])
            return layer.forward(x, *batch)

        dy = backend.asarray(rng.standard_normal(forward().shape))
        lent = dy.copy()

        def backward() -> dict[str, Array]:
            y = forward()
            if y is not x:
                y[...] = np.nan  # a caller may overwrite it: backward must not read it
            return {"x": layer.backward(lent)}

        return Case(
            type(layer).__name__,
            lambda: float((forward() * dy).sum()),
            backward,
            {"x": x},
            parameters_of(layer),
            {"x": (x, held), "dy": (lent, dy)},
            kind=type(layer),
            composed=composed,
        )

    yield loss_case(setting, rng, parameters, workspace)
    yield case(Norm(f"{h}.ln_1", parameters, workspace))
    yield case(Dropout("dropout", setting.dropout, workspace))
    yield case(Linear(f"{h}.mlp.c_fc", parameters, workspace))
    yield case(Gelu("gelu", workspace), spread=WIDE)
    yield case(Mlp(f"{h}.mlp", parameters, workspace), composed=True)
    yield case(Attention(f"{h}.attn", parameters, workspace, tile=setting.tile), B)
    yield case(Block(h, parameters, workspace), B, composed=True)
    yield case(PreNormBlock(h, parameters, workspace), B, composed=True)
    adapted = new_parameters(setting.config(), backend, np.float64, TrainConfig(lora=RANK))
    randomize(adapted, rng)
    yield case(Lora(f"{h}.mlp.c_fc", adapted, workspace))
    yield embedding_case(setting, rng, parameters, workspace)


def embedding_case(
    setting: Setting,
    rng: np.random.Generator,
    parameters: Parameters,
    workspace: Workspace,
) -> Case:
    """The embedding: no input gradient; ids that repeat, but for the last; positions from 1 on."""
    layer, backend = Embedding(parameters, workspace), workspace.backend
    ids = rng.integers(0, min(4, setting.vocab_size), (setting.B, setting.T))
    ids[-1, -1] = setting.vocab_size - 1
    on_device = backend.asarray(ids)
    dy = backend.asarray(rng.standard_normal((ids.size, CONFIG.n_embd)))
    lent = dy.copy()

    def backward() -> dict[str, Array]:
        layer.forward(on_device, 1)
        layer.backward(lent)
        return {}

    def objective() -> float:
        return float((layer.forward(on_device, 1) * dy).sum())

    return Case(
        "Embedding",
        objective,
        backward,
        {},
        parameters_of(layer),
        {"dy": (lent, dy)},
        rows_of_ids(ids, setting.vocab_size),
        Embedding,
    )


def loss_case(
    setting: Setting,
    rng: np.random.Generator,
    parameters: Parameters,
    workspace: Workspace,
) -> Case:
    """The loss of a part of a batch: a scalar already, so it needs no upstream gradient."""
    layer = CrossEntropy(
        parameters[names(parameters.config).output],
        workspace,
        chunk=setting.chunk,
        shards=setting.shards,
        block=setting.block,
    )
    N, backend = setting.B * setting.T, workspace.backend
    x = backend.asarray(WIDE * rng.standard_normal((N, CONFIG.n_embd)))
    targets = backend.asarray(rng.integers(0, setting.vocab_size, N))
    return Case(
        "CrossEntropy",
        lambda: layer.forward(x, targets, total=3 * N),
        lambda: {"x": layer.forward_backward(x, targets, total=3 * N)[1]},
        {"x": x},
        [layer.output],
        {"x": (x, x.copy())},
        kind=CrossEntropy,
    )


def rows_of_ids(ids: np.ndarray, vocab_size: int) -> dict[str, np.ndarray]:
    """Which rows (V,) of the token embedding's gradient a batch of ids reaches."""
    counts = np.bincount(ids.reshape(-1), minlength=vocab_size)
    return {
        "the tokens that occur more than once (each time has to be added)": counts > 1,
        "the tokens that occur in the input": counts > 0,
        "the tokens that do not occur in the input": counts == 0,
    }


def parameters_of(layer: Any) -> list[Parameter]:
    """The parameters of a layer and of the layers inside it, as backward reaches them.

    A layer holds its parts in the order of its forward.
    """
    found: list[Parameter] = []
    for held in reversed(list(vars(layer).values())):
        for part in reversed(held if isinstance(held, list) else [held]):
            found += parameters_of(part) if hasattr(part, "backward") else []
    own = [held for held in vars(layer).values() if isinstance(held, Parameter)]
    return found + [parameter for parameter in own if not parameter.frozen]


def randomize(parameters: Parameters, rng: np.random.Generator) -> Parameters:
    """Make all parameters random, as biases of 0 and gains of 1 would hide mistakes."""
    asarray = parameters.backend.asarray
    parameters.values[...] = asarray(0.5 * rng.standard_normal(parameters.n))
    for parameter in parameters:
        if parameter.frozen:
            parameter.value[...] = asarray(0.5 * rng.standard_normal(parameter.value.shape))
    return parameters
