"""What a prompt asks for: in goes the sentence of the user, and perhaps a preset; out comes the request that the writers obey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from minigpt.corpus.constraints import constraints
from minigpt.corpus.keywords import Term, read_terms
from minigpt.corpus.language import NAMES, language_of
from minigpt.corpus.lexicon import FOODS, TABLES, weights
from minigpt.corpus.request import Request
from minigpt.corpus.templates import covers
from minigpt.corpus.topics import names, topics
from minigpt.errors import MinigptError

MOST_LETTERS = 2000  # of a prompt that are read: what comes later is no description any more
CONFIDENCE = {3: 0.95, 2: 0.8, 1: 0.4}  # by the heaviest word
UNCOVERED = "topic"  # the category of a prompt that no writer covers
ABOUT, PERSON = 1.5, 2.5  # what a word counts less where it only says what something is about, or for whom
SUBJECTS, PEOPLE, FIGURATIVE = frozenset(TABLES["subjects"]), frozenset(TABLES["people"]), frozenset(TABLES["figurative"])


@dataclass(frozen=True)
class Preset:
    """A ready-made request."""

    key: str
    category: str
    title: str
    description: str  # one line for a menu
    prompt: str  # one sentence, for a user who gives none
    forms: tuple[str, ...]


PRESETS = {
    key: Preset(key, row["category"], row["title"], row["description"], row["prompt"], tuple(row["forms"]))
    for key, row in TABLES["presets"].items()
}


@dataclass(frozen=True)
class Hit:
    """A term that speaks for a category."""

    place: int
    weight: float  # 3: a kind of document, 2: certainly of the category, 1: perhaps
    term: Term

    @property
    def rank(self) -> tuple[float, int, int]:
        """The highest rank decides: the heavier word, then the earlier noun phrase, and in it the last word ("programming stories")."""
        return (self.weight, -self.term.group, self.place)


def understand(prompt: str, preset: str | None = None) -> Request:
    """The request behind a prompt. A preset decides category and forms, and the prompt adds constraints; else the prompt decides all.

    Raises: MinigptError for an unknown preset.
    """
    if preset is not None and preset not in PRESETS:
        raise MinigptError(f"unknown preset {preset!r}; choose one of: {', '.join(PRESETS)}")
    prompt = prompt[:MOST_LETTERS].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    language = language_of(prompt)
    terms = read_terms(prompt, language)
    if preset is not None:
        ready = PRESETS[preset]
        if not prompt.strip() or prompt.strip() == ready.prompt:
            return Request(ready.category, ready.forms, preset)
        hits = _hits(terms)[ready.category]
        return replace(
            _request(prompt, terms, ready.category, hits, language), forms=ready.forms, preset=preset, matched=(), confidence=1.0
        )
    by_category = _hits(terms)
    best = max(by_category, key=lambda category: max((hit.rank for hit in by_category[category]), default=(0.0, 0, 0)))
    request = _request(prompt, terms, best, by_category[best], language)
    if by_category[best] and not _too_weak(by_category[best], terms):
        return request
    about = _request(prompt, terms, UNCOVERED, [], language)
    if not about.topics:
        return replace(about, category="general", forms=tuple(TABLES["default forms"]["general"]))
    return about


def describe(request: Request, templates: bool = True) -> list[str]:
    """The plan's line of what was understood, "cooking; Italian; vegan; for children", and below it what the user of templates should know.

    A language model, which writes where `templates` is False, covers every subject and many languages.
    """
    about = ", ".join(request.spell(topic) for topic in request.topics)
    covered = request.confidence > 0
    parts = [request.category] if covered else ["no writer covers this; general forms"] if templates else []
    parts += [f"preset {request.preset}"] if request.preset else []
    parts += [cuisine.title() for cuisine in request.cuisines] + list(request.diets)
    parts += [f"{word}: {', '.join(values)}" for word, values in (("with", request.ingredients), ("without", request.without)) if values]
    parts += [value for value in (request.season, request.audience and f"for {request.audience}", request.tone, request.length) if value]
    parts += [f"about {about}"] if about else []
    if request.language != "en":
        parts.append(f"asked in {NAMES[request.language]}" + (", and templates write English" if templates else ""))
    lines = ["; ".join(parts)] if parts else []
    if templates and not (covered and covers(request)):
        what = f"knows no facts about {about}" if about else "found no subject in the prompt"
        better = "a local Ollama model (--source ollama) or your own text (--data FILE) is the better teacher"
        lines.append(f"the built-in writer {what}: {better}")
    return lines


def _request(prompt: str, terms: Sequence[Term], category: str, hits: Sequence[Hit], language: str) -> Request:
    """The request of a category: its forms, the constraints, and as topics what is left."""
    fields, used = constraints(terms, category)
    forms, naming = _forms(terms, category)
    used |= {place for place in (*naming, *(hit.place for hit in hits)) if terms[place].key not in SUBJECTS}
    used |= {place for place, term in enumerate(terms) if category == "technical" and term.key in FIGURATIVE}
    left = topics(terms, used, in_prose=category not in ("cooking", "technical"))
    deciding = {hit.place for hit in hits} | set(naming)
    matched = tuple(dict.fromkeys(terms[place].text.lower() for place in sorted(deciding)))
    confidence = max((CONFIDENCE[max(1, round(hit.weight))] for hit in hits), default=0.0)
    found = {"language": (language,), **fields}
    spelled = names(prompt, left, language)
    return Request(
        category, forms, matched=matched, confidence=confidence, topics=left, names=spelled, **found | {"language": found["language"][0]}
    )


def _hits(terms: Sequence[Term]) -> dict[str, list[Hit]]:
    """The terms that speak for each category, without those that are negated."""
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
    """How much less a term counts as a genre: the chef of "a story about a chef", the programmers of "recipes for programmers"."""
    term = terms[place]
    before = next(
        (terms[i].key for i in range(place - 1, -1, -1) if terms[i].group != term.group and terms[i].key not in ("a", "an", "the")), ""
    )
    return PERSON if term.key in PEOPLE and before == "for" else ABOUT if term.about else 0.0


def _too_weak(hits: Sequence[Hit], terms: Sequence[Term]) -> bool:
    """Whether only words that perhaps speak for the category do, while others are left that no writer knows."""
    places = {hit.place for hit in hits}
    heaviest = max(max(hit.weight for hit in hits), max(_plain_weight(hit.term) for hit in hits))
    if heaviest > 1:
        return False
    left = topics(terms, places | constraints(terms, "topic")[1])
    return len(left) >= len({hit.term.key for hit in hits})


def _plain_weight(term: Term) -> float:
    """The term's weight in the tables, wherever it stands."""
    return max(weights().get(term.key, {}).values(), default=0.0)


def _forms(terms: Sequence[Term], category: str) -> tuple[tuple[str, ...], list[int]]:
    """The forms of the category that the prompt names, and where; a diet beats a dish, a dish beats "recipe"."""
    for table in TABLES["narrow"].get(category, []):
        places = [place for place, term in enumerate(terms) if term.key in table and not term.negated]
        telling = [place for place in places if _plain_weight(terms[place]) > 1]  # in e-mails to customers, the customers tell no form
        strong = any(_plain_weight(terms[place]) >= 3 for place in places)
        if places:
            chosen = telling if strong else places
            return tuple(dict.fromkeys(form for place in chosen for form in table[terms[place].key])), places
    return tuple(TABLES["default forms"][category]), []
