"""The parts of a corpus: texts, each with its origin and token ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

OPENING = 3  # words
MOST_LETTERS = 20_000  # most characters of a generated document


@dataclass(frozen=True)
class Document:
    """One text to learn from, and its provenance."""

    text: str
    source: str  # "template", "ollama" or "own"
    # template: category, form, idea; ollama: model, digest, seed, ...; own: file; kind if there are several; part if the document was cut
    origin: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A document of the corpus, its score if it was refined, and its ids in GPT-2's vocabulary, end-of-text included."""

    document: Document
    score: float | None
    ids: Sequence[int]
    held_out: bool | None = None  # None: not decided yet


def opening(text: str) -> str:
    """The first three words, in lower case."""
    return " ".join(text[: 20 * OPENING].lower().split()[:OPENING])
