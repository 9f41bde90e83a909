"""Which model of a host is taken, how many answers are asked of it at once, and when it repeats
itself."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from ollama_server import model

from minigpt.corpus.ollama.concurrency import Concurrency
from minigpt.corpus.ollama.limits import Missing
from minigpt.corpus.ollama.models import _model, choose
from minigpt.corpus.ollama.repetition import Repetition

GB = 10**9

# --- models


def test_the_largest_model_that_leaves_some_of_the_memory_is_taken_unless_it_is_huge() -> None:
    """An eight-billion-parameter model in five gigabytes is fine; one of twelve writes too slowly
    on most machines."""
    models = [_model(model(f"m{size}:latest", size=int(size * GB))) for size in (1, 2, 5, 8, 12)]

    def taken(memory: float) -> float:
        return choose(models, None, "", int(memory * GB)).size / GB

    assert taken(100) == 8
    assert taken(10) == 5
    assert taken(7) == 2
    assert "too large for" in models[2].line(7 * GB)
    assert "too large for" not in models[2].line(10 * GB)
    with pytest.raises(Missing):
        choose(models, "other", "", None)


# --- concurrency


class Host:
    """A gauge on a host that answers at a speed, in a time that passes as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        self.gauge = Concurrency(32)

    def serve(self, rate: float, pieces: int, streams: int | None = None) -> int:
        """As many answers as it may stream at once, so many pieces each at a rate in all; the limit
        afterwards."""
        streams = streams or self.gauge.limit
        for _ in range(streams):
            self.gauge.started()
        for _ in range(pieces * streams):
            self.now += 1 / rate
            self.gauge.chunk()
        for _ in range(streams):
            self.gauge.ended(True)
        return self.gauge.limit


def test_a_host_is_asked_for_a_few_answers_at_first() -> None:
    assert 2 <= Concurrency(32).limit <= 8
    assert Concurrency(1).limit == 1


@pytest.mark.parametrize(("growth", "kept"), [(1.05, 4), (1.3, 8), (1.8, 8)])
def test_twice_as_many_requests_stay_where_they_bring_more(
    monkeypatch: pytest.MonkeyPatch,
    growth: float,
    kept: int,
) -> None:
    """And a level is judged by some pieces of every stream: not by three, but by twenty."""
    host = Host(monkeypatch)
    assert host.serve(100, 3) == 4
    assert host.serve(100, 20) == 8
    assert host.serve(100 * growth, 20) == (kept if kept == 4 else 16)
    assert host.gauge.settled == (kept == 4)


@pytest.mark.parametrize(("waited", "limit"), [(0.3, 4), (0.8, 3)])
def test_who_waits_long_for_a_first_piece_stood_in_a_queue(
    monkeypatch: pytest.MonkeyPatch,
    waited: float,
    limit: int,
) -> None:
    """Two streamed at the same time at most: that is what the host serves, and one more waits."""
    gauge = Host(monkeypatch).gauge
    gauge.started()
    gauge.started()
    gauge.ended(True, waited * 10, 10.0)
    assert gauge.limit == limit


# --- repetition


def test_a_teacher_that_repeats_itself_is_heated_in_small_steps_to_a_bound() -> None:
    """Every window of answers; above 1.2 small models lose their thread."""
    variety, temperatures = Repetition(20), [0.8]
    for number in range(400):
        variety.admit("always the same four words and more of them")
        if variety.adapt():
            temperatures.append(variety.temperature)
        assert variety.repeated() <= 1 and number < 400
    steps = [b - a for a, b in pairwise(temperatures)]
    assert all(0.05 <= step <= 0.2 for step in steps if step)
    assert steps[-1] == 0
    assert 1.1 <= temperatures[-1] <= 1.3


def test_beginnings_that_are_to_be_avoided_are_a_few_words_long() -> None:
    variety = Repetition(20)
    variety.admit("Once upon a time there was a miller who had three sons")
    assert 3 <= len(variety.openings[0].split()) <= 6


def test_a_teacher_is_compared_with_ten_thousands_of_its_documents() -> None:
    """In a few megabytes: 200 bytes each."""
    assert 30_000 < Repetition(20)._near.remembered < 150_000
