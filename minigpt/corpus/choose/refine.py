"""The written documents in, out come the ones to keep: good ones that each say something new.

A document's score is how it agrees with the others (fluency.py); a teacher's document also has to be whole (`fulfilled`) and not to
repeat itself (`varied`), and a judge may have marked it. The next one chosen is always that of the highest score times novelty, the share
of its four-word sequences that stand in no document chosen before it (Li et al. 2016 count distinct n-grams in the same spirit). Novelty
counts half: what says the same in other words is still worth something to a small model.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from minigpt.corpus.choose.fluency import qualities
from minigpt.corpus.choose.near_duplicates import words
from minigpt.corpus.choose.topicality import topicality
from minigpt.corpus.documents import Document
from minigpt.corpus.request import Request
from minigpt.threads import quiet


@dataclass(frozen=True)
class Kept:
    """A document that was kept, its number among all, and its score from 0 to 1, which does not depend on what else is kept."""

    number: int
    document: Document
    score: float


@quiet
def refine(documents: Sequence[Document], lengths: Sequence[int], final_tokens: int | None, request: Request | None = None) -> list[Kept]:
    """Good and different documents whose `lengths`, in tokens, sum to `final_tokens` at most (None: all), in their original order.

    A last gap shorter than most documents stays: only short documents would fill it, not good ones.

    Documents of several kinds compete only within their kind. Each kind gets an equal share, up to its last document that fits; what one
    kind cannot fill goes to the others.
    """
    kinds: dict[str, list[int]] = {}
    for number, document in enumerate(documents):
        kinds.setdefault(document.origin.get("kind", ""), []).append(number)
    share = None if final_tokens is None else even_share([sum(lengths[i] for i in numbers) for numbers in kinds.values()], final_tokens)
    asked = {part.kind: part for part in request.parts} if request else {}
    kept: list[Kept] = []
    for kind, numbers in kinds.items():
        own = [lengths[i] for i in numbers]
        gap = min(own) if len(kinds) > 1 else float(np.median(own))
        some = _best([documents[i] for i in numbers], own, share, gap, asked.get(kind, None if kind else request))
        kept += [replace(one, number=numbers[one.number]) for one in some]
    return sorted(kept, key=lambda one: one.number)


def even_share(available: Sequence[int], total: int) -> int:
    """The most that each kind may have so that all have `total` together, where some have less `available`."""
    left = total
    for place, tokens in enumerate(sorted(available)):
        share = left // (len(available) - place)
        if tokens > share:
            return share
        left -= tokens
    return total


def _best(
    documents: Sequence[Document], lengths: Sequence[int], final_tokens: int | None, gap: float, request: Request | None
) -> list[Kept]:
    """The best of one kind, until less than `gap` tokens are left.

    Novelty only falls while others are chosen, so an old worth is a bound: a document needs a new one only when its old one is the
    highest (Minoux 1978, lazy greedy).
    """
    scores = judged(documents, request)
    grams = [four_grams(document.text) for document in documents]
    seen: set[tuple[str, ...]] = set()
    waiting = [(-float(score), number) for number, score in enumerate(scores)]  # a heap: highest worth first, then first written
    heapq.heapify(waiting)
    kept: list[Kept] = []
    total = 0
    while waiting and not (kept and final_tokens is not None and final_tokens - total < gap):
        _, number = heapq.heappop(waiting)
        novelty = len(grams[number] - seen) / len(grams[number])
        worth = float(scores[number]) * (1 + novelty) / 2
        if waiting and (-worth, number) > waiting[0]:
            heapq.heappush(waiting, (-worth, number))
            continue
        if final_tokens is None or total + lengths[number] <= final_tokens or not kept:
            kept.append(Kept(number, documents[number], round(float(scores[number]), 4)))
            seen |= grams[number]
            total += lengths[number]
    return kept


@quiet
def judged(documents: Sequence[Document], request: Request | None) -> np.ndarray:
    """The score (D,) of each document: its likeness to its kind, half of it a judge's mark if there is one.

    A teacher's texts are fluent as a rule, so that likeness says less of them, and more whether they are whole and say each thing once. The
    powers are those that agreed best with a reader of 150 texts by a model of 135 million parameters (80 to 86 of 100 pairs; likeness alone
    46 to 69); of 50 others, read afterwards, they agreed in 80.
    """
    texts = [document.text for document in documents]
    kinds = [(document.source, document.origin.get("form")) for document in documents]
    score = qualities(texts, kinds, topicality(request, texts) if request else None)
    taught = np.array([document.source == "ollama" for document in documents])
    if taught.any():
        score = np.where(taught, np.sqrt(score) * (fulfilled(documents) * varied(texts)) ** 2, score)
    marks = np.array([(1 + float(document.origin.get("judge", "1"))) / 2 for document in documents])
    result: np.ndarray = score * marks
    return result


def four_grams(text: str) -> set[tuple[str, ...]]:
    """The four-word sequences of a text; the words themselves if they are fewer than four."""
    spoken = text.lower().split()
    return {tuple(spoken[i : i + 4]) for i in range(len(spoken) - 3)} or {tuple(spoken)}


def fulfilled(documents: Sequence[Document]) -> np.ndarray:
    """The share (D,) that each has of the words that its writer was asked for, 1 where no length was. A writer that usually stays below
    it is measured by what it usually writes."""
    asked = np.array([int(document.origin.get("asked_words", "0")) for document in documents])
    written = np.array([len(words(document.text)) for document in documents])
    shares = written / np.maximum(asked, 1)
    usual = min(1.0, float(np.median(shares[asked > 0]))) if asked.any() else 1.0
    result: np.ndarray = np.where(asked > 0, np.minimum(1.0, shares / max(usual, 1e-9)), 1.0)
    return result


def varied(texts: Sequence[str]) -> np.ndarray:
    """The share (D,) of different ones among the pairs of neighbouring words of each text (distinct-2, Li et al. 2016)."""
    shares = np.ones(len(texts))
    for number, text in enumerate(texts):
        spoken = words(text)
        pairs = list(pairwise(spoken))
        shares[number] = len(set(pairs)) / len(pairs) if pairs else 1.0
    return shares
