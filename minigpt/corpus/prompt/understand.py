"""Turns a prompt, or a preset, into a request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from minigpt.corpus.english import singular
from minigpt.corpus.prompt.constraints import constraints
from minigpt.corpus.prompt.describe import describe
from minigpt.corpus.prompt.keywords import read_terms
from minigpt.corpus.prompt.kinds import listed_kinds, separated
from minigpt.corpus.prompt.language import language_of
from minigpt.corpus.prompt.layout import Layout, fitting
from minigpt.corpus.prompt.legible import legible
from minigpt.corpus.prompt.lexicon import FOODS, TABLES, in_full, weights
from minigpt.corpus.prompt.personas import persona_request
from minigpt.corpus.prompt.terms import UNCLEAR, Term
from minigpt.corpus.prompt.topics import dedicated, given_to, implied, names, told_about, topics, with_readers, without_manners
from minigpt.corpus.request import MANY, Request
from minigpt.corpus.templates.cooking_foods import allowed, meant
from minigpt.errors import MinigptError, instead

__all__ = ["PRESETS", "Preset", "describe", "understand"]

MOST_LETTERS = 2000  # most characters of a prompt that are read; what follows is hardly a description
CONFIDENCE = {3: 0.95, 2: 0.8, 1: 0.4}  # by the heaviest word
UNCOVERED = "topic"  # the category of a prompt that no writer covers
ABOUT, PERSON = 1.5, 2.5  # subtracted from a word's weight if it only says what a text is about, or for whom
LIMITS = ("diets", "without")  # hold for all parts of a request: the reader may be allergic
SUBJECTS, PEOPLE, FIGURATIVE = frozenset(TABLES["subjects"]), frozenset(TABLES["people"]), frozenset(TABLES["figurative"])


@dataclass(frozen=True)
class Preset:
    """A ready-made request."""

    key: str
    category: str
    title: str
    description: str  # one line for a menu
    prompt: str  # one sentence, used if the user gives none
    forms: tuple[str, ...]


PRESETS = {
    key: Preset(key, row["category"], row["title"], row["description"], row["prompt"], tuple(row["forms"]))
    for key, row in TABLES["presets"].items()
}


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


def understand(prompt: str, preset: str | None = None) -> Request:
    """The request that a prompt makes. A preset decides category and forms, to which the prompt adds constraints.

    Raises MinigptError for an unknown preset.
    """
    if preset is not None and preset not in PRESETS:
        raise MinigptError(f"unknown preset {preset!r}; {instead(preset, PRESETS)}")
    prompt = in_full(legible(prompt[: 4 * MOST_LETTERS])[:MOST_LETTERS])  # mark-up and invisible characters do not count
    language = language_of(prompt)
    if preset is not None:
        ready = PRESETS[preset]
        if not prompt.strip() or prompt.strip() == ready.prompt:
            return Request(ready.category, ready.forms, preset)
        listed = read_terms(separated(prompt), language)
        terms, beside = fitting(listed, listed_kinds(listed, language), ready.category)
        request = _request(prompt, terms, ready.category, _hits(terms)[ready.category], language)
        return replace(request, forms=ready.forms, preset=preset, matched=(), confidence=1.0, beside=beside)
    terms = read_terms(prompt, language)
    if found := persona_request(prompt, terms, language):
        return found
    return _several(prompt, read_terms(separated(prompt), language), language) or _one(prompt, terms, language)


def _one(prompt: str, terms: Sequence[Term], language: str) -> Request:
    """The request for one kind of text, decided by the heaviest term."""
    by_category = _hits(terms)
    best = max(by_category, key=lambda category: max((hit.rank for hit in by_category[category]), default=(0.0, 0, 0)))
    request = _request(prompt, terms, best, by_category[best], language)
    if by_category[best] and not _too_weak(by_category[best], terms):
        return request
    about = _request(prompt, terms, UNCOVERED, [], language)
    if not about.topics:
        return replace(about, category="general", forms=tuple(TABLES["default forms"]["general"]))
    return about


def _several(prompt: str, terms: Sequence[Term], language: str) -> Request | None:
    """The request for all the kinds of text that the prompt lists; None if it lists just one, or only kinds without templates."""
    listed = listed_kinds(terms, language)
    if len(listed) < 2:
        return None
    layout = Layout(terms, listed)
    groups: dict[tuple[str, str], list[int]] = {}  # kinds with the same first form are one: stories and tales
    unwritten = []
    for number, kind in enumerate(layout.kinds):
        by_category = _hits(layout.only(layout.said_of([number])))
        best = max(by_category, key=lambda category: max((hit.rank for hit in by_category[category]), default=(0.0, 0, 0)))
        category = kind.category if by_category.get(kind.category) else best  # a recipe for a good API
        if kind.category and by_category[category]:
            groups.setdefault((category, _first_form(layout, number, category)), []).append(number)
        else:
            unwritten.append(number)
    names = tuple(dict.fromkeys(layout.kinds[number].name for number in unwritten))
    if not groups or len(groups) + len(names) < 2:
        return None
    if len(groups) == 1:
        (numbers,) = groups.values()
        return replace(_one(prompt, layout.without(unwritten), language), kind=layout.name(numbers), unwritten=names)
    known = {place for place in layout.before for category, _ in groups if category in weights().get(terms[place].key, {})}
    done = known | layout.words(range(len(listed)))
    parts: list[Request] = []
    for (category, _), numbers in groups.items():
        part = _part(prompt, layout, numbers, category, done, language)
        if part.kind in (*names, *(earlier.kind for earlier in parts)):
            part = replace(part, kind=f"{category} {part.kind}")  # a recipe for soup and a recipe for a good API
        alike = [earlier.topics for earlier in parts if earlier.category == category]  # love songs and ballads
        parts.append(part if part.topics or not alike else replace(part, topics=alike[-1]))
    return replace(parts[0], others=tuple(parts[1:]), unwritten=names)


def _first_form(layout: Layout, number: int, category: str) -> str:
    """The form that distinguishes a kind in its category; "" for recipes, which have many, but not for "soup, a good recipe"."""
    forms = _forms(layout.only(layout.words([number])), category)[0]
    last = layout.terms[layout.kinds[number].words[-1]]
    return forms[0] if len(forms) < MANY or last.text.lower() == last.key else ""


def _part(prompt: str, layout: Layout, numbers: list[int], category: str, done: set[int], language: str) -> Request:
    """The request for some of the listed kinds. What follows the last kind applies to all without a subject."""
    own = layout.said_of(numbers)
    forms = _forms(layout.only(layout.words(numbers)), category)[0]
    wide = constraints(layout.only(layout.shared(numbers)), category)[0]

    def read(places: set[int]) -> Request:
        terms = layout.only(places | layout.before)
        hits = _hits(terms)[category] or _hits(layout.only(own))[category]
        return _request(prompt, terms, category, hits, language, wide, done)

    part = read(own)
    if not part.topics:
        part = read(own | layout.trailing)
    if category == "cooking" and part.diets and (foods := meant(part)) and allowed(part).isdisjoint(foods):
        diets = constraints(layout.only(own | layout.before), category)[0].get("diets", ())  # vegan cakes and beef stews
        part = replace(part, diets=diets)
    return replace(part, forms=forms, kind=layout.name(numbers))


def _request(
    prompt: str, terms: Sequence[Term], category: str, hits: Sequence[Hit], language: str,
    wide: Mapping[str, Any] | None = None, done: Collection[int] = (),
) -> Request:  # fmt: skip
    """The request in a category: its forms, its constraints, and as topics the remaining terms, except those in `done`.

    `wide`: further constraints, for fields that these terms leave open.
    """
    fields, used = constraints(terms, category)
    limits = {field: tuple(dict.fromkeys((*fields.get(field, ()), *values))) for field, values in (wide or {}).items() if field in LIMITS}
    fields = {**(wide or {}), **fields, **limits}
    forms, naming = _forms(terms, category)
    used |= {place for place in (*naming, *(hit.place for hit in hits)) if terms[place].key not in SUBJECTS} | set(done)
    used |= {place for place, term in enumerate(terms) if category == "technical" and term.key in FIGURATIVE}
    given = given_to(terms) if category == "poetry" else []
    used |= set(given)
    used |= {place for place, term in enumerate(terms) if "song" in forms and term.key in TABLES["styles of songs"] and not term.about}
    told = with_readers(terms, naming) if category == "occasion" else terms
    in_prose = category not in (("technical",) if wide is not None else ("cooking", "technical"))
    left = (told_about(told, used) if category == UNCOVERED else ()) or topics(told, used, in_prose)
    left = left or dedicated(told, given, used) or (implied(terms) if category == "poetry" else ())
    left = without_manners(left) if category in ("general", "occasion") else left
    said = {singular(word) for topic in left for word in topic.split()}
    # cats, but no black cats:
    fields["without"] = tuple(thing for thing in fields.get("without", ()) if thing not in said or thing in FOODS)
    deciding = {hit.place for hit in hits} | set(naming)
    matched = tuple(dict.fromkeys(terms[place].text.lower() for place in sorted(deciding)))
    confidence = max((CONFIDENCE[max(1, round(hit.weight))] for hit in hits), default=0.0)
    found = {"language": (language,), **fields}
    spelled = names(prompt, left, language)
    return Request(
        category, forms, matched=matched, confidence=confidence, topics=left, names=spelled, **found | {"language": found["language"][0]}
    )


def _hits(terms: Sequence[Term]) -> dict[str, list[Hit]]:
    """The terms that are evidence for each category, except negated ones."""
    found: dict[str, list[Hit]] = {category: [] for category in TABLES["weights"]}
    for place, term in enumerate(terms):
        for category, weight in weights().get(term.key, {}).items():
            if not term.negated:
                found[category].append(Hit(place, max(0.5, weight - _discount(terms, place)), term))
    foods = [place for place, term in enumerate(terms) if term.key in FOODS and not term.negated]
    asked = [Hit(place, 0.5, terms[place]) for place in foods if not terms[place].about]
    if found["cooking"] or len(asked) > 1:
        found["cooking"] += asked
    if all(hit.term.key in FIGURATIVE for hit in found["cooking"]) and any(hit.weight >= 3 for hit in found["technical"]):
        found["cooking"] = []  # a recipe for a good API, a Python cookbook
    return found


def _discount(terms: Sequence[Term], place: int) -> float:
    """The discount on a term that is not the genre: the chef of "a story about a chef", the programmers of "recipes for programmers"."""
    term = terms[place]
    before = next(
        (terms[i].key for i in range(place - 1, -1, -1) if terms[i].group != term.group and terms[i].key not in ("a", "an", "the")), ""
    )
    return PERSON if term.key in PEOPLE and before == "for" else ABOUT if term.about else 0.0


def _too_weak(hits: Sequence[Hit], terms: Sequence[Term]) -> bool:
    """Whether the evidence for a category is only weak, while other terms are unknown to all writers."""
    places = {hit.place for hit in hits}
    heaviest = max(max(hit.weight for hit in hits), max(_plain_weight(hit.term) for hit in hits))
    if heaviest > 1:
        return False
    left = topics(terms, places | constraints(terms, "topic")[1])
    return len(left) >= len({hit.term.key for hit in hits})


def _plain_weight(term: Term) -> float:
    """The term's weight in the tables, without discount."""
    return max(weights().get(term.key, {}).values(), default=0.0)


