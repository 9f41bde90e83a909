"""Writes haiku of 5, 7 and 5 syllables: the season, somebody in the scene, a turn.

Lines are drawn until they have the right number of syllables, counted by the word table.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

from minigpt.corpus.english import singular, title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.favourites import recall
from minigpt.corpus.templates.grammar import Told, fill
from minigpt.corpus.templates.occasion_subjects import plural, single, sort_of
from minigpt.corpus.templates.plots import spread, stanzas
from minigpt.corpus.templates.poetry_plots import Fields, filled, named
from minigpt.corpus.templates.poetry_topics import (
    DETERMINER,
    find_topic,
    images_for,
    is_plain,
    obedient,
    one_topic,
    scaled,
    short_name,
    topic_tables,
)
from minigpt.corpus.words import Words, load_words

LINES = 5000  # most draws for a line; one in a few dozen fits
SEASONS = ("spring", "summer", "autumn", "winter")
MONTHS = re.compile(r"\b(january|march|april|july|august|october|november|december)\b")
WORD = re.compile(r"[a-z']+")
OTHER_WORD = re.compile(r"[^\W\d_a-z]+")  # letters of other scripts, and accented ones
HOURS = {
    "day": {"morning", "dawn", "daybreak", "sunrise", "noon", "sun", "sunlight", "afternoon", "breakfast", "daylight"},
    "night": {
        "night",
        "midnight",
        "tonight",
        "evening",
        "dusk",
        "moon",
        "moonlight",
        "moonrise",
        "stars",
        "star",
        "starlight",
        "dark",
        "lamps",
    },
}  # a haiku is either by day or by night
NAMELESS = 4  # most haiku of a sequence none of which names the topic that all show
APART = 12  # draws for a haiku of a sequence that has no line of another
MET = {  # on the way -> its sort, as sort_of would say, which opens WordNet
    "the sea": "", "music": "", "bees": "animal", "bread": "food", "the stars": "", "birds": "animal", "books": "", "trains": "",
    "horses": "animal", "rivers": "", "roses": "plant", "ships": "",
}  # fmt: skip
NUMBERS = {2: "two", 3: "three", 4: "four", 6: "six"}


def syllables(line: str) -> int:
    """The number of syllables in a line, by the table, or estimated for words not in it."""
    counts = syllable_counts()
    known = sum(counts.get(word) or estimate(word) for word in WORD.findall(line.lower()))
    return known + sum((len(word) + 1) // 2 for word in OTHER_WORD.findall(line.lower()))  # roughly right for Cyrillic and kana


def estimate(word: str) -> int:
    """Estimate the syllables of a word: its groups of vowels, without the silent e of "gates" and "walked"."""
    count = len(re.findall(r"[aeiouy]+", word))
    silent = re.search(r"[^aeiouyl]e$|[^aeiouysxzlcg](?<!ch)(?<!sh)es$|[^aeiouytd]ed$", word)
    return max(count - bool(silent and count > 1), 1)


@cache
def syllable_counts() -> dict[str, int]:
    """Word -> syllables, from the table, which groups words by count."""
    table = load_words("poetry")["syllable table"]
    return {word: int(count) for count, rows in table.items() for row in rows for word in row.split()}


def haiku(rng: random.Random, words: Words, request: Request) -> str:
    """A title and one haiku."""

    def write() -> str:
        season, theme, topic = _subject(rng, words, request)
        verse, idea = _stanza(rng, words, season, theme, topic)
        return Told(f"{_title(rng, words, theme, topic)}\n\n{verse}", f"haiku: {idea}")

    return obedient(words, request, write)


def haiku_sequence(rng: random.Random, words: Words, request: Request) -> str:
    """Several numbered haiku of one season and subject."""

    def write() -> str:
        season, theme, topic = _subject(rng, words, request)
        count = scaled(rng, request, 2, (3, 4), 6)
        first = topic or (find_topic(words, request.topics[0]) if count > NAMELESS and request.topics else None) or ""
        told: list[tuple[str, str]] = []
        for i in range(count):
            drawn = [_stanza(rng, words, season, theme, topic if i else first)]
            while told and len(drawn) < APART and lines_of(drawn[-1][0]) & {line for verse, _ in told for line in lines_of(verse)}:
                drawn.append(_stanza(rng, words, season, theme, topic))
            told.append(drawn[-1])
        subject = topic or rng.choice(theme["themes"])
        title = fill(rng, rng.choice(words["sequence titles"]), {"theme": subject, "season": season, "count": NUMBERS[count]})
        text = title_case(title) + "\n\n" + "\n\n".join(f"{i}\n{verse}" for i, (verse, _) in enumerate(told, 1))
        return Told(text, f"haiku sequence: {told[0][1]}")

    return obedient(words, request, write)


def lines_of(verse: str) -> set[str]:
    """The lines of a haiku without their marks."""
    return {" ".join(WORD.findall(line.lower())) for line in verse.split("\n")}


def haibun(rng: random.Random, words: Words, request: Request) -> str:
    """A short piece of prose about something met on the way, that ends in a haiku."""

    def write() -> str:
        one = one_topic(rng, request) if request.topics else replace(request, topics=(rng.choice([*MET]),))
        season, theme, topic = _subject(rng, words, one)
        images = images_for(rng, words, replace(one, season=None))
        look = Fields(rng, words, images)
        look.held["season"] = season
        walk = rng.choice(words["haibun"])
        extra = {"short": 0, "long": 9}.get(request.length or "", 1)
        told = stanzas(rng, spread(walk) if request.length == "long" else walk, "V?", extra)
        prose = " ".join(" ".join(filled(rng, lines, look)) for _, lines in told)
        verse, _ = _stanza(rng, words, season, theme, topic)
        return Told(f"{named(rng, walk, images, look)}\n\n{_sentences(prose)}\n\n{verse}", f"haibun: {walk['name']}, {season}")

    return obedient(words, request, write)


def _sentences(prose: str) -> str:
    """The prose with every sentence capitalised."""
    return re.sub(r"(^|[.?!] )([a-z])", lambda m: m[1] + m[2].upper(), prose)


def _subject(rng: random.Random, words: Words, request: Request) -> tuple[str, dict[str, Any], str]:
    """A season, the haiku theme of the request's topic or the season, and the topic in the request's words if the theme lacks them."""
    season = request.season or rng.choice(SEASONS)
    themes = [*words["haiku"], *words["haiku topics"]]
    topic = ""
    if request.topics:
        phrase = rng.choice(request.topics)
        name = find_topic(words, phrase)
        if name in SEASONS and not request.season:
            season = name or season
        one = singular(DETERMINER.sub("", phrase.lower()))
        if own := next((theme for theme in (*words["haiku of things"], *words["haiku"]) if one in theme.get("keys", ())), None):
            return season, own, ""
        found = [theme for theme in themes if name and name in (theme.get("topic"), theme.get("season"))]
        if found and name in (season, found[0].get("topic")):
            plain = is_plain(phrase, str(name), (topic_tables(words) | words["season topics"])[name]["keys"])
            return season, found[0], "" if plain else request.spell(phrase)
        topic = request.spell(phrase)
    other = None if topic or request.season else season  # not a theme of love for chess, nor for autumn
    fits_season = [theme for theme in themes if theme.get("season", other) == season]
    return season, rng.choice(fits_season), topic


def _title(rng: random.Random, words: Words, theme: dict[str, Any], topic: str) -> str:
    """A title from the theme, or from the topic if there is none."""
    return title_case(fill(rng, rng.choice(words["haiku titles"]), {"theme": topic or rng.choice(theme["themes"])}))


def _stanza(rng: random.Random, words: Words, season: str, theme: dict[str, Any], topic: str) -> tuple[str, str]:
    """Three lines, the season, an actor of the theme or the topic, a turn; and their idea."""
    marks = {mark.lower() for mark in words["season words"][season]}
    others = {mark.lower() for key, row in words["season words"].items() if key != season for mark in row} - marks
    opens = words["season lines"][season] + (theme["opens"] if theme.get("season") == season else [])
    groups = _groups(words, topic)
    middles, closes, idea = rng.choice(groups) if groups else ([], theme["closes"], "")

    def opening() -> str:
        line = fill(rng, rng.choice(opens), {})
        return line if marks & set(WORD.findall(line.lower())) else ""

    def middle() -> str:
        if groups:
            return rng.choice(middles)
        subject, verbs = rng.choice(theme["actors"])
        who = f"{rng.choice([*theme['adjs'], '', ''])} {subject}"
        stays = words["haiku stays"] if theme.get("season") else verbs  # an apron does not pass by
        does = rng.choice(rng.choice((verbs, verbs, stays)))
        if subject.startswith("my "):  # there is only one
            return f"{rng.choice(('', 'and ', 'while '))}my {rng.choice(('', '', 'old ', 'small ', 'quiet '))}{subject[3:]} {does}"
        return fill(rng, f"[a(n)|the|one|and the|while a(n)] {' '.join(who.split())} {does}", {})

    def closing() -> str:
        return fill(rng, rng.choice(closes), {})

    without = others - set(WORD.findall(topic.lower()))
    who = idea or theme["themes"][0]
    actors = set() if idea else {word for subject, _ in theme["actors"] for word in subject.split()[-1:]}
    lines: list[str] = []
    for place, (count, write) in enumerate(((5, opening), (7, middle), (5, closing))):
        hour = hour_of(" ".join(lines))
        other = HOURS.get({"day": "night", "night": "day"}.get(hour, ""), set())  # rather no moon at noon, and nobody a second time
        write_line = partial(_line_of, count, write, without, other | (actors if place == 2 else set()))
        lines.append(recall(rng, f"{season}, {who}, {topic}, {place}, {hour if place else ''}", write_line))
    text = f"{upper_first(lines[0])}{rng.choice((',', ' -', '...'))}\n{lines[1]}{rng.choice(('.', '.', ';', ':'))}\n{lines[2]}."
    if text.split("\n")[1].endswith("."):
        text = f"{text.rsplit(chr(10), 1)[0]}\n{upper_first(lines[2])}."
    seen = next((f", {subject}" for subject, _ in theme["actors"] if not idea and subject in WORD.findall(lines[1].lower())), "")
    return MONTHS.sub(lambda m: upper_first(m[0]), text), f"{season}, {who.lower()}{seen}"


def hour_of(text: str) -> str:
    """Whether it is "day" or "night" in a text; "" if it does not say."""
    said = set(WORD.findall(text.lower()))
    return next((hour for hour, marks in HOURS.items() if marks & said), "")


def _groups(words: Words, topic: str) -> list[tuple[list[str], list[str], str]]:
    """Lines of seven syllables that show or name the topic, with the turns that can follow them, and what they are about."""
    found = []
    one = single(topic)
    plain = len(topic.split()) == 1 and topic == topic.lower()
    shown = words["haiku sorts"].get(MET[topic] if topic in MET else sort_of(plural(one)), {}) if plain else {}
    if fits := [line for middle in shown.get("middles", ()) if syllables(line := articled(middle.replace("{one}", one))) == 7]:
        return [(fits, shown["closes"], one)]
    for group in words["haiku topic groups"] if topic else ():
        lines = [line.replace("{topic}", name) for line in group["middles"] for name in fitting(topic)]
        if fits := [line for line in lines if syllables(line) == 7]:
            found.append((fits, group["closes"], group["name"]))
    return found


def articled(line: str) -> str:
    """The line with "an" before a vowel: an owl."""
    return re.sub(r"\ba (?=[aeio]|u(?!ni|se))", "an ", line)


def fitting(topic: str) -> list[str]:
    """The topic and its short name, if they fit in a line of seven syllables."""
    return [name for name in dict.fromkeys((topic, short_name(topic))) if name and syllables(name) <= 7]


def _line_of(count: int, write: Callable[[], str], without: set[str], rather_not: set[str]) -> str:
    """The first line with `count` syllables and no words of other seasons; with a word of `rather_not` only if no other comes soon."""
    for attempt in range(LINES):
        line = " ".join(write().split())
        banned = without if attempt > LINES // 2 else without | rather_not
        if line and syllables(line) == count and not banned & set(WORD.findall(line.lower())):
            return line
    raise AssertionError(f"the haiku table gave no line of {count} syllables, last {line!r}")
