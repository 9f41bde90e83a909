"""Shared by all technical forms: scenes, executed code, page layout."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from string import Template
from typing import Any

from minigpt.corpus.english import join_and, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.words import Words, load_words

FORMAL = {"can't": "cannot", "doesn't": "does not", "don't": "do not", "isn't": "is not", "aren't": "are not", "won't": "will not"}


def topics_of(request: Request, words: Words) -> set[str]:
    """The keys in the topic tables of the request's topics; empty if the tables know none."""
    aliases = words["technical topics"]
    return {key for key, names in aliases.items() if {key, *names} & set(request.topics)}


def pick(rng: random.Random, entries: Sequence[Any], request: Request, words: Words) -> Any:
    """A random entry about the request's topics, or any entry if there is none."""
    wanted = topics_of(request, words)
    return rng.choice([entry for entry in entries if wanted & set(entry["topics"])] or entries)


def topic_for(rng: random.Random, topics: Sequence[str], request: Request, words: Words) -> str:
    """The topic to name in a document about these topics: a requested one, if possible."""
    wanted = topics_of(request, words)
    return rng.choice([t for t in topics if t in wanted] or list(topics))


class Scene(dict[str, str]):
    """The people, things and numbers that code and prose of one document share, as strings for templates."""

    def code(self, lines: Sequence[str]) -> str:
        """The lines as Python code, with $name replaced by the scene's value."""
        filled = [Template(line).substitute(self) for line in lines]
        return "\n".join(line if '"' in line else line.replace("'", '"') for line in filled)


def scene(rng: random.Random, words: Words, request: Request) -> Scene:
    """A random scene, with the request's own things if its topics name a place or thing that the tables know."""
    named = [row for row in words["scenes"] if {row["place"], row["one"], row["many"]} & set(request.topics)]
    row = rng.choice(named or words["scenes"])
    count = rng.choice((4, 5, 6))
    names = rng.sample(row["names"], count + 1)
    extra = names.pop()
    nums = rng.sample(range(row["low"], row["high"] + 1), min(count, row["high"] - row["low"]))
    x, y = rng.sample(range(11, 100), 2)
    k, bits = rng.randint(3, 9), rng.randint(4, 12)
    edges = {name: sorted(rng.sample([n for n in names if n != name], rng.choice((1, 2))), key=names.index) for name in names}
    person, other = rng.sample(words["people"], 2)
    values: dict[str, object] = {key: row[key] for key in ("place", "one", "many", "measure")}
    values |= {"value": f"number of {row['measure']}" if row["measure"].endswith("s") else row["measure"]}
    # as Python source
    values |= {"names": names, "names3": names[:3], "nums": nums, "pairs": dict(zip(names, nums, strict=False)), "graph": edges}
    values |= {"rows": [(name, rng.choice(nums[:3])) for name in names], "average": sum(nums) / len(nums)}
    # single names and numbers
    values |= {"first": names[0], "second": names[1], "third": names[2], "last": names[-1], "extra": extra, "all": join_and(names)}
    values |= {"x": x, "y": y, "k": k, "small": rng.randint(5, 24), "low": 10, "high": rng.randint(100, 400), "v": nums[0]}
    values |= {"limit": sorted(nums)[len(nums) // 2], "count": count, "person": person, "other": other}
    values |= {"prefix": 32 - bits, "bits": bits, "host": rng.randint(1, 14)}
    return Scene({key: str(value) for key, value in values.items()})


def run(code: str) -> str:
    """The output of the code; if it fails, the last line is the error, such as "KeyError: 'x'".

    The code is built from this package's own tables, never from user or server input.
    """
    lines: list[str] = []
    names: dict[str, Any] = {"print": lambda *values: lines.append(" ".join(map(str, values)))}
    try:
        exec(compile(code, "<example>", "exec"), names)
    except (ArithmeticError, AttributeError, LookupError, NameError, RuntimeError, TypeError, ValueError) as error:
        lines.append(f"{type(error).__name__}: {error}")
    printed = "\n".join(lines)
    for value in reversed(names.values()):  # an example's cursor, then its database, or Python would warn that they are open
        if not isinstance(value, type) and callable(close := getattr(value, "close", None)):
            close()
    return printed


def block(label: str, text: str) -> str:
    """A block of code, output or data in plain text: a label with a colon, then the lines, up to the next empty line."""
    return f"{label}:\n{text}"


def sentence(rng: random.Random, template: str, look: dict[str, str]) -> str:
    """The filled template as a sentence; a Python name keeps its lower case."""
    text = fill(rng, template, look)
    text = text if text.split()[0] in load_words("technical")["code words"] else upper_first(text)
    return text if text[-1] in ".?!:" else text + "."


def one_of(rng: random.Random, templates: Sequence[str], look: dict[str, str]) -> str:
    """One of the templates, as a sentence."""
    return sentence(rng, rng.choice(templates), look)


def page(rng: random.Random, words: Words, request: Request, topic: str, title: str, core: list[str], extras: Sequence[str] = ()) -> str:
    """A document: the title, the core, extras by length, and what audience and tone ask for."""
    most = {"short": 0, "long": len(extras)}.get(request.length or "", rng.randint(0, len(extras)))
    parts = core[:1] + _for_audience(rng, words, request, topic) + core[1:]
    chosen = sorted(rng.sample(range(len(extras)), most))
    parts += [" ".join(extras[i] for i in chosen)] if chosen else []
    if request.tone == "fun":
        parts.append(fill(rng, rng.choice(words["fun closes"]), {"topic": topic}))
    if request.tone == "formal":
        parts = [part if part.split("\n")[0].endswith(":") else plain(part) for part in parts]
    return "\n\n".join([upper_first(title), *parts])


def plain(text: str) -> str:
    """The text without contractions."""
    for short, full in FORMAL.items():
        text = text.replace(short, full).replace(upper_first(short), upper_first(full))
    return text


def _for_audience(rng: random.Random, words: Words, request: Request, topic: str) -> list[str]:
    """A friendly comparison for children, an explained term for beginners, nothing for professionals."""
    if request.audience == "children":
        return [fill(rng, rng.choice(words["child bridges"]), {"picture": rng.choice(words["pictures"][topic]), "topic": topic})]
    if request.audience == "beginners":
        term, meaning = rng.choice(words["terms"][topic])
        return [fill(rng, rng.choice(words["term bridges"]), {"term": term, "meaning": meaning})]
    return []


def redraw(make: Callable[[], tuple[str, str]], tries: int = 20) -> tuple[str, str]:
    """Two results that differ; redrawn while they are equal, as they may be by chance."""
    for _ in range(tries):
        first, second = make()
        if first != second:
            return first, second
    raise AssertionError("the two programs of this table entry always do the same")
