"""Softmax in blocks: one row of real logits, cut as the loss cuts it, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from minigpt.backend import Backend, Workspace
from minigpt.config import ModelConfig
from minigpt.embedding import names
from minigpt.loss import CrossEntropy, Shard
from minigpt.model import new_parameters
from minigpt.threads import Workers

from .example import stored

TITLE = "Softmax in blocks"
SHARDS, BLOCK = 2, 400  # two cores; tokens of a block at most


class Overheard(Workers):
    """One worker that notes what the shards are told: in their backward, the shares."""

    def map(self, work: Callable[..., Any], *arguments: Iterable[Any]) -> list[Any]:
        """As `Workers.map`."""
        told = [list(each) for each in arguments]
        if work is Shard.backward:
            _, _, self.shares, *_ = told
        return super().map(work, *told)


def in_blocks(logits: np.ndarray, shards: int, block: int) -> dict[str, Any]:
    """What the loss computes of one row of logits (V,): its blocks (start, stop), and of each the
    largest logit, the exponentials, their sum, and the share that makes them the softmax."""
    config = ModelConfig(n_layer=1, n_head=1, n_embd=1, n_positions=1, vocab_size=len(logits))
    backend = Backend("pictures")
    parameters = new_parameters(config, backend, np.float64)
    output = parameters[names(config).output]
    output.value[:, 0] = logits  # width 1: a hidden state of 1 gives them
    workers, workspace = Overheard(1), Workspace(backend, np.float64)
    loss = CrossEntropy(output, workspace, workers, shards=shards, block=block)
    hidden, target = np.ones((1, 1)), np.array([int(logits.argmax())])
    maxima, sums, _ = zip(*(shard.forward(hidden, target) for shard in loss.shards), strict=True)
    maxima, sums = np.concatenate(maxima)[:, 0].copy(), np.concatenate(sums)[:, 0].copy()
    exponentials = [e[0].copy() for shard in loss.shards for e, *_ in shard.saved]
    loss.forward_backward(hidden, target)  # turns them into gradients
    return {
        "blocks": [(tokens.start, tokens.stop) for shard in loss.shards for tokens in shard.blocks],
        "maxima": maxima,
        "sums": sums,
        "exponentials": exponentials,
        "shares": np.concatenate(workers.shares)[:, 0],
    }


def data() -> dict[str, Any]:
    """A row of the trained model, in blocks; what is known after each block; and the softmax."""
    found = stored("trained")
    logits = np.array(found["logits"])
    parts = in_blocks(logits, SHARDS, BLOCK)
    running, total, totals = np.maximum.accumulate(parts["maxima"]), 0.0, []
    for k, now in enumerate(running):
        before = running[max(0, k - 1)]  # what was summed was scaled to this largest logit
        total = total * np.exp(before - now) + parts["sums"][k] * np.exp(parts["maxima"][k] - now)
        totals.append(total)
    scaled = [e * s for e, s in zip(parts["exponentials"], parts["shares"], strict=True)]
    softmax = np.concatenate(scaled)
    order = softmax.argsort()[::-1].tolist()
    return {
        **parts,
        "logits": logits,
        "running": running,
        "totals": np.array(totals),
        "softmax": softmax,
        "likeliest": list(zip(order, found["likeliest"], strict=False)),
    }


def draw(d: dict[str, Any]) -> Any:
    """The logits, each block's exponentials, and the softmax, over the vocabulary."""
    from . import style

    fig = style.figure(5.75)
    V, blocks = len(d["logits"]), d["blocks"]
    panels = [style.axes(fig, 0.8, y, 6.55, 1.25) for y in (4.05, 2.2, 0.35)]
    names = "logit", "exp(logit \N{MINUS SIGN} largest)", "softmax"
    series = d["logits"], np.concatenate(d["exponentials"]), d["softmax"]
    floors = d["logits"].min() - 0.5, 0.0, 0.0
    for ax, name, values, floor in zip(panels, names, series, floors, strict=True):
        across = {"transform": ax.get_xaxis_transform()}  # up: from 0 to 1, the panel's height
        for start, _ in blocks[1:]:
            style.line(ax, [start, start], [0, 1.32], clip_on=False, **across)
        _stems(ax, values, floor)
        ax.set_ylabel(name, fontsize=style.SMALL)
        ax.set_xlim(0, V)
        ax.set_ylim(floor, floor + 1.08 * (values.max() - floor))
        ax.set_xticks([])
        ax.locator_params(axis="y", nbins=4)
    for k, (start, stop) in enumerate(blocks):
        panels[0].plot([start, stop], [d["running"][k]] * 2, color=style.ORANGE, linewidth=1.2)
        for ax, words, so_far in (
            (panels[0], f"largest {d['maxima'][k]:.2f}", f"so far {d['running'][k]:.2f}"),
            (panels[1], f"sum {d['sums'][k]:.2f}", f"so far {d['totals'][k]:.2f}"),
            (panels[2], f"exp times {d['shares'][k]:.3f}", ""),
        ):
            middle, across = (start + stop) / 2, {"transform": ax.get_xaxis_transform()}
            style.write(ax, middle, 1.24, words, **across)
            style.write(ax, middle, 1.1, so_far, style.ORANGE, **across)
    for i, word in d["likeliest"]:
        p = d["softmax"][i]
        style.write(panels[2], i + 14, 0.96 * p, f"{word.strip()} {p:.0%}", style.BLUE, ha="left")
    panels[2].set_xlabel(f"the {V:,} tokens of the vocabulary in {len(blocks)} blocks", labelpad=4)
    return fig


def _stems(ax: Any, values: np.ndarray, floor: float) -> None:
    """A thin line for each value that can be seen."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    from . import style

    seen = np.flatnonzero(values - floor > 0.004 * (values.max() - floor))
    points = [(i + 0.5, y) for i in seen for y in (floor, round(float(values[i]), 3))]
    codes = [Path.MOVETO, Path.LINETO] * len(seen)
    ax.add_patch(
        PathPatch(Path(points, codes), fill=False, edgecolor=style.BLUE, linewidth=0.7, snap=False)
    )
