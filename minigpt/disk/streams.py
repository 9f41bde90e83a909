"""Token ids -> a flat file, two bytes per id (GPT-2 has 50,257), and back as a memory-mapped array (n,)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from minigpt.disk.files import open_to_read
from minigpt.errors import MinigptError

DTYPE = np.dtype("<u2")
CHUNK = 2**16  # ids read at once


def to_bytes(ids: Sequence[int]) -> bytes:
    """Ids as the file stores them."""
    return np.array(ids, dtype=DTYPE).tobytes()


def open_stream(path: Path, vocab_size: int | None = None) -> np.ndarray:
    """The ids of a file, (n,), memory-mapped; MinigptError if it ends in half an id or holds one outside the vocabulary."""
    for _ in id_chunks(path, vocab_size) if vocab_size else ():
        pass
    with open_to_read(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size % DTYPE.itemsize:
            raise MinigptError(f"{path} is damaged: it ends in the middle of a token id")
        return np.memmap(file, DTYPE, mode="r") if size else np.zeros(0, DTYPE)  # an empty file cannot be mapped


def id_chunks(path: Path, vocab_size: int) -> Iterator[np.ndarray]:
    """The ids of a file in bounded chunks, which keeps a long file out of memory, unlike a mapping of it.

    MinigptError if one is outside the vocabulary.
    """
    with open_to_read(path) as file:
        while data := file.read(CHUNK * DTYPE.itemsize):
            if len(data) % DTYPE.itemsize:
                raise MinigptError(f"{path} is damaged: it ends in the middle of a token id")
            chunk = np.frombuffer(data, DTYPE)
            if (largest := int(chunk.max())) >= vocab_size:
                raise MinigptError(f"{path} is damaged: it contains token id {largest:,}, but its vocabulary has {vocab_size:,} tokens")
            yield chunk
