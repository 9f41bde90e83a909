"""Documents from any source in; out comes the corpus on the disk: cleaned, the best of them, split, as text and as token streams.

Own text flows through one document at a time. If only so many tokens are kept, the documents are compared with each other, and so
are in memory.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from minigpt.corpus.choose.clean import Cleaner
from minigpt.corpus.choose.refine import refine
from minigpt.corpus.documents import Entry
from minigpt.corpus.report import CorpusReport
from minigpt.corpus.request import Request
from minigpt.corpus.sources import Source
from minigpt.corpus.split import PART, split
from minigpt.disk.files import whole_file
from minigpt.disk.place import Folder
from minigpt.disk.streams import to_bytes
from minigpt.errors import MinigptError, counted
from minigpt.tokenizer import Tokenizer

CORPUS, LEARNED, HELD_OUT = "corpus.jsonl", "train.gpt2.ids", "held_out.gpt2.ids"  # ids of GPT-2's whole vocabulary
MOST_GENERATED = 1_000_000  # tokens that are generated beside own text, whatever the share asks for


@dataclass
class Counts:
    """What a corpus consists of."""

    documents: int = 0
    tokens: int = 0
    held_out_documents: int = 0
    held_out_tokens: int = 0
    passages: int = 0  # held-out documents that are part of a longer one
    by_source: Counter[str] = field(default_factory=Counter)  # documents
    tokens_by_source: Counter[str] = field(default_factory=Counter)
    tokens_by_kind: Counter[str] = field(default_factory=Counter)  # where the prompt names several kinds of text

    def add(self, entry: Entry, held_out: bool) -> None:
        """Count one more document."""
        self.documents += 1
        self.tokens += len(entry.ids)
        self.held_out_documents += held_out
        self.held_out_tokens += len(entry.ids) * held_out
        self.passages += held_out and PART in entry.document.origin
        self.by_source[entry.document.source] += 1
        self.tokens_by_source[entry.document.source] += len(entry.ids)
        if kind := entry.document.origin.get("kind"):
            self.tokens_by_kind[kind] += len(entry.ids)


class Gathering:
    """The way of documents into one corpus; nothing happens before the entries are asked for."""

    def __init__(self, full: Tokenizer, request: Request | None = None) -> None:
        self.full, self.request, self.cleaner = full, request, Cleaner()
        self.tokens = 0  # of all clean documents, before refinement

    def entries(self, source: Source, final_tokens: int | None) -> Iterator[Entry]:
        """The cleaned documents of a source: all, in order, or the best that make this many tokens. MinigptError if none is left."""
        clean = (Entry(document, None, self._encode(document.text)) for document in self.cleaner(source))
        if (first := next(clean, None)) is None:
            raise MinigptError(self._nothing_left())
        if final_tokens is None:
            yield first
            yield from clean
            return
        entries = [first, *clean]
        documents, lengths = [entry.document for entry in entries], [len(entry.ids) for entry in entries]
        for kept in refine(documents, lengths, final_tokens, self.request):
            yield Entry(kept.document, kept.score, entries[kept.number].ids)

    def mixed(self, own: Source, share: float, final_tokens: int | None, generate: Callable[[int], Source]) -> Iterator[Entry]:
        """Own text, then generated documents, so that own text makes the `share` of all tokens, and together they make `final_tokens`.

        Without `final_tokens` all own text is kept, and as many tokens are generated as the share then asks for, within MOST_GENERATED.
        """
        own_tokens = 0
        for entry in self.entries(own, None if final_tokens is None else max(1, round(final_tokens * share))):
            own_tokens += len(entry.ids)
            yield entry
        wanted = max(1, min(round(own_tokens * (1 - share) / share), MOST_GENERATED))
        yield from self.entries(generate(wanted), wanted)

    def _nothing_left(self) -> str:
        reasons = ", ".join(f"{counted(count, 'document')} ({reason})" for reason, count in self.cleaner.dropped.items())
        return f"nothing is left to learn from: cleaning dropped {reasons or 'nothing, there was no text'}; use other text"

    def _encode(self, text: str) -> array[int]:
        ids = closed_ids(self.full, text)
        self.tokens += len(ids)
        return ids


def closed_ids(full: Tokenizer, text: str) -> array[int]:
    """The ids of a document, followed by end-of-text."""
    ids = array("H", full.encode(text))
    ids.append(full.end_of_text)
    return ids


def write_corpus(
    entries: Iterable[Entry], folder: Folder, streams: Folder, seed: int, report: CorpusReport | None = None, full: Tokenizer | None = None
) -> Counts:
    """corpus.jsonl in `folder` and two token streams in `streams`, each whole or not there; corpus.jsonl gets its name last."""
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
    """An entry as corpus.jsonl has it."""
    document = entry.document
    place = {"score": entry.score, "split": "held_out" if held_out else "train"}
    return {"text": document.text, "source": document.source, **document.origin, **place}
