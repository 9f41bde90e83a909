"""Weighs the terms of a prompt as evidence for the categories of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minigpt.corpus.english import singular
from minigpt.corpus.prompt.constraints import constraints
from minigpt.corpus.prompt.genres import GENRE, sorts
from minigpt.corpus.prompt.lexicon import FOODS, TABLES, weights
from minigpt.corpus.prompt.odd_kinds import explained
from minigpt.corpus.prompt.readers import readers
from minigpt.corpus.prompt.terms import Term, kind
from minigpt.corpus.prompt.topics import topics
from minigpt.corpus.templates.lessons import SURE as ARITHMETIC
from minigpt.corpus.templates.misfits import is_dish
from minigpt.corpus.wordnet import wordnet

ABOUT, PERSON = 1.5, 2.5  # subtracted from a word's weight if it only says what a text is about, or for whom
DISH = 2.0  # the weight of a dish that only WordNet knows
MOST_OF_A_DISH = 4  # words
IN_COMPANY = 1.5  # the weight of words that mean programming if there are two of them: graphs and trees
PEOPLE, FIGURATIVE = frozenset(TABLES["people"]), frozenset(TABLES["figurative"])
COMPANY = frozenset(TABLES["technical in company"])


@dataclass(frozen=True)
class Hit:
    """A term that is evidence for a category."""

    place: int
    weight: float  # 3: a kind of document; 2: certainly of the category; 1: perhaps
    term: Term

    @property
    def rank(self) -> tuple[float, int, int]:
        """Sort key, highest first: the weight, then the earlier noun phrase, and in it the later word ("programming stories")."""
        return (self.weight, -self.term.group, self.place)


def hits_of(terms: Sequence[Term]) -> dict[str, list[Hit]]:
    """The terms that are evidence for each category, except negated ones."""
    found: dict[str, list[Hit]] = {category: [] for category in TABLES["weights"]}
    for place, term in enumerate(terms):
        for category, weight in weights().get(term.key, {}).items():
            if not term.negated and not (category == "general" and _no_sum(terms, place)):
                found[category].append(Hit(place, max(0.5, weight - _discount(terms, place)), term))
    company = technical_in_company(terms)
    found["technical"] += [Hit(place, max(0.5, IN_COMPANY - _discount(terms, place)), terms[place]) for place in company]
    named = [] if explained(terms) else dishes(terms)
    found["cooking"] += [Hit(place, max(0.5, DISH - _discount(terms, place)), terms[place]) for place in named]
    foods = [place for place, term in enumerate(terms) if term.key in FOODS and not term.negated]
    asked = [Hit(place, 0.5, terms[place]) for place in foods if not terms[place].about]
    if found["cooking"] or len(asked) > 1:
        found["cooking"] += asked
    if all(hit.term.key in FIGURATIVE for hit in found["cooking"]) and any(hit.weight >= 3 for hit in found["technical"]):
        found["cooking"] = []  # a recipe for a good API, a Python cookbook
    return found


def dishes(terms: Sequence[Term]) -> list[int]:
    """The places of names of dishes that no table has: goulash, fried rice."""
    found: list[int] = []
    for start in range(len(terms)):
        runs = [terms[start : start + size] for size in range(min(MOST_OF_A_DISH, len(terms) - start), 0, -1)]
        run = next((run for run in runs if _may_be_dish(run) and wordnet().base(_said(run))), [])  # hash browns are no hash
        after = terms[start + len(run)] if start + len(run) < len(terms) else None
        ends = after is None or after.plain or after.group != terms[start].group or after.key in weights()
        if run and ends and _said(run) not in weights() and is_dish(_said(run)):
            found += [place for place in range(start, start + len(run)) if place not in found and terms[place].key not in weights()]
    return found


def _may_be_dish(run: Sequence[Term]) -> bool:
    """Whether a run has a word that the tables do not know, or a food among others, and begins and ends with a word that counts."""
    unknown = [term for term in run if not term.plain and kind(term) in ("", "food") and term.key not in TABLES["light words"]]
    return (
        bool(unknown) and not (len(run) == 1 and run[0].key in FOODS) and not any(term.plain or term.negated for term in (run[0], run[-1]))
    )


def _said(run: Sequence[Term]) -> str:
    return " ".join(term.text.lower() for term in run)


def _no_sum(terms: Sequence[Term], place: int) -> bool:
    """Whether a word of arithmetic is part of a noun that means something else: cell division."""
    term = terms[place]
    if singular(term.key) not in ARITHMETIC or not place or terms[place - 1].group != term.group:
        return False
    senses = wordnet().senses(f"{terms[place - 1].text.lower()} {singular(term.text.lower())}")
    return bool(senses) and all(wider.word != singular(term.key) for wider in wordnet().above(senses[0][0]))


def _discount(terms: Sequence[Term], place: int) -> float:
    """The discount on a term that is not the genre: the chef of "a story about a chef", the programmers of "recipes for programmers"."""
    term = terms[place]
    before = next(
        (terms[i].key for i in range(place - 1, -1, -1) if terms[i].group != term.group and terms[i].key not in ("a", "an", "the")), ""
    )
    return PERSON if term.key in PEOPLE and before == "for" else ABOUT if term.about else 0.0


def too_weak(hits: Sequence[Hit], terms: Sequence[Term]) -> bool:
    """Whether the evidence for a category is only weak, while other terms are unknown to all writers."""
    places = {hit.place for hit in hits}
    heaviest = max(max(hit.weight for hit in hits), max(plain_weight(hit.term) for hit in hits))
    if explained(terms) and all(hit.term.about and "general" in weights().get(hit.term.key, {}) for hit in hits):
        return True  # how to use e-mail
    if heaviest > 1:
        return False
    if explained(terms) and not any("technical" in weights().get(hit.term.key, {}) for hit in hits):
        return True  # explain the moon
    left = topics(terms, places | constraints(terms, "topic")[1] | set(readers(terms)))
    return len(left) >= len({hit.term.key for hit in hits})


def plain_weight(term: Term) -> float:
    """The term's weight in the tables, without discount."""
    return max(weights().get(term.key, {}).values(), default=0.0)


def sure(hits: Sequence[Hit], alone: bool) -> bool:
    """Whether a kind of text with a writer is named, or programming; unless `alone`, any word of a writer's will do."""
    asked = [hit for hit in hits if not hit.term.about]
    if not alone:
        return any(hit.weight >= 2 or hit.term.key in sorts() for hit in asked)
    return any(
        sorts().get(hit.term.key, ("",))[0] == GENRE or (hit.weight >= 2 and "technical" in weights().get(hit.term.key, ()))
        for hit in asked
    )


def technical_in_company(terms: Sequence[Term]) -> list[int]:
    """The places of words that mean programming because the prompt has two or more of them, and no other kind of text."""
    places = [place for place, term in enumerate(terms) if not term.negated and singular(term.key) in COMPANY]
    return places if len({singular(terms[place].key) for place in places}) > 1 else []
