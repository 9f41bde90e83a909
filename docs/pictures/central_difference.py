"""The V of the gradient check: the error of a central difference against its step."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigpt.backend import Backend
from minigpt.config import ModelConfig
from minigpt.gradcheck import STEP, TOLERANCE
from minigpt.layers import LayerNorm, Workspace
from minigpt.params import Parameters

TITLE = "The error of a central difference against its step"
N, C, COORDINATES = 7, 6, 42
NAME = "transformer.h.0.ln_1"
TYPES = {"float64": np.float64, "float32": np.float32}


def layer_norm(dtype: type) -> tuple[LayerNorm, np.ndarray, np.ndarray]:
    """A layer norm with random gain and bias, an input x and an upstream gradient dy, (N, C) each:
    the same numbers in every type, but for rounding to it."""
    rng, backend = np.random.default_rng(3), Backend("pictures")
    config = ModelConfig(n_layer=1, n_head=1, n_embd=C, n_positions=N, vocab_size=2)
    parameters = Parameters(config, backend, dtype)
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
        "tolerance": TOLERANCE,
    }


def draw(d: dict[str, Any]) -> Any:
    """Two Vs in a double-logarithmic plane; the step and the tolerance of the check."""
    from . import style

    fig = style.figure(4.3)
    ax = style.axes(fig, 0.75, 0.5, 6.5, 3.65)
    steps, curves, small = d["steps"], d["curves"], {"fontsize": style.SMALL, "va": "center"}
    ax.set_ylim(1e-12, 1e2)
    ax.set_xlim(5e-13, 2)
    ax.axhline(d["tolerance"], color=style.LIGHT, linewidth=1)
    ax.text(
        7e-13, d["tolerance"] * 0.4, f"tolerance {d['tolerance']:.0e}", color=style.GREY, **small
    )
    for name, color in (("float32", style.ORANGE), ("float64", style.BLUE)):
        third = d["eps"][name] ** (1 / 3)
        ax.plot(
            [third, third],
            [1e-12, curves[name].min()],
            color=color,
            linewidth=0.8,
            linestyle=(0, (4, 3)),
        )
        ax.text(third * 1.3, 4e-12, f"cube root of eps\n{third:.1e}", color=color, **small)
        ax.loglog(steps, curves[name], color=color)
    ax.text(6e-13, 5, "step lost in rounding x", color=style.ORANGE, **small)
    ax.text(3e-6, 0.5, "float32", color=style.ORANGE, ha="left", va="center")
    ax.text(6e-11, 2e-5, "float64", color=style.BLUE, ha="left", va="center")
    ax.text(2e-9, 3e-10, "rounding\ngrows as eps / step", color=style.GREY, ha="right", **small)
    ax.text(1.6e-2, 1e-7, "curvature\ngrows as step²", color=style.GREY, ha="left", **small)
    at = float(np.exp(np.interp(np.log(d["step"]), np.log(steps), np.log(curves["float64"]))))
    ax.plot(d["step"], at, "o", color=style.BLUE, markersize=5)
    ax.annotate(f"minigpt check\nstep {d['step']:.0e}", (d["step"], at), (3e-8, 2e-11), ha="center", color=style.BLUE,
                arrowprops={"arrowstyle": "-", "color": style.GREY, "linewidth": 0.8, "shrinkB": 3}, **small)  # fmt: skip
    ax.set_xlabel("step", labelpad=1)
    ax.set_ylabel("relative error", labelpad=2)
    return fig
