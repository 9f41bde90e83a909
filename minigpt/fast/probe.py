"""Chooses the compiled layers that compute what the lecture's do: each is run beside its base class, forward and backward.

So a layer that somebody changes in the lecture is the one that runs, and not what was compiled from its old form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numba
import numpy as np

from minigpt import model
from minigpt.attention import Attention, Cache
from minigpt.backend import Array, Backend, Workspace
from minigpt.config import ModelConfig, TrainConfig
from minigpt.fast import chains
from minigpt.fast.layers import FASTER
from minigpt.layers import Dropout, Gelu, LayerNorm, Linear
from minigpt.loss import CrossEntropy, Shard
from minigpt.model import GPT, Block, PreNormBlock, new_parameters
from minigpt.optim import AdamW, add_up
from minigpt.params import EMBEDDING, Parameters, Spec

B, T = 2, 70  # sequences and positions: more than one tile of attention
# Each constant is so large that leaving it out shows.
CONFIG = ModelConfig(n_layer=1, n_head=3, n_embd=96, n_positions=T, vocab_size=50, dropout=0.2, layer_norm_epsilon=0.1)
TRAINING = TrainConfig(learning_rate=0.1, weight_decay=0.5, epsilon=0.1, beta2=0.9)
TOLERANCE = 2e-5  # relative, in float32: sums are rounded in another order, a wrong formula is further off

NAME = "transformer.h.0"
SPECS = {
    EMBEDDING: Spec((CONFIG.vocab_size, CONFIG.n_embd), shared=True),
    **LayerNorm.specs(f"{NAME}.ln_1", CONFIG),
    **Attention.specs(f"{NAME}.attn", CONFIG),
}

Run = Callable[[Parameters, Workspace, np.random.Generator], Iterator[Any]]


def choose() -> Backend:
    """The backend of those compiled parts that agree with the lecture's on this machine; `reason` names the others."""
    if not hasattr(chains.gelu, "py_func"):  # numba has left it as it is
        raise RuntimeError("NUMBA_DISABLE_JIT is set")
    wrong = disagreeing(sources())
    names = ", ".join(part.__name__ for part in wrong)
    left_out = f"; the lecture's {names}, which {'differs' if len(wrong) == 1 else 'differ'} from the compiled version" if wrong else ""
    reason = f"NumPy {np.__version__} and numba {numba.__version__} on the CPU{left_out}"
    backend = Backend(reason, {part: faster for part, faster in FASTER.items() if part not in wrong})
    backend.kernels = f"numba {numba.__version__}" + (f" without {names}" if wrong else "")
    return backend


@lru_cache(maxsize=1)
def disagreeing(_: tuple[Any, ...]) -> list[Any]:
    """The parts whose compiled form must not be taken here, as long as the lecture's code is this."""
    return [part for part in FASTER if not agrees(part)]


def sources() -> tuple[Any, ...]:
    """The code of the parts, and of those that a block is made of, as they are now."""
    parts = (*FASTER, Linear, model.Attention, model.Mlp, model.Norm)
    owners = [dict(vars(part)) if isinstance(part, type) else {"": part} for part in parts]
    return tuple(getattr(function, "__code__", None) for owner in owners for function in owner.values())


def agrees(part: Any) -> bool:
    """Whether a part's faster form has its results. A part that raises an error is left to raise it where it is used."""
    try:
        wanted = run(part, Backend(""))
    except Exception:
        return False
    try:
        found = run(part, Backend("", {part: FASTER[part]}))
    except AttributeError:  # a block of other layers, which lack what the compiled one reads
        return False
    return all(map(close, wanted, found))


def close(a: Array, b: Array) -> bool:
    """Whether two arrays are equal but for rounding."""
    return a.shape == b.shape and bool(np.abs(a - b).max() <= TOLERANCE * np.abs(a).max())


def run(part: Any, backend: Backend, dtype: type = np.float32) -> list[Array]:
    """Outputs and gradients of a part on random numbers, the same at every call."""
    workspace, rng = Workspace(backend, dtype), np.random.default_rng(0)
    parameters = Parameters(SPECS, CONFIG, backend, dtype)
    parameters.values[...] = rng.standard_normal(parameters.n) / 4
    workspace.generators = backend.generators([(b,) for b in range(B)])
    return [np.array(result) for result in RUNS[part](parameters, workspace, rng)]


