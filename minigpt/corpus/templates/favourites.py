"""A random generator that mostly draws favourites from each list, for small corpora.

A small model learns a phrase from a dozen examples, and nothing from one. So a small corpus says fewer things, each more often.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

EVEN_FROM = 300_000  # tokens; smaller corpora keep to favourites
FAITHFUL = 0.95  # share of draws that are favourites
LEAST_FAVOURITES = 2
PATIENCE = 200  # draws per document after which the share doubles, in case no favourite fits
HAND, LEAST_HAND = 180, 6  # whole lines remembered: times the share, and at least


class Favourites(random.Random):
    """Draws mostly from a fixed `share` of every list, chosen by the seed, as people favour some words.

    Favourites are dealt like cards, each once before any repeats: otherwise sampling below temperature 1 would turn slightly more
    frequent items into much more frequent ones.
    """

    def __init__(self, seed: int, *, share: float) -> None:  # keyword-only: before Python 3.11 Random takes one positional argument
        super().__init__(seed)
        self.share, self.offset, self.drawn = share, seed * 7919, 0
        self.decks: dict[tuple[int, int, str, str], list[int]] = {}  # lists with the same length, first and last item share a deck
        self.hands: dict[str, list[str]] = {}

    def choice(self, seq: Any) -> Any:
        n = len(seq)
        self.drawn += 1
        few = max(LEAST_FAVOURITES, math.ceil(n * self.share * 2 ** (self.drawn // PATIENCE)))
        if few >= n or self.random() > FAITHFUL:
            return super().choice(seq)
        deck = self.decks.setdefault((n, few, name_of(seq[0]), name_of(seq[-1])), [])
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


def name_of(item: Any) -> str:
    """What tells a list by its items; of a function its name, since its address is another in each process."""
    return str(getattr(item, "__qualname__", item))


def recall(rng: random.Random, key: str, make: Callable[[], str]) -> str:
    """A line from `make`; with favourites, one that it made earlier for this key, once there are enough."""
    if not isinstance(rng, Favourites) or rng.share >= 1:
        return make()
    hand = rng.hands.setdefault(key, [])
    if len(hand) < max(LEAST_HAND, math.ceil(HAND * rng.share)):
        hand.append(make())
        return hand[-1]
    return hand.pop(0) if rng.random() > FAITHFUL else random.Random.choice(rng, hand)
