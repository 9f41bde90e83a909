"""A Trainer of which every rank has one: each computes some sequences of a batch, and updates a shard of the parameters.

What is the same on the CPU and on a GPU: whose part is what, and how parameters and a state come to every rank.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigpt.config import ModelConfig, TrainConfig
from minigpt.optim import AdamW
from minigpt.run.ranks.shards import Piece, Shard
from minigpt.run.ranks.world import World
from minigpt.trainer import Trainer


class Sharded(Trainer):
    """Each method that says "every rank" is called in all of them at once (leader.py, follow.py). The results are those of one process but
    for rounding, and for the same number of ranks and threads the same to the bit."""

    kernels = False  # whether minigpt's own on CUDA compute the steps
    shard: Shard

    def __init__(self, world: World, config: ModelConfig, train_config: TrainConfig | None = None, **how: Any) -> None:
        self.world = world
        self.pieces: list[Piece] = []
        super().__init__(config, train_config, **how)
        self._agree()
        self.part = world.rank, world.size
        self.optimizer = self._shard()
        self._hire()

    def _agree(self) -> None:
        """Every rank: all compute in the same way, as they exchange what they need for it."""
        self.world.gathered([self.kernels])

    def _shard(self) -> AdamW:
        """Sets `pieces` and `shard`; AdamW over this rank's shard."""
        raise NotImplementedError

    def _total(self, number: float) -> float:
        """Every rank: the sum of their numbers. With it comes whether one was asked to stop."""
        all_of_them = self.world.gathered([number, self.world.asked])
        self.world.heard(bool(all_of_them[:, 1].any()))
        return float(sum(all_of_them[:, 0].tolist()))

    # Parameters and state.

    def restart(self) -> None:
        """Every rank."""
        super().restart()
        self.share()

    def share(self) -> None:
        """Every rank: take over the parameters of rank 0."""
        values = self.backend.to_host(self.parameters.values)
        self.world.copy(values)
        self._take(values)
        for piece in self.pieces:
            self.shard.values[piece.own] = self.parameters.values[piece.of(self.world.rank)]

    def _take(self, host: np.ndarray) -> None:
        """Take over parameters (n,) from the host, where they are not there already."""
        if self.backend.name != "cpu":
            self.parameters.values[...] = self.backend.asarray(host)

    def flat_state(self) -> dict[str, np.ndarray]:
        """Every rank: in rank 0 as in one process; the others' lack the moments."""
        found = {"parameters": self.backend.to_host(self.parameters.values)}
        for name, block in self.optimizer.arrays.items():
            whole: np.ndarray = np.zeros(self.parameters.n if self.world.rank == 0 else 0, self.parameters.dtype)
            for piece in self.pieces:
                self.world.collect(self.backend.to_host(block[piece.own]), whole[piece.at], piece.slices)
            found[name] = whole
        return found

    def load_flat_state(self, arrays: Mapping[str, np.ndarray], step: int) -> None:
        """Every rank: take over a state that rank 0 has; the others' `arrays` are empty."""
        if self.world.rank == 0:
            self.parameters.values[...] = self.backend.asarray(arrays["parameters"])
        self.share()
        for name, block in self.optimizer.arrays.items():
            whole = np.ascontiguousarray(arrays[name]) if self.world.rank == 0 else np.zeros(0, self.parameters.dtype)
            for piece in self.pieces:
                own: np.ndarray = np.zeros(piece.own.stop - piece.own.start, self.parameters.dtype)
                self.world.deal(whole[piece.at], piece.slices, own)
                block[piece.own] = self.backend.asarray(own)
        self.optimizer.step = step

    def plan(self, batch_size: int) -> str:
        return f"{super().plan(-(-batch_size // self.world.size))} in each rank"
