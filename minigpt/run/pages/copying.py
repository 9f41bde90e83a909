"""Texts that a model wrote, and its run's corpus -> how much of them is copied, shown beside its source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from minigpt.corpus.gather import CORPUS
from minigpt.errors import MinigptError, counted
from minigpt.run.pages.facts import Tally, title_of
from minigpt.run.pages.novelty import RUN, Copy, Document, Likeness, compare, documents, marked, numbered, shares
from minigpt.run.pages.words import spots

COMPARED = 100  # held-out documents, at most, measured beside the texts
LOOKED_AT = 2000  # of which these are chosen
AROUND = 160  # characters of a source shown before and after what was copied
MOST_WORDS = 16  # in a row, in the plot


@dataclass(frozen=True)
class Shown:
    """A text, and the document that has its longest copied passage."""

    seed: int
    likeness: Likeness
    source: str  # the name of the document; "" if no word of the text stands in the training text
    excerpt: list[tuple[str, bool]]  # the document around the run, which is marked

    @property
    def summary(self) -> str:
        """One line."""
        found = self.likeness
        longest = f"longest passage {counted(found.longest.length, 'word')}" if found.longest else "no word of it is in the training text"
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
        copied = f"{portion(likenesses):.0%} of their words are copied"
        said = [f"{copied}: they are in passages of at least {RUN} words that a training document has too."]
        if self.held_out:
            said.append(f"For held-out documents, which the model never saw, it is {portion(self.held_out):.0%}.")
        if none < len(likenesses):
            said.append(f"{counted(none, 'text')} copied nothing, {whole or 'none'} everything.")
        said.append(f"The longest passage in common has {counted(longest, 'word')}.")
        return said


def portion(texts: Sequence[Likeness]) -> float:
    """The copied share of all words of several texts."""
    return sum(text.copied for text in texts) / max(1, sum(len(text.spots) for text in texts))


def measure(folder: Path, texts: Sequence[str], seed: int, tally: Tally) -> Copying:
    """Texts, written with consecutive seeds, and held-out documents beside the training text of a run, which is counted on the way."""
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
    """A source around what was copied of it, in pieces, each with whether it is the copied passage."""
    pieces = marked(text, spots(text), [(copy.source_start, copy.source_start + copy.length)])
    return [(piece if copied else _near(piece, i == 0), copied) for i, (piece, copied) in enumerate(pieces)]


def _near(piece: str, before: bool) -> str:
    """The part of the text around the run that is shown."""
    if len(piece) <= AROUND:
        return piece
    return f"… {piece[-AROUND:]}" if before else f"{piece[:AROUND]} …"


@dataclass(frozen=True)
class Compared:
    """One text beside the training text of a run."""

    likeness: Likeness
    source: Document | None  # the document that has its longest passage

    @property
    def figures(self) -> dict[str, Any]:
        """As JSON: the words, the share of them copied and new, the longest passage and its source."""
        found, longest = self.likeness, self.likeness.longest
        figures: dict[str, Any] = {"words": len(found.spots), "copied": round(found.share, 4), "new": round(1 - found.share, 4)}
        if longest is None or self.source is None:
            return figures | {"longest": None}
        run = {"words": longest.length, "text": found.quoted(longest), "document": self.source.number, **self.source.about}
        return figures | {"longest": run}

    @property
    def lines(self) -> list[str]:
        """For a terminal."""
        found, longest = self.likeness, self.likeness.longest
        total = counted(len(found.spots), "word")
        if longest is None or self.source is None:
            return [f"Novelty   {total}, none of which is in the training text"]
        return [
            f"Novelty   {1 - found.share:.0%} of {total} new, {found.share:.0%} copied in passages of {RUN} words or more",
            f'          the longest passage has {counted(longest.length, "word")}, from {title_of(self.source)}: "{found.quoted(longest)}"',
        ]


def comparison(folder: Path) -> Callable[[str], Compared]:
    """What compares a text with the training text of a run; MinigptError if the run's folder does not have it."""
    if not (folder / CORPUS).is_file():
        raise MinigptError(f"{folder} has no {CORPUS} to compare with; --novelty works where the training text is")

    def compared(text: str) -> Compared:
        [likeness] = compare([text], documents(folder))
        longest = likeness.longest
        return Compared(likeness, numbered(folder, {longest.document})[longest.document] if longest else None)

    return compared
