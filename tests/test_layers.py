"""The layer contract, for every layer that takes hidden states; and what single layers compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from minigpt.attention import Attention
from minigpt.backend import Array, Backend, Workspace
from minigpt.config import ModelConfig
from minigpt.layers import Dropout, Gelu, Layer, LayerNorm, Linear, Mlp
from minigpt.model import GPT, Block, Embedding, new_parameters
from minigpt.params import Parameters

B, T = 3, 7
STREAMS = [(5, b) for b in range(B)]
KINDS = ["Linear", "LayerNorm", "Gelu", "Dropout", "Attention", "Mlp", "Block"]


@dataclass
class Rig:
    """A layer with what it takes; every forward repeats the same dropout."""

    parameters: Parameters
    forward: Callable[..., Array]
    backward: Callable[[Array], Array]
    x: Array
    dy: Array


def build(kind: str, config: ModelConfig, backend: Backend, rng: np.random.Generator) -> Rig:
    """One of KINDS in float64, with random parameters, input and upstream gradient."""
    parameters = new_parameters(config, backend, np.float64)
    parameters.values[...] = rng.standard_normal(parameters.n)
    workspace = Workspace(backend, np.float64)
    h = "transformer.h.1"
    layer = {
        "Linear": lambda: Linear(f"{h}.attn.c_proj", parameters, workspace),
        "LayerNorm": lambda: LayerNorm(f"{h}.ln_1", parameters, workspace),
        "Gelu": lambda: Gelu("gelu", workspace),
        "Dropout": lambda: Dropout("dropout", config.dropout, workspace),
        "Attention": lambda: Attention(f"{h}.attn", parameters, workspace, tile=3),
        "Mlp": lambda: Mlp(f"{h}.mlp", parameters, workspace),
        "Block": lambda: Block(h, parameters, workspace),
    }[kind]()
    batch = (B,) if kind in ("Attention", "Block") else ()

    def forward(x: Array, **gift: bool) -> Array:
        workspace.generators = backend.generators(STREAMS)
        return layer.forward(x, *batch, **gift)

    parameters.zero_gradients()
    return Rig(parameters, forward, layer.backward, *(rng.standard_normal((B * T, config.n_embd)) for _ in range(2)))


@pytest.fixture(params=KINDS)
def rig(request: pytest.FixtureRequest, tiny_dropout: ModelConfig, cpu: Backend, rng: np.random.Generator) -> Rig:
    """Every layer in turn."""
    return build(request.param, tiny_dropout, cpu, rng)


def address(array: Array) -> int:
    """Where an array's memory begins."""
    return array.__array_interface__["data"][0]


def test_arguments_are_loans_that_nobody_writes_into(rig: Rig) -> None:
    """Read-only arguments do, for both directions, and the results are those of arguments that could be written."""
    expected = [rig.forward(rig.x).copy(), rig.backward(rig.dy).copy()]
    rig.x.flags.writeable = rig.dy.flags.writeable = False
    assert np.array_equal(rig.forward(rig.x), expected[0])
    assert np.array_equal(rig.backward(rig.dy), expected[1])


def test_results_are_gifts_that_hold_nothing_saved(rig: Rig) -> None:
    """A caller who overwrites the result of forward does not change the gradients."""
    rig.forward(rig.x)
    expected = rig.backward(rig.dy).copy()
    gradients = rig.parameters.gradients.copy()
    rig.parameters.zero_gradients()
    rig.forward(rig.x)[...] = np.nan
    assert np.array_equal(rig.backward(rig.dy), expected)
    assert np.array_equal(rig.parameters.gradients, gradients)


@pytest.mark.parametrize("kind", ["LayerNorm", "Gelu", "Dropout"])
def test_a_gift_changes_nothing(kind: str, tiny_dropout: ModelConfig, cpu: Backend, rng: np.random.Generator) -> None:
    """What a layer computes from an argument that it may overwrite is what it computes from a loan, both ways."""
    rig = build(kind, tiny_dropout, cpu, rng)
    expected = [rig.forward(rig.x).copy(), rig.backward(rig.dy).copy(), rig.parameters.gradients.copy()]
    rig.parameters.zero_gradients()
    found = [rig.forward(rig.x.copy(), gift=True).copy(), rig.backward(rig.dy).copy(), rig.parameters.gradients]
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one, other)


class Watched:
    """A layer that compares each loan to its forward with a copy when its backward comes."""

    def __init__(self, layer: Any, seen: list[str]) -> None:
        self.layer, self.seen = layer, seen
        self.forward_, self.backward_ = layer.forward, layer.backward
        layer.forward, layer.backward = self.forward, self.backward

    def forward(self, x: Array, *rest: Any, gift: bool = False) -> Array:
        self.loan = None if gift else (x, x.copy())
        return self.forward_(x, *rest, gift=True) if gift else self.forward_(x, *rest)

    def backward(self, dy: Array) -> Any:
        if self.loan is not None:
            assert np.array_equal(*self.loan), f"{self.layer.name}: its input changed before its backward"
            self.seen.append(type(self.layer).__name__)
        return self.backward_(dy)


