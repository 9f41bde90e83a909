"""Attention of a trained model: the weights of all heads of a tiny one over a short text."""

from __future__ import annotations

from typing import Any

import numpy as np

from .example import stored

TITLE = "Where the heads of a trained model look"
EASY = 4  # the first queries have few keys to choose from


def data() -> dict[str, Any]:
    """Tokens, weights (L, H, T, T), and the largest of each head; from a stored measurement."""
    found = stored("trained")
    T = len(found["text"])
    weights = np.zeros((found["layers"], found["heads"], T, T))
    for block, head in np.ndindex(*weights.shape[:2]):
        for t, row in enumerate(found["weights"][block][head]):
            weights[block, head, t, : t + 1] = row
    strongest = [[_strongest(head) for head in block] for block in weights]
    return {"text": found["text"], "weights": weights, "strongest": strongest}


def _strongest(weights: np.ndarray) -> tuple[int, int]:
    """Query and key of a head's largest weight, among the queries that have a choice."""
    query, key = np.unravel_index(weights[EASY:].argmax(), weights[EASY:].shape)
    return EASY + int(query), int(key)


def draw(d: dict[str, Any]) -> Any:
    """A triangle for each head: the query's row, the key's column; the darker, the more weight."""
    from . import style

    words = [token.replace("\n", "↵").strip() for token in d["text"]]
    blocks, heads = d["weights"].shape[:2]
    side, height, right = 2.95, 6.45, len(words) + 2.5
    fig = style.figure(height)
    for b, h in np.ndindex(blocks, heads):
        ax = style.axes(fig, 0.15 + 3.65 * h, height - 0.1 - side - 3.3 * b, side, side)
        weights, (query, key) = d["weights"][b, h], d["strongest"][b][h]
        _triangle(ax, weights, words)
        style.box(ax, key, query, 1, 1, "none", linewidth=1.2, edgecolor=style.ORANGE)
        name = f"block {b + 1}, head {h + 1}"
        style.write(ax, right, 1, name, ha="right", fontsize=style.HEAD)
        most = f"“{words[query]}” looks at “{words[key]}”: {weights[query, key]:.0%}"
        style.write(ax, right, 2.7, most, style.ORANGE, ha="right")
    return fig


def _triangle(ax: Any, weights: np.ndarray, words: list[str]) -> None:
    """The weights of a head. A word at the end of its row stands above its column too."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    from . import style

    def square(t: int, s: int) -> Any:
        return Path([(s, t), (s + 1, t), (s + 1, t + 1), (s, t + 1), (s, t)], closed=True)

    T = len(weights)
    ax.set_xlim(0, T)
    ax.set_ylim(T, 0)
    ax.axis("off")
    stairs = np.repeat(np.arange(T + 1), 2)
    edge = [0, *stairs[1:-1], T, 0, 0], [0, *stairs[:-2], T, T, 0]
    style.line(ax, *edge, clip_on=False)
    shades = np.round(20 * weights) / 20
    for shade in np.unique(shades[shades > 0]):
        squares = [square(t, s) for t, s in np.argwhere(shades == shade)]
        color = style.tint(style.BLUE, float(shade))
        path = Path.make_compound_path(*squares)
        ax.add_patch(PathPatch(path, linewidth=0, facecolor=color))
    for t, word in enumerate(words):
        style.write(ax, t + 1.25, t + 0.5, word, ha="left")
