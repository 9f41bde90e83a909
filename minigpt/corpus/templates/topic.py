"""Writes documents about a topic that no other template knows, without claiming any facts.

They tell of people who do not know it either: how they bluff, bet, ask, invite, plan and search. That is true of any topic, and no less
fun to read. The noun stands where any noun can: after "about", as a word that is said, painted or spelled.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from minigpt.corpus.english import title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form, Told, draw, fill
from minigpt.corpus.templates.wording import CALLED, calling, joined, reworded
from minigpt.corpus.words import Words

CLOSED = ("poem", "conversation")  # forms without room for a joke
STEPS = {"short": (3, 4), "long": (6, 8), None: (4, 6)}  # steps of a plan or a talk
ASKED = {"short": (3, 4), "long": (8, 10), None: (5, 7)}  # questions of a list
ANSWERS = {"short": (1,), "long": (2, 3), None: (1, 2)}  # questions that are answered
OPTIONAL = {"short": 0.0, "long": 1.0, None: 0.6}  # share of the sentences marked with "?" that are told
MINUTES = (5, 15)  # of a step, unless its plan says more
CLOSINGS = ("With warm greetings", "Yours as ever", "With thanks", "All my best wishes", "Affectionately", "Until soon")

Story = Mapping[str, Any]


class Voice:
    """The look-up for one story: the topic, four people, and an entry of each list, the same throughout."""

    def __init__(self, rng: random.Random, words: Words, request: Request) -> None:
        self.rng, self.words, self.request = rng, words, request
        self.topic = request.spell(rng.choice(request.topics or words["any topic"]))
        people, days = draw(rng, words["names"], 4), draw(rng, words["topic lists"]["day"], 2)
        self.facts = {key: rng.choice(entries) for key, entries in words["topic lists"].items()}
        self.facts |= dict(zip(("name", "name1", "name2", "name3"), people, strict=True)) | dict(zip(("day", "day2"), days, strict=True))
        self.facts |= {
            "topic": self.topic,
            "word": self.topic.removeprefix("the ").removeprefix("a "),
            "crowd": rng.choice(words["topic crowds"]),
            "age": str(rng.randint(5, 9)),
        }
        self.facts["minutes"] = str(rng.randrange(10, 65, 5))
        self.idea = ""

    def story(self, key: str, told: Sequence[str] = ()) -> Story:
        """A story of the form, not told yet, that fits the topic's kind; its slots become facts, the first one its idea."""
        kind = kind_of(self.topic)
        fit = [
            story
            for story in [*self.words[key], *self.words.get(f"{key} more", ())]
            if kind in story.get("kinds", (kind,)) and story["name"] not in told
        ]
        story: Story = self.rng.choice(fit)
        self.idea = story["name"]
        for names, options in story.get("slots", {}).items():
            row = self.rng.choice(options)
            values = [row] if isinstance(row, str) else row
            slot, *fields = names.split()
            self.facts |= dict(zip([slot, *(f"{slot}.{field}" for field in fields)], values, strict=True))
            self.idea += f", {values[0]}" if "," not in self.idea else ""
        return story

    def say(self, template: str) -> str:
        """The template, filled, its first letter a capital."""
        return upper_first(reworded(self.rng, fill(self.rng, template, self.facts)))

    def some(self, parts: Sequence[Any]) -> list[Any]:
        """The parts that are told; a mark "?" at the beginning of the optional ones is gone."""
        share, kept = OPTIONAL[self.request.length], []
        for part in parts:
            mark = part if isinstance(part, str) else part[0]
            if not mark.startswith("?"):
                kept.append(part)
            elif self.rng.random() < share:
                kept.append(part[1:] if isinstance(part, str) else [part[0][1:], *part[1:]])
        return kept

    def paragraphs(self, body: Sequence[Sequence[str]]) -> list[str]:
        """A paragraph from each list of sentences."""
        return [joined(self.rng, " ".join(self.say(sentence) for sentence in self.some(part))) for part in body]


def kind_of(topic: str) -> str:
    """What the topic's main noun looks like: "activity" for gardening, otherwise "thing"."""
    words = topic.lower().partition(" of ")[0].split()
    return "activity" if words and words[-1].endswith("ing") and len(words[-1]) > 5 and words[0] not in ("the", "a", "an") else "thing"


def diary(voice: Voice) -> list[str]:
    story = voice.story("topic diary")
    head = fill(voice.rng, "[{day}|{day} evening|{day}, late|{day}, at last a quiet hour]", voice.facts)
    return [head, *voice.paragraphs(story["body"])]


