"""Splits a corpus: holds out about a tenth of its tokens.

Held-out text decides when training stops and calibrates the model's confidence. Its loss should be that of something new. So of text
that is written for the run, whole ideas are held out (a dish, a plot, an algorithm: grammar.py), drawn before the best documents are
chosen: otherwise half of the held-out sentences would be among those learned.

Of text that streams through, one document is chosen at random from every ten in a row. If those are too long or too short, others are
tried. A document longer than everything due is cut: a passage of it is held out, and the text before and after is trained on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice

import numpy as np

from minigpt.corpus.characters import visible
from minigpt.corpus.documents import Entry
from minigpt.corpus.own.cut import BORDERS

TEN = 10  # one document in this many is held out
LEAST, MOST = 1 / 16, 1 / 6  # bounds of the held-out share of the tokens so far
# Fewest tokens of a corpus for holding some out. Measured at 1,000: stopping and calibrating by 100 held-out tokens cost at most 0.02
# nats after 20 epochs and gained 0.6 after 100; the loss measured on them was off by 0.2 to 0.4.
ENOUGH = 1000
PASSAGE = 1.5  # a passage may be too long or too short by this factor if that makes better borders
ENDS = (*BORDERS, re.compile(r"\s+"))  # borders of a passage, best first
PART, IDEA = "part", "idea"  # keys of an origin: which part of a cut document; what it tells

Encode = Callable[[str], Sequence[int]]  # a text -> its ids, end-of-text included


def hold_out(entries: Sequence[Entry], final_tokens: int, rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """The numbers of the entries to hold out, a tenth of the `final_tokens` to keep, alike of each kind; and of those to learn from."""
    kinds: dict[str, list[int]] = {}
    for i, entry in enumerate(entries):
        kinds.setdefault(entry.document.origin.get("kind", ""), []).append(i)
    apart, rest = list[int](), list[int]()
    for numbers in kinds.values():
        some = hold_out_ideas([entries[i] for i in numbers], final_tokens // len(kinds), rng)
        for all_kinds, chosen in zip((apart, rest), some, strict=True):
            all_kinds += [numbers[i] for i in chosen]
    return sorted(apart), sorted(rest)


def hold_out_ideas(entries: Sequence[Entry], final_tokens: int, rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """The same of one kind: what is held out, and what tells other ideas.

    An entry without an idea is one of its own. An idea that makes up more than MOST of the text is never held out. Nothing is if too
    little would be.
    """
    ideas: dict[Hashable, list[int]] = {}
    for i, entry in enumerate(entries):
        ideas.setdefault(entry.document.origin.get(IDEA, i), []).append(i)
    total, held, chosen, told = tokens(entries), 0, list[int](), set[int]()
    due = min(total, final_tokens) / TEN
    groups = list(ideas.values())
    for group in (groups[i] for i in rng.permutation(len(groups))):
        if held >= due:
            break
        if tokens(entries[i] for i in group) > MOST * total:
            continue
        for i in group:
            if held < due and held + len(entries[i].ids) <= MOST * TEN * due:
                chosen.append(i)
                told |= set(group)
                held += len(entries[i].ids)
    if total < ENOUGH or held < LEAST * TEN * due:
        return [], list(range(len(entries)))
    return sorted(chosen), [i for i in range(len(entries)) if i not in told]


def split(entries: Iterable[Entry], encode: Encode, rng: np.random.Generator) -> Iterator[tuple[Entry, bool]]:
    """Each entry, or the parts of one that was cut, with whether it is held out, as was decided before or is now; none is of those that
    have fewer than ENOUGH tokens together.

    Looks ahead only by ten documents and ENOUGH tokens, so that a corpus can stream through.
    """
    for decided, some in groupby(entries, key=lambda entry: entry.held_out is not None):
        if decided:
            yield from ((entry, bool(entry.held_out)) for entry in some)
        else:
            yield from split_stream(some, encode, rng)


def split_stream(entries: Iterable[Entry], encode: Encode, rng: np.random.Generator) -> Iterator[tuple[Entry, bool]]:
    """The same of entries that are not decided."""
    total = held = 0
    for block in blocks(iter(entries)):
        total += tokens(block)
        chosen, to_cut = choose([len(entry.ids) for entry in block], held, total, rng) if total >= ENOUGH else (set[int](), None)
        held += tokens(block[i] for i in chosen)
        for i, entry in enumerate(block):
            if i == to_cut:
                parts = cut_out(entry, total / TEN - held, encode, rng)
                held += tokens(part for part, out in parts if out)
                yield from parts
            else:
                yield entry, i in chosen


def blocks(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    """Blocks of ten entries, extended by tens until they have ENOUGH tokens."""
    while block := list(islice(entries, TEN)):
        while tokens(block) < ENOUGH and (ten := list(islice(entries, TEN))):
            block += ten
        yield block


def tokens(entries: Iterable[Entry]) -> int:
    """The number of tokens of all entries."""
    return sum(len(entry.ids) for entry in entries)


def choose(lengths: Sequence[int], held: int, total: int, rng: np.random.Generator) -> tuple[set[int], int | None]:
    """The documents of a block to hold out, by their lengths in tokens, and the one to cut because it is too long.

    `held` of the `total` tokens up to the end of this block are held out already.
    """
    chosen = set[int]()
    for first in range(0, len(lengths), TEN):
        count = min(TEN, len(lengths) - first)
        if count < TEN // 2:  # the last few count as ten if there are at least five
            break
        drawn = first + int(rng.integers(count))
        if held + lengths[drawn] <= MOST * total:
            chosen.add(drawn)
            held += lengths[drawn]
    while held < LEAST * total and (rest := [i for i in range(len(lengths)) if i not in chosen]):
        fitting = [i for i in rest if LEAST * total <= held + lengths[i] <= MOST * total]
        i = int(rng.choice(fitting)) if fitting else max(rest, key=lambda i: lengths[i])
        if held + lengths[i] > MOST * total:
            return chosen, i
        chosen.add(i)
        held += lengths[i]
    return chosen, None


def cut_out(entry: Entry, due: float, encode: Encode, rng: np.random.Generator) -> list[tuple[Entry, bool]]:
    """Split a document into the text before a random passage of about `due` tokens, the passage, to hold out, and the text after it."""
    begin, end = passage(entry.document.text, due / len(entry.ids), rng)
    text, document = entry.document.text, entry.document
    pieces = [(text[:begin], False), (text[begin:end], True), (text[end:], False)]
    sound = [(stripped, out) for piece, out in pieces if visible(stripped := piece.rstrip().strip("\n"))]
    parts = [
        replace(document, text=piece, origin=document.origin | {PART: f"{i} of {len(sound)}"}) for i, (piece, _) in enumerate(sound, 1)
    ]
    return [(Entry(part, entry.score, encode(part.text)), out) for part, (_, out) in zip(parts, sound, strict=True)]


def passage(text: str, share: float, rng: np.random.Generator) -> tuple[int, int]:
    """The borders of a random passage of about that share of a text: at paragraphs, or else sentences, or words, or anywhere."""
    wanted = max(1, round(len(text) * share))
    start = int(rng.integers(max(1, len(text) - wanted + 1)))
    for ends in ENDS:
        places = [0, *(found.end() for found in ends.finditer(text)), len(text)]
        near = min(places, key=lambda place: abs(place - start))
        far = min(places, key=lambda place: abs(place - near - wanted))
        if wanted / PASSAGE <= far - near <= wanted * PASSAGE:
            return near, far
    return start, start + wanted