def _forms(terms: Sequence[Term], category: str) -> tuple[tuple[str, ...], list[int]]:
    """The forms of the category that the prompt names, and their places; a diet beats a dish, a dish beats "recipe"."""
    for table in TABLES["narrow"].get(category, []):
        places = [place for place, term in enumerate(terms) if term.key in table and not term.negated]
        telling = [place for place in places if _plain_weight(terms[place]) > 1]  # "customers" in e-mails to customers names no form
        strong = any(_plain_weight(terms[place]) >= 3 for place in places)
        if places:
            chosen = telling if strong else places
            return _allowed(dict.fromkeys(form for place in chosen for form in table[terms[place].key]), terms, category), places
    return _allowed(TABLES["default forms"][category], terms, category), []


def _allowed(forms: Iterable[str], terms: Sequence[Term], category: str) -> tuple[str, ...]:
    """The forms except those that the prompt excludes by name, unless that is all: "poems, but no haiku"."""
    tables = TABLES["narrow"].get(category, [])
    named = {table[key][0] for table in tables for key in table if len(table[key]) == 1}
    out = set[str]()
    for table in tables:
        for key in (term.key for term in terms if term.negated not in ("", UNCLEAR) and term.key in table):
            if named.issuperset(table[key]) or table[key][0] == key:
                out |= set(table[key])
    return tuple(form for form in forms if form not in out) or tuple(forms)
