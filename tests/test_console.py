"""How often a run says something, and how wide its lines are. A clock that a test turns stands for
the machine's."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace

import pytest

from minigpt.cli.console import Console, fitted
from minigpt.training import Report


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)


def console(live: bool) -> Console:
    made = Console(quiet=False)
    made.live = live
    return made


def lines(said: str) -> int:
    return said.count("\r") + said.count("\n")


@pytest.mark.parametrize(("live", "least", "most"), [(True, 100, 600), (False, 3, 12)])
def test_progress_is_shown_a_few_times_a_second_or_a_minute(
    monkeypatch,
    capsys,
    live: bool,
    least: int,
    most: int,
) -> None:
    """On a terminal a few times a second; in a log, where lines stay, a few times a minute. The
    figures are those of the file."""
    clock, shown = Clock(monkeypatch), console(live)
    for step in range(60_000):
        clock.now += 0.001
        shown.progress("Reading", 1_500 * (step + 1), 180_000_000)
    said = capsys.readouterr().err
    assert least < lines(said) < most
    assert re.search(r"Reading 7\d of 180 MB  1:1\d left  1\.5 MB/s", said)


def test_steps_are_shown_a_few_times_a_second(monkeypatch, capsys) -> None:
    clock, shown = Clock(monkeypatch), console(live=True)
    facts = {"started": 1000.0, "tokens": 0, "loss": 2.0, "held_out_tokens": 1}
    course = SimpleNamespace(step=0, total_steps=10_000, **facts)
    for course.step in range(1, 10_001):
        clock.now += 0.001
        course.tokens += 10
        shown.step(course)
    assert 20 < lines(capsys.readouterr().err) < 100


def test_where_nothing_is_held_out_a_log_gets_a_few_lines_a_minute(monkeypatch, capsys) -> None:
    clock, shown = Clock(monkeypatch), console(live=False)
    shown.step(SimpleNamespace(held_out_tokens=0))
    for step in range(6000):
        clock.now += 0.01
        shown.report(Report(step, 0.1, 100, clock.now, 2.0, None, 1e-3, 1.0, 100.0))
    assert 3 < lines(capsys.readouterr().err) < 12


def test_a_bar_is_neither_too_long_to_look_at_nor_too_short_to_say_anything() -> None:
    for room in range(20, 200):
        line = fitted(["step 7/10", "loss 2"], [], room, (7, 10))
        length = line.find("]") - 1
        assert (length == 20) == (room >= 20 + len("[] step 7/10  loss 2"))
        fits = room >= 4 + len("[] step 7/10  loss 2")
        assert 4 <= length <= 20 if fits else line == "step 7/10  loss 2"
