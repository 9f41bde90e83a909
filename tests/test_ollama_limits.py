"""Where the Ollama client draws its lines: what lies clearly on either side of each. No server answers here, except where one is named."""

from __future__ import annotations

import time
from dataclasses import asdict

import numpy as np
import pytest
from ollama_server import Reply, model, serve

from minigpt.corpus.ollama.answers import read_answer
from minigpt.corpus.ollama.client import Answer, Client, _answer, _parse
from minigpt.corpus.ollama.concurrency import Gauge
from minigpt.corpus.ollama.limits import Limits, Missing, OllamaError
from minigpt.corpus.ollama.models import _model, choose, unload
from minigpt.corpus.ollama.teacher import Question

QUESTION = Question("Write a short story about the sea and a lamp that nobody lights.", tokens=200)
GB = 10**9


def answer(text: str, done_reason: str = "stop", **more) -> Answer:
    usual = {"thinking": False, "finished": True, "eval_count": 50, "eval_seconds": 1.0, "waited": 0.1, "streamed": 1.0}
    return Answer(text=text, done_reason=done_reason, **usual | more)


def read(text: str, done_reason: str = "stop") -> tuple[str, str]:
    return read_answer(answer(text, done_reason), QUESTION)


def sentences(first: int, last: int) -> str:
    return " ".join(f"Day {i} brought {i * i} gulls and {i + 7} boats." for i in range(first, last))


# --- limits


SENSIBLE = {
    "connection": (3, 10), "first_byte": (301, 600), "between_chunks": (30, 120), "evaluation": (30, 120), "line_bytes": (2**19, 2**21),
    "answer_bytes": (2**22, 2**24), "patience": (200, 500), "budget": (8 * 3600, 24 * 3600), "in_flight": (16, 64), "slow_in_a_row": (2, 5),
    "useless_in_a_row": (10, 25), "repeat_window": (15, 40), "least_new": (1, 4), "answers": (4, 10), "report": (20, 60),
}  # fmt: skip


def test_limits_are_those_of_a_patient_person() -> None:
    """That each of them cuts is seen with shorter ones (test_ollama_protocol.py, test_ollama_writer.py). The server itself gives up loading
    a model after 300 seconds without progress."""
    limits = asdict(Limits())
    assert {name for name, value in limits.items() if not isinstance(value, tuple)} == {*SENSIBLE, "generation"}
    assert [name for name, (low, high) in SENSIBLE.items() if not low <= limits[name] <= high] == []
    assert limits["line_bytes"] <= limits["answer_bytes"]
    waits = np.array(limits["backoff"])
    assert 0.5 <= waits[0] <= 2
    assert ((waits[1:] / waits[:-1] >= 1.5) & (waits[1:] / waits[:-1] <= 3)).all()
    assert waits.sum() < limits["patience"] / 10


# --- answers


def test_of_a_text_with_an_open_quotation_the_last_sentences_are_tried() -> None:
    """A mark without its other half at the fortieth sentence from the end is found, one at the hundredth is not looked for."""
    begin, open_quote = sentences(0, 120), ' "And then nobody came. '
    assert read(begin + open_quote + sentences(200, 240))[0] == begin
    assert read(begin + open_quote + sentences(200, 300)) == ("", "cut off")


def test_a_text_that_was_cut_back_keeps_a_good_part_or_is_dropped() -> None:
    assert read("The sea rose. " + "It went on and it went up until", "length") == ("", "cut off")
    assert read("The sea rose over the wall. " + "It went on and it went up", "length")[0] == "The sea rose over the wall."


def repeating(different: int, times: int, fresh: int) -> str:
    """Some sentences that come so many times, and others that come once; no two share four words in a row."""
    made = [" ".join(f"{word}{i}" for word in ("the", "tide", "came", "at", "noon", "and", "went")) + "." for i in range(different + fresh)]
    return " ".join(made[:different] * times + made[different:])


@pytest.mark.parametrize(
    ("text", "whole"),
    [(repeating(6, 2, 2), True), (repeating(3, 3, 1), False), (repeating(1, 3, 4), True), (repeating(1, 5, 8), False), (repeating(1, 5, 20), True)],
)  # fmt: skip
def test_a_text_of_which_more_than_half_was_said_before_goes_round_in_circles(text: str, whole: bool) -> None:
    """A song with its chorus does not. Where a sentence comes four times and more, a quarter is too much: three in ten, but not two."""
    assert (read(text) == (text, "")) == whole


def test_six_words_in_a_row_of_the_instructions_are_an_echo() -> None:
    assert read("Nobody wrote about the sea and a boat today.")[0]
    assert read("Nobody wrote about the sea and a lamp today.") == ("", "echoing")


# --- the client


