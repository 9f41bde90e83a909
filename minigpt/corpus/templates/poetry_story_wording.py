"""Says the same in other words: interchangeable phrases, names for pronouns, the order of speaker and verb, and round numbers.

What is drawn for a document holds throughout it: where nine is eleven, it is eleven everywhere.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from minigpt.corpus.english import upper_first
from minigpt.corpus.words import Words

QUOTED = re.compile(r'"[^"]*"')
TAG = re.compile(r'(?<=[,?.]" )(said|asked) ([A-Z][a-z]+|the [a-z]+(?: [a-z]+)?)(?=\.|, and )')
SPEECH = re.compile(r'"([^"]+)([,.?])" (said|asked) ((?:the )?[\w\'-]+(?: [\w\'-]+){0,4}?)(?=\.|,(?! "))')
SUBJECT = re.compile(r"(?:(?<=^)|(?<=[.?] )|(?<=[.?]\" ))(He|She)(?= [a-z])")
NUMBER = re.compile(r"\b[A-Za-z]+\b")
BEFORE = 0.3  # share of the speakers who are named before the verb: "the dragon said"
CALLED = 0.45  # share of what is said to somebody that calls them by name
NAMED = 0.55  # share of the sentences about the hero that begin with the name, not with "he" or "she"
Wording = Callable[[str], str]


def wording(rng: random.Random, words: Words, name: str = "", spoken_to: Mapping[str, str] | None = None) -> Wording:
    """A function that rewords the paragraphs of one document. `name`: the hero's; `spoken_to`: speaker -> whom that one calls how."""
    numbers: dict[str, str] = {}
    for group in words["story numbers"]:
        numbers |= dict(zip(group, rng.sample(group, len(group)), strict=True))
    calls = spoken_to or {}

    def call(match: re.Match[str]) -> str:
        who = calls.get(match[4], "")
        if not who or who in match[1] or "," in match[1][-9:] or rng.random() > CALLED:
            return match[0]
        return f'"{match[1]}, {who}{match[2]}" {match[3]} {match[4]}'

    def reword(text: str) -> str:
        text = exchange(rng, words["story wordings"], text)
        text = QUOTED.sub(lambda m: exchange(rng, words["spoken wordings"], m[0]), text)
        if name:
            text = SUBJECT.sub(lambda m: name if rng.random() < NAMED else m[0], text)
        text = SPEECH.sub(call, text)
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
