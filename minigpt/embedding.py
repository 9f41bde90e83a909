"""The first layer: token ids in, hidden states out; and which matrix is the last one.

GPT-1 and GPT-2 multiply the last hidden states with the token embedding: the two are tied (Press &
Wolf 2017).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minigpt.backend import Array, Workspace
from minigpt.config import ModelConfig
from minigpt.errors import MinigptError
from minigpt.layers import Layer
from minigpt.params import EMBEDDING, Parameters, Spec, Specs

POSITIONS = "transformer.positions_embed.weight"
OUTPUT = ""  # the matrix that turns hidden states into logits: the tokens'; "lm_head.weight" unties


class Names(NamedTuple):
    """What transformers calls the arrays in front of the blocks, and the output matrix."""

    tokens: str
    positions: str
    output: str


def names(config: ModelConfig) -> Names:
    """The names in a model of this architecture; tied, the output matrix is the tokens'."""
    in_gpt2 = "transformer.wte.weight", "transformer.wpe.weight"
    tokens, positions = in_gpt2 if config.architecture == "gpt2" else (EMBEDDING, POSITIONS)
    return Names(tokens, positions, OUTPUT or tokens)


class Embedding(Layer):
    """x[n] = token[ids[n]] + position[start + n mod T].

    Shapes: ids (B, T) integers -> (N, C). Source: Radford et al. 2018, equation 2.
    Saves: ids (B, T); start.
    Plain: the first lines of `gpt` and the last of its backward. The gradients of tokens' rows are
    added in a loop instead of by `np.add.at`, in the same order: 3.9 times as fast.
    """

    @staticmethod
    def specs(config: ModelConfig) -> Specs:
        C, name = config.n_embd, names(config)
        return {
            name.tokens: Spec((config.vocab_size, C), shared=True),
            name.output: Spec((config.vocab_size, C), shared=True),  # the same entry, while tied
            name.positions: Spec((config.n_positions, C)),
        }

    def __init__(self, parameters: Parameters, workspace: Workspace) -> None:
        super().__init__("transformer.embed", workspace)
        name = names(parameters.config)
        self.tokens = parameters[name.tokens]  # (V, C)
        self.positions = parameters[name.positions]  # (P, C)

    def forward(self, ids: Array, start: int = 0) -> Array:
        B, T = ids.shape
        C = self.tokens.value.shape[1]
        self.ids, self.start = ids, start
        x = self.buffer("x", B, T, C)
        x[...] = self.tokens.value[ids]
        x += self.positions.value[start : start + T]
        return x.reshape(B * T, C)

    def backward(self, dx: Array) -> None:
        B, T = self.ids.shape
        if not self.positions.frozen:
            self.positions.grad[self.start : self.start + T] += dx.reshape(B, T, -1).sum(axis=0)
        if not self.tokens.frozen:
            self.backend.add_rows(self.tokens.grad, self.ids.reshape(B * T), dx)


def check_batch(
    parameters: Parameters, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets -> ids (B, T) each; MinigptError if the network cannot take them."""
    try:
        x, y = np.asarray(x), np.asarray(y)
    except ValueError as error:  # rows of different lengths
        raise MinigptError(f"a batch needs x and y of one shape (B, T): {error}") from error
    if x.ndim != 2 or x.shape != y.shape or x.size == 0:
        found = f"{x.shape} and {y.shape}"
        raise MinigptError(f"a batch needs x and y of one shape (B, T), neither 0; got {found}")
    T, P, V = x.shape[1], parameters.config.n_positions, parameters.config.vocab_size
    if T > P:
        raise MinigptError(f"a window of {T} tokens does not fit n_positions={P}")
    for name, ids in (("x", x), ("y", y)):
        if ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= V:
            raise MinigptError(f"{name} must hold token ids from 0 to {V - 1} as integers")
    return x.astype(np.int64, copy=False), y.astype(np.int64, copy=False)
