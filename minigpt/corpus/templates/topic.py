"""Writes documents about a topic that no other template knows, without claiming any facts.

They only tell how somebody wonders, asks, reads, checks and plans, which is true of any topic.
"""

from __future__ import annotations

import random
from functools import partial

from minigpt.corpus.english import title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form, draw, fill
from minigpt.corpus.words import Words

MINUTES = tuple(range(5, 60, 5))
TITLES = ("poem title", "talk title")
CLOSED = ("poem", "conversation")  # forms without room for a joke
STEPS = {"short": (3, 4), "long": (6, 8), None: (4, 6)}  # steps of a plan, turns of a conversation


class Voice:
    """The look-up for templates: one topic and a few people per document; other entries all come once before any repeats."""

    def __init__(self, rng: random.Random, words: Words, request: Request) -> None:
        self.rng, self.children = rng, request.audience == "children"
        self.tables = {**words["lists"], **words["sentences"], **words["parts"]}
        self.topic = request.spell(rng.choice(request.topics or words["any topic"]))
        people = draw(rng, words["names"], 4)
        days = draw(rng, self.tables["day"], 2)
        self.fixed: dict[str, str] = {"topic": self.topic, "today": days[0], "day": days[1]}
        self.fixed |= dict(zip(("name", "name1", "name2", "other"), people, strict=True))
        for name, pairs in words["exchanges"].items():  # questions, each with an answer
            said, replies = rng.choice(pairs)
            self.fixed |= {name: said, f"reply to {name}": rng.choice(replies)}
        self.left: dict[str, list[str]] = {}

    def __call__(self, name: str) -> str:
        if name in self.fixed:
            return self.fixed[name]
        if name == "minutes":
            return str(self.rng.choice(MINUTES))
        key = f"{name} for children" if self.children and f"{name} for children" in self.tables else name
        if not self.left.get(key):
            self.left[key] = draw(self.rng, self.tables[key], len(self.tables[key]))
        text = self.left[key].pop()
        return title_case(fill(self.rng, text, self)) if key in TITLES else text


def write(rng: random.Random, words: Words, request: Request, form: str) -> str:
    """A document of the form: a skeleton with random sentences."""
    skeletons = sorted(words["skeletons"][form], key=len)
    half = (len(skeletons) + 1) // 2
    skeleton = rng.choice({"short": skeletons[:half], "long": skeletons[-half:]}.get(request.length or "", skeletons))
    voice = Voice(rng, words, request)
    if "{steps}" in skeleton:
        voice.fixed |= timetable(rng, voice, form, request.length)
    if request.tone == "fun":
        skeleton += "\n\nP.S. {Fun}"
    return "\n".join(sentences(line) for line in fill(rng, skeleton, voice).split("\n"))


def forms_for(request: Request) -> tuple[str, ...]:
    """The request's forms; for a fun tone, only those that can be fun."""
    return tuple(form for form in request.forms if request.tone != "fun" or form not in CLOSED) or ("answer",)


def timetable(rng: random.Random, voice: Voice, form: str, length: str | None) -> dict[str, str]:
    """Numbered steps with their minutes, their number, and the total minutes."""
    minutes = [rng.choice(MINUTES) for _ in range(rng.randint(*STEPS[length]))]
    steps = [upper_first(fill(rng, "{plan tasks}" if form == "plan" else "{talk points}", voice)) for _ in minutes]
    label = "Session " if form == "plan" else ""
    lines = [f"{label}{i}{':' if label else '.'} {step} ({m} minutes)." for i, (step, m) in enumerate(zip(steps, minutes, strict=True), 1)]
    return {"steps": "\n".join(lines), "total": str(sum(minutes)), "sessions": str(len(minutes))}


def sentences(line: str) -> str:
    """The line with each sentence capitalised, because it may begin with a topic or a random word."""
    parts = line.split(". ")
    return ". ".join([upper_first(parts[0]), *(upper_first(part) for part in parts[1:])])


NAMES = ("answer", "diary", "conversation", "questions", "letter", "plan", "talk", "poem")
FORMS: dict[str, Form] = {name: partial(write, form=name) for name in NAMES}
