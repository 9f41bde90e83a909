"""The tiles of causal attention: which scores are computed, and which of them are masked."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigpt.attention import TILE, Attention, Tile
from minigpt.backend import Backend
from minigpt.config import ModelConfig
from minigpt.layers import Noise, Workspace
from minigpt.params import Parameters

TITLE = "The tiles of causal attention"
T = 256


def tiles(T: int, tile: int = TILE) -> list[Tile]:
    """What the layer cuts the (T, T) scores of one head into."""
    config = ModelConfig(n_layer=1, n_head=1, n_embd=1, n_positions=T, vocab_size=2)
    backend = Backend("pictures")
    parameters, workspace = Parameters(config, backend), Workspace(backend)
    return Attention(0, parameters, workspace, Noise(backend), tile).tiles(T, T)


def covered(found: list[Tile], T: int) -> tuple[np.ndarray, np.ndarray]:
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
        "tile": TILE,
        "tiles": [(t.rows.start, t.rows.stop, t.columns.start, t.columns.stop) for t in found],
        "all": T * T,
        "needed": int((computed & needed).sum()),
        "masked": int((computed & ~needed).sum()),
        "skipped": int((~computed).sum()),
    }


def draw(d: dict[str, Any]) -> Any:
    """Left the forward, one product for each row of tiles; right the backward's dK and dV."""
    from . import style

    fig = style.figure(3.95)
    page = style.canvas(fig, 3.95)
    panels = (
        (0.62, True, "scores: tile by tile of queries"),
        (4.25, False, "dK, dV: tile by tile of keys"),
    )
    for left, forward, title in panels:
        _panel(style.axes(fig, left, 0.48, 2.95, 2.95), d, forward)
        page.text(left + 1.475, 3.72, title, ha="center", va="center", fontsize=style.HEAD)
    ax = fig.axes[1]
    share = {name: f"{d[name] / d['all']:.0%}" for name in ("needed", "masked", "skipped")}
    small = {"fontsize": style.SMALL, "ha": "center", "va": "center"}
    ax.text(
        164, 26, f"never computed: {d['skipped']:,} ({share['skipped']})", color=style.GREY, **small
    )
    ax.text(207, 96, f"masked:\n{d['masked']:,} ({share['masked']})", color=style.ORANGE, **small)
    ax.plot([172, 112], [96, 84], color=style.ORANGE, linewidth=0.8)
    ax.text(104, 229, f"used: {d['needed']:,} ({share['needed']})", color=style.BLUE, **small)
    return fig


def _panel(ax: Any, d: dict[str, Any], forward: bool) -> None:
    """The square of scores; each tile's product is outlined and numbered."""
    from matplotlib.patches import Polygon, Rectangle

    from . import style

    T, blue, orange = d["T"], style.tint(style.BLUE, 0.3), style.tint(style.ORANGE, 0.55)
    ax.set_xlim(0, T)
    ax.set_ylim(T, 0)
    ax.set_aspect("equal")
    ax.add_patch(Rectangle((0, 0), T, T, facecolor=style.FAINT, edgecolor="none"))
    ax.add_patch(Polygon([(0, 0), (0, T), (T, T)], facecolor=blue, edgecolor="none"))
    for r0, r1, c0, c1 in d["tiles"]:
        ax.add_patch(Polygon([(c0, r0), (c1, r0), (c1, r1)], facecolor=orange, edgecolor="none"))
    for k, (r0, r1, c0, c1) in enumerate(d["tiles"]):
        corner, wide, high = ((0, r0), c1, r1 - r0) if forward else ((c0, r0), c1 - c0, T - r0)
        ax.add_patch(Rectangle(corner, wide, high, fill=False, linewidth=1.5, clip_on=False,
                               edgecolor=style.INK))  # fmt: skip
        middle = (16, r1 - 19) if forward else (c0 + 16, T - 19)
        ax.text(*middle, str(k + 1), ha="center", va="center", fontsize=style.TEXT)
    ends = [0, *(stop for _, stop, _, _ in d["tiles"])]
    ax.set_xticks(ends)
    ax.set_yticks(ends)
    ax.set_xlabel("key", labelpad=1)
    ax.set_ylabel("query", labelpad=1)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0)
