"""The words that a prompt is read by: in go the tables of assets/words/prompts*.json, out come look-ups from any form of a word."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from minigpt.corpus.templates.grammar import load_words

TABLES = load_words("prompts")
FUNCTION_TABLES = (
    "plain words",
    "verbs to drop",
    "negators",
    "negators behind the word",
    "not negations",
    "end of a negation",
    "about",
    "joins",
)
FOODS = frozenset(TABLES["foods"])
PLAIN_WORDS = frozenset(word for name in FUNCTION_TABLES for word in TABLES[name])  # they say nothing about what is asked for
ENDINGS = ("s", "es", "ed", "d", "ing", "er", "ers", "'s", "s'")


@cache
def meanings() -> Mapping[str, list[tuple[str, str]]]:
    """Key -> (field of the request, value) of all that it can ask for."""
    found: dict[str, list[tuple[str, str]]] = {}
    for field, table in TABLES["constraints"].items():
        for value, words in table.items():
            for word in words:
                found.setdefault(word, []).append((field, value))
    return found


@cache
def weights() -> Mapping[str, dict[str, float]]:
    """Key -> category -> how much it speaks for it, from 1, perhaps, to 3, a kind of document."""
    found: dict[str, dict[str, float]] = {}
    for category, table in TABLES["weights"].items():
        for weight, words in table.items():
            for word in words:
                found.setdefault(word, {})[category] = float(weight)
    return found


@cache
def keys() -> Mapping[str, str]:
    """Every form of every entry of the tables -> the entry. Verbs only bend where a category is named: cook, cooking, cooks."""
    named = [*weights(), *(word for tables in TABLES["narrow"].values() for table in tables for word in table)]
    things = [*FOODS, *meanings()]
    found = {word: word for word in (*named, *things, *PLAIN_WORDS, *TABLES["light words"])}
    for bend, words in ((plurals, things), (inflections, named)):
        for word in words:
            for form in bend(word):
                found.setdefault(form, word)
    return found | {key.replace("-", " "): entry for key, entry in found.items() if "-" in key and key.replace("-", " ") not in found}


def plurals(word: str) -> list[str]:
    """The regular plural, and the possessive."""
    end = "ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else "es" if word.endswith(("s", "sh", "ch", "x", "o")) else "s"
    return [(word[:-1] if end == "ies" else word) + end, word + "s", word + "'s"] + ([word[:-1] + "ves"] if word.endswith("f") else [])


def inflections(word: str) -> list[str]:
    """Regular forms of a word, be it noun or verb: recipes, baking, stories; but never a longer compound."""
    more = {"e": ("ing", "er", "ers"), "y": ("ies", "ied")}.get(word[-1], ())
    return [word + ending for ending in ENDINGS] + [word[:-1] + ending for ending in more]
