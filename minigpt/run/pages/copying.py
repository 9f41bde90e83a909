"""Texts that a model wrote, and its run's corpus -> how much of them is copied, shown beside its source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from minigpt.errors import counted
from minigpt.run.pages.facts import Tally, title_of
from minigpt.run.pages.novelty import RUN, Copy, Document, Likeness, compare, documents, marked, numbered, shares
from minigpt.run.pages.words import spots

COMPARED = 100  # held-out documents, at most, measured beside the texts
LOOKED_AT = 2000  # of which these are chosen
AROUND = 160  # characters of a source shown before and after what was copied
MOST_WORDS = 16  # in a row, in the plot


@dataclass(frozen=True)
class Shown:
    """A text, and the document that has its longest copied run."""

    seed: int
    likeness: Likeness
    source: str  # the name of the document; "" if no word of the text stands in the training text
    excerpt: list[tuple[str, bool]]  # the document around the run, which is marked

    @property
    def summary(self) -> str:
        """One line."""
        found = self.likeness
        longest = f"longest run {counted(found.longest.length, 'word')}" if found.longest else "no word of it is in the training text"
        return f"{found.share:.0%} copied, {longest}"


@dataclass(frozen=True)
class Copying:
    """What many texts share with the training text, beside what held-out documents share with it."""

    texts: list[Shown]  # the most copied first
    held_out: list[Likeness]
    shares: list[float]
    held_out_shares: list[float]

    @property
    def verdict(self) -> list[str]:
        """The figures in words."""
        likenesses = [shown.likeness for shown in self.texts]
        none = sum(likeness.copied == 0 for likeness in likenesses)
        whole = sum(bool(likeness.spots) and likeness.copied == len(likeness.spots) for likeness in likenesses)
        longest = max((likeness.longest.length for likeness in likenesses if likeness.longest), default=0)
        said = [f"{portion(likenesses):.0%} of the words are copied: they stand in runs of at least {RUN} words that one training document has too."]
        if self.held_out:
            said.append(f"In held-out documents, which the model never saw, it is {portion(self.held_out):.0%}.")
        said.append(f"{counted(none, 'text')} of {len(likenesses)} copy nothing; {counted(whole, 'text')} consist of copied runs alone.")
        said.append(f"The longest copied run has {counted(longest, 'word')}.")
        return said


def portion(texts: Sequence[Likeness]) -> float:
    """The copied share of all words of several texts."""
    return sum(text.copied for text in texts) / max(1, sum(len(text.spots) for text in texts))


def measure(folder: Path, texts: Sequence[str], seed: int, tally: Tally) -> Copying:
    """Compare texts, written with consecutive seeds, and held-out documents with the training text of a run; count its corpus on the way."""
    length = max(RUN, sum(len(spots(text)) for text in texts) // max(1, len(texts)))
    others = [begun(text, length) for text in held_out(folder)]
    found = compare([*texts, *others], tally.over(documents(folder)))
    own, beside = found[: len(texts)], found[len(texts) :]
    sources = numbered(folder, {likeness.longest.document for likeness in own if likeness.longest})
    shown = [Shown(seed + i, likeness, *_source(likeness.longest, sources)) for i, likeness in enumerate(own)]
    shown.sort(key=lambda text: (text.likeness.share, text.likeness.longest.length if text.likeness.longest else 0), reverse=True)
    return Copying(shown, beside, shares(own, MOST_WORDS), shares(beside, MOST_WORDS) if beside else [])


def held_out(folder: Path) -> list[str]:
    """Some of a run's held-out documents, evenly."""
    found = [document.text for document in islice(documents(folder, held_out_alone=True), LOOKED_AT)]
    return found[:: max(1, -(-len(found) // COMPARED))]


def begun(text: str, length: int) -> str:
    """The first words of a text, up to a length."""
    where = spots(text)
    return text if len(where) <= length else text[: where[length - 1].stop]


def _source(copy: Copy | None, sources: dict[int, Document]) -> tuple[str, list[tuple[str, bool]]]:
    """The name of the document that a run is copied from, and the document around the run."""
    if copy is None:
        return "", []
    document = sources[copy.document]
    return title_of(document), excerpt(document.text, copy)


def excerpt(text: str, copy: Copy) -> list[tuple[str, bool]]:
    """A source around what was copied of it, in pieces, each with whether it is the copied run."""
    pieces = marked(text, spots(text), [(copy.source_start, copy.source_start + copy.length)])
    return [(piece if copied else _near(piece, i == 0), copied) for i, (piece, copied) in enumerate(pieces)]


def _near(piece: str, before: bool) -> str:
    """The part of the text around the run that is shown."""
    if len(piece) <= AROUND:
        return piece
    return f"… {piece[-AROUND:]}" if before else f"{piece[:AROUND]} …"


def described(likeness: Likeness, sources: Iterable[Document]) -> list[str]:
    """One text's likeness to the training text, in lines for a terminal."""
    longest, total = likeness.longest, len(likeness.spots)
    if longest is None:
        return [f"{counted(total, 'word')}, none of which is in the training text"]
    [source] = sources
    where = likeness.spots[longest.start].start, likeness.spots[longest.stop - 1].stop
    lines = [f"{likeness.share:.0%} of {counted(total, 'word')} copied in runs of {RUN} or more, {1 - likeness.share:.0%} new"]
    lines.append(f"longest run: {counted(longest.length, 'word')}, as in {title_of(source)}: {likeness.text[slice(*where)]!r}")
    return lines
