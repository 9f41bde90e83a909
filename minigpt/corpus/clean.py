"""Documents in, as they come; out come those whose words no earlier one has, and a count of the others by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from minigpt.corpus.documents import Document


class Cleaner:
    """Lazy: a document comes out before the next is asked for. Of each one eight bytes are kept in memory."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()  # reason -> documents
        self._seen: set[bytes] = set()

    def __call__(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The documents that are new."""
        for document in documents:
            key = blake2b(" ".join(document.text.split()).encode("utf-8", "surrogatepass"), digest_size=8).digest()
            if key in self._seen:
                self.dropped["duplicate"] += 1
            else:
                self._seen.add(key)
                yield document
