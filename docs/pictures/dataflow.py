"""The way of the data: from a prompt to a step of the 12M model, with the shapes of a real one."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np

from minigpt import ModelConfig, Trainer

from .example import LENGTH, SEQUENCES, batch, config, stored

TITLE = "From a prompt to an update, with shapes"


def step(config: ModelConfig, B: int, T: int) -> dict[str, tuple[int, ...]]:
    """Shapes of what passes through a step of a Trainer with one worker."""
    shapes: dict[str, tuple[int, ...]] = {}

    def noted(owner: Any, method: str, arguments: str, result: str) -> None:
        work = getattr(owner, method)

        def seen(*given: Any, **named: Any) -> Any:
            found = work(*given, **named)
            for name, array in zip(arguments.split(), given, strict=False):
                shapes[name] = np.shape(array)
            for name, array in zip(
                result.split(), found if isinstance(found, tuple) else (found,), strict=True
            ):
                shapes[name] = np.shape(array)
            return found

        setattr(owner, method, seen)

    with closing(Trainer(config, device="cpu", threads=1)) as trainer:
        model = trainer.models[0]
        noted(trainer, "step", "x y", "mean")
        noted(model.embedding, "forward", "", "embedded")
        for block in model.blocks:
            noted(block, "forward", "into", "out")
        noted(trainer.loss, "forward_backward", "hidden targets", "loss dhidden")
        trainer.step(*batch(config.vocab_size, B, T))
        shapes["weights"] = model.blocks[0].attn.weights.shape
        shapes["gradients"] = trainer.parameters.gradients.shape
        shapes["m"], shapes["v"] = trainer.optimizer.m.shape, trainer.optimizer.v.shape
        shapes["parameters"] = trainer.parameters.values.shape
    return shapes


def data() -> dict[str, Any]:
    """The corpus of README's prompt, counted, and the shapes of a step on it."""
    found = stored("trained")
    counts = {name: found[name] for name in ("prompt", "documents", "tokens", "vocabulary")}
    return {**counts, "layers": config().n_layer, "shapes": step(config(), SEQUENCES, LENGTH)}


def boxes(d: dict[str, Any]) -> list[list[tuple[str, str, str]]]:
    """The boxes row by row, each with a name, its axes and its numbers."""
    s = d["shapes"]
    logits = s["hidden"][0], d["vocabulary"]
    return [
        [
            ("prompt", "", f"{len(d['prompt'])} characters"),
            ("corpus", "", f"{d['documents']} documents"),
            ("ids", "(n,)", f"({d['tokens']:,},)"),
            ("x and y", "(B, T)", f"{s['x']}"),
        ],
        [
            ("loss", "", "one number"),
            ("logits, in chunks", "(N, V)", f"{logits}"),
            (f"{d['layers']} blocks", "(N, C)", f"{s['out']}"),
            ("embedding", "(N, C), N = B T", f"{s['embedded']}"),
        ],
        [
            ("gradients", "flat", f"({s['gradients'][0]:,},)"),
            ("AdamW: m, v", "flat", f"({s['m'][0]:,},)"),
            ("parameters", "flat", f"({s['parameters'][0]:,},)"),
        ],
    ]


def draw(d: dict[str, Any]) -> Any:
    """A line that winds through three rows, and the loop of training."""
    from matplotlib.patches import FancyBboxPatch

    from . import style

    height, wide, tall = 4.1, 1.42, 0.86
    fig = style.figure(height)
    page = style.canvas(fig, height)
    left, low = [0.2 + 1.89 * i for i in range(4)], [2.98, 1.6, 0.22]
    colors = style.GREY, style.BLUE, style.ORANGE
    for row, color, y in zip(boxes(d), colors, low, strict=True):
        for (name, axes, numbers), x in zip(row, left, strict=False):
            page.add_patch(FancyBboxPatch((x, y), wide, tall, boxstyle="round,pad=0,rounding_size=0.06", linewidth=0,
                                          facecolor=style.tint(color, 0.25)))  # fmt: skip
            lines = [
                (name, style.TEXT, style.INK),
                (axes, style.SMALL, style.GREY),
                (numbers, style.SMALL, style.INK),
            ]
            lines = [line for line in lines if line[0]]
            for k, (words, size, ink) in enumerate(lines):
                page.text(x + wide / 2, y + tall / 2 + 0.23 * ((len(lines) - 1) / 2 - k), words, color=ink, ha="center", va="center",
                          fontsize=size)  # fmt: skip

    def arrow(
        start: tuple[float, float],
        stop: tuple[float, float],
        words: str = "",
        dx: float = 0,
        dy: float = 0.13,
    ) -> None:
        page.annotate(
            "",
            stop,
            start,
            arrowprops={
                "arrowstyle": "-|>",
                "color": style.INK,
                "linewidth": 1.4,
                "shrinkA": 2,
                "shrinkB": 2,
            },
        )
        page.text(
            (start[0] + stop[0]) / 2 + dx,
            (start[1] + stop[1]) / 2 + dy,
            words,
            ha="center" if not dx else "left",
            va="center",
            fontsize=style.SMALL - 0.5,
            color=style.GREY,
        )

    for i in range(3):
        arrow((left[i] + wide, low[0] + tall / 2), (left[i + 1], low[0] + tall / 2))
        arrow((left[i + 1], low[1] + tall / 2), (left[i] + wide, low[1] + tall / 2))
        if i < 2:
            arrow((left[i] + wide, low[2] + tall / 2), (left[i + 1], low[2] + tall / 2))
    for x, top, bottom, words in ((left[3], 0, 1, "forward"), (left[0], 1, 2, "backward")):
        arrow((x + wide / 2, low[top]), (x + wide / 2, low[bottom] + tall), words, dx=0.1, dy=0)
    arrow(
        (left[2] + wide / 2, low[2] + tall), (left[2] + wide / 2, low[1]), "next step", dx=0.1, dy=0
    )
    return fig
