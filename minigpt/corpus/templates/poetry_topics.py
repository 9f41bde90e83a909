"""Draws images of a poem's topic, and checks that a text obeys its request.

A topic has independent clauses ("the tide writes on the sand"), things that people do there ("count the sails"), sights, places, and
what a story needs. For a topic that no table knows there are general images, some of which name it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from minigpt.corpus.english import either_number, singular, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Told, fill, idea_of
from minigpt.corpus.words import Words
from minigpt.errors import MinigptError

TRIES = 400  # most attempts at a text that obeys the request; usually the first does
LONGEST_SIMPLE_WORD = 11  # letters, for children
MENTIONS = 3  # most mentions of a topic in images; more would sound like a refrain
FEW_WORDS = 60  # words of a haiku, a limerick, a short scene
TABLES = ("topics", "nature topics", "life topics")
WORD = re.compile(r"[A-Za-z']+")
DOUBLED = re.compile(r"(?i)\b([a-z]+) \1\b")  # "people people", from two adjacent phrases
NO_THING = re.compile(  # what nobody can point at
    r"(?i)^(?:my|your|her|his|our|love|sleep|winter|summer|autumn|spring)\b|\{topic\}|\b(?:me|us|my|our|I|we|her|she|his|he|him)\b"
)
DETERMINER = re.compile(r"(?i)^(?:the|an?|my|our|your) ")
AFTER_HEAD = re.compile(r"(?i) (?:in|of|on|about|for|with|from|at|to|by|without|under|between|among|near|after|before|who|that)\b")
PRONOUNS = {
    "she": {"he": "she", "his": "her", "him": "her", "himself": "herself"},
    "he": {"he": "he", "his": "his", "him": "him", "himself": "himself"},
}


class Images:
    """Images of one topic, dealt in random order by kind, all before any repeats.

    `named`: the request asked for the topic, so the text must name it.
    """

    def __init__(self, rng: random.Random, name: str, tables: Sequence[Mapping[str, Any]], named: bool = False) -> None:
        self.rng, self.name, self.tables, self.named = rng, name, tables, named
        self.mentions = 0
        self.decks: dict[str, list[Any]] = {}

    @property
    def keys(self) -> list[str]:
        """The words by which the topic's table is known."""
        return list(self.tables[0].get("keys", [self.name]))

    def draw(self, kind: str) -> Any:
        """The next entry of a kind: acts, we, see, places, friends, towns or treasures; without the topic after MENTIONS mentions."""
        while True:
            if not self.decks.get(kind):
                entries = [entry for table in self.tables for entry in table.get(kind, ())]
                self.decks[kind] = self.rng.sample(entries, len(entries))
            entry = self.decks[kind].pop()
            if self.mentions < MENTIONS or "{topic}" not in str(entry):
                return entry

    def mention(self) -> str:
        """The topic: in full the first time, later "beekeeping" for "beekeeping in the desert"."""
        self.mentions += 1
        return self.name if self.mentions == 1 else short_name(self.name)

    def fill(self, template: str) -> str:
        """The template with alternatives drawn and the topic filled in."""
        return fill(self.rng, template, lambda _: self.mention())

    def clause(self) -> str:
        """A clause in the present tense: "the tide breathes in and out"."""
        subject, verbs = self.draw("acts")
        return self.fill(f"{subject} {self.rng.choice(verbs)}")

    def act(self) -> tuple[str, str]:
        """A subject and two different things it does."""
        subject, verbs = self.draw("acts")
        first, second = self.rng.sample(verbs, 2)
        return self.fill(subject), self.fill(f"{first}|{second}")

    def seen(self) -> tuple[str, ...]:
        """A thing of the topic itself that anybody can look at, and three things it does; () if the topic has none."""
        acts = [(who, verbs) for who, verbs in self.tables[0].get("acts", ()) if len(verbs) >= 3 and not NO_THING.search(f"{who} {verbs}")]
        said = {word.rstrip("s") for word in WORD.findall(self.name.lower())}
        own = [(who, verbs) for who, verbs in acts if said & {word.rstrip("s") for word in WORD.findall(who.lower())}]
        things = acts if is_plain(self.name, self.keys[0], self.keys) else own  # a poem about dogs looks at the dog, not at the hens
        if not things:
            return ()
        who, verbs = self.rng.choice(things)
        return (self.fill(who), *map(self.fill, self.rng.sample(verbs, 3)))

    def get(self, kind: str) -> str:
        """A phrase of a kind: we, see, places, treasures."""
        return self.fill(self.draw(kind))


def short_name(name: str) -> str:
    """The head of a phrase: "beekeeping" for "beekeeping in the desert"."""
    head = AFTER_HEAD.split(name, maxsplit=1)[0]
    return head if len(DETERMINER.sub("", head)) > 3 else name


def one_topic(rng: random.Random, request: Request) -> Request:
    """The request with only one of its topics, for one document."""
    return replace(request, topics=(rng.choice(request.topics),)) if request.topics else request


def topic_tables(words: Words) -> dict[str, Any]:
    """All topics except the seasons."""
    return {name: table for key in TABLES for name, table in words[key].items()}


