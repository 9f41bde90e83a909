"""The compact vocabulary: a corpus -> the part of GPT-2's tokenizer that it needs.

A corpus written for one prompt uses a few thousand of GPT-2's 50,257 tokens; at 12M the embedding rows of the others would be most of
the model and most of its arithmetic. We keep the 256 bytes, end-of-text, every token that the corpus uses and, recursively, both halves
of each kept token's merge. As the kept set is closed under merge parents, BPE with the kept merges alone splits the words of the corpus
exactly as GPT-2's does: each of its steps is a kept merge, and the lowest-ranked pair stays the lowest-ranked one when others lose
their rank. Any other text still encodes, into smaller tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from minigpt.disk.files import whole_file
from minigpt.disk.place import File
from minigpt.disk.streams import DTYPE, id_chunks
from minigpt.tokenizer import Tokenizer


def compact(full: Tokenizer, used: Iterable[int]) -> Tokenizer:
    """The tokenizer with the tokens `used` (ids of `full`) and those they are merged from; ids are new, merges keep their order."""
    halves = {full.token_ids[left + right]: (full.token_ids[left], full.token_ids[right]) for left, right in full.merges}
    kept: set[int] = set()
    waiting = list(used)
    while waiting:
        token = waiting.pop()
        if token in halves and token not in kept:
            kept.add(token)
            waiting += halves[token]
    return Tokenizer([pair for pair in full.merges if full.token_ids[pair[0] + pair[1]] in kept])


def renumbering(full: Tokenizer, small: Tokenizer) -> np.ndarray:
    """A table (V of full,): id in `full` -> id of the same token in `small`, or -1.

    Both split the corpus into the same tokens, so `table[full.encode(text)]` equals `small.encode(text)`.
    """
    table = np.full(full.vocab_size, -1, np.int32)
    table[[full.token_ids[token] for token in small.token_ids]] = list(small.token_ids.values())
    return table


def compact_for(full: Tokenizer, paths: Sequence[Path], kept: Sequence[int] = ()) -> Tokenizer:
    """The compact tokenizer for files of ids of `full`, plus the tokens `kept`."""
    used = np.zeros(full.vocab_size, bool)
    used[list(kept)] = True
    for path in paths:
        for chunk in id_chunks(path, full.vocab_size):
            used[chunk] = True
    return compact(full, np.flatnonzero(used).tolist())


def renumber(source: Path, full: Tokenizer, small: Tokenizer, target: File) -> None:
    """Rewrite a file of ids of `full` as ids of `small`, which has all tokens in it."""
    table = renumbering(full, small).astype(DTYPE)
    with whole_file(target) as file:
        for chunk in id_chunks(source, full.vocab_size):
            file.write(table[chunk].tobytes())
