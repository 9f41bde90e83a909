"""A setting in; out comes every layer with random inputs, as a scalar function and its gradients, for the gradient check.

A backward may be wrong in just one case: without dropout, for a single sequence, in the second piece of a chain. So each layer is checked
in every setting that takes a different path through the code.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigpt.backend import CACHE_BYTES, Array, Backend, Workspace
from minigpt.config import ModelConfig
from minigpt.layers import Dropout, Gelu, Linear
from minigpt.loss import BLOCK, CrossEntropy
from minigpt.model import OUTPUT, Attention, Block, Embedding, Mlp, Norm, new_parameters
from minigpt.params import Parameter, Parameters

CONFIG = ModelConfig(n_layer=2, n_head=2, n_embd=6, n_positions=8, vocab_size=11, dropout=0.3)
TINY_CACHE = 200  # bytes: four rows of the model's width in float64, so that every chain runs over several pieces, the last smaller
WIDE = 4.0  # standard deviation of inputs that also reach the flat ends of a curve


@dataclass(frozen=True)
class Setting:
    """One path through the code. B sequences of T tokens. By default none of the sizes that cut an array divides it."""

    name: str
    B: int = 2
    T: int = 7
    dropout: float = CONFIG.dropout
    heads: int = CONFIG.n_head
    cache_bytes: int = CACHE_BYTES
    tile: int = 3  # attention's; a whole model always has Backend.tile
    chunk: int = 4  # rows of the loss, where it is checked alone
    block: int = 2  # tokens of the loss, where it is checked alone
    shards: int = 3  # of the vocabulary, where the loss is checked alone
    vocab_size: int = CONFIG.vocab_size
    threads: int = 1
    micro_batch: int | None = None

    def config(self) -> ModelConfig:
        """The model that is checked: CONFIG but for what this setting changes."""
        positions = max(CONFIG.n_positions, self.T)
        return replace(CONFIG, dropout=self.dropout, vocab_size=self.vocab_size, n_positions=positions, n_head=self.heads)

    def backend(self, backend: Backend) -> Backend:
        """The backend with this setting's size of a piece."""
        changed = copy.copy(backend)
        changed.cache_bytes = self.cache_bytes
        return changed


LAYERS = (
    Setting("several tiles, chunks and blocks", dropout=0.1),
    Setting("no dropout", dropout=0),
    Setting("one sequence, no dropout", B=1, dropout=0, heads=1),
    Setting("several pieces", cache_bytes=TINY_CACHE),
    Setting("pieces of several sequences", B=5, T=3, tile=2, cache_bytes=300),  # of attention: two, two, one
    Setting("one tile, one chunk, one block", tile=7, chunk=99, block=99, shards=1),
    Setting("sizes that divide", B=3, T=6, dropout=0.6, heads=3, chunk=6, vocab_size=12),
    Setting("one token, fewer in the vocabulary than shards", T=1, vocab_size=2),
)
MODELS = (
    Setting("one worker"),
    Setting("one sequence", B=1, threads=3),
    Setting("no dropout", B=3, dropout=0, micro_batch=1),
    Setting("two workers", B=3, threads=2),
    Setting("three workers, no dropout", B=5, threads=3, dropout=0),
    Setting("two workers, micro-batches", B=5, threads=2, micro_batch=2),
    Setting("several pieces", cache_bytes=TINY_CACHE, threads=2),
    Setting("longer than two tiles", B=1, T=2 * Backend.tile + 2, cache_bytes=TINY_CACHE),
    Setting("two whole tiles, no dropout", T=2 * Backend.tile, dropout=0),
    Setting("two shards of several blocks", T=3, vocab_size=4 * BLOCK + 5, threads=2),
)


@dataclass(frozen=True)
class Case:
    """A scalar function and its gradients: `objective()` runs forward; `backward()` runs both ways, and returns the inputs' gradients."""

    layer: str
    objective: Callable[[], float]
    backward: Callable[[], dict[str, Array]]
    inputs: dict[str, Array]
    parameters: list[Parameter]


