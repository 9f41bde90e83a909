"""The flat block in pieces, each of which is sent as soon as backward has completed its gradients; a slice of each piece for every rank.

A rank's slices, one after another, are its shard: a flat block of its own, which it updates, and AdamW's moments exist only there
(Rajbhandari et al. 2020, "ZeRO", section 5.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from minigpt.backend import Array, Backend
from minigpt.model import block_name
from minigpt.params import Parameters


@dataclass
class Shard:
    """What AdamW needs to know of parameters: `values` (n,), of which the first `n_decayed` decay."""

    backend: Backend
    values: Array
    n_decayed: int


class Piece:
    """Some of the flat block, `at`; its elements by rank, `slices`, which begin at multiples of 4, as a GPU reads four at once; and where
    those of this rank stand in its shard, `own`."""

    def __init__(self, parameters: Parameters, at: slice, ranks: int) -> None:
        self.at, self.size = at, at.stop - at.start
        self.names = [name for name, place in parameters.places.items() if at.start <= place.start < at.stop]
        cuts = [*(self.size * r // ranks // 4 * 4 for r in range(ranks)), self.size]
        self.slices = [slice(*pair) for pair in pairwise(cuts)]
        self.own = slice(0, 0)

    def of(self, rank: int) -> slice:
        """A rank's slice, in the flat block."""
        return slice(self.at.start + self.slices[rank].start, self.at.start + self.slices[rank].stop)


def pieces_of(parameters: Parameters, n_layer: int, rank: int, ranks: int) -> tuple[dict[int, Piece], list[Piece]]:
    """The matrices of each block of the network, which stand side by side, by the block's number; and all pieces, in their order."""
    spans = dict(matrices(parameters, n_layer))
    edges = [slice(0, 0), *sorted(spans.values(), key=lambda at: at.start), slice(parameters.n, parameters.n)]
    rest = [slice(before.stop, after.start) for before, after in pairwise(edges) if before.stop < after.start]
    blocks = {i: Piece(parameters, at, ranks) for i, at in spans.items()}
    others = [Piece(parameters, at, ranks) for at in rest]
    everything, end = sorted([*blocks.values(), *others], key=lambda piece: piece.at.start), 0
    for piece in everything:
        mine = piece.slices[rank]
        piece.own = slice(end, end + mine.stop - mine.start)
        end = piece.own.stop
    return blocks, everything


def matrices(parameters: Parameters, n_layer: int) -> Iterator[tuple[int, slice]]:
    """Where the matrices of each block stand that are trained."""
    for i in range(n_layer):
        begin = f"{block_name(i)}."
        own = [at for name, at in parameters.places.items() if name.startswith(begin) and at.stop <= parameters.n_decayed]
        if own:
            yield i, slice(own[0].start, own[-1].stop)


def shard_of(parameters: Parameters, pieces: list[Piece], rank: int) -> Shard:
    """The shard of a rank, with the parameters' values."""
    places = [piece.of(rank) for piece in pieces]
    decayed = sum(max(0, min(at.stop, parameters.n_decayed) - at.start) for at in places)
    values = parameters.backend.xp.concatenate([parameters.values[at] for at in places])
    return Shard(parameters.backend, values, decayed)
