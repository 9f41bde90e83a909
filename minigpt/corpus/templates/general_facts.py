"""Draws words that a request allows and facts that agree, for all general documents."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from minigpt.corpus.english import either_number, singular, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form, Told, fill
from minigpt.corpus.templates.occasion_subjects import counted, plural
from minigpt.corpus.templates.wording import joined, reworded
from minigpt.corpus.wordnet import wordnet
from minigpt.corpus.words import Words, load_words
from minigpt.errors import MinigptError

SENTENCE_TRIES, DOCUMENT_TRIES = 25, 400
SEASONS = {"winter": (12, 1, 2), "spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11)}


class Unfit(Exception):
    """Raised if the words drawn so far cannot obey the request; draw again."""


@cache
def banned(request: Request) -> re.Pattern[str] | None:
    """A pattern of the words that the request forbids; None if there are none."""
    bans = load_words("general")["bans"]
    words = [word for key in (request.audience, request.tone, *request.diets) for word in bans.get(key, ())] + list(request.without)
    if request.season:
        own = set(bans[request.season])
        words += [word for season in SEASONS if season != request.season for word in bans[season] if word not in own]
    plural = [re.escape(word) + ("(?:e?s)?" if len(word) > 2 else "") for word in words]  # "his" is not a plural of "hi"
    return re.compile(r"\b(?:" + "|".join(plural) + r")\b", re.IGNORECASE) if words else None


@cache
def topic_words(request: Request) -> re.Pattern[str] | None:
    """A pattern of the names of the request's topics, in either number: "dog" for dogs."""
    names = [either_number(singular(re.sub(r"^(?:an?|the) ", "", topic.lower()))) for topic in request.topics]
    return re.compile(r"\b(?:" + "|".join(names) + r")(?!\w)", re.IGNORECASE) if names else None


@cache
def naming(request: Request, form: str) -> re.Pattern[str] | None:
    """A pattern that every document of a form must match if its request has topics: the name of one, or in a dialogue of an instance."""
    if form == "dialogue" and (known := known_topics(request)):
        table = load_words("general")["topic words"]
        return topic_words(replace(request, topics=(*request.topics, *(name for key in known for name in (key, *table[key])))))
    return topic_words(request)


@cache
def known_topics(request: Request) -> tuple[str, ...]:
    """The keys in the topic table of the request's topics, such as "pets" for dogs; empty if the table knows none."""
    table = load_words("general")["topic words"]
    asked = {form for topic in request.topics for form in _forms_of(topic.lower())}
    return tuple(key for key, names in table.items() if asked & {form for name in [key, *names] for form in _forms_of(name)})


def _forms_of(word: str) -> set[str]:
    """The singular and plural of a regular word."""
    return {word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ies") + "y" if word.endswith("ies") else word}


def phrase(topic: str) -> str:
    """A topic as it can follow "about": a bare noun that can be counted is spoken of in the plural; moving house is none."""
    done = " " in topic and topic.split()[0].endswith("ing") and not wordnet().senses(topic)
    return plural(topic) if counted(topic) and not done else topic


class Pen:
    """Draws allowed words for one document, and keeps the facts that its sentences share."""

    def __init__(self, rng: random.Random, words: Words, request: Request) -> None:
        self.rng, self.words, self.request = rng, words, request
        self.ban, self.prefer = banned(request), topic_words(request)
        self.facts: dict[str, str] = {}
        self.numbers: dict[str, int] = {}
        self.idea = ""
        if request.topics:
            self.facts["topic"] = phrase(rng.choice(request.topics))

    def pick(self, options: Sequence[Any]) -> Any:
        """A random option; among those that name the request's topic, if there are any."""
        if self.prefer:
            options = [option for option in options if self.prefer.search(str(option))] or options
        if self.ban is None:
            return self.rng.choice(options)
        for _ in range(SENTENCE_TRIES):
            option = self.rng.choice(options)
            if not self.ban.search(option if isinstance(option, str) else " ".join(map(str, option))):
                return option
        raise Unfit

    def choose(self, key: str) -> Any:
        """A random entry of the word table of that name."""
        return self.pick(self.words[key])

    def say(self, template: str) -> str:
        """A sentence from the template and the facts, without forbidden words."""
        for _ in range(SENTENCE_TRIES):
            text = upper_first(reworded(self.rng, fill(self.rng, template, self.facts, self.words)))
            if self.ban is None or not self.ban.search(text):
                return text
        raise Unfit

    def tell(self, *templates: str) -> str:
        """A paragraph from the templates."""
        return joined(self.rng, " ".join(filter(None, map(self.say, templates))))

    def some(self, key: str) -> str:
        """A sentence from a random template in the word table of that name."""
        return self.say(self.choose(key))


def form_of(write: Callable[[Pen], str]) -> Form:
    """A form that retries with fresh pens until a document obeys the request."""

    def form(rng: random.Random, words: Words, request: Request) -> str:
        for _ in range(DOCUMENT_TRIES):
            try:
                pen = Pen(rng, words, request)
                text = write(pen)
            except Unfit:
                continue
            named = naming(request, write.__name__)
            if named is None or named.search(text):
                return Told(text, f"{write.__name__}: {pen.idea}")
        raise MinigptError(f"no {write.__name__.replace('_', ' ')} can obey this request; loosen it, or ask for another form")

    return form


CONTRACTIONS = [
    (re.compile(rf"\b{long}(?= [a-z])"), short)
    for long, short in (
        ("I am", "I'm"), ("([Ii]t|[Tt]hat) is", r"\1's"), ("([Dd]o|[Dd]oes|[Dd]id|[Ii]s|[Aa]re|[Hh]as|[Ss]hould|[Cc]ould) not", r"\1n't"),
        ("([Cc]an)not", r"\1't"), ("(I|[Yy]ou|[Ww]e) will", r"\1'll"), ("([Yy]ou|[Ww]e|[Tt]hey) are", r"\1're"),
        ("(I|[Ww]e) have (?=been|heard|seen|got)", r"\1've "),
        ("I would", "I'd"), ("(?<![a-z] )[Ll]et us(?! know)", "let's"),
    )
]  # fmt: skip


def contract(pen: Pen, text: str) -> str:
    """The text with contractions, as in speech: mostly "I'm" for "I am", but never in a formal document."""
    if pen.request.tone == "formal":
        return text
    for long, short in CONTRACTIONS:
        text = long.sub(lambda m, s=short: m[0] if pen.rng.random() < 0.25 else m.expand(s), text)  # type: ignore[misc]
    return re.sub(r"(^|[.?!:] )let's", r"\1Let's", text)
