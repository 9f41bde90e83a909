"""Turns a prompt, or a preset, into a request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from minigpt.corpus.english import join_and, singular
from minigpt.corpus.prompt.constraints import constraints
from minigpt.corpus.prompt.correspondents import people_doubted
from minigpt.corpus.prompt.describe import describe
from minigpt.corpus.prompt.evidence import COMPANY, FIGURATIVE, Hit, dishes, hits_of, plain_weight, sure, too_weak
from minigpt.corpus.prompt.keywords import read_terms
from minigpt.corpus.prompt.kinds import listed_kinds, separated
from minigpt.corpus.prompt.language import language_of
from minigpt.corpus.prompt.layout import Layout, fitting
from minigpt.corpus.prompt.legible import legible
from minigpt.corpus.prompt.lexicon import FOODS, TABLES, in_full, weights
from minigpt.corpus.prompt.odd_kinds import is_card, name_of, things_named, unknown_kind
from minigpt.corpus.prompt.personas import persona_request
from minigpt.corpus.prompt.readers import experts, readers
from minigpt.corpus.prompt.tasks import beyond, without_style
from minigpt.corpus.prompt.terms import UNCLEAR, Term
from minigpt.corpus.prompt.topics import as_nouns, dedicated, given_to, implied, names, told_about, topics, with_readers, without_manners
from minigpt.corpus.request import MANY, Request
from minigpt.corpus.templates.cooking_foods import allowed, meant
from minigpt.corpus.templates.greetings import addressed
from minigpt.errors import MinigptError, instead

__all__ = ["PRESETS", "Preset", "describe", "understand"]

MOST_LETTERS = 2000  # most characters of a prompt that are read; what follows is hardly a description
CONFIDENCE = {3: 0.95, 2: 0.8, 1: 0.4}  # by the heaviest word
UNCOVERED = "topic"  # the category of a prompt that no writer covers
NAMING, CARDS = "naming", "greeting"
EXPLAINED = (UNCOVERED, "technical")  # the categories of texts that explain
LIMITS = ("diets", "without")  # hold for all parts of a request: the reader may be allergic
SUBJECTS = frozenset(TABLES["subjects"])


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
        request = _request(prompt, terms, ready.category, hits_of(terms)[ready.category], language)
        return replace(request, forms=ready.forms, preset=preset, matched=(), confidence=1.0, beside=beside)
    terms = read_terms(prompt, language)
    if found := persona_request(prompt, terms, language):
        return found
    prompt, style = without_style(prompt)
    terms = read_terms(prompt, language) if style else terms
    request = _several(prompt, read_terms(separated(prompt), language), language) or _one(prompt, terms, language)
    return replace(request, doubts=(*request.doubts, *beyond(prompt, style, request)))


def _one(prompt: str, terms: Sequence[Term], language: str) -> Request:
    """The request for one kind of text, decided by the heaviest term."""
    by_category = hits_of(terms)
    best = max(by_category, key=lambda category: max((hit.rank for hit in by_category[category]), default=(0.0, 0, 0)))
    odd, listed = unknown_kind(terms)
    told = [] if sure(by_category[best], alone=not odd) else _forms(terms, UNCOVERED)[1]
    inside = [hit for hit in by_category[best] if hit.place not in odd]  # song recommendations
    inside = [hit for hit in inside if not (listed and odd and hit.place > odd[-1])]  # names for fantasy characters
    outdone = bool(told) or (bool(odd) and not sure(inside, alone=listed))
    if by_category[best] and not outdone and not too_weak(by_category[best], terms):
        request = _request(prompt, terms, best, by_category[best], language)
        return replace(request, doubts=people_doubted(request, terms))
    if odd and not told:
        return _odd(prompt, terms, odd, language)
    about = _request(prompt, terms, UNCOVERED, [], language)
    if told and not about.topics:
        about = replace(about, topics=tuple(TABLES["subjects of a quiz"]))
    if not about.topics:
        return replace(about, category="general", forms=tuple(TABLES["default forms"]["general"]))
    return replace(about, kind=" ".join(terms[place].text.lower() for place in told[:1])) if told else about


def _odd(prompt: str, terms: Sequence[Term], places: Sequence[int], language: str) -> Request:
    """The request for a kind of text without a writer: for other texts, about its subject or, if it has none, about the kind itself."""
    kind = name_of(terms, places)
    about = _request(prompt, terms, UNCOVERED, [], language, done=places)
    if (named := things_named(terms, places, about.topics)) is not None:
        forms = tuple(TABLES["default forms"][NAMING])
        return replace(about, category=NAMING, forms=forms, matched=(kind,), confidence=CONFIDENCE[3], topics=named, audience=None)
    if is_card(kind):
        others = () if addressed(about.topics) else (f"write cards to single people, none for or about {join_and(about.topics)}",)
        forms = tuple(TABLES["default forms"][CARDS])
        return replace(
            about, category=CARDS, forms=forms, matched=(kind,), confidence=CONFIDENCE[3], kind=kind, audience=None, doubts=others
        )
    what = f"about {join_and([about.spell(topic) for topic in about.topics])}" if about.topics else "about them"
    about = about if about.topics else _request(prompt, terms, UNCOVERED, [], language)
    return replace(about, kind=kind, doubts=(f"cannot write {kind}, only other texts {what}",))


def _several(prompt: str, terms: Sequence[Term], language: str) -> Request | None:
    """The request for all the kinds of text that the prompt lists; None if it lists just one, or only kinds without templates."""
    listed = listed_kinds(terms, language)
    if len(listed) < 2:
        return None
    layout = Layout(terms, listed)
    groups: dict[tuple[str, str], list[int]] = {}  # kinds with the same first form are one: stories and tales
    unwritten = []
    for number, kind in enumerate(layout.kinds):
        by_category = hits_of(layout.only(layout.said_of([number])))
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
        hits = hits_of(terms)[category] or hits_of(layout.only(own))[category]
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
    used |= {place for place in (*naming, *(hit.place for hit in hits)) if not _is_subject(terms[place])} | set(done)
    used |= {place for place, term in enumerate(terms) if category == "technical" and term.key in FIGURATIVE}
    used -= set(dishes(terms)) if category == "cooking" else set()
    given = given_to(terms) if category == "poetry" else []
    used |= set(given)
    told_to = readers(terms) if category in EXPLAINED else []
    listeners = set(told_to) - used
    used |= {place for place, term in enumerate(terms) if "song" in forms and term.key in TABLES["styles of songs"] and not term.about}
    told = with_readers(terms, naming) if category == "occasion" else terms
    in_prose = category not in (("technical",) if wide is not None else ("cooking", "technical"))
    left = (told_about(told, used) if category == UNCOVERED else ()) or topics(told, used, in_prose)
    if listeners and ((fewer := topics(told, used | listeners, in_prose)) or (hits and category == "technical")):
        left = fewer
        fields.setdefault("audience", "beginners")
    if experts(terms, told_to):
        fields["audience"] = "professionals"
    left = left or dedicated(told, given, used) or (implied(terms) if category == "poetry" else ())
    left = without_manners(left) if category in ("general", "occasion", "technical") else left
    left = as_nouns(left) if category in ("occasion", "poetry") else left
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


def _is_subject(term: Term) -> bool:
    return term.key in SUBJECTS or (singular(term.key) in COMPANY and term.key not in weights())


def _forms(terms: Sequence[Term], category: str) -> tuple[tuple[str, ...], list[int]]:
    """The forms of the category that the prompt names, and their places; a diet beats a dish, a dish beats "recipe"."""
    for table in TABLES["narrow"].get(category, []):
        places = [place for place, term in enumerate(terms) if term.key in table and not term.negated]
        telling = [place for place in places if plain_weight(terms[place]) > 1]  # "customers" in e-mails to customers names no form
        strong = any(plain_weight(terms[place]) >= 3 for place in places)
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
