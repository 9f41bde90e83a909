"""Layer norm as a projection: the mean is removed, what is left is put on a sphere; and of the
gradient only what is tangent to that sphere comes back. Three dimensions, by the layer itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigpt.backend import Backend, Workspace
from minigpt.config import ModelConfig
from minigpt.layers import LayerNorm
from minigpt.model import new_parameters

TITLE = "Layer norm as a projection"
X = np.array([4.0, 0.0, 0.5])
DZ = np.array([1.5, 1.0, -0.9])
MINUS = "\N{MINUS SIGN}"
# The plane of vectors whose mean is 0, drawn with these two unit vectors.
PLANE = np.array([[1.0, -1.0, 0.0], [1.0, 1.0, -2.0]]) / np.sqrt([[2.0], [6.0]])


def layer_norm(x: np.ndarray, dz: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Of a row x (C,) and the gradient dz of its output z: z, dx and 1/std. The gain is 1."""
    C, backend = len(x), Backend("pictures")
    sizes = {"n_layer": 1, "n_head": 1, "n_embd": C, "n_positions": 1, "vocab_size": 2}
    config = ModelConfig(**sizes, layer_norm_epsilon=0)
    parameters = new_parameters(config, backend, np.float64)
    parameters["transformer.h.0.ln_1.weight"].value[...] = 1
    layer = LayerNorm("transformer.h.0.ln_1", parameters, Workspace(backend, np.float64))
    z = layer.forward(x[None])[0].copy()
    return z, layer.backward(dz[None])[0].copy(), float(layer.inverse_std[0, 0])


def data() -> dict[str, Any]:
    """Every vector that is drawn, in three dimensions."""
    z, dx, inverse_std = layer_norm(X, DZ)
    centered = DZ - DZ.mean()
    radial = z * (centered @ z) / (z @ z)
    return {
        "x": X,
        "centered": X - X.mean(),
        "z": z,
        "dz": DZ,
        "dz_centered": centered,
        "radial": radial,
        "tangent": centered - radial,
        "dx": dx,
        "std": 1 / inverse_std,
    }


def draw(d: dict[str, Any]) -> Any:
    """Left the space, in which the mean is removed; right the plane that this leaves."""
    from . import style

    fig = style.figure(3.6)
    page = style.page(fig)
    head = {"fontsize": style.HEAD}
    style.write(page, 1.75, 3.38, "forward: onto the plane, then the circle", **head)
    style.write(page, 5.6, 3.38, "backward: the tangent alone", **head)
    _draw_space(style.axes(fig, 0.05, 0.05, 3.7, 3.2), d)
    _draw_plane(style.axes(fig, 3.8, 0.05, 3.65, 3.2), d)
    return fig


def _draw_space(ax: Any, d: dict[str, Any]) -> None:
    """The three dimensions, seen along the plane and a little from above."""
    from . import style

    ones, tilt = np.ones(3) / np.sqrt(3), 0.34

    def seen(*vectors: np.ndarray) -> np.ndarray:
        """Vectors (3,) -> their places in the picture: across, and up; (2, n)."""
        v = np.array(vectors).T
        a, b = PLANE @ v
        return np.array([a, tilt * b + np.sqrt(1 - tilt**2) * (ones @ v)])

    turn, radius = np.linspace(0, 2 * np.pi, 181), np.linalg.norm(d["z"])
    circle = radius * np.array([np.cos(turn), np.sin(turn)]).T @ PLANE
    corners = np.array([(-2, -3), (2.9, -3), (3.6, 3), (-1.3, 3)]) @ PLANE
    ax.fill(*seen(*corners), color=style.FAINT, linewidth=0)
    style.line(ax, *seen(*circle), style.GREY, zorder=2)
    style.line(ax, *seen(-1 * ones, 3.3 * ones), style.GREY, zorder=2)
    dashed = {"linewidth": 1.2, "linestyle": style.DASHES, "zorder": 2}
    style.line(ax, *seen(d["x"], d["centered"]), style.BLUE, **dashed)
    x, centered, z = seen(d["x"], d["centered"], d["z"]).T
    style.arrow(ax, (0, 0), x, style.BLUE)
    style.arrow(ax, (0, 0), centered, style.BLUE)
    style.arrow(ax, (0, 0), z, style.GREEN)
    text = {"fontsize": style.TEXT}
    style.write(ax, x[0] + 0.2, x[1] + 0.1, "x", style.BLUE, **text)
    style.write(ax, centered[0], centered[1] - 0.4, f"x {MINUS} mean", style.BLUE, **text)
    style.write(ax, z[0] - 0.2, z[1] + 0.28, "z", style.GREEN, **text)
    style.write(ax, *seen(3.4 * ones)[:, 0], "(1, 1, 1)", style.GREY, va="bottom")
    style.write(ax, -1.1, -0.8, "mean 0", style.GREY)
    ax.set_xlim(-2.2, 3.8)
    ax.set_ylim(-1.5, 3.7)
    ax.set_aspect("equal")
    ax.axis("off")


def _draw_plane(ax: Any, d: dict[str, Any]) -> None:
    """The plane of mean 0, seen from above: the gradient at z, and what x receives of it."""
    from . import style

    z, x, dx = (PLANE @ d[name] for name in ("z", "centered", "dx"))
    dz, tangent = (z + PLANE @ d[name] for name in ("dz_centered", "tangent"))
    turn, radius = np.linspace(-0.2 * np.pi, 0.55 * np.pi, 181), np.linalg.norm(d["z"])
    style.line(ax, radius * np.cos(turn), radius * np.sin(turn), style.GREY)
    style.line(
        ax, *zip(tangent, dz, strict=True), style.GREY, linewidth=1.2, linestyle=style.DASHES
    )
    style.arrow(ax, (0, 0), x, style.BLUE)
    style.arrow(ax, (0, 0), z, style.GREEN)
    style.arrow(ax, z, dz)
    style.arrow(ax, z, tangent, style.ORANGE)
    style.arrow(ax, x, x + dx, style.ORANGE)
    ax.plot(0, 0, "o", color=style.INK, markersize=3)
    text = {"fontsize": style.TEXT}
    for at, (right, up), words, color, more in (
        (0.6 * z, (0.05, -0.25), "z", style.GREEN, text),
        (x, (0.55, -0.12), f"x {MINUS} mean", style.BLUE, text),
        (dz, (0, 0.2), f"dz {MINUS} mean", style.INK, text),
        (tangent, (-0.08, 0.1), "tangent", style.ORANGE, {**text, "ha": "right"}),
        ((tangent + dz) / 2, (-0.1, 0.22), "removed", style.GREY, {"ha": "right"}),
        (x + dx, (0.15, -0.1), "dx =\ntangent / std", style.ORANGE, {**text, "ha": "left"}),
    ):
        style.write(ax, at[0] + right, at[1] + up, words, color, **more)
    style.write(ax, 0.2, radius - 0.2, "radius √3", style.GREY)
    ax.set_xlim(-0.5, 4.3)
    ax.set_ylim(-1.1, 3.1)
    ax.set_aspect("equal")
    ax.axis("off")
