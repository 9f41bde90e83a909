"""Generation in compiled loops: a row at a time, the same scores as NumPy's."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from fast_pairs import COMPILED, NUMPY, TYPES, same
from hypothesis import given
from hypothesis import strategies as st

from minigpt import attention
from minigpt.backend import Array, Backend
from minigpt.config import ModelConfig
from minigpt.fast import decoding
from minigpt.generate import Predictor
from minigpt.model import GPT, new_parameters
from minigpt.threads import Workers


@pytest.mark.parametrize("dtype", TYPES)
@given(C_in=st.integers(1, 70), C_out=st.integers(1, 70), seed=st.integers(0, 99))
def test_a_row_times_a_matrix_is_numpys(C_in: int, C_out: int, seed: int, dtype: type) -> None:
    """Also for an odd number of rows, and for a single one."""
    rng = np.random.default_rng(seed)
    x, weight, bias = (rng.standard_normal(shape).astype(dtype) for shape in (C_in, (C_in, C_out), C_out))
    same(decoding.vector_times_matrix(x, weight, bias), x @ weight + bias, "y", size=C_in)


def network(backend: Backend, dtype: type, dropout: float = 0.0, V: int = 57, architecture: Any = "gpt1") -> GPT:
    config = ModelConfig(2, 3, 33, n_positions=24, vocab_size=V, dropout=dropout, architecture=architecture)
    parameters = new_parameters(config, backend, dtype)
    parameters.values[...] = np.random.default_rng(1).standard_normal(parameters.n) / 3
    return GPT(parameters)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several threads share the small matrices of these tests: 57 rows, a few at a time."""
    monkeypatch.setattr(decoding, "LARGE", 0)
    monkeypatch.setattr(decoding, "PART", 700)
    monkeypatch.setattr(decoding, "usable_cores", lambda: 3)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("V", [1, 2, 3, 57])
def test_logits_are_those_of_the_base_class(V: int, n: int, dtype: type) -> None:
    hidden = np.random.default_rng(2).standard_normal((n, 33)).astype(dtype)
    wanted, got = (network(backend, dtype, V=V).logits(hidden) for backend in (NUMPY, COMPILED))
    same(got, wanted, "logits")


@pytest.mark.parametrize("dtype", TYPES)
def test_several_threads_compute_the_same_bits(dtype: type, request: pytest.FixtureRequest) -> None:
    """Whichever thread takes which part; each result is the caller's own."""
    rows = np.random.default_rng(2).standard_normal((200, 1, 33)).astype(dtype)
    alone = network(COMPILED, dtype)
    wanted = [alone.logits(row) for row in rows]
    assert alone.readers is None
    request.getfixturevalue("shared")
    model = network(COMPILED, dtype)
    found = [model.logits(row) for row in rows]
    assert model.readers is not None
    assert len(model.readers._threads) == 2
    assert np.array_equal(found, wanted)


def test_threads_that_do_not_come_are_not_waited_for(request: pytest.FixtureRequest) -> None:
    model, busy, leave = network(COMPILED, np.float32), threading.Barrier(3, timeout=10), threading.Event()
    hidden = np.ones((1, 33), np.float32)
    wanted = model.logits(hidden)  # by one thread
    request.getfixturevalue("shared")
    model.readers = Workers(2)
    model.readers.offer(lambda: busy.wait() + leave.wait(10))
    busy.wait()
    for _ in range(5):
        assert np.array_equal(model.logits(hidden), wanted)
    leave.set()


def test_a_thread_that_loses_its_core_amid_a_part_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """What it writes later is in nobody's result."""
    model, compute, caller = network(COMPILED, np.float32), decoding.matrix_times_vector, threading.get_ident()
    meeting, leave, ended, met = threading.Barrier(3, timeout=10), threading.Event(), threading.Semaphore(0), set[int]()
    hidden = np.ones((1, 33), np.float32)
    wanted = model.logits(hidden)  # by one thread
    request.getfixturevalue("shared")

    def delayed(*arguments: Array) -> None:
        me = threading.get_ident()
        if me not in met:
            met.add(me)
            meeting.wait()  # each of the three has begun a part
        if me != caller:
            leave.wait(10)
        compute(*arguments)
        if me != caller:
            ended.release()

    monkeypatch.setattr(decoding, "matrix_times_vector", delayed)
    got = model.logits(hidden)
    hidden[:] = 7  # its memory is used again, for the next token
    leave.set()
    assert ended.acquire(timeout=10) and ended.acquire(timeout=10)
    assert np.array_equal(got, wanted)


@pytest.mark.usefixtures("shared")
def test_several_models_in_several_threads_compute_what_each_computes_alone() -> None:
    def scores(seed: int) -> list[np.ndarray]:
        ids = np.random.default_rng(seed).integers(0, 57, 40).tolist()
        predictor = Predictor(network(COMPILED, np.float32), 24)
        return [predictor.logits(ids[:n]) for n in range(1, 40)]

    wanted = [scores(seed) for seed in range(4)]
    with closing(Workers(4)) as workers:
        assert np.array_equal(workers.map(scores, range(4)), wanted)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("architecture", ["gpt1", "gpt2"])
@pytest.mark.parametrize("prompt", [1, 5, 24, 30])
def test_a_text_beyond_the_window_gets_the_same_scores(
    prompt: int, architecture: str, dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read at once, token by token, and again after the window has moved; also in the middle of a training, whose dropout is off then."""
    monkeypatch.setattr(attention, "FIRST_ROOM", 3)  # a cache grows on the way
    ids, found = list(np.random.default_rng(3).integers(0, 57, 60)), []
    for backend in (NUMPY, COMPILED):
        model = network(backend, dtype, dropout=0.5, architecture=architecture)
        model.workspace.generators = backend.generators([(0,)])
        predictor = Predictor(model, 24)
        found.append([predictor.logits(ids[:n]) for n in range(prompt, 60)])
    for wanted, got in zip(*found, strict=True):
        same(got, wanted, "scores")
