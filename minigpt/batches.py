"""A token stream becomes windows: ids (n,) in, batches x, y (B, T) out, y being x shifted by one.

In a stream the documents follow each other, each closed by end-of-text.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .errors import MinigptError
from .wording import counted


class Windows:
    """Non-overlapping windows over a training stream, which is taken as a ring: behind its last end-of-text stands its first document.

    Each epoch starts at a new random place and takes the windows in a new random order, so that no token is always first in its window.
    A stream shorter than a window makes one window of its own length.
    """

    def __init__(self, ids: np.ndarray, context: int, batch_size: int, seed: int) -> None:
        if len(ids) < 2:
            raise MinigptError(f"a corpus of {counted(len(ids), 'token')} is too short to learn from; it takes at least two")
        self.ids, self.batch_size, self.seed = ids, batch_size, seed
        self.context = min(context, len(ids))
        self.windows = len(ids) // self.context

    @property
    def steps(self) -> int:
        """Batches an epoch; the last may be smaller."""
        return -(-self.windows // self.batch_size)

    def epoch(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches of epoch 0, 1, 2, ...: x, y (B, T) each, int32. They depend on (seed, number) alone."""
        rng = np.random.default_rng([self.seed, 2, number])
        starts = rng.integers(len(self.ids)) + rng.permutation(self.windows) * self.context
        reach = np.arange(self.context + 1)
        for first in range(0, self.windows, self.batch_size):
            window = self.ids[(starts[first : first + self.batch_size, None] + reach) % len(self.ids)].astype(np.int32)
            yield window[:, :-1], window[:, 1:]


def evaluation_batches(ids: np.ndarray, context: int, batch_size: int, end_of_text: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches x, y in which every token of a held-out stream is a target exactly once; the last one holds what is left."""
    whole = len(ids) // context
    for first in range(0, whole, batch_size):
        starts = np.arange(first, min(first + batch_size, whole))[:, None] * context
        yield _targets(ids, starts + np.arange(context), end_of_text)
    if whole * context < len(ids):
        yield _targets(ids, np.arange(whole * context, len(ids))[None], end_of_text)


def _targets(ids: np.ndarray, places: np.ndarray, end_of_text: int) -> tuple[np.ndarray, np.ndarray]:
    """The targets y at `places` (B, T) of a stream, and their inputs x: the tokens one place earlier, end-of-text before the first."""
    x, y = ids[places - 1].astype(np.int32), ids[places].astype(np.int32)
    x[places == 0] = end_of_text
    return x, y
