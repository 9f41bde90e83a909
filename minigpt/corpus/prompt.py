"""What a prompt asks for: in goes the sentence of the user, and perhaps a preset; out come a category and the document forms to write."""

from __future__ import annotations

import re
from dataclasses import dataclass

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import load_words
from minigpt.errors import MinigptError

TABLES = load_words("prompts")
WORD = re.compile(r"[a-z]+(?:[-'][a-z]+)*")
ENDINGS = ("s", "es", "ed", "d", "ing", "er", "ers", "'s", "s'")


@dataclass(frozen=True)
class Preset:
    """A ready-made request."""

    key: str
    category: str
    title: str
    prompt: str  # one sentence, for a user who gives none
    forms: tuple[str, ...]


PRESETS = {key: Preset(key, row["category"], row["title"], row["prompt"], tuple(row["forms"])) for key, row in TABLES["presets"].items()}


def understand(prompt: str, preset: str | None = None) -> Request:
    """The request behind a prompt. A preset decides alone; else the category with the heaviest words, "general" if there are none."""
    if preset is not None:
        if preset not in PRESETS:
            raise MinigptError(f"unknown preset {preset!r}; choose one of: {', '.join(PRESETS)}")
        return Request(PRESETS[preset].category, PRESETS[preset].forms, preset)
    hits = {category: _hits(prompt, weights) for category, weights in TABLES["weights"].items()}
    best = max(hits, key=lambda category: _rank(hits[category]))
    if not hits[best]:
        return Request("general", tuple(TABLES["default forms"]["general"]), confidence=0.0)
    forms, more = _forms(prompt, best)
    return Request(best, forms, matched=tuple(dict.fromkeys([word for _, _, word in hits[best]] + more)))


def _hits(prompt: str, weights: dict[str, list[str]]) -> list[tuple[int, int, str]]:
    """(place in the prompt, weight, word) of all words of the prompt that speak for a category."""
    pairs = [(place, int(weight), word) for weight, keys in weights.items() for key in keys for place, word in _find(prompt, key)]
    heaviest = {(place, word): weight for place, weight, word in sorted(pairs)}  # a word may fit two keys: cook, cookie
    return [(place, weight, word) for (place, word), weight in heaviest.items()]


def _rank(hits: list[tuple[int, int, str]]) -> tuple[int, int, int]:
    """The highest rank wins: the heaviest word (a poem about bread is a poem), then the sum of weights, then the earlier word."""
    if not hits:
        return (0, 0, 0)
    heaviest = max(weight for _, weight, _ in hits)
    return (heaviest, sum(weight for _, weight, _ in hits), -min(place for place, weight, _ in hits if weight == heaviest))


def _forms(prompt: str, category: str) -> tuple[tuple[str, ...], list[str]]:
    """The forms of the category that the prompt names, and the words that named them; a diet beats a dish, a dish beats "recipe"."""
    default = TABLES["default forms"][category]
    for table in TABLES["narrow"][category]:
        named = sorted((place, word, key) for key in table for place, word in _find(prompt, key))
        if named:
            return tuple(dict.fromkeys(form for _, _, key in named for form in table[key])), [word for _, word, _ in named]
    return tuple(default), []


def _find(prompt: str, key: str) -> list[tuple[int, str]]:
    """Where a key of the tables stands in the prompt, as (place, word). Whole words only, except in scripts without spaces."""
    low = prompt.lower()
    if not key.isascii():
        return [(low.index(key), key)] if key in low else []
    return [(m.start(), m[0]) for m in WORD.finditer(low) if same_stem(m[0], key)]


def same_stem(word: str, key: str) -> bool:
    """Whether the word is the key or one of its regular forms: recipes, baking, stories; but never a longer compound."""
    if word == key or word in [key + ending for ending in ENDINGS]:
        return True
    stem = key[:-1]
    more = {"e": ("ing", "er", "ers"), "y": ("ies", "ied")}.get(key[-1], ())
    return word in [stem + ending for ending in more]
