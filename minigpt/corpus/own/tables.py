"""Reads .csv and .tsv files as records, with whatever delimiter.

The delimiter is the one of , ; tab | that gives the first rows the most uniform width; a first line such as `sep=;` (Excel's) overrides
this. If none fits, each line is one text, commas and all. The first row names the columns unless it looks like data; then they are
numbered. A file with mismatched quotes is refused, because there is no telling where its records end.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from statistics import fmean
from typing import NamedTuple, NoReturn

from minigpt.corpus.own.columns import SENTENCE, is_date, is_link, looks_like_data, words
from minigpt.corpus.own.records import LONGEST, Record, Skip, lines
from minigpt.corpus.words import load_words
from minigpt.errors import MinigptError

DELIMITERS = ",;\t|"
NO_DELIMITER = "\x1f"  # of a file with one column
LOOK_LINES, LOOK_LETTERS = 200, 2**18  # lines and characters by which the delimiter is found
PROSE = 0.9  # if this share of delimiters is followed by a space, they are commas in prose
LONG_NAME = 8  # least words of a cell that cannot be a column name
SHORT_NAME = 2  # most words of an unknown name for a single column
IDENTIFIER = re.compile(r"[^\W\d]\w{0,30}")  # a column name as programs write it
SEPARATOR_LINE = re.compile(r'"?sep=(\t|[^\w\s"])"?\s*', re.IGNORECASE)

Line = tuple[int, str]  # number, text


class Dialect(NamedTuple):
    """How a file separates its columns."""

    delimiter: str
    quoted: bool = True

    def rows(self, text: Iterable[str], blanks: bool = False) -> Iterator[list[str]]:
        """The rows in lines of text; `blanks` keeps spaces after delimiters. csv.Error if quotes do not match."""
        return csv.reader(
            text,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
            strict=True,
            skipinitialspace=not blanks,
        )


def csv_records(blocks: Iterable[str], name: str, skip: Skip, asked: str | None = None) -> tuple[str, Iterator[Record]]:
    """A description of the table, and its rows. asked: a column that it should have."""

    def refuse(reason: str) -> NoReturn:
        raise MinigptError(f"{reason}; split it, or check its quotes")

    csv.field_size_limit(LONGEST)
    text = lines(blocks, name, refuse)
    first = next((line for line in text if line[1].strip()), None)
    told = SEPARATOR_LINE.fullmatch(first[1]) if first else None
    beginning = look(chain([first] if first and not told else [], text))
    if not beginning:
        return "", iter(())
    sample = [line + "\n" for _, line in beginning]
    dialect = Dialect(told[1]) if told else find_dialect(sample, asked)
    headed = is_headed(parse(sample, dialect)[0], asked)
    rows = read_rows(chain(beginning, text), beginning[0][0], name, dialect, headed, skip)
    return "" if headed else "its first row has no names, so columns are numbered", rows


def look(text: Iterator[Line]) -> list[Line]:
    """The first lines of a file, enough to determine its format."""
    beginning, length = [], 0
    for number, line in text:
        beginning.append((number, line))
        length += len(line)
        if len(beginning) == LOOK_LINES or length > LOOK_LETTERS:
            break
    return beginning


def find_dialect(sample: Sequence[str], asked: str | None) -> Dialect:
    """The dialect of the file that begins with these lines."""
    best, most = None, (-1.0, 0.0, 0)
    for dialect in (*map(Dialect, DELIMITERS), Dialect("\t", quoted=False)):
        rows, sound = parse(sample, dialect)
        width = len(rows[0]) if rows else 0
        if width < 2 or (not sound and dialect == Dialect("\t")):  # many programs do not escape quotes in .tsv files
            continue
        agreeing = sum(len(row) == width for row in rows) / len(rows)
        spaced = blank_share(sample, dialect)
        is_table = has_name(rows[0], asked) or (spaced < PROSE and (agreeing > 0.5 or is_header(rows[0], asked)))
        if is_table and (agreeing, -spaced, width) > most:
            best, most = dialect, (agreeing, -spaced, width)
    return best or Dialect(NO_DELIMITER, quoted=parse(sample, Dialect(NO_DELIMITER))[1])


def parse(sample: Sequence[str], dialect: Dialect, blanks: bool = False) -> tuple[list[list[str]], bool]:
    """The rows in a file's first lines, up to the first bad quote, and whether there is none. The last row may be truncated."""
    rows: list[list[str]] = []
    try:
        rows.extend(row for row in dialect.rows(sample, blanks) if row)
    except csv.Error as error:
        is_cut_off = len(sample) >= LOOK_LINES or sum(map(len, sample)) > LOOK_LETTERS
        return rows, is_cut_off and "unexpected end" in str(error)
    return rows, True


