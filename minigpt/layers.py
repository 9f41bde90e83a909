"""The position-wise layers: hidden states (N, C) in, hidden states out; each backward stands under its forward and mirrors it.

The contract of every layer:

1. Loans and gifts. Arguments are read-only: a loan to `forward` lasts until the matching `backward` returns, a loan to `backward`
   for that call. A result is the caller's to overwrite until it passes it on.
2. Saves. What is kept for backward is an attribute, named under `Saves:` with its shape.
3. Gradients add. `backward` adds to its parameters' gradients and returns the gradient of its input.
4. Buffers. `self.buffer` lends the layer the same memory every step; `self.scratch` lends memory that the same layer of every
   block shares, for results that the next block no longer needs.
5. One forward in flight: a `forward` is followed by its own `backward` or by none.

Axes: N = B * T rows (B sequences of T positions), C width, V vocabulary, P positions. A gradient has its array's name and a `d`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigpt.backend import Array, Backend
from minigpt.params import EMBEDDING, Parameters
from minigpt.threads import Turns


class Workspace:
    """The memory of one model: named buffers, allocated at their first use and again only to grow. Computations in it take `turns`."""

    def __init__(self, backend: Backend, dtype: type = np.float32) -> None:
        self.backend, self.dtype, self.turns = backend, dtype, Turns()
        self._blocks: dict[str, Array] = {}

    def take(self, key: str, shape: tuple[int, ...]) -> Array:
        """An array of this shape, its contents undefined; the same memory at every call with this key."""
        size = math.prod(shape)
        block = self._blocks.get(key)
        if block is None or block.size < size:
            block = self._blocks[key] = self.backend.xp.empty(size, dtype=self.dtype)
        return block[:size].reshape(shape)

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        return sum(block.nbytes for block in self._blocks.values())


class Noise:
    """The randomness of dropout for one step: off, or a generator for each sequence of the batch, so that a sequence drops the same
    units whichever worker computes it."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.generators: list[Any] | None = None

    def begin(self, seeds: Sequence[tuple[int, ...]] | None) -> None:
        """Start a forward: one tuple of integers a sequence, or None for no dropout (evaluation, sampling)."""
        self.generators = None if seeds is None else self.backend.generators(seeds)


class Layer:
    """What every layer has: a dotted name, its model's workspace and backend."""

    def __init__(self, name: str, workspace: Workspace) -> None:
        self.name, self.workspace = name, workspace
        self.backend, self.xp = workspace.backend, workspace.backend.xp
        self._shared_name = re.sub(r"\.h\.\d+\.", ".h.", name)

    def buffer(self, role: str, *shape: int) -> Array:
        """Memory of this layer's own, for what it saves."""
        return self.workspace.take(f"{self.name}:{role}", shape)

    def scratch(self, role: str, *shape: int) -> Array:
        """Memory shared with the same layer of the other blocks, for what is dead when they run."""
        return self.workspace.take(f"{self._shared_name}:{role}", shape)

    def pieces(self, x: Array) -> tuple[slice, ...]:
        """Slices over x's rows, each small enough for the cache."""
        return self.backend.pieces(x.shape[0], math.prod(x.shape[1:]) * x.itemsize)


class Embedding(Layer):
    """x[n] = token[ids[n]] + position[start + n mod T].

    Shapes: ids (B, T) integers -> (N, C). Source: Radford et al. 2018, equation 2.
    Saves: ids (B, T); start.
    """

    def __init__(self, parameters: Parameters, workspace: Workspace) -> None:
        super().__init__("transformer.embed", workspace)
        self.tokens = parameters[EMBEDDING]  # (V, C)
        self.positions = parameters["transformer.positions_embed.weight"]  # (P, C)

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
        self.positions.grad[self.start : self.start + T] += dx.reshape(B, T, -1).sum(axis=0)
        self.backend.add_rows(self.tokens.grad, self.ids.reshape(B * T), dx)


class Linear(Layer):
    """y = x W + b.

    Shapes: x (N, C_in), W (C_in, C_out), b (C_out,) -> (N, C_out).
    Saves: x (N, C_in), the loan itself.
    `passing` says that y goes into a sum and is dead when the next block runs: its memory is then shared by all blocks.
    """

    def __init__(self, name: str, parameters: Parameters, workspace: Workspace, passing: bool = False) -> None:
        super().__init__(name, workspace)
        self.weight, self.bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
        self.passing = passing

    def forward(self, x: Array) -> Array:
        self.x = x
        y = (self.scratch if self.passing else self.buffer)("y", x.shape[0], self.weight.value.shape[1])
        self.xp.matmul(x, self.weight.value, out=y)
        y += self.bias.value
        return y

    def backward(self, dy: Array) -> Array:
        self.bias.grad += dy.sum(axis=0)
        self.weight.add_product(self.x.T, dy)
        return self.xp.matmul(dy, self.weight.value.T, out=self.scratch("dx", *self.x.shape))


