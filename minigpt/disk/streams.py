"""Token streams on the disk: ids in, a flat file out, and back as an array (n,) that is in memory only where it is looked at.

Two bytes an id: GPT-2's 50,257 tokens fit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from minigpt.disk.files import open_to_read
from minigpt.errors import MinigptError

DTYPE = np.dtype("<u2")
PIECE = 2**16  # ids looked at together


def to_bytes(ids: Sequence[int]) -> bytes:
    """Ids as such a file holds them."""
    return np.array(ids, dtype=DTYPE).tobytes()


def open_stream(path: Path, vocab_size: int | None = None) -> np.ndarray:
    """The ids of a file, (n,), memory-mapped; MinigptError if it holds half an id, or one beyond the vocabulary."""
    for _ in pieces(path, vocab_size) if vocab_size else ():
        pass
    with open_to_read(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size % DTYPE.itemsize:
            raise MinigptError(f"{path} is damaged: it ends in the middle of a token id")
        return np.memmap(file, DTYPE, mode="r") if size else np.zeros(0, DTYPE)  # an empty file cannot be mapped


def pieces(path: Path, vocab_size: int) -> Iterator[np.ndarray]:
    """The ids of a file, one bounded piece after another; unlike a mapped file, they take no more memory the longer it is.

    MinigptError if one is beyond the vocabulary.
    """
    with open_to_read(path) as file:
        while data := file.read(PIECE * DTYPE.itemsize):
            if len(data) % DTYPE.itemsize:
                raise MinigptError(f"{path} is damaged: it ends in the middle of a token id")
            piece = np.frombuffer(data, DTYPE)
            if (largest := int(piece.max())) >= vocab_size:
                raise MinigptError(f"{path} is damaged: it holds token id {largest:,}, and its vocabulary has {vocab_size:,} tokens")
            yield piece