def randomize(parameters: Parameters, rng: np.random.Generator) -> Parameters:
    """Make all parameters random, as biases of 0 and gains of 1 would hide mistakes."""
    parameters.values[...] = parameters.backend.asarray(0.5 * rng.standard_normal(parameters.n))
    return parameters


def cases(setting: Setting, backend: Backend, seed: int) -> Iterator[Case]:
    """Every layer with random inputs and a random upstream gradient."""
    rng, backend = np.random.default_rng(seed), setting.backend(backend)
    parameters = randomize(new_parameters(setting.config(), backend, np.float64), rng)
    workspace = Workspace(backend, np.float64)
    B, N, C, h = setting.B, setting.B * setting.T, CONFIG.n_embd, "transformer.h.1"

    def case(layer: Any, prefix: str, *batch: int, spread: float = 1.0) -> Case:
        x = backend.asarray(spread * rng.standard_normal((N, C)))

        def forward() -> Array:
            # dropout: the same draws in every forward
            workspace.generators = backend.generators([(0, b) for b in range(B)])
            return layer.forward(x, *batch)

        dy = backend.asarray(rng.standard_normal(forward().shape))

        def backward() -> dict[str, Array]:
            forward()
            return {"x": layer.backward(dy)}

        concerned = [p for p in parameters if p.name.startswith(prefix)]
        return Case(type(layer).__name__, lambda: float((forward() * dy).sum()), backward, {"x": x}, concerned)

    yield embedding_case(setting, rng, parameters, workspace)
    yield case(Linear(f"{h}.mlp.c_fc", parameters, workspace), f"{h}.mlp.c_fc")
    yield case(Norm(f"{h}.ln_1", parameters, workspace), f"{h}.ln_1")
    yield case(Gelu("gelu", workspace), "none", spread=WIDE)
    yield case(Dropout("dropout", setting.dropout, workspace), "none")
    yield case(Attention(f"{h}.attn", parameters, workspace, tile=setting.tile), f"{h}.attn", B)
    yield case(Mlp(f"{h}.mlp", parameters, workspace), f"{h}.mlp")
    yield case(Block(h, parameters, workspace), h, B)
    yield loss_case(setting, rng, parameters, workspace)


def embedding_case(setting: Setting, rng: np.random.Generator, parameters: Parameters, workspace: Workspace) -> Case:
    """The embedding has no input gradient; its ids repeat, and it starts beyond position 0."""
    layer, backend = Embedding(parameters, workspace), workspace.backend
    ids = backend.asarray(rng.integers(0, min(4, setting.vocab_size), (setting.B, setting.T)))
    dy = backend.asarray(rng.standard_normal((setting.B * setting.T, CONFIG.n_embd)))

    def backward() -> dict[str, Array]:
        layer.forward(ids, 1)
        layer.backward(dy)
        return {}

    return Case("Embedding", lambda: float((layer.forward(ids, 1) * dy).sum()), backward, {}, [layer.tokens, layer.positions])


def loss_case(setting: Setting, rng: np.random.Generator, parameters: Parameters, workspace: Workspace) -> Case:
    """The loss is a scalar already, so it needs no upstream gradient. It is computed as part of a larger batch."""
    layer = CrossEntropy(parameters[OUTPUT], workspace, chunk=setting.chunk, shards=setting.shards, block=setting.block)
    N, backend = setting.B * setting.T, workspace.backend
    x = backend.asarray(WIDE * rng.standard_normal((N, CONFIG.n_embd)))
    targets = backend.asarray(rng.integers(0, setting.vocab_size, N))
    return Case(
        "CrossEntropy",
        lambda: layer.forward(x, targets, total=3 * N),
        lambda: {"x": layer.forward_backward(x, targets, total=3 * N)[1]},
        {"x": x},
        [layer.output],
    )
