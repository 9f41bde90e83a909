"""What every arithmetic lesson needs: a student, plausible things to count, and exercises with their answers."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import draw, fill
from minigpt.corpus.words import Words

EASY = ("children", "beginners")


class Desk:
    """Draws the words and numbers of one lesson: {name} is the student, {he}, {his} and {him} fit the name."""

    def __init__(self, rng: random.Random, words: Words, request: Request) -> None:
        self.rng, self.words, self.easy = rng, words, request.audience in EASY
        self.names = draw(rng, words["people"], 40)
        self.name = self.names.pop()
        woman = self.name in words["women"]
        self.he, self.his, self.him = ("she", "her", "her") if woman else ("he", "his", "him")

    def other(self) -> str:
        """Somebody who has not been named yet."""
        return str(self.names.pop())

    def row(self, key: str) -> Any:
        """A random row of the lessons' table of that name."""
        return self.rng.choice(self.words["lesson rows"][key])

    def number(self, least: int, most: int, step: int = 1) -> int:
        """A random number from `least` to `most`, both included."""
        return self.rng.randrange(least, most + 1, step)

    def say(self, template: str, **fields: object) -> str:
        """The template, filled."""
        look = {"name": self.name, "he": self.he, "his": self.his, "him": self.him, **{key: str(value) for key, value in fields.items()}}
        return fill(self.rng, template, look, self.words)

    def tell(self, key: str, **fields: object) -> str:
        """The sentence of that name in the lessons' table, filled."""
        return self.say(self.words["lesson says"][key], **fields)

    def plain(self, sign: str, a: int, b: int) -> tuple[str, str]:
        """A bare exercise: "What is 17 + 5?", and its answer."""
        ways = {"+": "[| in your head|, checked by subtracting]", "-": "[| in your head|, checked by adding]", "x": "[| in your head]"}
        return self.say(f"What is {a} {sign} {b}{ways[sign]}?"), str({"+": a + b, "-": a - b, "x": a * b}[sign])


@dataclass(frozen=True)
class Worked:
    """A worked example: what it is about, its sentences, a check, and further exercises."""

    about: str
    steps: Sequence[str]
    check: str
    story: Callable[[], tuple[str, str]]  # a word problem of the same kind, and its answer
    plain: Callable[[], tuple[str, str]]  # a bare exercise


Lesson = Callable[[Desk], Worked]


def left_over(count: int, thing: str, one: str) -> str:
    """ "and 3 plums are left over", "and nothing is left over"."""
    if not count:
        return "and nothing is left over"
    return f"and {count} {one} is left over" if count == 1 else f"and {count} {thing} are left over"
