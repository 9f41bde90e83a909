"""What of a training goes to the disk: a course in; the metrics go out at once, the best model and the state now and then, together.

A state that says which model is the best is never on the disk before that model.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from numbers import Real
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from minigpt.disk.checkpoint import WEIGHTS, load_weights, read_scale, save_weights
from minigpt.disk.forms import Form, amount, count, form_of, read_as, require_form
from minigpt.disk.jsontext import json_object
from minigpt.disk.shelf import METRICS
from minigpt.disk.state import load_state, save_state
from minigpt.disk.tensors import read_tensors
from minigpt.errors import Diverged, MinigptError, counted
from minigpt.run.calibrate import best_scale, scaled
from minigpt.run.course import Course
from minigpt.run.job import Job
from minigpt.run.tokenize import INITIAL
from minigpt.training import HeldOut, Report, held_out_loss

MOST_SHARE = 0.01  # of the time, for writing model and state; copies of the best model and the metrics take about as much again
TROUBLES = 3  # in a row end a training
REPORT = {name: form_of(hint) for name, hint in get_type_hints(Report).items()}
FACTS: Form = {
    **{name: count for name in ("step", "tokens", "stalled", "halvings", "troubles", "trouble_at", "updates")},
    **{name: amount for name in ("evaluated", "evaluation", "seconds")},
    **{name: (REPORT, type(None)) for name in ("latest", "best")},
    "losses": [Real],
    "recent": [Real],
    "best_train_loss": (Real, type(None)),
    "metrics": [str],
}  # of a state


class Keeper:
    """Saves a course, and brings it back."""

    def __init__(self, job: Job, course: Course, held_out: HeldOut) -> None:
        self.job, self.course, self.held_out, self.run = job, course, held_out, job.run
        self.saved = time.perf_counter()
        self.interval = job.options.checkpoint_seconds
        self.best: dict[str, np.ndarray] | None = None  # the best model, until it is on the disk
        self.micro_batch = course.trainer.micro_batch
        self.untouched = course.facts()

    def save_model(self) -> None:
        """The best model so far; the first one goes to the disk at once, so that there is one."""
        self.best = self.course.trainer.state_dict()
        if not (self.run.path / WEIGHTS).exists():
            self.write_model()

    def write_model(self) -> None:
        """The best model to the disk, if it is not there."""
        if self.best is not None:
            save_weights(self.run.place, self.best)
            self.best = None

    def report(self, report: Report) -> None:
        """A line of metrics."""
        self.run.add_metrics(asdict(report))
        self.job.hear.report(report)

    def step(self) -> None:
        """After each step: keep the state if it is time, or if somebody asked to stop."""
        course = self.course
        self.job.hear.step(course)
        if course.trainer.micro_batch != self.micro_batch:
            self.micro_batch = course.trainer.micro_batch
            windows = counted(self.micro_batch or 0, "window")
            self.say(f"out of memory; from now on {windows} at a time; the sum of the gradients stays the same")
            self.run.record.setdefault("memory", {})["micro_batch"] = self.micro_batch
            self.run.save("training")
        if self.job.interrupt.asked:
            self.save()
            raise KeyboardInterrupt
        if time.perf_counter() - self.saved >= self.interval:
            self.save()

    def save(self) -> None:
        """Model and state; the next ones are so far away that all of them take MOST_SHARE of the time at most."""
        began = time.perf_counter()
        self.write_model()
        facts = self.course.facts() | {"updates": self.course.trainer.optimizer.step, "metrics": self.run.metrics}
        save_state(self.run.inner, self.course.step, self.course.trainer.flat_state(), facts)
        self.saved = time.perf_counter()
        self.interval = max(self.job.options.checkpoint_seconds, (self.saved - began) / MOST_SHARE)

    def restore(self) -> None:
        """Go on from the latest sound state, or begin; metrics of later steps are forgotten, those steps come again."""
        trainer, self.best = self.course.trainer, None
        shapes = {name: block.shape for name, block in trainer.flat_state().items()}
        found = load_state(self.run.checkpoint, shapes, self.say)
        if not found:
            self.begin()
            return
        arrays, facts = found
        if missing := FACTS.keys() - facts.keys():
            raise MinigptError(f"{self.run.checkpoint}: the state is from another version of minigpt: it lacks {min(missing)!r}")
        require_form(facts, FACTS, f"{self.run.checkpoint}: the state")
        trainer.load_flat_state(arrays, facts["updates"])
        self.course.restore(facts)
        self.run.metrics = facts["metrics"]
        if self.course.step > self.course.base:
            self.say(f"continuing after step {self.course.step:,} of {self.course.total_steps:,}")

    def begin(self) -> None:
        """The first step: random weights, or those of the model that the run starts from; the metrics of an earlier training."""
        trainer, run = self.course.trainer, self.run
        trainer.restart()
        if (path := run.checkpoint / INITIAL).exists():
            trainer.load_state_dict(read_tensors(path))
        run.metrics = run.read_metrics()[: run.record["base"]["lines"]] if run.base_step else []
        earlier = after(run.record["base"], run.metrics, run.path / METRICS) if run.base_step else {}
        self.course.restore(self.untouched | earlier)

    def take_back(self, error: Diverged) -> bool:
        """From the latest state on, or from the start, once more with half the learning rate. False if that did not help TROUBLES times
        in a row, and there is a model to keep; a MinigptError if there is none."""
        course, seconds, at = self.course, self.course.seconds, self.course.step
        halvings, troubles = course.halvings + 1, course.troubles + 1
        if troubles > TROUBLES:
            if course.best is None:
                raise MinigptError(f"{error}, {TROUBLES} times in a row; no model was saved; start again with a lower --learning-rate")
            self.say(f"{error}, {TROUBLES} times in a row; the training ends, and the model of step {course.best.step:,} is kept")
            return False
        self.restore()
        course.restore(course.facts() | {"halvings": halvings, "troubles": troubles, "trouble_at": at, "seconds": seconds})
        self.save()
        self.say(f"{error}; continuing from step {course.step:,} at half the learning rate, {course.trainer.train_config.learning_rate:g}")
        return True

    def calibrate(self) -> tuple[float | None, float | None]:
        """Make the best model as sure of itself as it may be; its held-out loss then, and the factor of its logits. (None, None) where
        nothing is held out. A model that is calibrated stays as it is: a run interrupted here ends in the same bytes."""
        trainer, folder = self.course.trainer, self.run.path
        self.write_model()
        if not len(self.held_out.ids):
            return None, None
        trainer.load_state_dict(load_weights(folder / WEIGHTS, trainer.config))
        scale = read_scale(folder)
        if scale is None:
            scale = best_scale(trainer, self.held_out)
            state = scaled(trainer.state_dict(), trainer.config, scale)
            trainer.load_state_dict(state)
            save_weights(self.run.place, state, scale)
        return held_out_loss(trainer, self.held_out), scale

    def say(self, line: str) -> None:
        self.job.hear.say("", line)


def after(base: dict[str, Any], metrics: list[str], where: Path) -> dict[str, Any]:
    """What a course knows of the training before it, whose lines of metrics these are."""
    lines = [asdict(read_as(Report, json_object(line, where), where)) for line in metrics]
    best = next((line for line in lines if line["step"] == base["best_step"]), None)
    if best is None:
        raise MinigptError(f"{where} has no line for step {base['best_step']}, the best one; start again in another folder")
    figures = {name: lines[-1][name] for name in ("step", "tokens", "seconds")}
    return figures | {
        "evaluated": lines[-1]["seconds"], "latest": lines[-1], "best": best, "best_train_loss": base["train_loss"],
    }  # fmt: skip
