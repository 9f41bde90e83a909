"""Small programs about one thing, put together from one or two steps. What they print mostly stands in them, or is a small number.

There are so many pairs of steps that a program is hardly ever written twice, and so few steps that a reader meets each again and again.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.templates.technical_parts import run, say, sentence
from minigpt.corpus.templates.technical_scenes import Scene, scene
from minigpt.corpus.words import Words

TWO = 0.5  # share of programs with two steps
CALLS = 3  # of a session, at most


@dataclass(frozen=True)
class Step:
    """A step of a program: its row in the table, its lines, what they print, and why."""

    row: dict[str, Any]
    code: str
    out: str
    how: str


@dataclass(frozen=True)
class Small:
    """A program: the line that makes its thing, the steps in their order, and how the task goes."""

    look: Scene
    made: str
    steps: list[Step]
    task: str
    key: str

    @property
    def code(self) -> str:
        return "\n".join([self.made, *(step.code for step in self.steps)])

    @property
    def out(self) -> str:
        return "\n".join(step.out for step in self.steps)

    @property
    def how(self) -> str:
        return " ".join(step.how for step in self.steps)


def first_steps(words: Words, request: Request, idea: str) -> list[dict[str, Any]]:
    """The steps that show an idea of the basics."""
    return [row for row in _rows(words, request) if row["a"] == idea]


def _rows(words: Words, request: Request) -> list[dict[str, Any]]:
    return [row for row in words["small programs"] if request.tone != "formal" or "!" not in repr(row).replace("!=", "")]


def small_program(rng: random.Random, words: Words, request: Request, row: dict[str, Any]) -> Small:
    """A program with this step, alone or with another one about the same thing."""
    thing = rng.choice([one for one in words["small things"] if one["of"] == row["on"] and row.get("only", one["key"]) == one["key"]])
    look = _look(rng, words, request, thing)
    others = [one for one in _about(words, request, thing) if one["key"] != row["key"] and not (row.get("last") and one.get("last"))]
    rows = [row, *rng.sample(others, int(rng.random() < TWO))]
    rows.sort(key=lambda one: bool(one.get("last")))
    made = look.code(thing["code"])
    steps = _steps(rng, rows, look, made)
    doing = [fill(rng, rng.choice(thing["make"]), look), *(fill(rng, one["do"], look) for one in rows)]
    task = f"{', '.join(doing[:-1])}{',' * (len(doing) > 2)} and {doing[-1]}"
    return Small(look, made, steps, task, f"{row['a']}: {' '.join(one['key'] for one in rows)} on {thing['of']}")


def small_session(rng: random.Random, words: Words, request: Request, row: dict[str, Any]) -> Small:
    """One thing and several questions about it, each a line that prints, the row's among them."""
    thing = rng.choice([one for one in words["small things"] if one["of"] == row["on"] and row.get("only", one["key"]) == one["key"]])
    look = _look(rng, words, request, thing)
    others = [one for one in _about(words, request, thing) if is_question(one) and one is not row]
    rows = [row, *rng.sample(others, rng.randint(1, CALLS - 1))]
    made = look.code(thing["code"])
    return Small(look, made, _steps(rng, rows, look, made), "", f"session: {' '.join(one['key'] for one in rows)} on {thing['of']}")


def one_more(rng: random.Random, words: Words, request: Request, small: Small) -> str:
    """A line that could be added to the program, with what it prints then."""
    done = [step.row for step in small.steps]
    on = done[0]["on"]
    rows = [row for row in _rows(words, request) if row["on"] == on and "only" not in row and is_question(row) and row not in done]
    step = _steps(rng, [rng.choice(rows)], small.look, small.code)[0]
    return say(rng, rng.choice(words["small tries"]), small.look | {"line": step.code, "out": step.out})


def is_question(row: dict[str, Any]) -> bool:
    """Whether the step is a single line that prints, and changes nothing."""
    return len(row["code"]) == 1 and not row.get("last")


def _about(words: Words, request: Request, thing: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps for a thing."""
    return [row for row in _rows(words, request) if row["on"] == thing["of"] and row.get("only", thing["key"]) == thing["key"]]


def _look(rng: random.Random, words: Words, request: Request, thing: dict[str, Any]) -> Scene:
    """A scene, with the thing's own text and numbers."""
    look = scene(rng, words, request)
    named = thing["key"] == "name"
    text, other = (look["other"], look["third_p"]) if named else (look["word"], look["word2"])
    look |= {"var": thing["key"], "t": text, "u": other, "spelled": "-".join(text)}
    p, q = rng.randint(2, 8), rng.choice((1, 2, 3))
    return Scene(look | {"p": str(p), "q": str(q if q != p else 1)})


def _steps(rng: random.Random, rows: Sequence[dict[str, Any]], look: Scene, before: str) -> list[Step]:
    """The steps, each run behind those before it."""
    steps = []
    for row in rows:
        code = look.code(row["code"])
        shown = run(before).splitlines()
        before = f"{before}\n{code}"
        lines = run(before).splitlines()[len(shown) :]
        said = Scene(look | {"out1": lines[0], "out": lines[-1]})
        steps.append(Step(row, code, "\n".join(lines), sentence(rng, rng.choice(row["how"]), said)))
    return steps
