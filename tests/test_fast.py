"""Every compiled layer has the results of its base class in NumPy: in every shape, whatever its memory held."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fast_pairs import COMPILED, NUMPY, RATES, TYPES, Poisoned, same
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.attention import Attention, Cache
from minigpt.backend import Array, Backend
from minigpt.config import ModelConfig
from minigpt.fast import heads, layers
from minigpt.layers import Dropout, Gelu, Layer, LayerNorm
from minigpt.loss import CrossEntropy, Shard
from minigpt.model import GPT, new_parameters
from minigpt.params import EMBEDDING

KINDS = {LayerNorm: layers.LayerNorm, Gelu: layers.Gelu, Dropout: layers.Dropout, Attention: layers.Attention}
EDGES = [1, 3, 4, 63, 64, 65, 130]  # of groups of rows and of tiles


@dataclass(frozen=True)
class Shape:
    """What a layer is given."""

    B: int
    T: int
    H: int
    D: int
    dropout: float
    gift: bool
    view: bool  # not in C order
    seed: int

    def config(self) -> ModelConfig:
        return ModelConfig(1, self.H, self.H * self.D, max(self.T, 2), vocab_size=3, dropout=self.dropout)


def shapes(T: st.SearchStrategy[int]) -> st.SearchStrategy[Shape]:
    widths = st.sampled_from([1, 2, 3, 5, 31, 32, 61, 64, 65, 80])
    return st.builds(
        Shape, st.integers(1, 3), T, st.integers(1, 3), widths, st.sampled_from(RATES), st.booleans(), st.booleans(), st.integers(0, 999)
    )


def build(kind: Any, shape: Shape, backend: Backend, dtype: type) -> tuple[Any, Any]:
    """A layer with random parameters, and gradients that hold something already."""
    rng, config = np.random.default_rng(shape.seed), shape.config()
    parameters, workspace = new_parameters(config, backend, dtype), Poisoned(backend, dtype)
    parameters.values[...] = rng.standard_normal(parameters.n) * 1.5 / config.n_embd**0.5
    parameters.gradients[...] = rng.standard_normal(parameters.n)
    if kind is LayerNorm:
        return LayerNorm("transformer.h.0.ln_1", parameters, workspace), parameters
    if kind is Attention:
        return Attention("transformer.h.0.attn", parameters, workspace), parameters
    return Gelu("gelu", workspace) if kind is Gelu else Dropout("dropout", shape.dropout, workspace), parameters


def numbers(shape: Shape, N: int, dtype: type, rng: np.random.Generator) -> Array:
    """Random hidden states (N, C)."""
    C = shape.H * shape.D
    return rng.standard_normal((N, 2 * C)).astype(dtype)[:, C:] if shape.view else rng.standard_normal((N, C)).astype(dtype)


def outcome(kind: Any, shape: Shape, backend: Backend, dtype: type) -> dict[str, Array]:
    """What a layer computes for a batch, and then for a smaller one in the same memory. Loans stay as they are."""
    layer, parameters = build(kind, shape, backend, dtype)
    assert type(layer) is backend.fast(kind)
    rng, found = np.random.default_rng(shape.seed + 1), {}
    for B in (shape.B + 1, shape.B):
        layer.workspace.generators = backend.generators([(shape.seed, b) for b in range(B)])
        x, dy = (numbers(shape, B * shape.T, dtype, rng) for _ in range(2))
        lent = x.copy(), dy.copy()
        given_away = {"gift": True} if shape.gift and kind is not Attention else {}
        y = layer.forward(x, *([B] if kind is Attention else []), **given_away)
        found[f"y of {B}"] = y.copy()
        if y is not x:
            y[...] = np.nan  # it is the caller's
        found[f"dx of {B}"] = layer.backward(dy).copy()
        if not given_away:
            np.testing.assert_array_equal(x, lent[0])
        np.testing.assert_array_equal(dy, lent[1])
    return found | {"gradients": parameters.gradients.copy()}


def compare(kind: Any, shape: Shape, dtype: type) -> None:
    wanted, got = (outcome(kind, shape, backend, dtype) for backend in (NUMPY, COMPILED))
    # The input gradient of a norm is a difference, in narrow rows of numbers that nearly cancel.
    size = 300 * (shape.H * shape.D < 9) if kind is LayerNorm else 0
    for name, array in wanted.items():
        same(got[name], array, f"{name}: {shape}", size if name.startswith("dx") else 0)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_its_base_class(kind: Any, dtype: type) -> None:
    @settings(max_examples=25)
    @given(shapes(st.sampled_from(EDGES) | st.integers(1, 200)))
    def check(shape: Shape) -> None:
        compare(kind, shape, dtype)

    check()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("T", EDGES)
def test_attention_at_the_ends_of_its_tiles_is_its_base_class(T: int, dtype: type) -> None:
    @settings(max_examples=6)
    @given(shapes(st.just(T)))
    def check(shape: Shape) -> None:
        compare(Attention, shape, dtype)

    check()


def test_attention_takes_scores_whose_exponentials_are_no_numbers() -> None:
    """Their maximum cancels out: what stands out takes all the weight."""
    results = []
    for backend in (NUMPY, COMPILED):
        layer, parameters = build(Attention, Shape(2, 70, 2, 4, 0.3, False, False, 0), backend, np.float64)
        layer.workspace.generators = backend.generators([(0,), (1,)])
        x = 60 * np.random.default_rng(0).standard_normal((140, 8))
        results.append((layer.forward(x, 2).copy(), layer.backward(np.cos(x)).copy(), parameters.gradients))
        assert np.abs(layer.qkv).max() ** 2 > 1e4  # exp(709) is the largest number
    for got, wanted in zip(results[1], results[0], strict=True):
        assert np.isfinite(wanted).all()
        same(got, wanted, "y, dx, gradients", 1e2 * np.abs(wanted).max())  # scores of thousands have fewer digits left


@pytest.mark.parametrize("D", [64, 65])
def test_wider_heads_are_left_to_the_base_class(D: int) -> None:
    layer, _ = build(Attention, Shape(1, 4, 2, D, 0.0, False, False, 0), COMPILED, np.float32)
    layer.forward(np.ones((4, 2 * D), np.float32), 1)
    assert layer.by_heads == (D <= heads.WIDTH)


def test_memory_that_a_kernel_takes_may_hold_anything() -> None:
    """The C library of Linux then fills what it hands out with bytes that are large numbers."""
    program = """if True:
        from test_fast import *
        for T, D, rate in ((1, 3, 0.0), (66, 5, 0.1), (130, 64, 0.5)):
            compare(Attention, Shape(2, T, 2, D, rate, False, False, T), np.float32)
        """
    environment = {**os.environ, "MALLOC_PERTURB_": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=Path(__file__).parent, check=True)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("D", [3, 64, 80])
def test_generation_with_a_cache_gives_the_same_states(D: int, dtype: type) -> None:
    """After a training step, whose dropout and saved arrays it must not see."""
    config = ModelConfig(2, 2, 2 * D, 150, vocab_size=11, dropout=0.3)
    ids = np.random.default_rng(0).integers(0, 11, (2, 140))
    states = []
    for backend in (NUMPY, COMPILED):
        parameters = new_parameters(config, backend, dtype)
        parameters.initialize(np.random.default_rng(1))
        model = GPT(parameters)
        model.workspace.generators = backend.generators([(0,), (1,)])
        model.backward(np.ones_like(model.forward(ids[:, :70])))
        model.workspace.generators = None
        cache, found = Cache(config, model.workspace, batch=2), []
        for start, end in ((0, 65), (65, 66), (66, 70), (70, 135), (135, 140)):
            found.append(model.forward(ids[:, start:end], cache).reshape(2, end - start, 2 * D).copy())
        states += [np.concatenate(found, axis=1), model.forward(ids).reshape(2, 140, 2 * D).copy()]
    for state in states[1:]:
        same(state, states[0], "hidden states")


# --- the loss


@pytest.mark.parametrize("dtype", TYPES)
@settings(max_examples=25)
@given(
    N=st.integers(1, 70),
    C=st.sampled_from([1, 5, 16]),
    V=st.integers(1, 200),
    cuts=st.tuples(st.integers(1, 40), st.integers(1, 3), st.integers(1, 90)),
    spread=st.sampled_from([0.1, 3.0, 60.0]),
)
def test_the_loss_is_its_base_class(N: int, C: int, V: int, cuts: tuple[int, int, int], spread: float, dtype: type) -> None:
    results = []
    for backend in (NUMPY, COMPILED):
        rng, config = np.random.default_rng(N), ModelConfig(1, 1, C, 2, V)
        parameters, workspace = new_parameters(config, backend, dtype), Poisoned(backend, dtype)
        parameters.values[...] = spread * rng.standard_normal(parameters.n)
        parameters.gradients[...] = rng.standard_normal(parameters.n)
        chunk, shards, block = cuts
        loss = CrossEntropy(parameters[EMBEDDING], workspace, None, chunk, shards, block)
        assert all(type(shard) is backend.fast(Shard) for shard in loss.shards)
        hidden, targets = rng.standard_normal((N, C)).astype(dtype), rng.integers(0, V, N)
        lent = hidden.copy()
        value, dhidden = loss.forward_backward(hidden, targets, 3 * N)
        np.testing.assert_array_equal(hidden, lent)
        results.append((dhidden.copy(), parameters.gradients.copy(), np.array([value, loss.forward(hidden, targets)], dtype)))
    # Where a prediction is certain and right, what is left of 1 - 1 is all there is.
    for got, wanted, size in zip(results[1], results[0], (spread / (3 * N), 0, spread), strict=True):
        same(got, wanted, "dhidden, gradients, loss", size)


@pytest.mark.parametrize("kind", [LayerNorm, Attention])
def test_what_is_no_number_stays_so(kind: Any) -> None:
    """In a norm its row alone; in attention all positions from there on, in its sequence alone."""
    for at in (0, 5, 64, 69):
        layer: Layer = build(kind, Shape(2, 70, 2, 4, 0.0, False, False, 0), COMPILED, np.float32)[0]
        x = np.random.default_rng(0).standard_normal((140, 8)).astype(np.float32)
        x[at, 3] = np.nan
        lost = np.isnan(layer.forward(x, *([2] if kind is Attention else []))).all(axis=1)
        assert lost[at] and not lost[70:].any()
        assert lost[at:70].all() if kind is Attention else lost.sum() == 1
        assert not lost[: at // 4 * 4].any()  # queries are taken four at a time
