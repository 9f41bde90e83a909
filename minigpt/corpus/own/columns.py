"""Finds the text column of a table from its first records.

A column whose name says that it holds text (corpus/tables/own.json, in order of preference) is preferred to one that only looks like
prose. Columns of numbers, dates, links, ids, JSON or a few repeated labels are never chosen. The length of the texts does not matter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from statistics import fmean

from minigpt.corpus.own.dialogues import Dialogue
from minigpt.corpus.words import load_words
from minigpt.errors import MinigptError

LOOK = 2000  # characters of a text that are examined
ALIKE = 0.8  # a column with this share of the best score is mentioned too
LABELS, FEW_WORDS = 4, 4  # labels: least repetitions, most words
A_TEXT = 3  # least mean words of a column whose name only contains such a name, as review_body or data.text
WORD = re.compile(r"[^\W\d_]+")
LETTERS_A_WORD = 6  # in languages written without spaces
SENTENCE = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"')\]\u201d\u2019\u00bb]*(?:\s|$)")
LINK = re.compile(r"(?:\w+:/|www\.|mailto:|data:)\S+|[^\s@]+@[^\s@]+\.\w+")
CODE, CODE_LENGTH = frozenset("0123456789_/\\=+@"), 25  # characters of ids, paths, hashes and base64; a length that no word has
LONGEST_DATE = 50
SHOWN, WIDEST = 20, 60  # column names, and characters of each
STRUCTURE = re.compile(r"[\[{]\s*[\"'\d{\[\]}-]")  # how JSON and Python lists begin
PARTS_OF_NAMES = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])")


def choose(sample: Sequence[Mapping[str, str]], asked: str | None, name: str) -> tuple[str, str]:
    """The text column and its description for the plan; MinigptError if there is none, or not the one `asked` for."""
    columns: dict[str, list[str]] = {}
    for record in sample:
        for key, text in record.items():
            columns.setdefault(key, []).extend([text] if text.strip() else [])
    known = listed(sorted(columns), ", ") or "none"
    if asked is not None:
        if sample and asked not in columns:
            raise MinigptError(f"{name} has no column {asked!r} with text; it has: {known}")
        return asked, f"column {asked!r}"
    data = {key for key, texts in columns.items() if is_data(texts)}
    scores = {key: 0.0 if key in data else sum(map(prose, texts)) / len(sample) for key, texts in columns.items()}
    for candidates in ([key for key in columns if scores[key]], [key for key in columns if any(map(has_letters, columns[key]))]):
        ranks = {key: place for key in candidates if (place := rank(key, columns[key]))}
        if ranks:
            named = min(ranks, key=lambda key: ranks[key])
            first = columns[named][0]
            return named, f"column {named!r}" + (f", {first.said}" if isinstance(first, Dialogue) else "")
        if any(scores.values()) or len(candidates) == 1:
            best = max(candidates, key=lambda key: scores[key])
            alike = [key for key in candidates if key != best and scores[key] >= ALIKE * scores[best]]
            return best, f"column {best!r}" + (f"; {listed(alike, ' and ')} would also do; to choose: --column" if alike else "")
    if sample:
        raise MinigptError(f"{name} has no column with text; it has: {known}; to read one anyway, name it with --column")
    return "", ""


def listed(names: Sequence[str], between: str) -> str:
    """The first few names, in quotation marks."""
    return between.join([*(repr(name[:WIDEST]) for name in names[:SHOWN]), *(["..."] if len(names) > SHOWN else [])])


def rank(name: str, texts: Sequence[str]) -> tuple[int, int] | None:
    """How clearly a column's name says that it holds text, lower is better; None if it does not."""
    names: Sequence[str] = load_words("own")["text columns"]
    if name.strip().lower() == names[0]:
        return 0, 0
    if any(isinstance(text, Dialogue) for text in texts):
        return 1, 0
    outer, _, inner = name.strip().lower().rpartition(".")
    if inner in names and not outer:
        return 2, names.index(inner)
    if fmean(map(words, texts)) < A_TEXT:
        return None
    if inner in names:
        return 3, names.index(inner)
    parts = [part.lower() for part in PARTS_OF_NAMES.findall(name)]
    places = [names.index(part) for part in parts if part in names]
    return (4, min(places)) if places else None


def is_data(texts: Sequence[str]) -> bool:
    """Whether a column holds mostly data or labels."""
    if sum(map(looks_like_data, texts)) * 2 >= len(texts):
        return True
    return len(texts) >= LABELS and 2 * len(set(texts)) <= len(texts) and fmean(map(words, texts)) < FEW_WORDS


def prose(text: str) -> float:
    """How much a text looks like prose: 0 for data, more for words, most for sentences."""
    if looks_like_data(text):
        return 0.0
    text = text.strip()[:LOOK]
    count = words(text)
    score = math.log2(1 + count)
    if SENTENCE.search(text):
        score *= 2
    elif 3 * sum(map(text.count, ",;|")) > count:  # a list of tags
        score /= 3
    plain = sum(c.isalpha() or c.isspace() for c in text)
    return score if plain > 0.6 * len(text) else score / 3


def has_letters(text: str) -> bool:
    """Whether a text is more than a number."""
    return any(map(str.isalpha, text)) and text.strip().lower() not in load_words("own")["no values"]


def words(text: str) -> int:
    """The number of words in the first LOOK characters, estimated for languages without spaces."""
    found = WORD.findall(text[:LOOK])
    return max(len(found), sum(map(len, found)) // LETTERS_A_WORD)


def looks_like_data(text: str) -> bool:
    """Whether a text is a number, a date, a link, an identifier, a hash, base64, JSON, or a list of such."""
    text = text.strip()
    structured = STRUCTURE.match(text) and text[-1] in "]}"
    text = text[:LOOK]
    if structured or not has_letters(text):
        return True
    return is_date(text) or all(is_link(part) or is_code(part) for part in text.split())


def is_code(word: str) -> bool:
    """Whether a word is an identifier, a path, a hash or base64."""
    return word.isascii() and (len(word) >= CODE_LENGTH or not CODE.isdisjoint(word))


def is_link(text: str) -> bool:
    """Whether a text is a web or e-mail address."""
    return len(text) <= LOOK and bool(LINK.fullmatch(text.strip()))


def is_date(text: str) -> bool:
    """Whether a text is a date or a time."""
    return len(text) <= LONGEST_DATE and bool(_date().fullmatch(text.strip()))


@cache
def _date() -> re.Pattern[str]:
    """A date with its month in words, or a time: `Mon, 3 Feb 2020 10:00 GMT`, `2020-02-03T10:00Z`, `10:00 am`."""
    month, day = rf"(?:{load_words('own')['months']})[a-z]*\.?", r"\d{1,2}(?:st|nd|rd|th)?"
    time, zone = r"[t ]?\d[\d:.,]*", r" ?(?:[ap]m|[a-z]{1,4}|[+-][\d:]+)"
    return re.compile(
        rf"(?:(?:[a-z]+,? )?(?:{day} {month}|{month} {day}),? \d{{4}}(?:,?{time}(?:{zone}){{,2}})?|[\d/.-]+{time}(?:{zone}){{,2}})",
        re.IGNORECASE,
    )
