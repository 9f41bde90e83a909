"""What a poem is about: in goes a request, out come images of one topic that belong together, and a check that a text obeys the request.

A topic has clauses that stand alone ("the tide writes on the sand"), things that people do there ("count the sails"), things to see,
places, and what a story needs. A topic that no table knows is written about in general images that carry its word.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Words, fill, upper_first
from minigpt.errors import MinigptError

TRIES = 2000  # texts written until one obeys the request; most do at once
LONGEST_SIMPLE_WORD = 11  # letters, for children
TABLES = ("topics", "nature topics", "life topics")
WORD = re.compile(r"[A-Za-z']+")
DOUBLED = re.compile(r"(?i)\b([a-z]+) \1\b")  # "people people": two phrases that happened to meet
THEIRS = {"our": "their", "us": "them", "we": "they", "ourselves": "themselves", "my": "their", "I": "they"}
FIRST_PERSON = re.compile(r"\b(our|us|we|ourselves|my|I)\b")


class Images:
    """Images of one topic: each kind is drawn in random order, and none comes twice before all have come."""

    def __init__(self, rng: random.Random, name: str, tables: Sequence[Mapping[str, Any]]) -> None:
        self.rng, self.name, self.tables = rng, name, tables
        self.decks: dict[str, list[Any]] = {}

    def draw(self, kind: str) -> Any:
        """The next entry of a kind: acts, we, see, places, friends, towns or treasures."""
        if not self.decks.get(kind):
            entries = [entry for table in self.tables for entry in table[kind]]
            self.decks[kind] = self.rng.sample(entries, len(entries))
        return self.decks[kind].pop()

    def fill(self, template: str) -> str:
        """The template with its alternatives drawn and the topic's name put in."""
        return fill(self.rng, template, {"topic": self.name})

    def clause(self) -> str:
        """A clause in the present: "the tide breathes in and out"."""
        subject, verbs = self.draw("acts")
        return self.fill(f"{subject} {self.rng.choice(verbs)}")

    def act(self) -> tuple[str, str]:
        """A subject and two different things that it does."""
        subject, verbs = self.draw("acts")
        first, second = self.rng.sample(verbs, 2)
        return self.fill(subject), self.fill(f"{first}|{second}")

    def get(self, kind: str) -> str:
        """A phrase of a kind: we, see, places, treasures."""
        return self.fill(self.draw(kind))


def finder(images: Images) -> Callable[[str], str]:
    """What any template may ask of the images: {clause}, {we} and the same of others, {they}; {see}, {place}, {topic}."""

    def find(key: str) -> str:
        if key == "they":
            return FIRST_PERSON.sub(lambda m: THEIRS[m[0]], images.get("we"))
        if key == "topic":
            return images.name
        return images.clause() if key == "clause" else images.get("places" if key == "place" else key)

    return find


def topic_tables(words: Words) -> dict[str, Any]:
    """All topics but the seasons."""
    return {name: table for key in TABLES for name, table in words[key].items()}


def find_topic(words: Words, phrase: str) -> str | None:
    """The topic whose key the phrase has, seasons included; None if no table knows it."""
    tables = topic_tables(words) | words["season topics"]
    if phrase.lower() in tables:
        return phrase.lower()
    for word in reversed(WORD.findall(phrase.lower())):  # the last word of "a stormy sea" is what it is about
        for name, table in tables.items():
            if any(word in (key, f"{key}s", f"{key}es", f"{key[:-1]}ies") for key in table["keys"]):
                return str(name)
    return None


def images_for(rng: random.Random, words: Words, request: Request) -> Images:
    """Images of one of the request's topics, and of its season; of any topic where the request names neither."""
    tables = topic_tables(words)
    seasons = words["season topics"]
    season = [seasons[request.season]] if request.season else []
    if request.topics:
        phrase = rng.choice(request.topics)
        name = find_topic(words, phrase)
        if name is None or (name in seasons and request.season not in (None, name)):
            return Images(rng, phrase, [words["any topic"], *season])
        known = seasons[name] if name in seasons else tables[name]
        return Images(rng, name, [known] if known in season else [known, *season])
    if request.season:
        return Images(rng, request.season, season)
    name = rng.choice([*tables, *seasons])
    return Images(rng, name, [tables.get(name) or seasons[name]])


def obedient(words: Words, request: Request, write: Callable[[], str]) -> str:
    """The first text written that obeys the request's season, audience and tone.

    Raises: MinigptError if none of many does, because the request contradicts itself.
    """
    for _ in range(TRIES):
        text = write()
        if request.tone == "formal":
            text = formal(words, text)
        if fits(words, request, text):
            return text
    raise MinigptError(f"no text fits {describe(request)}: ask for fewer things at once")


def describe(request: Request) -> str:
    """What the request asks of a text, for a message."""
    asked = (*request.topics, request.season, request.audience and f"for {request.audience}", request.tone)
    return ", ".join(part for part in asked if part) or "the request"


def fits(words: Words, request: Request, text: str) -> bool:
    """Whether the text shows the topic, names the request's season and no other, is simple enough for children and formal enough."""
    found = set(WORD.findall(text))
    low = {word.lower() for word in found}
    if DOUBLED.search(text) or not _shows_topic(words, request, text, low):
        return False
    if request.season:
        named = {season for season, marks in words["season words"].items() if any(_marks(mark, found, low) for mark in marks)}
        if named != {request.season}:
            return False
    if request.audience == "children":
        asked = set(WORD.findall(" ".join((*request.topics, *(find_topic(words, t) or "" for t in request.topics))).lower()))
        if any(len(word) > LONGEST_SIMPLE_WORD for word in low - asked - {f"{word}s" for word in asked}) or low & set(
            words["not for children"]
        ):
            return False
    return not (request.tone == "formal" and "!" in text)


def _shows_topic(words: Words, request: Request, text: str, low: set[str]) -> bool:
    """Whether the text has a word of one of the request's topics: a key of its table, or the topic as the request has it."""
    tables = topic_tables(words) | words["season topics"]
    for phrase in request.topics:
        name = find_topic(words, phrase)
        keys = tables[name]["keys"] if name else ()
        if phrase.lower() in text.lower() or any(key in low or f"{key}s" in low for key in keys):
            return True
        if name is None and max(WORD.findall(phrase.lower()), key=len, default="").replace("'", "") in low:
            return True
    return not request.topics


def _marks(mark: str, found: set[str], low: set[str]) -> bool:
    """Whether the text has the mark; months keep their capital, since "march" and "may" are also other words."""
    return mark in found if mark[0].isupper() else mark in low


def formal(words: Words, text: str) -> str:
    """The text without contractions."""
    for short, full in words["contractions"].items():
        text = re.sub(rf"\b{short}\b", full, text)
        text = re.sub(rf"\b{upper_first(short)}\b", upper_first(full), text)
    return text


def scaled(rng: random.Random, request: Request, short: int, usual: tuple[int, int], long: int) -> int:
    """How many parts a document has: the short or the long count if the request says so, else one between the usual ones."""
    return {"short": short, "long": long}.get(request.length or "") or rng.randint(*usual)
