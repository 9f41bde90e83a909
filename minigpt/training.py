"""The loop, the sum of all parts: a trainer and two token streams in; the best model saved on the way, and the figures out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np

from .batches import Windows, evaluation_batches
from .errors import Diverged, MinigptError
from .forms import read_as
from .optim import learning_rate
from .pace import Pace
from .parallel import Trainer

REPORTS = 200  # lines of metrics.jsonl in a run, about


@dataclass(frozen=True)
class Report:
    """One line of metrics.jsonl. Losses in nats per token; `train_loss` is the mean since the line before."""

    step: int
    epoch: float
    tokens: int
    seconds: float
    train_loss: float
    held_out_loss: float | None
    learning_rate: float
    grad_norm: float
    tokens_per_second: float


@dataclass(frozen=True)
class Result:
    """What came of a training: the losses at the best step, and what it took."""

    train_loss: float
    held_out_loss: float | None
    best_step: int
    steps: int
    epochs: float
    seconds: float
    tokens_per_second: float
    stopped_early: bool
    halvings: int  # of the learning rate, because the numbers were not finite any more


def held_out_loss(trainer: Trainer, ids: np.ndarray, context: int, end_of_text: int) -> float:
    """The mean loss over a held-out stream (n,), every token counted once, without dropout."""
    total = 0.0
    for x, y in evaluation_batches(ids, context, trainer.train_config.batch_size, end_of_text):
        total += trainer.evaluate(x, y) * y.size
    return total / len(ids)


class Course:
    """A training under way: what `fit` knows between two steps. `base` steps were made before it, in an earlier one of the same run."""

    def __init__(self, trainer: Trainer, windows: Windows, held_out: np.ndarray, end_of_text: int, pace: Pace, base: int = 0) -> None:
        self.trainer, self.windows, self.held_out, self.end_of_text, self.pace = trainer, windows, held_out, end_of_text, pace
        self.rate = trainer.train_config.learning_rate  # the peak, before it was halved
        self.step = self.base = base
        self.tokens = self.stalled = 0
        self.halvings = self.troubles = self.trouble_at = 0  # of the rate; one after the other, without a gain behind the latest's step
        self.evaluated, self.evaluation = 0.0, 0.0  # when the latest evaluation ended, in seconds of the course, and how long it took
        self.loss = math.nan  # of the latest step
        self.losses: list[float] = []  # since the latest report
        self.recent: list[float] = []  # since the latest evaluation
        self.latest: Report | None = None
        self.best: Report | None = None
        self.best_train_loss = math.nan  # the mean of the steps that led to the best model
        self.started = time.perf_counter()  # as if all of the training were one go, once it is restored
        self.plan()

    @property
    def seconds(self) -> float:
        """Since the training began."""
        return time.perf_counter() - self.started

    def plan(self) -> None:
        """How many steps it will be; the schedule of the learning rate follows."""
        self.total_steps = self.pace.total_steps(self.step, self.seconds, self.evaluation)
        rate = self.rate / 2**self.halvings
        config, total = self.trainer.train_config, max(1, self.total_steps - self.base)
        if (config.total_steps, config.learning_rate) != (total, rate):
            self.trainer.configure(total_steps=total, learning_rate=rate)

    @property
    def done(self) -> bool:
        """Whether the end is reached, or `patience` evaluations in a row brought no gain on the held-out stream."""
        impatient = not self.pace.patient and self.stalled >= self.trainer.train_config.patience
        return self.step >= self.total_steps or impatient

    def facts(self) -> dict[str, Any]:
        """All of it but the trainer's arrays, as JSON has it."""
        return {
            "step": self.step,
            "tokens": self.tokens,
            "stalled": self.stalled,
            "halvings": self.halvings,
            "troubles": self.troubles,
            "trouble_at": self.trouble_at,
            "evaluated": self.evaluated,
            "evaluation": self.evaluation,
            "losses": list(self.losses),
            "recent": list(self.recent),
            "latest": asdict(self.latest) if self.latest else None,
            "best": asdict(self.best) if self.best else None,
            "best_train_loss": self.best_train_loss if self.best else None,
            "seconds": self.seconds,
        }

    def restore(self, facts: dict[str, Any]) -> None:
        """Become the course that had these facts."""
        for name in ("step", "tokens", "stalled", "halvings", "troubles", "trouble_at", "evaluated", "evaluation"):
            setattr(self, name, facts[name])
        self.losses, self.recent = list(facts["losses"]), list(facts["recent"])
        self.latest, self.best = (read_as(Report, facts[name], "the state") if facts[name] else None for name in ("latest", "best"))
        self.best_train_loss = facts["best_train_loss"] if self.best else math.nan
        self.started = time.perf_counter() - facts["seconds"]
        self.plan()

    def take(self, x: np.ndarray, y: np.ndarray) -> None:
        """One step."""
        loss = self.loss = self.trainer.step(x, y)
        if not math.isfinite(loss) or not math.isfinite(self.trainer.gradient_norm):
            raise Diverged(f"step {self.step + 1}: the loss is {loss}, its gradient's norm {self.trainer.gradient_norm}")
        self.step += 1
        self.tokens += y.size
        self.losses.append(loss)
        self.recent.append(loss)
        self.plan()

    def evaluate(self) -> float | None:
        """The held-out loss, or None where nothing is held out."""
        began = self.seconds
        loss = held_out_loss(self.trainer, self.held_out, self.windows.context, self.end_of_text) if len(self.held_out) else None
        if loss is not None and not math.isfinite(loss):
            raise Diverged(f"step {self.step}: the held-out loss is {loss}")
        self.evaluated = self.seconds
        self.evaluation = self.evaluated - began
        return loss

    @property
    def evaluation_due(self) -> bool:
        """When it is time, and after the last step."""
        return self.step >= self.total_steps or self.pace.evaluates(self.step, self.seconds - self.evaluated, self.evaluation)

    @property
    def report_due(self) -> bool:
        """REPORTS times, about, in the whole training."""
        return self.step % max(1, (self.total_steps - self.base) // REPORTS) == 0

    def report(self, held_out: float | None) -> Report:
        """The figures of this moment; the mean of the losses starts again."""
        seconds = self.seconds
        report = Report(
            step=self.step,
            epoch=round(self.step / self.windows.steps, 4),
            tokens=self.tokens,
            seconds=round(seconds, 3),
            train_loss=sum(self.losses) / len(self.losses),
            held_out_loss=held_out,
            learning_rate=learning_rate(self.trainer.train_config, self.trainer.optimizer.step - 1),
            grad_norm=self.trainer.gradient_norm,
            tokens_per_second=round(self.tokens / seconds, 1),
        )
        self.losses = []
        self.latest = report
        return report

    def gained(self, report: Report) -> bool:
        """Whether this evaluation is the best so far; without held-out documents the latest model counts as the best."""
        lowest = self.best.held_out_loss if self.best else None
        gain = lowest is None or report.held_out_loss is None or report.held_out_loss < lowest
        if gain:
            self.best, self.stalled = report, 0
            self.troubles = 0 if self.step > self.trouble_at else self.troubles
            self.best_train_loss = sum(self.recent) / len(self.recent)
        else:
            self.stalled += 1
        self.recent = []
        return gain

    def result(self) -> Result:
        """The outcome so far, once an evaluation has been made."""
        if self.best is None or self.latest is None:
            raise MinigptError("the training ended without an evaluation: its state is damaged; start again in another folder")
        return Result(
            train_loss=self.best_train_loss,
            held_out_loss=self.best.held_out_loss,
            best_step=self.best.step,
            steps=self.step,
            epochs=self.latest.epoch,
            seconds=self.latest.seconds,
            tokens_per_second=self.latest.tokens_per_second,
            stopped_early=self.step < self.total_steps,
            halvings=self.halvings,
        )


def fit(course: Course, save: Callable[[], None], on_report: Callable[[Report], None], on_step: Callable[[Course], None]) -> None:
    """Train from where the course is until it is done.

    Calls `save` whenever the model is the best so far, `on_report` for each line of metrics, and `on_step` after each step. Raises
    Diverged for numbers that are not finite.
    """
    while not course.done:
        epoch, taken = divmod(course.step, course.windows.steps)
        for x, y in islice(course.windows.epoch(epoch), taken, None):
            course.take(x, y)
            if course.evaluation_due:
                report = course.report(course.evaluate())
                if course.gained(report):
                    save()
                on_report(report)
                course.plan()
            elif course.report_due:
                on_report(course.report(None))
            on_step(course)
            if course.done:
                break