def blank_share(sample: Sequence[str], dialect: Dialect) -> float:
    """The share of delimiters outside quotes with a space after them."""
    following = [cell for row in parse(sample, dialect, blanks=True)[0] for cell in row[1:]]
    return sum(cell.startswith(" ") for cell in following) / max(1, len(following))


def has_name(row: Sequence[str], asked: str | None) -> bool:
    """Whether a cell is the column `asked` for, or a common column name."""
    known = {*load_words("own")["text columns"], *load_words("own")["other columns"]}
    return any((cell.strip() == asked and not cell.strip().isdigit()) or cell.strip().lower() in known for cell in row)


def is_headed(rows: Sequence[Sequence[str]], asked: str | None) -> bool:
    """Whether the first row names columns. The name of a single column must be common, or short while the texts are not."""
    first, *others = rows or [[]]
    if len(first) != 1 or not others or has_name(first, asked):
        return is_header(first, asked)
    return is_header(first, asked) and words(first[0]) <= SHORT_NAME and fmean(words(" ".join(row)) for row in others) > 2 * SHORT_NAME


def is_header(row: Sequence[str], asked: str | None) -> bool:
    """Whether a row names columns: it has a common name, or no number, date, link or sentence, and not only codes."""
    filled = [cell for cell in row if cell.strip()]
    codes = [cell for cell in filled if looks_like_data(cell) and not IDENTIFIER.fullmatch(cell.strip())]
    return has_name(row, asked) or not (any(map(is_no_name, filled)) or len(codes) == len(filled))


def is_no_name(cell: str) -> bool:
    """Whether a cell cannot be a column name. A question may be one, in exported forms."""
    if not any(map(str.isalpha, cell)) or is_date(cell) or is_link(cell):
        return True
    if cell.rstrip().endswith("?"):
        return False
    return words(cell) >= LONG_NAME or ", " in cell or (words(cell) > 1 and bool(SENTENCE.search(cell)))


def read_rows(text: Iterable[Line], first: int, name: str, dialect: Dialect, headed: bool, skip: Skip) -> Iterator[Record]:
    """The rows as records, keyed by the first row's names or by numbers from 1. first: the line where the table begins."""
    length, place = 0, first - 1  # characters of the current record; number of the last line read

    def feed() -> Iterator[str]:
        nonlocal length, place
        for place, line in text:
            length += len(line) + 1
            if length > LONGEST:
                raise MinigptError(f"{name}, line {place}: the record has more than {LONGEST:,} characters; split it, or check its quotes")
            yield line + "\n"

    names: list[str] | None = None
    number = first  # line where the current record begins
    try:
        for row in dialect.rows(feed()):
            if names is None:
                names = unique_names(row) if headed else [str(column) for column in range(1, len(row) + 1)]
                if not headed:
                    yield number, dict(zip(names, row, strict=True))
            elif len(row) == len(names):
                yield number, dict(zip(names, row, strict=True))
            elif row:
                remedy = f"; texts with {dialect.delimiter!r} in them need quotes" if len(row) > len(names) else ""
                skip(f"{name}, line {number} has {len(row)} columns, the first row has {len(names)}{remedy}")
            length, number = 0, place + 1
    except csv.Error as error:
        raise MinigptError(f"{name}, line {number} is not CSV: {error}; check its quotes") from error


def unique_names(header: Sequence[str]) -> list[str]:
    """The column names; empty and repeated ones get the column's number."""
    names: dict[str, None] = {}
    for number, cell in enumerate(header, 1):
        name = cell.strip()
        names[f"{name} {number}".strip() if not name or name in names else name] = None
    return list(names)
