"""The bookkeeping of a training: each step's loss -> progress, what is due, metrics."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import Any

from minigpt.disk.schema import read_as
from minigpt.errors import Diverged, MinigptError
from minigpt.optim import learning_rate
from minigpt.run.pace import Pace
from minigpt.trainer import Trainer
from minigpt.training import HeldOut, Report, Windows

REPORTS = 200  # lines of metrics.jsonl in a training, about


@dataclass(frozen=True)
class Result:
    """The result of a training: the losses at the best step, and its length."""

    train_loss: float
    held_out_loss: float | None
    best_step: int
    steps: int
    epochs: float
    seconds: float
    tokens_per_second: float
    stopped_early: bool
    halvings: int  # of the learning rate, after divergences


class Course:
    """A training between two steps. It counts on from an earlier training of the same run, which made `base` steps in `base_epochs`
    epochs, perhaps of another number of steps."""

    def __init__(
        self, trainer: Trainer, windows: Windows, held_out: HeldOut, pace: Pace, base: int = 0, base_epochs: float | None = None
    ) -> None:
        self.trainer, self.windows, self.pace, self.held_out_tokens = trainer, windows, pace, len(held_out.ids)
        self.rate = trainer.train_config.learning_rate  # the peak, before any halving
        self.step = self.base = base
        self.base_epochs = base / windows.steps if base_epochs is None else base_epochs
        self.tokens = self.stalled = 0
        self.halvings = 0  # of the learning rate
        self.troubles = 0  # divergences since the last gain beyond `trouble_at`
        self.trouble_at = 0  # the step of the latest divergence
        self.evaluated, self.evaluation = 0.0, 0.0  # when the latest evaluation ended, in seconds since the start, and how long it took
        self.counted = self.reported = 0.0  # when the latest step and the latest report were made, likewise
        self.loss = math.nan  # of the latest step
        self.losses: list[float] = []  # since the latest report
        self.recent: list[float] = []  # since the latest evaluation
        self.latest: Report | None = None
        self.best: Report | None = None
        self.best_train_loss = math.nan  # the mean of the steps that led to the best model
        self.started = time.perf_counter()  # once restored: as if there had been no interruption
        self.reschedule()

    @property
    def seconds(self) -> float:
        """Seconds of training so far."""
        return time.perf_counter() - self.started

    @property
    def epoch(self) -> float:
        """Passes over the corpus so far."""
        return round(self.base_epochs + (self.step - self.base) / self.windows.steps, 4)

    def skip(self, seconds: float) -> None:
        """Do not count the latest `seconds`: a pause is not training."""
        self.started += seconds

    def reschedule(self) -> None:
        """Update the planned number of steps, and the learning-rate schedule with it."""
        self.total_steps = self.pace.total_steps(self.step, self.seconds, self.evaluation)
        rate = self.rate / 2**self.halvings
        config, total = self.trainer.train_config, max(1, self.total_steps - self.base)
        if (config.total_steps, config.learning_rate) != (total, rate):
            self.trainer.configure(total_steps=total, learning_rate=rate)

    @property
    def done(self) -> bool:
        """Whether all steps are made, or as many evaluations in a row as the pace allows did not lower the held-out loss."""
        stopped_early = self.pace.patience is not None and self.stalled >= self.pace.patience
        return self.step >= self.total_steps or stopped_early

    def snapshot(self) -> dict[str, Any]:
        """The bookkeeping as a JSON object."""
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

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Restore the bookkeeping from a snapshot."""
        for name in ("step", "tokens", "stalled", "halvings", "troubles", "trouble_at", "evaluated", "evaluation"):
            setattr(self, name, snapshot[name])
        self.losses, self.recent = list(snapshot["losses"]), list(snapshot["recent"])
        self.latest, self.best = (read_as(Report, snapshot[name], "the state") if snapshot[name] else None for name in ("latest", "best"))
        self.best_train_loss = snapshot["best_train_loss"] if self.best else math.nan
        self.started = time.perf_counter() - snapshot["seconds"]
        self.reschedule()

    def count(self, loss: float, norm: float, tokens: int) -> None:
        """Count a step; Diverged if its loss or its gradient norm is not finite."""
        self.loss, self.counted = loss, self.seconds
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise Diverged(f"step {self.step + 1}: the loss is {loss}, the gradient norm {norm}")
        self.step += 1
        self.tokens += tokens
        self.losses.append(loss)
        self.recent.append(loss)
        self.reschedule()

    @property
    def evaluation_due(self) -> bool:
        """Whether to evaluate now: at the pace's intervals, and after the last step."""
        return self.step >= self.total_steps or self.pace.evaluates(self.step, self.seconds - self.evaluated, self.evaluation)

    @property
    def report_due(self) -> bool:
        """Whether to write a line of metrics now: about REPORTS times in a training."""
        return self.step % max(1, (self.total_steps - self.base) // REPORTS) == 0

    def report(self, held_out_loss: float | None = None) -> Report:
        """The metrics at this step; resets the running mean of the losses."""
        seconds = self.reported = self.seconds
        report = Report(
            step=self.step,
            epoch=self.epoch,
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
        """Whether this evaluation is the best so far; without a held-out stream the latest model is."""
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
        self.reschedule()
        return gain

    def result(self) -> Result:
        """The result so far; needs one evaluation."""
        if self.best is None or self.latest is None:
            raise MinigptError("training ended without an evaluation: its state is damaged; start again in another folder")
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
