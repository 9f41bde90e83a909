"""metrics.jsonl and samples.jsonl -> the curves of a training."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minigpt.disk.files import LIMIT, open_to_read
from minigpt.disk.jsontext import decoded, json_object
from minigpt.disk.shelf import METRICS, SAMPLES
from minigpt.errors import MinigptError
from minigpt.run.pages.figures import BLUE, GREY, LIGHT, LINES, ORANGE

POINTS = 400  # of a curve, at most: several to a pixel show nothing more
NUMBERS = ("step", "epoch", "tokens", "seconds", "train_loss", "held_out_loss", "learning_rate", "grad_norm", "tokens_per_second")
AXES = {"step": "step", "epoch": "epoch", "seconds": "seconds of training", "tokens": "tokens read"}
NATS, BITS = "nats per token", "bits per byte"


@dataclass
class Metrics:
    """The columns of metrics.jsonl, of one length; NaN where a line lacks a number."""

    columns: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in NUMBERS})

    def __len__(self) -> int:
        return len(self.columns["step"])

    def __getitem__(self, name: str) -> list[float]:
        return self.columns[name]

    def known(self, by: str, name: str, scale: float = 1.0) -> tuple[list[float], list[float]]:
        """The points of a column that are numbers."""
        pairs = zip(self[by], self[name], strict=True)
        points = [(x, scale * y) for x, y in pairs if math.isfinite(x) and math.isfinite(y)]
        return [x for x, _ in points], [y for _, y in points]


def read_metrics(folder: Path) -> Metrics:
    """The metrics of a run; none if it has no such file. Of many lines, those with a held-out loss and some of the others."""
    found = Metrics()
    rows = [row for row in read_lines(folder / METRICS) if isinstance(row.get("step"), int)]
    every = max(1, math.ceil(len(rows) / POINTS))
    for i, row in enumerate(rows):
        if i % every and row.get("held_out_loss") is None and i + 1 < len(rows):
            continue
        for name in NUMBERS:
            value = row.get(name)
            known = isinstance(value, (int, float)) and not isinstance(value, bool)
            found[name].append(float(value) if known else math.nan)  # type: ignore[arg-type]
    return found


def read_samples(folder: Path) -> list[dict[str, Any]]:
    """What the model wrote while it learned: step, prompt, seed and text."""
    rows = read_lines(folder / SAMPLES)
    return [row for row in rows if isinstance(row.get("step"), int) and isinstance(row.get("text"), str)]


def read_lines(path: Path) -> Iterable[dict[str, Any]]:
    """The JSON objects of a file, a line each, up to the first that is damaged, of at most LIMIT bytes; none if there is no file."""
    if not path.is_file():
        return
    with open_to_read(path) as file:
        while (line := file.readline(LIMIT)) and file.tell() <= LIMIT:
            try:
                yield json_object(decoded(line, path), path)
            except MinigptError:
                return


def bits_a_nat(record: dict[str, Any]) -> float | None:
    """Bits per byte for a nat per token of a run's held-out text; None if its record does not tell."""
    result = record.get("result") or {}
    loss, bits = result.get("held_out_loss"), result.get("held_out_bits_per_byte")
    return bits / loss if loss and bits else None


def panel(ax: Any, metrics: Metrics, by: str = "step") -> None:
    """Both losses of one run."""
    lone = "o" if len(metrics) < 3 else ""
    ax.plot(*metrics.known(by, "train_loss"), color=BLUE, label="training loss", marker=lone, markersize=4)
    xs, ys = metrics.known(by, "held_out_loss")
    if xs:
        ax.plot(xs, ys, color=ORANGE, marker="o", markersize=3, label="held-out loss")
        ax.axhline(min(ys), color=ORANGE, linewidth=0.7, linestyle=(0, (2, 3)))
    ax.set_xlabel(AXES[by])
    ax.set_ylabel(NATS)
    frame(ax, metrics[by], metrics["train_loss"])
    ax.legend(loc="upper right")


def frame(ax: Any, xs: Sequence[float], ys: Sequence[float]) -> None:
    """The limits of the axes, and whole numbers along the lower one."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    right = max((x for x in xs if math.isfinite(x)), default=1.0)
    ax.set_xlim(0, 1.02 * right if right > 0 else 1)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=right >= 2, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}" if right >= 2 else f"{x:g}"))
    if any(math.isfinite(y) for y in ys) and ax.get_ylim()[0] < 0.25 * ax.get_ylim()[1]:
        ax.set_ylim(bottom=0)
    ax.grid(axis="y", color=LIGHT, linewidth=0.6)
    ax.set_axisbelow(True)


def flags(ax: Any, steps: Sequence[int]) -> None:
    """A numbered mark at each step from which there is a sample."""
    style = {"ha": "center", "va": "bottom", "color": GREY, "fontsize": 8.5, "fontweight": "bold", "clip_on": False}
    for number, step in enumerate(steps, 1):
        ax.axvline(step, color=GREY, linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
        ax.text(step, 1.02, str(number), transform=ax.get_xaxis_transform(), **style)


def small(ax: Any, metrics: Metrics, name: str, title: str) -> None:
    """One column by step."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    xs, ys = metrics.known("step", name)
    ax.plot(xs, ys, color=BLUE, marker="o" if len(metrics) < 3 else "", markersize=4)
    ax.set_title(title)
    ax.set_xlabel("step")
    frame(ax, metrics["step"], ys)
    ax.set_ylim(bottom=0)
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    if max(ys, default=0.0) >= 1000:
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}"))


def several(ax: Any, runs: Sequence[tuple[str, Metrics, float]], by: str, unit: str) -> None:
    """The losses of several runs (name, metrics, what a nat per token is in the unit): held-out bold, training thin."""
    largest = [0.0]
    for (name, metrics, scale), color in zip(runs, _colors(), strict=False):
        ax.plot(*metrics.known(by, "train_loss", scale), color=color, linewidth=0.8, alpha=0.6)
        xs, ys = metrics.known(by, "held_out_loss", scale)
        lowest = f"{name}: {min(ys):.3f}" if ys else f"{name}: no held-out text"
        ax.plot(xs, ys, color=color, marker="o", markersize=3, label=lowest)
        largest += [x for x in metrics[by] if math.isfinite(x)]
    ax.set_xlabel(AXES[by])
    ax.set_ylabel(unit)
    frame(ax, largest, [1.0])
    ax.set_title("Held-out loss (thick, with its lowest value) and training loss (thin)")
    ax.legend(loc="upper right")


def _colors() -> list[str]:
    return LINES * 8
