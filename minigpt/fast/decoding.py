"""Generation, one token at a time: a block in one compiled call, and the logits by several threads, both at the speed of memory.

Each weight is used once a token, so what counts is how fast memory gives them. It gives one core more if that core reads at a few places in
turn, as long as each place is read from its first number to its last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigpt import model
from minigpt.attention import Cache
from minigpt.backend import cut
from minigpt.fast.chains import Array, compiled, exponential, gelu, normalize
from minigpt.machine import usable_cores
from minigpt.threads import Workers

STREAMS = 3  # places in the output matrix: memory then gives one core up to a fifth more, and with 6 it gives less
LARGE = 2**24  # bytes of a matrix that several threads read: a smaller one is read before they have begun
PART = 2**22  # bytes of it that one of them reads at a time


@compiled
def vector_times_matrix(x: Array, weight: Array, bias: Array) -> Array:
    """x W + b for one row x (C_in,): (C_out,).

    The upper half of W is read beside the lower, row by row: 1.15 times as fast as one after the other, and twice as fast as neighbours.
    """
    y = bias.copy()
    half = x.size // 2
    for i in range(half):
        upper, lower = weight[i], weight[half + i]
        for j in range(y.size):
            y[j] += x[i] * upper[j] + x[half + i] * lower[j]
    if x.size % 2:
        last = weight[x.size - 1]
        for j in range(y.size):
            y[j] += x[x.size - 1] * last[j]
    return y


@compiled
def matrix_times_vector(weight: Array, x: Array, y: Array) -> None:
    """y = W x for W (V, C), whose rows are read at STREAMS places in turn: the logits of one row of hidden states."""
    apart = (weight.shape[0] + STREAMS - 1) // STREAMS
    for first in range(apart):
        for v in range(first, weight.shape[0], apart):
            row = weight[v]
            total = row[0] * x[0]
            for c in range(1, row.size):
                total += row[c] * x[c]
            y[v] = total


@compiled
def attend_last(q: Array, k: Array, v: Array, K: int) -> Array:
    """One new position: q (already scaled) and the result are (H, D); k and v (H, at least K, D), of which the first K positions are seen.

    All in C order, so that numba knows that a key's numbers are neighbours: for the first K of a longer array it does not, which takes four
    times as long.
    """
    number = q.dtype.type
    H, _, D = k.shape
    scores, mixed = np.empty(K, q.dtype), np.zeros((H, D), q.dtype)
    for h in range(H):
        query, out = q[h], mixed[h]
        most = number(-np.inf)
        for j in range(K):
            key = k[h, j]
            score = number(0)
            for d in range(D):
                score += query[d] * key[d]
            scores[j] = score
            most = max(most, score)
        total = number(0)
        for j in range(K):
            e = exponential(scores[j] - most)
            total += e
            value = v[h, j]
            for d in range(D):
                out[d] += e * value[d]
        for d in range(D):
            out[d] /= total
    return mixed


@compiled
def normalized(x: Array, gain: Array, bias: Array, epsilon: float) -> Array:
    """The layer norm of one row (C,)."""
    row, y = x.copy().reshape(1, -1), np.empty((1, x.size), x.dtype)
    normalize(row, gain, bias, epsilon, y, np.empty((1, 1), x.dtype))
    return y[0]


@compiled
def read_row(
    x: Array, keys: Array, values: Array, position: int, pre_norm: bool, maps: Any, norms: Any, scale: float, epsilon: float, tanh: Any
) -> Array:
    """One position through a block: x (C,) -> (C,). Keys and values (H, room, D) get its own at `position`.

    `maps` are weight and bias of attention's two and of the network's two, `norms` gain and bias of ln_1 and ln_2, `tanh` GELU's constants.
    """
    (w_in, b_in), (w_out, b_out), (w_wide, b_wide), (w_narrow, b_narrow) = maps
    (g_1, b_1), (g_2, b_2) = norms
    C, (H, _, D) = x.size, keys.shape
    qkv = vector_times_matrix(normalized(x, g_1, b_1, epsilon) if pre_norm else x, w_in, b_in)
    qkv[:C] *= x.dtype.type(scale)
    q, k, v = qkv[:C].reshape(H, D), qkv[C : 2 * C].reshape(H, D), qkv[2 * C :].reshape(H, D)
    keys[:, position], values[:, position] = k, v
    n = x + vector_times_matrix(attend_last(q, keys, values, position + 1).reshape(C), w_out, b_out)
    if not pre_norm:
        n = normalized(n, g_1, b_1, epsilon)
    wide = vector_times_matrix(normalized(n, g_2, b_2, epsilon) if pre_norm else n, w_wide, b_wide)
    gelu(wide, np.empty_like(wide), tanh[0], tanh[1])
    y = n + vector_times_matrix(wide, w_narrow, b_narrow)
    return y if pre_norm else normalized(y, g_2, b_2, epsilon)


class OneRow(model.Block):
    """A block that reads a single position after those in a cache in one call. What it is not for, it leaves to its base class."""

    pre_norm = False

    def forward(self, x: Array, B: int, cache: Cache | None = None) -> Array:
        attn, mlp = self.attn, self.mlp
        if cache is None or len(x) != 1 or attn.workspace.generators is not None:  # or with dropout
            return super().forward(x, B, cache)
        maps = attn.project_in, attn.project_out, mlp.widen, mlp.narrow
        if any(each.lora for each in maps):
            return super().forward(x, B, cache)
        if cache.length == cache.room:
            cache.reserve(2 * cache.room)
        keys, values = cache.keys[attn.block, 0], cache.values[attn.block, 0]
        weights = tuple((each.weight.value, each.bias.value) for each in maps)
        norms = tuple((each.gain.value, each.bias.value) for each in (self.ln_1, self.ln_2))
        tanh = mlp.gelu.SCALE, mlp.gelu.CUBIC
        y: Array = read_row(x[0], keys, values, cache.length, self.pre_norm, weights, norms, attn.scale, self.ln_1.epsilon, tanh)
        return y[None]


class Block(OneRow):
    """GPT-1's."""


class PreNormBlock(OneRow, model.PreNormBlock):
    """GPT-2's."""

    pre_norm = True


class GPT(model.GPT):
    """The logits of a single row at the speed of memory. A core alone does not reach it: threads help to read a large matrix, part by part.

    None of them is waited for, as its core may be taken away. What one has begun and not ended is computed here too. It may then write the
    same numbers at any time, so the caller gets a copy.
    """

    readers: Workers | None = None

    def logits(self, hidden: Array) -> Array:
        if len(hidden) != 1:
            return super().logits(hidden)
        weight, row = self.output.value, hidden[0]
        scores: Array = np.empty((1, len(weight)), self.workspace.dtype)
        parts = cut(len(weight), max(1, PART // weight[0].nbytes) if weight.nbytes > LARGE else len(weight))
        turns, ended = iter(range(len(parts))), set[int]()

        def read(n: int) -> None:
            matrix_times_vector(weight[parts[n]], row, scores[0, parts[n]])
            ended.add(n)

        def read_some() -> None:
            for n in turns:  # each number goes to one thread
                read(n)

        if len(parts) > 1:
            self.readers = self.readers or Workers(min(4, usable_cores()) - 1)
            self.readers.offer(read_some)
        read_some()
        late = [n for n in range(len(parts)) if n not in ended]
        for n in late:
            if n not in ended:
                read(n)
        return scores.copy() if late else scores
