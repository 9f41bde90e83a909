"""Token streams on the disk: ids in, a flat file out, and back as an array (n,) that is in memory only where it is looked at.

Two bytes an id: GPT-2's 50,257 tokens fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from .files import whole_file
from .place import File
from .tokenizer import Tokenizer
from .vocabulary import compact, renumbering

DTYPE = np.dtype("<u2")
PIECE = 2**16  # ids looked at together


def to_bytes(ids: Sequence[int]) -> bytes:
    """Ids as such a file holds them."""
    return np.array(ids, dtype=DTYPE).tobytes()


def open_stream(path: Path) -> np.ndarray:
    """The ids of a file, (n,), memory-mapped."""
    if not path.stat().st_size:  # nothing cannot be mapped
        return np.zeros(0, DTYPE)
    return np.memmap(path, DTYPE, mode="r")


def pieces(path: Path) -> Iterator[np.ndarray]:
    """The ids of a file, one bounded piece after the other; unlike a mapped file, they take no more memory the longer it is."""
    with path.open("rb") as file:
        while len(piece := np.fromfile(file, DTYPE, PIECE)):
            yield piece


def compact_for(full: Tokenizer, paths: Sequence[Path], kept: Sequence[int] = ()) -> Tokenizer:
    """The compact tokenizer for files of ids of `full`, with the tokens `kept` besides."""
    used = np.zeros(full.vocab_size, bool)
    used[list(kept)] = True
    for path in paths:
        for piece in pieces(path):
            used[piece] = True
    return compact(full, np.flatnonzero(used).tolist())


def renumber(source: Path, full: Tokenizer, small: Tokenizer, target: File) -> None:
    """A file of ids of `full` written again as ids of `small`, which has all tokens that it uses."""
    table = renumbering(full, small).astype(DTYPE)
    with whole_file(target) as file:
        for piece in pieces(source):
            file.write(table[piece].tobytes())
