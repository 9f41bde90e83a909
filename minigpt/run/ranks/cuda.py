"""The Trainer of a rank with a GPU of its own: minigpt's kernels compute its share of a batch and update its slice of the flat block.

A step: each rank goes forward and back with its sequences. Then each gets the sum of all gradients of its slice, all add up the norm, each
updates its slice, and all get everybody's. With NCCL nothing of that waits for the host.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigpt.backend import Array
from minigpt.fast.cuda.launches import NORM_BLOCKS, update
from minigpt.fast.cuda.program import Program
from minigpt.fast.cuda.trainer import CudaTrainer, Key
from minigpt.optim import AdamW
from minigpt.run.ranks.links import choose_link
from minigpt.run.ranks.member import Member
from minigpt.run.ranks.sharded import Sharded
from minigpt.run.ranks.shards import Piece, Shard
from minigpt.trainer import Trainer

UPDATE = "squared_norm", "adamw"  # a program each: between them the ranks share out the norm


class CudaMember(CudaTrainer, Sharded):
    """As CudaTrainer; dropout does not depend on the number of ranks."""

    kernels = True
    plain: type[Trainer] = Member

    def _agree(self) -> None:
        if not self.world.gathered([True]).all():
            self.do_without("another rank's GPU cannot run them")

    def _shard(self) -> AdamW:
        parameters, rank, ranks = self.parameters, self.world.rank, self.world.size
        whole = Piece(parameters, slice(0, parameters.n), ranks)
        at = whole.slices[rank]
        whole.own = slice(0, at.stop - at.start)
        self.pieces, self.slices = [whole], whole.slices
        self.shard = Shard(self.backend, parameters.values[at], max(0, min(at.stop, parameters.n_decayed) - at.start))
        self.norms = self.backend.xp.zeros((ranks, NORM_BLOCKS), dtype=np.float32)
        self.link = choose_link(self.world, self.backend, self.ground.device)
        return AdamW(self.shard, self.train_config)

    def _in_parts(self, work: Callable[[Array, Array, slice], float], x: np.ndarray, y: np.ndarray) -> float:
        """Every rank: its sequences, and the sum over all, as far as it is known."""
        share = super()._in_parts(work, x, y)
        if self.mine.start == self.mine.stop and work != self._evaluate:  # a batch of fewer sequences than ranks
            self.parameters.gradients[...] = 0
            self.ground.stats[...] = 0
            self._feed(self._numbers(x.size))
        return self._total(share)

    def _make(self, key: Key) -> Program:
        if not isinstance(key, str):
            return super()._make(key)
        ground, rank, arrays, made = self.ground, self.world.rank, self.optimizer.arrays, Program()
        state = self.shard.values, self.parameters.gradients[self.slices[rank]], arrays["m"], arrays["v"]
        launches = update(ground.device, ground.block(), *state, self.norms, ground.stats, self.shard.n_decayed, rank)
        made.add(key, launches[UPDATE.index(key)])
        return made

    def _apply(self) -> None:
        """Every rank."""
        device, ranks = self.ground.device, self.world.size
        self.link.sum(device, self.ground.stats[:1])
        self.link.add_up(device, self.parameters.gradients, self.slices)
        self._run(UPDATE[0])
        self.link.share(device, self.norms.reshape(-1), [slice(NORM_BLOCKS * r, NORM_BLOCKS * (r + 1)) for r in range(ranks)])
        self._run(UPDATE[1])
        self.link.share(device, self.parameters.values, self.slices)

    def loss_and_gradients(self, x: np.ndarray, y: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        """Every rank."""
        loss = self._in_parts(self._backpropagate, x, y)
        self.link.add_up(self.ground.device, self.parameters.gradients, self.slices)
        self.link.share(self.ground.device, self.parameters.gradients, self.slices)
        self.ground.device.wait()
        return loss, {p.name: self.backend.to_host(p.grad).copy() for p in self.parameters.trained}

    def plan(self, batch_size: int) -> str:
        return f"{super().plan(batch_size)}; gradients travel {self.link}"


def member_of(backend: Any) -> type[Sharded]:
    """The class of a rank's Trainer on this backend."""
    return CudaMember if hasattr(backend, "disagreement") else Member
