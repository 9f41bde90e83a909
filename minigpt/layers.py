"""The position-wise layers: hidden states (N, C) in, hidden states out.

Each backward stands under its forward and mirrors it. A class says under `Plain:` which part of
plain.py computes the same numbers, what is different here, why the result is equal, and what that
gained in time and in newly allocated memory ("new memory"), measured over a forward and a backward
of 8 sequences of 256 tokens, C = 384, on one thread.

The contract of every layer:

1. Loans and gifts. An argument is a loan: read-only, and unchanged until the matching `backward`
   returns. With `gift=True` the caller gives it away: the layer may overwrite and keep it. A result
   is the caller's, to overwrite or to give away, until it is passed on.
2. Saves. What is kept for backward is an attribute, listed under `Saves:` with its shape.
3. Gradients add. `backward` adds to its parameters' gradients and returns its input's gradient.
4. Buffers. `self.buffer` lends a layer the same memory every step; `self.scratch` lends memory that
   the same layer of every block shares, for values that nobody needs once the next block runs.
5. One forward in flight: a `forward` is followed by its own `backward` or by none.

Axes: N = B * T rows (B sequences of T positions), C width. dx is the loss's gradient with respect
to x.
"""

from __future__ import annotations

import math
import re
from functools import partial
from typing import Any

import numpy as np

from minigpt.backend import Array, Workspace
from minigpt.config import ModelConfig
from minigpt.params import Parameters, Spec, Specs


class Layer:
    """What every layer has: a dotted name, its model's workspace and backend, and memory.

    A layer with parameters lists them in `specs`; `Parameters` makes them (params.py).
    """

    def __init__(self, name: str, workspace: Workspace) -> None:
        self.name, self.workspace = name, workspace
        self.backend, self.xp = workspace.backend, workspace.backend.xp
        self.__class__ = self.backend.fast(type(self))  # the same results (fast/)
        self.buffer = partial(workspace.take, name)  # (role, *shape) -> memory for what it saves
        in_any_block = re.sub(r"\.h\.\d+\.", ".h.", name)
        self.scratch = partial(workspace.take, f"{in_any_block} scratch")

    forward: Any  # of each layer's own arguments
    backward: Any


class Linear(Layer):
    """y = x W + b.

    Shapes: x (N, C_in), W (C_in, C_out), b (C_out,) -> (N, C_out).
    Saves: x (N, C_in), the loan itself.
    Plain: `linear`. The same three products, written into memory that exists already. No faster,
    since BLAS does nearly all the work, but 1 MiB of new memory instead of 24.
    """

    @staticmethod
    def specs(name: str, C_in: int, C_out: int, scale: float = 1.0) -> Specs:
        return {
            f"{name}.weight": Spec((C_in, C_out), scale=scale),
            f"{name}.bias": Spec((C_out,), initial=0),
        }

    lora: Layer | None = None  # what is added to it, if its matrix is frozen (lora.py)

    def __init__(self, name: str, parameters: Parameters, workspace: Workspace) -> None:
        super().__init__(name, workspace)
        self.weight, self.bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]

    def forward(self, x: Array) -> Array:
        self.x = x
        y = self.buffer("y", x.shape[0], self.weight.value.shape[1])
        self.xp.matmul(x, self.weight.value, out=y)
        y += self.bias.value
        if self.lora:
            y += self.lora.forward(x)
        return y

    def backward(self, dy: Array) -> Array:
        self.bias.grad += dy.sum(axis=0)
        if not self.weight.frozen:
            self.weight.add_product(self.x.T, dy)
        dx = self.xp.matmul(dy, self.weight.value.T, out=self.scratch("dx", *self.x.shape))
        if self.lora:
            dx += self.lora.backward(dy)
        return dx


class LayerNorm(Layer):
    """y = gain * (x - mean) / sqrt(variance + epsilon) + bias, over each row.

    Shapes: (N, C) -> (N, C). Source: Ba et al. 2016, equation 4; the variance is the biased one.
    Saves: normalized (N, C), in the memory of a gift; inverse_std (N, 1).
    Plain: `layer_norm`. A mean is a product with a column of 1 / C, and as rows are independent,
    they are computed in pieces that stay in the cache. 1.4 times as fast, no new memory instead of
    15 MiB.
    """

    @staticmethod
    def specs(name: str, config: ModelConfig) -> Specs:
        C = config.n_embd
        return {f"{name}.weight": Spec((C,), initial=1), f"{name}.bias": Spec((C,), initial=0)}

    def __init__(self, name: str, parameters: Parameters, workspace: Workspace) -> None:
        super().__init__(name, workspace)
        self.gain, self.bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
        self.epsilon = parameters.config.layer_norm_epsilon
        C = parameters.config.n_embd
        # rows @ average: the means of rows, at the speed of a matrix product
        self.average = self.xp.full((C, 1), 1 / C, dtype=workspace.dtype)

    def forward(self, x: Array, gift: bool = False) -> Array:
        xp = self.xp
        y = self.buffer("y", *x.shape)
        self.normalized = x if gift else self.buffer("normalized", *x.shape)
        self.inverse_std = self.buffer("inverse_std", x.shape[0], 1)
        for rows in self.backend.pieces(x):
            z, s = self.normalized[rows], self.inverse_std[rows]
            xp.subtract(x[rows], x[rows] @ self.average, out=z)
            squares = xp.multiply(z, z, out=y[rows])  # y's memory is free until y is written
            xp.sqrt(squares @ self.average + self.epsilon, out=s)
            xp.divide(1, s, out=s)
            z *= s
            xp.multiply(z, self.gain.value, out=y[rows])
            y[rows] += self.bias.value
        return y

    def backward(self, dy: Array) -> Array:
        xp = self.xp
        dx, product = self.scratch("dx", *dy.shape), self.scratch("product", *dy.shape)
        for rows in self.backend.pieces(dy):
            z, p = self.normalized[rows], product[rows]
            xp.multiply(dy[rows], z, out=p)
            self.gain.grad += p.sum(axis=0)
            self.bias.grad += dy[rows].sum(axis=0)
            # dz = dy * gain; mean and std depend on x too, hence the two means in
            # dx = (dz - mean(dz) - z * mean(dz * z)) / std
            share = p @ (self.average * self.gain.value[:, None])  # mean(dz * z), (rows, 1)
            dz = xp.multiply(dy[rows], self.gain.value, out=dx[rows])
            dz -= dz @ self.average
            dz -= xp.multiply(z, share, out=p)
            dz *= self.inverse_std[rows]
        return dx


