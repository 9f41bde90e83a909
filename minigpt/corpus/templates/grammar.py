"""Fills templates in the small language of the word tables.

[a|b|c]      a random alternative; alternatives may nest and may be empty
{name}       looked up by the caller; {Name} is the same, capitalised
{~list}      a random entry of the shared list of that name
a(n) / A(n)  becomes "a" or "an", by the next word
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minigpt.corpus.english import starts_with_vowel_sound, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.words import Words

Form = Callable[[random.Random, Words, Request], str]  # writes one document, a Told where it has an idea
Look = Callable[[str], str]

CHOICE = re.compile(r"\[([^\[\]]*)\]")
FIELD = re.compile(r"\{([^{}]+)\}")
ARTICLE = re.compile(r"\b([Aa])\(n\) (?=(\w+))")


class Told(str):
    """A document's text that knows its idea: the dish, the plot, the algorithm, whatever two documents with other words can share.

    Whole ideas are held out of training (corpus/split.py), so that the held-out loss is that of something new.
    """

    __slots__ = ("idea",)
    idea: str

    def __new__(cls, text: str, idea: str) -> Told:
        told = super().__new__(cls, text)
        told.idea = idea
        return told


def idea_of(text: str) -> str:
    """The idea that a document tells; "" if it has none of its own."""
    return text.idea if isinstance(text, Told) else ""


def fill(rng: random.Random, template: str, look: Look | Mapping[str, str], lists: Words | None = None) -> str:
    """A text from the template: alternatives drawn, fields looked up (their values are templates too), articles chosen."""
    find = look if callable(look) else look.__getitem__
    text = template
    while True:
        text, chosen = CHOICE.subn(lambda m: rng.choice(m[1].split("|")), text)
        if chosen:  # fields come last: those of alternatives not taken must not be looked up
            continue
        text, filled = FIELD.subn(lambda m: _field(rng, m[1], find, lists), text)
        if not filled:
            return ARTICLE.sub(_article, text)


def _field(rng: random.Random, name: str, find: Look, lists: Words | None) -> str:
    if name.startswith("~"):
        return str(rng.choice((lists or {})[name[1:]]))
    value = find(name[0].lower() + name[1:])
    return upper_first(value) if name[0].isupper() else value


def _article(match: re.Match[str]) -> str:
    return match[1] + ("n " if starts_with_vowel_sound(match[2]) else " ")


def draw(rng: random.Random, items: Sequence[Any], count: int) -> list[Any]:
    """`count` distinct entries of the list, in random order."""
    return rng.sample(list(items), count)
