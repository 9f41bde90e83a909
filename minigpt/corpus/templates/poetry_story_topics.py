"""What a topic is to a story: its place, its genre, an animal that can walk through it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from minigpt.corpus.english import singular
from minigpt.corpus.templates.poetry_topics import short_name
from minigpt.corpus.wordnet import PERSON, wordnet

GENRES = (
    "science fiction", "sci-fi", "space opera", "horror", "crime", "romance", "adventure", "mystery", "fantasy", "western", "suspense",
    "humor",
)  # fmt: skip
THE = re.compile(r"^(?:an?|the) ")
UNCLEAR_KIN = ("parent", "relative", "child", "ancestor", "spouse", "family", "orphan", "baby", "widow", "bride", "heir")
SETTINGS = ("town", "village", "city", "countryside", "world", "place")  # where a story happens, not what it is about
ANIMAL = 5  # WordNet's number of the field of animals
PLACE = 15  # WordNet's number of the field of places
LANDS = {"country", "continent", "American state", "state"}
WINGED = {"bird", "fish", "insect", "snake", "arthropod", "mollusk", "whale"}
GONE = {"missing", "lost", "stolen", "vanished", "dead", "runaway"}  # who is looked for is no hero


def weighty(topics: Iterable[str]) -> list[str]:
    """The topics that say what a story is about: of "adventure stories about pirates" and "detectives in a small town" the people."""
    return [topic for topic in topics if topic not in GENRES and topic.split()[-1] not in SETTINGS]


def place_of(topic: str) -> str:
    """Whether a topic is a place with a name: "country", "town" or ""."""
    senses = wordnet().senses(topic.lower()) if topic.isascii() else []
    if not senses or senses[0][0].file != PLACE or not senses[0][0].single:
        return ""
    kinds = {wide.word for wide in wordnet().above(senses[0][0])}
    return "country" if kinds & LANDS else "town"


def walks(beast: str) -> bool:
    """Whether a tale may give an animal a coat, hands and boots: a mouse, but no crow and no carp."""
    return (
        not {wide.word for sense, _ in wordnet().senses(beast) if sense.file == ANIMAL for wide in (sense, *wordnet().above(sense))}
        & WINGED
    )


def relative_of(topic: str) -> str:
    """Whose life a tale shares with its hero, if a topic is somebody's relative: "mother" for "my mother"."""
    words = THE.sub("", short_name(topic.lower())).split() or [""]
    one = singular(words[-1])
    senses = wordnet().senses(one) if one.isascii() else []
    if not senses or senses[0][0].file != PERSON or len(words) > 2 or one in UNCLEAR_KIN:
        return ""
    kinds = {wide.word for sense, _ in senses[:1] for wide in (sense, *wordnet().above(sense))}
    return " ".join([*words[:-1], one]) if "relative" in kinds else ""
