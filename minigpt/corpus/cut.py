"""A text of any length, block by block -> documents of at most `LONG` characters, cut where it hurts least."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

LONG = 2000  # characters; a shorter text is one document
BORDERS = tuple(
    map(
        re.compile,
        (
            r"((?<=\n)(?=#{1,6} ))",  # before a heading
            r"(\n[^\S\n]*\n)",  # blank lines
            r"(\n)",
            r"((?<=[.!?])\s|(?<=[\u3002\uff01\uff1f]))",  # ends of sentences; those of Chinese and Japanese have no blank behind them
        ),
    )
)


def cut(blocks: Iterable[str]) -> Iterator[str]:
    """The documents, as soon as they are complete: no more than a block and a document are in memory."""
    waiting = ""
    for block in blocks:
        *whole, waiting = join_parts(waiting + block, BORDERS)
        yield from whole
    yield waiting


def join_parts(text: str, borders: Sequence[re.Pattern[str]]) -> Iterator[str]:
    """Cut at the first border and join neighbours again while they fit; a part that is too long by itself is cut at the next border,
    and where no border is left, between words. A flood of white space is dropped."""
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
    """Pieces that end with a blank, or, in a word without an end, at LONG characters."""
    start = 0
    while len(text) - start > LONG:
        end = text.rfind(" ", start, start + LONG) + 1 or start + LONG
        yield text[start:end]
        start = end
    yield text[start:]
