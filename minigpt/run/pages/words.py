"""A text -> its words, without case and punctuation: the unit in which copying is measured."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import regex

# Scripts that put no spaces between words: each of their characters, with its marks, counts as a word.
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
SPACED = rf"[[\p{{L}}\p{{N}}\p{{M}}]--[{UNSPACED}]]"
WORD = regex.compile(rf"[{UNSPACED}]\p{{M}}*|{SPACED}+(?:['\u2019]{SPACED}+)*", regex.VERSION1)
ASCII_WORD = re.compile(r"[A-Za-z0-9]+(?:'[A-Za-z0-9]+)*")  # the same in ASCII text, several times as fast


class Spot(NamedTuple):
    """A word and where it stands in its text, in characters."""

    word: str
    start: int
    stop: int


def words(text: str) -> list[str]:
    """The words of a text as they are written."""
    return (ASCII_WORD if text.isascii() else WORD).findall(text)


def spots(text: str) -> list[Spot]:
    """The words of a text in lower case, with their places."""
    found: Any = (ASCII_WORD if text.isascii() else WORD).finditer(text)
    return [Spot(folded(match.group()), *match.span()) for match in found]


def folded(word: str) -> str:
    """A word without differences of case and apostrophe."""
    return word.casefold().replace("\u2019", "'")


class Numbers(dict[str, int]):
    """A word as it is written -> the number of its lower-case form; -1 for an unknown one."""

    def __init__(self, known: dict[str, int]) -> None:
        super().__init__()
        self.known = known
        self.of: Callable[[str], int] = self.__getitem__

    def __missing__(self, word: str) -> int:
        number = self.known.get(folded(word), -1)
        if len(self) < 2**20:
            self[word] = number
        return number
