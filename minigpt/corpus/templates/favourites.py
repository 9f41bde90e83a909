"""The randomness of the template writers: a generator that keeps to favourites if the corpus should be small.

A small model learns a turn of phrase from a dozen examples, and from one it learns nothing. So a small corpus says fewer things, each of
them more often.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

EVEN_FROM = 300_000  # tokens; in a smaller corpus the writers keep to favourites
FAITHFUL = 0.95  # how often it is a favourite
LEAST_FAVOURITES = 2
PATIENCE = 200  # choices of one document; a writer that is still at it needs other words
HAND, LEAST_HAND = 180, 6  # whole lines that are remembered, times the share; at least


class Favourites(random.Random):
    """A generator whose choices keep, but for a few, to a `share` of every list, as people do. Which items those are depends on the seed.

    Favourites are dealt like cards, each once before the first comes again: sampling below temperature 1 would make what is a little more
    frequent much more frequent.
    """

    def __init__(self, seed: int, *, share: float) -> None:  # keyword-only: before Python 3.11 Random takes one positional argument
        super().__init__(seed)
        self.share, self.offset, self.drawn = share, seed * 7919, 0
        self.decks: dict[tuple[int, int, str, str], list[int]] = {}  # those of lists of one length and one first and last item are one
        self.hands: dict[str, list[str]] = {}

    def choice(self, seq: Any) -> Any:
        n = len(seq)
        self.drawn += 1
        few = max(LEAST_FAVOURITES, math.ceil(n * self.share * 2 ** (self.drawn // PATIENCE)))
        if few >= n or self.random() > FAITHFUL:
            return super().choice(seq)
        deck = self.decks.setdefault((n, few, str(seq[0]), str(seq[-1])), [])
        if not deck:
            deck += range(few)
            self.shuffle(deck)
        return seq[(deck.pop() + self.offset) % n]

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        number: int = self.choice(range(start) if stop is None else range(start, stop, step))
        return number

    def sample(self, population: Any, k: int, *, counts: Any = None) -> list[Any]:
        rest = list(population)
        return [rest.pop(rest.index(self.choice(rest))) for _ in range(k)]


def recall(rng: random.Random, key: str, make: Callable[[], str]) -> str:
    """A line that `make` writes; where the generator keeps to favourites, one that it wrote under this key, once they are enough."""
    if not isinstance(rng, Favourites) or rng.share >= 1:
        return make()
    hand = rng.hands.setdefault(key, [])
    if len(hand) < max(LEAST_HAND, math.ceil(HAND * rng.share)):
        hand.append(make())
        return hand[-1]
    return hand.pop(0) if rng.random() > FAITHFUL else random.Random.choice(rng, hand)
