"""GPT-1's published weights with GPT-2's tokens: a model to start from.

GPT-1 reads lower-case words, cut by a BPE of its own, in which a token that ends a word ends with `</w>`. minigpt's tokens are bytes and
their unions, so that any text can be read and written. Each of these gets the mean of the rows of the tokens that GPT-1 would cut its text
into: what comes after the embedding is as it was.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from minigpt.disk.checkpoint import Checkpoint, load_checkpoint, require_model
from minigpt.disk.configuration import CONTEXT_KEY, read_config
from minigpt.disk.files import read_json_object
from minigpt.disk.tokens import WORD_END, load_tokens, of_words, stored_tokens
from minigpt.disk.weights import CONFIG, WEIGHTS, load_weights
from minigpt.embedding import names
from minigpt.errors import MinigptError
from minigpt.tokenizer import Tokenizer

WORDS = re.compile(r"[^\W_]+|[^\w\s]|_")  # as GPT-1's own tokenizer finds them: runs of letters and digits, and single marks
LINE_END, UNKNOWN = "\n" + WORD_END, "<unk>"


class WordTokens:
    """GPT-1's tokens: the text of a token of ours -> the ids that it is cut into. MinigptError for a folder that has others."""

    def __init__(self, folder: Path) -> None:
        self.path, merges, self.ids, _ = stored_tokens(folder)
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        for left, right in merges:
            if left + right not in self.ids:
                raise MinigptError(f"{self.path}: the merge of {left!r} and {right!r} is no token of its vocabulary")

    def cut(self, data: bytes) -> list[int]:
        """The ids for the bytes of a token; none if GPT-1 has no such text."""
        try:
            text = data.decode("utf-8").lower()
        except UnicodeDecodeError:  # a part of a character
            return self.known([UNKNOWN])
        bare = text.strip()
        if not bare:  # white space, or end-of-text
            return self.known([LINE_END]) or self.known([UNKNOWN])
        if bare + WORD_END in self.ids:
            return [self.ids[bare + WORD_END]]
        words = WORDS.findall(bare)
        last = WORD_END if text[0].isspace() or len(words) > 1 else ""  # else it goes on within a word, or ends one: who knows
        pieces = [piece for i, word in enumerate(words) for piece in self.merged(word, last if i == len(words) - 1 else WORD_END)]
        return self.known(pieces) or self.known([UNKNOWN])

    def known(self, pieces: list[str]) -> list[int]:
        """The ids of those that are tokens."""
        return [self.ids[piece] for piece in pieces if piece in self.ids]

    def merged(self, word: str, end: str) -> list[str]:
        """A word as pieces: its characters, merged in the order that the BPE learned. `end` belongs to the last."""
        pieces = [*word[:-1], word[-1] + end]
        while len(pieces) > 1:
            rank, i = min((self.ranks.get(pair, len(self.ranks)), i) for i, pair in enumerate(pairwise(pieces)))
            if rank == len(self.ranks):
                break
            pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
        return pieces


def has_words(folder: Path) -> bool:
    """Whether this is a folder of GPT-1's kind of tokens; minigpt's own have bytes."""
    return CONTEXT_KEY not in read_json_object(folder / CONFIG) and of_words(stored_tokens(folder).vocabulary)


def require_tokens(folder: Path) -> None:
    """MinigptError unless the tokens of a folder are of a kind that a training can start from. Weights are not read."""
    if has_words(folder):
        WordTokens(folder)
    else:
        load_tokens(folder, read_json_object(folder / CONFIG).get("eos_token_id"))


def load_first(folder: Path) -> Checkpoint:
    """A model to start from: as `load_checkpoint`, or GPT-1's own with GPT-2's tokens."""
    require_model(folder)
    config = read_config(read_json_object(folder / CONFIG), folder / CONFIG)
    if not has_words(folder):
        return load_checkpoint(folder)
    if config.architecture != "gpt1":
        raise MinigptError(f"{folder}: tokens that end with {WORD_END} are GPT-1's, but {CONFIG} says that the model is a GPT-2")
    theirs, ours = WordTokens(folder), Tokenizer.gpt2()
    if (size := max(theirs.ids.values()) + 1) != config.vocab_size:
        sizes = f"the tokenizer has {size:,} tokens, {CONFIG} says {config.vocab_size:,}"
        raise MinigptError(f"{folder}: {sizes}: these are files of two different models")
    state, name = load_weights(folder / WEIGHTS, config), names(config).tokens
    old = state[name]
    rows = [old[ids].mean(axis=0) if (ids := theirs.cut(token)) else old.mean(axis=0) for token in ours.tokens]
    return Checkpoint(replace(config, vocab_size=len(rows)), {**state, name: np.array(rows)}, ours, config.n_positions)
