"""One training step over several workers: a batch (B, T) in, the mean loss out, the parameters updated.

The workers are threads: NumPy lets go of the interpreter's lock while it computes. They share the parameters; each takes some of the
batch's sequences and has its own activations and gradients, and runs its matrix products on its own share of the processor's cores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from .backend import Array, Backend, choose_backend
from .config import ModelConfig, TrainConfig, require_integer
from .errors import MinigptError
from .loss import CrossEntropy
from .model import GPT
from .optim import AdamW, clip_scale
from .params import Parameters


def usable_cores() -> int:
    """The processor cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Worker:
    """A model over the shared parameters, with activations and gradients of its own."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.model = GPT(parameters)
        self.loss = CrossEntropy(parameters, self.model.workspace)

    def forward(self, x: Array, y: Array, total: int) -> float:
        """This worker's part of the mean loss over `total` tokens."""
        self.model.noise.begin(None)
        return self.loss.forward(self.model.forward(x), y.reshape(-1), total)

    def forward_backward(self, x: Array, y: Array, total: int, streams: Sequence[tuple[int, ...]]) -> float:
        """The same with dropout, and this worker's gradients made anew."""
        self.parameters.zero_gradients()
        self.model.noise.begin(streams)
        loss, dhidden = self.loss.forward_backward(self.model.forward(x), y.reshape(-1), total)
        self.model.backward(dhidden)
        return loss


class Trainer:
    """A model in training: parameters, AdamW, and the workers that compute a step.

    Batches are integers (B, T) on the host. Results do not depend on the number of threads beyond rounding, and are the same to the
    bit for the same number.
    """

    def __init__(
        self,
        config: ModelConfig,
        train_config: TrainConfig | None = None,
        device: str = "auto",
        threads: int | None = None,
        *,
        backend: Backend | None = None,
        dtype: type = np.float32,
    ) -> None:
        if threads is not None:
            require_integer("threads", threads)
        self.config, self.train_config = config, train_config or TrainConfig()
        self.backend = backend or choose_backend(device)
        self.threads = threads or usable_cores()
        self.parameters = Parameters(config, self.backend, dtype)
        self.parameters.initialize(np.random.default_rng([self.train_config.seed, 0]))
        self.optimizer = AdamW(self.parameters, self.train_config)
        self.workers = [Worker(self.parameters)]
        self.gradient_norm = 0.0  # of the latest step, before clipping
        self._pool = ThreadPoolExecutor(self.threads)
        self._blas = ThreadpoolController()

    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        """One update from inputs x and targets y, (B, T) integers each. Returns the mean loss before it, in nats per token."""
        loss, busy = self._forward_backward(x, y)
        gradients = [worker.parameters.gradients for worker in busy]
        pieces = self.optimizer.pieces()
        with self._blas.limit(limits=1, user_api="blas"):
            squares = self._share(lambda at: self._add_up(gradients, at), pieces)
            self.gradient_norm = sum(squares) ** 0.5
            scale = clip_scale(self.gradient_norm, self.train_config.clip_norm)
            self.optimizer.step += 1
            self._share(lambda at: self.optimizer.update(at, gradients[0], scale), pieces)
        return loss

    def loss_and_gradients(self, x: np.ndarray, y: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        """The loss of a batch and every gradient, named as in `state_dict`, before clipping; nothing is updated."""
        loss, busy = self._forward_backward(x, y)
        gradients = [worker.parameters.gradients for worker in busy]
        for at in self.optimizer.pieces():
            self._add_up(gradients, at)
        return loss, {p.name: self.backend.to_host(p.grad).copy() for p in busy[0].parameters}

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        """The mean loss of a batch without dropout; nothing is updated."""
        x, y = self._batch(x, y)
        return sum(self._over_rows(len(x), lambda worker, rows: worker.forward(x[rows], y[rows], y.size)))

    def state_dict(self) -> dict[str, np.ndarray]:
        """Name -> a host copy of every parameter, names and layouts as in transformers' `OpenAIGPTLMHeadModel`."""
        return {p.name: self.backend.to_host(p.value).copy() for p in self.parameters}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over every parameter from a `state_dict`; names and shapes must fit exactly."""
        load_state_dict(self.parameters, state)

    def plan(self, batch_size: int) -> str:
        """How a step is shared out, in words."""
        if self.backend.name != "cpu":
            return "one worker on the GPU"
        workers = min(self.threads, batch_size)
        return f"{workers} worker{'s' * (workers > 1)} on {self.threads} core{'s' * (self.threads > 1)}"

    def close(self) -> None:
        """End the threads. The trainer cannot step afterwards."""
        self._pool.shutdown()

    def _batch(self, x: np.ndarray, y: np.ndarray) -> tuple[Array, Array]:
        """Checked host integers (B, T) -> arrays of the backend."""
        x, y = np.asarray(x), np.asarray(y)
        if x.ndim != 2 or x.shape != y.shape or x.size == 0:
            raise MinigptError(f"a batch needs x and y of one shape (B, T), neither 0; got {x.shape} and {y.shape}")
        if x.shape[1] > self.config.n_positions:
            raise MinigptError(f"a window of {x.shape[1]} tokens does not fit n_positions={self.config.n_positions}")
        for name, ids in (("x", x), ("y", y)):
            if ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= self.config.vocab_size:
                raise MinigptError(f"{name} must hold token ids from 0 to {self.config.vocab_size - 1} as integers")
        return self.backend.asarray(x, dtype=np.int64), self.backend.asarray(y, dtype=np.int64)

    def _forward_backward(self, x: np.ndarray, y: np.ndarray) -> tuple[float, list[Worker]]:
        """Loss and gradients of a batch; returns the workers that had a share, whose gradients add up to the whole."""
        x, y = self._batch(x, y)
        streams = [(self.train_config.seed, 1, self.optimizer.step, b) for b in range(len(x))]
        losses = self._over_rows(len(x), lambda worker, rows: worker.forward_backward(x[rows], y[rows], y.size, streams[rows]))
        return sum(losses), self.workers[: len(losses)]

    def _over_rows(self, B: int, work: Callable[[Worker, slice], float]) -> list[float]:
        """Give each worker its share of B sequences; the results in the order of the shares."""
        n = min(self.threads, B) if self.backend.name == "cpu" else 1
        while len(self.workers) < n:
            self.workers.append(Worker(self.parameters.twin()))
        shares = [slice(B * i // n, B * (i + 1) // n) for i in range(n)]
        with self._blas.limit(limits=self.threads // n, user_api="blas"):
            return list(self._pool.map(work, self.workers, shares))

    def _share(self, work: Callable[[slice], Any], pieces: Iterable[slice]) -> list[Any]:
        """work(piece) for every piece, shared out over the threads in contiguous runs; the results in the order of the pieces."""
        pieces = list(pieces)
        n = min(self.threads, len(pieces)) if self.backend.name == "cpu" else 1
        runs = [pieces[len(pieces) * i // n : len(pieces) * (i + 1) // n] for i in range(n)]
        return [result for run in self._pool.map(lambda run: [work(piece) for piece in run], runs) for result in run]

    def _add_up(self, gradients: list[Array], at: slice) -> float:
        """Add the other workers' gradients to the first's over one slice; returns the sum of its squares."""
        total = gradients[0][at]
        for other in gradients[1:]:
            total += other[at]
        return float(self.backend.xp.dot(total, total))


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
        raise MinigptError(f"{name} is no array of numbers: {error}") from error
    if array.dtype.kind not in "fiu":
        raise MinigptError(f"{name} holds {array.dtype}, wanted real numbers")
    return array
