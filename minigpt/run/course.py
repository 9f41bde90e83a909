"""The bookkeeping of a training: each step's loss in; out come how far it is, what is due, and its figures."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import Any

from minigpt.disk.forms import read_as
from minigpt.errors import Diverged, MinigptError
from minigpt.optim import learning_rate
from minigpt.run.pace import Pace
from minigpt.trainer import Trainer
from minigpt.training import HeldOut, Report, Windows

REPORTS = 200  # lines of metrics.jsonl in a run, about


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


class Course:
    """A training under way, between two steps. An earlier training of the same run made `base` steps and `base_epochs` epochs, whose
    number of steps may have been another."""

    def __init__(
        self, trainer: Trainer, windows: Windows, held_out: HeldOut, pace: Pace, base: int = 0, base_epochs: float | None = None
    ) -> None:
        self.trainer, self.windows, self.pace, self.held_out_tokens = trainer, windows, pace, len(held_out.ids)
        self.rate = trainer.train_config.learning_rate  # the peak, before it was halved
        self.step = self.base = base
        self.base_epochs = base / windows.steps if base_epochs is None else base_epochs
        self.tokens = self.stalled = 0
        self.halvings = 0  # of the learning rate
        self.troubles = 0  # divergences since the last gain beyond `trouble_at`
        self.trouble_at = 0  # the step of the latest divergence
        self.evaluated, self.evaluation = 0.0, 0.0  # when the latest evaluation ended, in seconds of the course, and how long it took
        self.counted = self.reported = 0.0  # when the latest step and the latest report were made, likewise
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

    def count(self, loss: float, norm: float, tokens: int) -> None:
        """One step was made, from a batch of so many tokens; Diverged if its loss or its gradient's norm is not finite."""
        self.loss, self.counted = loss, self.seconds
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise Diverged(f"step {self.step + 1}: the loss is {loss}, its gradient's norm {norm}")
        self.step += 1
        self.tokens += tokens
        self.losses.append(loss)
        self.recent.append(loss)
        self.plan()

    @property
    def evaluation_due(self) -> bool:
        """When it is time, and after the last step."""
        return self.step >= self.total_steps or self.pace.evaluates(self.step, self.seconds - self.evaluated, self.evaluation)

    @property
    def report_due(self) -> bool:
        """REPORTS times, about, in the whole training."""
        return self.step % max(1, (self.total_steps - self.base) // REPORTS) == 0

    def report(self, held_out_loss: float | None = None) -> Report:
        """The figures of this moment; the mean of the losses starts again."""
        seconds = self.reported = self.seconds
        report = Report(
            step=self.step,
            epoch=round(self.base_epochs + (self.step - self.base) / self.windows.steps, 4),
            tokens=self.tokens,
            seconds=round(seconds, 3),
            train_loss=sum(self.losses) / len(self.losses),
            held_out_loss=held_out_loss,
            learning_rate=learning_rate(self.trainer.train_config, self.trainer.optimizer.step - 1),
            grad_norm=self.trainer.gradient_norm,
            tokens_per_second=round(self.tokens / seconds, 1),
        )
        self.losses = []
        self.latest = report
        return report

    def is_best(self, report: Report) -> bool:
        """Whether this evaluation is the best so far; without held-out documents the latest model counts as the best."""
        if report.held_out_loss is not None and not math.isfinite(report.held_out_loss):
            raise Diverged(f"step {self.step}: the held-out loss is {report.held_out_loss}")
        self.evaluated, self.evaluation = self.reported, self.reported - self.counted
        lowest = self.best.held_out_loss if self.best else None
        gain = lowest is None or report.held_out_loss is None or report.held_out_loss < lowest
        if gain:
            self.best, self.stalled = report, 0
            self.troubles = 0 if self.step > self.trouble_at else self.troubles
            self.best_train_loss = sum(self.recent) / len(self.recent)
        else:
            self.stalled += 1
        self.recent = []
        self.plan()
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
