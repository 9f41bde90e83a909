"""Recognises words that name kinds of text, and their categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from minigpt.corpus.english import plurals
from minigpt.corpus.prompt.lexicon import FOODS, TABLES, weights
from minigpt.corpus.prompt.terms import Term, kind
from minigpt.corpus.words import load_words

GENRE, DISH, FIELD = "genre", "dish", "field"  # a field (cooking, Python) names a kind only if no genre of its category is listed
PEOPLE = frozenset(TABLES["people"])
LONGEST = 4  # most words in the name of a kind without a template
TELLING = 2  # least weight of a word that certainly belongs to its category
HOW = ("tone", "length", "audience", "season", "diets", "cuisines")


@cache
def sorts() -> Mapping[str, tuple[str, str]]:
    """Key -> sort and category, for kinds that templates write."""
    fields = {word: (FIELD, category) for category, words in TABLES["fields as kinds of text"].items() for word in words}
    dishes = {word: (DISH, "cooking") for word in TABLES["dishes as kinds of text"]}
    return fields | dishes | {word: (GENRE, category) for category, words in TABLES["kinds of text"].items() for word in words}


@cache
def unwritten() -> frozenset[str]:
    """Every form of the kinds that only a teacher writes, in lower case."""
    words = [word for word in (*load_words("ollama")["said forms"], *TABLES["kinds without a writer"]) if word not in weights()]
    return frozenset(form for word in words for form in (word, *plurals(word)))


def unwritten_places(terms: Sequence[Term]) -> set[int]:
    """The places of words that name kinds without a template, the longest names first."""
    places: set[int] = set()
    place = 0
    while place < len(terms):
        for size in range(min(LONGEST, len(terms) - place), 0, -1):
            some = terms[place : place + size]
            if " ".join(term.text.lower() for term in some) in unwritten() and not any(term.negated for term in some):
                places |= set(range(place, place + size))
                break
        else:
            size = 1
        place += size
    return places


def telling(term: Term) -> bool:
    """Whether the term certainly means a category, not a style or an audience."""
    return (
        not term.negated
        and term.key not in PEOPLE
        and kind(term) not in HOW
        and max(weights().get(term.key, {}).values(), default=0.0) >= TELLING
    )


def categories(terms: Sequence[Term], places: Sequence[int]) -> set[str]:
    """The categories that a noun phrase relates to."""
    found = {category for place in places if terms[place].key not in PEOPLE for category in weights().get(terms[place].key, {})}
    return found | {"cooking" for place in places if terms[place].key in FOODS}
