"""Shared by all technical forms: topics, executed code, page layout."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from minigpt.corpus.english import upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.words import Words

FORMAL = {"can't": "cannot", "doesn't": "does not", "don't": "do not", "isn't": "is not", "aren't": "are not", "won't": "will not"}
# code in a sentence has brackets, which the language of templates would read as alternatives: values hide them, and a template writes <<0>>
HIDDEN = str.maketrans({"[": "\x01", "]": "\x02", "{": "\x03", "}": "\x04", "|": "\x05"})
SHOWN = {"\x01": "[", "\x02": "]", "\x03": "{", "\x04": "}", "\x05": "|", "<<": "[", ">>": "]"}


KEYWORD = re.compile(r"the (word|function|method|name|error|short|sign)|Python's")  # begins the meaning of a word of the language


def topics_of(request: Request, words: Words) -> set[str]:
    """The keys in the topic tables of the request's topics; empty if the tables know none."""
    aliases = words["technical topics"]

    def known(phrases: Sequence[str]) -> set[str]:
        said = [f" {phrase.lower()} " for phrase in phrases]
        return {key for key, names in aliases.items() if any(f" {name} " in phrase for name in (key, *names) for phrase in said)}

    return known(request.topics) or known(request.matched)  # graph algorithms, whatever they come with


def pick(rng: random.Random, entries: Sequence[Any], request: Request, words: Words) -> Any:
    """A random entry about the request's topics, or any entry if there is none."""
    wanted = topics_of(request, words)
    return rng.choice([entry for entry in entries if wanted & set(entry["topics"])] or entries)


def topic_for(rng: random.Random, topics: Sequence[str], request: Request, words: Words) -> str:
    """The topic to name in a document about these topics: a requested one, if possible."""
    wanted = topics_of(request, words)
    return rng.choice([t for t in topics if t in wanted] or list(topics))


def say(rng: random.Random, template: str, look: dict[str, str]) -> str:
    """The filled template; brackets of values stay as they are."""
    text = fill(rng, template, {key: value.translate(HIDDEN) for key, value in look.items()})
    for hidden, shown in SHOWN.items():
        text = text.replace(hidden, shown)
    return text


def sentence(rng: random.Random, template: str, look: dict[str, str]) -> str:
    """The filled template as a sentence; a template that begins with a small letter begins with a word of the code, which keeps it."""
    text = say(rng, template, look).strip()
    text = text if template[0].islower() else upper_first(text)
    return text if text[-1] in ".?!:" or text.endswith('."') else text + "."


def one_of(rng: random.Random, templates: Sequence[str], look: dict[str, str]) -> str:
    """One of the templates, as a sentence."""
    return sentence(rng, rng.choice(templates), look)


def lower_first(text: str, names: Collection[str] = ()) -> str:
    """The text with its first letter small, unless its first word is a name or an abbreviation."""
    first = re.split(r"\W", text, maxsplit=1)[0]
    kept = first in names or first == "Python" or first[1:] != first[1:].lower() or first == "I"
    return text if kept else text[:1].lower() + text[1:]


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


def page(
    rng: random.Random,
    words: Words,
    request: Request,
    topic: str,
    title: str,
    core: list[str],
    extras: Sequence[str] = (),
    *,
    known: Sequence[Sequence[str]] = (),
    picture: str = "",
    at: int = 1,
) -> str:
    """A document: the title, the core, extras by length, and what audience and tone ask for.

    `known` are terms with their meanings that suit the text; without them, terms that occur in it are explained. What is for the audience
    comes before the part number `at`.
    """
    most = {"short": 0, "long": len(extras)}.get(request.length or "", rng.randint(min(1, len(extras)), len(extras)))
    chosen = sorted(rng.sample(range(len(extras)), most))
    told = [*core, *([" ".join(extras[i] for i in chosen)] if chosen else [])]
    parts = told[:at] + _for_audience(rng, words, request, topic, "\n".join([title, *told]), known, picture) + told[at:]
    if request.tone == "fun":
        parts.append(fill(rng, rng.choice(words["fun closes"]), {"topic": words["topic names"].get(topic, topic)}))
    if request.tone == "formal":
        parts = [part if part.split("\n")[0].endswith(":") else plain(part) for part in parts]
    return "\n\n".join([upper_first(title), *parts])


def plain(text: str) -> str:
    """The text without contractions and exclamation marks."""
    for short, full in FORMAL.items():
        text = text.replace(short, full).replace(upper_first(short), upper_first(full))
    return text


def _for_audience(
    rng: random.Random, words: Words, request: Request, topic: str, text: str, known: Sequence[Sequence[str]], picture: str
) -> list[str]:
    """A friendly comparison for children, an explained term for beginners, nothing for professionals."""
    if request.audience == "children":
        look = {"picture": picture or rng.choice(words["general pictures"])}
        return [re.sub(r"([.!?])\.$", r"\1", say(rng, rng.choice(words["child bridges"]), look))]
    if request.audience == "beginners":
        term, meaning, *_ = rng.choice(known or terms_in(words, text, topic))
        kind = "keyword bridges" if KEYWORD.match(meaning) else "formal term bridges" if request.tone == "formal" else "term bridges"
        here = [name for name in words["people"] if re.search(rf"\b{name}\b", text)]  # somebody whom the text knows already
        said = {"term": term, "meaning": meaning, "person": rng.choice(here or words["people"])}
        return [say(rng, rng.choice(words[kind]), said)]
    return []


def heard(rows: Sequence[Sequence[str]], text: str) -> list[Sequence[str]]:
    """The terms that occur in the text."""
    low = text.lower()
    return [row for row in rows if re.search(rf"\b{re.escape(row[0].lower())}s?\b", low)]


def terms_in(words: Words, text: str, topic: str) -> list[Sequence[str]]:
    """The terms of the tables that occur in the text, those of the topic if there are any."""

    def found(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        return heard(rows, text)

    others = [row for rows in words["terms"].values() for row in rows]
    return found(words["terms"].get(topic, [])) or found([*words["general terms"], *others]) or [words["general terms"][0]]


def redraw(make: Callable[[], tuple[str, str]], tries: int = 20) -> tuple[str, str]:
    """Two results that differ; redrawn while they are equal, as they may be by chance."""
    for _ in range(tries):
        first, second = make()
        if first != second:
            return first, second
    raise AssertionError("the two programs of this table entry always do the same")
