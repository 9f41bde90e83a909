"""Layer norm as a projection: the mean is removed, what is left is put on a sphere; and its gradient,
of which only what is tangent to that sphere comes back. In three dimensions, by the layer itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigpt.backend import Backend
from minigpt.config import ModelConfig
from minigpt.layers import LayerNorm, Workspace
from minigpt.params import Parameters

TITLE = "Layer norm as a projection"
X = np.array([4.0, 0.0, 0.5])
DY = np.array([1.5, 1.0, -0.9])
# The plane of vectors whose mean is 0, drawn with these two unit vectors.
PLANE = np.array([[1.0, -1.0, 0.0], [1.0, 1.0, -2.0]]) / np.sqrt([[2.0], [6.0]])


def layer_norm(x: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Of one row x (C,) and its upstream gradient dy: the output z, the gradient dx, and 1/std."""
    C, backend = len(x), Backend("pictures")
    config = ModelConfig(
        n_layer=1, n_head=1, n_embd=C, n_positions=1, vocab_size=2, layer_norm_epsilon=0
    )
    parameters = Parameters(config, backend, np.float64)
    parameters["transformer.h.0.ln_1.weight"].value[...] = 1
    layer = LayerNorm("transformer.h.0.ln_1", parameters, Workspace(backend, np.float64))
    z = layer.forward(x[None])[0].copy()
    return z, layer.backward(dy[None])[0].copy(), float(layer.inverse_std[0, 0])


def data() -> dict[str, Any]:
    """Every vector that is drawn, in three dimensions."""
    z, dx, inverse_std = layer_norm(X, DY)
    centered = DY - DY.mean()
    radial = z * (centered @ z) / (z @ z)
    return {
        "x": X,
        "centered": X - X.mean(),
        "z": z,
        "dy": DY,
        "dy_centered": centered,
        "radial": radial,
        "tangent": centered - radial,
        "dx": dx,
        "std": 1 / inverse_std,
    }


def draw(d: dict[str, Any]) -> Any:
    """Left the space, in which the mean is removed; right the plane that this leaves."""
    from . import style

    fig = style.figure(3.6)
    page = style.canvas(fig, 3.6)
    for x, words in (
        (1.75, "forward: onto the plane, then the circle"),
        (5.6, "backward: the tangent alone"),
    ):
        page.text(x, 3.38, words, ha="center", va="center", fontsize=style.HEAD)
    _space(style.axes(fig, 0.05, 0.05, 3.7, 3.2), d)
    _plane(style.axes(fig, 3.8, 0.05, 3.65, 3.2), d)
    return fig


def _space(ax: Any, d: dict[str, Any]) -> None:
    """The three dimensions, seen along the plane and a little from above."""
    from . import style

    ones, tilt = np.ones(3) / np.sqrt(3), 0.34

    def seen(v: np.ndarray) -> tuple[float, float]:
        a, b = PLANE @ v
        return float(a), float(tilt * b + np.sqrt(1 - tilt**2) * (v @ ones))

    turn, radius = np.linspace(0, 2 * np.pi, 181), np.linalg.norm(d["z"])
    circle = [seen(radius * (np.cos(t) * PLANE[0] + np.sin(t) * PLANE[1])) for t in turn]
    corners = [s * PLANE[0] + t * PLANE[1] for s, t in ((-2, -3), (2.9, -3), (3.6, 3), (-1.3, 3))]
    ax.fill(*zip(*map(seen, corners), strict=True), color=style.FAINT, linewidth=0)
    ax.plot(*zip(*circle, strict=True), color=style.GREY, linewidth=1)
    ax.plot(*zip(seen(-1 * ones), seen(3.3 * ones), strict=True), color=style.GREY, linewidth=0.8)
    ax.text(*seen(3.4 * ones), "(1, 1, 1)", ha="center", va="bottom", fontsize=style.SMALL,
            color=style.GREY)  # fmt: skip
    ax.text(-1.5, -0.85, "mean 0", fontsize=style.SMALL, color=style.GREY)
    ax.plot(*zip(seen(d["x"]), seen(d["centered"]), strict=True), color=style.BLUE, linewidth=1.2,
            linestyle=(0, (3, 3)))  # fmt: skip
    zero = seen(np.zeros(3))
    _arrow(ax, zero, seen(d["x"]), style.BLUE)
    _arrow(ax, zero, seen(d["centered"]), style.BLUE)
    _arrow(ax, zero, seen(d["z"]), style.GREEN)
    for v, words, color, (dx, dy) in ((d["x"], "x", style.BLUE, (0.12, 0.1)), (d["z"], "z", style.GREEN, (-0.25, 0.28)),
                            (d["centered"], "x − mean", style.BLUE, (-0.5, -0.4))):  # fmt: skip
        ax.text(seen(v)[0] + dx, seen(v)[1] + dy, words, color=color, va="center")
    ax.set_xlim(-2.2, 3.8)
    ax.set_ylim(-1.5, 3.7)
    ax.set_aspect("equal")
    ax.axis("off")


def _plane(ax: Any, d: dict[str, Any]) -> None:
    """The plane of mean 0, seen from above."""
    from . import style

    at = {
        name: PLANE @ d[name]
        for name in ("centered", "z", "dy_centered", "radial", "tangent", "dx")
    }
    z, x, radius = at["z"], at["centered"], np.linalg.norm(d["z"])
    turn = np.linspace(-0.2 * np.pi, 0.55 * np.pi, 181)
    ax.plot(radius * np.cos(turn), radius * np.sin(turn), color=style.GREY, linewidth=1)
    _arrow(ax, (0, 0), x, style.BLUE)
    _arrow(ax, (0, 0), z, style.GREEN)
    _arrow(ax, z, z + at["dy_centered"], style.INK)
    _arrow(ax, z, z + at["tangent"], style.ORANGE)
    _arrow(ax, x, x + at["dx"], style.ORANGE)
    ends = z + at["tangent"], z + at["dy_centered"]
    ax.plot(*zip(*ends, strict=True), color=style.GREY, linewidth=1.2, linestyle=(0, (3, 3)))
    small = {"fontsize": style.SMALL, "va": "center"}
    ax.text(*(z * 0.6 + (0.05, -0.25)), "z", color=style.GREEN, va="center")
    ax.text(*(x + (0.1, -0.12)), "x − mean", color=style.BLUE, va="center")
    ax.text(*(ends[1] + (0, 0.2)), "dz − mean", color=style.INK, ha="center", va="center")
    ax.text(*(ends[0] + (-0.08, 0.1)), "tangent", color=style.ORANGE, ha="right", va="center")
    ax.text(
        *((ends[0] + ends[1]) / 2 + (-0.05, 0.25)),
        "along z: removed",
        color=style.GREY,
        ha="right",
        **small,
    )
    ax.text(*(x + at["dx"] + (0.15, -0.1)), "dx =\ntangent / std", color=style.ORANGE, va="center")
    ax.plot([0], [0], "o", color=style.INK, markersize=3)
    ax.text(0.2, radius - 0.2, "radius √3", color=style.GREY, ha="center", **small)
    ax.set_xlim(-0.5, 4.3)
    ax.set_ylim(-1.1, 3.1)
    ax.set_aspect("equal")
    ax.axis("off")


def _arrow(ax: Any, start: Any, stop: Any, color: str) -> None:
    """A vector."""
    arrow = {"arrowstyle": "-|>", "color": color, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0,
             "mutation_scale": 12}  # fmt: skip
    ax.annotate("", stop, start, arrowprops=arrow)
