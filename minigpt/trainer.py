"""One training step over several workers: a batch (B, T) in, the mean loss out, the parameters updated.

The workers are threads: NumPy lets go of the interpreter's lock while it computes. They share the parameters. Through the network each
takes some of the batch's sequences, with activations and gradients of its own; through the loss each takes some of the vocabulary;
through the optimizer each takes some of the parameters. Each runs its matrix products on its own share of the processor's cores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from minigpt.backend import Array, Backend, choose_backend
from minigpt.config import ModelConfig, TrainConfig, require_integer
from minigpt.errors import MinigptError
from minigpt.layers import Workspace
from minigpt.loss import CrossEntropy
from minigpt.machine import blas, require_threads, usable_cores
from minigpt.model import GPT
from minigpt.optim import AdamW, clip_scale
from minigpt.params import Parameters, load_state_dict
from minigpt.threads import Turns, Workers, in_turn


class Trainer:
    """A model in training: parameters, AdamW, and the workers that compute a step.

    Batches are integers (B, T) on the host. Results do not depend on the number of threads beyond rounding, and are the same to the
    bit for the same number. A batch of more than `micro_batch` sequences is taken in parts, whose gradients add; where the memory runs
    out, `micro_batch` is halved. Calls from several threads take turns, and a forked process can go on with its own copy.
    """

    def __init__(
        self,
        config: ModelConfig,
        train_config: TrainConfig | None = None,
        device: str = "auto",
        threads: int | None = None,
        micro_batch: int | None = None,
        *,
        backend: Backend | None = None,
        dtype: type = np.float32,
    ) -> None:
        self.threads = require_threads("threads", threads) or usable_cores()
        self.micro_batch = None if micro_batch is None else require_integer("micro_batch", micro_batch)  # sequences at once, at most
        self.turns, self.config, self.train_config = Turns(), config, train_config or TrainConfig()
        self.backend = backend or choose_backend(device)
        self.workers = Workers(self.threads if self.backend.name == "cpu" else 1)
        self.parameters = Parameters(config, self.backend, dtype)
        self.optimizer = AdamW(self.parameters, self.train_config)
        self.restart()
        self.gradient_norm = 0.0  # of the latest step, before clipping
        self._hire()

    def _hire(self) -> None:
        """New workers, with empty buffers."""
        self.models = [GPT(self.parameters)]  # one a worker; more of them once a batch needs them
        workspace = Workspace(self.backend, self.parameters.dtype)
        self.loss = CrossEntropy(self.parameters, workspace, shards=self.workers.most, run=self.workers.map)

    @in_turn
    def restart(self) -> None:
        """Initial weights, no moments, no step made."""
        with blas.limited():  # a fork waits until it is whole
            self.parameters.initialize(np.random.default_rng([self.train_config.seed, 0]))
            self.optimizer.m[...] = self.optimizer.v[...] = 0
            self.optimizer.step = 0

    @in_turn
    def configure(self, /, **changes: Any) -> None:
        """Change fields of the TrainConfig, such as the learning rate and its schedule."""
        self.train_config = self.optimizer.config = replace(self.train_config, **changes)

    @in_turn
    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        """One update from inputs x and targets y, (B, T) integers each. Returns the mean loss before it, in nats per token.

        Where the loss or `gradient_norm` is not finite, nothing is updated.
        """
        loss = self._forward_backward(x, y)
        self._update()
        return loss

    def _update(self) -> float:
        """AdamW, by the gradients of the latest forward and backward, clipped; returns their global norm before clipping."""
        gradient, others, pieces = *self._gradients(), self.optimizer.pieces()
        with blas.limited(1):
            squares = self.workers.share(lambda at: add_up(gradient, others, at), pieces)
            self.gradient_norm = sum(squares) ** 0.5
            if not math.isfinite(self.loss_value) or not math.isfinite(self.gradient_norm):
                return self.gradient_norm
            scale = clip_scale(self.gradient_norm, self.train_config.clip_norm)
            self.optimizer.step += 1
            self.workers.share(lambda at: self.optimizer.update(at, gradient, scale), pieces)
        return self.gradient_norm

    @in_turn
    def loss_and_gradients(self, x: np.ndarray, y: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        """The loss of a batch and every gradient, named as in `state_dict`, before clipping; nothing is updated."""
        loss, (gradient, others) = self._forward_backward(x, y), self._gradients()
        with blas.limited(1):
            for at in self.optimizer.pieces():
                add_up(gradient, others, at)
        return loss, {p.name: self.backend.to_host(p.grad).copy() for p in self.parameters}

    def _gradients(self) -> tuple[Array, list[tuple[int, Array]]]:
        """The first model's flat gradients (n,); of each other model, where its own ones start in that block, and those."""
        return self.parameters.gradients, [(model.parameters.shared, model.parameters.gradients) for model in self.models[1:]]

    @in_turn
    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        """The mean loss of a batch without dropout; nothing is updated."""
        ids, targets = self._batch(x, y)
        return self._in_parts(ids.shape, lambda part, rows: self._loss_of(self._forward(ids[part], None), targets[rows], y.size))

    @in_turn
    def hidden(self, x: np.ndarray) -> Array:
        """The hidden states (B * T, C) of inputs (B, T), without dropout."""
        return self._forward(self._batch(x, x)[0], None)

    @in_turn
    def loss_of(self, hidden: Array, y: np.ndarray) -> float:
        """The mean loss of hidden states (B * T, C) and targets (B, T)."""
        return self._loss_of(hidden, self._batch(y, y)[1], y.size)

    def _loss_of(self, hidden: Array, targets: Array, total: int) -> float:
        with blas.limited(1):
            return self.loss.forward(hidden, targets, total=total)

    @in_turn
    def state_dict(self) -> dict[str, np.ndarray]:
        """Name -> a host copy of every parameter, names and layouts as in transformers' `OpenAIGPTLMHeadModel`."""
        return {p.name: self.backend.to_host(p.value).copy() for p in self.parameters}

    @in_turn
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over every parameter from a `state_dict`; names and shapes must fit exactly."""
        with blas.limited():
            load_state_dict(self.parameters, state)

    @in_turn
    def flat_state(self) -> dict[str, np.ndarray]:
        """Parameters and both moments as flat host blocks (n,); with `optimizer.step` all that a training goes on from."""
        return {name: self.backend.to_host(block) for name, block in self._blocks().items()}

    @in_turn
    def load_flat_state(self, arrays: Mapping[str, np.ndarray], step: int) -> None:
        """Take over a `flat_state` after so many updates."""
        with blas.limited():
            for name, block in self._blocks().items():
                block[...] = self.backend.asarray(arrays[name])
            self.optimizer.step = step

    def _blocks(self) -> dict[str, Array]:
        return {"parameters": self.parameters.values, "m": self.optimizer.m, "v": self.optimizer.v}

    def plan(self, batch_size: int) -> str:
        """How a step is shared out, in words."""
        if self.backend.name != "cpu":
            return "one worker on the GPU"
        workers = min(self.threads, batch_size)
        return f"{workers} worker{'s' * (workers > 1)} on {self.threads} core{'s' * (self.threads > 1)}"

    @in_turn
    def close(self) -> None:
        """End the threads. The trainer cannot step afterwards."""
        self.workers.close()

    def __reduce__(self) -> NoReturn:
        raise MinigptError("a Trainer cannot be copied or pickled; make a new one and give it this one's state_dict()")

    def _batch(self, x: np.ndarray, y: np.ndarray) -> tuple[Array, Array]:
        """Checked host integers (B, T) -> arrays of the backend."""
        try:
            x, y = np.asarray(x), np.asarray(y)
        except ValueError as error:  # rows of different lengths
            raise MinigptError(f"a batch needs x and y of one shape (B, T): {error}") from error
        if x.ndim != 2 or x.shape != y.shape or x.size == 0:
            raise MinigptError(f"a batch needs x and y of one shape (B, T), neither 0; got {x.shape} and {y.shape}")
        if x.shape[1] > self.config.n_positions:
            raise MinigptError(f"a window of {x.shape[1]} tokens does not fit n_positions={self.config.n_positions}")
        for name, ids in (("x", x), ("y", y)):
            if ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= self.config.vocab_size:
                raise MinigptError(f"{name} must hold token ids from 0 to {self.config.vocab_size - 1} as integers")
        return self.backend.asarray(x, dtype=np.int64), self.backend.asarray(y.reshape(-1), dtype=np.int64)

    def _forward_backward(self, x: np.ndarray, y: np.ndarray) -> float:
        """The loss of a batch; the models' new gradients add up to that loss's."""
        ids, targets = self._batch(x, y)

        def loss(part: slice, rows: slice) -> float:
            for model in self.models if part.start == 0 else ():
                model.parameters.zero_gradients()
            streams = [(self.train_config.seed, 1, self.optimizer.step, b) for b in range(part.start, part.stop)]
            hidden = self._forward(ids[part], streams)
            with blas.limited(1):
                share, dhidden = self.loss.forward_backward(hidden, targets[rows], total=len(targets))
            self._backward(dhidden, *ids[part].shape)
            return share

        self.loss_value = self._in_parts(ids.shape, loss)
        return self.loss_value

    forward_backward, update = in_turn(_forward_backward), in_turn(_update)

    def _in_parts(self, shape: tuple[int, ...], loss: Callable[[slice, slice], float]) -> float:
        """The sum of loss(sequences, rows) over the parts of a batch (B, T); if memory runs out, again in parts of half the size."""
        B, T = shape
        while True:
            size = min(self.micro_batch or B, B)
            try:
                return sum(loss(slice(b, min(b + size, B)), slice(b * T, min(b + size, B) * T)) for b in range(0, B, size))
            except Exception as error:
                if not self.backend.out_of_memory(error):
                    raise
                if size == 1:
                    raise MemoryError(str(error)) from error
            self.micro_batch = -(-size // 2)
            self._hire()
            self.backend.release()

    def _backward(self, dhidden: Array, B: int, T: int) -> None:
        """The gradient of the hidden states (B * T, C) -> the models' gradients, added, each worker its share."""
        dx = self._over_sequences(B, lambda model, b: model.backward_to_embedding(dhidden[b.start * T : b.stop * T]))
        for model, part in zip(self.models, dx, strict=False):  # in turn: they write into one array
            model.embedding.backward(part)

    def _forward(self, ids: Array, streams: Sequence[tuple[int, ...]] | None) -> Array:
        """ids (B, T) -> hidden states (B * T, C), each worker its share; with dropout if there is a stream for each sequence."""

        def forward(model: GPT, b: slice) -> Array:
            model.noise.begin(streams[b] if streams else None)
            return model.forward(ids[b])

        return self.backend.xp.concatenate(self._over_sequences(len(ids), forward))

    def _over_sequences(self, B: int, work: Callable[[GPT, slice], Array]) -> list[Array]:
        """Give each model its share of B sequences; the results in the order of the shares."""
        n = min(self.workers.most, B)
        while len(self.models) < n:
            self.models.append(GPT(self.parameters.twin()))
        shares = [slice(B * i // n, B * (i + 1) // n) for i in range(n)]
        with blas.limited(self.threads // n):
            return self.workers.map(work, self.models, shares)


def add_up(gradient: Array, others: list[tuple[int, Array]], at: slice) -> float:
    """Add other workers' gradients, each a start and a block, to the first's over one slice; returns the sum of its squares."""
    total = gradient[at]
    for start, block in others:
        own = slice(max(at.start, start), max(at.stop, start))
        total[own.start - at.start :] += block[own.start - start : own.stop - start]
    return float(total.dot(total))
