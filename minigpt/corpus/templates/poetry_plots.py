"""The look-up for one poem, and which plots suit its topic."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from minigpt.corpus.english import title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import draw, fill
from minigpt.corpus.templates.plots import Plot
from minigpt.corpus.templates.poetry_topics import Images, find_topic, short_name
from minigpt.corpus.words import Words

NUMBERED = re.compile(r"(.*[a-z])\d")
PEOPLE = {"girl2": "lady", "boy2": "man"}  # names of two syllables, where verse needs them


class Fields:
    """Looks up the fields of one poem: its topic, its people and places.

    A name that ends in a digit keeps its value ("town1"), and days come in the order of the week; others are drawn from "verse words",
    no entry twice before all have come.
    """

    def __init__(self, rng: random.Random, words: Words, images: Images) -> None:
        self.rng = rng
        self.lists: dict[str, list[str]] = words["verse words"]
        self.decks: dict[str, list[str]] = {}
        days = sorted(draw(rng, range(len(self.lists["day"])), 3))
        self.held: dict[str, str] = {f"day{number}": self.lists["day"][day] for number, day in enumerate(days, 1)} | {
            "topic": short_name(images.name)
        }

    def __call__(self, name: str) -> str:
        if name in self.held:
            return self.held[name]
        if found := NUMBERED.fullmatch(name):
            self.held[name] = self.next(PEOPLE.get(name, found[1]))
            return self.held[name]
        return self.next(name)

    def next(self, kind: str) -> str:
        """An entry of a list, dealt like a card."""
        if not self.decks.get(kind):
            self.decks[kind] = draw(self.rng, self.lists[kind], len(self.lists[kind]))
        return self.decks[kind].pop()


def mood_of(words: Words, images: Images) -> str:
    """sad, tender or any: how a poem of this topic feels."""
    said = f" {' '.join(re.findall('[a-z]+', images.name.lower()))} "
    if any(f" {sad} " in said for sad in words["sad words"]):
        return "sad"
    return "tender" if find_topic(words, images.name) == "love" else "any"


def plots_for(words: Words, images: Images, kind: str) -> list[Plot]:
    """The plots of a kind that fit the topic's mood: those of the mood alone, where it has some."""
    known = find_topic(words, images.name) is not None  # there is no town where nobody knows rain
    every = [plot for key in words["plots of"][kind] for plot in words[key] if not (known and plot.get("strange"))]
    mood = mood_of(words, images)
    return [plot for plot in every if plot.get("mood", "any") == mood] or [plot for plot in every if "mood" not in plot]


def filled(rng: random.Random, stanza: Sequence[str], look: Callable[[str], str]) -> list[str]:
    """The lines of a stanza, filled one by one."""
    return [" ".join(fill(rng, line, look).split()) for line in stanza]


def named(rng: random.Random, plot: Plot, images: Images, look: Callable[[str], str]) -> str:
    """A title of the plot; its topic stands there in full."""
    title = fill(rng, rng.choice(plot["titles"]), lambda key: images.name if key == "topic" else look(key))
    return title_case(upper_first(title))


def in_season(rng: random.Random, words: Words, request: Request, look: Callable[[str], str]) -> list[list[str]]:
    """A stanza that names the season that was asked for, to open a poem that rhymes; none if no season was."""
    return [filled(rng, rng.choice(words["season stanzas"][request.season]), look)] if request.season else []
