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
from minigpt.corpus.templates.subject_field import subject_of
from minigpt.corpus.templates.subject_sense import Entry
from minigpt.corpus.templates.subject_words import named, verb
from minigpt.corpus.wordnet import wordnet
from minigpt.corpus.words import Words, load_words

ARTICLE = re.compile(r"^(?:an?|the|my|our|your|his|her|their)\s+", re.IGNORECASE)
KIND = re.compile(r" (?:advice|tips|lessons|help|guidance|wisdom)$")
ANY = "any voice"
OF_ANYTHING = ("What do you think", "Why do [people", "What do [most")  # questions that suit a subject of everyday life too
MOST_FACTS, MOST_WORDS = 8, 20  # words of a topic beside its own; the length of what is said of each

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
            name = " ".join(words[start:end]).removesuffix("-like")
            found = voice_nouns().get(name)
            if found and not (name == "player" and start):  # a chess player is on no stage
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
        words = [word for word in self.noun.split() if word[0].isalpha()] or self.noun.split()
        return self.noun if self.named else " ".join(word[:1].upper() + word[1:] for word in words)

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
    manner = {"zen": "Zen"}.get(manner or "", manner)
    return Character(voice_of(persona) or ANY, bare, manner or "", named, persona.startswith("the "))


def noun_of_voice(voice: str) -> str:
    """A noun for a voice that the prompt does not name."""
    return {"player": "actor", "santa": "snowman", "viking": "Viking", "old house": "castle"}.get(voice, voice)


@dataclass(frozen=True)
class Question:
    """What somebody may ask, and answers that answer it."""

    ask: str
    kind: str  # h: what to do; w: what or why; q: yes or no, how many; o: what the persona thinks or does; fact: what a word means
    says: tuple[str, ...]  # clauses that stand after a colon


@dataclass(frozen=True)
class Subject:
    """What a text is about."""

    name: str
    questions: tuple[Question, ...]
    tips: tuple[str, ...]
    truths: tuple[str, ...]
    signs: tuple[str, ...]


def _questions(rows: Mapping[str, str]) -> tuple[Question, ...]:
    return tuple(Question(ask, row.partition(": ")[0], entries(row.partition(": ")[2])) for ask, row in rows.items())


def _topics() -> Mapping[str, Mapping[str, str]]:
    words = load_words("persona")
    return {**words["everyday topics"], **words["more everyday topics"]}


@cache
def everyday() -> Mapping[str, Subject]:
    """The subjects of everyday life, by name."""
    words = load_words("persona")
    answers = words["answers"] | words["more answers"]
    return {
        name: Subject(name, _questions(answers[name]), *(entries(row[key]) for key in ("tips", "truths", "signs")))
        for name, row in _topics().items()
    }


@cache
def _keys() -> Mapping[str, str]:
    return {key: name for name, row in _topics().items() for key in (name, *entries(row["keys"]))}


def everyday_name(topic: str) -> str:
    """The everyday subject that a topic means: "the weather" -> rain; "" if none."""
    low = KIND.sub("", ARTICLE.sub("", topic.lower()))
    exact = _keys().get(topic.lower(), "") or _keys().get(low, "")
    return exact or next((name for key, name in _keys().items() if singular(key) == singular(low)), "")


def subject(rng: random.Random, words: Words, topics: tuple[str, ...]) -> Subject:
    """One of the topics, else one of everyday life."""
    if not topics:
        return rng.choice(list(everyday().values()))
    name = rng.choice(topics)
    rows = words["any subject"]
    general = _questions(rows["answers"])
    if known := everyday_name(name):
        found = everyday()[known]
        more = [question for question in general if question.ask.startswith(OF_ANYTHING)]
        signs, truths = (*found.signs, *entries(rows["signs"])), (*found.truths, *rng.sample(rows["truths"], 4))
        return Subject(name, (*found.questions, *more), found.tips, truths, signs)
    return Subject(name, general + facts(name), tuple(rows["tips"]), tuple(rows["truths"]), entries(rows["signs"]))


def plural(name: str) -> bool:
    """Whether a subject is spoken of as "them": black holes, but not physics."""
    last = name.split()[-1].lower()
    return singular(last) != last and not last.endswith(("ss", "us", "is", "ics"))


@cache
def facts(topic: str) -> tuple[Question, ...]:
    """What WordNet says of a topic, as questions with their answers; none if it does not know the topic."""
    known = subject_of(topic.lower())
    if known is None or not known.mains[0].sense.gloss:
        return ()
    near = [
        entry
        for entry in known.entries
        if entry.near == 1 and entry.main == 0 and fits(entry) and not wordnet().is_a(known.mains[0].sense, entry.sense)
    ]
    return tuple(
        Question(f"What {verb(e.sense, e.word)} {named(e.sense, e.word)}{'' if e.near else ', exactly'}?", "fact", (definition(e),))
        for e in (known.mains[0], *near[:MOST_FACTS])
    )


def fits(entry: Entry) -> bool:
    """Whether a visitor may ask for a word: its meaning is short, and it is no name."""
    sense = entry.sense
    return sense.kind in "cm" and not sense.single and not sense.plural and 4 < len(sense.gloss.split()) <= MOST_WORDS


def definition(entry: Entry) -> str:
    return f"{named(entry.sense, entry.word)} {verb(entry.sense, entry.word)} {entry.sense.gloss}"
