"""What a step is made of beside its launches: the layout of its parameters, the block of numbers
that it is fed, and the list that holds the launches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from minigpt import ModelConfig

Launch = Callable[[], None]
HEAD = 16  # numbers in front of a batch
CLIP = 1.0


def batch_block(
    x: np.ndarray, y: np.ndarray, made: int = 0, seed: int = 0, rate: float = 3e-4
) -> np.ndarray:
    """What a step is fed, as int32: the numbers of step `made` + 1 (kernels/common.cuh), its ids,
    its targets, and the order that sorts the ids, equal ones as they come."""
    N, t = x.size, made + 1
    block = np.zeros(HEAD + 3 * N, np.int32)
    block[:2] = made, seed
    block[4:8].view(np.float32)[...] = rate, 1 - 0.9**t, (1 - 0.999**t) ** 0.5, CLIP
    ids = x.reshape(-1)
    block[HEAD : HEAD + N], block[HEAD + N : HEAD + 2 * N] = ids, y.reshape(-1)
    small = ids.astype(np.uint16) if ids.max() < 2**16 else ids  # NumPy sorts these much faster
    block[HEAD + 2 * N :] = np.argsort(small, kind="stable")
    return block


def layout(c: ModelConfig) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Name -> where it starts in the flat block, and its shape: matrices first, then vectors."""
    C, t = c.n_embd, "transformer"
    matrices = {f"{t}.tokens_embed.weight": (c.vocab_size, C)}
    matrices[f"{t}.positions_embed.weight"] = (c.n_positions, C)
    vectors: dict[str, tuple[int, ...]] = {}
    sizes = {"attn.c_attn": (C, 3 * C), "attn.c_proj": (C, C)}
    sizes |= {"mlp.c_fc": (C, 4 * C), "mlp.c_proj": (4 * C, C)}
    for i in range(c.n_layer):
        for name, shape in sizes.items():
            matrices[f"{t}.h.{i}.{name}.weight"] = shape
            vectors[f"{t}.h.{i}.{name}.bias"] = shape[1:]
        for norm in ("ln_1", "ln_2"):
            vectors[f"{t}.h.{i}.{norm}.weight"] = vectors[f"{t}.h.{i}.{norm}.bias"] = (C,)
    places, start = {}, 0
    for name, shape in (matrices | vectors).items():
        places[name] = (start, shape)
        start += math.prod(shape)
    return places


@dataclass
class Program:
    """Launches in order. Those of the side stream wait for all before them; `join` for them."""

    ops: list[tuple[str, Launch | None, bool]] = field(default_factory=list)

    def add(self, label: str, launch: Launch, side: bool = False) -> None:
        self.ops.append((label, launch, side))

    def join(self) -> None:
        self.ops.append(("join", None, False))

    def run(self) -> None:
        """All of them on the current stream."""
        for _, launch, _ in self.ops:
            if launch:
                launch()

    @property
    def launches(self) -> int:
        return sum(launch is not None for _, launch, _ in self.ops)
