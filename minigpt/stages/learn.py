"""The training: token streams in; out come the best model and the metrics, on the disk at every moment."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from minigpt.batches import Windows
from minigpt.checkpoint import WEIGHTS, save_weights
from minigpt.config import ModelConfig, TrainConfig
from minigpt.folder import METRICS
from minigpt.job import Job
from minigpt.memory import free_memory, gigabytes, micro_batch, step_memory
from minigpt.parallel import Trainer, usable_cores
from minigpt.stages.number import HELD_OUT_IDS, configs, windows_of
from minigpt.state import load_state, save_state
from minigpt.streams import open_stream
from minigpt.training import Course, Report, Result, fit

MOST_SHARE = 0.02  # of the time, for keeping the state


def learn(job: Job) -> list[Path]:
    """The training, from its start or from the latest state on the disk. Model and metrics are there at every moment."""
    run, hear, windows = job.run, job.hear, windows_of(job)
    config, train_config = configs(job, run.record["model"]["vocab_size"], windows)
    announce(job, config, train_config, windows)
    split = fit_memory(job, config, train_config, windows)
    trainer = Trainer(config, train_config, threads=job.options.threads, micro_batch=split, backend=job.backend)
    hear.say("", trainer.plan(train_config.batch_size))
    run.save("training")
    course = Course(trainer, windows, open_stream(run.checkpoint / HELD_OUT_IDS), config.vocab_size - 1)  # end-of-text is the last token
    keeper = Keeper(job, course)
    keeper.restore()
    try:
        with job.interrupt.deferred():
            fit(course, keeper.save_model, keeper.report, keeper.step)
    finally:
        trainer.close()
        if course.best:
            run.record |= figures(course.result(), train_config, windows, trainer.threads)
    hear.say("Result", outcome(course.result()))
    return [run.path / WEIGHTS, run.path / METRICS]


class Keeper:
    """What of a training goes to the disk: the best model and the metrics at once, the state now and then and before an end."""

    def __init__(self, job: Job, course: Course) -> None:
        self.job, self.course, self.run = job, course, job.run
        self.saved = time.perf_counter()
        self.interval = job.options.checkpoint_seconds

    def save_model(self) -> None:
        """The best model so far."""
        save_weights(self.run.path, self.course.trainer.state_dict())

    def report(self, report: Report) -> None:
        """A line of metrics."""
        self.run.add_metrics(asdict(report))
        self.job.hear.report(report)

    def step(self, course: Course) -> None:
        """After each step: keep the state if it is time, or if somebody asked to stop."""
        self.job.hear.step(course)
        if self.job.interrupt.asked:
            self.save()
            raise KeyboardInterrupt
        if time.perf_counter() - self.saved >= self.interval:
            self.save()

    def save(self) -> None:
        """The state; the next one is so far away that all of them take MOST_SHARE of the time at most."""
        began = time.perf_counter()
        facts = self.course.facts() | {"metrics": self.run.metrics}
        save_state(self.run.checkpoint, self.course.step, self.course.trainer.flat_state(), facts)
        self.saved = time.perf_counter()
        self.interval = max(self.job.options.checkpoint_seconds, (self.saved - began) / MOST_SHARE)

    def restore(self) -> None:
        """Go on from the latest sound state, if there is one; metrics of later steps are forgotten, those steps come again."""
        trainer, self.run.metrics = self.course.trainer, []
        shapes = {name: block.shape for name, block in trainer.flat_state().items()}
        found = load_state(self.run.checkpoint, shapes, lambda line: self.job.hear.say("", line))
        if found:
            arrays, facts = found
            trainer.load_flat_state(arrays, facts["step"])
            self.course.restore(facts)
            self.run.metrics = facts["metrics"]
            self.job.hear.say("", f"going on after step {self.course.step:,} of {self.course.total_steps:,}")


def announce(job: Job, config: ModelConfig, t: TrainConfig, windows: Windows) -> None:
    """The model and its training, before the first step."""
    shape = f"{config.n_layer} layers, {config.n_head} heads, width {config.n_embd}, vocabulary {config.vocab_size:,}"
    job.hear.say("Model", f"GPT-1, {job.options.size_name}: {shape}: {config.parameters:,} parameters")
    job.hear.say("Device", job.backend.reason)
    steps = f"{t.epochs} epochs of {windows.steps:,} steps, {t.batch_size} x {windows.context} tokens each"
    job.hear.say("Training", f"{steps}; learning rate {t.learning_rate:g}, dropout {config.dropout:g}, seed {t.seed}")


def fit_memory(job: Job, config: ModelConfig, t: TrainConfig, windows: Windows) -> int | None:
    """How many windows of a batch are taken at once, so that the step fits into what the machine has free; None on a GPU."""
    if job.backend.name != "cpu":
        return None
    workers, free = job.options.threads or usable_cores(), free_memory()
    begun = job.run.record.get("memory", {}).get("micro_batch", t.batch_size)  # a run that goes on keeps its sums in their order
    split = micro_batch(config, begun, windows.context, workers, free)
    step = step_memory(config, split, windows.context, workers)
    job.run.record["memory"] = {"step_bytes": step.total, "free_bytes": free, "micro_batch": split}
    job.hear.say("Memory", f"{step}; {gigabytes(free)} are free")
    if split < t.batch_size:
        job.hear.say(
            "", f"that is for {split} windows at a time, because {t.batch_size} at once do not fit; their gradients add to the same"
        )
    return split


def figures(result: Result, train_config: TrainConfig, windows: Windows, threads: int) -> dict[str, Any]:
    """What run.json says of a training, finished or not."""
    return {
        "training": {
            "steps": result.steps,
            "epochs": result.epochs,
            "batch_size": train_config.batch_size,
            "context": windows.context,
            "learning_rate": train_config.learning_rate,
            "seconds": result.seconds,
            "tokens_per_second": result.tokens_per_second,
            "threads": threads,
            "stopped_early": result.stopped_early,
        },
        "result": {"train_loss": result.train_loss, "held_out_loss": result.held_out_loss, "best_step": result.best_step},
    }


def outcome(result: Result) -> str:
    """The result in one line."""
    early = ", stopped early" if result.stopped_early else ""
    held_out = "" if result.held_out_loss is None else f", held-out loss {result.held_out_loss:.3f}"
    speed = f"{result.seconds:.0f} s, {result.tokens_per_second:,.0f} tokens/s"
    return f"best at step {result.best_step} of {result.steps}{early}: training loss {result.train_loss:.3f}{held_out}; {speed}"
