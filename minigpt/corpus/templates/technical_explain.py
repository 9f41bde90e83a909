"""Explains programming: concepts, questions, exercises, mistakes, reviews, glossaries, with executed programs."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Told, draw, fill
from minigpt.corpus.templates.technical_parts import block, heard, lower_first, one_of, page, redraw, say, sentence, topic_for, topics_of
from minigpt.corpus.templates.technical_scenes import Scene, scene
from minigpt.corpus.templates.technical_small import first_steps, one_more, small_program
from minigpt.corpus.words import Words

CODE, OUTPUT, SOLUTION = "Python code", "Output", "Solution in Python"
BASICS = ("basics text", "basics lists", "basics flow")
FURTHER = ("ideas", "ideas more", "ideas tools")
ADVANCED = {"recursion", "performance", "caching", "classes", "graphs", "databases", "networking", "concurrency", "files", "testing"}
JOINED = 0.6  # share of definitions that go on in the same sentence
SMALL = 0.85  # share of the basics that are told with a small program
SIMPLE = 0.7  # share of the basics among the documents for nobody in particular


@dataclass(frozen=True)
class Lesson:
    """An idea with one of its programs, run in a scene."""

    entry: dict[str, Any]
    idea: str
    topic: str
    look: Scene
    code: str
    out: str
    ask: str
    task: str
    how: str
    next: str


def for_level(rng: random.Random, words: Words, request: Request, simple: Sequence[Any], further: Sequence[Any]) -> Sequence[Any]:
    """The entries for the audience: simple ones first for beginners and children, further ones for professionals, a mixture for others.

    What the request's topics name comes before the level.
    """
    wanted = topics_of(request, words)
    if request.tone == "formal":
        simple, further = ([entry for entry in entries if "!" not in repr(entry).replace("!=", "")] for entries in (simple, further))

    def about(entries: Sequence[Any]) -> list[Any]:
        return [entry for entry in entries if wanted & set(entry["topics"])]

    if wanted and about([*simple, *further]):
        easy, hard = about(simple), about(further)
    else:
        easy, hard = list(simple), list(further)
    if request.audience in ("beginners", "children"):
        return easy or hard
    if request.audience == "professionals":
        return hard or easy
    return easy if easy and (not hard or rng.random() < SIMPLE) else hard


def together(rng: random.Random, first: str, second: str, look: Scene) -> str:
    """Two sentences, sometimes as one."""
    if first.endswith(".") and ";" not in first and rng.random() < JOINED:
        return f"{first[:-1]}; {lower_first(second, names_in(look))}"
    return f"{first} {second}"


def names_in(look: Scene) -> set[str]:
    """What keeps its capital within a sentence."""
    return {look[key] for key in ("first", "second", "third", "extra", "person", "other", "third_p", "na", "nb", "nc", "country")} | {
        "True"
    }


def _rows(words: Words, keys: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each program of each idea: the idea, also as it is, with what the program says in its place."""
    ideas = [entry for key in keys for entry in words[key]]
    return [
        entry | program | {"plain": entry, "program": program, "number": number}
        for entry in ideas
        for number, program in enumerate(entry["programs"])
    ]


def _lesson(rng: random.Random, words: Words, request: Request) -> Lesson:
    """A random idea for the request, and one of its programs."""
    simple = [row for row in _rows(words, BASICS) if not row["program"].get("later")]
    further = [*_rows(words, FURTHER), *(row for row in _rows(words, BASICS) if row["program"].get("later"))]
    entry = rng.choice(for_level(rng, words, request, simple, further))
    program, number = entry["program"], entry["number"]
    rows = [] if entry in further else first_steps(words, request, entry["a"])
    if rows and rng.random() < SMALL:
        return _small_lesson(rng, words, request, entry["plain"], rng.choice(rows))
    look = scene(rng, words, request, program.get("only", ""))
    code = look.code(program["code"])
    out = look.ran(code)
    how = sentence(rng, rng.choice(program["how"]), look)
    following = sentence(rng, rng.choice(program["next"]), look)
    topic = topic_for(rng, entry["topics"], request, words)
    task = say(rng, program["task"], look)
    return Lesson(entry, f"{entry['a']} {number}", topic, look, code, out, say(rng, program["ask"], look), task, how, following)


