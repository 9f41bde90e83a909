"""Texts and a training text -> what of them is copied from it, and from where.

A word is copied if it stands in a run of at least RUN words that also stand in a row in one training document; case and punctuation do
not count. This is exact, for runs of any length. The texts, which are few, become a suffix automaton (Blumer et al. 1985), the smallest
machine that knows all their substrings; each document is read through it once, whatever its length. Every state keeps the longest match
that was seen there, and its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minigpt.corpus.gather import CORPUS
from minigpt.disk.files import LIMIT, open_to_read
from minigpt.disk.jsontext import decoded, json_object
from minigpt.disk.schema import validate
from minigpt.run.pages.words import Numbers, Spot, spots, words

RUN = 8  # words: shorter runs are also common between texts whose writers never met
HELD_OUT_MARK = b'"split": "held_out"'  # unescaped, it stands in no text of a JSON line


@dataclass(frozen=True)
class Document:
    """A line of corpus.jsonl."""

    number: int  # the line, from 1
    text: str
    about: dict[str, Any]  # source, form, file, ...
    learned: bool


def documents(folder: Path, held_out_alone: bool = False) -> Iterator[Document]:
    """The documents of a run's corpus; MinigptError if it is missing or damaged."""
    path, number = folder / CORPUS, 0
    with open_to_read(path) as lines:
        while line := lines.readline(LIMIT):
            number += 1
            if held_out_alone and HELD_OUT_MARK not in line:
                continue
            yield _document(line, number, path)


def numbered(folder: Path, numbers: set[int]) -> dict[int, Document]:
    """The documents of these lines of a run's corpus."""
    found, last = {}, max(numbers, default=0)
    path = folder / CORPUS
    with open_to_read(path) as lines:
        for number in range(1, last + 1):
            line = lines.readline(LIMIT)
            if number in numbers:
                found[number] = _document(line, number, path)
    return found


def _document(line: bytes, number: int, path: Path) -> Document:
    """A line of corpus.jsonl, read."""
    found = validate(json_object(decoded(line, path), path), {"text": str, "split": str}, path)
    about = {name: value for name, value in found.items() if name not in ("text", "split")}
    return Document(number, found["text"], about, found["split"] == "train")


class Automaton:
    """The suffix automaton of several texts of word numbers. State 0 is the empty string; `follow[s]` maps a number to the next state."""

    def __init__(self, texts: Iterable[Sequence[int]]) -> None:
        self.follow: list[dict[int, int]] = [{}]
        self.link, self.length = [-1], [0]
        self.ends: list[list[int]] = []  # for each text, the state after each word
        last, border = 0, -2
        for text in texts:
            ends = []
            for number in text:
                last = self._extend(last, number)
                ends.append(last)
            last, border = self._extend(last, border), border - 1  # a number of its own: no match crosses it
            self.ends.append(ends)
        self.best = [0] * len(self.length)  # words of the longest match seen in a state
        self.where = [(0, 0)] * len(self.length)  # its document, and the place of its last word

    def _extend(self, last: int, number: int) -> int:
        """The state of everything so far and one more number."""
        follow, link, length = self.follow, self.link, self.length
        new = self._state({}, 0, length[last] + 1)
        while last >= 0 and number not in follow[last]:
            follow[last][number] = new
            last = link[last]
        if last < 0:
            return new
        old = follow[last][number]
        if length[old] == length[last] + 1:
            link[new] = old
            return new
        copy = self._state(dict(follow[old]), link[old], length[last] + 1)
        while last >= 0 and follow[last].get(number) == old:
            follow[last][number] = copy
            last = link[last]
        link[old] = link[new] = copy
        return new

    def _state(self, follow: dict[int, int], link: int, length: int) -> int:
        self.follow.append(follow)
        self.link.append(link)
        self.length.append(length)
        return len(self.follow) - 1

    def read(self, numbers: Iterable[int], document: int) -> None:
        """Note the longest matches in a document."""
        follow, link, length, best, where = self.follow, self.link, self.length, self.best, self.where
        state = matched = 0
        for place, number in enumerate(numbers):
            if number < 0:
                state = matched = 0
                continue
            found = follow[state].get(number)
            while found is None and state:
                state = link[state]
                matched = length[state]
                found = follow[state].get(number)
            if found is None:
                continue
            state, matched = found, matched + 1
            if matched > best[state]:
                best[state], where[state] = matched, (document, place)

    def settle(self) -> None:
        """Pass each match on to the states of its endings: whoever saw a long match saw these too."""
        for state in sorted(range(1, len(self.length)), key=self.length.__getitem__, reverse=True):
            shorter = self.link[state]
            if self.best[state] and self.best[shorter] < self.length[shorter]:
                self.best[shorter], self.where[shorter] = self.length[shorter], self.where[state]

    def matches(self, text: int) -> list[tuple[int, int, int]]:
        """For each word of a text: words of the longest match that ends there, its document, and the place of its last word."""
        found = []
        for state in self.ends[text]:
            while not self.best[state] and state > 0:
                state = self.link[state]
            found.append((self.best[state], *self.where[state]))
        return found


