"""From the documents that were written, the ones to keep: good ones, each of which says what the others do not.

A document's score is its quality (fluency.py; a judge's mark takes part) times its novelty, the share of its four-word sequences that
stand in no document chosen before it (Li et al. 2016 count distinct n-grams in the same spirit). Novelty counts half: what says the same in
other words is still worth something to a small model. The next one chosen is always the one of the highest score.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minigpt.corpus.documents import Document
from minigpt.corpus.fluency import qualities
from minigpt.corpus.request import Request
from minigpt.corpus.topicality import topicality


@dataclass(frozen=True)
class Kept:
    """A document that was kept, its number among all, and its score from 0 to 1."""

    number: int
    document: Document
    score: float


def refine(documents: Sequence[Document], lengths: Sequence[int], final_tokens: int | None, request: Request | None = None) -> list[Kept]:
    """Documents of the highest scores whose `lengths`, in tokens, sum to `final_tokens` at most (None: all), in their first order.

    A last gap that is shorter than most documents stays: what would fill it is what is short, not what is good.

    Novelty only falls while others are chosen, so an old score is a bound: a document needs a new score only when its old one is
    the highest (Minoux 1978, lazy greedy).
    """
    quality = judged(documents, request)
    grams = [four_grams(document.text) for document in documents]
    seen: set[tuple[str, ...]] = set()
    waiting = [(-float(q), number) for number, q in enumerate(quality)]  # a heap: highest score first, then first written
    heapq.heapify(waiting)
    kept: list[Kept] = []
    total = 0
    usual = np.median(lengths) if lengths else 0.0
    while waiting and not (kept and final_tokens is not None and final_tokens - total < usual):
        _, number = heapq.heappop(waiting)
        novelty = len(grams[number] - seen) / len(grams[number])
        score = float(quality[number]) * (1 + novelty) / 2
        if waiting and (-score, number) > waiting[0]:
            heapq.heappush(waiting, (-score, number))
            continue
        if final_tokens is None or total + lengths[number] <= final_tokens or not kept:
            kept.append(Kept(number, documents[number], round(score, 4)))
            seen |= grams[number]
            total += lengths[number]
    return sorted(kept, key=lambda k: k.number)


def judged(documents: Sequence[Document], request: Request | None) -> np.ndarray:
    """The quality (D,) of each document among its like; half of it is a judge's mark where there is one."""
    texts = [document.text for document in documents]
    kinds = [(document.source, document.origin.get("form")) for document in documents]
    quality = qualities(texts, kinds, topicality(request, texts) if request else None)
    marks = np.array([float(document.origin.get("judge", "nan")) for document in documents])
    result: np.ndarray = np.where(np.isnan(marks), quality, quality * (1 + marks) / 2)
    return result


def four_grams(text: str) -> set[tuple[str, ...]]:
    """The four-word sequences of a text; the words themselves if they are fewer than four."""
    words = text.lower().split()
    return {tuple(words[i : i + 4]) for i in range(len(words) - 3)} or {tuple(words)}
