"""Lifetimes of the buffers over one step of the 12M model: one worker, one sequence, traced."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import closing
from typing import Any

import numpy as np

from minigpt import ModelConfig, Trainer
from minigpt.backend import Backend

from .example import LENGTH, batch, config
from .tracing import Life, Trace

TITLE = "Lifetimes of the buffers over one step"
PARTS = ("attn", "ln_1", "mlp", "ln_2")  # of a block, in the order of the forward
SHARED, LOSS, EMBEDDING = "shared", "loss", "embedding"


def trace(config: ModelConfig, B: int, T: int) -> tuple[Trace, list[str], int]:
    """One forward and backward of one worker: its trace, what was computed at each tick, and how
    many bytes the workspaces hold."""
    found, ticks = Trace(), ["before"]
    with closing(Trainer(config, backend=Backend("the lecture"), threads=1)) as trainer:
        model, parts = trainer.models[0], (trainer.models[0], trainer.loss)
        for part in parts:
            found.watch(part)
        for layer, name in _layers(model):
            for way in ("forward", "backward"):
                setattr(layer, way, _noted(found, ticks, getattr(layer, way), f"{name} {way}"))
        both = trainer.loss.forward_backward
        trainer.loss.forward_backward = _noted(found, ticks, both, LOSS)
        trainer.loss_and_gradients(*batch(config.vocab_size, B, T))
        return found, ticks, sum(part.workspace.size for part in parts)


def _layers(model: Any) -> list[tuple[Any, str]]:
    """What a tick is: a layer of a block, or the embedding, with its name."""
    found = [(model.embedding, EMBEDDING)]
    for i, block in enumerate(model.blocks):
        found += [(getattr(block, part), f"{i} {part}") for part in PARTS]
    return found


def _noted(found: Trace, ticks: list[str], work: Any, name: str) -> Any:
    """The function; at each call a tick begins, and what it computes is noted."""

    def noted(*args: Any, **kwargs: Any) -> Any:
        found.tick += 1
        ticks.append(name)
        return work(*args, **kwargs)

    return noted


def owner(key: str) -> tuple[int, str]:
    """Whose a buffer is: the number of a block, or -1, and a part of it."""
    if match := re.search(r"\.h\.(\d+)\.(\w+)", key):
        return int(match[1]), match[2]
    if ".h." in key:
        return -1, SHARED
    return -1, LOSS if key.startswith("loss") else EMBEDDING


def data() -> dict[str, Any]:
    """Every life; the bytes alive at each tick, and all that are held; those that blocks share, and
    what they would be if each block had its own."""
    found, ticks, held = trace(config(), 1, LENGTH)
    lives = [life for life in found.lives if life.first]
    alive = [
        sum(life.size for life in lives if life.born <= t <= life.died) for t in range(len(ticks))
    ]
    shared = [life for life in lives if owner(life.key)[1] == SHARED]

    def block(life: Life) -> str:
        """Which block uses a shared buffer."""
        return ticks[life.born].split()[0]

    return {
        "lives": lives,
        "ticks": ticks,
        "layers": config().n_layer,
        "stale": found.stale,
        "alive": alive,
        "held": held,
        "shared": sum(largest((life.key, life.size) for life in shared).values()),
        "unshared": sum(largest(((life.key, block(life)), life.size) for life in shared).values()),
    }


def largest(sizes: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    """The largest size with each key."""
    found: dict[Any, int] = {}
    for key, size in sizes:
        found[key] = max(size, found.get(key, 0))
    return found


def lanes(d: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Of each buffer its place on the axis of memory, in MB: shared ones lowest, then by block."""
    order = {SHARED: -2, EMBEDDING: -1, LOSS: d["layers"]}
    sizes = largest((life.key, life.size) for life in d["lives"])
    first = {life.key: life.born for life in reversed(d["lives"])}

    def rank(key: str) -> tuple[int, int, str]:
        block, part = owner(key)
        return order.get(part, block), PARTS.index(part) if part in PARTS else -first[key], key

    found, y = {}, 0.0
    for key in sorted(sizes, key=rank):
        found[key] = (y, y + sizes[key] / 1e6)
        y += sizes[key] / 1e6
    return found


