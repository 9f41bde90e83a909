"""Poetry documents: free verse, haiku, short stories and songs. In: a random generator and the poetry words; out: one text.

A haiku's lines are drawn until the syllables of their words, which the word table counts, are 5, 7 and 5. A song's rhymes hold because
the table groups its lines by rhyme.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import cache

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form, Words, draw, fill, load_words, title_case, upper_first

TRIES = 5000  # lines drawn for one haiku line; the tables give one in some dozens
PRONOUNS = {"she": {"he": "she", "his": "her", "him": "her"}, "he": {"he": "he", "his": "his", "him": "him"}}
MONTHS = re.compile(r"\b(january|march|april|july|august|october|november|december)\b")
WORD = re.compile(r"[a-z']+")


def syllables(line: str) -> int:
    """The syllables of a line, by the table; a word that the table lacks is a KeyError."""
    counts = syllable_counts()
    return sum(counts[word] for word in WORD.findall(line.lower()))


@cache
def syllable_counts() -> dict[str, int]:
    """word -> syllables, from the table, which lists the words by their count."""
    table = load_words("poetry")["syllable table"]
    return {word: int(count) for count, rows in table.items() for row in rows for word in row.split()}


def haiku(rng: random.Random, words: Words, request: Request) -> str:
    """A title and three lines of 5, 7 and 5 syllables about one theme: a scene, somebody in it, a turn."""
    theme = rng.choice(words["haiku"])

    def actor() -> str:
        subject, verbs = rng.choice(theme["actors"])
        who = f"{rng.choice([*theme['adjs'], ''])} {subject}".strip()
        return fill(rng, f"[a(n)|the|one] {who} {rng.choice(rng.choice((verbs, verbs, verbs, words['haiku stays'])))}", {})

    opening = _line_of(5, lambda: fill(rng, rng.choice(theme["opens"]), {}))
    middle = _line_of(7, actor)
    closing = _line_of(5, lambda: fill(rng, rng.choice(theme["closes"]), {}))
    title = fill(rng, rng.choice(words["haiku titles"]), {"theme": rng.choice(theme["themes"])})
    joint = rng.choice((",", " -", "..."))
    text = f"{upper_first(opening)}{joint}\n{middle}.\n{upper_first(closing)}."
    return f"{title}\n\n{MONTHS.sub(lambda m: upper_first(m[0]), text)}"


def _line_of(count: int, write: Callable[[], str]) -> str:
    """The first line written that has so many syllables."""
    for _ in range(TRIES):
        line = " ".join(write().split())
        if syllables(line) == count:
            return line
    raise AssertionError(f"the haiku table gave no line of {count} syllables, last {line!r}")


def song(rng: random.Random, words: Words, request: Request) -> str:
    """Two verses whose lines rhyme in pairs, and a chorus that returns and rhymes with its own first line."""
    hook, rhyme = rng.choice(words["hooks"])
    groups = draw(rng, [group for group in words["song lines"] if group != rhyme], 4)
    refrain = _chorus(rng, words, hook, rhyme)
    verses = [[line for group in pair for line in _rhyming(rng, words, group, 2)] for pair in (groups[:2], groups[2:])]
    bridge = [upper_first(fill(rng, line, {})) for line in draw(rng, words["between"], 2)]
    parts = [["Verse 1", *verses[0]], ["Chorus", *refrain], ["Verse 2", *verses[1]], ["Bridge", *bridge], ["Chorus", *refrain]]
    if rng.random() < 0.5:
        del parts[3]
    return "\n\n".join([hook] + ["\n".join(part) for part in parts])


def _chorus(rng: random.Random, words: Words, hook: str, rhyme: str) -> list[str]:
    """Four lines: the hook, a line that rhymes with it, the hook called again, another line that rhymes."""
    last = WORD.findall(hook.lower())[-1]
    first, second = _rhyming(rng, words, rhyme, 2, last)
    call = fill(rng, rng.choice(words["chorus calls"]), {"hook": hook.lower()})
    return [upper_first(hook.lower()), first, call, second]


def _rhyming(rng: random.Random, words: Words, group: str, count: int, without: str = "") -> list[str]:
    """So many lines of a rhyme group that all end in different words, none of them in `without`."""
    lines: list[str] = []
    ends = [without]
    for template in draw(rng, words["song lines"][group], len(words["song lines"][group])):
        line = fill(rng, template, {})
        end = WORD.findall(line.lower())[-1]
        if end not in ends:
            lines.append(line)
            ends.append(end)
    return lines[:count]


def story(rng: random.Random, words: Words, request: Request) -> str:
    """A short tale of one hero, one friend and one treasure: a beginning, some trouble, an ending, a last thought."""
    name, pronoun = rng.choice(words["heroes"])
    look = {"name": name} | PRONOUNS[pronoun]
    for key in ("friend", "town"):  # "a tame goose", later "the goose"
        look[key], look[f"{key}.the"] = rng.choice(words[key + "s"])
    for key in ("trade", "treasure"):
        look[key] = rng.choice(words[key + "s"])
        look[f"{key}.a"] = f"a(n) {look[key]}"
    plot = [*rng.choice(words["plots"]), rng.choice(words["morals"])]
    return title_case(fill(rng, rng.choice(words["story titles"]), look)) + "\n\n" + " ".join(upper_first(fill(rng, s, look)) for s in plot)


def free_verse(rng: random.Random, words: Words, request: Request) -> str:
    """A poem without rhyme: three things of a house or a street, a moment, a thought."""
    preposition, moment = rng.choice(words["moments"])
    moment = fill(rng, moment, {})
    look = {"moment": moment, "moment.at": f"{preposition} {moment}", "signer": rng.choice(words["signers"])}
    look |= {"place": fill(rng, rng.choice(words["places"]), {})} | _things(rng, words)
    tables = {name: words[name + "s"] for name in ("act", "feeling", "turn", "ending")}
    supply: dict[str, list[str]] = {name: draw(rng, table, len(table)) for name, table in tables.items()}

    def find(name: str) -> str:
        """The value of a field. Acts, feelings, turns and endings are used up as the poem asks for them, so that none comes twice."""
        return supply[name].pop() if name in supply else look[name]

    shape = rng.choice(words["verse shapes"])
    title = title_case(fill(rng, rng.choice(words["verse titles"]), look))
    return title + "\n\n" + "\n".join(fill(rng, line, find) for line in shape)


def _things(rng: random.Random, words: Words) -> dict[str, str]:
    """Three different things as {a}, {b}, {c}, each with three things that it does: {a.does}, {a.more}, {a.last}."""
    look: dict[str, str] = {}
    for key, thing in zip("abc", draw(rng, list(words["things"]), 3), strict=True):
        does, more, last = draw(rng, words["things"][thing], 3)
        look |= {key: thing, f"{key}.does": does, f"{key}.more": more, f"{key}.last": last}
    return look


FORMS: dict[str, Form] = {"free_verse": free_verse, "haiku": haiku, "story": story, "song": song}
