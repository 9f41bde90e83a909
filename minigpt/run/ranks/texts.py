"""Documents over all ranks: each rank examines and tokenizes some, and rank 0 goes on with all of them, in their order.

What depends on the documents before, as duplicates do, stays with rank 0, so the corpus is the same as that of one process.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from minigpt.corpus.choose.clean import Examined, Examiner
from minigpt.corpus.choose.near_duplicates import Signature
from minigpt.corpus.documents import Document
from minigpt.corpus.gather import closed_ids
from minigpt.run.ranks.world import World
from minigpt.tokenizer import Tokenizer

PORTION = 2**18  # characters for each rank at a time: a second of work, about


class Texts:
    """What every rank knows of texts."""

    def __init__(self, world: World) -> None:
        self.world, self.examiner, self.tokenizer = world, Examiner(), Tokenizer.gpt2()

    # Rank 0.

    def examine(self, documents: Iterable[Document]) -> Iterator[Examined]:
        """As `one_by_one`, with ids in GPT-2's vocabulary."""
        for some in self._portions(documents, lambda document: document.text):
            lines = self._by_all("examine", [[document.text, document.source] for document in some])
            for document, (text, trimmed, language, digest, minima, keys, ids) in zip(some, lines, strict=True):
                kept = document if text is None else Document(text, document.source, document.origin)
                signature = Signature(np.uint64(digest), np.array(minima, np.uint8), np.array(keys, np.uint64))
                yield Examined(kept, trimmed, language, signature, array("H", ids))

    def encode(self, tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[Sequence[int]]:
        """The ids of each text, with end-of-text."""
        with self.world.call("take_tokenizer", merges=tokenizer.merges):
            self.tokenizer = tokenizer
        for some in self._portions(texts, str):
            yield from self._by_all("encode", list(some))

    def _portions(self, items: Iterable[Any], text: Callable[[Any], str]) -> Iterator[list[Any]]:
        """Items in lists whose texts keep all ranks busy for a while."""
        some, size = [], 0
        for item in items:
            some.append(item)
            size += len(text(item))
            if size >= PORTION * self.world.size:
                yield some
                some, size = [], 0
        if some:
            yield some

    def _by_all(self, name: str, items: list[Any]) -> list[Any]:
        """Let every rank make this of its items; all results in order."""
        with self.world.call(name, as_bytes(items)):
            return self.make(name, items)

    # Every rank.

    def make(self, name: str, items: list[Any]) -> list[Any]:
        """This rank's part of the work; in rank 0 the results of all."""
        rank, ranks = self.world.rank, self.world.size
        work: Callable[[Any], Any] = self._examined if name == "examine" else self._encoded
        mine = as_bytes([work(item) for item in items[len(items) * rank // ranks : len(items) * (rank + 1) // ranks]])
        ends = np.cumsum(self.world.gathered([len(mine)])[:, 0]).astype(int).tolist()
        slices = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
        whole = np.zeros(ends[-1] if rank == 0 else 0, np.uint8)
        self.world.collect(mine, whole, slices)
        return [result for at in slices for result in from_bytes(whole[at])] if rank == 0 else []

    def take_tokenizer(self, merges: Sequence[Sequence[str]]) -> None:
        """Encode with these merges from now on."""
        self.tokenizer = Tokenizer([(left, right) for left, right in merges])

    def _examined(self, item: list[str]) -> list[Any]:
        text, source = item
        found = self.examiner(Document(text, source))
        digest, minima, keys = found.signature
        changed = found.document.text if found.document.text != text else None
        signature = int(digest), minima.tolist(), keys.tolist()
        return [changed, found.trimmed, found.language, *signature, self._encoded(found.document.text)]

    def _encoded(self, text: str) -> list[int]:
        return closed_ids(self.tokenizer, text).tolist()


def as_bytes(value: Any) -> np.ndarray:
    """A JSON value as bytes (n,) uint8."""
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def from_bytes(data: np.ndarray) -> Any:
    """The value again."""
    return json.loads(data.tobytes())