def letter(voice: Voice) -> list[str]:
    story = voice.story("topic letter")
    closing = f"{voice.rng.choice(CLOSINGS)}\n{voice.facts['name2']}"
    return [voice.say(story.get("greeting", "[Dear|My dear] {name1},")), *voice.paragraphs(story["body"]), closing]


def answer(voice: Voice) -> list[str]:
    """One question or several, each with its answer."""
    told: list[str] = []
    paragraphs: list[str] = []
    for _ in range(voice.rng.choice(ANSWERS[voice.request.length])):
        story = voice.story("topic answer", told)
        told.append(story["name"])
        paragraphs += voice.paragraphs(story["body"])
    return paragraphs


def conversation(voice: Voice) -> list[str]:
    pairs = voice.some(voice.story("topic conversation")["turns"])
    lines = []
    for turn, text in ((turn, text) for pair in pairs for turn, text in enumerate(pair)):
        speaker, other = voice.facts[f"name{turn + 1}"], voice.facts[f"name{2 - turn}"]
        said = joined(voice.rng, voice.say(text), spoken=True)
        lines.append(f"{speaker}: {calling(voice.rng, said, other) if voice.rng.random() < CALLED else said}")
    return ["\n".join(lines)]


def questions(voice: Voice) -> list[str]:
    story = voice.story("topic questions")
    asked = draw(voice.rng, voice.words["topic question list"], voice.rng.randint(*ASKED[voice.request.length]))
    voice.facts["number"] = str(len(asked))
    listed = [f"{number}. {voice.say(question)}" for number, question in enumerate(asked, 1)]
    return [voice.say(voice.rng.choice(story["before"])), "\n".join(listed), " ".join(voice.say(line) for line in story["after"])]


def plan(voice: Voice, key: str = "topic plan") -> list[str]:
    """Steps in their order, each with its minutes, below what they add up to."""
    story, rng = voice.story(key), voice.rng
    chosen = sorted(draw(rng, range(1, len(story["steps"])), rng.randint(*STEPS[voice.request.length]) - 1))
    least, most = story.get("minutes", MINUTES)
    minutes = [rng.randrange(least, most + 1, 5) for _ in range(len(chosen) + 1)]
    voice.facts |= {"total": str(sum(minutes)), "sessions": str(len(minutes))}
    label = story.get("label", "{}.")
    lines = [
        f"{label.format(i)} {voice.say(story['steps'][n])} ({m} minutes)."
        for i, (n, m) in enumerate(zip((0, *chosen), minutes, strict=True), 1)
    ]
    after = draw(rng, story["after"], 1 if voice.request.length == "short" else 2)
    title = [title_case(voice.say(rng.choice(story["title"])))] if "title" in story else []
    return [*title, voice.say(rng.choice(story["before"])), "\n".join(lines), " ".join(voice.say(line) for line in after)]


def poem(voice: Voice) -> list[str]:
    story = voice.story("topic poem")
    lines = [fill(voice.rng, line, voice.facts) for line in story["lines"]]
    verses = "\n".join(lines).split("\n\n")
    return [title_case(voice.say(voice.rng.choice(story["title"]))), *(upper_first(verse) + "." for verse in verses)]


WRITE: dict[str, Callable[[Voice], list[str]]] = {
    "answer": answer, "diary": diary, "conversation": conversation, "questions": questions, "letter": letter, "plan": plan,
    "talk": partial(plan, key="topic talk"), "poem": poem,
}  # fmt: skip
NAMES = tuple(WRITE)


def write(rng: random.Random, words: Words, request: Request, form: str) -> str:
    """A document of the form, with a joke below it for a fun tone."""
    voice = Voice(rng, words, request)
    paragraphs = WRITE[form](voice)
    if request.tone == "fun":
        paragraphs.append(f"P.S. {voice.say(rng.choice(words['topic fun']))}")
    text = "\n\n".join(paragraphs)
    return Told(text.replace("!", ".") if request.tone == "formal" else text, f"{form}: {voice.idea}")


def forms_for(request: Request) -> tuple[str, ...]:
    """The request's forms; for a fun tone, only those that can be fun."""
    return tuple(form for form in request.forms if request.tone != "fun" or form not in CLOSED) or ("answer",)


FORMS: dict[str, Form] = {name: partial(write, form=name) for name in NAMES}
OF_SUBJECTS = {"entry": "answer", "answers": "answer", "glossary": "questions", "quiz": "questions", "guessing": "conversation",
               "comparison": "talk"}  # fmt: skip


def in_any(request: Request) -> tuple[str, ...]:
    """The forms, with one that fits any topic in place of one that tells what words mean."""
    return tuple(dict.fromkeys(OF_SUBJECTS.get(form, form) for form in request.forms))
