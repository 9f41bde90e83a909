"""The small template language of the word tables: in goes a template and a random generator, out comes one finished sentence.

[a|b|c]      one of the alternatives, drawn at random; alternatives may nest, and may be empty
{name}       looked up by the caller; {Name} is the same with a capital letter
{~list}      one entry of the shared list of that name
a(n) / A(n)  becomes "a" or "an", as the next word wants
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from minigpt.corpus.request import Request

Words = Mapping[str, Any]
Form = Callable[[random.Random, Words, Request], str]  # writes one document
Look = Callable[[str], str]

CHOICE = re.compile(r"\[([^\[\]]*)\]")
FIELD = re.compile(r"\{([^{}]+)\}")
ARTICLE = re.compile(r"\b([Aa])\(n\) (?=(\w+))")
SILENT_H = ("hour", "honest", "honor", "herb")
LIKE_YOU = ("use", "uni", "one", "eu", "uti", "usual")  # written with a vowel, spoken with a consonant
SMALL = frozenset("a an and the of with on in for to at by from but or al alla au con e".split())


@cache
def load_words(category: str) -> Words:
    """All word tables of a category: the union of assets/words/<category>*.json, whose top-level keys must not clash."""
    merged: dict[str, Any] = {}
    folder = resources.files("minigpt") / "assets" / "words"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.startswith(category) and file.name.endswith(".json"):
            table = json.loads(file.read_text(encoding="utf-8"))
            clash = merged.keys() & table.keys()
            if clash:
                raise ValueError(f"{file.name}: {sorted(clash)} are defined in another word table too")
            merged.update(table)
    return merged


def fill(rng: random.Random, template: str, look: Look | Mapping[str, str], lists: Words | None = None) -> str:
    """One text from the template: alternatives drawn, fields looked up (their values are templates too), articles chosen."""
    find = look if callable(look) else look.__getitem__
    text = template
    while True:
        text, chosen = CHOICE.subn(lambda m: rng.choice(m[1].split("|")), text)
        if chosen:  # fields wait until no alternative is left: an alternative not taken must not be looked up
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


def starts_with_vowel_sound(word: str) -> bool:
    """Whether English puts "an" before the word: an onion, an hour, an 8-minute egg, but a unicorn."""
    low = word.lower()
    if low.startswith(("8", "11", "18")):
        return True
    return low.startswith(SILENT_H) or (low[0] in "aeiou" and not low.startswith(LIKE_YOU))


def upper_first(text: str) -> str:
    """The text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def title_case(text: str) -> str:
    """A title: capitals on all words but the small ones, which get one only at its ends."""
    words = text.split()
    inner = range(1, len(words) - 1)
    return " ".join(w if i in inner and w in SMALL else "-".join(upper_first(p) for p in w.split("-")) for i, w in enumerate(words))


def join_and(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def draw(rng: random.Random, items: Sequence[Any], count: int) -> list[Any]:
    """`count` different entries of the list, in random order."""
    return rng.sample(list(items), count)