class LayerNorm(Layer):
    """y = gain * (x - mean) / sqrt(variance + epsilon) + bias, over each row.

    Shapes: (N, C) -> (N, C). Source: Ba et al. 2016, equation 4; the variance is the biased one.
    Saves: normalized (N, C); inverse_std (N, 1).
    """

    def __init__(self, name: str, parameters: Parameters, workspace: Workspace) -> None:
        super().__init__(name, workspace)
        self.gain, self.bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
        self.epsilon = parameters.config.layer_norm_epsilon
        C = parameters.config.n_embd
        self.average = self.xp.full((C, 1), 1 / C, dtype=workspace.dtype)  # rows @ average: their means, at a matrix product's speed

    def forward(self, x: Array) -> Array:
        xp = self.xp
        y = self.buffer("y", *x.shape)
        self.normalized = self.buffer("normalized", *x.shape)
        self.inverse_std = self.buffer("inverse_std", x.shape[0], 1)
        for rows in self.pieces(x):
            z, s = self.normalized[rows], self.inverse_std[rows]
            xp.subtract(x[rows], x[rows] @ self.average, out=z)
            variance = xp.multiply(z, z, out=y[rows]) @ self.average  # y serves as scratch until it is written
            xp.sqrt(variance + self.epsilon, out=s)
            xp.divide(1, s, out=s)
            z *= s
            xp.multiply(z, self.gain.value, out=y[rows])
            y[rows] += self.bias.value
        return y

    def backward(self, dy: Array) -> Array:
        xp = self.xp
        dx, product = self.scratch("dx", *dy.shape), self.scratch("product", *dy.shape)
        for rows in self.pieces(dy):
            z, p = self.normalized[rows], product[rows]
            xp.multiply(dy[rows], z, out=p)
            self.gain.grad += p.sum(axis=0)
            self.bias.grad += dy[rows].sum(axis=0)
            # dz = dy * gain; the mean and the variance each take their share of it back:
            # dx = (dz - mean(dz) - z * mean(dz * z)) / std
            share = p @ (self.average * self.gain.value[:, None])  # mean(dz * z), (rows, 1)
            dz = xp.multiply(dy[rows], self.gain.value, out=dx[rows])
            dz -= dz @ self.average
            dz -= xp.multiply(z, share, out=p)
            dz *= self.inverse_std[rows]
        return dx


class Gelu(Layer):
    """y = x * gate, gate = (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u)), u = sqrt(2/pi) * (x + 0.044715 x^3).

    Shapes: any. Source: Hendrycks & Gimpel 2016, section 2, the tanh form that GPT-1 uses; exp is the cheaper of the two to compute.
    Saves: slope = dy/dx, x's shape: computed while x lies in the cache, it spares keeping x and gate.
    """

    SLOPE = math.sqrt(2 / math.pi)
    CUBIC = 0.044715

    def forward(self, x: Array) -> Array:
        xp = self.xp
        y, self.slope = self.buffer("y", *x.shape), self.buffer("slope", *x.shape)
        for rows in self.pieces(x):
            squared = xp.multiply(x[rows], x[rows], out=self.slope[rows])
            gate = xp.multiply(squared, -2 * self.SLOPE * self.CUBIC, out=self.scratch("gate", *x[rows].shape))
            gate -= 2 * self.SLOPE
            gate *= x[rows]  # -2u
            with np.errstate(over="ignore"):  # where exp is infinite, the gate is 0
                xp.exp(gate, out=gate)
            gate += 1
            xp.divide(1, gate, out=gate)
            xp.multiply(gate, x[rows], out=y[rows])
            # slope = gate + y * (1 - gate) * 2 du/dx, du/dx = SLOPE + 3 SLOPE CUBIC x^2
            slope = squared
            slope *= 6 * self.SLOPE * self.CUBIC
            slope += 2 * self.SLOPE
            slope *= y[rows]
            slope *= xp.subtract(1, gate, out=self.scratch("rest", *gate.shape))
            slope += gate
        return y

    def backward(self, dy: Array) -> Array:
        return self.xp.multiply(dy, self.slope, out=self.scratch("dx", *dy.shape))


class Dropout(Layer):
    """y = x * mask, where mask is 1 / keep with probability keep and otherwise 0. Off, it is the identity.

    Shapes: any (B * anything) -> the same. Source: Srivastava et al. 2014, inverted scaling.
    Saves: mask, x's shape, or None while it is off.
    """

    def __init__(self, name: str, rate: float, noise: Noise, workspace: Workspace) -> None:
        super().__init__(name, workspace)
        self.keep, self.noise = 1 - rate, noise
        self.mask: Array | None = None

    def draw(self, *shape: int) -> Array | None:
        """A new mask of this shape, or None while dropout is off."""
        self.mask = None
        if self.noise.generators is not None and self.keep < 1:
            self.mask = self.buffer("mask", *shape)
            self.backend.dropout_mask(self.noise.generators, self.keep, self.mask)
        return self.mask

    def forward(self, x: Array) -> Array:
        mask = self.draw(*x.shape)
        return x if mask is None else self.xp.multiply(x, mask, out=self.scratch("y", *x.shape))

    def backward(self, dy: Array) -> Array:
        return dy if self.mask is None else self.xp.multiply(dy, self.mask, out=self.scratch("dx", *dy.shape))