def every_layer(part: Any) -> Iterator[Layer]:
    """The layers below a part of a model."""
    for value in vars(part).values():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, Layer):
                yield inner
            if isinstance(inner, (Layer, Mlp, Block)):
                yield from every_layer(inner)


def test_a_layer_may_save_its_input_anywhere_in_the_model(tiny_dropout: ModelConfig, cpu: Backend, rng: np.random.Generator) -> None:
    """Every loan is unchanged until the matching backward, in every block: rule 1 of the contract, in the whole network."""
    model, seen = GPT(new_parameters(tiny_dropout, cpu)), []
    model.parameters.initialize(rng)
    layers = list(every_layer(model))
    for layer in layers:
        Watched(layer, seen)
    for generators in (cpu.generators(STREAMS), None):
        model.workspace.generators = generators
        hidden = model.forward(rng.integers(0, tiny_dropout.vocab_size, (B, T)))
        model.backward(rng.standard_normal(hidden.shape).astype(np.float32))
    assert len(layers) > 20
    assert seen.count("Linear") == 2 * 8 and seen.count("Attention") == 2 * 2


def test_the_second_step_returns_the_same_memory(rig: Rig) -> None:
    """Buffers are allocated once."""
    addresses = [(address(rig.forward(rig.x)), address(rig.backward(rig.dy))) for _ in range(2)]
    assert addresses[0] == addresses[1]


