"""The lecture's layers over compiled kernels. Each has the parameters and the results of its base class; its saves are its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigpt import attention, layers, loss, model, optim
from minigpt.fast import chains, decoding, heads
from minigpt.fast.chains import Array

OFF = 65536  # a threshold that every 16 bits are below: no dropout


def own(layer: layers.Layer, role: str, x: Array, gift: bool) -> Array:
    """x itself if it is a gift in C order, else a copy in the layer's buffer: the kernels work in place."""
    if gift and x.flags.c_contiguous:
        return x
    copy = layer.buffer(role, *x.shape)
    copy[...] = x
    return copy


class LayerNorm(layers.LayerNorm):
    def forward(self, x: Array, gift: bool = False) -> Array:
        y, self.normalized = self.buffer("y", *x.shape), own(self, "normalized", x, gift)
        self.inverse_std = self.buffer("inverse_std", x.shape[0], 1)
        chains.normalize(self.normalized, self.gain.value, self.bias.value, self.epsilon, y, self.inverse_std)
        return y

    def backward(self, dy: Array) -> Array:
        dx, dy = self.scratch("dx", *dy.shape), np.ascontiguousarray(dy)
        chains.normalize_back(dy, self.normalized, self.inverse_std, self.gain.value, self.gain.grad, self.bias.grad, dx)
        return dx


class Gelu(layers.Gelu):
    def forward(self, x: Array, gift: bool = False) -> Array:
        y, self.slope = own(self, "y", x, gift), self.buffer("slope", *x.shape)
        chains.gelu(y.reshape(-1), self.slope.reshape(-1), self.SCALE, self.CUBIC)
        return y


def random_bits(dropout: layers.Dropout, *shape: int) -> tuple[Array | None, int]:
    """The bits (B, at least shape / B) from which `draw` would make a mask of this shape, 16 for each element, and the threshold that those
    of a kept element are below. None and OFF while dropout is off."""
    generators = dropout.workspace.generators
    if generators is None or dropout.keep == 1:
        return None, OFF
    B = len(generators)
    words = -(-math.prod(shape) // B // 4)  # four decisions each, of one sequence
    memory = dropout.buffer("bits", B * words * (8 // np.dtype(dropout.workspace.dtype).itemsize)).view(np.uint64)
    for generator, drawn in zip(generators, memory.reshape(B, words), strict=True):
        state = generator.bit_generator.state
        chains.draw(state["state"]["state"], drawn)
        generator.bit_generator.state = state
    return memory.view(np.uint16).reshape(B, 4 * words), max(1, round(dropout.keep * OFF))


class Dropout(layers.Dropout):
    """Keeps random bits instead of the mask."""

    def forward(self, x: Array, gift: bool = False) -> Array:
        self.bits, self.threshold = random_bits(self, *x.shape)
        return x if self.bits is None else self.drop(own(self, "y", x, gift), self.bits)

    def backward(self, dy: Array) -> Array:
        if self.bits is None:
            return dy
        dx = self.scratch("dx", *dy.shape)
        dx[...] = dy
        return self.drop(dx, self.bits)

    def drop(self, x: Array, random: Array) -> Array:
        """x times the mask, in place."""
        for part, bits in zip(x.reshape(len(random), -1), random, strict=True):
            chains.drop(part, bits, self.threshold)
        return x


class Attention(attention.Attention):
    """Head by head. Heads wider than GPT-1's, and positions after those in a cache, are left to the base class."""

    def forward(self, x: Array, B: int, cache: attention.Cache | None = None) -> Array:
        self.by_heads = cache is None and self.D <= heads.WIDTH
        if not self.by_heads:
            return super().forward(x, B, cache)
        N, C = x.shape
        T, H = N // B, self.H
        self.qkv = self.project_in.forward(x)
        self.qkv[:, :C] *= self.scale
        self.weights, self.mixed = self.buffer("weights", B, H, T, T), self.buffer("mixed", N, C)
        bits, self.threshold = random_bits(self.dropout, B, H, T, T)
        self.bits = np.zeros((B, 0), np.uint16) if bits is None else bits
        qkv, mixed = self.qkv.reshape(B, T, 3, H, self.D), self.mixed.reshape(B, T, 1, H, self.D)
        heads.attend(qkv, self.bits, self.threshold, self.weights, mixed)
        return self.project_out.forward(self.mixed)

    def backward(self, dy: Array) -> Array:
        if not self.by_heads:
            return super().backward(dy)
        N, C = dy.shape
        B, H, T, _ = self.weights.shape
        dqkv = self.scratch("dqkv", N, 3 * C)
        dmixed = self.project_out.backward(dy)
        qkv, into = (rows.reshape(B, T, 3, H, self.D) for rows in (self.qkv, dqkv))
        mixed, upstream = (rows.reshape(B, T, 1, H, self.D) for rows in (self.mixed, dmixed))
        heads.attend_back(qkv, self.bits, self.threshold, self.weights, mixed, upstream, into)
        dqkv[:, :C] *= self.scale
        return self.project_in.backward(dqkv)


class Shard(loss.Shard):
    def exponentials(self, x: Array, maxima: Array, sums: Array) -> None:
        chains.exponentials(x, maxima, sums)


class AdamW(optim.AdamW):
    def update(self, pieces: Sequence[slice], gradient: Array, norm: float) -> None:
        c = self.config
        scale = c.clip_norm / norm if 0 < c.clip_norm < norm else 1.0
        rate = optim.learning_rate(c, self.step - 1)
        correction_1, correction_2 = 1 - c.beta1**self.step, math.sqrt(1 - c.beta2**self.step)
        constants = scale, (c.beta1, c.beta2), c.epsilon * correction_2, rate * correction_2 / correction_1
        for at in pieces:
            middle = max(at.start, min(at.stop, self.parameters.n_decayed))
            for part, kept in ((slice(at.start, middle), 1 - rate * c.weight_decay), (slice(middle, at.stop), 1.0)):
                p, m, v = self.parameters.values[part], self.arrays["m"][part], self.arrays["v"][part]
                chains.adamw(p, gradient[part], m, v, kept, *constants)


def add_up(pieces: Sequence[slice], gradients: Sequence[Array]) -> list[float]:
    first, squares = gradients[0], []
    for at in pieces:
        start, square = at.stop, 0.0
        for other in gradients[1:]:
            missing = len(first) - len(other)
            start = min(max(at.start, missing), at.stop)
            square = chains.add_squares(first[start : at.stop], other[start - missing : at.stop - missing])
        squares.append(chains.sum_squares(first[at.start : start]) + square)
    return squares


FASTER: dict[Any, Any] = {
    layers.LayerNorm: LayerNorm,
    layers.Gelu: Gelu,
    layers.Dropout: Dropout,
    attention.Attention: Attention,
    loss.Shard: Shard,
    optim.AdamW: AdamW,
    optim.add_up: add_up,
    model.Block: decoding.Block,
    model.PreNormBlock: decoding.PreNormBlock,
    model.GPT: decoding.GPT,
}
