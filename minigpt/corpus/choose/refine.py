"""Selects the best documents, each of which says something new.

A document's score is its quality relative to the others (fluency.py). A teacher's document must also have the length asked for
(`fulfilled`) and not repeat itself (`varied`), and a judge may have marked it. Documents are chosen greedily by score times novelty, the
share of four-word sequences that no document chosen before contains (Li et al. 2016 count distinct n-grams in the same spirit). Novelty
counts half: a paraphrase is still worth something to a small model.
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
    """A kept document, its index among all, and its score from 0 to 1, which does not depend on what else is kept."""

    number: int
    document: Document
    score: float


@quiet
def refine(documents: Sequence[Document], lengths: Sequence[int], final_tokens: int | None, request: Request | None = None) -> list[Kept]:
    """The best and most varied documents with at most `final_tokens` tokens (None: all), in their original order.

    `lengths`: their tokens. A last gap shorter than most documents stays open, or short documents would fill it rather than good ones.

    Documents compete only within their kind. Each kind gets an equal share of the tokens; what one kind cannot fill goes to the others.
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
    """The cap per kind with which all kinds together have `total`, though some have less `available`."""
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
    """The best documents of one kind, until less than `gap` tokens are left.

    Novelty only falls as others are chosen, so an outdated worth is an upper bound: it is recomputed only when it is the highest
    (lazy greedy, Minoux 1978).
    """
    scores = judged(documents, request)
    grams = [four_grams(document.text) for document in documents]
    seen: set[tuple[str, ...]] = set()
    waiting = [(-float(score), number) for number, score in enumerate(scores)]  # a heap: highest worth first, ties by order
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
    """The score (D,) of each document: its quality, times (1 + mark) / 2 if a judge gave one.

    A teacher's texts are usually fluent, so quality says less about them than completeness and repetition do. The exponents are those
    that agreed best with a reader of 150 texts by a model of 135 million parameters (on 80 to 86 of 100 pairs; quality alone on 46 to
    69), and on 80 of 100 for 50 texts read afterwards.
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
    """The four-word sequences of a text; all its words as one if there are fewer than four."""
    spoken = text.lower().split()
    return {tuple(spoken[i : i + 4]) for i in range(len(spoken) - 3)} or {tuple(spoken)}


def fulfilled(documents: Sequence[Document]) -> np.ndarray:
    """Each document's length (D,) as a share of the length asked for, at most 1; 1 if none was. A writer that is usually too short is
    measured by its usual length."""
    asked = np.array([int(document.origin.get("asked_words", "0")) for document in documents])
    written = np.array([len(words(document.text)) for document in documents])
    shares = written / np.maximum(asked, 1)
    usual = min(1.0, float(np.median(shares[asked > 0]))) if asked.any() else 1.0
    result: np.ndarray = np.where(asked > 0, np.minimum(1.0, shares / max(usual, 1e-9)), 1.0)
    return result


def varied(texts: Sequence[str]) -> np.ndarray:
    """The share (D,) of distinct bigrams in each text (distinct-2, Li et al. 2016)."""
    shares = np.ones(len(texts))
    for number, text in enumerate(texts):
        spoken = words(text)
        pairs = list(pairwise(spoken))
        shares[number] = len(set(pairs)) / len(pairs) if pairs else 1.0
    return shares
