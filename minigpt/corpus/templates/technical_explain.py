"""Explains programming: concepts, questions, exercises, mistakes, reviews, with executed programs."""

from __future__ import annotations

import random
from typing import Any

from minigpt.corpus.english import upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.templates.technical_parts import Scene, block, one_of, page, pick, redraw, run, scene, sentence, topic_for
from minigpt.corpus.words import Words

CODE, OUTPUT, SOLUTION = "Python code", "Output", "Solution in Python"


def _idea(rng: random.Random, words: Words, request: Request) -> tuple[dict[str, Any], str, Scene, list[str]]:
    """A random idea, its topic, a scene for it, and its program with the output."""
    idea = pick(rng, words["ideas"], request, words)
    look = scene(rng, words, request)
    code = look.code(idea["code"])
    output = run(code)
    look |= {"a": idea["a"], "out": output.splitlines()[-1]}
    return idea, topic_for(rng, idea["topics"], request, words), look, [block(CODE, code), block(OUTPUT, output)]


def _title(rng: random.Random, templates: list[str], look: Scene) -> str:
    """A title; one that names two things ("any and all") has no verb."""
    fitting = [t for t in templates if " is " not in t or " and " not in look["a"]]
    return fill(rng, rng.choice(fitting), look)


def _care(rng: random.Random, words: Words, idea: dict[str, Any], look: Scene) -> list[str]:
    """The warnings of an idea as sentences."""
    first, second = rng.sample(idea["care"], 2)
    return [sentence(rng, rng.choice(words["care leads"]) + first, look), sentence(rng, second, look)]


def concept(rng: random.Random, words: Words, request: Request) -> str:
    """An idea of programming: a definition, a program about a scene, its output, how it works, a warning."""
    idea, topic, look, shown = _idea(rng, words, request)
    meaning, opening = one_of(rng, idea["def"], look), one_of(rng, words["scene opens"], look)
    lead, how = one_of(rng, words["code leads"], look), one_of(rng, idea["how"], look)
    like = [] if request.audience in ("children", "professionals") else [rng.choice(idea["like"]) + "."]
    first = rng.choice((f"{meaning} {opening}", f"{opening} {meaning}", f"{meaning} {lead}", f"{opening} {lead} {meaning}"))
    extras = [*like, *_care(rng, words, idea, look)]
    return page(rng, words, request, topic, _title(rng, words["concept titles"], look), [first, *shown, how], extras)


def question(rng: random.Random, words: Words, request: Request) -> str:
    """A question about an idea, and its answer with a program."""
    idea, topic, look, shown = _idea(rng, words, request)
    asked = sentence(rng, idea["ask"], look)
    title = f"{fill(rng, rng.choice(words['asker']), look)}: {asked}"
    meaning, how = one_of(rng, idea["def"], look), one_of(rng, idea["how"], look)
    first = rng.choice((meaning, f"{meaning} {one_of(rng, words['code leads'], look)}", f"With {idea['a']}. {meaning}"))
    return page(rng, words, request, topic, title, [f"Answer: {first}", *shown, how], _care(rng, words, idea, look))


def exercise(rng: random.Random, words: Words, request: Request) -> str:
    """A task and its solution."""
    idea, topic, look, shown = _idea(rng, words, request)
    opening, task = one_of(rng, words["scene opens"], look), sentence(rng, idea["task"], look)
    hint = f"Hint: use {idea['a']}." if rng.random() < 0.5 else f"Hint: {one_of(rng, idea['def'], look)}"
    how = one_of(rng, idea["how"], look)
    core = [f"{opening} {rng.choice(('Task', 'Your task', 'The task'))}: {task}", hint, shown[0].replace(CODE, SOLUTION, 1), shown[1], how]
    return page(rng, words, request, topic, _title(rng, words["exercise titles"], look), core, _care(rng, words, idea, look))


def mistake(rng: random.Random, words: Words, request: Request) -> str:
    """A program with a common mistake, what it does and why, and the corrected program with its output."""
    entry = pick(rng, words["mistakes"], request, words)
    drawn: dict[str, Scene] = {}

    def attempt() -> tuple[str, str]:
        drawn["look"] = look = scene(rng, words, request)
        return run(look.code(entry["bad"])), run(look.code(entry["good"]))

    wrong, right = redraw(attempt)
    look = drawn["look"]
    fix = fill(rng, entry["fix"], look)
    look |= {"name": entry["name"], "why": fill(rng, entry["why"], look), "fix": fix, "lfix": fix[0].lower() + fix[1:]}
    bad, good = look.code(entry["bad"]), look.code(entry["good"])
    core = [
        one_of(rng, words["mistake opens"], look),
        block(CODE, bad),
        block("It prints", wrong),
        one_of(rng, words["mistake finds"], look),
        sentence(rng, rng.choice(words["mistake fixes"]), look),
        block("Corrected code", good),
        block("Now it prints", right),
    ]
    topic = topic_for(rng, entry["topics"], request, words)
    core.append(one_of(rng, words["mistake closes"], look))
    return page(rng, words, request, topic, fill(rng, rng.choice(words["mistake titles"]), look), core)


def review(rng: random.Random, words: Words, request: Request) -> str:
    """A review of working code: the code, what could be better, and better code with the same output."""
    entry = pick(rng, words["reviews"], request, words)
    look = scene(rng, words, request)
    before, after = look.code(entry["before"]), look.code(entry["after"])
    look["remark"] = fill(rng, entry["remark"], look)
    core = [
        one_of(rng, words["review opens"], look),
        block(CODE, before),
        sentence(rng, "{remark}. " + rng.choice(words["review bridges"]), look),
        block("Better code", after),
        block("Output of both", run(after)),
        one_of(rng, words["review ends"], look),
    ]
    topic = topic_for(rng, entry["topics"], request, words)
    return page(rng, words, request, topic, fill(rng, rng.choice(words["review titles"]), look), core)


def glossary(rng: random.Random, words: Words, request: Request) -> str:
    """Terms of two topics, each used in a sentence."""
    topic = topic_for(rng, list(words["terms"]), request, words)
    look = scene(rng, words, request)
    rows = rng.sample(words["terms"][topic], rng.choice((2, 3)))
    other = rng.choice([t for t in words["terms"] if t != topic])
    rows.append(rng.choice(words["terms"][other]))
    lines = []
    for term, meaning in rows:
        use = fill(rng, rng.choice(words["term uses"]), {**scene(rng, words, request), "term": term})
        lines.append(f"{upper_first(term)}: {fill(rng, rng.choice(words['term forms']), {'meaning': meaning})}. {use}")
    title = fill(rng, rng.choice(words["glossary titles"]), {**look, "topic": topic})
    return page(rng, words, request, topic, title, ["\n".join(lines)])
