"""A token stream becomes windows: ids (n,) in, batches x, y (B, T) out, y being x shifted by one; and who learns from what.

Documents are split into a training part and a held-out part; within a part they follow each other, each closed by end-of-text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .errors import MinigptError

HELD_OUT_SHARE = 0.1


def split(documents: int, rng: np.random.Generator) -> list[bool]:
    """For each of so many distinct documents, whether it is held out: one in ten, at least one if there are two."""
    count = min(max(1, round(documents * HELD_OUT_SHARE)), documents - 1)
    held_out = set(rng.permutation(documents)[:count].tolist())
    return [i in held_out for i in range(documents)]


def join(documents: Sequence[Sequence[int]], end_of_text: int) -> np.ndarray:
    """Documents' ids, each closed by end-of-text, as one stream (n,)."""
    return np.array([token for ids in documents for token in (*ids, end_of_text)], dtype=np.int32)


class Windows:
    """Non-overlapping windows over a training stream, which is taken as a ring: behind its last end-of-text stands its first document.

    Each epoch starts at a new random place and takes the windows in a new random order, so that no token is always first in its window.
    A stream shorter than a window makes one window of its own length.
    """

    def __init__(self, ids: np.ndarray, context: int, batch_size: int, seed: int) -> None:
        if len(ids) < 2:
            raise MinigptError(f"a corpus of {len(ids)} tokens is too short to learn from; two are the least")
        self.ids, self.batch_size, self.seed = ids, batch_size, seed
        self.context = min(context, len(ids))
        self.windows = len(ids) // self.context

    @property
    def steps(self) -> int:
        """Batches an epoch; the last may be smaller."""
        return -(-self.windows // self.batch_size)

    def epoch(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches of epoch 0, 1, 2, ...: x, y (B, T) each. They depend on (seed, number) alone."""
        rng = np.random.default_rng([self.seed, 2, number])
        starts = rng.integers(len(self.ids)) + rng.permutation(self.windows) * self.context
        reach = np.arange(self.context + 1)
        for first in range(0, self.windows, self.batch_size):
            window = self.ids[(starts[first : first + self.batch_size, None] + reach) % len(self.ids)]
            yield window[:, :-1], window[:, 1:]


def evaluation_batches(ids: np.ndarray, context: int, batch_size: int, end_of_text: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches x, y in which every token of a held-out stream is a target exactly once; the last one holds what is left."""
    stream = np.concatenate([np.array([end_of_text], dtype=ids.dtype), ids])
    whole = len(ids) // context
    for first in range(0, whole, batch_size):
        starts = np.arange(first, min(first + batch_size, whole))[:, None] * context
        window = stream[starts + np.arange(context + 1)]
        yield window[:, :-1], window[:, 1:]
    rest = stream[whole * context :]
    if len(rest) > 1:
        yield rest[None, :-1], rest[None, 1:]
