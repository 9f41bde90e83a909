"""Says the same in other words: interchangeable phrases, the order of speaker and verb, and round numbers.

What is drawn for a document holds throughout it: where nine is eleven, it is eleven everywhere.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import cache

from minigpt.corpus.english import upper_first
from minigpt.corpus.words import Words

QUOTED = re.compile(r'"[^"]*"')
TAG = re.compile(r'(?<=[,?.]" )(said|asked) ([A-Z][a-z]+|the [a-z]+(?: [a-z]+)?)(?=[.,])')
NUMBER = re.compile(r"\b[A-Za-z]+\b")
BEFORE = 0.3  # share of the speakers who are named before the verb: "the dragon said"
Wording = Callable[[str], str]


def wording(rng: random.Random, words: Words) -> Wording:
    """A function that rewords the paragraphs of one document."""
    numbers: dict[str, str] = {}
    for group in words["story numbers"]:
        numbers |= dict(zip(group, rng.sample(group, len(group)), strict=True))

    def reword(text: str) -> str:
        text = exchange(rng, words["story wordings"], text)
        text = QUOTED.sub(lambda m: exchange(rng, words["spoken wordings"], m[0]), text)
        text = TAG.sub(lambda m: f"{m[2]} {m[1]}" if rng.random() < BEFORE else m[0], text)
        return NUMBER.sub(lambda m: cased(numbers.get(m[0].lower(), m[0]), m[0]), text)

    return reword


def exchange(rng: random.Random, groups: Sequence[Sequence[str]], text: str) -> str:
    """The text, with the first phrase of a group replaced by any of the group, at random."""
    for group in groups:
        first, capital = group[0], upper_first(group[0])
        if first in text or capital in text:
            text = whole(first).sub(lambda m, group=group: cased(rng.choice(group), m[0]), text)  # type: ignore[misc]
    return text


@cache
def whole(phrase: str) -> re.Pattern[str]:
    """The phrase as whole words, with or without a capital."""
    return re.compile(rf"\b(?:{re.escape(phrase)}|{re.escape(upper_first(phrase))})(?!\w)")


def cased(phrase: str, like: str) -> str:
    """The phrase with a capital if the other has one."""
    return upper_first(phrase) if like[0].isupper() else phrase
