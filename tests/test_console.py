"""How often a run says something, and how wide its lines are. A clock that a test turns stands for
the machine's."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace

import pytest

from minigpt.cli.console import Console
from minigpt.cli.screen.figures import bar
from minigpt.training import Report


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)


def console(live: bool) -> Console:
    made = Console(quiet=False)
    made.terminal.live = live
    return made


def lines(said: str) -> int:
    """Times that a speed was shown."""
    return said.count("B/s") + said.count("tokens/s")


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
    stamped = [re.match(r"\d\d:\d\d:\d\d  Reading", line) for line in said.splitlines()]
    assert all(stamped) if not live else not any(stamped)


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
    shown.step(SimpleNamespace(held_out_tokens=0, total_steps=6000))
    for step in range(6000):
        clock.now += 0.01
        shown.report(Report(step, 0.1, 100, clock.now, 2.0, None, 1e-3, 1.0, 100.0))
    assert 3 < lines(capsys.readouterr().err) < 12


@pytest.mark.parametrize("fancy", [True, False])
def test_a_bar_has_its_width_or_is_not_there(fancy: bool) -> None:
    for room in range(120):
        shown = bar(7, 10, room, fancy).plain
        assert len(shown) == (room if room >= 9 + 2 * (not fancy) else 0)
        assert shown.endswith(" 70%") or not shown
    assert "100%" in bar(30, 20, 40, fancy).plain
