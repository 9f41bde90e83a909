"""Gradients on their way: each rank sends the others their slices of a piece, and adds up its own of everybody's."""

from __future__ import annotations

import threading
import time
from typing import Any, NamedTuple

import numpy as np

from minigpt.backend import Array, Backend
from minigpt.run.ranks.shards import Piece
from minigpt.run.ranks.world import World
from minigpt.threads import Workers

LOOKS, TICK = 30, 0.001  # as many looks at a time, each of which may move just a few kilobytes; and the seconds in between


class Arrival(NamedTuple):
    """What comes in of a piece: a request of MPI's, and everybody's gradients of this rank's slice, (ranks, n) in a buffer on the host."""

    request: Any
    received: np.ndarray
    buffer: np.ndarray


class Exchange:
    """The pieces of one step. `sum` is this rank's shard of the gradients, complete after `finish`.

    MPI moves bytes while somebody calls it: during backward, a thread does that. Whoever else calls MPI meanwhile holds the `lock`.
    """

    def __init__(self, world: World, backend: Backend, sum: Array) -> None:
        self.world, self.backend, self.sum = world, backend, sum
        self.lock, self.mover, self.moving = threading.Lock(), Workers(1, backend.enter), False
        self.sent, self.arriving = set[Piece](), dict[Piece, Arrival]()
        self.spare: list[np.ndarray] = []  # buffers for what comes in, of any size

    def send(self, piece: Piece, gradients: Array) -> None:
        """Start with a piece. Every rank sends the same pieces in the same order, as MPI requires."""
        ranks, n = self.world.size, piece.own.stop - piece.own.start
        buffer = self._buffer(ranks * n)
        received = buffer[: ranks * n].reshape(ranks, n)
        request = self.world.spread(self.backend.to_host(gradients), piece.slices, received)
        self.arriving[piece] = Arrival(request, received, buffer)
        self.sent.add(piece)

    def _buffer(self, size: int) -> np.ndarray:
        """Memory for what comes in: most pieces have the same size, and few are on their way at once."""
        fitting = [i for i, block in enumerate(self.spare) if block.size >= size]
        return self.spare.pop(fitting[0]) if fitting else np.empty(size, self.sum.dtype)

    def move(self) -> None:
        """Let the thread move what is sent from now on, until `rest`."""
        if not self.moving:
            self.moving = True
            self.mover.offer(self._move)

    def rest(self) -> None:
        """From here on, bytes move when the others are waited for."""
        self.moving = False
        with self.lock:  # when it is free, the thread is out
            pass

    def _move(self) -> None:
        while self.moving:
            with self.lock:
                for _ in range(LOOKS):
                    for piece, arrival in list(self.arriving.items()) if self.moving else ():
                        if self.world.progress([arrival.request]):
                            self._add_up(piece)
            time.sleep(TICK)

    def close(self) -> None:
        """End the thread."""
        self.moving = False
        self.mover.close()

    def finish(self) -> None:
        """Wait for all pieces."""
        for piece, arrival in list(self.arriving.items()):
            self.world.wait([arrival.request])
            self._add_up(piece)
        self.sent.clear()

    def _add_up(self, piece: Piece) -> None:
        """In the order of the ranks, so that the sum is the same to the bit each time."""
        _, (total, *others), buffer = self.arriving.pop(piece)
        for other in others:
            total += other
        self.sum[piece.own] = self.backend.asarray(total)
        self.spare.append(buffer)
