"""Finds duplicates and near duplicates in a stream of documents, in bounded memory, with MinHash and banding.

Two texts are compared by their shingles, sequences of five words: the Jaccard index is the size of the intersection over that of the
union. MinHash (Broder 1997) estimates it from signatures: under a random order of all shingles, two texts have the same smallest
shingle with exactly that probability. Banding (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3) finds the few
candidates: texts that agree in all rows of at least one band of the signature.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

import numpy as np

SHINGLE = 5  # words
NEAR = 0.72  # estimated Jaccard index of near duplicates; the estimate's standard deviation is 0.04 at 0.8, so few of those are missed
BANDS, ROWS = 24, 4
MINIMA = BANDS * ROWS
REMEMBERED = 2**19  # documents: 96 + 8 bytes each here, 96 in the bands
WORDS_CACHED = 200_000
UNSPACED = re.compile(r"([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])")  # scripts with few or no spaces: each character counts as a word
HALF = np.uint64(32)
MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: odd, with irregular bits


def words(text: str) -> list[str]:
    """The words of a text in lower case, with their punctuation; single characters in scripts without spaces."""
    text = text.lower()
    return (text if text.isascii() else UNSPACED.sub(r" \1 ", text)).split()


class _Hashes(dict[str, int]):
    """Caches word -> 32-bit hash, the same in every process; emptied when it grows large."""

    def __missing__(self, word: str) -> int:
        if len(self) >= WORDS_CACHED:
            self.clear()
        value = self[word] = crc32(word.encode("utf-8", "surrogatepass")) + 1  # never 0, which mixing leaves unchanged
        return value


class Signature(NamedTuple):
    """What two texts are compared by: a hash of all words, 8 bits of each minimum, (MINIMA,), and the keys of the bands, (BANDS,)."""

    digest: np.uint64
    minima: np.ndarray
    keys: np.ndarray


class Signatures:
    """Texts -> their signatures, the same in every process."""

    def __init__(self) -> None:
        self._hash_of = _Hashes()
        random = np.random.default_rng(5)  # the orders are constants, independent of a run's seed
        self._factors = random.integers(0, 2**32, (MINIMA, 1), dtype=np.uint32) | np.uint32(1)
        self._terms = random.integers(0, 2**32, (MINIMA, 1), dtype=np.uint32)
        self._row_factors = random.integers(0, 2**63, ROWS, dtype=np.uint64) | np.uint64(1)

    def of(self, text: str) -> Signature:
        """The signature of a text."""
        spoken = words(text)
        minima = self._minima(spoken)
        bits = (minima >> np.uint32(24)).astype(np.uint8) ^ minima.astype(np.uint8)  # different minima agree in 1 case of 256
        digest = np.uint64(int.from_bytes(blake2b(" ".join(spoken).encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"))
        return Signature(digest, bits, (minima.reshape(BANDS, ROWS) * self._row_factors).sum(axis=1))

    def _minima(self, spoken: list[str]) -> np.ndarray:
        """The minimum over all shingles of each random hash, (MINIMA,) uint32."""
        hashes = np.fromiter(map(self._hash_of.__getitem__, spoken), np.uint64, len(spoken))
        length = max(1, len(spoken) - SHINGLE + 1)
        shingles = np.zeros(length, np.uint64)
        for i in range(min(SHINGLE, len(spoken))):
            shingles += hashes[i : i + length]
            shingles *= MIXER
            shingles ^= shingles >> HALF
        minima: np.ndarray = (shingles.astype(np.uint32) * self._factors + self._terms).min(axis=1)
        return minima


class NearDuplicates:
    """Remembers the latest `remembered` new documents.

    Each band has a hash table from the values of its rows to the latest document with them. An older document in the same slot is
    forgotten in this band, but not in the other 23.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self.remembered = remembered
        self.signatures = Signatures()
        self._band = np.arange(BANDS)
        self._table = np.zeros((BANDS, remembered), np.int32)  # number + 1 of the latest document per slot; zeros take no memory yet
        self._minima = np.zeros((remembered, MINIMA), np.uint8)
        self._digests = np.zeros(remembered, np.uint64)
        self._count = 0

    def seen(self, text: str) -> str | None:
        """ "duplicate" if a remembered document has the same words, "near duplicate" if its Jaccard index is about 0.8 or more; else None,
        and the text is remembered."""
        return self.known(self.signatures.of(text))

    def known(self, signature: Signature) -> str | None:
        """The same of a text with this signature."""
        digest, minima, keys = signature
        slots = (keys >> HALF) % np.uint64(self.remembered)
        candidates = [number - 1 for number in set(self._table[self._band, slots].tolist()) - {0}]
        if candidates:
            if (self._digests[candidates] == digest).any():
                return "duplicate"
            if np.count_nonzero(self._minima[candidates] == minima, axis=1).max() >= NEAR * MINIMA:
                return "near duplicate"
        place = self._count % self.remembered
        self._minima[place], self._digests[place] = minima, digest
        self._table[self._band, slots] = place + 1
        self._count += 1
        return None