def test_gradients_add(rig: Rig) -> None:
    """Two rounds give twice the gradient of one."""
    rig.forward(rig.x)
    rig.backward(rig.dy)
    once = rig.parameters.gradients.copy()
    rig.forward(rig.x)
    rig.backward(rig.dy)
    np.testing.assert_allclose(rig.parameters.gradients, 2 * once, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_cutting_a_layer_into_pieces_changes_nothing(
    kind: str, tiny_dropout: ModelConfig, cpu: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache of 150 bytes makes a piece of each row or sequence; outputs and gradients stay."""
    found = []
    for cache in (10**9, 150):
        monkeypatch.setattr(Backend, "cache_bytes", cache)
        rig = build(kind, tiny_dropout, cpu, np.random.default_rng(1))
        y = rig.forward(rig.x).copy()
        dx = rig.backward(rig.dy).copy()
        found.append((y, dx, rig.parameters.gradients.copy()))
    for whole, cut in zip(*found, strict=True):
        np.testing.assert_allclose(cut, whole, rtol=1e-10, atol=1e-12)


def test_pieces_cover_the_rows_in_order(cpu: Backend) -> None:
    """No row twice, none left out, also where one row alone is larger than the cache."""
    for rows, row_bytes, arrays in ((1, 8, 1), (1000, 3000, 1), (5, 1000, 10**6), (87, 3013, 4)):
        pieces = cpu.pieces(np.broadcast_to(np.uint8(0), (rows, row_bytes)), arrays)
        assert [i for at in pieces for i in range(rows)[at]] == list(range(rows))


def test_the_workspace_allocates_to_grow_only(cpu: Backend) -> None:
    """A smaller shape lies in the same memory; a larger one takes new memory once."""
    workspace = Workspace(cpu)
    first = workspace.take("owner", "key", 3, 4)
    assert first.dtype == np.float32
    assert address(workspace.take("owner", "key", 2, 5)) == address(first)
    assert not np.shares_memory(workspace.take("owner", "other", 3, 4), first)
    larger = workspace.take("owner", "key", 4, 4)
    assert larger.shape == (4, 4)
    assert address(workspace.take("owner", "key", 3, 4)) == address(larger)


def test_blocks_share_scratch_and_own_their_buffers(cpu: Backend) -> None:
    """What a layer saves is its own; what is dead when the next block runs is shared with that block, not with other layers."""
    workspace = Workspace(cpu)
    first, second, other = (Layer(f"transformer.h.{name}", workspace) for name in ("0.ln_1", "11.ln_1", "0.ln_2"))
    assert np.shares_memory(first.scratch("dx", 4), second.scratch("dx", 4))
    assert not np.shares_memory(first.scratch("dx", 4), other.scratch("dx", 4))
    assert not np.shares_memory(first.buffer("y", 4), second.buffer("y", 4))
    assert not np.shares_memory(first.buffer("dx", 4), first.scratch("y", 4))


def test_embedding_adds_token_and_position(tiny: ModelConfig, cpu: Backend, rng: np.random.Generator) -> None:
    """x = token + position, counted from `start`; the ids are not written."""
    parameters = new_parameters(tiny, cpu, np.float64)
    parameters.values[...] = rng.standard_normal(parameters.n)
    layer = Embedding(parameters, Workspace(cpu, np.float64))
    ids = rng.integers(0, tiny.vocab_size, (2, 5))
    ids.flags.writeable = False
    x = layer.forward(ids, 3)
    tokens, positions = (parameters[f"transformer.{name}_embed.weight"].value for name in ("tokens", "positions"))
    assert np.array_equal(x.reshape(2, 5, -1), tokens[ids] + positions[None, 3:8])


def test_embedding_gives_a_repeated_token_every_gradient(tiny: ModelConfig, cpu: Backend) -> None:
    """A token that stands k times gets k gradients, a token that does not stand there none."""
    parameters = new_parameters(tiny, cpu, np.float64)
    layer = Embedding(parameters, Workspace(cpu, np.float64))
    layer.forward(np.array([[4, 4, 7], [4, 7, 0]]), 2)
    layer.backward(np.ones((6, tiny.n_embd)))
    times = np.zeros(tiny.vocab_size)
    times[[4, 7, 0]] = 3, 2, 1
    assert np.array_equal(layer.tokens.grad, np.repeat(times[:, None], tiny.n_embd, axis=1))
    assert np.array_equal(layer.positions.grad[:, 0], [0, 0, 2, 2, 2] + [0] * 11)


def test_layer_norm_is_the_plain_formula(tiny: ModelConfig, cpu: Backend, rng: np.random.Generator) -> None:
    """gain * (x - mean) / sqrt(variance + epsilon) + bias with the biased variance, also for a constant row."""
    parameters = new_parameters(tiny, cpu, np.float64)
    parameters.values[...] = rng.standard_normal(parameters.n)
    layer = LayerNorm("transformer.h.0.ln_2", parameters, Workspace(cpu, np.float64))
    x = rng.standard_normal((6, tiny.n_embd)) * 1e-2 + 5
    x[3] = 2.0
    expected = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5) * layer.gain.value + layer.bias.value
    np.testing.assert_allclose(layer.forward(x), expected, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(layer.forward(x)[3], layer.bias.value, rtol=1e-12)


def test_gelu_has_its_known_values(cpu: Backend) -> None:
    """gelu(0) = 0, gelu(1) = 0.84119 in the tanh form; far out it is the identity and zero."""
    y = Gelu("gelu", Workspace(cpu, np.float64)).forward(np.array([[0.0, 1.0, -1.0, 50.0, -50.0]]))
    np.testing.assert_allclose(y, [[0.0, 0.8411919906, -0.1588080094, 50.0, 0.0]], atol=1e-9)


@pytest.fixture
def dropout(cpu: Backend) -> Dropout:
    """A dropout of one in four in float32, off."""
    return Dropout("dropout", 0.25, Workspace(cpu))


def test_dropout_mask_is_zero_or_the_inverse_of_keep(dropout: Dropout) -> None:
    """Two values, the larger with probability keep: 0.75 within five standard deviations of 200,000 draws."""
    dropout.workspace.generators = dropout.backend.generators([(0, 0), (0, 1)])
    x = np.ones((2, 100_000), np.float32)
    y = dropout.forward(x)
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs(np.count_nonzero(y) / y.size - 0.75) < 5 * (0.75 * 0.25 / y.size) ** 0.5
    assert np.array_equal(dropout.backward(x), y)


@pytest.mark.parametrize("rate", [0.0, 0.25])
def test_dropout_without_rate_or_streams_is_the_identity(rate: float, cpu: Backend, rng: np.random.Generator) -> None:
    """At rate 0, and while it is off, it returns what it was given; so does its backward."""
    layer = Dropout("dropout", rate, Workspace(cpu))
    layer.workspace.generators = layer.backend.generators([(1,)]) if rate == 0 else None
    x, dy = rng.standard_normal((2, 4, 8))
    assert layer.forward(x) is x
    assert layer.backward(dy) is dy


def test_dropout_turned_off_forgets_its_last_mask(dropout: Dropout) -> None:
    """An evaluation after a training step does not meet that step's mask."""
    x = np.ones((1, 64), np.float32)
    dropout.workspace.generators = dropout.backend.generators([(1,)])
    assert (dropout.forward(x) == 0).any()
    dropout.workspace.generators = None
    assert dropout.forward(x) is x
    assert dropout.backward(x) is x


def test_dropout_of_a_sequence_does_not_depend_on_its_neighbours(dropout: Dropout) -> None:
    """The same stream drops the same units alone and in company; another stream others."""
    x = np.ones((3 * 5, 8), np.float32)
    dropout.workspace.generators = dropout.backend.generators([(9, 0), (9, 1), (9, 2)])
    together = dropout.forward(x).reshape(3, 40).copy()
    dropout.workspace.generators = dropout.backend.generators([(9, 1)])
    alone = dropout.forward(x[:5]).reshape(40)
    assert np.array_equal(together[1], alone)
    assert not np.array_equal(together[0], together[1])


def test_dropout_draws_anew_in_a_step_and_repeats_with_the_step(dropout: Dropout) -> None:
    """The draws of one step differ from each other; the same step again makes the same draws."""
    x = np.ones((1, 64), np.float32)
    rounds = []
    for _ in range(2):
        dropout.workspace.generators = dropout.backend.generators([(3, 4)])
        rounds.append([dropout.forward(x).copy() for _ in range(2)])
    assert not np.array_equal(rounds[0][0], rounds[0][1])
    assert np.array_equal(rounds[0], rounds[1])
