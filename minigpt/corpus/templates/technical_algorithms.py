"""Writes about algorithms: descriptions, traces, pseudocode, comparisons, exercises, all with computed examples."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from minigpt.corpus.english import singular, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates import traces, traces_graphs, traces_more
from minigpt.corpus.templates.grammar import Told, fill
from minigpt.corpus.templates.technical_parts import block, lower_first, one_of, page, pick, say, topic_for, topics_of
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


ONE_STEP = ("prefix_sums", "kadane", "linear_search", "coin_change", "majority")  # whose examples are too short to be followed line by line
SIZES = (30, 40, 50, 80, 100, 200, 300, 400, 500, 1000, 2000, 3000, 5000)  # round, so that the costs can be followed
NO_TASK = ("prefix_sums", "kadane", "majority")  # whose examples begin with a result

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


def _choose(rng: random.Random, words: Words, request: Request, keys: Iterable[str]) -> tuple[str, Any, dict[str, str], str]:
    """A random algorithm: its key, its entry, the words for templates, its topic."""
    rows = [{"key": key, "topics": words["algorithm topics"][key], "name": words["algorithms"][key]["name"]} for key in keys]
    rows = named_by(request, rows, "name") or rows
    row = rng.choice(rows) if topics_of(request, words) == {"performance"} else pick(rng, rows, request, words)  # each has its cost
    key = row["key"]
    entry = words["algorithms"][key]
    person, other = rng.sample(words["people"], 2)
    look = {"name": entry["name"] if entry["plain"] else "the " + entry["name"], "problem": entry["problem"]}
    return key, entry, look | {"person": person, "other": other}, topic_for(rng, row["topics"], request, words)


def named_by(request: Request, rows: Sequence[Any], *keys: str) -> list[Any]:
    """The rows of which a topic is the whole name, or else a part of it: binary search, a hash table."""
    asked = [_bare(topic) for topic in request.topics]
    same = [row for row in rows if any(_bare(row[key]) in asked for key in keys)]
    return same or [row for row in rows if any(f" {one} " in f" {_bare(row[key])} " for key in keys for one in asked if len(one) > 6)]


def forms_naming(request: Request, words: Words) -> set[str]:
    """The forms with an algorithm that a topic names; empty if no topic names one."""
    keys = {"algorithm": TRACES, "trace": TRACES.keys() - set(ONE_STEP), "pseudocode": words["pseudocode"]}
    keys["algorithm_exercise"] = TRACES.keys() - set(NO_TASK)
    rows = {form: [{"name": words["algorithms"][key]["name"]} for key in some] for form, some in keys.items()}
    found = {form for form, some in rows.items() if named_by(request, some, "name")}
    return found | ({"comparison"} if found and named_by(request, words["comparisons"], "x", "y") else set())


def _bare(name: str) -> str:
    """A name in small letters and the singular: dijkstra algorithm, tower of hanoi."""
    words = name.lower().replace("-", " ").replace("'s", "").removeprefix("the ").split()
    return " ".join(map(singular, words))


def _example(rng: random.Random, key: str, request: Request) -> str:
    """A worked example of the algorithm; for a short document, the shortest of several."""
    return min((TRACES[key](rng) for _ in range(6 if request.length == "short" else 1)), key=len)


def _cost(rng: random.Random, words: Words, key: str, example: str) -> str:
    """What the algorithm costs, and what that means for the list of the example, if there is one."""
    cost = fill(rng, rng.choice(words["algorithms"][key]["cost"]), {})
    found, counts = re.search(r"\[([-\d, ]+)\]", example), words["algorithm counts"].get(key)
    if not (found and counts):
        return cost
    n = found[1].count(",") + 1
    numbers = {"n": n, "less": n - 1, "pairs": n * (n - 1) // 2, "log": n.bit_length()}
    return f"{cost} {fill(rng, rng.choice(counts), {name: str(number) for name, number in numbers.items()})}"


def _said(rng: random.Random, words: Words, kind: str, look: dict[str, str], **values: str) -> str:
    """What is said of the algorithm, by the text itself or by somebody in it."""
    text = say(rng, rng.choice(words[f"algorithm {kind}"]), look | {key: fill(rng, value, {}) for key, value in values.items()})
    return upper_first(text)


def _page(
    rng: random.Random, words: Words, request: Request, topic: str, title: str, core: list[str], extras: Sequence[str], key: str
) -> Told:
    entry = words["algorithms"][key]
    return Told(page(rng, words, request, topic, title, core, extras, known=[entry["word"]], picture=entry["like"]), entry["name"])


def _like(rng: random.Random, words: Words, request: Request, key: str, look: dict[str, str]) -> list[str]:
    """A comparison with daily life, for those who want one."""
    if request.audience in ("children", "professionals"):
        return []
    return [_said(rng, words, "likes", look, like=words["algorithms"][key]["like"])]


def algorithm(rng: random.Random, words: Words, request: Request) -> str:
    """An algorithm: the problem, the idea, a worked example, the cost, when to use it."""
    key, entry, look, topic = _choose(rng, words, request, TRACES)
    title = fill(rng, rng.choice(words["algorithm titles"]), look)
    example = _example(rng, key, request)
    idea, when = fill(rng, rng.choice(entry["idea"]), {}), rng.choice(entry["when"])
    cost = _cost(rng, words, key, example)
    costs = f"{fill(rng, rng.choice(words['algorithm cost labels']), look)}: {cost}"
    note = f"{fill(rng, rng.choice(words['algorithm note labels']), look)}: {fill(rng, when, {})}"
    said, also = _said(rng, words, "costs", look, cost=cost), _said(rng, words, "notes", look, when=when)
    skeletons = (
        [f"Problem: {entry['problem']}.", f"Idea: {idea}", f"Example: {example}", costs, note],
        [f"{idea} That is how {look['person']} would {entry['problem']}.", f"As an example, {example}", f"{said} {also}"],
        [f"How do you {entry['problem']}? {idea}", upper_first(example), costs, also],
    )
    lines = rng.choice(skeletons)
    extras = [f"Another example: {_example(rng, key, request)}"] if request.length == "long" else _like(rng, words, request, key, look)
    return _page(rng, words, request, topic, title, ["\n".join(lines)], extras, key)


def trace(rng: random.Random, words: Words, request: Request) -> str:
    """An algorithm traced on random numbers, one step a line."""
    key, entry, look, topic = _choose(rng, words, request, [key for key in TRACES if key not in ONE_STEP])
    while (example := _example(rng, key, request)).count(". ") < 2:  # one step is no trace
        continue
    first, *steps = example.split(". ")
    title = fill(rng, rng.choice(words["trace titles"]), look)
    lines = [f"{i}. {upper_first(re.sub(r'^Step [0-9]+: ', '', step.rstrip('.')))}." for i, step in enumerate(steps, 1)]
    given = say(rng, rng.choice(words["trace firsts"]), {"given": first})
    core = [f"{one_of(rng, words['trace opens'], look)} {given}", "\n".join(lines)]
    cost = _said(rng, words, "costs", look, cost=_cost(rng, words, key, example))
    extras = [cost, _said(rng, words, "notes", look, when=rng.choice(entry["when"]))]
    return _page(rng, words, request, topic, title, core, extras, key)


def pseudocode(rng: random.Random, words: Words, request: Request) -> str:
    """An algorithm in plain words, indented like a program, and an example."""
    key, entry, look, topic = _choose(rng, words, request, words["pseudocode"])
    title = fill(rng, rng.choice(words["pseudocode titles"]), look)
    example = _example(rng, key, request)
    core = [
        one_of(rng, words["pseudocode opens"], look),
        block("Pseudocode", "\n".join(words["pseudocode"][key])),
        say(rng, rng.choice(words["pseudocode examples"]), {"given": example}),
    ]
    cost = _said(rng, words, "costs", look, cost=_cost(rng, words, key, example))
    extras = [cost, _said(rng, words, "notes", look, when=rng.choice(entry["when"]))]
    return _page(rng, words, request, topic, title, core, extras, key)


def algorithm_exercise(rng: random.Random, words: Words, request: Request) -> str:
    """A task to solve by hand, and its solution."""
    key, entry, look, topic = _choose(rng, words, request, [key for key in TRACES if key not in NO_TASK])
    first, rest = _example(rng, key, request).split(". ", 1)
    look |= {"given": first}
    title = fill(rng, rng.choice(words["hand titles"]), look)
    hint = _said(rng, words, "hints", look, idea=rng.choice(entry["idea"]))
    task = f"{one_of(rng, words['hand opens'], look)} {say(rng, rng.choice(words['hand tasks']), look)}"
    extras = [*_like(rng, words, request, key, look), _said(rng, words, "notes", look, when=rng.choice(entry["when"]))]
    return _page(rng, words, request, topic, title, [task, hint, f"Solution: {rest}"], extras, key)


def comparison(rng: random.Random, words: Words, request: Request) -> str:
    """Two ways to do the same thing, their costs as formulas and numbers, and when to use which."""
    rows = named_by(request, words["comparisons"], "x", "y") or words["comparisons"]
    entry = rng.choice(rows) if topics_of(request, words) == {"performance"} else pick(rng, rows, request, words)
    (formula_x, cost_x), (formula_y, cost_y) = COSTS[entry["fx"]], COSTS[entry["fy"]]
    sizes = sorted(rng.sample(range(10, 30) if entry["fx"] == "fib" else SIZES, rng.choice((2, 3))))
    person, other = rng.sample(words["people"], 2)
    look = {"person": person, "other": other} | {key: fill(rng, entry[key], {}) for key in ("x", "y", "what", "for", "against")}
    look |= {"n": f"{sizes[-1]:,}", "cx": f"{cost_x(sizes[-1]):,}", "cy": f"{cost_y(sizes[-1]):,}"}
    look["because"] = lower_first(look["for"])
    rows = [f"n = {n}: {cost_x(n)} against {cost_y(n)}" for n in sizes]
    core = [
        one_of(rng, words["compare opens"], look),
        f"{upper_first(entry['what'])} {entry['case']}: {entry['x']} {formula_x}; {entry['y']} {formula_y}.",
        block("In numbers", "\n".join(rows)),
        one_of(rng, words["compare ends"], look),
    ]
    title = fill(rng, rng.choice(words["compare titles"]), look)
    topic = topic_for(rng, entry["topics"], request, words)
    extras = [fill(rng, rng.choice(words["compare extras"]), look)]
    picture = rng.choice(words["compare pictures"])
    return Told(page(rng, words, request, topic, title, core, extras, picture=picture), f"{entry['x']} or {entry['y']}")
