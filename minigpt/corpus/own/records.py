"""Reads .jsonl files as records, and takes the texts from one column of any file's records.

A record that cannot be read is skipped and reported to `skip`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice

from minigpt.corpus.own.columns import choose
from minigpt.corpus.own.dialogues import conversation, text_columns, with_pair
from minigpt.corpus.own.separators import split_texts

LONGEST = 2**22  # most characters of a record
SAMPLE, SAMPLE_LETTERS = 100, 2**20  # records by which the text column is chosen, and most characters of them

SHOWN = 5  # columns listed for a record without text

Record = tuple[int, Mapping[str, str]]  # line number, text columns
Skip = Callable[[str], None]


def lines(blocks: Iterable[str], name: str, skip: Skip) -> Iterator[tuple[int, str]]:
    """(number, line without its end) of every line with at most LONGEST characters; the others are skipped."""
    number, line, fits = 0, "", True
    for block in chain(blocks, ["\n"]):
        *ended, rest = block.split("\n")
        for part in ended:
            number += 1
            if fits and len(line) + len(part) <= LONGEST:
                yield number, line + part
            else:
                skip(f"{name}, line {number} has more than {LONGEST:,} characters")
            line, fits = "", True
        fits = fits and len(line) + len(rest) <= LONGEST
        line = line + rest if fits else ""


def json_records(blocks: Iterable[str], name: str, skip: Skip) -> Iterator[Record]:
    """The objects of a .jsonl file, and its lists of turns."""
    for number, line in lines(blocks, name, skip):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            skip(f"{name}, line {number} is not JSON: column {error.colno}: {error.msg}")
            continue
        except (ValueError, RecursionError) as error:  # a number that is too long; brackets nested too deeply
            skip(f"{name}, line {number} is not readable JSON: {error}")
            continue
        if dialogue := conversation(value):
            value = {"messages": dialogue}
        if not isinstance(value, dict):
            skip(f"{name}, line {number}: expected an object, got {type(value).__name__}")
            continue
        if columns := text_columns(value):
            yield number, columns
        else:
            found = ", ".join(f"{key!r} is {kind(item)}" for key, item in islice(value.items(), SHOWN))
            skip(f"{name}, line {number} has no text: {found or 'the object is empty'}")


def is_json_object(line: str) -> bool:
    """Whether a line is one record of a .jsonl file."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def kind(value: object) -> str:
    """What a JSON value is, in words."""
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object without text"}
    return names.get(type(value), "null")


def column_texts(records: Iterator[Record], name: str, column: str | None, skip: Skip) -> tuple[str, Iterator[str]]:
    """A description of the text column, and its texts, each split at separators."""
    paired = ((number, with_pair(record)) for number, record in records)
    sample: list[Record] = []
    length = 0
    for number, record in paired:
        sample.append((number, record))
        length += sum(len(key) + len(text) for key, text in record.items())
        if len(sample) == SAMPLE or length > SAMPLE_LETTERS:
            break
    column, said = choose([record for _, record in sample], column, name)
    return said, _texts(chain(sample, paired), name, column, skip)


def _texts(records: Iterable[Record], name: str, column: str, skip: Skip) -> Iterator[str]:
    for number, record in records:
        text = record.get(column)
        if text is None:
            skip(f"{name}, line {number} has no text in the column {column!r}")
        elif any("\ud800" <= c <= "\udfff" for c in text):
            skip(f"{name}, line {number}: the text contains half a surrogate pair, which UTF-8 cannot encode")
        elif "\0" in text:
            skip(f"{name}, line {number}: the text contains a NUL character")
        else:
            yield from split_texts(text)
