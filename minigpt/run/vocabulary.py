"""The compact vocabulary: a corpus in; out comes the part of GPT-2's tokenizer that this corpus needs.

A corpus born from one prompt uses a few thousand of GPT-2's 50,257 tokens; at 12M the rows of the others would be most of the model
and most of its arithmetic. Kept are the 256 bytes, end-of-text, every token that the corpus uses, and of each kept token both halves of
its merge, recursively. Because the kept set is closed under merge parents, BPE with only the kept merges joins the words of the
corpus exactly as full GPT-2 BPE does: each of its steps is a kept merge, and the lowest-ranked pair stays the lowest-ranked one when
others lose their rank. Any other text still encodes, into smaller pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from minigpt.disk.files import whole_file
from minigpt.disk.place import File
from minigpt.disk.streams import DTYPE, pieces
from minigpt.tokenizer import Tokenizer


def compact(full: Tokenizer, used: Iterable[int]) -> Tokenizer:
    """The tokenizer that keeps the tokens `used` (ids of `full`) and what they are made of; ids are new, ranks keep their order."""
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
    """A table (V of full,): id in `full` -> id of the same token in `small`; -1 for tokens that `small` has not.

    Because both split a corpus into the same tokens, `table[full.encode(text)]` is `small.encode(text)`, without encoding again.
    """
    table = np.full(full.vocab_size, -1, np.int32)
    table[[full.token_ids[token] for token in small.token_ids]] = list(small.token_ids.values())
    return table


def compact_for(full: Tokenizer, paths: Sequence[Path], kept: Sequence[int] = ()) -> Tokenizer:
    """The compact tokenizer for files of ids of `full`, with the tokens `kept` besides."""
    used = np.zeros(full.vocab_size, bool)
    used[list(kept)] = True
    for path in paths:
        for piece in pieces(path, full.vocab_size):
            used[piece] = True
    return compact(full, np.flatnonzero(used).tolist())


def renumber(source: Path, full: Tokenizer, small: Tokenizer, target: File) -> None:
    """A file of ids of `full` written again as ids of `small`, which has all tokens that it uses."""
    table = renumbering(full, small).astype(DTYPE)
    with whole_file(target) as file:
        for piece in pieces(source, full.vocab_size):
            file.write(table[piece].tobytes())
