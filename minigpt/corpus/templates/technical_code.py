"""Functions and algorithms, with examples that were run: what a document says a function returns is what its code returned."""

from __future__ import annotations

import random
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates import traces
from minigpt.corpus.templates.grammar import Words, fill, upper_first

# One body for each way to gather what passes the test; {x} is the item, {xs} the list, {if} the test, {expr} the value taken.
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


def run(code: str, call: str) -> Any:
    """The value of the call after the code has been executed; both are built from this package's own tables."""
    names: dict[str, Any] = {}
    exec(compile(code, "<example>", "exec"), names)
    return eval(call, names)


def function(rng: random.Random, words: Words, request: Request) -> str:
    """A small Python function: what it does, its code, how it works, an example."""
    return _fixed(rng, words) if rng.random() < 0.25 else _composed(rng, words)


def _fixed(rng: random.Random, words: Words) -> str:
    """One of the well-known functions, with arguments drawn."""
    entry = rng.choice(words["code fixed"])
    calls = [entry["call"].format(i=rng.choice(entry["i"]), j=rng.choice(entry.get("j", [0]))) for _ in range(2)]
    calls = list(dict.fromkeys(calls))
    name = calls[0].split("(")[0]
    intro = rng.choice(("This function", "The function below", "Here is a function that"))
    how = f"How it works: {entry['how'][0].lower()}{entry['how'][1:]}"
    return "\n\n".join([f"Function: {name}", f"{intro} {entry['does']}.", entry["code"], how, _examples(entry["code"], calls)])


def _composed(rng: random.Random, words: Words) -> str:
    """A function that gathers something from the items of a list that pass a test."""
    domain = words["code domains"][rng.choice(("number", "number", "word"))]
    (items, item), pred, taken = rng.choice(domain["names"]), rng.choice(domain["preds"]), rng.choice(domain["maps"])
    kind = rng.choice(domain["ops"])
    if kind in ("count", "max", "min"):  # of these, only the plain items make sense
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
    return "\n\n".join([f"Function: {name}", intro, code, f"{how} {upper_first(end)}", _examples(code, [f"{name}({_items(rng, domain)})"])])


def _items(rng: random.Random, domain: dict[str, Any]) -> str:
    """A list to call a function with, as source text."""
    size = rng.choice(domain["sizes"])
    items = rng.sample(domain["pool"], size) if "pool" in domain else [rng.randint(domain["low"], domain["high"]) for _ in range(size)]
    return repr(items).replace("'", '"')


def _examples(code: str, calls: list[str]) -> str:
    """ "Example: f(3) returns 6." for each call, with the value that the code gives."""
    return " ".join(f"{'Example: ' if i == 0 else 'And '}{call} returns {show(run(code, call))}." for i, call in enumerate(calls))


def show(value: Any) -> str:
    """The value as Python source with double quotes."""
    return repr(value).replace("'", '"')


def algorithm(rng: random.Random, words: Words, request: Request) -> str:
    """An algorithm: the problem, the idea, a worked example, the cost, when to use it."""
    key = rng.choice(tuple(words["algorithms"]))
    entry = words["algorithms"][key]
    name = entry["name"]
    if key in words["algorithm plain"]:  # names that stand without "the"
        titles = ["{Name}, step by step", "How {name} " + ("work" if key in words["algorithm plural"] else "works")]
    else:
        titles = ["The {name}, step by step", "How the {name} works"]
    title = fill(rng, rng.choice(titles), {"name": name})
    lines = [f"Problem: {entry['problem']}.", f"Idea: {rng.choice(entry['idea'])}", f"Example: {traces.TRACES[key](rng)}"]
    lines += [f"Cost: {entry['cost']}", f"When to use it: {rng.choice(entry['when'])}"]
    return title + "\n\n" + "\n".join(lines)
