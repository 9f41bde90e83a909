"""The V of the gradient check: the error of a central difference against its step."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigpt.backend import Backend, Workspace
from minigpt.config import ModelConfig
from minigpt.gradcheck import STEP, TOLERANCE
from minigpt.layers import LayerNorm
from minigpt.model import new_parameters

TITLE = "The error of a central difference against its step"
N, C = 7, 6
NAME = "transformer.h.0.ln_1"
TYPES = {"float64": np.float64, "float32": np.float32}


def layer_norm(dtype: type) -> tuple[LayerNorm, np.ndarray, np.ndarray]:
    """A layer norm with random gain and bias, an input x and an upstream gradient dy, (N, C) each:
    the same numbers in every type, but for rounding to it."""
    rng, backend = np.random.default_rng(3), Backend("pictures")
    config = ModelConfig(n_layer=1, n_head=1, n_embd=C, n_positions=N, vocab_size=2)
    parameters = new_parameters(config, backend, dtype)
    draws = [rng.standard_normal(n).astype(np.float32) for n in (parameters.n, N * C, N * C)]
    parameters.values[...] = draws[0]
    x, dy = (draw.astype(dtype).reshape(N, C) for draw in draws[1:])
    return LayerNorm(NAME, parameters, Workspace(backend, dtype)), x, dy


def errors(steps: np.ndarray, dtype: type) -> np.ndarray:
    """Of each step, the largest difference between the central difference in `dtype` and the
    backward in float64, relative to the largest gradient: as the check measures it."""
    exact_layer, x, dy = layer_norm(np.float64)
    exact_layer.forward(x)
    exact = exact_layer.backward(dy).copy()
    layer, x, dy = layer_norm(dtype)
    found = np.empty((len(steps), N, C))
    for s, step in enumerate(steps.astype(dtype)):
        for at in np.ndindex(N, C):
            sums = []
            for shifted in (x[at] + step, x[at] - step):
                moved = x.copy()
                moved[at] = shifted
                sums.append((layer.forward(moved) * dy).sum())
            found[(s, *at)] = (sums[0] - sums[1]) / (2 * step)
    difference: np.ndarray = np.abs(found - exact).max(axis=(1, 2)) / np.abs(exact).max()
    return difference


def data() -> dict[str, Any]:
    """The error at steps from 1e-12 to 1, in both types; each type's lowest point."""
    steps = np.logspace(-12, 0, 61)
    curves = {name: errors(steps, dtype) for name, dtype in TYPES.items()}
    return {
        "steps": steps,
        "curves": curves,
        "best": {name: float(steps[curve.argmin()]) for name, curve in curves.items()},
        "eps": {name: float(np.finfo(dtype).eps) for name, dtype in TYPES.items()},
        "step": STEP,
        "at_step": float(errors(np.array([STEP]), np.float64)[0]),
        "tolerance": TOLERANCE,
    }


def draw(d: dict[str, Any]) -> Any:
    """Two Vs in a double-logarithmic plane; the step and the tolerance of the check."""
    from . import style

    fig = style.figure(4.3)
    ax = style.axes(fig, 0.75, 0.5, 6.5, 3.65)
    steps, curves, low = d["steps"], d["curves"], 1e-12
    left = {"ha": "left"}
    style.line(ax, [1e-13, 10], [d["tolerance"]] * 2)
    style.write(
        ax, 7e-13, 0.4 * d["tolerance"], f"tolerance {d['tolerance']:.0e}", style.GREY, **left
    )
    for name, color in (("float32", style.ORANGE), ("float64", style.BLUE)):
        third = d["eps"][name] ** (1 / 3)
        style.line(ax, [third, third], [low, curves[name].min()], color, linestyle=style.DASHES)
        style.write(ax, third * 1.3, 4 * low, f"cube root of eps\n{third:.1e}", color, **left)
        ax.loglog(steps, curves[name], color=color)
    style.write(ax, 6e-13, 5, "step lost in rounding x", style.ORANGE, **left)
    style.write(ax, 3e-6, 0.5, "float32", style.ORANGE, fontsize=style.TEXT, **left)
    style.write(ax, 6e-11, 2e-5, "float64", style.BLUE, fontsize=style.TEXT, **left)
    style.write(ax, 2e-9, 3e-10, "rounding\ngrows as eps / step", style.GREY, ha="right")
    style.write(ax, 1.6e-2, 1e-7, "curvature\ngrows as step²", style.GREY, **left)
    at = d["step"], d["at_step"]
    ax.plot(*at, "o", color=style.BLUE, markersize=5)
    style.point_out(ax, at, f"minigpt check\nstep {at[0]:.0e}", (3e-8, 2e-11), style.BLUE)
    ax.set_ylim(low, 1e2)
    ax.set_xlim(5e-13, 2)
    ax.set_xlabel("step", labelpad=1)
    ax.set_ylabel("relative error", labelpad=2)
    return fig