def _small_lesson(rng: random.Random, words: Words, request: Request, entry: dict[str, Any], row: dict[str, Any]) -> Lesson:
    """The idea with a small program that begins with one of its steps."""
    small = small_program(rng, words, request, row)
    topic, tried = topic_for(rng, entry["topics"], request, words), one_more(rng, words, request, small)
    texts = (small.code, small.out, row["ask"], small.task, small.how, tried if tried[-1] in ".?!" else f"{tried}.")
    return Lesson(entry | {"what": row.get("what", entry["what"])}, small.key, topic, small.look, *texts)


def _extras(rng: random.Random, words: Words, request: Request, lesson: Lesson) -> list[str]:
    """What else could be said: a comparison with daily life, or what to try; a long document has both."""
    like = sentence(rng, rng.choice(words["like leads"]), lesson.look | {"like": lesson.entry["like"]})
    tried = rng.choice(words["next leads"]) + lesson.next
    if request.audience in ("children", "professionals"):
        return [tried]
    return [like, tried] if request.length == "long" else [rng.choice((like, tried, tried))]


def _finish(rng: random.Random, words: Words, request: Request, lesson: Lesson, title: str, core: list[str]) -> Told:
    extras = _extras(rng, words, request, lesson)
    known, picture = heard(lesson.entry["words"], "\n".join(core)), lesson.entry["like"]
    text = page(rng, words, request, lesson.topic, title, core, extras, known=known, picture=picture, at=len(core))
    return Told(text, lesson.idea)


def _meaning(rng: random.Random, lesson: Lesson) -> str:
    """What the idea is, and sometimes what it is good for."""
    what, why = one_of(rng, lesson.entry["what"], lesson.look), one_of(rng, lesson.entry["why"], lesson.look)
    return rng.choice((what, what, together(rng, what, why, lesson.look)))


def concept(rng: random.Random, words: Words, request: Request) -> str:
    """An idea of programming: what it is, why one needs it, a program, its output, how it works, what to try."""
    lesson = _lesson(rng, words, request)
    look, a = lesson.look, lesson.entry["a"]
    titles = words["concept titles"] + 2 * words["concept titles of things"] * a.startswith(("a ", "an ", "the "))
    lead = say(rng, rng.choice(words["concept leads"]), look | {"task": lesson.task})
    core = [_meaning(rng, lesson), lead, block(CODE, lesson.code), block(OUTPUT, lesson.out), rng.choice(words["how leads"]) + lesson.how]
    if request.length == "short":
        del core[1]
    return _finish(rng, words, request, lesson, fill(rng, rng.choice(titles), {"a": a}), core)


def question(rng: random.Random, words: Words, request: Request) -> str:
    """A question, and its answer with a program."""
    lesson = _lesson(rng, words, request)
    look = lesson.look
    title = say(rng, rng.choice(words["question titles"]), look | {"ask": lesson.ask, "a": lesson.entry["a"]})
    core = [
        f"Answer: {_meaning(rng, lesson)}",
        say(rng, rng.choice(words["question leads"]), look | {"task": lesson.task}),
        block(CODE, lesson.code),
        block(OUTPUT, lesson.out),
        lesson.how,
    ]
    return _finish(rng, words, request, lesson, title, core)


def exercise(rng: random.Random, words: Words, request: Request) -> str:
    """A task, a hint and the solution."""
    lesson = _lesson(rng, words, request)
    look = lesson.look | {"task": lesson.task, "a": lesson.entry["a"]}
    look["what"] = say(rng, rng.choice(lesson.entry["what"]), lesson.look)
    title = fill(rng, rng.choice(words["exercise titles"]), {"a": lesson.entry["a"]})
    named = [task for task in words["exercise tasks"] if "{person}" not in task.lower()]  # nobody greets himself
    task = say(rng, rng.choice(named if look["person"] in lesson.task else words["exercise tasks"]), look)
    hint = say(rng, rng.choice(words["exercise hints"]), look)
    core = [task, hint, block(SOLUTION, lesson.code), block(OUTPUT, lesson.out), lesson.how]
    return _finish(rng, words, request, lesson, title, core)


