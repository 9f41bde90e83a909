"""GELU and its slope, by the layer itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigpt.backend import Backend, Workspace
from minigpt.layers import Gelu

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
    """Two curves, with ReLU behind them."""
    from . import style

    fig = style.figure(3.7)
    ax = style.axes(fig, 0.5, 0.45, 6.7, 3.1)
    x = d["x"]
    style.line(ax, [-4, 4], [0, 0])
    style.line(ax, [0, 0], [-1, 4])
    style.line(ax, x, np.maximum(x, 0), linewidth=1.8, linestyle=style.DASHES)
    ax.plot(x, d["slope"], color=style.ORANGE)
    ax.plot(x, d["y"], color=style.BLUE)
    style.write(ax, 2.02, 2.3, "y = gelu(x)", style.BLUE, ha="right", fontsize=style.TEXT)
    style.write(ax, 3.95, 0.75, "slope dy/dx", style.ORANGE, ha="right", fontsize=style.TEXT)
    style.write(ax, 2.95, 2.65, "ReLU", style.GREY, ha="left")
    lowest, steepest = d["lowest"], d["steepest"]
    for point, color, words, at in (
        (lowest, style.BLUE, f"lowest: {lowest[1]:.2f}", (-0.75, -0.5)),
        (steepest, style.ORANGE, f"steepest: {steepest[1]:.2f}", (0.6, 1.5)),
        ((0, 0.5), style.ORANGE, "one half at 0", (-0.9, 0.8)),
    ):
        ax.plot(*point, "o", color=color, markersize=5)
        style.point_out(ax, point, words, at)
    ax.set_xlim(-4, 4)
    ax.set_ylim(-0.7, 3)
    ax.set_xlabel("x", labelpad=1)
    return fig
