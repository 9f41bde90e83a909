"""A model that reads a text: how likely it takes each token to be, and what each attends to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from minigpt.backend import Array, cut
from minigpt.errors import MinigptError, counted
from minigpt.generate import context_start
from minigpt.machine import blas
from minigpt.model import GPT
from minigpt.tokenizer import StreamDecoder, Tokenizer

ROWS = 64  # of logits at once: with GPT-2's whole vocabulary, 26 MB in float64


@dataclass(frozen=True)
class Token:
    """A token of a text, as the model read it.

    `text`: the characters that it completes, so that the texts of all tokens join to the whole; none for the first bytes of a character.
    `probability`: that which the model gave it, from all tokens before. `rank`: 1 for the token that the model took to be the likeliest.
    """

    id: int
    text: str
    probability: float
    rank: int

    @property
    def loss(self) -> float:
        """-log probability, in nats."""
        return -math.log(self.probability) if self.probability else math.inf


def passes(length: int, window: int) -> Iterator[tuple[slice, int]]:
    """The positions that are read at once, and how many of the last of them count: each of `length` positions counts once.

    As in generation, a position sees all before it up to `window`, and beyond that at least half as many.
    """
    for start, ends in groupby(range(1, length + 1), key=lambda end: context_start(end, window)):
        positions = list(ends)
        yield slice(start, positions[-1]), len(positions)


def hidden(network: GPT, ids: Sequence[int]) -> Array:
    """The hidden states (T, C) after T tokens, without dropout; on the device, in a buffer of the network."""
    network.workspace.generators = None
    with blas.limited():
        return network.forward(network.workspace.backend.asarray(np.array([ids]), dtype=np.int64))


def attended(network: GPT, ids: Sequence[int]) -> np.ndarray:
    """The attention weights (L, H, T, T) float32 of T tokens, on the host: row t of a matrix says where position t looks."""
    hidden(network, ids)
    found, shape = [], (1, network.config.n_head, len(ids), len(ids))
    for block in network.blocks:
        weights: Array = getattr(block.attn, "weights", None)  # kept for backward, by the lecture's layer and by the compiled one
        if weights is None or weights.shape != shape:
            raise MinigptError(f"{type(block.attn).__name__} does not keep its weights as an array {shape}: there is nothing to show")
        found.append(np.tril(network.workspace.backend.to_host(weights)[0]))  # above the diagonal there is anything
    return np.stack(found)


def judged(network: GPT, ids: Sequence[int], targets: Sequence[int], vocab_size: int) -> Iterator[tuple[float, int]]:
    """log probability and rank of each target, after `ids` up to it; the last of `ids` stands before the last target."""
    states = hidden(network, ids)[-len(targets) :]
    for rows in cut(len(targets), ROWS):
        with blas.limited():
            logits = network.workspace.backend.to_host(network.logits(states[rows]))
        scores = logits[:, :vocab_size].astype(np.float64)  # the embedding may be padded
        largest = scores.max(axis=1, keepdims=True)
        if not np.isfinite(largest).all():
            problem = "its scores for the next token are not finite numbers"
            raise MinigptError(f"{network.name} is broken: {problem}; train it again, or get another copy")
        scores -= largest
        given = scores[np.arange(len(scores)), targets[rows]]
        logs = given - np.log(np.exp(scores).sum(axis=1))
        ranks = 1 + (scores > given[:, None]).sum(axis=1)
        yield from zip(logs.tolist(), ranks.tolist(), strict=True)


def read(network: GPT, tokenizer: Tokenizer, text: str, window: int) -> Iterator[tuple[int, str, float, int]]:
    """id, text, log probability and rank of every token of a text, which is read as a document is: after end-of-text."""
    ids, characters = [tokenizer.end_of_text, *tokenizer.encode(text)], StreamDecoder(tokenizer)
    for seen, count in passes(len(ids) - 1, window):
        targets = ids[seen.stop + 1 - count : seen.stop + 1]
        for token, (log, rank) in zip(targets, judged(network, ids[seen], targets, tokenizer.vocab_size), strict=True):
            yield token, characters.feed(token), log, rank


def require_tokens(ids: Sized, most: int | None = None) -> None:
    """MinigptError for no tokens, or more than `most`."""
    if not ids:
        raise MinigptError("the text is empty; give at least one character")
    if most is not None and len(ids) > most:
        raise MinigptError(f"the text has {counted(len(ids), 'token')}, and the model sees at most {most:,} at once; give a shorter one")
