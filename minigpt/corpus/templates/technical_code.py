"""Writes Python functions with executed examples, so that a document shows what the code really returned."""

from __future__ import annotations

import random
from typing import Any

from minigpt.corpus.english import upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.templates.technical_parts import block, one_of, page, scene, topic_for
from minigpt.corpus.words import Words

ABOUT = ("functions", "loops", "collections")
# A body for each way to collect the items that pass a test; {x}: the item, {xs}: the list, {if}: the test, {expr}: the value.
BEST = """    best = None
    for {x} in {xs}:
        if {if}:
            if best is None or {expr} ? best:
                best = {expr}
    return best"""
LOOPS = {
    "list": "    result = []\n    for {x} in {xs}:\n        if {if}:\n            result.append({expr})\n    return result",
    "count": "    count = 0\n    for {x} in {xs}:\n        if {if}:\n            count += 1\n    return count",
    "sum": "    total = 0\n    for {x} in {xs}:\n        if {if}:\n            total += {expr}\n    return total",
    "max": BEST.replace("?", ">"),
    "min": BEST.replace("?", "<"),
}
SHORT = {
    "list": "    return [{expr} for {x} in {xs} if {if}]",
    "count": "    return sum(1 for {x} in {xs} if {if})",
    "sum": "    return sum({expr} for {x} in {xs} if {if})",
    "max": "    return max(({expr} for {x} in {xs} if {if}), default=None)",
    "min": "    return min(({expr} for {x} in {xs} if {if}), default=None)",
}


Drawn = tuple[str, str, str, str, list[str]]  # name, what it does, code, how it works, calls


def value_of(code: str, call: str) -> Any:
    """The value of the call after executing the code; both are built from this package's own tables."""
    names: dict[str, Any] = {}
    exec(compile(code, "<example>", "exec"), names)
    return eval(call, names)


def function(rng: random.Random, words: Words, request: Request) -> str:
    """A small Python function: what it does, its code, how it works, an example."""
    name, intro, code, how, calls = _draw(rng, words)
    look = scene(rng, words, request)
    first = f"{intro} {one_of(rng, words['function uses'], look)}" if request.length != "short" else intro
    shown = " ".join(f"{'Example: ' if i == 0 else 'And '}{call} returns {show(value_of(code, call))}." for i, call in enumerate(calls[:2]))
    core = [first, block("Python code", code), how, shown]
    extras = [f"{upper_first(fill(rng, rng.choice(words['function tips']), look | {'function': name}))}"]
    return page(rng, words, request, topic_for(rng, ABOUT, request, words), f"Function: {name}", core, extras)


def session(rng: random.Random, words: Words, request: Request) -> str:
    """A small Python function and an interactive session that calls it."""
    name, intro, code, how, calls = _draw(rng, words)
    look = scene(rng, words, request) | {"function": name}
    lines = [f">>> print({call})\n{value_of(code, call)}" for call in calls]
    core = [
        f"{one_of(rng, words['session opens'], look)} {intro}",
        block("Python code", code),
        block("Session", "\n".join(lines)),
        how,
    ]
    extras = [upper_first(fill(rng, rng.choice(words["function tips"]), look))]
    title = upper_first(fill(rng, rng.choice(words["session titles"]), look))
    return page(rng, words, request, topic_for(rng, ABOUT, request, words), title, core, extras)


def _draw(rng: random.Random, words: Words) -> Drawn:
    """A well-known function or, more often, a composed one."""
    return _fixed(rng, words) if rng.random() < 0.2 else _composed(rng, words)


def _fixed(rng: random.Random, words: Words) -> Drawn:
    """A well-known function with random arguments."""
    entry = rng.choice(words["code fixed"])
    calls = [entry["call"].format(i=rng.choice(entry["i"]), j=rng.choice(entry.get("j", [0]))) for _ in range(3)]
    calls = list(dict.fromkeys(calls))
    intro = rng.choice(("This function", "The function below", "Here is a function that"))
    how = f"How it works: {entry['how'][0].lower()}{entry['how'][1:]}"
    return calls[0].split("(")[0], f"{intro} {entry['does']}.", entry["code"], how, calls


def _composed(rng: random.Random, words: Words) -> Drawn:
    """A function that collects something from the items of a list that pass a test."""
    domain = words["code domains"][rng.choice(("number", "number", "word"))]
    (items, item), pred, taken = rng.choice(domain["names"]), rng.choice(domain["preds"]), rng.choice(domain["maps"])
    kind = rng.choice(domain["ops"])
    if kind in ("count", "max", "min"):  # for these, only plain items make sense
        taken = domain["maps"][0]
    op = words["code ops"][kind]
    n = rng.choice(pred.get("n", [0]))
    look = {"items": items, "item": item, "that": pred["that"].format(n=n), "say": taken["say"], "empty": op["empty"]}
    look["how"], look["does"] = fill(rng, op["how"], look), fill(rng, op["does"], look)
    name = op["name"].format(map=taken["name"], items=items, pred=pred["name"].format(n=n))
    style = rng.choice(("loop", "short"))
    values = {"x": item, "xs": items, "if": pred["if"].format(x=item, n=n), "expr": taken["expr"].format(x=item)}
    code = f"def {name}({items}):\n" + (LOOPS if style == "loop" else SHORT)[kind].format(**values)
    intro, how = fill(rng, rng.choice(words["code intro"]), look), fill(rng, rng.choice(words[f"code how {style}"]), look)
    end = fill(rng, rng.choice(words["code end"]), look)
    calls = [f"{name}({_items(rng, domain)})" for _ in range(3)]
    return name, intro, code, f"{how} {upper_first(end)}", calls


def _items(rng: random.Random, domain: dict[str, Any]) -> str:
    """A list to call a function with, as source text."""
    size = rng.choice(domain["sizes"])
    items = rng.sample(domain["pool"], size) if "pool" in domain else [rng.randint(domain["low"], domain["high"]) for _ in range(size)]
    return repr(items).replace("'", '"')


def show(value: Any) -> str:
    """The value as Python source with double quotes."""
    return repr(value).replace("'", '"')
