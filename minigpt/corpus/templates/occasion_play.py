"""Writes riddles, jokes and horoscopes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import cycle

from minigpt.corpus.english import article, title_case
from minigpt.corpus.templates.occasion_scene import Scene
from minigpt.corpus.templates.occasion_subjects import single
from minigpt.corpus.words import Words

LETTERS = (4, 9)  # of a word that is spelled out in a riddle
KNOWN = 0.5  # share of riddles whose object has clues of its own, where the field has such objects
ITSELF = 0.15  # share of those riddles whose answer is the topic itself
UNCOUNTED = ("bread", "silence", "dice")  # answers without an article
ASKING = re.compile(r"(?:Why|What|How|Where|Who|Which) .*\?$")


def riddle(scene: Scene, words: Words) -> str:
    """Clues, a question, a wrong guess, the answer and why it is right."""
    known = [row for row in words["riddles"] if scene.subject.field in row["fields"]]
    named = [row for row in known if row["answer"] == scene.subject.short]
    row = scene.rng.choice(named if named and scene.rng.random() < ITSELF else known) if known and scene.rng.random() < KNOWN else None
    answer = row["answer"] if row else spelled_out(scene)
    scene.fixed["place1"] = scene.rng.choice([place for place in scene.tables["place"] if answer not in place])
    title, asker = title_case(scene.said(scene.next("title"))), scene.said(scene.next("asker"))
    if row:
        lines = [scene.said(clue) for clue in scene.rng.sample(row["clues"], scene.count(2, (3, 4), 5))]
        scene.fixed["hint"] = row["hint"]
    else:
        lines = [*letters(scene, words, answer), scene.said(scene.next("whole"))]
    parts = ["\n".join(lines), scene.said(scene.next("question")), scene.said(scene.next("guess"))]
    said = f"{article(answer)} {answer}" if single(answer) == answer and answer not in UNCOUNTED else answer
    why = [scene.said(scene.next("why"))] if row else []
    return "\n\n".join([title, asker, *parts, " ".join([f"Answer: {said}.", *why])])


def spelled_out(scene: Scene) -> str:
    """A thing of the subject, or anything, whose letters a riddle can give one by one."""
    things = [thing for thing in scene.tables["thing"] if thing.isalpha() and LETTERS[0] <= len(thing) <= LETTERS[1]]
    return str(scene.rng.choice(things or scene.tables["anything"]))


def letters(scene: Scene, words: Words, answer: str) -> list[str]:
    """A line for each letter, with a word that has it and one that does not."""
    pool = [word for word in (*scene.tables["thing"], *scene.tables["person"]) if word.isalpha() and word != answer]
    pool = [*pool * 2, *words["letter words"]]
    lines = []
    for number, letter in zip(words["ordinals"], answer, strict=False):
        inside = scene.rng.choice([word for word in pool if letter in word])
        outside = scene.rng.choice([word for word in pool if letter not in word])
        lines.append(f'My {number} is in "{inside}", but not in "{outside}".')
    return lines


def joke(scene: Scene, words: Words) -> str:
    """Two people tell each other jokes; they speak in turn, and each punch line is answered."""
    own = words["field jokes"].get(scene.subject.field, [])
    some = scene.rng.sample(own, min(len(own), scene.rng.choice((0, 0, 1))))
    some += scene.rng.sample(words["jokes"], scene.count(2, (3, 4), 6) - len(some))
    scene.rng.shuffle(some)
    title = title_case(scene.said(scene.next("title")))
    turns = [scene.said(scene.next("start")), scene.said(scene.next("ready"))]
    for number, told in enumerate(some):
        answered = [told[0], scene.next("do not know"), *told[1:]] if len(told) == 2 and ASKING.match(told[0]) else told
        said = [scene.said(line) for line in answered]
        if number and said:
            turns[-1] = f"{turns[-1]} {scene.text(scene.next('turn'))}{said[0]}"
            said = said[1:]
        turns += said
        scene.forget()
        turns.append(scene.said(scene.next("groan")))
    turns += [scene.said(scene.next("last")), scene.said(scene.next("bye"))]
    return "\n".join([title, "", *spoken(scene, turns)])


def spoken(scene: Scene, turns: Sequence[str]) -> list[str]:
    """The turns with their speakers, who alternate; whoever is addressed in a turn is the other one."""
    names = scene.fixed["name1"], scene.fixed["name2"]
    lines = []
    for speaker, other, turn in zip(cycle(names), cycle(names[::-1]), turns, strict=False):
        addressed = re.sub(rf"\b{speaker}\b", other, turn)
        lines.append(f"{speaker}: {addressed}")
    return lines


def horoscope(scene: Scene, words: Words) -> str:
    """All twelve signs, each with a sentence and some with advice, for one day."""
    title, opening = scene.said(scene.next("title")), scene.said(scene.next("opening"))
    lines = []
    advised = {"short": 0.0, "long": 0.9}.get(scene.request.length or "", 0.35)
    for sign, _ in words["signs"]:
        scene.forget()
        advice = f" {scene.said(scene.next('advice'))}" if scene.rng.random() < advised else ""
        lines.append(f"{sign}: {scene.said(scene.next('fate'))}{advice}")
    return "\n\n".join([title, opening, "\n".join(lines), scene.said(scene.next("end"))])
