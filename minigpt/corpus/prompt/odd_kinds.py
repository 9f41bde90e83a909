"""Finds a kind of text that a prompt asks for and that no template writes: contracts, band names, knitting patterns.

What "writes" or "generates" precedes is a kind of text, known or not. Without such a verb, only nouns that mean something written, or
that a table lists, are taken for kinds; anything else, as in "ancient Egypt", is a subject.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from minigpt.corpus.english import singular
from minigpt.corpus.prompt.genres import unwritten_places
from minigpt.corpus.prompt.lexicon import TABLES, meanings, weights
from minigpt.corpus.prompt.terms import Term
from minigpt.corpus.wordnet import wordnet

WRITING, EXPLAINING = frozenset(TABLES["verbs with a kind of text"]), frozenset(TABLES["verbs with a subject"])
LIGHT, ARTICLES = frozenset(TABLES["light words"]), frozenset((*TABLES["articles"], "some", "me", "us", "my"))
DOCUMENTS = frozenset(("written communication", "written record", "written agreement", "legal document"))  # of WordNet
USUAL = 2  # meanings of a noun that are looked at


def unknown_kind(terms: Sequence[Term]) -> tuple[list[int], bool]:
    """The places of the first noun phrase of a prompt, if it names such a kind, and whether a table lists it; else none."""
    phrase = _first_phrase(terms)
    if not phrase:
        return [], False
    head = terms[phrase[-1]]
    one, many = singular(head.text.lower()), head.text.lower() != singular(head.text.lower())
    before = next((terms[place].key for place in range(phrase[0] - 1, -1, -1) if terms[place].key not in ARTICLES), "")
    if phrase[-1] in unwritten_places(terms):
        clear = many or " " in one or len(phrase) == len(terms)
        meant = before in WRITING or one.startswith("rules of") or (clear and not explained(terms))
        return (phrase if meant else []), True
    if head.key in weights() or head.key in LIGHT:
        return [], False
    if before in WRITING:
        return (phrase if many or is_written(one) else []), False
    return (phrase if many and not explained(terms) and is_written(one) else []), False


def explained(terms: Sequence[Term]) -> bool:
    """Whether a prompt asks for explanations or facts rather than for a kind of text."""
    return any(term.key in EXPLAINING and not term.negated for term in terms)


@cache
def is_written(noun: str) -> bool:
    """Whether a noun usually means something written."""
    senses = [sense for sense, _ in wordnet().senses(noun)[:USUAL]]
    return any(wider.word in DOCUMENTS for sense in senses for wider in wordnet().above(sense))


def _first_phrase(terms: Sequence[Term]) -> list[int]:
    """The places of the first noun phrase that is no subject, constraint or negation."""
    rare, run = unwritten_places(terms), list[int]()
    for place, term in enumerate(terms):
        solid = (not term.plain or place in rare) and not term.about and not term.negated and term.key not in meanings()
        if solid and (not run or run[-1] == place - 1):
            run.append(place)
        elif run or term.about:
            break
    return run
