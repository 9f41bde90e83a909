"""Draws words that a request allows and facts that agree, for all general documents."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

from minigpt.corpus.english import upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form, fill
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
    """A pattern of the names of the request's topics: "dog" for dogs."""
    stems = [re.escape(re.sub(r"(?<=\w\w)(?:ies|y|e?s)$", "", topic.lower())) for topic in request.topics]
    return re.compile(r"\b(?:" + "|".join(stems) + r")(?:ies|y|e?s)?\b", re.IGNORECASE) if stems else None


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


class Pen:
    """Draws allowed words for one document, and keeps the facts that its sentences share."""

    def __init__(self, rng: random.Random, words: Words, request: Request) -> None:
        self.rng, self.words, self.request = rng, words, request
        self.ban, self.prefer = banned(request), topic_words(request)
        self.facts: dict[str, str] = {}
        if request.topics:
            self.facts["topic"] = rng.choice(request.topics)

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
            text = upper_first(fill(self.rng, template, self.facts, self.words))
            if self.ban is None or not self.ban.search(text):
                return text
        raise Unfit

    def tell(self, *templates: str) -> str:
        """A paragraph from the templates."""
        return " ".join(filter(None, map(self.say, templates)))

    def some(self, key: str) -> str:
        """A sentence from a random template in the word table of that name."""
        return self.say(self.choose(key))

    def slots(self, table: dict[str, list[Any]]) -> None:
        """Turn a random row of each slot into facts: {pet}, {pet.needs} and {pet.tip} for "pet needs tip"."""
        for names, options in table.items():
            slot, *fields = names.split()
            option = self.pick(options)
            row = [option] if isinstance(option, str) else option
            self.facts[slot] = row[0]
            self.facts |= {f"{slot}.{field}": value for field, value in zip(fields, row[1:], strict=True)}


def form_of(write: Callable[[Pen], str]) -> Form:
    """A form that retries with fresh pens until a document obeys the request."""

    def form(rng: random.Random, words: Words, request: Request) -> str:
        for _ in range(DOCUMENT_TRIES):
            try:
                text = write(Pen(rng, words, request))
            except Unfit:
                continue
            named = naming(request, write.__name__)
            if named is None or named.search(text):
                return text
        raise MinigptError(f"no {write.__name__.replace('_', ' ')} can obey this request; loosen it, or ask for another form")

    return form


def dates(pen: Pen) -> None:
    """Four weekdays in the season, in order: {past}, {when}, {when2} within a week, and {when3} some weeks later."""
    months = SEASONS.get(pen.request.season or "", tuple(range(1, 13)))
    while True:
        start = date(pen.rng.randint(2024, 2031), pen.rng.choice(months), pen.rng.randint(1, 28))
        offsets = (-pen.rng.randint(2, 9), 0, pen.rng.randint(1, 5), pen.rng.randint(8, 25))
        days = [start + timedelta(days=offset) for offset in offsets]
        if all(day.weekday() < 5 and day.month in months and day.year == start.year for day in days):
            break
    for key, day in zip(("past", "when", "when2", "when3"), days, strict=True):
        name, on = f"{day:%A}", f"{day:%B} {day.day}"
        pen.facts |= {key: f"{name}, {on}", f"{key}.day": name, f"{key}.date": on, f"{key}.month": f"{day:%B}"}
    pen.facts |= {"year": str(start.year), "season": next(name for name, of in SEASONS.items() if start.month in of)}


def clock(minutes: int) -> str:
    """Minutes after midnight as 12-hour time: "4:05"."""
    return f"{(minutes // 60 - 1) % 12 + 1}:{minutes % 60:02d}"


def times(pen: Pen) -> None:
    """{time}, {time2} {minutes} minutes later, and {time3} {later} minutes after {time}, a second chance on the same day."""
    start, minutes, later = pen.rng.randrange(9 * 60, 17 * 60, 5), pen.rng.randrange(10, 100, 5), pen.rng.randrange(20, 180, 10)
    pen.facts |= {"time": clock(start), "minutes": str(minutes), "time2": clock(start + minutes)}
    pen.facts |= {"later": str(later), "time3": clock(start + later)}


def amounts(pen: Pen, prices: Sequence[int]) -> None:
    """{count} things at {price} cost {total}; {n} is less than {m}; {percent} off {total} leaves {reduced}, all in whole dollars."""
    count, price, percent = pen.rng.randint(2, 9), pen.rng.choice(prices), pen.rng.choice((10, 20, 25, 50))
    n, m = sorted(pen.rng.sample(range(2, 13), 2))
    while count * price * percent % 100:
        count, percent = pen.rng.randint(2, 9), pen.rng.choice((10, 20, 25, 50))
    off = count * price * percent // 100
    pen.facts |= {"count": str(count), "price": f"{price:,}", "total": f"{count * price:,}", "percent": str(percent), "off": f"{off:,}"}
    pen.facts |= {"reduced": f"{count * price - off:,}", "n": str(n), "m": str(m), "number": str(pen.rng.randint(1000, 9999))}


CONTRACTIONS = [
    (re.compile(rf"\b{long}(?= [a-z])"), short)
    for long, short in (
        ("I am", "I'm"), ("([Ii]t|[Tt]hat) is", r"\1's"), ("([Dd]o|[Dd]oes|[Dd]id|[Ii]s|[Aa]re|[Hh]as|[Ss]hould|[Cc]ould) not", r"\1n't"),
        ("([Cc]an)not", r"\1't"), ("(I|[Yy]ou|[Ww]e) will", r"\1'll"), ("([Yy]ou|[Ww]e|[Tt]hey) are", r"\1're"),
        ("(I|[Ww]e) have (?=been|heard|seen|got)", r"\1've "),
        ("I would", "I'd"), ("[Ll]et us", "let's"),
    )
]  # fmt: skip


def contract(pen: Pen, text: str) -> str:
    """The text with contractions, as in speech: mostly "I'm" for "I am", but never in a formal document."""
    if pen.request.tone == "formal":
        return text
    for long, short in CONTRACTIONS:
        text = long.sub(lambda m, s=short: m[0] if pen.rng.random() < 0.25 else m.expand(s), text)  # type: ignore[misc]
    return re.sub(r"(^|[.?!:] )let's", r"\1Let's", text)
