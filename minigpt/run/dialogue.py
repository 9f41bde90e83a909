"""A model's corpus -> the form of dialogue that it learned, so that a person can take one of the parts.

A dialogue is a document of turns, each a speaker's name, a colon and what is said: "Visitor: Hello.\\nPirate: Ahoy!". Templates write
scenes between two people with any names, a persona's answers to its visitors, and questions with answers; own conversations have
names such as User and Assistant. What lies between two turns, and whether a turn may have several lines, is read from the documents.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

from minigpt.disk.files import open_to_read, read_json_object
from minigpt.disk.foreign import plain
from minigpt.disk.shelf import RECORD
from minigpt.errors import MinigptError

CORPUS = "corpus.jsonl"  # not from corpus/, whose imports take longer than an answer
NAME = 40  # characters of a speaker's name, at most
SPEAKS = re.compile(rf"^(?P<name>[^\W\d_](?:[^:\n]{{0,{NAME - 1}}}[^:\s])?):(?P<gap>[ \t]+|$)", re.MULTILINE)
READ, DOCUMENTS = 2**20, 300  # bytes of the corpus, and documents, at most, from which the form is read
# Two turns alone, such as "Title: ...", "Text: ...", are a dialogue only if they are called one.
ASKS = {"question", "q", "user", "human", "customer", "client", "student", "you", "me", "instruction", "input", "prompt", "interviewer"}
ANSWERS = {"answer", "a", "assistant", "ai", "bot", "chatbot", "agent", "teacher", "response", "output", "completion", "reply", "model"}
CONSTANT = 0.3  # the share of dialogues from which a speaker is one person, and not a name like any other
RARE = 0.02  # the share of turns below which a form is an exception
MOST, SOME = 0.5, 0.2  # the share of dialogues in a corpus that makes it one of dialogues; of a persona's, which also writes letters


class Turn(NamedTuple):
    """Who speaks, what stands after the colon, what is said, and the line ends before the turn."""

    name: str
    gap: str
    said: str
    before: str


@dataclass(frozen=True)
class Form:
    """How a corpus writes dialogues. `you` is the part of the person at the keyboard, `model` the other one."""

    you: str
    model: str
    gap: str = " "  # between a name and what it says
    before_answer: str = "\n"  # between what you say and the model's name
    before_you: str = "\n"  # between an answer and your name
    lines: bool = False  # whether a turn may have several lines
    exchanges: int = 1  # pairs of turns in a usual dialogue
    persona: bool = False  # whether the model always speaks as one person
    share: float = 1.0  # of the corpus

    @property
    def usual(self) -> bool:
        """Whether the corpus is one of dialogues, rather than one that has some."""
        return self.share >= (SOME if self.persona and self.exchanges > 1 else MOST)

    @property
    def stops(self) -> tuple[str, ...]:
        """Where the model's turn ends: at the next line, if all turns are lines, else where somebody speaks."""
        if not self.lines and self.gap == " ":
            return ("\n",)
        return tuple(f"\n{name}:" for name in dict.fromkeys((self.you, self.model)))

    def prompt(self, exchanges: Sequence[tuple[str, str]], said: str) -> str:
        """The dialogue so far and the beginning of the model's turn."""
        before = "".join(f"{self._asked(you)}{self.gap}{answer}{self.before_you}" for you, answer in exchanges)
        return before + self._asked(said)

    def written(self, exchanges: Sequence[tuple[str, str]]) -> str:
        """A dialogue as a document of the corpus."""
        return self.before_you.join(f"{self._asked(you)}{self.gap}{answer}" for you, answer in exchanges)

    def _asked(self, said: str) -> str:
        return f"{self.you}:{self.gap}{said}{self.before_answer}{self.model}:"


