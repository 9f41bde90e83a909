"""Cuts a text of any length into documents of at most `LONG` characters, at the best borders.

Separators such as <|endoftext|> always end a document. A longer text is cut before its headings, those of the highest level first, then
at blank lines, lines, sentences and words. Neighbouring parts that fit into one document stay together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from minigpt.corpus.own.outline import DEEPEST, Outline, Section
from minigpt.corpus.own.separators import END, parted

LONG = 2000  # characters; a shorter text is one document
BORDERS = tuple(
    map(
        re.compile,
        (
            r"(\n[^\S\n]*\n)",  # blank lines
            r"(\n)",
            r"((?<=[.!?])\s|(?<=[\u3002\uff01\uff1f]))",  # ends of sentences; in Chinese and Japanese no blank follows
        ),
    )
)


def cut(blocks: Iterable[str]) -> Iterator[str]:
    """The documents, each as soon as it is complete: memory holds at most two blocks and one document."""
    outline = Outline()
    waiting: Sequence[Section] = []
    for block in parted(blocks):
        *ended, rest = block.split(END)
        for text in ended:
            yield from map(as_text, cut_sections(joined(waiting, outline.sections(text, last=True))))
            outline, waiting = Outline(), []
        *whole, waiting = cut_sections(joined(waiting, outline.sections(rest)))
        yield from map(as_text, whole)


def as_text(sections: Iterable[Section]) -> str:
    """The text of the sections."""
    return "".join(text for _, text in sections)


def joined(before: Sequence[Section], after: Sequence[Section]) -> list[Section]:
    """Two runs of sections as one, without empty ones; the first of `after` continues the last of `before`."""
    *whole, (rank, text) = before or [(0, "")]
    return [section for section in (*whole, (rank, text + after[0][1]), *after[1:]) if section[1]]


def cut_sections(sections: Sequence[Section], rank: int = 1) -> Iterator[Sequence[Section]]:
    """Documents from sections in order: each section with its subsections, joined with its neighbours while they fit. One that is
    too long by itself is cut at the next level."""
    if sum(len(text) for _, text in sections) <= LONG:
        yield sections
    elif rank > DEEPEST:
        for _, text in sections:  # exactly one
            yield from ([(0, piece)] for piece in join_parts(text, BORDERS))
    else:
        together, length = list[Section](), 0
        for part in at_rank(sections, rank):
            size = sum(len(text) for _, text in part)
            if together and length + size > LONG:
                yield from cut_sections(together, rank + 1)
                together, length = [], 0
            together += part
            length += size
        yield from cut_sections(together, rank + 1)


def at_rank(sections: Sequence[Section], rank: int) -> Iterator[Sequence[Section]]:
    """The sections in groups, each except the first starting with a heading of this rank or a higher one."""
    starts = [number for number, (its, _) in enumerate(sections) if number == 0 or 1 <= its <= rank]
    for start, end in zip(starts, [*starts[1:], len(sections)], strict=True):
        yield sections[start:end]


def join_parts(text: str, borders: Sequence[re.Pattern[str]]) -> Iterator[str]:
    """Cut at the first kind of border and rejoin neighbours while they fit. A part that is too long by itself is cut at the next kind,
    finally between words. Overlong white space is dropped."""
    if len(text) <= LONG:
        yield text
    elif not borders:
        yield from cut_words(text)
    else:
        joined = ""
        for part in borders[0].split(text):
            if len(joined) + len(part) > LONG:
                if not joined.isspace() and joined:
                    yield from join_parts(joined, borders[1:])
                    joined = ""
                elif len(joined) > LONG:
                    joined = ""
            joined += part
        yield from join_parts(joined, borders[1:])


def cut_words(text: str) -> Iterator[str]:
    """Parts of at most LONG characters that end with a blank, or anywhere in an endless word."""
    start = 0
    while len(text) - start > LONG:
        end = text.rfind(" ", start, start + LONG) + 1 or start + LONG
        yield text[start:end]
        start = end
    yield text[start:]
