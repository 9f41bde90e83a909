"""Voices, manners and subjects of personas: who speaks, how, and about what.

Entries of the tables are separated by " / ". A voice is a set of lists: what it exclaims, owns, has done, complains of. A manner adds
sentences to any voice.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from minigpt.corpus.english import article, singular
from minigpt.corpus.words import Words, load_words

ARTICLE = re.compile(r"^(?:an?|the|my|our|your|his|her|their)\s+", re.IGNORECASE)
KIND = re.compile(r" (?:advice|tips|lessons|help|guidance|wisdom)$")
ANY = "any voice"

Lists = Mapping[str, tuple[str, ...]]


def entries(text: str) -> tuple[str, ...]:
    """The entries of a row of the tables."""
    return tuple(entry.strip() for entry in text.split(" / ") if entry.strip())


@cache
def voices() -> Mapping[str, Mapping[str, Any]]:
    """Name -> the rows of each voice."""
    tables = load_words("persona")
    return {name: rows for key, table in tables.items() if key.startswith("voices ") for name, rows in table.items()}


def rows_of(voice: str) -> Mapping[str, Any]:
    """The rows of a voice, or of ANY."""
    return voices().get(voice) or load_words("persona")[ANY]


@cache
def voice_nouns() -> Mapping[str, str]:
    """Every noun that names a voice, in lower case -> the voice; a voice's own name is one."""
    found = {name: name for name in voices()}
    return {noun: name for name, rows in voices().items() for noun in entries(str(rows["nouns"]))} | found


@cache
def manner_names() -> Mapping[str, str]:
    """Adjective -> the manner that it stands for."""
    return {word.strip(): key for key, words in load_words("persona")["manner names"].items() for word in words.split(",")}


def voice_of(persona: str) -> str:
    """The voice of a noun phrase, by the last of its words that name one ("a sea captain", "a pirate cook"); "" if none does."""
    words = ARTICLE.sub("", persona).lower().replace("\u2019", "'").split()
    for end in range(len(words), 0, -1):
        for start in range(end):
            found = voice_nouns().get(" ".join(words[start:end]).removesuffix("-like"))
            if found:
                return found
    return ""


@dataclass(frozen=True)
class Character:
    """The one who speaks."""

    voice: str  # a name of `voices`, or ANY
    noun: str  # "sea captain"; a name as it is: "Aunt Mabel"
    manner: str = ""  # the adjective as the prompt has it: "cranky"
    named: bool = False  # whether the noun is a name, which takes no article
    only: bool = False  # whether there is only one, as of the moon

    @property
    def label(self) -> str:
        """What stands before its lines: "Sea Captain"."""
        return self.noun if self.named else " ".join(word[:1].upper() + word[1:] for word in self.noun.split())

    @property
    def full(self) -> str:
        """ "a grumpy wizard", "Aunt Mabel"."""
        whole = f"{self.manner} {self.noun}".strip()
        return self.noun if self.named else f"{'the' if self.only else article(whole)} {whole}"

    @property
    def title(self) -> str:
        """ "the Grumpy Wizard", "Aunt Mabel"."""
        return self.noun if self.named else f"the {self.manner} {self.label}".replace("  ", " ")


def character(rng: random.Random, persona: str | None, manner: str | None) -> Character:
    """The character of a request; any if it names none."""
    if persona is None:
        voice = rng.choice(sorted(voices()))
        return Character(voice, noun_of_voice(voice), manner or rng.choice(sorted(load_words("persona")["manners"])))
    bare = ARTICLE.sub("", persona)
    named = bare == persona and persona != persona.lower()
    return Character(voice_of(persona) or ANY, bare, manner or "", named, persona.startswith("the "))


def noun_of_voice(voice: str) -> str:
    """A noun for a voice that the prompt does not name."""
    return {"player": "actor", "santa": "snowman", "viking": "Viking", "old house": "castle"}.get(voice, voice)


@dataclass(frozen=True)
class Subject:
    """What a text is about."""

    name: str
    asks: tuple[str, ...]
    tips: tuple[str, ...]
    truths: tuple[str, ...]


@cache
def everyday() -> Mapping[str, Subject]:
    """The subjects of everyday life, by name."""
    rows = load_words("persona")["everyday topics"]
    return {name: Subject(name, *(entries(row[key]) for key in ("asks", "tips", "truths"))) for name, row in rows.items()}


@cache
def _keys() -> Mapping[str, str]:
    rows = load_words("persona")["everyday topics"]
    return {key: name for name, row in rows.items() for key in (name, *entries(row["keys"]))}


def everyday_name(topic: str) -> str:
    """The everyday subject that a topic means: "the weather" -> rain; "" if none."""
    low = KIND.sub("", ARTICLE.sub("", topic.lower()))
    return _keys().get(low, "") or next((name for key, name in _keys().items() if singular(key) == singular(low)), "")


def subject(rng: random.Random, words: Words, topics: tuple[str, ...]) -> Subject:
    """One of the topics, else one of everyday life."""
    if not topics:
        return rng.choice(list(everyday().values()))
    name = rng.choice(topics)
    asks, tips, truths = (tuple(words["any subject"][key]) for key in ("asks", "tips", "truths"))
    if known := everyday_name(name):
        found = everyday()[known]
        asks, tips, truths = found.asks + asks, found.tips + tips, found.truths + truths
    return Subject(name, asks, tips, truths)
