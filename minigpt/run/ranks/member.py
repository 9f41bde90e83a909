"""The Trainer of a rank whose gradients travel while backward is under way.

A step: each rank goes forward and back with its sequences. Once backward is through a block of the network, that block's gradients are sent
while it goes on below. Each rank adds up its slices in the order of the ranks and updates its shard; then all get everybody's slices.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np

from minigpt.backend import Array
from minigpt.errors import MinigptError
from minigpt.machine import blas
from minigpt.optim import AdamW
from minigpt.run.ranks.exchange import Exchange
from minigpt.run.ranks.sharded import Sharded
from minigpt.run.ranks.shards import Piece, pieces_of, shard_of


class Member(Sharded):
    """On the CPU, and on a GPU with plain CuPy: gradients travel by way of the host."""

    def _shard(self) -> AdamW:
        parameters, ranks = self.parameters, self.world
        self.blocks, self.pieces = pieces_of(parameters, self.config.n_layer, ranks.rank, ranks.size)
        self.shard = shard_of(parameters, self.pieces, ranks.rank)
        self.gradient = parameters.backend.xp.zeros_like(self.shard.values)
        self.exchange = Exchange(ranks, self.backend, self.gradient)
        self.returned: Counter[int] = Counter()  # block -> the workers whose backward is through it, in the last part of a batch
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

    def _backpropagate(self, ids: Array, targets: Array, part: slice) -> float:
        if self.exchange.sent:  # the first try ran out of memory when the others had some of its gradients already
            raise MinigptError("memory ran out within a step; resume on more ranks, or start again with a smaller --batch-size")
        self.returned.clear()
        self.last = part.stop == self.mine.stop
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
