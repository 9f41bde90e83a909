"""The compiled kernels one by one: dropout's random bits, the optimizer, and where numbers end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
import pytest
from fast_pairs import COMPILED, NUMPY, RATES, TYPES, Poisoned, same
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.backend import Array, Workspace
from minigpt.config import ModelConfig, TrainConfig
from minigpt.fast import chains, layers
from minigpt.fast.layers import random_bits
from minigpt.layers import Dropout, Gelu
from minigpt.loss import Shard
from minigpt.model import new_parameters
from minigpt.optim import AdamW, add_up
from minigpt.params import EMBEDDING
from minigpt.threads import Workers

# --- dropout's random numbers


@given(words=st.lists(st.integers(0, 70), min_size=1, max_size=4), seed=st.integers(0, 2**64))
def test_random_bits_are_those_of_numpys_generator_which_moves_on(words: list[int], seed: int) -> None:
    ours, numpys = (np.random.Generator(np.random.SFC64(seed)) for _ in range(2))
    for n in words:
        state, bits = ours.bit_generator.state, np.empty(n, np.uint64)
        chains.draw(state["state"]["state"], bits)
        ours.bit_generator.state = state
        np.testing.assert_array_equal(bits, numpys.integers(2**64 - 1, size=n, dtype=np.uint64, endpoint=True))
        assert str(ours.bit_generator.state) == str(numpys.bit_generator.state)
    assert ours.random() == numpys.random()


@settings(max_examples=40)
@given(B=st.integers(1, 3), size=st.integers(1, 70), rate=st.sampled_from(RATES[1:]), dtype=st.sampled_from(TYPES))
def test_a_mask_is_that_of_the_base_class_and_a_sequences_own(B: int, size: int, rate: float, dtype: type) -> None:
    """To the bit, also where a sequence is computed alone; and the generators end where the base class leaves them."""
    masks, generators = [], []
    for backend in (NUMPY, COMPILED):
        dropout = Dropout("dropout", rate, Poisoned(backend, dtype))
        dropout.workspace.generators = backend.generators([(7, b) for b in range(B)])
        masks.append(dropout.forward(np.ones((B * size, 1), dtype)).copy())
        generators += [dropout.workspace.generators]
    np.testing.assert_array_equal(masks[1], masks[0])
    assert {str(g.bit_generator.state) for g in generators[0]} == {str(g.bit_generator.state) for g in generators[1]}
    for b in range(B):
        dropout.workspace.generators = COMPILED.generators([(7, b)])
        np.testing.assert_array_equal(dropout.forward(np.ones((size, 1), dtype)), masks[0][b * size : (b + 1) * size])


def test_without_generators_nothing_is_drawn() -> None:
    dropout = Dropout("dropout", 0.5, Workspace(COMPILED))
    assert random_bits(dropout, 3, 5) == (None, layers.OFF)
    x = np.ones((3, 5), np.float32)
    assert dropout.forward(x) is x and dropout.backward(x) is x


# --- where numbers end


@chains.compiled
def exponentials_of(x: Array, y: Array) -> None:
    for i in range(x.size):
        y[i] = chains.exponential(x[i])


def test_the_exponential_is_within_two_units_in_the_last_place_over_all_of_float32() -> None:
    x = np.arange(0, 2**32, 4099, dtype=np.uint64).astype(np.uint32).view(np.float32)
    x = np.concatenate([x, np.linspace(-90, 90, 1_000_001, dtype=np.float32), np.array([np.inf, -np.inf, np.nan], np.float32)])
    y = np.full_like(x, np.nan)
    exponentials_of(x, y)
    with np.errstate(all="ignore"):
        wanted = np.exp(x.astype(np.float64))
    np.testing.assert_array_equal(np.isnan(y), np.isnan(x))
    assert np.all(y[x < chains.LOWEST] == 0) and wanted[x < chains.LOWEST].max() < 1.3e-38
    assert np.all(np.isposinf(y[x > chains.HIGHEST])) and wanted[x > chains.HIGHEST].min() > 2e38
    within = (x >= chains.LOWEST) & (x <= chains.HIGHEST)
    assert np.abs((y[within] - wanted[within]) / np.spacing(wanted[within].astype(np.float32))).max() < 2


@pytest.mark.parametrize("dtype", TYPES)
def test_gelu_at_the_ends_is_its_base_class(dtype: type) -> None:
    ends = [0, 1e-30, 6, 9, 13, 1e4, 1e13, 1e20, 3e38, np.inf]
    x = np.array([*ends, *(-end for end in ends), np.nan], dtype)[:, None]
    results = []
    for backend in (NUMPY, COMPILED):
        gelu = Gelu("gelu", Poisoned(backend, dtype))
        with np.errstate(all="ignore"):
            results.append((gelu.forward(x).copy(), gelu.backward(np.ones_like(x)).copy()))
    for got, wanted in zip(results[1], results[0], strict=True):
        for i in range(len(x)):
            same(got[i], wanted[i], f"at {x[i]}", 1e-30)


@pytest.mark.parametrize("dtype", TYPES)
def test_logits_that_are_infinite_or_no_numbers_are_treated_as_by_the_base_class(dtype: type) -> None:
    inf, nan = np.inf, np.nan
    rows = np.array(
        [[-inf, 0, 1, 1e4], [-1e4, 1e4, -inf, 2], [-inf, -inf, -inf, -inf], [inf, 0, 1, 2], [0, nan, 1, 2], [nan, 0, 1, 2]], dtype
    )
    results = []
    for backend in (NUMPY, COMPILED):
        shard = Shard(slice(0, 4), new_parameters(ModelConfig(1, 1, 1, 2, 4), backend, dtype)[EMBEDDING], Workspace(backend, dtype))
        x, maxima, sums = rows.copy(), np.full(6, nan, dtype), np.full(6, nan, dtype)
        with np.errstate(all="ignore"):
            shard.exponentials(x, maxima, sums)
        results.append((x[:3], maxima[:4], sums))
    for got, wanted in zip(results[1], results[0], strict=True):
        same(got, wanted, "exponentials, maxima, sums")


# --- the optimizer


def pieces_of(n: int, cuts: Sequence[int]) -> list[slice]:
    """Slices over n elements, cut anywhere."""
    return [slice(a, b) for a, b in pairwise(sorted({0, n, *(cut % (n + 1) for cut in cuts)}))]


def in_threads(work: Any, pieces: list[slice], split: int, *rest: Any) -> list[Any]:
    """The same pieces over two threads."""
    workers, runs = Workers(2), [pieces[:split], pieces[split:]]
    try:
        return workers.map(work, runs, *([argument] * 2 for argument in rest))
    finally:
        workers.close()


CUTS = st.lists(st.integers(0, 2**16), max_size=5)


@settings(max_examples=60)
@given(
    cuts=CUTS,
    split=st.integers(0, 6),
    betas=st.tuples(st.sampled_from([0.0, 0.9]), st.sampled_from([0.5, 0.999])),
    epsilon=st.sampled_from([0.0, 1e-8, 0.1]),
    clip_norm=st.sampled_from([0.0, 1.0, 1e30]),
    decay=st.sampled_from([0.0, 0.01, 5.0]),
    power=st.sampled_from([-12, -3, 0, 5, 19, 20]),
    dtype=st.sampled_from(TYPES),
)
def test_an_update_is_its_base_class_and_the_same_to_the_bit_over_two_threads(
    cuts: list[int],
    split: int,
    betas: tuple[float, float],
    epsilon: float,
    clip_norm: float,
    decay: float,
    power: int,
    dtype: type,
) -> None:
    """Three updates, in pieces that may end on both sides of where weight decay ends; gradients up to 1e20."""
    rate = {"learning_rate": 0.1, "warmup_steps": 2, "clip_norm": clip_norm, "weight_decay": decay, "epsilon": epsilon}
    config = TrainConfig(beta1=betas[0], beta2=betas[1], **rate)
    states = []
    for backend, threads in ((NUMPY, False), (COMPILED, False), (COMPILED, True)):
        rng, parameters = np.random.default_rng(power + 12), new_parameters(ModelConfig(1, 1, 3, 4, 5), backend, dtype)
        assert 0 < parameters.n_decayed < parameters.n
        parameters.values[...] = rng.standard_normal(parameters.n)
        optimizer, pieces = AdamW(parameters, config), pieces_of(parameters.n, [*cuts, parameters.n_decayed + split - 3])
        assert type(optimizer) is backend.fast(AdamW)
        with np.errstate(all="ignore"):
            for optimizer.step in range(1, 4):
                gradient = (rng.standard_normal(parameters.n) * 10.0**power).astype(dtype)
                gradient[::7] = 0
                norm = float(np.sqrt((gradient.astype(np.float64) ** 2).sum()))
                if threads:
                    in_threads(optimizer.update, pieces, split, gradient, norm)
                else:
                    optimizer.update(pieces, gradient, norm)
        states.append((parameters.values, optimizer.arrays["m"], optimizer.arrays["v"]))
    for numpys, ours, threaded in zip(*states, strict=True):
        same(ours, numpys, "values, m, v")
        np.testing.assert_array_equal(threaded, ours)


@settings(max_examples=60)
@given(
    n=st.integers(1, 9000),
    cuts=CUTS,
    split=st.integers(0, 6),
    missing=st.lists(st.integers(0, 9000), max_size=2),
    power=st.sampled_from([-10, 0, 15, 20]),
    dtype=st.sampled_from(TYPES),
)
def test_gradients_add_up_as_in_the_base_function_and_the_same_to_the_bit_over_two_threads(
    n: int, cuts: list[int], split: int, missing: list[int], power: int, dtype: type
) -> None:
    """Those of one, two or three workers, of which the first alone has the shared elements. Squares may be infinite."""
    results, pieces = [], pieces_of(n, cuts)
    for add, threads in ((add_up, False), (COMPILED.fast(add_up), False), (COMPILED.fast(add_up), True)):
        rng = np.random.default_rng(n)
        others = [n - min(n, lacks) for lacks in missing]
        gradients = [(rng.standard_normal(size) * 10.0**power).astype(dtype) for size in (n, *others)]
        kept = [gradient.copy() for gradient in gradients[1:]]
        with np.errstate(all="ignore"):
            squares = list(chain(*in_threads(add, pieces, split, gradients))) if threads else add(pieces, gradients)
        assert len(squares) == len(pieces) and all(type(square) is float for square in squares)
        results.append((np.array(squares, dtype), gradients[0]))
        for gradient, before in zip(gradients[1:], kept, strict=True):
            np.testing.assert_array_equal(gradient, before)
    for numpys, ours, threaded in zip(*results, strict=True):
        same(ours, numpys, "squares, sums")
        np.testing.assert_array_equal(threaded, ours)
