"""Lifetimes of the buffers over one step, traced while one worker makes it: one sequence, 12M model."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

import numpy as np

from minigpt import ModelConfig, Trainer

from .example import LENGTH, batch, config
from .tracing import Life, Trace

TITLE = "Lifetimes of the buffers over one step"
PARTS = ("attn", "ln_1", "mlp", "ln_2")  # of a block, in the order of the forward
SHARED, LOSS, EMBEDDING = "shared", "loss", "embedding"


def trace(config: ModelConfig, B: int, T: int) -> tuple[Trace, list[str], int]:
    """One forward and backward of one worker: its trace, what was computed at each tick, and the bytes
    that the workspaces hold."""
    found, ticks = Trace(), ["before"]
    with closing(Trainer(config, device="cpu", threads=1)) as trainer:
        model, workspaces = trainer.models[0], (trainer.models[0].workspace, trainer.loss.workspace)
        for workspace in workspaces:
            found.watch(workspace)
        for layer, name in _layers(model):
            for way in ("forward", "backward"):
                setattr(layer, way, _noted(found, ticks, getattr(layer, way), f"{name} {way}"))
        trainer.loss.forward_backward = _noted(found, ticks, trainer.loss.forward_backward, LOSS)  # type: ignore[method-assign]
        trainer.loss_and_gradients(*batch(config.vocab_size, B, T))
        return found, ticks, sum(workspace.size for workspace in workspaces)


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
    """Whose a buffer is: the number of its block and the part of it; -1 for those outside the blocks."""
    if match := re.search(r"\.h\.(\d+)\.(\w+)", key):
        return int(match[1]), match[2]
    if ".h." in key:
        return -1, SHARED
    return -1, LOSS if key.startswith("loss") else EMBEDDING


def data() -> dict[str, Any]:
    """Every life, in the order in which it is drawn; the bytes alive at each tick, and all there are."""
    found, ticks, held = trace(config(), 1, LENGTH)
    lives = [life for life in found.lives if life.first]
    alive = [
        sum(life.size for life in lives if life.born <= t <= life.died) for t in range(len(ticks))
    ]
    shared = [life for life in lives if owner(life.key)[1] == SHARED]

    def block(life: Life) -> str:
        """The block that uses a shared buffer: with buffers of its own, it would have one more."""
        return ticks[life.born].split()[0]

    return {
        "lives": lives,
        "ticks": ticks,
        "layers": config().n_layer,
        "stale": found.stale,
        "alive": alive,
        "held": held,
        "shared": sum({life.key: life.size for life in reversed(shared)}.values()),
        "unshared": sum({(life.key, block(life)): life.size for life in reversed(shared)}.values()),
    }


def lanes(d: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Of each buffer its place on the axis of memory, in MB: shared ones lowest, then block by block."""
    order = {SHARED: -2, EMBEDDING: -1, LOSS: d["layers"]}
    sizes: dict[str, int] = {}
    first: dict[str, int] = {}
    for life in d["lives"]:
        sizes[life.key] = max(life.size, sizes.get(life.key, 0))
        first.setdefault(life.key, life.born)

    def rank(key: str) -> tuple[int, int, str]:
        block, part = owner(key)
        return order.get(part, block), PARTS.index(part) if part in PARTS else -first[key], key

    found, y = {}, 0.0
    for key in sorted(sizes, key=rank):
        found[key] = (y, y + sizes[key] / 1e6)
        y += sizes[key] / 1e6
    return found


def draw(d: dict[str, Any]) -> Any:
    """Above, a bar for each value: as high as its buffer is large, as long as it lives. Below, the sum."""
    from . import style

    colors = {"attn": style.BLUE, "mlp": style.ORANGE, "ln_1": style.GREEN, "ln_2": style.GREEN}
    fig = style.figure(6.15)
    ax = style.axes(fig, 0.65, 1.8, 6.7, 4.2)
    place, end = lanes(d), len(d["ticks"])
    for life in d["lives"]:
        low, high = place[life.key]
        color = colors.get(owner(life.key)[1], style.GREY)
        ax.fill([life.born, life.died + 1, life.died + 1, life.born], [low, low, high, high],
                facecolor=style.tint(color, 0.5), linewidth=0)  # fmt: skip
    middle = d["ticks"].index(LOSS) + 0.5
    for part, word in (("attn", "attention"), ("mlp", "MLP")):
        for i in range(d["layers"]):
            own = [y for key, span in place.items() if owner(key) == (i, part) for y in span]
            ax.text(middle, (min(own) + max(own)) / 2, f"{word} {i + 1}", ha="center", va="center",
                    fontsize=style.SMALL)  # fmt: skip
    top, shared = max(high for _, high in place.values()), d["shared"] / 1e6
    ax.text(middle + 1.6, top - 2.4, LOSS, color=style.GREY, va="center", fontsize=style.SMALL)
    green = [y for key, span in place.items() if owner(key) == (2, "ln_2") for y in span]
    ax.annotate("layer norms", (13.4, np.mean(green)), (7.5, 56), color=style.GREEN, ha="center",
                fontsize=style.SMALL, arrowprops={"arrowstyle": "-", "color": style.GREEN, "linewidth": 0.8})  # fmt: skip
    ax.text(29, shared - 2.6, f"shared by all blocks: {shared:.0f} MB instead of {d['unshared'] / 1e6:.0f}",
            color=style.GREY, va="center", fontsize=style.SMALL)  # fmt: skip
    ax.set_ylim(0, top)
    ax.set_ylabel("buffers, MB")
    below = style.axes(fig, 0.65, 0.57, 6.7, 1.0)
    alive = np.array(d["alive"][1:]) / 1e6
    below.stairs(alive, np.arange(1, end + 1), fill=True, color=style.tint(style.GREY, 0.4))
    below.axhline(d["held"] / 1e6, color=style.GREY, linewidth=1, linestyle=(0, (4, 3)))
    below.text(
        1.5, d["held"] / 1e6 - 5, f"held {d['held'] / 1e6:.0f} MB", va="top", fontsize=style.SMALL
    )
    below.text(middle, 8, f"in use at most {alive.max():.0f} MB", ha="center", fontsize=style.SMALL)
    below.set_ylim(0, 1.1 * d["held"] / 1e6)
    below.set_ylabel("sum, MB")
    below.set_yticks([0, 40, 80])
    for panel in (ax, below):
        panel.set_xlim(1, end)
        panel.set_xticks([])
        panel.spines["bottom"].set_visible(panel is below)
    _name_ticks(below, d, middle)
    return fig


def _name_ticks(ax: Any, d: dict[str, Any], middle: float) -> None:
    """The blocks under the axis of time: forward to the left of the loss, backward to the right."""
    from . import style

    for i in range(d["layers"]):
        for way in ("forward", "backward"):
            own = [
                t
                for t, name in enumerate(d["ticks"])
                if name.startswith(f"{i} ") and name.endswith(way)
            ]
            ax.text(np.mean(own) + 0.5, -6, str(i + 1), ha="center", va="top", fontsize=style.SMALL)
    for x, words in (
        (middle / 2 + 0.5, "forward through block"),
        (middle, LOSS),
        (1.5 * middle, "backward"),
    ):
        ax.text(x, -24 if words != LOSS else -6, words, ha="center", va="top", fontsize=style.SMALL)
