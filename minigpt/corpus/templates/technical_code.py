"""Writes Python functions with executed examples, so that a document shows what the code really returned."""

from __future__ import annotations

import random
from ast import literal_eval
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minigpt.corpus.english import join_and
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Told, fill
from minigpt.corpus.templates.technical_explain import BASICS, CODE, for_level, together
from minigpt.corpus.templates.technical_parts import block, heard, one_of, page, say, sentence, topic_for, topics_of
from minigpt.corpus.templates.technical_scenes import Scene, scene
from minigpt.corpus.templates.technical_small import first_steps, is_question, small_session
from minigpt.corpus.words import Words

TRIES = 40
ASKED = 0.7  # share of sessions about a thing in place of a function, where the basics are wanted
FURTHER = ("recursion", "errors", "queues", "sorting")  # a function about one of these is no first function
Draw = Callable[[random.Random, Scene, list[Any]], Any]  # an argument, given those before it


@dataclass(frozen=True)
class Drawn:
    """A function, its scene and two calls with their results."""

    entry: dict[str, Any]
    look: Scene
    code: str
    calls: list[str]
    values: list[Any]
    topic: str


def value_of(code: str, call: str) -> Any:
    """The value of the call after executing the code; both are built from this package's own tables."""
    names: dict[str, Any] = {}
    exec(compile(code, "<example>", "exec"), names)
    return eval(call, names)


def show(value: Any) -> str:
    """The value as Python source with double quotes."""
    return repr(value).replace("'", '"')


def _names(rng: random.Random, look: Scene) -> list[str]:
    return rng.sample([look["first"], look["second"], look["third"], look["extra"]], 3)


# kind of argument -> how to draw one
ARGUMENTS: dict[str, Draw] = {
    "person": lambda rng, look, before: rng.choice((look["person"], look["other"], look["third_p"])),
    "last": lambda rng, look, before: rng.choice(look["lasts"].split()),
    "int": lambda rng, look, before: rng.randint(2, 5),
    "another": lambda rng, look, before: rng.choice([number for number in range(2, 6) if number not in before]),
    "x": lambda rng, look, before: rng.choice((9, 12, 15, 20, 30, 40)),
    "word": lambda rng, look, before: rng.choice(look["pool"].split()),
    "words": lambda rng, look, before: rng.sample(look["pool"].split(), rng.choice((2, 3))),
    "people": lambda rng, look, before: rng.sample((look["person"], look["other"], look["third_p"]), 2),
    "names": lambda rng, look, before: _names(rng, look),
    "some": lambda rng, look, before: rng.sample(_all(look), rng.choice((1, 2, 3))),
    "pair": lambda rng, look, before: _names(rng, look)[:2],
    "twice": lambda rng, look, before: _twice(rng, look),
    "ints": lambda rng, look, before: rng.sample(range(1, 10), 3),
    "ints4": lambda rng, look, before: rng.sample(range(1, 10), 4),
    "item": lambda rng, look, before: next(name for name in _all(look) if name not in before[0]),
    "item0": lambda rng, look, before: before[0][0],
    "item_any": lambda rng, look, before: rng.choice(before[0]),
    "maybe": lambda rng, look, before: rng.choice(_all(look)),
    "samey": lambda rng, look, before: rng.choice((before[0].upper(), before[0].capitalize(), look["word2"])),
    "letter": lambda rng, look, before: rng.choice((before[0][0], before[0][0], look["word2"][0])),
    "good": lambda rng, look, before: rng.choice(look["goods"].split()),
    "country": lambda rng, look, before: rng.choice(look["countries"].split()),
    "scores": lambda rng, look, before: {look["person"]: rng.randint(1, 5), look["other"]: rng.randint(1, 5)},
    "player": lambda rng, look, before: rng.choice(list(before[0])),
}


def _all(look: Scene) -> list[str]:
    return [look["first"], look["second"], look["third"], look["extra"]]


def _twice(rng: random.Random, look: Scene) -> list[str]:
    """Three items, one of them twice."""
    one, two, _ = _names(rng, look)
    return rng.choice(([one, two, one], [one, one, two], [two, one, one]))