def turns(text: str) -> list[Turn]:
    """The turns of a document; none if it is not a dialogue."""
    starts = list(SPEAKS.finditer(text))
    if not starts or text[: starts[0].start()].strip().count("\n") > 1:  # more than a title before the first
        return []
    ends = [match.start() for match in starts[1:]] + [len(text)]
    found, before = [], ""
    for match, end in zip(starts, ends, strict=True):
        rest = text[match.end() : end]
        said = rest.strip("\n")
        gap = "\n" if not match["gap"] and rest.startswith("\n") else " "
        found.append(Turn(match["name"], gap, said, before))
        before = rest[len(rest.rstrip("\n")) :]
    names = Counter(turn.name for turn in found)
    if len(names) > 2 and names[found[0].name] == 1:  # "Space: questions and answers"
        del names[found.pop(0).name]
    return found if is_dialogue(found, names) else []


def is_dialogue(found: Sequence[Turn], names: Counter[str]) -> bool:
    """Whether speakers come back, or are called question and answer."""
    if len(names) < 2:
        return False
    if len(found) == 2:
        return found[0].name.lower() in ASKS and found[1].name.lower() in ANSWERS
    again = sum(turn.name == following.name for turn, following in pairwise(found))
    if 2 * again >= len(found) - 1:  # speakers take turns; a line of a poem that comes back follows itself
        return False
    return len(found) >= 2 * len(names) - 1


def learn_form(documents: Iterable[str]) -> Form | None:
    """The form of the dialogues among some documents; None if there is none."""
    every = [turns(text) for text in documents]
    dialogues = [found for found in every if found]
    if not dialogues:
        return None
    share = len(dialogues) / len(every)
    answering = Counter(found[1].name for found in dialogues)
    model, count = answering.most_common(1)[0]
    persona = count / len(dialogues) >= CONSTANT
    if persona:  # those of other forms are as good as other documents
        dialogues = [found for found in dialogues if found[1].name == model]
    you = Counter(found[0].name for found in dialogues if found[0].name != model).most_common(1)
    if not you:
        return None
    alike = [found for found in dialogues if {you[0][0], model} <= {turn.name for turn in found}]
    dialogues = alike if len(alike) > 1 else dialogues  # where names are any names, no two have these
    spoken = [turn for found in dialogues for turn in found]
    answers = [found[1] for found in dialogues]
    further = [found[2] for found in dialogues if len(found) > 2]
    return Form(
        you=plain(you[0][0], NAME),
        model=plain(model, NAME),
        gap=usual(turn.gap for turn in spoken),
        before_answer=usual(turn.before for turn in answers),
        before_you=usual(turn.before for turn in further or answers),
        lines=sum("\n" in turn.said for turn in spoken) > RARE * len(spoken),
        exchanges=max(1, int(median(len(found) for found in dialogues)) // 2),
        persona=persona,
        share=share,
    )


def usual(values: Iterable[str]) -> str:
    """The value that occurs most often."""
    return Counter(values).most_common(1)[0][0]


def find_form(folder: Path) -> Form | None:
    """The form of dialogue of a model's corpus or, where the corpus is not at hand, of its samples; None if there is none."""
    try:
        documents = list(learned(folder / CORPUS))
    except (MinigptError, OSError):
        documents = sampled(folder / RECORD)
    return learn_form(documents)


def learned(corpus: Path) -> Iterator[str]:
    """Texts at the beginning of a corpus.jsonl, without those held out. Lines that are not its own are passed over."""
    with open_to_read(corpus) as file:
        lines = file.read(READ + 1).splitlines()
    for line in lines[: DOCUMENTS if len(lines) > 1 else None]:
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):  # the last one may be cut
            continue
        if isinstance(document, dict) and isinstance(text := document.get("text"), str) and document.get("split") != "held_out":
            yield text


def sampled(record: Path) -> list[str]:
    """The samples in a run's record."""
    try:
        samples = read_json_object(record).get("samples")
    except MinigptError:
        return []
    return [text for text in samples if isinstance(text, str)] if isinstance(samples, list) else []
