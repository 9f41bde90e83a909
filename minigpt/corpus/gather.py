"""Gathers documents from any source into a corpus on the disk: cleaned, refined, split, as text and as token streams.

Own text streams through one document at a time. If only part of it is kept, the documents are compared with each other and so are
held in memory.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from minigpt.corpus.choose.clean import Cleaner, Examined, Examiner
from minigpt.corpus.choose.refine import refine
from minigpt.corpus.documents import Document, Entry
from minigpt.corpus.report import CorpusReport
from minigpt.corpus.request import Request
from minigpt.corpus.sources import Source
from minigpt.corpus.split import IDEA, PART, hold_out, split
from minigpt.disk.files import whole_file
from minigpt.disk.place import Folder
from minigpt.disk.streams import to_bytes
from minigpt.errors import MinigptError, counted
from minigpt.tokenizer import Tokenizer

CORPUS, LEARNED, HELD_OUT = "corpus.jsonl", "train.gpt2.ids", "held_out.gpt2.ids"  # ids of GPT-2's whole vocabulary
MOST_GENERATED = 1_000_000  # most tokens generated to go with own text, whatever the share


@dataclass
class Counts:
    """How much a corpus holds, in documents and tokens."""

    documents: int = 0
    tokens: int = 0
    held_out_documents: int = 0
    held_out_tokens: int = 0
    held_out_bytes: int = 0  # of their texts in UTF-8
    passages: int = 0  # held-out documents that are parts of longer ones
    ideas: set[str] = field(default_factory=set)  # held out
    by_source: Counter[str] = field(default_factory=Counter)  # documents
    tokens_by_source: Counter[str] = field(default_factory=Counter)
    tokens_by_kind: Counter[str] = field(default_factory=Counter)  # if the prompt names several kinds of text

    def add(self, entry: Entry, held_out: bool) -> None:
        """Count a document."""
        self.documents += 1
        self.tokens += len(entry.ids)
        self.held_out_documents += held_out
        self.held_out_tokens += len(entry.ids) * held_out
        self.held_out_bytes += len(entry.document.text.encode()) * held_out
        self.passages += held_out and PART in entry.document.origin
        if held_out and IDEA in entry.document.origin:
            self.ideas.add(entry.document.origin[IDEA])
        self.by_source[entry.document.source] += 1
        self.tokens_by_source[entry.document.source] += len(entry.ids)
        if kind := entry.document.origin.get("kind"):
            self.tokens_by_kind[kind] += len(entry.ids)


Examine = Callable[[Iterable[Document]], Iterable[Examined]]


def one_by_one(documents: Iterable[Document]) -> Iterable[Examined]:
    """Examine each document when it is asked for."""
    return map(Examiner(), documents)


class Gathering:
    """Cleans and refines documents for one corpus, lazily."""

    def __init__(self, full: Tokenizer, request: Request | None = None, seed: int = 0, examine: Examine | None = None) -> None:
        """examine: the same as `one_by_one`, by several processes."""
        self.full, self.request, self.cleaner, self.seed = full, request, Cleaner(), seed
        self.examine = examine or one_by_one
        self.tokens = 0  # of all clean documents, before refinement

    def entries(self, source: Source, final_tokens: int | None) -> Iterator[Entry]:
        """The clean documents of a source: all in order, or the best with `final_tokens` in all, and what is held out of those decided.

        MinigptError if none is left.
        """
        clean = (Entry(found.document, None, self._ids(found)) for found in self.cleaner.kept(self.examine(source)))
        if (first := next(clean, None)) is None:
            raise MinigptError(self._nothing_left())
        if final_tokens is None:
            yield first
            yield from clean
            return
        entries = [first, *clean]
        apart, rest = hold_out(entries, final_tokens, np.random.default_rng([self.seed, 4]))
        left = final_tokens - sum(len(entries[i].ids) for i in apart)
        best = refine([entries[i].document for i in rest], [len(entries[i].ids) for i in rest], left, self.request)
        chosen = {rest[kept.number]: replace(entries[rest[kept.number]], score=kept.score) for kept in best}
        if apart:
            chosen = {i: replace(entry, held_out=False) for i, entry in chosen.items()}
        chosen |= {i: replace(entries[i], held_out=True) for i in apart}
        yield from (chosen[i] for i in sorted(chosen))

    def mixed(self, own: Source, share: float, final_tokens: int | None, generate: Callable[[int], Source]) -> Iterator[Entry]:
        """Own text, then generated documents, `final_tokens` together, of which own text makes up `share`.

        Without `final_tokens` all own text is kept, and the rest is generated by the share, up to MOST_GENERATED tokens.
        """
        own_tokens = 0
        for entry in self.entries(own, None if final_tokens is None else max(1, round(final_tokens * share))):
            own_tokens += len(entry.ids)
            yield entry
        wanted = max(1, min(round(own_tokens * (1 - share) / share), MOST_GENERATED))
        yield from self.entries(generate(wanted), wanted)

    def _nothing_left(self) -> str:
        reasons = ", ".join(f"{counted(count, 'document')} ({reason})" for reason, count in self.cleaner.dropped.items())
        return f"no text is left to train on: cleaning dropped {reasons}; use other text" if reasons else "there is no text to train on"

    def _ids(self, found: Examined) -> Sequence[int]:
        ids = found.ids if found.ids is not None else closed_ids(self.full, found.document.text)
        self.tokens += len(ids)
        return ids


def closed_ids(tokenizer: Tokenizer, text: str) -> array[int]:
    """The ids of a document, followed by end-of-text."""
    ids = array("H", tokenizer.encode(text))
    ids.append(tokenizer.end_of_text)
    return ids


def write_corpus(
    entries: Iterable[Entry], folder: Folder, streams: Folder, seed: int, report: CorpusReport | None = None, full: Tokenizer | None = None
) -> Counts:
    """Write corpus.jsonl to `folder` and two token streams to `streams`, atomically; corpus.jsonl appears last."""
    counts = Counts()
    with whole_file(folder / CORPUS) as lines, whole_file(streams / LEARNED) as learned, whole_file(streams / HELD_OUT) as held_out:
        for entry, out in split(entries, partial(closed_ids, full or Tokenizer.gpt2()), np.random.default_rng([seed, 3])):
            counts.add(entry, out)
            if report:
                report.add(entry.document.text, len(entry.ids))
            lines.write((json.dumps(as_line(entry, out), ensure_ascii=False, allow_nan=False) + "\n").encode())
            (held_out if out else learned).write(to_bytes(entry.ids))
    return counts


def as_line(entry: Entry, held_out: bool) -> dict[str, Any]:
    """The fields of an entry's line in corpus.jsonl."""
    document = entry.document
    place = {"score": entry.score, "split": "held_out" if held_out else "train"}
    return {"text": document.text, "source": document.source, **document.origin, **place}
