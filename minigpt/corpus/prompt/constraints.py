"""Reads the constraints of a request from the terms of a prompt: diet, season, audience, tone, length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

from minigpt.corpus.english import singular
from minigpt.corpus.prompt.lexicon import FOODS, TABLES, meanings
from minigpt.corpus.prompt.terms import UNCLEAR, UNCLEAR_FOOD, Term, is_mark, kind, thing

FIELDS = {"season": ("cooking", "poetry", "general"), "cuisines": ("cooking",), "diets": ("cooking",)}  # other fields: all categories
SINGLE = ("season", "audience", "tone", "length")
HOW = ("audience", "tone", "length")  # ignored after "about": "a story about a child" may be for adults
OUTRIGHT = frozenset(TABLES["audience even of a subject"])  # "black holes in plain English"
PLAINLY = ("technical", "topic")  # categories in which elders are told as beginners are
OPPOSITE = {("length", "short"): "long", ("length", "long"): "short"}
LIGHT = frozenset(TABLES["light words"])
PROGRAMMING = frozenset((*TABLES["programming languages"], "python"))
CONTAINED_BY = frozenset((*TABLES["containing"], *TABLES["about what"], *TABLES["verbs of containing"], "mentions", "mentioning"))
SOFT = frozenset(TABLES["statements"])  # negators of a statement: "not old" excludes nothing


def constraints(terms: Sequence[Term], category: str) -> tuple[dict[str, Any], set[int]]:
    """The fields of a Request that the terms fill, and the places of the terms used up by them."""
    fields: dict[str, list[str]] = {}
    used: set[int] = set()
    for place, term in enumerate(terms):
        for field, value in _meanings(term, terms, place, category):
            used.add(place)
            if field == "without the thing":
                field, value = "without", singular(value)
            if value and value not in fields.setdefault(field, []):
                fields[field].append(value)
    found: dict[str, Any] = {field: tuple(values) for field, values in fields.items() if values}
    if category == "cooking":
        found = _diets(found, terms)
    if len(found.get("season", ())) > 1:  # spring and autumn: two seasons are a topic, not a constraint
        del found["season"]
        used -= {place for place, term in enumerate(terms) if kind(term) == "season"}
    return {field: values[0] if field in SINGLE else values for field, values in found.items()}, used


def _meanings(term: Term, terms: Sequence[Term], place: int, category: str) -> Iterator[tuple[str, str]]:
    """(field, value) for each thing the term asks for; an empty value if it is understood but asks for nothing.

    "without the thing" stands for "without" with a word that may be plural; foods are spelled as in the tables.
    """
    if term.plain or not term.key:
        return
    if term.negated in (UNCLEAR, UNCLEAR_FOOD):
        if term.negated == UNCLEAR or category == "cooking":
            yield "unclear", term.unclear
        return
    if category == "cooking" and term.key in FOODS:
        yield from _food(term)
        return
    for field, value in meanings().get(term.key, []):
        if category not in FIELDS.get(field, (category,)) or (field in HOW and term.about and term.key not in OUTRIGHT):
            continue
        if field == "asked language":
            if not term.negated and (place + 1 == len(terms) or terms[place + 1].plain):
                yield "language", value
        elif field == "adults":
            yield ("audience", "") if not term.about else ("", "")
        elif field == "elders":
            heads = place + 1 == len(terms) or terms[place + 1].group != term.group
            if heads and not term.about:
                yield "audience", "beginners" if category in PLAINLY and not term.negated else ""
            elif not heads and category == "technical":
                yield "", ""  # a senior developer
        elif field == "audience" and term.negated and category != "cooking" and terms[place - 1].key == term.negated in ("without", "no"):
            yield "without the thing", term.key  # stories without children
        elif field == "audience" and term.key == "professional" and category == "general":
            yield "tone", "" if term.negated else "formal"
        elif field == "season" and term.negated:
            yield ("without", term.key) if term.about or term.negated not in SOFT else ("", "")
        else:
            yield field, OPPOSITE.get((field, value), "") if term.negated else value
    if term.negated and (thing(term) in ("", "food") or term.key in PROGRAMMING):
        asked_out = term.negated not in SOFT or term.about or _is_contained(terms, place) or _is_contrasted(terms, place)
        yield ("without the thing", term.key) if asked_out else ("", "")


def _is_contained(terms: Sequence[Term], place: int) -> bool:
    """Whether the negation is about containing the term: "never mention death", but not "never sad"."""
    between = takewhile(lambda term: term.key != terms[place].negated, reversed(terms[:place]))
    return any(term.key in CONTAINED_BY for term in between)


def _is_contrasted(terms: Sequence[Term], place: int) -> bool:
    """Whether the term contrasts with what is asked for: "cats, not dogs", "nature but never snow"."""
    before = terms[place - 2] if place > 1 and terms[place - 1].key == terms[place].negated in ("not", "never") else None
    return before is not None and terms[place].key not in LIGHT and (is_mark(before) or before.key == "but" or not before.plain)


def _food(term: Term) -> Iterator[tuple[str, str]]:
    food = TABLES["same food"].get(term.key, term.key)
    if not term.negated:
        yield "ingredients", "" if food in TABLES["of no use as ingredients"] else food
    elif food in TABLES["diet of what is left out"]:
        yield "diets", TABLES["diet of what is left out"][food]
    else:
        yield "without", food


def _diets(found: dict[str, Any], terms: Sequence[Term]) -> dict[str, Any]:
    """Resolve "no meat" with fish asked for: "vegetarian", if only inferred, becomes "pescatarian"."""
    diets = found.get("diets", ())
    asked_for = any(term.key in TABLES["constraints"]["diets"]["vegetarian"] for term in terms)
    if "vegetarian" in diets and not asked_for and set(found.get("ingredients", ())) & set(TABLES["fish and seafood"]):
        found["diets"] = tuple("pescatarian" if diet == "vegetarian" else diet for diet in diets)
        found["ingredients"] = tuple(food for food in found["ingredients"] if food not in ("fish", "seafood"))
    return {field: values for field, values in found.items() if values}
