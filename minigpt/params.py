"""Every parameter of the network in one flat block, every gradient in another; layers hold named views.

In: a ModelConfig. Out: `Parameters`, a mapping from transformers' dotted names to `Parameter`. Because the blocks are flat, zeroing,
the global norm, AdamW, the sum over workers, saving and a copy to the GPU are one operation each.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from minigpt.backend import Array, Backend
from minigpt.config import ModelConfig
from minigpt.errors import MinigptError

EMBEDDING = "transformer.tokens_embed.weight"  # the first in the flat blocks


def shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every parameter, as `OpenAIGPTLMHeadModel` names them: weights are (in, out), the output matrix is tied."""
    C, V, P = config.n_embd, config.vocab_size, config.n_positions
    result: dict[str, tuple[int, ...]] = {EMBEDDING: (V, C), "transformer.positions_embed.weight": (P, C)}
    for i in range(config.n_layer):
        h = f"transformer.h.{i}"
        for name, C_in, C_out in (("attn.c_attn", C, 3 * C), ("attn.c_proj", C, C), ("mlp.c_fc", C, 4 * C), ("mlp.c_proj", 4 * C, C)):
            result[f"{h}.{name}.weight"] = (C_in, C_out)
            result[f"{h}.{name}.bias"] = (C_out,)
        for name in ("ln_1", "ln_2"):
            result[f"{h}.{name}.weight"] = (C,)
            result[f"{h}.{name}.bias"] = (C,)
    return result


class Memory:
    """The flat blocks: `values` (n,), and `gradients`, which lack the `shared` leading elements that belong to another.

    A parameter refers to these and not to `Parameters`, so that no reference cycle keeps them alive after their last use.
    """

    def __init__(self, backend: Backend, values: Array, shared: int) -> None:
        self.backend, self.values, self.shared = backend, values, shared
        self._gradients: Array = None
        self._allocation = threading.Lock()

    @property
    def gradients(self) -> Array:
        """Allocated at the first use, once for all threads: sampling needs none."""
        with self._allocation:
            if self._gradients is None:
                self._gradients = self.backend.xp.empty(self.values.size - self.shared, dtype=self.values.dtype)
        return self._gradients


class Parameter:
    """One named array of the network and its gradient, both views into the flat blocks.

    `zero_gradients` only marks the gradient as stale. The first addition then overwrites it, which saves a pass over memory; every
    other access zeroes it first, so nobody sees the difference.
    """

    def __init__(self, name: str, shape: tuple[int, ...], at: slice, memory: Memory) -> None:
        self.name, self.at, self.memory, self.stale = name, at, memory, True
        self.value = memory.values[at].reshape(shape)
        self._gradient: Array = None

    @property
    def grad(self) -> Array:
        """The gradient; add to it with `p.grad += ...`."""
        gradient = self._current()
        if self.stale:
            gradient[...] = 0
            self.stale = False
        return gradient

    @grad.setter
    def grad(self, array: Array) -> None:  # `p.grad += x` adds in place and then assigns the same array back
        if array is not self._gradient:
            raise AttributeError(f"{self.name}.grad is a view into the flat block: add to it, do not replace it")

    def add_product(self, a: Array, b: Array) -> None:
        """grad += a @ b, the first time without the addition."""
        self.write_product(a, b, slice(0, self.value.shape[0]), add=not self.stale)
        self.stale = False

    def write_product(self, a: Array, b: Array, rows: slice, add: bool) -> None:
        """grad[rows] = or += a @ b. Several threads may each write rows of their own; who calls this keeps `stale` true to the facts."""
        backend, gradient = self.memory.backend, self._current()[rows]
        if not add:
            backend.xp.matmul(a, b, out=gradient)
            return
        for part in backend.pieces(gradient.shape[0], gradient.shape[1] * gradient.itemsize):  # the product of a piece stays in the cache
            gradient[part] += backend.xp.matmul(a[part], b)

    def _current(self) -> Array:
        """The gradient as it lies in memory, stale or not."""
        if self._gradient is None:
            start, stop = (end - self.memory.shared for end in (self.at.start, self.at.stop))
            self._gradient = self.memory.gradients[start:stop].reshape(self.value.shape)
        return self._gradient


