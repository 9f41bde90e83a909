"""What a topic is to a story: its place, its genre, an animal that can walk through it."""

from __future__ import annotations

from collections.abc import Iterable

from minigpt.corpus.wordnet import wordnet

GENRES = (
    "science fiction", "sci-fi", "space opera", "horror", "crime", "romance", "adventure", "mystery", "fantasy", "western", "suspense",
    "humor",
)  # fmt: skip
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