def layer(make: Callable[[Parameters, Workspace], Any], *batch: int) -> Run:
    """Runs a layer over rows of width C, with dropout and without."""

    def results(parameters: Parameters, workspace: Workspace, rng: np.random.Generator) -> Iterator[Any]:
        made, shape = make(parameters, workspace), (B * T, CONFIG.n_embd)
        x, dy = rng.standard_normal((2, *shape)).astype(parameters.dtype)
        for generators in (workspace.generators, None):
            workspace.generators = generators
            y = made.forward(x, *batch)
            yield y
            yield made.backward(np.resize(dy, y.shape))
            yield parameters.gradients

    return results


def single_rows(kind: type[Block]) -> Run:
    """Runs a block over single positions after a few in a cache, as generation does."""

    def results(parameters: Parameters, workspace: Workspace, rng: np.random.Generator) -> Iterator[Any]:
        whole = new_parameters(CONFIG, workspace.backend, parameters.dtype)
        whole.values[...] = rng.standard_normal(whole.n) / 4
        block = workspace.backend.fast(kind)(NAME, whole, workspace)
        workspace.generators, cache = None, Cache(CONFIG, workspace)
        for rows in (5, 1, 1):
            yield block.forward(rng.standard_normal((rows, CONFIG.n_embd)).astype(parameters.dtype), 1, cache)
            cache.length += rows
        yield from (cache.keys, cache.values)

    return results


def logits(parameters: Parameters, workspace: Workspace, rng: np.random.Generator) -> Iterator[Any]:
    """Runs the output matrix over some rows and over one."""
    whole = new_parameters(CONFIG, workspace.backend, parameters.dtype)
    whole.values[...] = rng.standard_normal(whole.n) / 4
    network = GPT(whole)
    hidden: Array = rng.standard_normal((3, CONFIG.n_embd)).astype(parameters.dtype)
    yield network.logits(hidden)
    yield network.logits(hidden[:1])


def losses(parameters: Parameters, workspace: Workspace, rng: np.random.Generator) -> Iterator[Any]:
    """Runs the loss over a vocabulary in several shards and blocks."""
    hidden: Array = rng.standard_normal((B * T, CONFIG.n_embd)).astype(parameters.dtype)
    loss = CrossEntropy(parameters[EMBEDDING], workspace, shards=2, block=20)
    yield from loss.forward_backward(hidden, rng.integers(0, CONFIG.vocab_size, B * T))
    yield parameters.gradients


def updates(parameters: Parameters, workspace: Workspace, rng: np.random.Generator) -> Iterator[Any]:
    """Runs a few updates, with and without clipping."""
    optimizer = AdamW(parameters, TRAINING)
    for optimizer.step in range(1, 4):
        gradient: Array = rng.standard_normal(parameters.n).astype(parameters.dtype)
        optimizer.update(optimizer.pieces, gradient, optimizer.step / 2)
    yield from (parameters.values, *optimizer.arrays.values())


def sums(parameters: Parameters, workspace: Workspace, rng: np.random.Generator) -> Iterator[Any]:
    """Adds up the gradients of three workers, of which two lack the shared elements."""
    gradients: list[Array] = [rng.standard_normal(n).astype(parameters.dtype) for n in (500, 430, 430)]
    add = workspace.backend.fast(add_up)
    yield add([slice(0, 60), slice(60, 200), slice(200, 500)], gradients)
    yield gradients[0]


RUNS: dict[Any, Run] = {
    LayerNorm: layer(lambda parameters, workspace: LayerNorm(f"{NAME}.ln_1", parameters, workspace)),
    Gelu: layer(lambda _, workspace: Gelu("gelu", workspace)),
    Dropout: layer(lambda _, workspace: Dropout("dropout", CONFIG.dropout, workspace)),
    Attention: layer(lambda parameters, workspace: Attention(f"{NAME}.attn", parameters, workspace), B),
    Block: single_rows(Block),
    PreNormBlock: single_rows(PreNormBlock),
    GPT: logits,
    Shard: losses,
    AdamW: updates,
    add_up: sums,
}
