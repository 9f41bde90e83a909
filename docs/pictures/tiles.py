"""The tiles of causal attention: which scores are computed, and which of them are masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigpt import attention
from minigpt.attention import Tile
from minigpt.backend import Backend

TITLE = "The tiles of causal attention"
T = 256
PARTS = ("needed", "masked", "skipped")


def tiles(T: int, size: int = Backend.tile) -> tuple[Tile, ...]:
    """What the layer cuts the (T, T) scores of one head into; by default into its own tiles."""
    return attention.tiles(T, T, size)


def covered(found: Sequence[Tile], T: int) -> tuple[np.ndarray, np.ndarray]:
    """(T, T) each: how often the forward computes a score, and how often the products for dK and dV
    read it."""
    by_rows, by_columns = np.zeros((2, T, T), dtype=int)
    for tile in found:
        by_rows[tile.rows, tile.seen] += 1
        by_columns[tile.seeing, tile.columns] += 1
    return by_rows, by_columns


def data() -> dict[str, Any]:
    """The tiles at T = 256, and the scores counted."""
    found = tiles(T)
    computed = covered(found, T)[0] > 0
    needed = np.tri(T, dtype=bool)
    return {
        "T": T,
        "tiles": [(t.rows.start, t.rows.stop, t.columns.start, t.columns.stop) for t in found],
        "all": T * T,
        "needed": int((computed & needed).sum()),
        "masked": int((computed & ~needed).sum()),
        "skipped": int((~computed).sum()),
    }


def draw(d: dict[str, Any]) -> Any:
    """Left the scores, one product for each row of tiles; right dK and dV of the backward."""
    from . import style

    fig = style.figure(3.95)
    page = style.page(fig)
    panels = []
    for left, forward, title in (
        (0.62, True, "scores: tile by tile of queries"),
        (4.25, False, "dK, dV: tile by tile of keys"),
    ):
        panels.append(style.axes(fig, left, 0.48, 2.95, 2.95))
        _square(panels[-1], d, forward)
        style.write(page, left + 1.475, 3.72, title, fontsize=style.HEAD)
    words = {name: f"{d[name]:,} ({d[name] / d['all']:.0%})" for name in PARTS}
    ax = panels[0]
    style.write(ax, 164, 26, f"never computed: {words['skipped']}", style.GREY)
    style.point_out(ax, (112, 84), f"masked:\n{words['masked']}", (207, 96), style.ORANGE)
    style.write(ax, 104, 229, f"used: {words['needed']}", style.BLUE)
    return fig


def _square(ax: Any, d: dict[str, Any], forward: bool) -> None:
    """The scores of a head; each tile's product is outlined and numbered."""
    from . import style

    T, blue, orange = d["T"], style.tint(style.BLUE, 0.3), style.tint(style.ORANGE, 0.55)
    ax.set_xlim(0, T)
    ax.set_ylim(T, 0)
    style.box(ax, 0, 0, T, T, style.FAINT)
    ax.fill([0, 0, T], [0, T, T], facecolor=blue, linewidth=0)
    for r0, r1, c0, c1 in d["tiles"]:
        ax.fill([c0, c1, c1], [r0, r0, r1], facecolor=orange, linewidth=0)
    look = {"fill": False, "linewidth": 1.5, "edgecolor": style.INK, "clip_on": False}
    for k, (r0, r1, c0, c1) in enumerate(d["tiles"], start=1):
        if forward:
            style.box(ax, 0, r0, c1, r1 - r0, "none", **look)
            style.write(ax, 16, r1 - 19, str(k), fontsize=style.TEXT)
        else:
            style.box(ax, c0, r0, c1 - c0, T - r0, "none", **look)
            style.write(ax, c0 + 16, T - 19, str(k), fontsize=style.TEXT)
    ends = [0, *(stop for _, stop, _, _ in d["tiles"])]
    ax.set_xticks(ends)
    ax.set_yticks(ends)
    ax.set_xlabel("key", labelpad=1)
    ax.set_ylabel("query", labelpad=1)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
