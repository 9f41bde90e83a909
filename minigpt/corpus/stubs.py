"""What a small language model gets wrong most often: documents in; out comes how much of its task each fulfils, and how little it repeats
itself, both from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from minigpt.corpus.documents import Document
from minigpt.corpus.near import words


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
