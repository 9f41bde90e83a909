"""A run as a person sees it: the plan line by line, a live line while it learns, the samples at the end."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from minigpt.cli.common import is_terminal, printable, show
from minigpt.listener import Listener
from minigpt.pace import clock

if TYPE_CHECKING:
    from minigpt.training import Course, Report

INTERVAL = 0.2  # seconds between two live lines
PATIENCE = 10.0  # seconds between two lines of progress where none is live
MB = 10**6


class Console(Listener):
    """Progress on standard error, samples on standard output. Without a terminal, a line an evaluation instead of the live line."""

    def __init__(self, quiet: bool, asks: bool = True) -> None:
        self.quiet, self.live = quiet, is_terminal(sys.stderr)
        self.asks = asks and self.live and not quiet and is_terminal(sys.stdin)
        self.shown = 0.0
        self.width = 0  # of the live line that stands on the screen
        self.held_out = ""
        self.unmeasured = False  # nothing is held out: no evaluation gives the lines their pace
        self.task, self.began = "", 0.0  # of the progress that is shown

    def say(self, topic: str, text: str) -> None:
        if not self.quiet:
            self.clear()
            click.echo(printable(f"{topic:<9} {text}"), err=True)  # a file's name may be anything

    def choose(self, what: str, lines: Sequence[str], proposed: int) -> int:
        if not self.asks:
            return proposed
        self.clear()
        for number, line in enumerate(lines, 1):
            click.echo(printable(f"{number:4}  {line}"), err=True)
        return int(click.prompt(what, type=click.IntRange(1, len(lines)), default=proposed + 1, err=True)) - 1

    def progress(self, what: str, done: int, total: int | None) -> None:
        now = time.perf_counter()
        if what != self.task:
            self.task, self.began, self.shown = what, now, now
        elapsed = now - self.began
        if self.quiet or now - self.shown < (INTERVAL if self.live else PATIENCE):
            return
        self.shown, rate = now, done / elapsed
        if total is None:
            line = f"{what}  {done / MB:,.0f} MB  {rate / MB:.1f} MB/s"
        else:
            size, left = f"{done / MB:,.0f} of {total / MB:,.0f} MB", clock((total - done) / rate)
            line = f"{bar(done, total)} {what} {size}  {rate / MB:.1f} MB/s  {left} left"
        if self.live:
            self.draw(line)
        else:
            click.echo(line, err=True)

    def step(self, course: Course) -> None:
        self.unmeasured = not len(course.held_out)
        if self.quiet or not self.live or (time.perf_counter() - self.shown < INTERVAL and course.step < course.total_steps):
            return
        self.shown = time.perf_counter()
        elapsed = self.shown - course.started
        rate, left = course.tokens / elapsed, elapsed / course.step * (course.total_steps - course.step)
        done, losses = f"step {course.step}/{course.total_steps}", f"loss {course.loss:.3f}{self.held_out}"
        self.draw(f"{bar(course.step, course.total_steps)} {done}  {losses}  {rate:,.0f} tokens/s  {clock(left)} left")

    def draw(self, line: str) -> None:
        """Put a line in the place of the live line."""
        line = line[: shutil.get_terminal_size().columns - 1]
        click.echo("\r" + line.ljust(self.width), err=True, nl=False)
        self.width = len(line)

    def report(self, report: Report) -> None:
        if report.held_out_loss is not None:
            self.held_out = f"  held-out {report.held_out_loss:.3f}"
        due = report.held_out_loss is not None or (self.unmeasured and time.perf_counter() - self.shown >= PATIENCE)
        if not self.quiet and not self.live and due:
            self.shown = time.perf_counter()
            where = f"step {report.step:>6}  epoch {report.epoch:>6.2f}"
            click.echo(f"{where}  loss {report.train_loss:.3f}{self.held_out}  {report.tokens_per_second:,.0f} tokens/s", err=True)

    def sample(self, text: str) -> None:
        self.clear()
        show(f"\n{text.strip()}\n\n---")

    def clear(self) -> None:
        """Take the live line off the screen."""
        if self.width:
            click.echo("\r" + " " * self.width + "\r", err=True, nl=False)
            self.width = 0


def bar(done: int, total: int) -> str:
    """How far it is, as a bar; a file may have grown since it was weighed."""
    return f"[{'#' * min(20, 20 * done // max(1, total)):<20}]"