class Parameters:
    """The flat blocks `values` and `gradients`, (n,) each, and the named views into them.

    Matrices come first, then vectors: weight decay, which spares vectors, is then a matter of one boundary (`n_decayed`).
    """

    def __init__(self, config: ModelConfig, backend: Backend, dtype: type = np.float32, twin_of: Parameters | None = None) -> None:
        self.config, self.backend, self.dtype = config, backend, dtype
        self.shapes = shapes(config)
        sizes = {name: math.prod(shape) for name, shape in self.shapes.items()}
        order = sorted(sizes, key=lambda name: len(self.shapes[name]) == 1)  # stable: matrices, then vectors
        self.n = sum(sizes.values())
        self.n_decayed = sum(sizes[name] for name in order if len(self.shapes[name]) > 1)
        self.values: Array = twin_of.values if twin_of else backend.xp.zeros(self.n, dtype=dtype)
        self.shared = sizes[EMBEDDING] if twin_of else 0  # leading elements whose gradients belong to another
        self.memory = Memory(backend, self.values, self.shared)
        self.offsets: dict[str, slice] = {}
        start = 0
        for name in order:
            self.offsets[name] = slice(start, start + sizes[name])
            start += sizes[name]
        self._named = {name: Parameter(name, shape, self.offsets[name], self.memory) for name, shape in self.shapes.items()}
        if twin_of:
            self._named[EMBEDDING] = twin_of[EMBEDDING]

    def __getitem__(self, name: str) -> Parameter:
        return self._named[name]

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._named.values())

    def twin(self) -> Parameters:
        """The same values, with gradients of its own: what a second worker needs.

        Only the token embedding's gradient, often the largest, is common to both: writers of it must take turns.
        """
        return Parameters(self.config, self.backend, self.dtype, twin_of=self)

    def zero_gradients(self) -> None:
        """Forget every gradient."""
        for parameter in self:
            parameter.stale = True

    @property
    def gradients(self) -> Array:
        """The flat block of gradients, (n,); a twin's lacks the shared elements at its beginning."""
        for parameter in self:
            _ = parameter.grad  # zeroes what no backward has touched
        return self.memory.gradients

    def initialize(self, rng: np.random.Generator) -> None:
        """Weights from N(0, initializer_range), biases 0, gains 1 (Radford et al. 2018, section 4.1); drawn on the host."""
        for name, shape in self.shapes.items():
            if len(shape) > 1:
                drawn = rng.standard_normal(shape, dtype=np.float32) * np.float32(self.config.initializer_range)
                self[name].value[...] = self.backend.asarray(drawn, dtype=self.dtype)
            else:
                self[name].value[...] = 1 if ".ln_" in name and name.endswith(".weight") else 0


def load_state_dict(parameters: Parameters, state: dict[str, Any]) -> None:
    """Copy host arrays, named as in transformers, into the parameters; MinigptError names what is missing, unknown or misshapen."""
    missing, unknown = sorted(parameters.shapes.keys() - state.keys()), sorted(state.keys() - parameters.shapes.keys())
    if missing or unknown:
        raise MinigptError(f"the parameters do not fit this model: missing {missing[:3]}, unknown {unknown[:3]}")
    arrays = {name: _as_numbers(name, state[name]) for name in parameters.shapes}
    for name, shape in parameters.shapes.items():  # all of them, before the first is taken over
        if arrays[name].shape != shape:
            raise MinigptError(f"{name} has shape {arrays[name].shape}, this model needs {shape}")
    for name, array in arrays.items():
        parameters[name].value[...] = parameters.backend.asarray(array, dtype=parameters.dtype)


def _as_numbers(name: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise MinigptError(f"{name} is not an array of numbers: {error}") from error
    if array.dtype.kind not in "fiu":
        raise MinigptError(f"{name} holds {array.dtype}, wanted real numbers")
    return array
