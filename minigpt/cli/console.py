"""A run on the terminal: the plan, a live display during the training, keys, samples, the result."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from minigpt.cli.common import is_terminal, show
from minigpt.cli.screen import lines
from minigpt.cli.screen.figures import Figures, bar, display, status
from minigpt.cli.screen.keys import Keys
from minigpt.cli.screen.log import Log
from minigpt.cli.screen.result import in_short
from minigpt.cli.screen.terminal import Terminal, dimensions
from minigpt.corpus.english import upper_first
from minigpt.disk.foreign import one_line, printable
from minigpt.run.listener import Listener, Wish, Written
from minigpt.run.pace import clock

if TYPE_CHECKING:
    from minigpt.disk.folder import RunFolder
    from minigpt.run.course import Course
    from minigpt.training import Report

INTERVAL = 0.2  # seconds between two updates of the live display
LOG_INTERVAL, SPARSE = 10.0, 60.0  # seconds between two lines of progress without one; where there are evaluations
MB = 10**6
HIGHEST = 8  # lines of the live display
KEYS = {"p": Wish.PAUSE, "s": Wish.SAMPLE, "q": Wish.STOP}
HINTS, PAUSED = (
    ("p pause  s sample  q stop and save", "p pause  s sample  q stop"),
    ("Paused and saved.  p go on  q stop", "Paused  p go on  q stop"),
)


class Console(Listener):
    """Progress on standard error, results on standard output. Without a terminal, lines with the time instead of a live display.

    asks: whether to ask where something is to be decided. verbose: show details too. log: a file for every line. as_json: end with one
    line of JSON, and print samples to standard error. quiet: print only the folder of the finished run.
    """

    def __init__(
        self, quiet: bool, asks: bool = True, *, verbose: bool = False, log: str | Path | None = None, as_json: bool = False
    ) -> None:
        self.quiet, self.verbose, self.as_json = quiet, verbose, as_json
        self.log = Log(log) if log is not None else None
        self.terminal = Terminal()
        self.agrees = not asks  # with whatever is proposed: --yes
        self.asks = asks and self.terminal.seen and not quiet and is_terminal(sys.stdin)
        self.keys = Keys(self.terminal.forget)
        self.run: RunFolder | None = None
        self.figures = Figures()
        self.pausing = False
        self.unmeasured = False  # nothing is held out, so there are no evaluations
        self.shown = 0.0  # when something was, for the last time
        self.size = (0, 0)  # of the terminal, then
        self.best: float | None = None  # held-out loss
        self.task, self.began = "", 0.0  # of the progress shown

    @property
    def live(self) -> bool:
        """Whether a part of the terminal can be redrawn."""
        return self.terminal.live

    def opened(self, run: RunFolder) -> None:
        self.run = run

    def say(self, topic: str, text: str) -> None:
        self._note(topic, text)
        if not self.quiet:
            self._tell(topic, text)

    def detail(self, topic: str, text: str) -> None:
        self._note(topic, text)
        if self.verbose and not self.quiet:
            self._tell(topic, text)

    def _note(self, topic: str, text: str) -> None:
        if self.log:
            self.log.write(f"{topic:<9} {text}")

    def _tell(self, topic: str, text: str) -> None:
        self.terminal.keep(lines.plan(topic, text, self.terminal.width, self.terminal.pen))

    def choose(self, what: str, lines: Sequence[str], proposed: int) -> int:
        if not self.asks:
            return proposed
        self.clear()
        self.terminal.keep([Text(f"{number:4}  {one_line(line)}") for number, line in enumerate(lines, 1)])
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
        size, left = f"{what}  {done / MB:,.0f} MB", ""
        if total is not None:
            size, left = f"{what} {done / MB:,.0f} of {total / MB:,.0f} MB", f"{clock((total - done) / rate)} left"
        parts = [size, "", "", left, f"{rate / MB:.1f} MB/s"]
        if self.live:
            columns = dimensions()[0] - 1
            strip = bar(done, total, columns, self.terminal.fancy) if total is not None else Text()
            self.terminal.draw([*([strip] if strip else []), *status(parts, columns, 2)])
        else:
            self._stamped("  ".join(part for part in parts if part))

    def busy(self, what: str) -> None:
        if self.terminal.roomy and not self.quiet:
            line = Text(f"{one_line(what)}{self.terminal.ellipsis}", "dim")
            line.truncate(dimensions()[0] - 1)
            self.terminal.draw([line])

    @contextmanager
    def learning(self, course: Course) -> Iterator[None]:
        self._follow(course)
        with suppress(ValueError, TypeError, KeyError):
            for line in self.run.metrics if self.run else ():  # of the part before an interruption
                self._add(json.loads(line))
        self.shown = time.perf_counter()
        if self.live and not self.quiet:
            self.keys.open()
        try:
            yield
        finally:
            self.keys.close()
            self.clear()

    def _follow(self, course: Course) -> None:
        f, elapsed = self.figures, time.perf_counter() - course.started
        f.step, f.total, f.loss, f.base = course.step, course.total_steps, course.loss, getattr(course, "base", 0)
        f.rate, f.left = course.tokens / max(1e-9, elapsed), elapsed / max(1, course.step) * (course.total_steps - course.step)

    def step(self, course: Course) -> None:
        self.unmeasured = not course.held_out_tokens
        if self.quiet or not self.live:
            self.figures.total = course.total_steps
            return
        now = time.perf_counter()
        if now - self.shown >= INTERVAL or course.step >= course.total_steps or dimensions() != self.size:
            self.shown = now
            self._follow(course)
            self._draw()

    def _draw(self) -> None:
        """Redraw the live display, if it fits."""
        self.size = columns, rows = dimensions()
        if not self.terminal.roomy or self.quiet:
            self.clear()
            return
        hints = (PAUSED if self.pausing else HINTS) if self.keys.active else ()
        self.terminal.draw(display(self.figures, hints, columns - 1, min(HIGHEST, max(2, rows // 2)), self.terminal.fancy))

    def report(self, report: Report) -> None:
        f = self.figures
        f.step, f.loss, f.rate = report.step, report.train_loss, report.tokens_per_second
        f.left = report.seconds / max(1, report.step) * max(0, f.total - report.step)
        best = self._add(asdict(report))
        now = time.perf_counter()
        wait = LOG_INTERVAL if self.unmeasured else SPARSE
        if report.held_out_loss is None and (self.live or now - self.shown < wait):
            return
        self.shown = now
        self._evaluated(report, best)

    def _add(self, report: Mapping[str, Any]) -> bool:
        """Add the losses of a line of metrics to the curves. Returns whether its held-out loss is the best so far."""
        f, step, held_out = self.figures, report["step"], report["held_out_loss"]
        f.learned.add(step, report["train_loss"])
        f.tested.add(step, held_out)
        if held_out is None:
            return False
        best = self.best is None or held_out < self.best
        f.held_out, self.best = held_out, held_out if best else self.best
        return best

    def _evaluated(self, report: Report, best: bool) -> None:
        """A line with the losses after a step, which stays on the screen."""
        plain = lines.recorded(self.figures, report)
        if self.log:
            self.log.write(plain)
        if self.live and not self.quiet:
            self.terminal.keep([lines.evaluation(self.figures, report, best, dimensions()[0] - 1)])
            self._draw()
        elif not self.quiet:
            self._stamped(plain)

    def _stamped(self, text: str) -> None:
        """A line with the time, for a terminal or file where lines stay."""
        self.terminal.keep([Text(f"{datetime.now():%H:%M:%S}  {one_line(text)}")])

    def wrote(self, written: Written) -> None:
        text = (written.prompt + written.text).strip() or "(nothing: the document ended at once)"
        head = f"Sample after step {written.step:,}, seed {written.seed}"
        if self.log:
            self.log.write(f"{head}:\n{text}")
        if self.live and not self.quiet:
            t = self.terminal
            t.keep(lines.sample(head, text, dimensions()[0] - 1, t.pen, t.ellipsis))
        elif not self.quiet:
            self._stamped(f"{head}: {' '.join(text.split())}")

    def wish(self) -> Wish | None:
        if self.pausing and dimensions() != self.size:
            self._draw()
        return KEYS.get(self.keys.pressed())

    def paused(self, now: bool) -> None:
        self.pausing = now
        self._draw()

    def sample(self, text: str) -> None:
        if self.log:
            self.log.write(f"Sample of the finished model:\n{printable(text.strip())}")
        if self.quiet:
            return
        self.clear()
        if self.as_json:
            self.terminal.keep([Text(line) for line in ("", *printable(text.strip()).split("\n"), "", "---")])
        else:
            show(f"\n{text.strip()}\n\n---")

    def clear(self) -> None:
        """Erase the live display."""
        self.terminal.clear()

    def close(self) -> None:
        """The end, whatever it is: the terminal as it was, and the line of JSON, or alone the folder."""
        self.keys.close()
        self.clear()
        if self.log:
            self.log.close()
        if self.run and self.as_json:
            show(json.dumps(in_short(self.run), ensure_ascii=False))
        elif self.run and self.quiet and self.run.record.get("status") == "complete":
            show(str(self.run.path))
