"""Finds for whom a text is that explains: people who are neither its subject nor a table's audience."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from minigpt.corpus.english import singular
from minigpt.corpus.prompt.lexicon import TABLES, meanings, weights
from minigpt.corpus.prompt.terms import Term, is_mark
from minigpt.corpus.wordnet import PERSON, wordnet

BEFORE = ("for", "to")
OWNERS = frozenset((*TABLES["articles"], *TABLES["words before a reader"]))
TOLD = frozenset(TABLES["verbs with a listener"])
EXPERTS = 2  # least weight in programming of those who know it
CLOSE = frozenset(("my", "our", "his", "her", "their"))


def readers(terms: Sequence[Term]) -> list[int]:
    """The places of those to whom something is explained: the grandmother of "explain blockchain to my grandmother"."""
    found: list[int] = []
    for place, term in enumerate(terms):
        if term.about or term.negated or is_mark(term) or _phrase_goes_on(terms, place):
            continue
        start = place
        while start and (terms[start - 1].group == term.group or terms[start - 1].key in OWNERS) and not is_mark(terms[start - 1]):
            start -= 1
        before = terms[start - 1].key if start else ""
        own = {other.key for other in terms[start:place]}
        listens = before in TOLD and (bool(own & CLOSE) or any(field == "audience" for field, _ in meanings().get(term.key, ())))
        if (before in BEFORE or listens) and is_person(term.key):
            found += [at for at in range(start, place + 1) if terms[at].key not in OWNERS]
    return found


def experts(terms: Sequence[Term], places: Sequence[int]) -> bool:
    """Whether some of the readers are of the trade: software engineers."""
    return any(weights().get(terms[place].key, {}).get("technical", 0) >= EXPERTS for place in places)


def _phrase_goes_on(terms: Sequence[Term], place: int) -> bool:
    following = terms[place + 1] if place + 1 < len(terms) else None
    return following is not None and not following.plain and following.group == terms[place].group


@cache
def is_person(word: str) -> bool:
    """Whether a noun means first of all a person, or people."""
    one = singular(word)
    if one in TABLES["relatives"] or one in TABLES["loved ones"] or one in TABLES["others for whom poems are"] or one in TABLES["people"]:
        return True
    senses = wordnet().senses(one)
    return bool(senses) and senses[0][0].file == PERSON
