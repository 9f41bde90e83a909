"""A Trainer of which every rank has one: each computes some sequences of a batch, and updates some of the parameters.

A step: each rank goes forward and back with its sequences. Once backward is through a block of the network, that block's gradients are sent
while it goes on below. Each rank adds up its slices in the order of the ranks and updates its shard; then all get everybody's slices.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from minigpt.backend import Array
from minigpt.config import ModelConfig, TrainConfig
from minigpt.errors import MinigptError
from minigpt.machine import blas
from minigpt.optim import AdamW
from minigpt.run.ranks.exchange import Exchange
from minigpt.run.ranks.shards import Piece, pieces_of, shard_of
from minigpt.run.ranks.world import World
from minigpt.trainer import Trainer


class Member(Trainer):
    """Each method that says "every rank" is called in all of them at once (leader.py, follow.py). The results are those of one process but
    for rounding, and for the same number of ranks and threads the same to the bit."""

    def __init__(self, world: World, config: ModelConfig, train_config: TrainConfig | None = None, **how: Any) -> None:
        self.world = world
        self.returned: Counter[int] = Counter()  # block -> the workers whose backward is through it, in the last part of a batch
        self.pieces: list[Piece] = []
        super().__init__(config, train_config, **how)
        self.part = world.rank, world.size
        self.optimizer = self._shard()
        self._hire()
        if hasattr(self.backend, "do_without"):
            self.backend.do_without("they are for one process")

    def _shard(self) -> AdamW:
        """AdamW over this rank's shard."""
        parameters, ranks = self.parameters, self.world
        self.blocks, self.pieces = pieces_of(parameters, self.config.n_layer, ranks.rank, ranks.size)
        self.shard = shard_of(parameters, self.pieces, ranks.rank)
        self.gradient = parameters.backend.xp.zeros_like(self.shard.values)
        self.exchange = Exchange(ranks, self.backend, self.gradient)
        return AdamW(self.shard, self.train_config)

    # A batch.

    def _in_parts(self, work: Callable[[Array, Array, slice], float], x: np.ndarray, y: np.ndarray) -> float:
        """Every rank: its sequences, and the sum over all."""
        if work == self._backpropagate:
            for model in self.models:  # also where a batch of fewer sequences than ranks has none for this one
                model.parameters.zero_gradients()
        loss = super()._in_parts(work, x, y)
        if work == self._backpropagate:
            self._send_blocks()
        return self._total(loss)

    def _total(self, number: float) -> float:
        """Every rank: the sum of their numbers. With it comes whether one was asked to stop."""
        all_of_them = self.world.gathered([number, self.world.asked])
        self.world.heard(bool(all_of_them[:, 1].any()))
        return float(sum(all_of_them[:, 0].tolist()))

    def _backpropagate(self, ids: Array, targets: Array, part: slice) -> float:
        if self.exchange.sent:  # the first try ran out of memory when the others had some of its gradients already
            raise MinigptError("memory ran out within a step; resume on more ranks, or start again with a smaller --batch-size")
        self.returned.clear()
        number, of = self.part
        self.last = part.stop == len(ids) * (number + 1) // of
        return super()._backpropagate(ids, targets, part)

    def _forward(self, ids: Array, seeds: Sequence[tuple[int, ...]] | None) -> Array:
        hidden = super()._forward(ids, seeds)
        for model in self.models:
            model.went_back = self._went_back
        return hidden

    def _went_back(self, block: int) -> None:
        """Within a worker: send the gradients of a block once every worker's backward is through it."""
        if self.last and block in self.blocks and self.world.any_thread:
            with self.exchange.lock:
                self.returned[block] += 1
                if self.returned[block] == len(self.sharing[0]):
                    self._send(self.blocks[block])
                    self.exchange.move()

    # The update.

    def _send(self, piece: Piece) -> None:
        """Send a piece of this rank's gradients."""
        for model in self.models:
            for name in piece.names:
                _ = model.parameters[name].grad  # zeroes what no backward has touched
        gradients = [model.parameters.blocks.gradients for model in self.models]
        if len(gradients) > 1:
            first, parts = piece.at.start, self.backend.pieces(self.parameters.values[piece.at], arrays=2)
            self.add_up([slice(first + at.start, first + at.stop) for at in parts], gradients)
        self.exchange.send(piece, gradients[0][piece.at])

    def _send_blocks(self) -> None:
        """Send what `_went_back` has not. Everywhere the order is: the blocks from the top down, the loss, the other pieces."""
        self.exchange.rest()
        for i in sorted(self.blocks, reverse=True):
            if self.blocks[i] not in self.exchange.sent:
                self._send(self.blocks[i])

    def _receive(self) -> None:
        """Every rank: the gradients of its shard."""
        for piece in self.pieces:
            if piece not in self.exchange.sent:
                self._send(piece)
        self.exchange.finish()

    def _update(self) -> float:
        """Every rank: as the base class, over its shard."""
        n = len(self.runs)
        with blas.limited(1):
            self._receive()
            squares = self.workers.map(self.add_up, self.runs, [[self.gradient]] * n)
            norm = self.gradient_norm = math.sqrt(self._total(sum(chain(*squares))))
            if math.isfinite(self.loss_value) and math.isfinite(norm):
                self.optimizer.step += 1
                self.workers.map(self.optimizer.update, self.runs, [self.gradient] * n, [norm] * n)
                values = self.backend.to_host(self.parameters.values)
                self._join(self.shard.values, values)
                self._take(values)
        return norm

    def _join(self, shard: Array, whole: np.ndarray) -> None:
        """Every rank: put all shards together in a flat block (n,) on the host."""
        mine = [self.backend.to_host(shard[piece.own]) for piece in self.pieces]
        self.world.wait([self.world.join(own, whole[p.at], p.slices) for p, own in zip(self.pieces, mine, strict=True)])

    def loss_and_gradients(self, x: np.ndarray, y: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        """Every rank."""
        loss = self._in_parts(self._backpropagate, x, y)
        self._receive()
        whole: np.ndarray = np.zeros(self.parameters.n, self.parameters.dtype)
        self._join(self.gradient, whole)
        return loss, {name: whole[at].reshape(self.parameters[name].value.shape) for name, at in self.parameters.places.items()}

    def close(self) -> None:
        """Every rank."""
        self.exchange.close()
        super().close()

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