@dataclass(frozen=True)
class Copy:
    """A run of words that also stands in a training document. Places are words, from 0."""

    start: int
    stop: int
    document: int  # its line in corpus.jsonl
    source_start: int

    @property
    def length(self) -> int:
        """Words."""
        return self.stop - self.start


@dataclass
class Likeness:
    """What a text shares with the training text."""

    text: str
    spots: list[Spot]
    reach: list[int]  # for each word: the words of the longest match that ends there
    copies: list[Copy] = field(default_factory=list)  # those of at least RUN words that no longer one contains, in their order
    longest: Copy | None = None  # of any length

    @property
    def copied(self) -> int:
        """Words in passages of at least RUN words."""
        return sum(stop - start for start, stop in self.stretches())

    @property
    def share(self) -> float:
        """The copied share of the words."""
        return self.copied / len(self.spots) if self.spots else 0.0

    def stretches(self) -> list[tuple[int, int]]:
        """The copied words: (first, one past the last), overlapping copies united."""
        united: list[tuple[int, int]] = []
        for copy in self.copies:
            if united and copy.start <= united[-1][1]:
                united[-1] = (united[-1][0], max(united[-1][1], copy.stop))
            else:
                united.append((copy.start, copy.stop))
        return united

    def quoted(self, copy: Copy) -> str:
        """A run as it is written in the text."""
        return self.text[self.spots[copy.start].start : self.spots[copy.stop - 1].stop]

    def pieces(self) -> list[tuple[str, bool]]:
        """The text in pieces, each with whether it is copied; where no run is long enough to count, the longest is told apart."""
        alone = [(self.longest.start, self.longest.stop)] if self.longest else []
        return marked(self.text, self.spots, self.stretches() or alone)


def marked(text: str, where: Sequence[Spot], stretches: Iterable[tuple[int, int]]) -> list[tuple[str, bool]]:
    """A text in pieces, each with whether it lies in one of the stretches of words."""
    pieces, at = [], 0
    for first, end in stretches:
        start, stop = where[first].start, where[end - 1].stop
        pieces += [(text[at:start], False), (text[start:stop], True)]
        at = stop
    return [piece for piece in [*pieces, (text[at:], False)] if piece[0]]


def compare(texts: Sequence[str], corpus: Iterable[Document]) -> list[Likeness]:
    """What each text shares with the training documents of a corpus."""
    found = [spots(text) for text in texts]
    known: dict[str, int] = {}
    automaton = Automaton([[known.setdefault(spot.word, len(known)) for spot in text] for text in found])
    numbers = Numbers(known)
    for document in corpus:
        if document.learned:
            automaton.read(map(numbers.of, words(document.text)), document.number)
    automaton.settle()
    return [likeness(text, places, automaton.matches(i)) for i, (text, places) in enumerate(zip(texts, found, strict=True))]


def likeness(text: str, places: list[Spot], matches: Sequence[tuple[int, int, int]]) -> Likeness:
    """The likeness of a text, from the longest match that ends at each of its words."""
    copies = [Copy(end - n + 1, end + 1, document, place - n + 1) for end, (n, document, place) in enumerate(matches) if n]
    whole = [copy for i, copy in enumerate(copies) if i + 1 == len(copies) or copies[i + 1].start > copy.start]
    longest = max(copies, key=lambda copy: copy.length, default=None)
    return Likeness(text, places, [n for n, _, _ in matches], [copy for copy in whole if copy.length >= RUN], longest)


def shares(texts: Sequence[Likeness], most: int) -> list[float]:
    """For n = 1 to `most`: the share of the texts' n-word sequences that stand in the training text; NaN where they have none."""
    reach = [np.array(text.reach) for text in texts]
    found = []
    for n in range(1, most + 1):
        ends = np.concatenate([some[n - 1 :] for some in reach]) if reach else np.zeros(0)
        found.append(float((ends >= n).mean()) if len(ends) else float("nan"))
    return found