def find_topic(words: Words, phrase: str) -> str | None:
    """The topic with a key in the phrase, seasons included; None if no table knows it."""
    tables = topic_tables(words) | words["season topics"]
    if phrase.lower() in tables:
        return phrase.lower()
    for word in reversed(WORD.findall(phrase.lower())):  # the head of "a stormy sea" is its last word
        for name, table in tables.items():
            if any(word in (key, f"{key}s", f"{key}es", f"{key[:-1]}ies") for key in table["keys"]):
                return str(name)
    return None


def images_for(rng: random.Random, words: Words, request: Request) -> Images:
    """Images of one of the request's topics and of its season; of a random topic if it names neither."""
    tables = topic_tables(words)
    seasons = words["season topics"]
    season = [seasons[request.season]] if request.season else []
    if request.topics:
        phrase = rng.choice(request.topics)
        name, known = find_topic(words, phrase), tables | seasons
        if name is None or (name in seasons and request.season not in (None, name)):
            return Images(rng, request.spell(phrase), [words["any topic"], words["any topic, unnamed"], *season], named=True)
        images = [known[name]] if known[name] in season else [known[name], *season]
        spelled = name if is_plain(phrase, name, known[name]["keys"]) else request.spell(phrase)
        return Images(rng, spelled, [*images, words["any topic"]], named=True)
    if request.season:
        return Images(rng, request.season, season)
    name = rng.choice([*tables, *seasons])
    return Images(rng, name, [tables.get(name) or seasons[name]])


def is_plain(phrase: str, name: str, keys: Sequence[str]) -> bool:
    """Whether the phrase only names the topic: "sea" and "my dragons", but not "old trains", or "the moon" for space."""
    bare, own = (DETERMINER.sub("", text.lower()) for text in (phrase, name))
    return bare in (own, keys[0], f"{keys[0]}s")


def obedient(words: Words, request: Request, write: Callable[[], str]) -> str:
    """The first text that obeys the request's season, audience and tone.

    Raises MinigptError if a topic names a season other than the request's, or if none of TRIES texts obeys.
    """
    others = set(words["season topics"]) - {request.season}
    if request.season and (named := others & set(asked_words(request))):
        raise MinigptError(f"{describe(request)}: one season at a time, {request.season} or {' or '.join(sorted(named))}")
    for _ in range(TRIES):
        text = write()
        if request.tone == "formal":
            text = Told(formal(words, text), idea_of(text))
        if fits(words, request, text):
            return text
    raise MinigptError(f"no text fits {describe(request)}: ask for fewer things at once")


def asked_words(request: Request) -> list[str]:
    """The words of the request's topics, in lower case, which are allowed for any audience."""
    return WORD.findall(" ".join(request.topics).lower())


def describe(request: Request) -> str:
    """What the request asks for, as part of a message."""
    asked = (*request.topics, request.season, request.audience and f"for {request.audience}", request.tone)
    return ", ".join(part for part in asked if part) or "the request"


def fits(words: Words, request: Request, text: str) -> bool:
    """Whether the text shows the topic, names only the request's season, and suits its audience and tone."""
    found = set(WORD.findall(text))
    asked = set(asked_words(request)) | {f"{word}s" for word in asked_words(request)}
    low = {word.lower() for word in found}
    if DOUBLED.search(text) or not _shows_topic(words, request, text.split("\n\n", 1)[1].lower()):
        return False
    if request.season:
        named = {season for season, marks in words["season words"].items() if any(_marks(mark, found, low - asked) for mark in marks)}
        if named - {request.season} or not any(_marks(mark, found, low) for mark in words["season words"][request.season]):
            return False
    if request.audience == "children" and (
        any(len(word) > LONGEST_SIMPLE_WORD for word in low - asked) or (low - asked) & set(words["not for children"])
    ):
        return False
    return not (request.tone == "formal" and "!" in text)


def _shows_topic(words: Words, request: Request, body: str) -> bool:
    """Whether the text below its title names one of the request's topics; in a short text another key of its table will do."""
    tables, low = topic_tables(words) | words["season topics"], set(WORD.findall(body))
    for phrase in request.topics:
        if re.search(rf"\b{either_number(singular(DETERMINER.sub('', short_name(phrase.lower()))))}\b", body):
            return True
        name = find_topic(words, phrase)
        if name and is_plain(phrase, name, keys := tables[name]["keys"]):
            shown = keys if len(body.split()) <= FEW_WORDS else keys[:1]
            if any(key in low or f"{key}s" in low for key in shown):
                return True
    return not request.topics


def _marks(mark: str, found: set[str], low: set[str]) -> bool:
    """Whether the text has the mark; months need their capital, because "march" and "may" are also other words."""
    return mark in found if mark[0].isupper() else mark in low


def formal(words: Words, text: str) -> str:
    """The text without contractions."""
    for short, full in words["contractions"].items():
        text = re.sub(rf"\b{short}\b", full, text)
        text = re.sub(rf"\b{upper_first(short)}\b", upper_first(full), text)
    return text


def scaled(rng: random.Random, request: Request, short: int, usual: tuple[int, int], long: int) -> int:
    """How many parts a document has: the short or long count if the request says so, else a random usual one."""
    count = {"short": short, "long": long}.get(request.length or "")
    return rng.randint(*usual) if count is None else count