class Gelu(Layer):
    """y = x * gate, gate = (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u)),
    u = sqrt(2/pi) * (x + 0.044715 x^3).

    Shapes: any. Source: Hendrycks & Gimpel 2016, section 2, the tanh form that GPT-1 uses.
    Saves: slope = dy/dx, x's shape. y takes the memory of a gift.
    Plain: `gelu`. The gate needs exp alone, which is cheaper than tanh; the slope is computed while
    x is in the cache, so backward is one product and one array is kept instead of three. 3.6 times
    as fast, no new memory instead of 72 MiB.
    """

    SCALE = math.sqrt(2 / math.pi)
    CUBIC = 0.044715

    def forward(self, x: Array, gift: bool = False) -> Array:
        xp = self.xp
        y, self.slope = x if gift else self.buffer("y", *x.shape), self.buffer("slope", *x.shape)
        for rows in self.backend.pieces(x):
            squared = xp.multiply(x[rows], x[rows], out=self.slope[rows])
            gate = self.scratch("gate", *squared.shape)
            xp.multiply(squared, -2 * self.SCALE * self.CUBIC, out=gate)
            gate -= 2 * self.SCALE
            gate *= x[rows]  # -2u
            with np.errstate(over="ignore"):  # where exp is infinite, the gate is 0
                xp.exp(gate, out=gate)
            gate += 1
            xp.divide(1, gate, out=gate)
            xp.multiply(gate, x[rows], out=y[rows])  # the last use of x
            # slope = gate + x * dgate/dx, dgate/dx = 2 gate (1 - gate) du/dx, so by y = x * gate:
            # slope = gate + y * (1 - gate) * 2 du/dx, du/dx = SCALE + 3 SCALE CUBIC x^2
            slope = squared
            slope *= 6 * self.SCALE * self.CUBIC
            slope += 2 * self.SCALE
            slope *= y[rows]
            slope *= xp.subtract(1, gate, out=self.scratch("rest", *gate.shape))
            slope += gate
        return y

    def backward(self, dy: Array) -> Array:
        return self.xp.multiply(dy, self.slope, out=self.scratch("dx", *dy.shape))


class Dropout(Layer):
    """y = x * mask, where mask is 1 / keep with probability keep, else 0. Off, it is the identity.

    Shapes: any, B equal parts -> the same. Source: Srivastava et al. 2014, inverted scaling.
    Saves: mask, x's shape, or None while it is off. y takes the memory of a gift.
    Plain: none, as plain.py has no dropout. The mask is (rng.random(x.shape) < keep) / keep, but
    with 16 random bits for each element, which is 1.8 times as fast.
    """

    def __init__(self, name: str, rate: float, workspace: Workspace) -> None:
        super().__init__(name, workspace)
        self.keep = 1 - rate
        self.mask: Array | None = None

    def draw(self, *shape: int) -> Array | None:
        """A new mask of this shape, or None while dropout is off."""
        self.mask = None
        generators = self.workspace.generators
        if generators is not None and self.keep < 1:
            self.mask = self.buffer("mask", *shape)
            self.backend.dropout_mask(generators, self.keep, self.mask)
        return self.mask

    def forward(self, x: Array, gift: bool = False) -> Array:
        mask = self.draw(*x.shape)
        if mask is None:
            return x
        return self.xp.multiply(x, mask, out=x if gift else self.buffer("y", *x.shape))

    def backward(self, dy: Array) -> Array:
        if self.mask is None:
            return dy
        return self.xp.multiply(dy, self.mask, out=self.scratch("dx", *dy.shape))


class Mlp:
    """y = narrow(gelu(widen(x))). Shapes: (N, C) -> (N, 4C) -> (N, C).

    Plain: `mlp`. The result u of `widen` is given away, so gelu(u)
    overwrites it.
    """

    @staticmethod
    def specs(name: str, config: ModelConfig) -> Specs:
        C = config.n_embd
        return {
            **Linear.specs(f"{name}.c_fc", C, 4 * C),
            **Linear.specs(f"{name}.c_proj", 4 * C, C, config.branch_scale),
        }

    def __init__(self, name: str, parameters: Parameters, workspace: Workspace) -> None:
        self.widen = Linear(f"{name}.c_fc", parameters, workspace)
        self.gelu = Gelu(f"{name}.gelu", workspace)
        self.narrow = Linear(f"{name}.c_proj", parameters, workspace)

    def forward(self, x: Array) -> Array:
        return self.narrow.forward(self.gelu.forward(self.widen.forward(x), gift=True))

    def backward(self, dy: Array) -> Array:
        return self.widen.backward(self.gelu.backward(self.narrow.backward(dy)))
