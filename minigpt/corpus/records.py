"""The text of a .jsonl or .csv file, block by block -> the texts in one of its columns, a record at a time.

A record that cannot be read is skipped and told to `skip`; a .csv whose quotes are wrong is refused, because behind them nobody knows
where a record ends.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from minigpt.errors import MinigptError

LONGEST = 2**22  # characters of a record
SAMPLE = 100  # records that decide which column has the texts
DELIMITERS = ",;\t|"

Record = tuple[int, dict[str, str]]  # line number, the columns that are text
Skip = Callable[[str], None]


def lines(blocks: Iterable[str], name: str, skip: Skip) -> Iterator[tuple[int, str]]:
    """(number, line without its end) of every line of at most LONGEST characters."""
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
    """The objects of a .jsonl file."""
    for number, line in lines(blocks, name, skip):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            skip(f"{name}, line {number} is not JSON: column {error.colno}: {error.msg}")
            continue
        except (ValueError, RecursionError) as error:  # a number that is too long; brackets in brackets in brackets
            skip(f"{name}, line {number} is not JSON that can be read: {error}")
            continue
        if not isinstance(value, dict):
            skip(f"{name}, line {number}: wanted an object, got {type(value).__name__}")
            continue
        yield number, {key: text for key, text in value.items() if isinstance(text, str)}


def csv_records(blocks: Iterable[str], name: str, skip: Skip) -> Iterator[Record]:
    """The rows of a .csv file whose first row names the columns; they are parted by the one of , ; tab | that the first row has most."""

    length = 0  # of the record that is being read

    def refuse(reason: str) -> None:
        raise MinigptError(f"{reason}; split it, or check its quotes")

    def feed() -> Iterator[str]:
        nonlocal length
        for number, line in rows_of_text:
            length += len(line) + 1
            if length > LONGEST:
                refuse(f"{name}, line {number}: the record has more than {LONGEST:,} characters")
            yield line + "\n"

    rows_of_text = lines(blocks, name, refuse)
    first = next((row for row in rows_of_text if row[1].strip()), None)
    if first is None:
        return
    rows_of_text = chain([first], rows_of_text)
    csv.field_size_limit(LONGEST)
    reader = csv.reader(feed(), delimiter=max(DELIMITERS, key=first[1].count), strict=True)
    before = first[0] - 1
    number = first[0]  # where the record begins
    try:
        header = next(reader)
        number = before + reader.line_num + 1
        for row in reader:
            if len(row) == len(header):
                yield number, dict(zip(header, row, strict=True))
            elif row:
                skip(f"{name}, line {number} has {len(row)} columns, the first row has {len(header)}")
            length, number = 0, before + reader.line_num + 1
    except csv.Error as error:
        raise MinigptError(f"{name}, line {number} is not CSV: {error}; check its quotes") from error


def column_texts(records: Iterator[Record], name: str, column: str | None, usual: str | None, skip: Skip) -> tuple[str, Iterator[str]]:
    """The column that has the texts, and the texts. It is the one asked for, else the `usual` one, else that of the longest on average."""
    sample: list[Record] = []
    lengths: Counter[str] = Counter()
    for number, record in records:
        sample.append((number, record))
        lengths.update({key: 0 if _is_number(text) else len(text) for key, text in record.items()})
        if len(sample) == SAMPLE or lengths.total() > LONGEST:
            break
    known = ", ".join(repr(key) for key in sorted(lengths)) or "none"
    if column is None:
        column = usual if usual in lengths else max(sorted(lengths), key=lambda key: lengths[key], default=None)
        if sample and (column is None or not lengths[column]):
            raise MinigptError(f"{name} has no column with text; it has: {known}")
    elif sample and column not in lengths:
        raise MinigptError(f"{name} has no column {column!r} with text; it has: {known}")
    return column or "", _texts(chain(sample, records), name, column or "", skip)


def _texts(records: Iterable[Record], name: str, column: str, skip: Skip) -> Iterator[str]:
    for number, record in records:
        text = record.get(column)
        if text is None:
            skip(f"{name}, line {number} has no text in the column {column!r}")
        elif any("\ud800" <= c <= "\udfff" for c in text):
            skip(f"{name}, line {number}: the text holds half of a surrogate pair, which no file can store")
        elif "\0" in text:
            skip(f"{name}, line {number}: the text holds a zero character")
        else:
            yield text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
