"""GELU and its slope, by the layer itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigpt.backend import Backend
from minigpt.layers import Gelu, Workspace

TITLE = "GELU and its slope"


def gelu(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The layer's output and the slope it saves, for each of x (n,), in float64."""
    layer = Gelu("picture", Workspace(Backend("pictures"), np.float64))
    y = layer.forward(x[:, None])[:, 0].copy()
    return y, layer.slope[:, 0].copy()


def data() -> dict[str, Any]:
    """Both curves from -4 to 4, the lowest point of the one and the steepest of the other."""
    x = np.linspace(-4, 4, 801)
    y, slope = gelu(x)
    lowest, steepest = int(y.argmin()), int(slope.argmax())
    return {
        "x": x,
        "y": y,
        "slope": slope,
        "lowest": (float(x[lowest]), float(y[lowest])),
        "steepest": (float(x[steepest]), float(slope[steepest])),
    }


def draw(d: dict[str, Any]) -> Any:
    """Two curves, with ReLU and its slope behind them."""
    from . import style

    fig = style.figure(3.7)
    ax = style.axes(fig, 0.5, 0.45, 6.7, 3.1)
    x = d["x"]
    ax.axhline(0, color=style.LIGHT, linewidth=0.8)
    ax.axvline(0, color=style.LIGHT, linewidth=0.8)
    ax.plot(x, np.maximum(x, 0), color=style.LIGHT, linestyle=(0, (4, 3)))
    ax.plot(x[x < 0], 0 * x[x < 0], color=style.LIGHT, linestyle=(0, (4, 3)))
    ax.plot(x, d["slope"], color=style.ORANGE)
    ax.plot(x, d["y"], color=style.BLUE)
    ax.text(2.02, 2.25, "y = gelu(x)", color=style.BLUE, ha="right")
    ax.text(3.95, 0.82, "slope dy/dx", color=style.ORANGE, ha="right", va="top")
    ax.text(2.95, 2.62, "ReLU", color=style.GREY, ha="left", fontsize=style.SMALL)

    for (px, py), color, words, at, align in (
        (d["lowest"], style.BLUE, f"lowest: {d['lowest'][1]:.2f}", (-0.75, -0.5), "center"),
        (d["steepest"], style.ORANGE, f"steepest: {d['steepest'][1]:.2f}", (1.15, 1.5), "right"),
        ((0, 0.5), style.ORANGE, "one half at 0", (-0.35, 0.75), "right"),
    ):
        ax.plot([px], [py], "o", color=color, markersize=5)
        arrow = {"arrowstyle": "-", "color": style.GREY, "linewidth": 0.8, "shrinkB": 3}
        ax.annotate(words, (px, py), at, ha=align, va="center", fontsize=style.SMALL,
                    arrowprops=arrow)  # fmt: skip
    ax.set_xlim(-4, 4)
    ax.set_ylim(-0.7, 3)
    ax.set_xlabel("x", labelpad=1)
    return fig
