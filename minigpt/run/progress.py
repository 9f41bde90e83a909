"""`progress=True`: a run shown on the terminal, in a log, or in one cell of a notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from minigpt.disk.foreign import one_line
from minigpt.run.listener import Listener, Wish, Written
from minigpt.run.pace import clock

if TYPE_CHECKING:
    from minigpt.disk.folder import RunFolder
    from minigpt.run.course import Course
    from minigpt.training import Report

INTERVAL = 0.5  # seconds between two drawings of a cell
EVALUATIONS = 8  # that a cell shows, the latest
SAMPLE = 400  # characters of a sample
BAR = 24  # characters


@contextmanager
def watched(progress: bool, listener: Listener | None) -> Iterator[Listener]:
    """The listener of a run: the caller's, with a display before it if `progress`; without either, one that ignores everything."""
    if not progress:
        yield listener or Listener()
        return
    display: Any = Notebook(cell()) if in_notebook() else import_module("minigpt.cli.console").Console(quiet=False, asks=False)
    try:
        yield Both(display, listener or Listener())
    finally:
        display.close()


class Both(Listener):
    """A display, and the caller's own listener, which answers the questions. The samples of the finished model are left to the caller."""

    def __init__(self, display: Listener, own: Listener) -> None:
        self.display, self.own = display, own

    def opened(self, run: RunFolder) -> None:
        self.display.opened(run)
        self.own.opened(run)

    def say(self, topic: str, text: str) -> None:
        self.display.say(topic, text)
        self.own.say(topic, text)

    def detail(self, topic: str, text: str) -> None:
        self.display.detail(topic, text)
        self.own.detail(topic, text)

    def choose(self, what: str, lines: Sequence[str], proposed: int) -> int:
        return self.own.choose(what, lines, proposed)

    def accepts(self, what: str) -> bool:
        return self.own.accepts(what)

    def progress(self, what: str, done: int, total: int | None) -> None:
        self.display.progress(what, done, total)
        self.own.progress(what, done, total)

    def busy(self, what: str) -> None:
        self.display.busy(what)
        self.own.busy(what)

    @contextmanager
    def learning(self, course: Course) -> Iterator[None]:
        with self.display.learning(course), self.own.learning(course):
            yield

    def step(self, course: Course) -> None:
        self.display.step(course)
        self.own.step(course)

    def report(self, report: Report) -> None:
        self.display.report(report)
        self.own.report(report)

    def wrote(self, written: Written) -> None:
        self.display.wrote(written)
        self.own.wrote(written)

    def wish(self) -> Wish | None:
        return self.own.wish() or self.display.wish()

    def paused(self, now: bool) -> None:
        self.display.paused(now)
        self.own.paused(now)

    def sample(self, text: str) -> None:
        self.own.sample(text)  # standard output is the script's


def in_notebook() -> bool:
    """Whether a notebook's kernel runs this program."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")  # a terminal's IPython has none


def cell() -> Callable[[str], None]:
    """A function that shows a text as an output of this cell, in the place of the text before."""
    handle: Any = None

    def draw(text: str) -> None:
        nonlocal handle
        data = {"text/plain": text}
        if handle is None:
            handle = import_module("IPython.display").display(data, raw=True, display_id=True)
        else:
            handle.update(data, raw=True)

    return draw


class Notebook(Listener):
    """The plan, the latest evaluations and sample, where the training is, and the result: one text, drawn again in its place."""

    def __init__(self, draw: Callable[[str], None]) -> None:
        self.draw = draw
        self.plan: list[str] = []
        self.evaluations: list[str] = []
        self.written = self.now = ""
        self.result: list[str] = []  # what is said after the first step
        self.began = self.shown = 0.0  # the first step; the latest drawing

    def say(self, topic: str, text: str) -> None:
        (self.result if self.began else self.plan).append(one_line(f"{topic:<9} {text}"))
        self.show(at_once=True)

    def progress(self, what: str, done: int, total: int | None) -> None:
        share = f"{100 * done // max(1, total)} %" if total else f"{done / 1e6:,.0f} MB"
        self.now = one_line(f"{what} {share}")
        self.show()

    def step(self, course: Course) -> None:
        self.began = self.began or time.perf_counter()
        done, total = course.step, max(1, course.total_steps)
        left = clock(course.seconds / max(1, done - course.base) * (total - done))
        speed = f"{course.tokens / max(1e-9, course.seconds):,.0f} tokens/s"
        full = min(BAR, BAR * done // total)
        self.now = f"[{'#' * full:<{BAR}}] step {done}/{total}  loss {course.loss:.3f}  {left} left  {speed}"
        self.show(at_once=done >= total)

    def report(self, report: Report) -> None:
        if report.held_out_loss is not None:
            losses = f"loss {report.train_loss:.3f}  held-out {report.held_out_loss:.3f}"
            self.evaluations.append(f"step {report.step:>6}  epoch {report.epoch:>6.2f}  {losses}")
            self.show(at_once=True)

    def wrote(self, written: Written) -> None:
        text = " ".join((written.prompt + written.text).split())
        cut = f"{text[:SAMPLE]} ..." if len(text) > SAMPLE else text
        self.written = one_line(f"After step {written.step}: {cut}")
        self.show(at_once=True)

    def show(self, at_once: bool = False) -> None:
        """Draw everything, but not too often."""
        now = time.perf_counter()
        if at_once or now - self.shown >= INTERVAL:
            self.shown = now
            parts = self.plan, self.evaluations[-EVALUATIONS:], [self.written], [self.now], self.result
            self.draw("\n\n".join("\n".join(part) for part in parts if any(part)))

    def close(self) -> None:
        """Draw a last time, whatever happened."""
        self.show(at_once=True)
