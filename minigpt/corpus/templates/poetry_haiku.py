"""Haiku: in goes a request, out come poems of 5, 7 and 5 syllables: a line of the season, somebody in the scene, a turn.

Lines are drawn until the syllables of their words, which the word table counts, are right.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Words, draw, fill, load_words, title_case, upper_first
from minigpt.corpus.templates.poetry_topics import find_topic, finder, images_for, obedient, scaled

LINES = 5000  # lines drawn for one haiku line; the tables give one in some dozens
SEASONS = ("spring", "summer", "autumn", "winter")
MONTHS = re.compile(r"\b(january|march|april|july|august|october|november|december)\b")
WORD = re.compile(r"[a-z']+")
NUMBERS = {2: "two", 3: "three", 4: "four", 6: "six"}


def syllables(line: str) -> int:
    """The syllables of a line, by the table; a word that the table lacks is a KeyError."""
    counts = syllable_counts()
    return sum(counts[word] for word in WORD.findall(line.lower()))


@cache
def syllable_counts() -> dict[str, int]:
    """word -> syllables, from the table, which lists the words by their count."""
    table = load_words("poetry")["syllable table"]
    return {word: int(count) for count, rows in table.items() for row in rows for word in row.split()}


def haiku(rng: random.Random, words: Words, request: Request) -> str:
    """A title and one haiku."""

    def write() -> str:
        season, theme, topic = _subject(rng, words, request)
        return f"{_title(rng, words, theme, topic)}\n\n{_stanza(rng, words, season, theme)}"

    return obedient(words, request, write)


def haiku_sequence(rng: random.Random, words: Words, request: Request) -> str:
    """Some haiku of one season and one subject, numbered."""

    def write() -> str:
        season, theme, topic = _subject(rng, words, request)
        verses = [_stanza(rng, words, season, theme) for _ in range(scaled(rng, request, 2, (3, 4), 6))]
        title = fill(
            rng,
            rng.choice(words["sequence titles"]),
            {"theme": topic or rng.choice(theme["themes"]), "season": season, "count": NUMBERS[len(verses)]},
        )
        return title_case(title) + "\n\n" + "\n\n".join(f"{i}\n{verse}" for i, verse in enumerate(verses, 1))

    return obedient(words, request, write)


def haibun(rng: random.Random, words: Words, request: Request) -> str:
    """A short piece of prose from a walk or a journey, and the haiku in which it ends."""

    def write() -> str:
        season, theme, topic = _subject(rng, words, request)
        images = images_for(rng, words, Request("poetry", request.forms, season=season, topics=request.topics))
        look = finder(images)
        sentences = draw(rng, words["haibun sentences"], scaled(rng, request, 1, (2, 3), 5))
        prose = [rng.choice(words["haibun openings"]), *sentences, rng.choice(words["haibun closings"])]
        text = " ".join(upper_first(fill(rng, s, lambda key: season if key == "season" else look(key))) for s in prose)
        return f"{title_case(topic or rng.choice(theme['themes']))}\n\n{text}\n\n{_stanza(rng, words, season, theme)}"

    return obedient(words, request, write)


def _subject(rng: random.Random, words: Words, request: Request) -> tuple[str, dict[str, Any], str]:
    """A season, the haiku theme of the request's topic or of the season, and the topic's own words if no theme has it."""
    season = request.season or rng.choice(SEASONS)
    themes = [*words["haiku"], *words["haiku topics"]]
    if request.topics:
        phrase = rng.choice(request.topics)
        name = find_topic(words, phrase)
        if name in SEASONS and not request.season:
            season = name or season
        found = [theme for theme in themes if name and name in (theme.get("topic"), theme.get("season"))]
        if found and name in (season, found[0].get("topic")):
            return season, found[0], ""
        return season, rng.choice([t for t in themes if t.get("season", season) == season]), phrase
    return season, rng.choice([t for t in themes if t.get("season", season) == season]), ""


def _title(rng: random.Random, words: Words, theme: dict[str, Any], topic: str) -> str:
    """A title from the theme, or from a topic that has none."""
    return title_case(fill(rng, rng.choice(words["haiku titles"]), {"theme": topic or rng.choice(theme["themes"])}))


def _stanza(rng: random.Random, words: Words, season: str, theme: dict[str, Any]) -> str:
    """Three lines: the season, an actor of the theme, a turn."""
    marks = {mark.lower() for mark in words["season words"][season]}
    others = {mark.lower() for key, row in words["season words"].items() if key != season for mark in row} - marks
    opens = words["season lines"][season] + (theme["opens"] if theme.get("season") == season else [])

    def opening() -> str:
        line = fill(rng, rng.choice(opens), {})
        return line if marks & set(WORD.findall(line.lower())) else ""

    def middle() -> str:
        subject, verbs = rng.choice(theme["actors"])
        who = f"{rng.choice([*theme['adjs'], '', ''])} {subject}"
        does = rng.choice(rng.choice((verbs, verbs, words["haiku stays"])))
        return fill(rng, f"[a(n)|the|one|our|and the|while a(n)|where the] {' '.join(who.split())} {does}", {})

    def closing() -> str:
        return fill(rng, rng.choice(theme["closes"]), {})

    lines = [_line_of(count, write, others) for count, write in ((5, opening), (7, middle), (5, closing))]
    text = f"{upper_first(lines[0])}{rng.choice((',', ' -', '...'))}\n{lines[1]}{rng.choice(('.', '.', ';', ':'))}\n{lines[2]}."
    if text.split("\n")[1].endswith("."):
        text = f"{text.rsplit(chr(10), 1)[0]}\n{upper_first(lines[2])}."
    return MONTHS.sub(lambda m: upper_first(m[0]), text)


def _line_of(count: int, write: Callable[[], str], without: set[str]) -> str:
    """The first line written that has so many syllables and none of the words of other seasons."""
    for _ in range(LINES):
        line = " ".join(write().split())
        if line and syllables(line) == count and not without & set(WORD.findall(line.lower())):
            return line
    raise AssertionError(f"the haiku table gave no line of {count} syllables, last {line!r}")
