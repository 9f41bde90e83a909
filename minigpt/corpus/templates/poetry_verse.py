"""Writes free verse, prose poems and acrostics, each about one thing that is looked at or one small event."""

from __future__ import annotations

import random

from minigpt.corpus.english import upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Told, fill
from minigpt.corpus.templates.occasion_subjects import sort_of
from minigpt.corpus.templates.plots import spread, stanzas
from minigpt.corpus.templates.poetry_plots import Fields, filled, mood_of, named, plots_for
from minigpt.corpus.templates.poetry_topics import DETERMINER, WORD, find_topic, images_for, obedient, topic_tables
from minigpt.corpus.words import Words

LOOKED_AT = 0.6  # share of poems about a topic with images that look at one of its things


def free_verse(rng: random.Random, words: Words, request: Request) -> str:
    """A poem without rhyme, in stanzas."""

    def write() -> str:
        title, verses, idea = _told(rng, words, request)
        return Told("\n\n".join([title, *("\n".join(_sentence_lines(verse)) for verse in verses)]), f"free verse: {idea}")

    return obedient(words, request, write)


def prose_poem(rng: random.Random, words: Words, request: Request) -> str:
    """A poem in one paragraph."""

    def write() -> str:
        title, verses, idea = _told(rng, words, request)
        return Told(title + "\n\n" + " ".join(line for verse in verses for line in _sentence_lines(verse)), f"prose poem: {idea}")

    return obedient(words, request, write)


def _told(rng: random.Random, words: Words, request: Request) -> tuple[str, list[list[str]], str]:
    """A title, stanzas and the idea of one telling: a thing of the topic that somebody looks at, or an event."""
    images = images_for(rng, words, request)
    look = Fields(rng, words, images)
    seen = images.seen() if mood_of(words, images) == "any" and rng.random() < LOOKED_AT else ()
    if seen:
        itself = any(word in seen[0] for word in images.name.lower().split() if len(word) > 2 and word != "the")
        plot = rng.choice(words["portraits"])
        if plot.get("itself") and not itself:  # who asks about the rain is not told of the wind
            plot = rng.choice([other for other in words["portraits"] if not other.get("itself")])
        look.held |= dict(zip(("subject", "first", "second", "third"), seen, strict=True))
    else:
        plot = rng.choice(plots_for(words, images, "event"))
    extra = {"short": 0, "long": 9}.get(request.length or "", rng.randint(0, 1))
    told = stanzas(rng, spread(plot) if request.length == "long" else plot, "V?", extra)
    parts = [filled(rng, lines, look) for _, lines in told]
    if request.season:
        look.held["season"] = request.season
        parts.insert(0, [fill(rng, rng.choice(words["season lines of free verse"]), look)])
    return named(rng, plot, images, look), parts, f"{plot['name']}, {seen[0] if seen else ''}".removesuffix(", ")


def _sentence_lines(stanza: list[str]) -> list[str]:
    """The lines of a stanza, capitalised at its start and after each full stop."""
    lines, start = [], True
    for line in stanza:
        lines.append(upper_first(line) if start else line)
        start = line[-1] in ".!?"
    return lines


def acrostic(rng: random.Random, words: Words, request: Request) -> str:
    """Advice whose initial letters spell its title, a word of the topic, which it names first and last; of animals, what they are like."""

    def write() -> str:
        images = images_for(rng, words, request)
        look = Fields(rng, words, images)
        word = _spelled(rng, words, images.name)
        lines, used = [], set[str]()
        beasts = images.name == images.name.lower() and sort_of(images.name) == "animal"
        for number, letter in enumerate(word):
            naming, *plain = ("", *words["acrostic animals"][letter]) if beasts else words["acrostic lines"][letter]
            fresh = [line for line in plain if line not in used] or plain
            last = number == len(word) - 1
            line = rng.choice(fresh) if beasts or not (number == 0 or (last and letter != word[0])) else naming
            line += ": such are {topic}" if beasts and last else ""
            used.add(line)
            lines.append(f"{fill(rng, line, look)}.")
        if request.season and request.season not in images.name:
            lines[-1] = f"{lines[-1][:-1]}, in {request.season} as ever."
        idea = " ".join(line.split()[0].lower() for line in lines[1::2])
        return Told(f"{word.capitalize()}: an acrostic\n\n" + "\n".join(lines), f"acrostic: {word}, {idea}")

    return obedient(words, request, write)


def _spelled(rng: random.Random, words: Words, name: str) -> str:
    """A word for the topic: its own, so that the poem is about what it spells, or another of its table if that is too short or long."""
    own = max((part.replace("'", "") for part in WORD.findall(DETERMINER.sub("", name.lower()))), key=len, default="poem")
    tables = topic_tables(words) | words["season topics"]
    known = find_topic(words, name)
    spellable = [key for key in tables[known]["keys"] if 4 <= len(key) <= 9] if known in tables else []
    return own if len(own) >= 4 or not spellable or name != known else rng.choice(spellable)
