"""A Trainer whose step is one program on the device: a batch is copied over, a graph is launched, and loss and norm are read behind it.

Everything that lasts is the Trainer's own: the flat blocks of parameters, gradients and moments, which the kernels work on in place. So
saving, resuming and sampling know nothing of this. The classes of the lecture are the specification (checks.py).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from minigpt import trainer
from minigpt.backend import Array, Workspace
from minigpt.fast.cuda.launches import HEAD_SIZE
from minigpt.fast.cuda.program import HEAD, Ground, Pass, Program, Update
from minigpt.model import PUBLISHED, parts
from minigpt.optim import AdamW, learning_rate
from minigpt.threads import in_turn

MOST_PROGRAMS = 64  # kept, of a caller whose batches have many shapes
Key = tuple[int, int, bool, bool] | str  # of a program: a pass's shape and kind, or the name of a part of the update
WIDEST = 1024  # beyond it a warp's share of a row does not fit in its registers


class CudaTrainer(trainer.Trainer):
    """The same results but for rounding and dropout's draws: these depend on the seed, the step, the layer and the row in the whole batch.

    If the model is none that the kernels are for, or they do not agree with the lecture here, the trainer is a plain one, and the
    backend's `reason` says why. It waits for the device once a step, when loss and norm are read.
    """

    plain: type[trainer.Trainer] = trainer.Trainer
    backend: Any  # a CudaBackend
    ground: Any = None  # a Ground

    def _hire(self) -> None:
        """New programs, with empty buffers."""
        super()._hire()
        if why := unfit(self):
            self.do_without(why)
            return
        self.send = np.asarray  # batches stay on the host: each part goes over in one copy
        if self.ground:  # memory has run out in the middle of a step
            self.ground.device.wait()
        memory, stats = Workspace(self.backend), self.backend.xp.zeros(4, dtype=np.float32)
        device = self.backend.device(self.config.n_embd, self.precision)
        self.ground = Ground(device, self.parameters, memory, stats)
        self.programs: dict[Key, Program] = {}
        self.fed = np.zeros(HEAD, np.int32)

    def do_without(self, why: str) -> None:
        """Be a plain trainer from here on."""
        self.__class__ = self.plain  # type: ignore[assignment]
        self.precision, self.send = "float32", self.backend.xp.asarray
        if self.parameters.dtype == np.float32:
            self.backend.do_without(why)

    @in_turn
    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        """As the base class, without a wait between the two halves."""
        self._in_parts(self._start, x, y)
        self._update()
        return self.loss_value

    def _update(self) -> float:
        head = self._numbers()
        if not np.array_equal(head[4:], self.fed[4:]):  # they came with the batch, unless the configuration has changed since
            self._feed(head)
        self._apply()
        self.loss_value, self.gradient_norm, updated, _ = self._read()
        self.optimizer.step += int(updated)
        return self.gradient_norm

    def _apply(self) -> None:
        """Start the update."""
        self._run("update")

    def _backpropagate(self, ids: Array, targets: Array, part: slice) -> float:
        """A part of a batch; the loss of all of them is returned for the last one."""
        self._start(ids, targets, part)
        return self._read()[0] if part.stop == self.mine.stop else 0.0

    def _evaluate(self, ids: Array, targets: Array, part: slice) -> float:
        self._pass(ids, targets, part, train=False)
        return self._read()[3] if part.stop == self.mine.stop else 0.0

    def _read(self) -> list[float]:
        """The loss, the norm, whether there was an update, and the loss of an evaluation. The one wait of a step."""
        stats: list[float] = self.ground.device.read(self.ground.stats).tolist()
        return stats

    def _start(self, ids: Array, targets: Array, part: slice) -> float:
        """Start a part's way forward and back; nothing waits for it."""
        self._pass(ids, targets, part, train=True)
        return 0.0

    def _pass(self, ids: Array, targets: Array, part: slice, train: bool) -> None:
        x, y = ids[part], targets[part]
        key = (*x.shape, train, part.start > self.mine.start)
        self._program(key)  # may allocate, and then a copy would go to what was there before
        self._feed(self._numbers(ids.size, part.start * ids.shape[1]), x, y)
        self._run(key)

    def _make(self, key: Key) -> Program:
        """A new program."""
        return Update(self.ground, self.optimizer.arrays) if isinstance(key, str) else Pass(self.ground, *key)

    def _program(self, key: Key) -> Program:
        if key not in self.programs:
            before = self.ground.memory.size
            made = self._make(key)
            moved = self.ground.memory.size > before  # buffers, and the other programs point to where they were
            if len(self.programs) == MOST_PROGRAMS or (self.programs and moved):
                self.ground.device.wait()
                self.programs.clear()
            self.programs[key] = made
        return self.programs[key]

    def _run(self, key: Key) -> None:
        self.ground.device.run(self._program(key))

    def _numbers(self, tokens: int = 0, row: int = 0) -> np.ndarray:
        """The numbers of this step, HEAD int32 (kernels/common.cuh)."""
        c, made = self.train_config, self.optimizer.step
        head, t = np.zeros(HEAD, np.int32), made + 1
        head[:3].view(np.uint32)[...] = made % 2**32, dropout_key(c.seed), row
        corrections = 1 - c.beta1**t, math.sqrt(1 - c.beta2**t)
        betas = c.beta1, 1 - c.beta1, c.beta2, 1 - c.beta2
        numbers = 1 / max(1, tokens), learning_rate(c, made), *corrections, c.clip_norm, *betas, c.epsilon, c.weight_decay
        head[3 : 3 + len(numbers)].view(np.float32)[...] = numbers
        return head

    def _feed(self, head: np.ndarray, x: np.ndarray | None = None, y: np.ndarray | None = None) -> None:
        """Copy the numbers of a step to the device, and a part of a batch with the order that sorts its ids, equal ones as they come."""
        block = head
        if x is not None and y is not None:
            ids = x.reshape(-1)
            small = ids.astype(np.uint16) if self.config.vocab_size <= 2**16 else ids  # NumPy sorts these much faster
            block = np.concatenate([head, ids, y.reshape(-1), np.argsort(small, kind="stable")], dtype=np.int32, casting="unsafe")
        self.ground.device.upload(block, self.ground.block((len(block) - HEAD) // 3))
        self.fed = head

    def plan(self, batch_size: int) -> str:
        return f"{super().plan(batch_size)}, its own kernels, products in {self.precision}"


@lru_cache(maxsize=16)
def dropout_key(seed: int) -> int:
    """32 bits of a seed of any length; the 1 sets it apart, as in the base class."""
    return int(np.random.SeedSequence((seed, 1)).generate_state(1)[0])


def unfit(t: trainer.Trainer) -> str:
    """Why a trainer has to be a plain one; empty if the kernels are for its model."""
    c = t.config
    if c.architecture != "gpt1" or parts() != PUBLISHED or type(t.optimizer) is not AdamW:
        return "they are for GPT-1's own parts alone"
    if t.parameters.dtype != np.float32:
        return "they are for float32"
    if any(p.frozen for p in t.parameters):
        return "they train every parameter"
    if c.head_size != HEAD_SIZE:
        return f"they are for heads of width {HEAD_SIZE}, not {c.head_size}"
    if c.n_embd % 128 or c.n_embd > WIDEST:
        return f"they are for widths that are multiples of 128 up to {WIDEST}, not {c.n_embd}"
    backend: Any = t.backend
    return str(backend.disagreement(c.n_embd, t.precision))