def test_the_servers_nanoseconds_are_seconds_and_its_numbers_have_eighteen_digits() -> None:
    told = _answer("text", False, {"eval_count": 100, "eval_duration": 4 * 10**9}, (0.0, 1.0, 2.0))
    assert (told.eval_seconds, told.speed()) == (pytest.approx(4.0), pytest.approx(25.0))
    assert _parse(b'{"size": 123456789012345678, "more": 1234567890123456789012}', "") == {"size": 123456789012345678, "more": None}


@pytest.mark.parametrize(("count", "seconds", "speed"), [(1, 50.0, 0.02), (1, 10_000.0, 0.01), (90_000, 1.0, 90_000), (10**7, 1.0, 10**5)])
def test_a_speed_is_believed_between_a_token_in_100_seconds_and_100_000_a_second(count: int, seconds: float, speed: float) -> None:
    assert answer("x", eval_count=count, eval_seconds=seconds).speed() == pytest.approx(speed)


def test_of_an_error_the_first_kilobytes_are_read() -> None:
    """Enough for any message, and no flood."""
    for blanks, told in ((3000, True), (12_000, False)):
        with serve(lambda body, number, blanks=blanks: Reply(status=400, body=" " * blanks + '{"error": "odd"}')) as server:
            with pytest.raises(OllamaError) as caught:
                Client(server.url, Limits()).generate({"model": "teacher:latest", "prompt": "x", "options": {}}, 5)
        assert ("odd" in str(caught.value)) == told


def test_a_model_that_stays_is_given_a_few_seconds_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that goes on a second whenever somebody waits."""
    now = [0.0]
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + 1))
    with serve(lambda body, number: Reply(["x"])) as server:
        client = Client(server.url, Limits())
        client.get("/api/version")
        monkeypatch.setattr(time, "monotonic", lambda: now[0])
        server.loaded = Stubborn({"teacher:latest"})
        assert not unload(client, _model(model("teacher:latest")))
    assert 5 <= now[0] <= 20


class Stubborn(set):
    """Loaded models that nothing unloads."""

    def __sub__(self, other):
        return self


# --- models


def test_the_largest_model_that_leaves_some_of_the_memory_is_taken_unless_it_is_huge() -> None:
    """An eight-billion-parameter model in five gigabytes is fine; one of twelve writes too slowly on most machines."""
    models = [_model(model(f"m{size}:latest", size=int(size * GB))) for size in (1, 2, 5, 8, 12)]

    def taken(memory: float) -> float:
        return choose(models, None, "", int(memory * GB)).size / GB

    assert taken(100) == 8
    assert taken(10) == 5
    assert taken(7) == 2
    assert "more than fits" in models[2].line(7 * GB) and "more than fits" not in models[2].line(10 * GB)
    with pytest.raises(Missing):
        choose(models, "other", "", None)


# --- concurrency


class Host:
    """A gauge on a host that answers at a speed, in a time that passes as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        self.gauge = Gauge(32)

    def serve(self, rate: float, pieces: int, streams: int | None = None) -> int:
        """As many answers as it may stream at once, so many pieces each at a rate in all; the limit afterwards."""
        streams = streams or self.gauge.limit
        for _ in range(streams):
            self.gauge.begins()
        for _ in range(pieces * streams):
            self.now += 1 / rate
            self.gauge.piece()
        for _ in range(streams):
            self.gauge.ends(True)
        return self.gauge.limit


def test_a_host_is_asked_for_a_few_answers_at_first() -> None:
    assert 2 <= Gauge(32).limit <= 8
    assert Gauge(1).limit == 1


@pytest.mark.parametrize(("growth", "kept"), [(1.05, 4), (1.3, 8), (1.8, 8)])
def test_twice_as_many_requests_stay_where_they_bring_more(monkeypatch: pytest.MonkeyPatch, growth: float, kept: int) -> None:
    """And a level is judged by some pieces of every stream: not by three, but by twenty."""
    host = Host(monkeypatch)
    assert host.serve(100, 3) == 4
    assert host.serve(100, 20) == 8
    assert host.serve(100 * growth, 20) == (kept if kept == 4 else 16)
    assert host.gauge.settled == (kept == 4)


@pytest.mark.parametrize(("waited", "limit"), [(0.3, 4), (0.8, 3)])
def test_who_waits_long_for_a_first_piece_stood_in_a_queue(monkeypatch: pytest.MonkeyPatch, waited: float, limit: int) -> None:
    """Two streamed at the same time at most: that is what the host serves, and one more waits."""
    gauge = Host(monkeypatch).gauge
    gauge.begins()
    gauge.begins()
    gauge.ends(True, waited * 10, 10.0)
    assert gauge.limit == limit
