"""Token streams on the disk: ids in, a flat file out, and back as an array (n,) that is in memory only where it is looked at.

Two bytes an id: GPT-2's 50,257 tokens fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from .files import whole_file
from .tokenizer import Tokenizer
from .vocabulary import compact, renumbering

DTYPE = np.dtype("<u2")
PIECE = 2**20  # ids looked at together


def to_bytes(ids: Sequence[int]) -> bytes:
    """Ids as such a file holds them."""
    return np.array(ids, dtype=DTYPE).tobytes()


def open_stream(path: Path) -> np.ndarray:
    """The ids of a file, (n,), memory-mapped."""
    if not path.stat().st_size:  # nothing cannot be mapped
        return np.zeros(0, DTYPE)
    return np.memmap(path, DTYPE, mode="r")


def pieces(stream: np.ndarray) -> Iterator[np.ndarray]:
    """A stream in pieces of bounded size."""
    return (stream[i : i + PIECE] for i in range(0, len(stream), PIECE))


def compact_for(full: Tokenizer, streams: Sequence[np.ndarray]) -> Tokenizer:
    """The compact tokenizer for streams of ids of `full`."""
    used = np.zeros(full.vocab_size, bool)
    for stream in streams:
        for piece in pieces(stream):
            used[piece] = True
    return compact(full, np.flatnonzero(used).tolist())


def renumber(stream: np.ndarray, full: Tokenizer, small: Tokenizer, path: Path) -> None:
    """Write a stream of `full` to `path` as one of `small`, which has all of its tokens."""
    table = renumbering(full, small).astype(DTYPE)
    with whole_file(path) as file:
        for piece in pieces(stream):
            file.write(table[piece].tobytes())