def _draw(rng: random.Random, words: Words, request: Request) -> Drawn:
    """A function for the request, and two calls with different results that show something."""
    late = [entry for entry in words["functions"] if entry.get("later") or set(FURTHER) & set(entry["topics"])]
    simple = [entry for entry in words["functions"] if entry not in late]
    further = words["functions"] if request.audience == "professionals" else late
    entry = rng.choice(for_level(rng, words, request, simple, further))
    look = scene(rng, words, request)
    goods = rng.sample(words["goods"], 3)
    look |= {"goods": " ".join(goods), "pool": " ".join(words["short words"]), "lasts": " ".join(words["last names"])}
    look["prices"] = ", ".join(f"'{good}': {rng.randint(2, 6)}" for good in goods)
    pairs = rng.sample(words["capitals"], 3)
    look |= {"capitals": ", ".join(f"'{one}': '{two}'" for one, two in pairs), "countries": " ".join(one for one, _ in pairs)}
    look = Scene(look)
    code = look.code(entry["code"])
    calls: list[str] = []
    values: list[Any] = []
    for _ in range(TRIES):
        arguments: list[Any] = []
        for kind in entry["args"]:
            arguments.append(ARGUMENTS[kind](rng, look, arguments) if isinstance(kind, str) else literal_eval(rng.choice(kind)))
        call = f"{entry['name']}({', '.join(map(show, arguments))})"
        value = value_of(code, call)
        if call in calls or value in values or (not values and value in (False, [], "", -1)):
            continue
        if not calls:
            look |= {f"arg{i}": one if isinstance(one, str) else show(one) for i, one in enumerate(arguments, 1)}
            look["args"] = join_and([one if isinstance(one, str) else show(one) for one in arguments])
            look |= {"value": value if isinstance(value, str) else show(value)}
            look |= {"initial": str(arguments[0])[0], "rest": str(arguments[0] % 2) if isinstance(arguments[0], int) else ""}
        calls.append(call)
        values.append(value)
        if len(calls) == 2:
            break
    look |= {"name": entry["name"], "does": say(rng, entry["does"], look)}
    return Drawn(entry, Scene(look), code, calls, values, topic_for(rng, entry["topics"], request, words))


def _finish(rng: random.Random, words: Words, request: Request, drawn: Drawn, title: str, core: list[str]) -> Told:
    tried = rng.choice(words["next leads"]) + sentence(rng, rng.choice(drawn.entry["next"]), drawn.look)
    picture = say(rng, rng.choice(words["function pictures"]), drawn.look)
    known = words["function terms"]
    text = page(rng, words, request, drawn.topic, title, core, [tried], known=known, picture=picture, at=len(core))
    return Told(text, drawn.entry["name"])


def function(rng: random.Random, words: Words, request: Request) -> str:
    """A small Python function: what it does and for what, its code, how it works, examples."""
    drawn = _draw(rng, words, request)
    intro = one_of(rng, words["function intros"], drawn.look)
    why = one_of(rng, drawn.entry["why"], drawn.look)
    first = intro if request.length == "short" else together(rng, intro, why, drawn.look)
    pairs = zip(drawn.calls, drawn.values, strict=True)
    shown = " ".join(f"{'Example: ' if i == 0 else 'And '}{call} returns {show(value)}." for i, (call, value) in enumerate(pairs))
    how = "How it works: " + sentence(rng, rng.choice(drawn.entry["how"]), drawn.look)
    return _finish(rng, words, request, drawn, f"Function: {drawn.entry['name']}", [first, block("Python code", drawn.code), how, shown])


def _asked(rng: random.Random, words: Words, request: Request) -> Told | None:
    """A session that asks Python about one thing, line by line; None if the request's topics are none of the basics."""
    wanted = topics_of(request, words)
    ideas = [entry for key in BASICS for entry in words[key] if not wanted or wanted & set(entry["topics"])]
    rows = [(entry, row) for entry in ideas for row in first_steps(words, request, entry["a"]) if is_question(row)]
    if request.audience == "professionals" or not rows:
        return None
    entry, row = rng.choice(rows)
    small = small_session(rng, words, request, row)
    said = small.look | {"a": entry["a"]}
    lines = [f">>> {step.code}\n{step.out}" for step in small.steps]
    opening = f"{one_of(rng, row.get('what', entry['what']), said)} {one_of(rng, words['small sessions'], said)}"
    core = [opening, block(CODE, small.made), block("Session", "\n".join(lines)), small.how]
    topic, title = topic_for(rng, entry["topics"], request, words), fill(rng, rng.choice(words["small session titles"]), said)
    known = heard(entry["words"], "\n".join(core))
    return Told(page(rng, words, request, topic, title, core, known=known, picture=entry["like"], at=len(core)), small.key)


def session(rng: random.Random, words: Words, request: Request) -> str:
    """A small Python function or a thing, and an interactive session about it."""
    if rng.random() < ASKED and (asked := _asked(rng, words, request)):
        return asked
    drawn = _draw(rng, words, request)
    lines = [f">>> print({call})\n{value}" for call, value in zip(drawn.calls, drawn.values, strict=True)]
    intro, opening = one_of(rng, words["function intros"], drawn.look), one_of(rng, words["session opens"], drawn.look)
    core = [
        f"{intro} {opening}",
        block("Python code", drawn.code),
        block("Session", "\n".join(lines)),
        sentence(rng, rng.choice(drawn.entry["how"]), drawn.look),
    ]
    return _finish(rng, words, request, drawn, say(rng, rng.choice(words["session titles"]), drawn.look), core)
