"""Writes about algorithms: descriptions, traces, pseudocode, comparisons, exercises, all with computed examples."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from minigpt.corpus.english import upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates import traces, traces_graphs, traces_more
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.templates.technical_parts import block, one_of, page, pick, scene, topic_for
from minigpt.corpus.words import Words

TRACES = {trace.__name__: trace for trace in (*traces.ALL, *traces_graphs.GRAPHS, *traces_more.MORE)}


def _log(n: int) -> int:
    """The most comparisons of a binary search among n items."""
    return n.bit_length()


def _fibonacci_additions(n: int) -> int:
    """The additions in fib(n) = fib(n - 1) + fib(n - 2) without a cache: one less than the next Fibonacci number."""
    a, b = 0, 1
    for _ in range(n + 1):
        a, b = b, a + b
    return a - 1


# the cost functions named in the comparison table
COSTS: Mapping[str, tuple[str, Callable[[int], int]]] = {
    "n": ("n", lambda n: n),
    "log": ("log2(n), rounded down, plus 1", _log),
    "pairs": ("n * (n - 1) / 2", lambda n: n * (n - 1) // 2),
    "nlog": ("n * log2(n), rounded up", lambda n: n * (n - 1).bit_length()),
    "2nlog": ("2 * n * log2(n), rounded up", lambda n: 2 * n * (n - 1).bit_length()),
    "1": ("1", lambda n: 1),
    "0": ("0", lambda n: 0),
    "n-1": ("n - 1", lambda n: n - 1),
    "square": ("n * n", lambda n: n * n),
    "5n": ("5 * n", lambda n: 5 * n),
    "2log": ("2 * log2(n), rounded down", lambda n: 2 * (n.bit_length() - 1)),
    "quarter": ("n / 4, rounded up", lambda n: -(-n // 4)),
    "fib": ("fib(n + 1) - 1", _fibonacci_additions),
}


def _choose(rng: random.Random, words: Words, request: Request, keys: Mapping[str, Any]) -> tuple[str, Any, str, str]:
    """A random algorithm: its key, its entry, its name within a sentence, its topic."""
    row = pick(rng, [{"key": key, "topics": words["algorithm topics"][key]} for key in keys], request, words)
    key = row["key"]
    plain = key in words["algorithm plain"] or words["more algorithms"].get(key, {}).get("plain", False)
    entry = words["algorithms"].get(key) or words["more algorithms"][key]
    return key, entry, entry["name"] if plain else "the " + entry["name"], topic_for(rng, row["topics"], request, words)


def _example(rng: random.Random, key: str, request: Request) -> str:
    """A worked example of the algorithm; for a short document, the shortest of several."""
    return min((TRACES[key](rng) for _ in range(6 if request.length == "short" else 1)), key=len)


def algorithm(rng: random.Random, words: Words, request: Request) -> str:
    """An algorithm: the problem, the idea, a worked example, the cost, when to use it."""
    key, entry, name, topic = _choose(rng, words, request, TRACES)
    title = fill(rng, rng.choice(words["algorithm titles"]), {"name": name})
    look = scene(rng, words, request) | {"name": name}
    use = one_of(rng, words["algorithm uses"], look)
    idea, example, when = rng.choice(entry["idea"]), _example(rng, key, request), rng.choice(entry["when"])
    skeletons = (
        [f"Problem: {entry['problem']}.", f"Idea: {idea} {use}", f"Example: {example}", f"Cost: {entry['cost']}", f"Use: {when}"],
        [f"{idea} That is how to {entry['problem']}. {use}", f"As an example, {example}", f"{entry['cost']} {when}"],
        [f"How do you {entry['problem']}? {idea}", f"{use} {upper_first(example)}", f"The cost: {entry['cost']}", when],
    )
    lines = rng.choice(skeletons)
    other = _example(rng, key, request)
    return page(rng, words, request, topic, title, ["\n".join(lines)], [f"Another example: {other}"] * (request.length == "long"))


def trace(rng: random.Random, words: Words, request: Request) -> str:
    """An algorithm traced on random numbers, one step a line."""
    key, entry, name, topic = _choose(rng, words, request, TRACES)
    first, *steps = _example(rng, key, request).split(". ")
    title = fill(rng, rng.choice(words["trace titles"]), {"name": name})
    lines = [f"{i}. {upper_first(step.rstrip('.'))}." for i, step in enumerate(steps, 1)]
    look = scene(rng, words, request) | {"name": name, "problem": entry["problem"]}
    opening = one_of(rng, words["trace opens"], look)
    core = [f"{opening} {rng.choice(('Here', 'This time', 'In this case'))}: {first}.", "\n".join(lines)]
    return page(rng, words, request, topic, title, core, [entry["cost"], rng.choice(entry["when"])])


def pseudocode(rng: random.Random, words: Words, request: Request) -> str:
    """An algorithm in plain words, indented like a program, and an example."""
    key, entry, name, topic = _choose(rng, words, request, words["pseudocode"])
    look = scene(rng, words, request) | {"name": name, "problem": entry["problem"]}
    title = fill(rng, rng.choice(words["pseudocode titles"]), look)
    core = [
        one_of(rng, words["pseudocode opens"], look),
        block("Pseudocode", "\n".join(words["pseudocode"][key])),
        f"{rng.choice(('Followed by hand', 'An example', 'With numbers', 'For instance'))}: {_example(rng, key, request)}",
    ]
    return page(rng, words, request, topic, title, core, [entry["cost"], rng.choice(entry["when"])])


def algorithm_exercise(rng: random.Random, words: Words, request: Request) -> str:
    """A task to solve by hand, and its solution."""
    key, entry, name, topic = _choose(rng, words, request, TRACES)
    first, rest = _example(rng, key, request).split(". ", 1)
    look = scene(rng, words, request) | {"name": name, "problem": entry["problem"]}
    title = fill(rng, rng.choice(words["hand titles"]), look)
    hint = rng.choice((f"Hint: {rng.choice(entry['idea'])}", f"Hint: {entry['cost']}"))
    task = f"{one_of(rng, words['hand opens'], look)} Use {name}, step by step: {first}."
    return page(rng, words, request, topic, title, [task, hint, f"Solution: {rest}"], [rng.choice(entry["when"])])


def comparison(rng: random.Random, words: Words, request: Request) -> str:
    """Two ways to do the same thing, their costs as formulas and numbers, and when to use which."""
    entry = pick(rng, words["comparisons"], request, words)
    (formula_x, cost_x), (formula_y, cost_y) = COSTS[entry["fx"]], COSTS[entry["fy"]]
    sizes = sorted(rng.sample(range(10, 30) if entry["fx"] == "fib" else range(30, 5000), rng.choice((2, 3))))
    look = scene(rng, words, request)
    look |= {key: fill(rng, entry[key], {}) for key in ("x", "y", "what", "for", "against")}
    look |= {"n": f"{sizes[-1]:,}", "cx": f"{cost_x(sizes[-1]):,}", "cy": f"{cost_y(sizes[-1]):,}"}
    rows = [f"n = {n}: {cost_x(n)} against {cost_y(n)}" for n in sizes]
    core = [
        one_of(rng, words["compare opens"], look),
        f"{upper_first(entry['what'])} {entry['case']}: {entry['x']} {formula_x}; {entry['y']} {formula_y}.",
        block("In numbers", "\n".join(rows)),
        one_of(rng, words["compare ends"], look),
    ]
    title = fill(rng, rng.choice(words["compare titles"]), look)
    topic = topic_for(rng, entry["topics"], request, words)
    return page(rng, words, request, topic, title, core, [fill(rng, rng.choice(words["compare extras"]), look)])
