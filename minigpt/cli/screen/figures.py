"""Numbers of a training -> the lines of the live display, at any width and height."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.text import Text

from minigpt.run.pace import clock

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "  "
LABEL = 10  # columns of a sparkline's label
LEAST_SPARK = 12  # columns
WIDEST = 4  # columns of a loss
LEAST_POINTS = 3  # losses, before there is a curve to see
STEP, LOSS, HELD_OUT, LEFT, SPEED = range(5)  # the fields of the display, in this order
DISPENSABLE = (SPEED, HELD_OUT, STEP)  # what goes first where the screen is too low for all


@dataclass
class Curve:
    """Losses by step."""

    points: list[tuple[int, float]] = field(default_factory=list)

    def add(self, step: int, loss: float | None) -> None:
        """Add a loss; those of later steps, made before the training rolled back, are forgotten."""
        if loss is not None and math.isfinite(loss):
            while self.points and self.points[-1][0] >= step:
                self.points.pop()
            self.points.append((step, loss))

    def binned(self, first: int, last: int, columns: int) -> list[float]:
        """The mean loss in each of `columns` equal parts of the steps from `first` to `last`, up to the latest point; a part without one
        has that of the part before it."""
        bins: list[list[float]] = [[] for _ in range(columns)]
        for step, loss in self.points:
            if step >= first:
                bins[min(columns - 1, (step - first) * columns // max(1, last - first))].append(loss)
        shown: list[float] = []
        while bins and not bins[-1]:
            bins.pop()
        for part in bins:
            shown.append(sum(part) / len(part) if part else shown[-1] if shown else math.nan)
        return shown


@dataclass
class Figures:
    """What the live display shows of a training."""

    step: int = 0
    base: int = 0  # the steps of an earlier training of the same run
    total: int = 0
    loss: float = math.nan
    held_out: float | None = None
    left: float = 0.0  # seconds
    rate: float = 0.0  # tokens/s
    learned: Curve = field(default_factory=Curve)
    tested: Curve = field(default_factory=Curve)

    def parts(self) -> list[str]:
        """Step, loss, held-out loss, time left and tokens/s; empty what is not known."""
        held_out = "" if self.held_out is None else f"held-out {self.held_out:.3f}"
        return [
            f"step {self.step:,}/{max(self.step, self.total):,}",
            f"loss {self.loss:.3f}",
            held_out,
            f"{clock(self.left)} left",
            f"{self.rate:,.0f} tokens/s",
        ]


STYLES = {STEP: "", LOSS: "bold", HELD_OUT: "bold green", LEFT: "bold", SPEED: "dim"}


def status(parts: Sequence[str], width: int, height: int) -> list[Text]:
    """The parts in their order, on at most `height` lines of `width` columns. Loss and time left are never left out; where even these do
    not fit, they are cut."""
    kept = [number for number, part in enumerate(parts) if part]
    for spare in (None, *DISPENSABLE):
        if spare in kept:
            kept.remove(spare)
        lines = flowed([(parts[number], STYLES[number]) for number in kept], width)
        if len(lines) <= height:
            break
    for line in lines:
        line.truncate(width)
    return lines[:height]


def flowed(parts: Sequence[tuple[str, str]], width: int) -> list[Text]:
    """Parts, each with its style, one after the other, on as many lines as they take."""
    lines: list[Text] = []
    for part, style in parts:
        if lines and lines[-1].cell_len + len(GAP) + len(part) <= width:
            lines[-1].append(GAP)
        else:
            lines.append(Text())
        lines[-1].append(part, style)
    return lines


def bar(done: int, total: int, width: int, fancy: bool) -> Text:
    """A progress bar of `width` columns with the percentage; `done` may exceed `total`, as a file may grow. Empty if there is no room."""
    share = min(1.0, done / max(1, total))
    length = width - 5 - (0 if fancy else 2)
    if length < 4:
        return Text()
    full = int(length * share)
    strokes = ("━" * full, "─" * (length - full)) if fancy else ("[" + "#" * full, "." * (length - full) + "]")
    return Text.assemble((strokes[0], "green"), (strokes[1], "dim"), f" {share:4.0%}")


def sparklines(figures: Figures, width: int) -> list[Text]:
    """Both losses over the steps so far, on one scale; empty while there is nothing to see."""
    points = max(len(figures.learned.points), len(figures.tested.points))
    columns = min(width - LABEL, WIDEST * points)
    first, last = figures.base, max(curve.points[-1][0] if curve.points else 0 for curve in (figures.learned, figures.tested))
    curves = [(name, curve, style) for name, curve, style in
              (("loss", figures.learned, "cyan"), ("held-out", figures.tested, "green")) if len(curve.points) >= LEAST_POINTS]  # fmt: skip
    if width - LABEL < LEAST_SPARK or not curves:
        return []
    rows = [curve.binned(first, last, columns) for _, curve, _ in curves]
    known = [loss for row in rows for loss in row if not math.isnan(loss)]
    if not known:
        return []
    low, high = min(known), max(known)
    return [
        Text.assemble((f"{name:<{LABEL}}", "dim"), ("".join(block(loss, low, high) for loss in row), style))
        for (name, _, style), row in zip(curves, rows, strict=True)
    ]


def block(loss: float, low: float, high: float) -> str:
    """A character whose height shows where a loss lies between two bounds."""
    if math.isnan(loss):
        return " "
    return BLOCKS[round((loss - low) / (high - low) * (len(BLOCKS) - 1))] if high > low else BLOCKS[0]


def display(figures: Figures, hints: Sequence[str], width: int, height: int, fancy: bool) -> list[Text]:
    """The live display, at most `height` lines of at most `width` columns: the figures, and as far as there is room a bar, the first
    hint that fits, and
    the curves of both losses."""
    said = status(figures.parts(), width, max(1, height))
    room = height - len(said)
    strip = bar(figures.step - figures.base, figures.total - figures.base, width, fancy)
    strips = [strip] if strip and room >= 1 else []
    hint = [Text(hint, "dim") for hint in hints if len(hint) <= width][:1] if room > len(strips) else []
    curves = sparklines(figures, width) if fancy else []
    if len(curves) > room - len(strips) - len(hint):
        curves = []
    return [*strips, *said, *curves, *hint]