def mistake(rng: random.Random, words: Words, request: Request) -> str:
    """A program with a common mistake, what it does and why, and the corrected program with its output."""
    rows = words["mistakes"]
    further = [row for row in rows if row.get("later") or ADVANCED & set(row["topics"]) or re.search("import|None", repr(row["good"]))]
    entry = rng.choice(for_level(rng, words, request, [row for row in rows if row not in further], further))
    drawn: dict[str, Scene] = {}

    def attempt() -> tuple[str, str]:
        drawn["look"] = look = scene(rng, words, request)
        return look.ran(look.code(entry["bad"])), look.ran(look.code(entry["good"]))

    wrong, right = redraw(attempt)
    look = drawn["look"]
    texts = {key: say(rng, rng.choice(entry[key]), look) for key in ("why", "fix", "rule")}
    names = {"name": entry["name"], "goal": say(rng, entry["goal"], look)}
    said = look | names | texts
    core = [
        one_of(rng, words["mistake opens"], said),
        block(CODE, look.code(entry["bad"])),
        block("It prints", wrong),
        say(rng, rng.choice(words["mistake finds"]), said),
        say(rng, rng.choice(words["mistake fixes"]), said),
        block("Corrected code", look.code(entry["good"])),
        block("Now it prints", right),
        f"{texts['rule']}.",
    ]
    topic = topic_for(rng, entry["topics"], request, words)
    title = fill(rng, rng.choice(words["mistake titles"]), {"name": entry["name"]})
    return Told(page(rng, words, request, topic, title, core, picture=rng.choice(words["mistake pictures"]), at=-1), entry["name"])


def review(rng: random.Random, words: Words, request: Request) -> str:
    """A review of working code: the code, what could be better, and better code with the same output."""
    rows = words["reviews"]
    easy = [row for row in rows if row.get("easy")]
    entry = rng.choice(for_level(rng, words, request, easy, [row for row in rows if row not in easy]))
    look = scene(rng, words, request)
    before, after = look.code(entry["before"]), look.code(entry["after"])
    out = look.ran(after)
    look |= {"name": entry["name"], "out_short": ", ".join(out.splitlines())}
    look = Scene(look)
    core = [
        one_of(rng, words["review opens"], look),
        block(CODE, before),
        f"{one_of(rng, entry['remark'], look)} {say(rng, rng.choice(words['review bridges']), look)}",
        block("Better code", after),
        block("Output of both", out),
        one_of(rng, words["review ends"], look),
    ]
    topic = topic_for(rng, entry["topics"], request, words)
    title = say(rng, rng.choice(words["review titles"]), look)
    return Told(page(rng, words, request, topic, title, core, picture=rng.choice(words["review pictures"]), at=-1), entry["name"])


def glossary(rng: random.Random, words: Words, request: Request) -> str:
    """The terms of a topic, each with its meaning and an example."""
    usual = words["glossary topics"][request.audience or "all"] or list(words["terms"])
    topic = rng.choice(sorted(topics_of(request, words) & set(words["terms"])) or usual)
    look = scene(rng, words, request)
    named = {"topic": words["topic names"].get(topic, topic)}
    *rows, left = draw(rng, words["terms"][topic], 4)
    rows += [left] * (request.audience != "beginners" and request.length != "short")
    lines = []
    for term, meaning, example in rows:
        form = rng.choice(words["term examples"])
        shown = sentence(rng, example, look).rstrip(".")
        said = {"meaning": meaning, "example": shown if ": {example}" in form else lower_first(shown, names_in(look))}
        lines.append(f"{term[0].upper()}{term[1:]}: {say(rng, form, said)}")
    core = [one_of(rng, words["glossary opens"], look | named), "\n".join(lines)]
    title = fill(rng, rng.choice(words["glossary titles"]), look | named)
    return Told(
        page(rng, words, request, topic, title, core, known=[left], picture=rng.choice(words["glossary pictures"])), f"words of {topic}"
    )
