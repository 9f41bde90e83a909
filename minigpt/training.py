"""The training loop: a stream of token ids in, a trained network out, step by step.

In a stream the documents follow each other, each closed by end-of-text. A batch is B windows of T
tokens, x, and for each of these tokens the one that follows, y: both (B, T), y is x shifted by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice, pairwise
from typing import Protocol

import numpy as np

from minigpt.errors import MinigptError, counted
from minigpt.trainer import Trainer

Batch = tuple[np.ndarray, np.ndarray]  # x, y: (B, T) int32 each
PART = 2**22  # tokens of a stream that are in memory at once


def train(
    trainer: Trainer, windows: Windows, held_out: HeldOut, course: Course, keeper: Keeper
) -> None:
    """Train from step `course.step` on until the course is done.

    The course keeps count: how far the training is, whether an evaluation or a line of metrics is
    due, which model is the best (run/course.py). The keeper writes to the disk (run/keeper.py).
    Raises Diverged where the numbers are no longer finite.
    """
    for x, y in windows.batches(course.step):
        if course.done:
            return
        loss = trainer.step(x, y)  # every gradient, AdamW; the mean loss before it
        course.count(loss, trainer.gradient_norm, y.size)
        if course.evaluation_due:
            report = course.report(held_out_loss(trainer, held_out))
            if course.is_best(report):
                keeper.save_model()
            keeper.report(report)
        elif course.report_due:
            keeper.report(course.report())
        keeper.step()  # now and then saves what an interrupted run resumes from


def places(ids: np.ndarray, token: int) -> np.ndarray:
    """Where the token stands in a stream; a long one stays on the disk."""
    parts = range(0, len(ids), PART)
    found = [at + np.flatnonzero(ids[at : at + PART] == token) for at in parts]
    return np.concatenate([*found, np.arange(0)])


class Windows:
    """Windows over a training stream, which is taken as a ring: its first document follows its last
    end-of-text.

    Samples begin as documents do, so half of an epoch's windows begin with an end-of-text and the
    document after it, drawn without repetition (fewer where there are fewer documents). The others
    are cut out of the stream anywhere, from a new random place each epoch, so that no token is
    always first in its window. A stream shorter than a window is one window.
    """

    def __init__(
        self, ids: np.ndarray, context: int, batch_size: int, seed: int, end_of_text: int
    ) -> None:
        if len(ids) < 2:
            size = counted(len(ids), "token")
            raise MinigptError(
                f"a corpus of {size} is too short to train on; it takes at least two"
            )
        self.ids, self.batch_size, self.seed = ids, batch_size, seed
        self.context = min(context, len(ids))
        self.n_windows = len(ids) // self.context  # of an epoch
        self.borders = places(ids, end_of_text)  # a document begins after each

    @property
    def steps(self) -> int:
        """Batches in an epoch; the last may be smaller."""
        return -(-self.n_windows // self.batch_size)

    def batches(self, step: int) -> Iterator[Batch]:
        """The batches of step `step`, `step + 1`, ... without end."""
        epoch, taken = divmod(step, self.steps)
        yield from islice(self.epoch(epoch), taken, None)
        for number in count(epoch + 1):
            yield from self.epoch(number)

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of epoch 0, 1, 2, ...; they depend on (seed, number) alone."""
        rng = np.random.default_rng([self.seed, 2, number])
        starts = rng.integers(len(self.ids)) + rng.permutation(self.n_windows) * self.context
        begins = rng.permutation(self.borders)[: self.n_windows // 2]
        starts[: len(begins)] = begins
        rng.shuffle(starts)
        offsets = np.arange(self.context + 1)
        for first in range(0, self.n_windows, self.batch_size):
            places = starts[first : first + self.batch_size, None] + offsets  # (B, T + 1)
            window = self.ids[places % len(self.ids)].astype(np.int32)
            yield window[:, :-1], window[:, 1:]


class HeldOut:
    """Batches in which every token of a held-out stream (n,) is a target exactly once.

    Each document is read from its own beginning, as a sample is written: `end_of_text` stands
    before its first token. What is longer than `context` is read in several windows. A batch holds
    windows of one length, the longest first.
    """

    def __init__(self, ids: np.ndarray, context: int, batch_size: int, end_of_text: int) -> None:
        self.ids, self.context, self.batch_size = ids, context, batch_size
        self.end_of_text = end_of_text
        ends = [*(places(ids, end_of_text) + 1), len(ids)]
        self.windows: dict[int, list[int]] = {}  # length -> first tokens
        for begin, end in pairwise((0, *ends)):
            for first in range(begin, end, context):
                self.windows.setdefault(min(context, end - first), []).append(first)

    def __iter__(self) -> Iterator[Batch]:
        for length, starts in sorted(self.windows.items(), reverse=True):
            for at in range(0, len(starts), self.batch_size):
                some = np.array(starts[at : at + self.batch_size])[:, None] + np.arange(length)
                x, y = self.ids[some - 1].astype(np.int32), self.ids[some].astype(np.int32)
                x[some == 0] = self.end_of_text  # not the last token, which index -1 took
                yield x, y


def held_out_loss(trainer: Trainer, held_out: HeldOut) -> float | None:
    """The mean loss per held-out token, in nats, without dropout; None if nothing is held out."""
    n = len(held_out.ids)
    return sum(trainer.evaluate(x, y) * y.size for x, y in held_out) / n if n else None


@dataclass(frozen=True)
class Report:
    """One line of metrics.jsonl. Losses in nats per token; `train_loss` is the mean since the line
    before."""

    step: int
    epoch: float
    tokens: int
    seconds: float
    train_loss: float
    held_out_loss: float | None
    learning_rate: float
    grad_norm: float
    tokens_per_second: float


class Course(Protocol):
    """What the loop asks about its progress."""

    step: int

    @property
    def done(self) -> bool:
        """Whether the end is reached, or nothing improves any more."""

    @property
    def evaluation_due(self) -> bool: ...

    @property
    def report_due(self) -> bool: ...

    def count(self, loss: float, norm: float, tokens: int) -> None:
        """One step was made; Diverged if its loss or its gradient's norm is not finite."""

    def report(self, held_out_loss: float | None = None) -> Report:
        """The figures of this moment."""

    def is_best(self, report: Report) -> bool:
        """Whether an evaluated model is the best so far."""


class Keeper(Protocol):
    """What writes to the disk."""

    def save_model(self) -> None:
        """Keep the model of this moment as the best."""

    def report(self, report: Report) -> None:
        """Append a line of metrics."""

    def step(self) -> None:
        """Save the state if it is time; stop if somebody asked to."""
