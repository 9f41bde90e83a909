"""Windows over a stream: what is used, how often, in which order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.errors import MinigptError
from minigpt.training import HeldOut, Windows

lengths, contexts, sizes = st.integers(2, 200), st.integers(1, 40), st.integers(1, 9)


def epoch(windows: Windows, number: int) -> tuple[np.ndarray, np.ndarray]:
    """All windows of an epoch below each other: x and y (W, T)."""
    batches = list(windows.epoch(number))
    assert len(batches) == windows.steps
    assert all(len(x) == windows.batch_size for x, _ in batches[:-1])
    return np.concatenate([x for x, _ in batches]), np.concatenate([y for _, y in batches])


@given(n=lengths, context=contexts, batch_size=sizes, number=st.integers(0, 5))
def test_an_epoch_uses_no_token_twice(n: int, context: int, batch_size: int, number: int) -> None:
    """Windows do not overlap and leave out less than one window; with the ids 0 to n - 1, a token is its own place."""
    windows = Windows(np.arange(n), context, batch_size, seed=7)
    x, _ = epoch(windows, number)
    assert x.shape == (n // min(context, n), min(context, n))
    assert len(np.unique(x)) == x.size > n - windows.context


@given(n=lengths, context=contexts, batch_size=sizes, number=st.integers(0, 5))
def test_y_is_x_shifted_by_one_on_the_ring(n: int, context: int, batch_size: int, number: int) -> None:
    """Behind the last token comes the first."""
    x, y = epoch(Windows(np.arange(n), context, batch_size, seed=7), number)
    assert np.array_equal(y, (x + 1) % n)
    assert np.array_equal(x, (x[:, :1] + np.arange(x.shape[1])) % n)


def test_epochs_differ_in_order_and_in_offset() -> None:
    """A window starts elsewhere each time, so that no token is always the first."""
    windows = Windows(np.arange(1000), 10, 4, seed=0)
    firsts = [epoch(windows, number)[0][:, 0] for number in range(20)]
    assert all(not np.array_equal(a, b) for a, b in itertools.pairwise(firsts))
    assert len({int(first[0]) % 10 for first in firsts}) > 5
    assert all(not np.array_equal(first, np.sort(first)) for first in firsts)


def test_an_epoch_depends_on_the_seed_and_its_number_alone() -> None:
    """Asked twice, in any order, half read before, from a new object: the same. With another seed: another."""
    ids = np.arange(300)
    windows = Windows(ids, 8, 3, seed=5)
    third = epoch(windows, 3)
    next(windows.epoch(1))
    assert np.array_equal(epoch(windows, 3), third)
    assert np.array_equal(epoch(Windows(ids, 8, 3, seed=5), 3), third)
    assert not np.array_equal(epoch(Windows(ids, 8, 3, seed=6), 3), third)
    assert np.array_equal(epoch(Windows(ids, 8, 5, seed=5), 3), third)  # the batch size cuts, it does not shuffle


def test_a_corpus_shorter_than_a_window_makes_one_window() -> None:
    """Of its own length, each token once."""
    windows = Windows(np.array([5, 6, 7]), 100, 8, seed=0)
    assert (windows.context, windows.n_windows, windows.steps) == (3, 1, 1)
    x, y = epoch(windows, 0)
    assert sorted(x[0]) == sorted(y[0]) == [5, 6, 7]


@pytest.mark.parametrize(("n", "tokens"), [(0, "0 tokens"), (1, "1 token")])
def test_a_corpus_without_a_next_token_is_refused(n: int, tokens: str) -> None:
    """Two tokens are the least."""
    with pytest.raises(MinigptError, match=f"a corpus of {tokens} is too short to learn from; it takes at least two"):
        Windows(np.zeros(n, np.int32), 8, 1, seed=0)


@given(n=st.integers(0, 200), context=contexts, batch_size=sizes)
def test_every_held_out_token_is_a_target_once(n: int, context: int, batch_size: int) -> None:
    """In order, the first one after end-of-text; each target's input is the token before it; no batch is larger than asked."""
    ids, end = np.arange(n, dtype=np.int32), 9_999
    batches = list(HeldOut(ids, context, batch_size, end))
    targets = np.concatenate([y.reshape(-1) for _, y in batches]) if batches else np.zeros(0)
    inputs = np.concatenate([x.reshape(-1) for x, _ in batches]) if batches else np.zeros(0)
    assert np.array_equal(targets, ids)
    assert np.array_equal(inputs, [end, *range(n - 1)][:n])
    assert all(x.shape == y.shape and len(x) <= batch_size and x.shape[1] <= context for x, y in batches)
