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
def test_an_epoch_without_borders_uses_no_token_twice(n: int, context: int, batch_size: int, number: int) -> None:
    """Windows do not overlap and leave out less than one window; with the ids 0 to n - 1, a token is its own place."""
    windows = Windows(np.arange(n), context, batch_size, seed=7, end_of_text=n)
    x, _ = epoch(windows, number)
    assert x.shape == (n // min(context, n), min(context, n))
    assert len(np.unique(x)) == x.size > n - windows.context


@given(n=lengths, context=contexts, batch_size=sizes, number=st.integers(0, 5))
def test_y_is_x_shifted_by_one_on_the_ring(n: int, context: int, batch_size: int, number: int) -> None:
    """Behind the last token comes the first."""
    x, y = epoch(Windows(np.arange(n), context, batch_size, seed=7, end_of_text=n // 2), number)
    assert np.array_equal(y, (x + 1) % n)
    assert np.array_equal(x, (x[:, :1] + np.arange(x.shape[1])) % n)


def test_epochs_differ_in_order_and_in_offset() -> None:
    """A window starts elsewhere each time, so that no token is always the first."""
    windows = Windows(np.arange(1000), 10, 4, seed=0, end_of_text=1000)
    firsts = [epoch(windows, number)[0][:, 0] for number in range(20)]
    assert all(not np.array_equal(a, b) for a, b in itertools.pairwise(firsts))
    assert len({int(first[0]) % 10 for first in firsts}) > 5
    assert all(not np.array_equal(first, np.sort(first)) for first in firsts)


def test_an_epoch_depends_on_the_seed_and_its_number_alone() -> None:
    """Asked twice, in any order, half read before, from a new object: the same. With another seed: another."""
    ids = np.arange(300) % 10
    windows = Windows(ids, 8, 3, seed=5, end_of_text=9)
    for number in (2, 3):
        wanted = epoch(windows, number)
        next(windows.epoch(1))
        assert np.array_equal(epoch(windows, number), wanted)
        assert np.array_equal(epoch(Windows(ids, 8, 3, seed=5, end_of_text=9), number), wanted)
        assert not np.array_equal(epoch(Windows(ids, 8, 3, seed=6, end_of_text=9), number), wanted)
        assert np.array_equal(epoch(Windows(ids, 8, 5, seed=5, end_of_text=9), number), wanted)  # the batch size cuts, it does not shuffle


@st.composite
def streams(draw: st.DrawFn) -> np.ndarray:
    """Documents of any lengths, empty ones too, each closed by 0; other ids are places in the stream."""
    lengths = draw(st.lists(st.integers(0, 60), min_size=1, max_size=12))
    ids = np.arange(1, sum(lengths) + len(lengths) + 1)
    ids[np.cumsum([length + 1 for length in lengths]) - 1] = 0
    return ids


@given(ids=streams().filter(lambda ids: len(ids) >= 2), context=contexts, batch_size=sizes, number=st.integers(0, 5))
def test_half_of_the_windows_begin_where_documents_begin(ids: np.ndarray, context: int, batch_size: int, number: int) -> None:
    """Each document once at most; the other windows use no place twice."""
    windows = Windows(ids, context, batch_size, seed=3, end_of_text=0)
    places = np.arange(len(ids))  # in a stream of places, a window says where it was cut out
    borders = np.flatnonzero(ids == 0)
    windows.ids, windows.borders = places, borders
    x, _ = epoch(windows, number)
    wanted = min(len(borders), windows.n_windows // 2)
    begin = np.isin(x[:, 0], borders)
    assert begin.sum() >= wanted
    firsts, times = np.unique(x[:, 0], return_counts=True)
    assert times.max() <= 2 and set(firsts[times == 2]) <= set(borders)  # once as a document, once by chance


def test_windows_at_documents_and_windows_cut_anywhere_are_mixed() -> None:
    """In every epoch, in random order; over many epochs every document begins a window about as often as any other."""
    ids = np.where(np.arange(4000) % 20 == 19, 0, 1)
    windows = Windows(ids, 40, 10, seed=1, end_of_text=0)
    windows.ids = np.arange(4000)
    firsts = np.stack([epoch(windows, number)[0][:, 0] for number in range(40)])  # (epochs, windows)
    at = firsts % 20 == 19
    assert (at.sum(axis=1) >= 50).all() and 0.45 < at.mean() < 0.60  # some of the others begin there by chance
    assert 0.3 < at[:, :20].mean() < 0.75 and 0.3 < at[:, -20:].mean() < 0.75
    times = np.bincount(firsts[at], minlength=4000)[19::20]
    assert times.min() > 0 and times.max() < 30


def test_borders_are_found_in_every_part_of_a_long_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream is read in parts; a border may be the first or the last token of one."""
    monkeypatch.setattr("minigpt.training.PART", 7)
    ids = np.ones(40, np.uint16)
    ids[[0, 6, 7, 13, 14, 39]] = 0
    assert Windows(ids, 4, 1, seed=0, end_of_text=0).borders.tolist() == [0, 6, 7, 13, 14, 39]


def test_a_corpus_shorter_than_a_window_makes_one_window() -> None:
    """Of its own length, each token once."""
    windows = Windows(np.array([5, 6, 7]), 100, 8, seed=0, end_of_text=7)
    assert (windows.context, windows.n_windows, windows.steps) == (3, 1, 1)
    x, y = epoch(windows, 0)
    assert sorted(x[0]) == sorted(y[0]) == [5, 6, 7]


@pytest.mark.parametrize(("n", "tokens"), [(0, "0 tokens"), (1, "1 token")])
def test_a_corpus_without_a_next_token_is_refused(n: int, tokens: str) -> None:
    """Two tokens are the least."""
    with pytest.raises(MinigptError, match=f"a corpus of {tokens} is too short to train on; it takes at least two"):
        Windows(np.zeros(n, np.int32), 8, 1, seed=0, end_of_text=0)


@given(ends=st.lists(st.booleans(), max_size=200), context=contexts, batch_size=sizes)
def test_every_held_out_token_is_a_target_once(ends: list[bool], context: int, batch_size: int) -> None:
    """Each after the token before it, the first one after end-of-text; no batch is larger than asked."""
    n, end = len(ends), 9_999
    stream = np.where(ends, end, np.arange(n)).astype(np.int32)
    batches = list(HeldOut(stream, context, batch_size, end))
    assert all(x.shape == y.shape and 0 < len(x) <= batch_size and x.shape[1] <= context for x, y in batches)
    pairs = [pair for x, y in batches for pair in zip(x.reshape(-1), y.reshape(-1), strict=True)]
    assert sorted(pairs) == sorted(zip([end, *stream[:-1]][:n], stream, strict=True))


@given(ends=st.lists(st.booleans(), max_size=200), context=contexts, batch_size=sizes)
def test_each_held_out_document_is_read_from_its_beginning(ends: list[bool], context: int, batch_size: int) -> None:
    """No window holds two documents, and only the later windows of a long one begin within it."""
    end, after_end = 9_999, [True, *ends][: len(ends)]
    stream = np.where(ends, end, np.arange(len(ends))).astype(np.int32)
    rows = [row for x, _ in HeldOut(stream, context, batch_size, end) for row in x]
    assert all(end not in row[1:] for row in rows)
    assert sum(row[0] == end for row in rows) == sum(after_end)
