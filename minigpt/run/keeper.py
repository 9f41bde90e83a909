"""Saves metrics, best model and resumable state.

Metrics are written at once; model and state from time to time, the model first: a state on disk never refers to a best model that is not.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from numbers import Real
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from minigpt.disk.checkpoint import WEIGHTS, load_weights, read_scale, save_weights
from minigpt.disk.jsontext import json_object
from minigpt.disk.schema import Schema, amount, count, read_as, schema_of, validate
from minigpt.disk.shelf import METRICS
from minigpt.disk.state import load_state, save_state
from minigpt.disk.tensors import read_tensors
from minigpt.errors import Diverged, MinigptError, counted
from minigpt.run.calibrate import best_scale, scaled
from minigpt.run.course import Course
from minigpt.run.job import Job
from minigpt.run.listener import Wish
from minigpt.run.samples import Sampler
from minigpt.run.tokenize import INITIAL
from minigpt.training import HeldOut, Report, held_out_loss

MOST_SHARE = 0.01  # of the time for writing model and state, at most; metrics and copies of the best model take about as much again
TROUBLES = 3  # divergences in a row that end a training
TICK = 0.1  # seconds between two looks for a wish during a pause
REPORT = {name: schema_of(hint) for name, hint in get_type_hints(Report).items()}
SNAPSHOT: Schema = {
    **{name: count for name in ("step", "tokens", "stalled", "halvings", "troubles", "trouble_at", "updates")},
    **{name: amount for name in ("evaluated", "evaluation", "seconds")},
    **{name: (REPORT, type(None)) for name in ("latest", "best")},
    "losses": [Real],
    "recent": [Real],
    "best_train_loss": (Real, type(None)),
    "metrics": [str],
}  # the schema of a state's snapshot


class Keeper:
    """Saves and restores a training."""

    def __init__(self, job: Job, course: Course, held_out: HeldOut) -> None:
        self.job, self.course, self.held_out, self.run = job, course, held_out, job.run
        self.saved = time.perf_counter()
        self.interval = job.options.checkpoint_seconds
        self.best: dict[str, np.ndarray] | None = None  # the best model, until it is written
        self.micro_batch = course.trainer.micro_batch
        self.fresh = course.snapshot()
        self.sampler = Sampler(job, course)

    def save_model(self) -> None:
        """Keep the current model as the best; the first one is written at once, so that the run has one from then on."""
        self.best = self.course.trainer.state_dict()
        if not (self.run.path / WEIGHTS).exists():
            self.write_model()

    def write_model(self) -> None:
        """Write the best model, unless it is written already."""
        if self.best is not None:
            save_weights(self.run.place, self.best)
            self.best = None

    def report(self, report: Report) -> None:
        """Append a line of metrics."""
        self.run.add_metrics(asdict(report))
        self.job.listener.report(report)

    def step(self) -> None:
        """After each step: sample and save if it is time; save and raise if a stop was requested."""
        course = self.course
        self.job.listener.step(course)
        if course.trainer.micro_batch != self.micro_batch:
            self.micro_batch = course.trainer.micro_batch
            windows = counted(self.micro_batch or 0, "window")
            self.say(f"out of memory; from now on {windows} at a time, which gives the same gradients")
            self.run.record.setdefault("memory", {})["micro_batch"] = self.micro_batch
            self.run.save("training")
        if self.sampler.due and (written := self.sampler.keep()):
            self.job.listener.wrote(written)
        if self.fulfil(self.job.listener.wish()) is Wish.PAUSE:
            self.pause()
        if self.job.interrupt.requested:
            self.save()
            raise KeyboardInterrupt
        if time.perf_counter() - self.saved >= self.interval:
            self.save()

    def fulfil(self, wish: Wish | None) -> Wish | None:
        """Do what the person asked for, unless it is a pause. What is sampled on request is shown and not kept: samples.jsonl has what
        any such run would write."""
        if wish is Wish.STOP:
            self.job.interrupt.requested = True
        elif wish is Wish.SAMPLE and (written := self.sampler.write()):
            self.job.listener.wrote(written)
        return wish

    def pause(self) -> None:
        """Save, and wait until the person wants to go on or stop. The time does not count."""
        self.save()
        began, listener = time.perf_counter(), self.job.listener
        listener.paused(True)
        while not self.job.interrupt.requested and self.fulfil(listener.wish()) is not Wish.PAUSE:
            time.sleep(TICK)
        listener.paused(False)
        self.course.skip(time.perf_counter() - began)

    def save(self) -> None:
        """Write model and state, and space the saves so that they take at most MOST_SHARE of the time."""
        began = time.perf_counter()
        self.write_model()
        snapshot = self.course.snapshot() | {"updates": self.course.trainer.optimizer.step, "metrics": self.run.metrics}
        save_state(self.run.inner, self.course.step, self.course.trainer.flat_state(), snapshot)
        self.saved = time.perf_counter()
        self.interval = max(self.job.options.checkpoint_seconds, (self.saved - began) / MOST_SHARE)

    def restore(self) -> None:
        """Continue from the latest intact state, or begin. Metrics after that state are dropped, as its steps are made again."""
        trainer, self.best = self.course.trainer, None
        shapes = {name: block.shape for name, block in trainer.flat_state().items()}
        if found := load_state(self.run.checkpoint, shapes, self.say):
            self.proceed(*found)
        else:
            self.begin()
        self.sampler.restore()

    def proceed(self, arrays: dict[str, np.ndarray], snapshot: dict[str, Any]) -> None:
        """Continue from a state."""
        trainer = self.course.trainer
        if missing := SNAPSHOT.keys() - snapshot.keys():
            raise MinigptError(f"{self.run.checkpoint}: the state is from another version of minigpt: it lacks {min(missing)!r}")
        validate(snapshot, SNAPSHOT, f"{self.run.checkpoint}: the state")
        if any(p.frozen for p in trainer.parameters):  # a state has what is trained
            self.first_weights()
        trainer.load_flat_state(arrays, snapshot["updates"])
        self.course.restore(snapshot)
        self.run.metrics = snapshot["metrics"]
        if self.course.step > self.course.base:
            self.say(f"resuming after step {self.course.step:,} of {self.course.total_steps:,}")

    def begin(self) -> None:
        """Begin with random weights or those to start from, and with the metrics of an earlier training."""
        run = self.run
        self.first_weights()
        run.metrics = run.read_metrics()[: run.record["base"]["lines"]] if run.base_step else []
        earlier = earlier_training(run.record["base"], run.metrics, run.path / METRICS) if run.base_step else {}
        self.course.restore(self.fresh | earlier)

    def first_weights(self) -> None:
        """Random weights, or those to start from."""
        trainer = self.course.trainer
        trainer.restart()
        if (path := self.run.checkpoint / INITIAL).exists():
            trainer.load_state_dict(read_tensors(path))

    def roll_back(self, error: Diverged) -> bool:
        """Roll back to the latest state, or the start, and halve the learning rate. After TROUBLES divergences in a row: False if there is
        a model to keep, else a MinigptError."""
        course, seconds, at = self.course, self.course.seconds, self.course.step
        halvings, troubles = course.halvings + 1, course.troubles + 1
        if troubles > TROUBLES:
            if course.best is None:
                raise MinigptError(f"{error}, {TROUBLES} times in a row; no model was saved; start again with a lower --learning-rate")
            self.say(f"{error}, {TROUBLES} times in a row; training ends, and the model from step {course.best.step:,} is kept")
            return False
        self.restore()
        course.restore(course.snapshot() | {"halvings": halvings, "troubles": troubles, "trouble_at": at, "seconds": seconds})
        self.save()
        self.say(f"{error}; continuing from step {course.step:,} at half the learning rate, {course.trainer.train_config.learning_rate:g}")
        return True

    def calibrate(self) -> tuple[float | None, float | None]:
        """Calibrate the best model; returns its held-out loss and the factor of its logits, or (None, None) if nothing is held out.

        A model that is calibrated already stays as it is, so a run that is interrupted here ends in the same bytes.
        """
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
        self.job.listener.say("", line)


def earlier_training(base: dict[str, Any], metrics: list[str], where: Path) -> dict[str, Any]:
    """The part of a snapshot that comes from the earlier training, which wrote these lines of metrics."""
    lines = [asdict(read_as(Report, json_object(line, where), where)) for line in metrics]
    best = next((line for line in lines if line["step"] == base["best_step"]), None)
    if best is None:
        raise MinigptError(f"{where} has no line for step {base['best_step']}, the best one; start again in another folder")
    figures = {name: lines[-1][name] for name in ("step", "tokens", "seconds")}
    return figures | {
        "evaluated": lines[-1]["seconds"], "latest": lines[-1], "best": best, "best_train_loss": base["train_loss"],
    }  # fmt: skip
