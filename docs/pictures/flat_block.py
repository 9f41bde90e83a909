"""The flat block: every parameter of the 12M model in one row of memory, to scale."""

from __future__ import annotations

from typing import Any

from minigpt.backend import Backend
from minigpt.model import new_parameters

from .example import config

TITLE = "The flat block of parameters"
BLOCK = "transformer.h.0."  # the block that the second row magnifies


def data() -> dict[str, Any]:
    """Of each parameter, in the order of the block: name, start, stop, and whether it decays."""
    parameters = new_parameters(config(), Backend("pictures"))
    spans = [
        (name, at.start, at.stop, at.stop <= parameters.n_decayed)
        for name, at in parameters.places.items()
    ]
    return {
        "n": parameters.n,
        "n_decayed": parameters.n_decayed,
        "layers": parameters.config.n_layer,
        "spans": sorted(spans, key=lambda span: span[1]),
    }


def groups(d: dict[str, Any]) -> list[tuple[str, int, int]]:
    """The first row, with starts and stops: embeddings, the matrices of each block, all vectors."""
    prefixes = {"tokens": "transformer.tokens_embed", "positions": "transformer.positions"}
    prefixes |= {f"block {i + 1}": f"transformer.h.{i}." for i in range(d["layers"])}
    found = []
    for label, prefix in prefixes.items():
        spans = [s for s in d["spans"] if s[0].startswith(prefix) and s[3]]
        found.append((label, min(s[1] for s in spans), max(s[2] for s in spans)))
    return [*found, ("vectors", d["n_decayed"], d["n"])]


def draw(d: dict[str, Any]) -> Any:
    """Three rows, each a part of the row above, magnified."""
    from . import style

    fig = style.figure(4.0)
    page = style.page(fig)
    title = f"{d['n']:,} parameters in one row"
    style.write(page, 0.3, 3.8, title, ha="left", fontsize=style.HEAD)
    whole = Row(page, 0.3, 7.2, 2.75, 0, d["n"])
    for label, start, stop in groups(d):
        own, size = "block" in label, f"{(stop - start) / 1e6:.2f} M"
        color = style.ORANGE if label == "vectors" else style.BLUE
        whole.box(start, stop, color, label if own else "", size if own else "")
        if label in ("tokens", "positions"):
            x, at = whole.x((start + stop) / 2), 0.3 if label == "tokens" else 1.6
            style.write(page, at, 3.42, f"{label} {size}", ha="left")
            ends = [3.25, 3.33 if label == "tokens" else 3.4]
            style.line(page, [x, max(x, at - 0.04)], ends, style.GREY)
    edge = whole.x(d["n_decayed"])
    style.line(page, [edge, edge], [2.68, 3.5], style.INK, linewidth=1.2, zorder=3)
    style.write(page, edge - 0.06, 3.42, "weight decay ends here", ha="right")

    matrices = [s for s in d["spans"] if s[0].startswith(BLOCK) and s[3]]
    row = Row(page, 0.3, 5.3, 1.5, matrices[0][1], matrices[-1][2])
    whole.magnified(row)
    for name, start, stop, _ in matrices:
        branch, layer = name.removeprefix(BLOCK).split(".")[:2]
        row.box(start, stop, style.BLUE, layer, branch)
    style.write(page, 2.8, 1.33, "the matrices of block 1")
    _draw_vectors(page, d, whole)
    return fig


def _draw_vectors(page: Any, d: dict[str, Any], whole: Row) -> None:
    """Those of all blocks, and those of the first."""
    from . import style

    row = Row(page, 5.7, 7.2, 1.5, d["n_decayed"], d["n"])
    whole.magnified(row)
    vectors = [s for s in d["spans"] if not s[3]]
    for i in range(d["layers"]):
        own = [s for s in vectors if s[0].startswith(f"transformer.h.{i}.")]
        row.box(own[0][1], own[-1][2], style.ORANGE, str(i + 1), "")
    style.write(page, 6.45, 1.33, "the vectors of all blocks")
    first = [s for s in vectors if s[0].startswith(BLOCK)]
    last = Row(page, 0.3, 7.2, 0.3, first[0][1], first[-1][2])
    row.magnified(last)
    for name, start, stop, _ in first:
        *_, layer, kind = name.split(".")
        last.box(start, stop, style.ORANGE, layer, kind if kind == "bias" else "gain")
    style.write(page, 3.75, 0.13, "the vectors of block 1")


class Row:
    """A stretch of the block, parameters `low` to `high`, drawn from `left` to `right` inches."""

    TALL = 0.5

    def __init__(self, page: Any, left: float, right: float, y: float, low: int, high: int) -> None:
        self.page, self.left, self.right, self.y = page, left, right, y
        self.low, self.high = low, high

    def x(self, parameter: float) -> float:
        """The place of a parameter, in inches."""
        share = (parameter - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)

    def box(self, start: int, stop: int, color: str, upper: str, lower: str) -> None:
        """One array, with one or two words."""
        from . import style

        a, b = self.x(start), self.x(stop)
        color = style.tint(color, 0.35)
        style.box(self.page, a, self.y, b - a, self.TALL, color, linewidth=0.8, edgecolor="white")
        middle, size = self.y + self.TALL / 2, style.SMALL - (b - a < 0.45)
        style.write(self.page, (a + b) / 2, middle + (0.1 if lower else 0), upper, fontsize=size)
        style.write(self.page, (a + b) / 2, middle - 0.11, lower, fontsize=size)

    def magnified(self, below: Row) -> None:
        """Lines from a stretch of this row to the row below that shows it."""
        from . import style

        for parameter, end in ((below.low, below.left), (below.high, below.right)):
            style.line(self.page, [self.x(parameter), end], [self.y, below.y + below.TALL])
