"""The training: token streams in; out come the best model and the metrics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from minigpt.config import ModelConfig, TrainConfig
from minigpt.disk.checkpoint import WEIGHTS
from minigpt.disk.shelf import METRICS
from minigpt.disk.streams import open_stream
from minigpt.errors import Diverged, MinigptError, counted
from minigpt.machine import usable_cores
from minigpt.model import count_parameters
from minigpt.run.course import Course, Result
from minigpt.run.job import Job
from minigpt.run.keeper import Keeper
from minigpt.run.memory import micro_batch, step_memory
from minigpt.run.pace import Clock, Epochs, Pace
from minigpt.run.room import free_room
from minigpt.run.timing import Timing, plan_time
from minigpt.run.tokenize import HELD_OUT_IDS, TRAIN_IDS
from minigpt.trainer import Trainer
from minigpt.training import HeldOut, Windows, train

# Steps, and the share of a shorter run: layers with their norm behind them need it (Xiong et al. 2020), and after a warm-up of 28 steps the
# model of an 8,000-token corpus stayed at the frequencies of single words for good.
WARMUP, WARMUP_SHARE = 100, 0.4
AGAIN = 0.3  # of the peak learning rate, for a complete run that is trained on: at the whole peak it would forget first


def learn(job: Job) -> list[Path]:
    """The training, from its start or from the latest state on the disk. From the first evaluation on a model is there at every moment."""
    run, hear = job.run, job.hear
    config = replace(job.config, vocab_size=run.record["model"]["vocab_size"])
    timing = plan_time(job, config) if job.options.minutes else None
    windows = Windows(
        open_stream(run.checkpoint / TRAIN_IDS, config.vocab_size),
        job.train_config.context,
        timing.batch_size if timing else job.train_config.batch_size,
        job.options.seed,
    )
    pace, train_config = schedule(job, windows, timing)
    announce(job, config, train_config, windows, timing)
    split = fit_memory(job, config, train_config, windows)
    trainer = Trainer(config, train_config, threads=job.options.threads, micro_batch=split, backend=job.backend)
    hear.say("", trainer.plan(train_config.batch_size))
    run.save("training")
    ids = open_stream(run.checkpoint / HELD_OUT_IDS, config.vocab_size)[: timing.held_out_tokens if timing else None]
    held_out = HeldOut(ids, windows.context, train_config.batch_size, end_of_text=config.vocab_size - 1)
    course = Course(trainer, windows, held_out, pace, run.base_step, run.base_epochs)
    keeper = Keeper(job, course, held_out)
    keeper.restore()
    try:
        with job.interrupt.deferred():
            until_done(trainer, windows, held_out, course, keeper)
        loss, scale = keeper.calibrate()
    finally:
        trainer.close()
        if course.best:
            run.record |= figures(course, train_config, trainer.threads)
    hear.say("Result", outcome(course.result()))
    if scale is not None:
        run.record["result"] |= {"held_out_loss": loss, "scale": scale}
        hear.say("", f"calibrated on the held-out text: logits times {scale:g}, held-out loss {loss:.3f}")
    return [run.path / WEIGHTS, run.path / METRICS]


def until_done(trainer: Trainer, windows: Windows, held_out: HeldOut, course: Course, keeper: Keeper) -> None:
    """Train; where the numbers are no longer finite, again from the latest state at half the learning rate."""
    while True:
        try:
            train(trainer, windows, held_out, course, keeper)
        except Diverged as error:
            if keeper.take_back(error):
                continue
        return


def schedule(job: Job, windows: Windows, timing: Timing | None) -> tuple[Pace, TrainConfig]:
    """How long it goes on, and the configuration of it, now that the corpus is known."""
    again = AGAIN if job.run.base_step else 1.0
    t = replace(job.train_config, batch_size=windows.batch_size, learning_rate=job.train_config.learning_rate * again)
    if timing:
        steps = timing.steps(windows.context)
        pace: Pace = Clock(timing.training_seconds, timing.training_seconds / max(1, steps), job.run.base_step, job.run.base_seconds)
        return pace, replace(t, warmup_steps=warmup(steps))
    steps = windows.steps * t.epochs
    first = job.run.base_step  # extra epochs are not cut short: the rate rises once more, and the gain comes last
    pace = Epochs(first + steps, windows.steps // t.evaluations_per_epoch, patient=first > 0)
    return pace, replace(t, total_steps=steps, warmup_steps=warmup(steps))


def warmup(steps: int) -> int:
    """The steps of the warm-up in a training of so many."""
    return min(WARMUP, int(WARMUP_SHARE * steps))


def announce(job: Job, config: ModelConfig, t: TrainConfig, windows: Windows, timing: Timing | None) -> None:
    """The model and its training, before the first step."""
    shape = f"{counted(config.n_layer, 'layer')}, {counted(config.n_head, 'head')}, width {config.n_embd}, vocabulary {config.vocab_size:,}"
    job.hear.say("Model", f"GPT-1, {job.options.size_name}: {shape}: {count_parameters(config):,} parameters")
    job.hear.say("Device", job.backend.reason)
    long = str(timing) if timing else f"{counted(t.epochs, 'epoch')} of {counted(windows.steps, 'step')}"
    steps = f"{long}, {t.batch_size} x {counted(windows.context, 'token')} each"
    job.hear.say("Training", f"{steps}; learning rate {t.learning_rate:g}, dropout {config.dropout:g}, seed {t.seed}")


def fit_memory(job: Job, config: ModelConfig, t: TrainConfig, windows: Windows) -> int | None:
    """How many windows of a batch are taken at once, so that the step fits into what the machine has free; None on a GPU."""
    begun: int | None = job.run.record.get("memory", {}).get("micro_batch")  # a run that goes on keeps its sums in their order
    if not job.backend.plans_memory:
        return begun
    workers, free = job.options.threads or usable_cores(), free_room()
    try:
        split = micro_batch(config, begun or t.batch_size, windows.context, workers, free)
    except MinigptError:
        job.hear.say("Memory", str(free))
        raise
    step = step_memory(config, split, windows.context, workers)
    job.run.record["memory"] = {"step_bytes": step.total, "free_bytes": free.size, "micro_batch": split}
    job.hear.say("Memory", f"{step}; {free}")
    if split < t.batch_size:
        parts = f"that is for {counted(split, 'window')} at a time, because {t.batch_size} do not fit at once"
        job.hear.say("", f"{parts}; the sum of the gradients is the same")
    return split


def figures(course: Course, train_config: TrainConfig, threads: int) -> dict[str, Any]:
    """What run.json says of a training, finished or not."""
    result = course.result()
    return {
        "training": {
            "steps": result.steps,
            "epochs": result.epochs,
            "batch_size": train_config.batch_size,
            "context": course.windows.context,
            "learning_rate": train_config.learning_rate,
            "seconds": result.seconds,
            "tokens_per_second": result.tokens_per_second,
            "threads": threads,
            "stopped_early": result.stopped_early,
            "rate_halvings": result.halvings,
        },
        "result": {
            "train_loss": result.train_loss,
            "held_out_loss": result.held_out_loss,
            "held_out_tokens": course.held_out_tokens,  # those evaluated, which with --minutes may not be all
            "best_step": result.best_step,
        },
    }


def outcome(result: Result) -> str:
    """The result in one line."""
    speed = f"{result.seconds:.0f} s, {result.tokens_per_second:,.0f} tokens/s"
    if result.held_out_loss is None:
        unknown = "held-out loss not measured: too little text to hold some out"
        return f"last model, of step {result.best_step}: training loss {result.train_loss:.3f}, {unknown}; {speed}"
    early = ", stopped early" if result.stopped_early else ""
    losses = f"training loss {result.train_loss:.3f}, held-out loss {result.held_out_loss:.3f}"
    return f"best at step {result.best_step} of {result.steps}{early}: {losses}; {speed}"
