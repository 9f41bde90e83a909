"""A run on the terminal: the plan line by line, a live line during the training, the samples at the end."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from minigpt.cli.common import is_terminal, show, tell
from minigpt.corpus.english import upper_first
from minigpt.disk.foreign import one_line
from minigpt.run.listener import Listener
from minigpt.run.pace import clock

if TYPE_CHECKING:
    from minigpt.run.course import Course
    from minigpt.training import Report

INTERVAL = 0.2  # seconds between two updates of the live line
LOG_INTERVAL = 10.0  # seconds between two lines of progress without a live line
MB = 10**6
LONG_BAR, SHORT_BAR = 20, 4  # the longest and the shortest bar, in characters between the brackets


class Console(Listener):
    """Progress on standard error, samples on standard output. Without a terminal, a line per evaluation instead of the live line."""

    def __init__(self, quiet: bool, asks: bool = True) -> None:
        seen = is_terminal(sys.stderr)
        self.quiet, self.live = quiet, seen and os.environ.get("TERM") != "dumb"  # a dumb terminal cannot redraw a line
        self.agrees = not asks  # with whatever is proposed: --yes
        self.asks = asks and seen and not quiet and is_terminal(sys.stdin)
        self.shown = 0.0
        self.width = 0  # of the live line on the screen
        self.held_out = ""
        self.unmeasured = False  # nothing is held out, so lines are printed by the clock
        self.task, self.began = "", 0.0  # of the progress shown

    def say(self, topic: str, text: str) -> None:
        if not self.quiet:
            self.clear()
            tell(f"{topic:<9} {text}")

    def choose(self, what: str, lines: Sequence[str], proposed: int) -> int:
        if not self.asks:
            return proposed
        self.clear()
        for number, line in enumerate(lines, 1):
            tell(f"{number:4}  {line}")
        return int(click.prompt(one_line(what), type=click.IntRange(1, len(lines)), default=proposed + 1, err=True)) - 1

    def accepts(self, what: str) -> bool:
        if not self.asks:
            return self.agrees
        self.clear()
        return click.confirm(one_line(f"{upper_first(what)}. Go on?"), default=False, err=True)

    def progress(self, what: str, done: int, total: int | None) -> None:
        now = time.perf_counter()
        if what != self.task:
            self.task, self.began, self.shown = what, now, now
        elapsed = now - self.began
        if self.quiet or now - self.shown < (INTERVAL if self.live else LOG_INTERVAL):
            return
        self.shown, rate = now, max(1, done) / elapsed
        speed, size, left, room = f"{rate / MB:.1f} MB/s", f"{what}  {done / MB:,.0f} MB", "", columns() - 1 if self.live else 200
        if total is not None:
            size, left = f"{what} {done / MB:,.0f} of {total / MB:,.0f} MB", f"{clock((total - done) / rate)} left"
        line = fitted([size, left, speed], [speed, size], room, (done, total) if total is not None else None)
        if self.live:
            self.draw(line)
        else:
            tell(line)

    def step(self, course: Course) -> None:
        self.unmeasured = not course.held_out_tokens
        if self.quiet or not self.live or (time.perf_counter() - self.shown < INTERVAL and course.step < course.total_steps):
            return
        self.shown = time.perf_counter()
        elapsed = self.shown - course.started
        rate, left = course.tokens / elapsed, elapsed / course.step * (course.total_steps - course.step)
        done, loss, speed = f"step {course.step}/{course.total_steps}", f"loss {course.loss:.3f}", f"{rate:,.0f} tokens/s"
        parts = [done, loss, self.held_out, f"{clock(left)} left", speed]
        self.draw(fitted(parts, [speed, self.held_out, loss, done], columns() - 1, (course.step, course.total_steps)))

    def draw(self, line: str) -> None:
        """Redraw the live line; the terminal may have become narrower."""
        tell(line.ljust(min(self.width, columns() - 1)), begin="\r", end="")
        self.width = len(line)

    def report(self, report: Report) -> None:
        if report.held_out_loss is not None:
            self.held_out = f"held-out {report.held_out_loss:.3f}"
        due = report.held_out_loss is not None or (self.unmeasured and time.perf_counter() - self.shown >= LOG_INTERVAL)
        if not self.quiet and not self.live and due:
            self.shown = time.perf_counter()
            losses = "  ".join(part for part in (f"loss {report.train_loss:.3f}", self.held_out) if part)
            tell(f"step {report.step:>6}  epoch {report.epoch:>6.2f}  {losses}  {report.tokens_per_second:,.0f} tokens/s")

    def sample(self, text: str) -> None:
        self.clear()
        show(f"\n{text.strip()}\n\n---")

    def clear(self) -> None:
        """Erase the live line."""
        if self.width:
            tell(" " * min(self.width, columns() - 1), begin="\r", end="\r")
            self.width = 0


def fitted(parts: Sequence[str], spare: Sequence[str], room: int, share: tuple[int, int] | None) -> str:
    """The parts as a line of at most `room` characters: without those in `spare`, in order, until it fits; a bar fills what is left."""
    kept = [part for part in parts if part]
    for part in spare:
        if len("  ".join(kept)) > room and part in kept:
            kept.remove(part)
    line = "  ".join(kept)[: max(0, room)]
    length = min(LONG_BAR, room - len(line) - 3)  # the brackets and a space
    return f"{bar(*share, length)} {line}" if share and length >= SHORT_BAR else line


def bar(done: int, total: int, length: int) -> str:
    """A progress bar; `done` may exceed `total`, as a file may grow."""
    return f"[{'#' * min(length, length * done // max(1, total)):<{length}}]"


def columns() -> int:
    """The width of the terminal on standard error, in characters; 80 if unknown."""
    try:
        width = os.get_terminal_size(sys.stderr.fileno()).columns
    except (AttributeError, OSError, ValueError):
        width = 0
    return width or shutil.get_terminal_size().columns or 80
