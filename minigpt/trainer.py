"""One training step over several workers: a batch (B, T) in, the mean loss out, parameters updated.

The workers are threads: NumPy releases the interpreter's lock while it computes. They share the
parameters. Through the network each takes some of the batch's sequences, with activations and
gradients of its own; through the loss, some of the vocabulary; through the optimizer, some of the
parameters. BLAS, which computes NumPy's matrix products, has threads of its own; `blas.limited`
(machine.py) gives the products of each worker its share of the cores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, NoReturn

import numpy as np

from minigpt.backend import Array, Backend, Workspace, choose_backend
from minigpt.config import ModelConfig, TrainConfig, require_integer
from minigpt.embedding import check_batch
from minigpt.errors import MinigptError, counted
from minigpt.lora import merged
from minigpt.loss import CrossEntropy
from minigpt.machine import blas, require_threads, usable_cores
from minigpt.model import GPT, new_parameters
from minigpt.optim import AdamW as Optimizer
from minigpt.optim import add_up
from minigpt.threads import Turns, Workers, in_turn


class Trainer:
    """A model in training: parameters, optimizer, and the workers that compute a step.

    Batches are integers (B, T) on the host. Results do not depend on the number of threads beyond
    rounding, and are the same to the bit for the same number. A batch of more than `micro_batch`
    sequences is taken in parts, whose gradients add; if memory runs out, `micro_batch` is halved.
    Calls from several threads take turns, and a forked process can go on with its own copy. On a
    GPU the inputs of products are rounded to `precision`.
    Plain: the loop at the end of plain.py. The gradient of a batch is the mean of its sequences':
    workers and micro-batches each compute a part, divided by the tokens of the whole batch, and the
    parts are added. On one thread a step is 1.2 times as fast as plain's (BLAS is most of both); a
    second worker makes it 1.7 to 2.1 times as fast again (docs/performance.md).
    """

    def __init__(
        self,
        config: ModelConfig,
        train_config: TrainConfig | None = None,
        device: str = "auto",
        threads: int | None = None,
        micro_batch: int | None = None,
        *,
        precision: str | None = None,
        backend: Backend | None = None,
        dtype: type = np.float32,
    ) -> None:
        self.threads = require_threads("threads", threads) or usable_cores()
        given = micro_batch is not None
        self.micro_batch = require_integer("micro_batch", micro_batch) if given else None
        self.turns, self.config, self.train_config = Turns(), config, train_config or TrainConfig()
        self.backend = backend or choose_backend(device)
        self.precision = self.backend.settle_precision(precision)
        self.workers = Workers(min(self.threads, self.backend.most_workers), self.backend.enter)
        self.parameters = new_parameters(config, self.backend, dtype, self.train_config)
        self.optimizer = Optimizer(self.parameters, self.train_config)
        self.restart()
        self.part = 0, 1  # of each batch, what is computed here: all (run/ranks/)
        self.loss_value = self.gradient_norm = 0.0  # of the latest step; the norm before clipping
        self.send: Any = self.backend.xp.asarray  # brings a batch to where the step wants it
        # The same results (fast/).
        self.__class__, self.add_up = map(self.backend.fast, (type(self), add_up))
        self._hire()

    def _hire(self) -> None:
        """New workers, with empty buffers."""
        self.models = [GPT(self.parameters)]  # one for each worker; the others once needed
        workspace = Workspace(self.backend, self.parameters.dtype)
        self.loss = CrossEntropy(self.models[0].output, workspace, self.workers)
        # The pieces of the flat block that each worker updates, n runs of about equal length.
        pieces, n = self.optimizer.pieces, min(self.workers.most, len(self.optimizer.pieces))
        self.runs = [pieces[len(pieces) * i // n : len(pieces) * (i + 1) // n] for i in range(n)]

    @in_turn
    def restart(self) -> None:
        """Initial weights, no moments, no step made."""
        with blas.limited():  # an os.fork elsewhere waits, so no child gets half of this
            self.parameters.initialize(np.random.default_rng([self.train_config.seed, 0]))
            for array in self.optimizer.arrays.values():
                array[...] = 0
            self.optimizer.step = 0

    @in_turn
    def configure(self, /, **changes: Any) -> None:
        """Change fields of the TrainConfig, such as the learning rate and its schedule."""
        self.train_config = self.optimizer.config = replace(self.train_config, **changes)

    @in_turn
    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        """One update from inputs x and targets y, (B, T) integers each. Returns the mean loss, in
        nats per token, before it. If it or `gradient_norm` is not finite, nothing is updated."""
        self.loss_value = self._in_parts(self._backpropagate, x, y)
        self._update()
        return self.loss_value

    @in_turn
    def forward_backward(self, x: np.ndarray, y: np.ndarray) -> float:
        """The first half of a step: the mean loss, and the gradients, a part in each worker."""
        self.loss_value = self._in_parts(self._backpropagate, x, y)
        return self.loss_value

    @in_turn
    def update(self) -> float:
        """The second half: AdamW with these gradients, clipped. Returns their norm before that; if
        it or the loss is not finite, nothing is updated."""
        return self._update()

    def _update(self) -> float:
        gradients, n = [model.parameters.gradients for model in self.models], len(self.runs)
        with blas.limited(1):
            squares = self.workers.map(self.add_up, self.runs, [gradients] * n)
            norm = self.gradient_norm = math.sqrt(sum(chain(*squares)))
            if math.isfinite(self.loss_value) and math.isfinite(norm):
                self.optimizer.step += 1
                rest = [gradients[0]] * n, [norm] * n
                self.workers.map(self.optimizer.update, self.runs, *rest)
        return norm

    def _backpropagate(self, ids: Array, targets: Array, part: slice) -> float:
        """Forward, loss and backward of some sequences of a batch; returns their share of the mean
        loss. The first part of a batch zeroes the gradients."""
        if part.start == self.mine.start:
            for model in self.models:
                model.parameters.zero_gradients()
        seed, step, T = self.train_config.seed, self.optimizer.step, ids.shape[1]
        # For dropout: the 1 sets it apart from the initial weights (0) and the windows (2).
        seeds = [(seed, 1, step, b) for b in range(part.start, part.stop)]
        hidden = self._forward(ids[part], seeds)
        with blas.limited(1):
            y = targets[part].reshape(-1)
            loss, dhidden = self.loss.forward_backward(hidden, y, total=targets.size)
        models, shares = self.sharing  # as _forward has shared the sequences out
        dx = [dhidden[b.start * T : b.stop * T] for b in shares]
        with blas.limited(self.threads // len(models)):
            dx = self.workers.map(GPT.backward_to_embedding, models, dx)
        for model, rows in zip(models, dx, strict=True):  # in turn: they write into one array
            model.embedding.backward(rows)
        return loss

    def _forward(self, ids: Array, seeds: Sequence[tuple[int, ...]] | None) -> Array:
        """ids (B, T) -> hidden states (B * T, C), each worker its share of the sequences; with
        dropout if there is a seed for each."""
        B = len(ids)
        n = min(self.workers.most, B)
        while len(self.models) < n:
            self.models.append(GPT(self.parameters.twin()))
        models, shares = self.models[:n], [slice(B * i // n, B * (i + 1) // n) for i in range(n)]
        self.sharing = models, shares
        for model, b in zip(models, shares, strict=True):
            model.workspace.generators = self.backend.generators(seeds[b]) if seeds else None
        with blas.limited(self.threads // n):
            hidden = self.workers.map(GPT.forward, models, [ids[b] for b in shares])
        return self.backend.xp.concatenate(hidden)

    def _in_parts(
        self, work: Callable[[Array, Array, slice], float], x: np.ndarray, y: np.ndarray
    ) -> float:
        """The sum of work(ids, targets, sequences) over the parts of a batch; if memory runs out,
        again in parts of half the size."""
        ids, targets = map(self.send, check_batch(self.parameters, x, y))
        (part, of), B = self.part, len(ids)
        mine = self.mine = slice(B * part // of, B * (part + 1) // of)  # what is computed here
        while True:
            size = min(self.micro_batch or B, B)
            parts = [slice(b, min(b + size, mine.stop)) for b in range(mine.start, mine.stop, size)]
            try:
                return sum([work(ids, targets, part) for part in parts])
            except Exception as error:
                if not self.backend.out_of_memory(error):
                    raise
                if size == 1:
                    raise MemoryError(str(error)) from error
            self.micro_batch = -(-size // 2)
            self._hire()
            self.backend.release()

    @in_turn
    def loss_and_gradients(
        self, x: np.ndarray, y: np.ndarray
    ) -> tuple[float, dict[str, np.ndarray]]:
        """The loss of a batch and every gradient before clipping, by its parameter's name."""
        loss = self._in_parts(self._backpropagate, x, y)
        with blas.limited(1):
            self.add_up(self.optimizer.pieces, [m.parameters.gradients for m in self.models])
        return loss, {p.name: self.backend.to_host(p.grad).copy() for p in self.parameters.trained}

    @in_turn
    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        """The mean loss of a batch without dropout; nothing is updated."""
        return self._in_parts(self._evaluate, x, y)

    def _evaluate(self, ids: Array, targets: Array, part: slice) -> float:
        return self._loss_of(self._forward(ids[part], None), targets[part], targets.size)

    @in_turn
    def hidden(self, x: np.ndarray) -> Array:
        """The hidden states (B * T, C) of inputs (B, T), without dropout."""
        ids, _ = check_batch(self.parameters, x, x)
        return self._forward(self.backend.xp.asarray(ids), None)

    @in_turn
    def loss_of(self, hidden: Array, y: np.ndarray) -> float:
        """The mean loss of hidden states (B * T, C) and targets (B, T)."""
        _, targets = check_batch(self.parameters, y, y)
        return self._loss_of(hidden, self.backend.xp.asarray(targets), y.size)

    def _loss_of(self, hidden: Array, targets: Array, total: int) -> float:
        with blas.limited(1):
            return self.loss.forward(hidden, targets.reshape(-1), total=total)

    @in_turn
    def state_dict(self) -> dict[str, np.ndarray]:
        """Name -> a host copy of every parameter, named and laid out as in transformers."""
        return merged(self.parameters)

    @in_turn
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over every parameter from a `state_dict`; names and shapes must fit exactly."""
        with blas.limited():
            self.parameters.load(state)

    @in_turn
    def flat_state(self) -> dict[str, np.ndarray]:
        """The flat blocks on the host: with `optimizer.step`, all that a training resumes from."""
        return {name: self.backend.to_host(block) for name, block in self._blocks().items()}

    @in_turn
    def load_flat_state(self, arrays: Mapping[str, np.ndarray], step: int) -> None:
        """Take over a `flat_state` after so many updates."""
        with blas.limited():
            for name, block in self._blocks().items():
                block[...] = self.backend.asarray(arrays[name])
            self.optimizer.step = step

    def _blocks(self) -> dict[str, Array]:
        return {"parameters": self.parameters.values, **self.optimizer.arrays}

    def plan(self, batch_size: int) -> str:
        """How a step is shared out, in words."""
        workers = counted(min(self.workers.most, batch_size), "worker")
        return f"{workers} on {self.backend.processor(self.threads)}"

    @in_turn
    def close(self) -> None:
        """End the threads. The trainer cannot step afterwards."""
        self.workers.close()

    def __reduce__(self) -> NoReturn:
        raise MinigptError("a Trainer cannot be copied; load its state_dict into another")
