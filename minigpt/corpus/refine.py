"""From the documents that were written, the ones to keep: those that say most that the others do not.

A document's score is its novelty, the share of its four-word sequences that stand in no document chosen before it (Li et al. 2016 count
distinct n-grams in the same spirit). The next one chosen is always the one of the highest score.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from minigpt.corpus.documents import Document


@dataclass(frozen=True)
class Kept:
    """A document that was kept, its number among all, and its score from 0 to 1."""

    number: int
    document: Document
    score: float


def distinct(documents: Sequence[Document]) -> list[Document]:
    """The documents without those whose words stand in an earlier one, in the same order."""
    first: dict[str, Document] = {}
    for document in documents:
        first.setdefault(" ".join(document.text.split()), document)
    return list(first.values())


def refine(documents: Sequence[Document], lengths: Sequence[int], final_tokens: int | None) -> list[Kept]:
    """Documents of the highest novelty whose `lengths`, in tokens, sum to `final_tokens` at most (None: all), in their first order.

    Novelty only falls while others are chosen, so an old score is a bound: a document needs a new score only when its old one is
    the highest (Minoux 1978, lazy greedy).
    """
    grams = [four_grams(document.text) for document in documents]
    seen: set[tuple[str, ...]] = set()
    waiting = [(-1.0, number) for number in range(len(documents))]  # a heap: highest score first, then first written
    kept: list[Kept] = []
    total = 0
    while waiting:
        _, number = heapq.heappop(waiting)
        score = len(grams[number] - seen) / len(grams[number])
        if waiting and (-score, number) > waiting[0]:
            heapq.heappush(waiting, (-score, number))
            continue
        if final_tokens is None or total + lengths[number] <= final_tokens or not kept:
            kept.append(Kept(number, documents[number], round(score, 4)))
            seen |= grams[number]
            total += lengths[number]
    return sorted(kept, key=lambda k: k.number)


def four_grams(text: str) -> set[tuple[str, ...]]:
    """The four-word sequences of a text; the words themselves if they are fewer than four."""
    words = text.lower().split()
    return {tuple(words[i : i + 4]) for i in range(len(words) - 3)} or {tuple(words)}
