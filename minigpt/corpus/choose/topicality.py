"""How well texts fit what was asked: a request and texts in, log-odds a word out.

What is typical of a category is learned from its own writers: a word's odds are those of meeting it there against meeting it in the other
categories. A request that no writer covers has only its topics' own words to go by.
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
    """Category -> how often its writers use each word."""
    counts: dict[str, Counter[str]] = {preset.category: Counter() for preset in PRESETS.values()}
    for key, preset in PRESETS.items():
        for document in islice(write_documents(understand("", key), random.Random(0)), EXAMPLES):
            counts[preset.category].update(WORD.findall(document.text.lower()))
    return counts


@cache
def _odds(category: str) -> dict[str, float]:
    """Word -> log-odds of the category against all others; nothing for one that has no writers of its own."""
    examples = _examples()
    if category not in examples:
        return {}
    inside = examples[category]
    outside = sum((counts for other, counts in examples.items() if other != category), Counter[str]())
    size = len(inside | outside)
    base = np.log((outside.total() + size) / (inside.total() + size))
    return {word: float(np.log((inside[word] + 1) / (outside[word] + 1)) + base) for word in inside | outside}


def topicality(request: Request, texts: Sequence[str]) -> np.ndarray:
    """The mean log-odds (D,) of each text's words; 0 if nothing can be said. Of several kinds, the one that a text fits best counts."""
    result: np.ndarray = np.max([_fit(part, texts) for part in request.parts], axis=0)
    return result


def _fit(request: Request, texts: Sequence[str]) -> np.ndarray:
    """The same for one kind."""
    odds = _odds(request.category) if request.confidence > 0 else {}
    named = {stem(word) for topic in (*request.topics, *request.ingredients) for word in WORD.findall(topic.lower())}
    result = np.zeros(len(texts))
    for number, text in enumerate(texts):
        words = WORD.findall(text.lower())
        if words:
            result[number] = sum(NAMED if stem(word) in named else odds.get(word, 0.0) for word in words) / len(words)
    return result


def stem(word: str) -> str:
    """A word without the endings of plurals, crudely."""
    return re.sub(r"(?:ies|es|s|y)$", "", word) if len(word) > 4 else word
