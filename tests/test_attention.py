"""Attention: who sees whom, what is computed, and that tiles and the cache change nothing."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from minigpt.attention import Attention, Cache
from minigpt.backend import Backend, Workspace
from minigpt.config import ModelConfig
from minigpt.model import new_parameters

B, T = 2, 11


def make(config: ModelConfig, backend: Backend, tile: int, dtype: type = np.float64) -> Attention:
    """The attention of block 1, with random parameters that depend on nothing."""
    parameters = new_parameters(config, backend, dtype)
    parameters.values[...] = np.random.default_rng(2).standard_normal(parameters.n)
    return Attention("transformer.h.1.attn", parameters, Workspace(backend, dtype), 1, tile)


@pytest.mark.parametrize("tile", [1, 4, 128])
@pytest.mark.parametrize("t", [0, 3, 4, 10])
def test_a_changed_token_leaves_everything_before_it_alone(
    tile: int, t: int, tiny: ModelConfig, cpu: Backend, rng: np.random.Generator
) -> None:
    """Outputs before t are the same to the bit, that at t is not; the other sequence sees nothing."""
    attention = make(tiny, cpu, tile, np.float32)
    x = rng.standard_normal((B, T, tiny.n_embd)).astype(np.float32)
    before = attention.forward(x.reshape(B * T, -1), B).reshape(B, T, -1).copy()
    x[0, t] += 100
    after = attention.forward(x.reshape(B * T, -1), B).reshape(B, T, -1)
    assert np.array_equal(after[0, :t], before[0, :t])
    assert np.array_equal(after[1], before[1])
    assert not np.isclose(after[0, t:], before[0, t:]).all(axis=1).any()


def test_attention_without_preference_is_the_mean_of_the_past(tiny: ModelConfig, cpu: Backend, rng: np.random.Generator) -> None:
    """Zero queries and keys weigh all positions seen alike: with identities around, the output is the running mean of the input."""
    attention = make(tiny, cpu, 4)
    C = tiny.n_embd
    for parameter in (attention.project_in.weight, attention.project_in.bias, attention.project_out.weight, attention.project_out.bias):
        parameter.value[...] = 0
    attention.project_in.weight.value[:, 2 * C :] = np.eye(C)
    attention.project_out.weight.value[...] = np.eye(C)
    x = rng.standard_normal((B, T, C))
    y = attention.forward(x.reshape(B * T, C), B).reshape(B, T, C)
    np.testing.assert_allclose(y, np.cumsum(x, axis=1) / np.arange(1, T + 1)[:, None], rtol=1e-12, atol=1e-14)


def test_attention_is_the_plain_formula(tiny: ModelConfig, cpu: Backend, rng: np.random.Generator) -> None:
    """softmax(q k^T / sqrt(D) + mask) v, head by head, with the projections in transformers' order q, k, v."""
    attention = make(tiny, cpu, 4)
    H, D = tiny.n_head, tiny.head_size
    x = rng.standard_normal((T, tiny.n_embd))
    q, k, v = np.split(x @ attention.project_in.weight.value + attention.project_in.bias.value, 3, axis=1)
    heads = []
    for h in range(H):
        at = slice(h * D, (h + 1) * D)
        weights = np.exp(q[:, at] @ k[:, at].T / np.sqrt(D)) * np.tri(T)
        heads.append(weights / weights.sum(axis=1, keepdims=True) @ v[:, at])
    expected = np.concatenate(heads, axis=1) @ attention.project_out.weight.value + attention.project_out.bias.value
    np.testing.assert_allclose(attention.forward(x, 1), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("tile", [1, 3, 10, 11])
@pytest.mark.parametrize("dropout", [False, True])
def test_tiles_change_neither_outputs_nor_gradients(
    tile: int, dropout: bool, tiny_dropout: ModelConfig, cpu: Backend, rng: np.random.Generator
) -> None:
    """Any tile gives what one tile over everything gives, in both directions, dropout included."""
    x, dy = rng.standard_normal((2, B * T, tiny_dropout.n_embd))
    found = []
    for size in (128, tile):
        attention = make(tiny_dropout, cpu, size)
        attention.workspace.generators = cpu.generators([(1,), (2,)]) if dropout else None
        y = attention.forward(x, B).copy()
        dx = attention.backward(dy).copy()
        found.append((y, dx, attention.project_in.weight.grad.copy(), attention.project_out.weight.grad.copy()))
    for whole, tiled in zip(*found, strict=True):
        np.testing.assert_allclose(tiled, whole, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("lengths", [[T], [1] * T, [4, 5, 2], [10, 1], [1, 10]], ids=str)
@pytest.mark.parametrize("tile", [3, 128])
def test_reading_in_parts_through_the_cache_equals_reading_at_once(
    lengths: list[int], tile: int, tiny: ModelConfig, cpu: Backend, rng: np.random.Generator
) -> None:
    """Whatever the parts and the tile, also with two sequences in the cache."""
    attention = make(tiny, cpu, tile)
    x = rng.standard_normal((B, T, tiny.n_embd))
    expected = attention.forward(x.reshape(B * T, -1), B).reshape(B, T, -1).copy()
    cache = Cache(tiny, attention.workspace, batch=B)
    for start, stop in pairwise(np.cumsum([0, *lengths]).tolist()):
        y = attention.forward(x[:, start:stop].reshape(B * (stop - start), -1), B, cache).reshape(B, stop - start, -1)
        cache.length += stop - start
        np.testing.assert_allclose(y, expected[:, start:stop], rtol=1e-9, atol=1e-12)
    assert not cache.keys[0].any()  # block 1 writes its own part alone
    assert cache.values[1, :, :, T - 1].all()


def test_attention_survives_scores_that_overflow_exp(tiny: ModelConfig, cpu: Backend, rng: np.random.Generator) -> None:
    """Scores of thousands choose one position instead of making NaN."""
    attention = make(tiny, cpu, 4, np.float32)
    y = attention.forward(100 * rng.standard_normal((T, tiny.n_embd)).astype(np.float32), 1)
    assert np.isfinite(y).all()
