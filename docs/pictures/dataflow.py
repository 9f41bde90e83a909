"""The way of the data: from a prompt to a step of the 12M model, with the shapes of a real one."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np

from minigpt import ModelConfig, Trainer
from minigpt.backend import Backend

from .example import LENGTH, SEQUENCES, batch, config, stored

TITLE = "From a prompt to an update, with shapes"
TEXT = "text"
WIDE, TALL = 1.42, 0.86  # inches of a box


def step(config: ModelConfig, B: int, T: int) -> dict[str, tuple[int, ...]]:
    """Shapes of what passes through a step of a Trainer with one worker."""
    shapes: dict[str, tuple[int, ...]] = {}

    def noted(owner: Any, method: str, arguments: str, results: str) -> None:
        work = getattr(owner, method)

        def seen(*given: Any, **named: Any) -> Any:
            found = work(*given, **named)
            several = found if isinstance(found, tuple) else (found,)
            shapes.update(zip(arguments.split(), map(np.shape, given), strict=False))
            shapes.update(zip(results.split(), map(np.shape, several), strict=True))
            return found

        setattr(owner, method, seen)

    with closing(Trainer(config, backend=Backend("the lecture"), threads=1)) as trainer:
        model = trainer.models[0]
        noted(trainer, "step", "x y", "mean")
        noted(model.embedding, "forward", "", "embedded")
        for block in model.blocks:
            noted(block, "forward", "into", "out")
        noted(trainer.loss, "forward_backward", "hidden targets", "loss dhidden")
        trainer.step(*batch(config.vocab_size, B, T))
        shapes["weights"] = model.blocks[0].attn.weights.shape
        shapes["gradients"] = trainer.parameters.gradients.shape
        shapes |= {name: array.shape for name, array in trainer.optimizer.arrays.items()}
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
            (TEXT, "generate", "token by token"),
        ],
    ]


def draw(d: dict[str, Any]) -> Any:
    """A line that winds through three rows, and the loop of training."""
    from . import style

    fig = style.figure(4.0)
    page = style.page(fig)
    left, low = [0.2 + 1.89 * i for i in range(4)], [2.94, 1.56, 0.18]
    for row, color, y in zip(boxes(d), (style.GREY, style.BLUE, style.ORANGE), low, strict=True):
        for words, x in zip(row, left, strict=False):
            own = style.GREY if words[0] == TEXT else color
            _box(page, x, y, style.tint(own, 0.25), words)

    def arrow(start: tuple[float, float], stop: tuple[float, float], words: str = "") -> None:
        style.arrow(page, start, stop, linewidth=1.4, shrinkA=2, shrinkB=2)
        style.write(page, start[0] + 0.1, (start[1] + stop[1]) / 2, words, style.GREY, ha="left")

    for i in range(3):
        here, there = left[i] + WIDE, left[i + 1]
        arrow((here, low[0] + TALL / 2), (there, low[0] + TALL / 2))
        arrow((there, low[1] + TALL / 2), (here, low[1] + TALL / 2))
        arrow((here, low[2] + TALL / 2), (there, low[2] + TALL / 2))
    middle = [x + WIDE / 2 for x in left]
    arrow((middle[3], low[0]), (middle[3], low[1] + TALL), "forward")
    arrow((middle[0], low[1]), (middle[0], low[2] + TALL), "backward, the same way back")
    arrow((middle[2], low[2] + TALL), (middle[2], low[1]), "the next step")
    return fig


def _box(page: Any, x: float, y: float, color: str, words: tuple[str, str, str]) -> None:
    """A name, its axes and its numbers, one below the other."""
    from matplotlib.patches import FancyBboxPatch

    from . import style

    shape = "round,pad=0,rounding_size=0.06"
    page.add_patch(FancyBboxPatch((x, y), WIDE, TALL, shape, linewidth=0, facecolor=color))
    looks = (style.TEXT, style.INK), (style.SMALL, style.GREY), (style.SMALL, style.INK)
    lines = [(line, *look) for line, look in zip(words, looks, strict=True) if line]
    for k, (line, size, ink) in enumerate(lines):
        up = 0.23 * ((len(lines) - 1) / 2 - k)
        style.write(page, x + WIDE / 2, y + TALL / 2 + up, line, ink, fontsize=size)
