"""Measures how well texts match a request, in log-odds per word.

The words typical of a category are learned from its templates: a word's odds compare its frequency there with that in the other
categories. For a request that no template covers, only the words of its topics count.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import islice

import numpy as np

from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import write_documents

WORD = re.compile(r"[^\W\d_]{3,}")
EXAMPLES = 40  # documents of each preset
NAMED = 3.0  # log-odds of a word that the request itself names


@cache
def _examples() -> dict[str, Counter[str]]:
    """Category -> the word counts of its template documents."""
    counts: dict[str, Counter[str]] = {preset.category: Counter() for preset in PRESETS.values()}
    for key, preset in PRESETS.items():
        for document in islice(write_documents(understand("", key), random.Random(0)), EXAMPLES):
            counts[preset.category].update(WORD.findall(document.text.lower()))
    return counts


@cache
def _odds(category: str) -> dict[str, float]:
    """Word -> log-odds of the category against all others; empty for a category without templates."""
    examples = _examples()
    if category not in examples:
        return {}
    inside = examples[category]
    outside = sum((counts for other, counts in examples.items() if other != category), Counter[str]())
    size = len(inside | outside)
    base = np.log((outside.total() + size) / (inside.total() + size))
    return {word: float(np.log((inside[word] + 1) / (outside[word] + 1)) + base) for word in inside | outside}


def topicality(request: Request, texts: Sequence[str]) -> np.ndarray:
    """The mean log-odds (D,) of each text's words, 0 if unknown; the best over the kinds of the request."""
    result: np.ndarray = np.max([_fit(part, texts) for part in request.parts], axis=0)
    return result


def _fit(request: Request, texts: Sequence[str]) -> np.ndarray:
    """The mean log-odds (D,) for one kind."""
    odds = _odds(request.category) if request.confidence > 0 else {}
    named = {stem(word) for topic in (*request.topics, *request.ingredients) for word in WORD.findall(topic.lower())}
    result = np.zeros(len(texts))
    for number, text in enumerate(texts):
        words = WORD.findall(text.lower())
        if words:
            result[number] = sum(NAMED if stem(word) in named else odds.get(word, 0.0) for word in words) / len(words)
    return result


def stem(word: str) -> str:
    """The word without a plural ending, roughly."""
    return re.sub(r"(?:ies|es|s|y)$", "", word) if len(word) > 4 else word