def draw(d: dict[str, Any]) -> Any:
    """Above, a bar for each value: as high as its buffer, as long as its life. Below, the sum."""
    from . import style

    colors = {"attn": style.BLUE, "mlp": style.ORANGE, "ln_1": style.GREEN, "ln_2": style.GREEN}
    fig = style.figure(6.15)
    ax = style.axes(fig, 0.65, 1.8, 6.7, 4.2)
    place = lanes(d)
    for life in d["lives"]:
        low, high = place[life.key]
        color = style.tint(colors.get(owner(life.key)[1], style.GREY), 0.5)
        style.box(ax, life.born, low, life.died + 1 - life.born, high - low, color)
    _name_bars(ax, d, place)
    ax.set_ylabel("buffers, MB")
    ax.spines["bottom"].set_visible(False)

    below = style.axes(fig, 0.65, 0.57, 6.7, 1.0)
    alive, held, end = np.array(d["alive"][1:]) / 1e6, d["held"] / 1e6, len(d["ticks"])
    below.stairs(alive, np.arange(1, end + 1), fill=True, color=style.tint(style.GREY, 0.4))
    style.line(below, [1, end], [held, held], style.GREY, linestyle=style.DASHES)
    style.write(below, 1.5, held - 12, f"held {held:.0f} MB", ha="left")
    style.write(below, _loss(d), 14, f"in use at most {alive.max():.0f} MB")
    _name_ticks(below, d)
    below.set_ylim(0, 1.1 * held)
    below.set_ylabel("sum, MB")
    for panel in (ax, below):
        panel.set_xlim(1, end)
        panel.set_xticks([])
        panel.locator_params(axis="y", nbins=5 if panel is ax else 3)
    return fig


def _loss(d: dict[str, Any]) -> float:
    """Where the middle of the step is."""
    return float(d["ticks"].index(LOSS) + 0.5)


def _name_bars(ax: Any, d: dict[str, Any], place: dict[str, tuple[float, float]]) -> None:
    """Words in the bars, or beside those that are too small."""
    from . import style

    def middle(block: int, part: str) -> float:
        found = [y for key, span in place.items() if owner(key) == (block, part) for y in span]
        return (min(found) + max(found)) / 2

    for i in range(d["layers"]):
        style.write(ax, _loss(d), middle(i, "attn"), f"attention {i + 1}")
        style.write(ax, _loss(d), middle(i, "mlp"), f"MLP {i + 1}")
    style.write(ax, _loss(d) - 1, middle(-1, LOSS), LOSS, style.GREY, ha="right")
    norm = next(life.born for life in d["lives"] if owner(life.key) == (2, "ln_2"))
    style.point_out(ax, (norm, middle(2, "ln_2")), "layer norms", (norm - 6, 56), style.GREEN)
    shared = d["shared"] / 1e6
    words = f"shared by all blocks: {shared:.0f} MB instead of {d['unshared'] / 1e6:.0f}"
    style.write(ax, 2, 0.3 * shared, words, style.GREY, ha="left")
    ax.set_ylim(0, max(high for _, high in place.values()))


def _name_ticks(ax: Any, d: dict[str, Any]) -> None:
    """The blocks under the axis of time: forward to the left of the loss, backward to the right."""
    from . import style

    below = {"va": "top"}
    for i in range(d["layers"]):
        for way in ("forward", "backward"):
            name = re.compile(rf"{i} \w+ {way}")
            own = [t for t, tick in enumerate(d["ticks"]) if name.fullmatch(tick)]
            style.write(ax, np.mean(own) + 0.5, -6, str(i + 1), **below)
    style.write(ax, _loss(d), -6, LOSS, **below)
    style.write(ax, 0.5 * _loss(d), -24, "forward through block", **below)
    style.write(ax, 1.5 * _loss(d), -24, "backward", **below)
