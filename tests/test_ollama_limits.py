"""Where the Ollama client draws its lines: what lies clearly on either side of each. No server
answers here, except where one is named."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from ollama_server import Reply, model, serve

from minigpt.corpus.ollama.answers import read_answer
from minigpt.corpus.ollama.client import Answer, Client, _answer, _parse
from minigpt.corpus.ollama.journal import Journal
from minigpt.corpus.ollama.limits import Limits, OllamaError
from minigpt.corpus.ollama.models import _model, unload
from minigpt.corpus.ollama.teacher import Question
from minigpt.errors import MinigptError

QUESTION = Question("Write a short story about the sea and a lamp that nobody lights.", tokens=200)
GB = 10**9


def answer(text: str, done_reason: str = "stop", **more) -> Answer:
    usual = {
        "thinking": False,
        "finished": True,
        "eval_count": 50,
        "eval_seconds": 1.0,
        "waited": 0.1,
        "streamed": 1.0,
    }
    return Answer(text=text, done_reason=done_reason, **usual | more)


def read(text: str, done_reason: str = "stop") -> tuple[str, str]:
    return read_answer(answer(text, done_reason), QUESTION)


def sentences(first: int, last: int) -> str:
    return " ".join(f"Day {i} brought {i * i} gulls and {i + 7} boats." for i in range(first, last))


# --- limits


SENSIBLE = {
    "connection": (3, 10),
    "first_byte": (301, 600),
    "between_chunks": (30, 120),
    "evaluation": (30, 120),
    "line_bytes": (2**19, 2**21),
    "answer_bytes": (2**22, 2**24),
    "patience": (200, 500),
    "budget": (8 * 3600, 24 * 3600),
    "in_flight": (16, 64),
    "slow_in_a_row": (2, 5),
    "useless_in_a_row": (10, 25),
    "repeat_window": (15, 40),
    "least_new": (2, 4),
    "answers": (4, 10),
    "report": (20, 60),
}


def test_limits_are_those_of_a_patient_person() -> None:
    """That each of them cuts is seen with shorter ones (test_ollama_protocol.py,
    test_ollama_writer.py). The server itself gives up loading a model after 300 seconds without
    progress."""
    limits = asdict(Limits())
    assert {name for name, value in limits.items() if not isinstance(value, tuple)} == {
        *SENSIBLE,
        "generation",
    }
    assert [name for name, (low, high) in SENSIBLE.items() if not low <= limits[name] <= high] == []
    assert limits["line_bytes"] <= limits["answer_bytes"]
    waits = np.array(limits["backoff"])
    assert 0.5 <= waits[0] <= 2
    assert ((waits[1:] / waits[:-1] >= 1.5) & (waits[1:] / waits[:-1] <= 3)).all()
    assert waits.sum() < limits["patience"] / 10


# --- answers


def test_of_a_text_with_an_open_quotation_the_last_sentences_are_tried() -> None:
    """A mark without its other half at the fortieth sentence from the end is found, one at the
    hundredth is not looked for."""
    begin, open_quote = sentences(0, 120), ' "And then nobody came. '
    assert read(begin + open_quote + sentences(200, 240))[0] == begin
    assert read(begin + open_quote + sentences(200, 300)) == ("", "cut off")


def test_a_text_that_was_cut_back_keeps_a_good_part_or_is_dropped() -> None:
    assert read("The sea rose. " + "It went on and it went up until", "length") == ("", "cut off")
    half = "The sea rose over the wall. It went on and it went up"
    assert read(half, "length")[0] == "The sea rose over the wall."


def repeating(different: int, times: int, fresh: int) -> str:
    """Some sentences that come so many times, and others that come once; no two share four words in
    a row."""
    words = "the tide{0} came{0} at{0} noon{0} and{0} went{0}."
    made = [words.format(i) for i in range(different + fresh)]
    return " ".join(made[:different] * times + made[different:])


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (repeating(6, 2, 2), True),
        (repeating(3, 3, 1), False),
        (repeating(1, 3, 4), True),
        (repeating(1, 5, 8), False),
        (repeating(1, 5, 20), True),
    ],
)
def test_a_text_of_which_more_than_half_was_said_before_goes_round_in_circles(
    text: str,
    whole: bool,
) -> None:
    """A song with its chorus does not. Where a sentence comes four times and more, a quarter is too
    much: three in ten, but not two."""
    assert (read(text) == (text, "")) == whole


def test_six_words_in_a_row_of_the_instructions_are_an_echo() -> None:
    assert read("Nobody wrote about the sea and a boat today.")[0]
    assert read("Nobody wrote about the sea and a lamp today.") == ("", "echoing")


# --- the client


def test_the_servers_nanoseconds_are_seconds_and_its_numbers_have_eighteen_digits() -> None:
    told = _answer("text", False, {"eval_count": 100, "eval_duration": 4 * 10**9}, (0.0, 1.0, 2.0))
    assert (told.eval_seconds, told.speed()) == (pytest.approx(4.0), pytest.approx(25.0))
    assert _parse(b'{"size": 123456789012345678, "more": 1234567890123456789012}', "") == {
        "size": 123456789012345678,
        "more": None,
    }


@pytest.mark.parametrize(
    ("count", "seconds", "speed"),
    [(1, 50.0, 0.02), (1, 10_000.0, 0.01), (90_000, 1.0, 90_000), (10**7, 1.0, 10**5)],
)
def test_a_speed_is_believed_between_a_token_in_100_seconds_and_100_000_a_second(
    count: int,
    seconds: float,
    speed: float,
) -> None:
    assert answer("x", eval_count=count, eval_seconds=seconds).speed() == pytest.approx(speed)


def test_of_an_error_the_first_kilobytes_are_read() -> None:
    """Enough for any message, and no flood."""
    for blanks, told in ((3000, True), (12_000, False)):
        said = Reply(status=400, body=" " * blanks + '{"error": "odd"}')
        with serve(lambda body, number, said=said: said) as server:
            body = {"model": "teacher:latest", "prompt": "x", "options": {}}
            with pytest.raises(OllamaError) as caught:
                Client(server.url, Limits()).generate(body, 5)
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


def test_a_journal_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.jsonl").open("wb") as file:
        file.truncate(15 * 10**8)
    with pytest.raises(MinigptError, match="bytes, more than"):
        Journal(tmp_path / "a.jsonl", lambda line: None)
