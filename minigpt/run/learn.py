"""Stage 3, the training: token streams -> the best model and the metrics."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from minigpt.config import ModelConfig, TrainConfig
from minigpt.disk.checkpoint import WEIGHTS
from minigpt.disk.shelf import METRICS, SAMPLES
from minigpt.disk.streams import open_stream
from minigpt.errors import Diverged, MinigptError, counted
from minigpt.machine import usable_cores
from minigpt.model import count_parameters, family, specs
from minigpt.run.course import Course
from minigpt.run.defaults import BASE, NONE
from minigpt.run.job import Job
from minigpt.run.keeper import Keeper
from minigpt.run.memory import micro_batch, step_memory
from minigpt.run.pace import Clock, Epochs, Pace, evaluation_steps
from minigpt.run.ranks.environment import launched
from minigpt.run.ranks.join import world
from minigpt.run.ranks.shared import new_trainer
from minigpt.run.room import free_room
from minigpt.run.timing import Timing, plan_time
from minigpt.run.tokenize import HELD_OUT_IDS, TRAIN_IDS
from minigpt.trainer import Trainer
from minigpt.training import HeldOut, Windows, train

# Steps, but at most this share of the run. Post-norm layers need a warm-up (Xiong et al. 2020). After one of 28 steps a model of an
# 8,000-token corpus once stayed at the frequencies of single words; the 12M default, though, has been seen to learn without any.
WARMUP, WARMUP_SHARE = 100, 0.4
AGAIN = 0.3  # of the peak learning rate, for a complete run that is trained further: at the full peak it would forget first


def learn(job: Job) -> list[Path]:
    """Train from the start or the latest state on disk. From the first evaluation on, the folder always holds a model."""
    run, listener = job.run, job.listener
    config = replace(job.config, vocab_size=run.record["model"]["vocab_size"])
    timing = plan_time(job, config) if job.options.minutes else None
    windows = Windows(
        open_stream(run.checkpoint / TRAIN_IDS, config.vocab_size),
        job.train_config.context,
        timing.batch_size if timing else job.train_config.batch_size,
        job.options.seed,
        end_of_text=config.vocab_size - 1,
    )
    ids = open_stream(run.checkpoint / HELD_OUT_IDS, config.vocab_size)[: timing.held_out_tokens if timing else None]
    pace, train_config = schedule(job, windows, timing, len(ids))
    show_plan(job, config, train_config, windows, timing)
    split = fit_memory(job, config, train_config, windows)
    how: dict[str, Any] = {"threads": job.options.threads, "precision": job.options.precision, "backend": job.backend}
    trainer = new_trainer(config, train_config, micro_batch=split, **how)
    run.record["device_reason"] = job.backend.reason  # a GPU's kernels are checked at the first trainer
    listener.detail("", trainer.plan(train_config.batch_size))
    if ranks := world():
        listener.say("Ranks", ranks.shares(train_config.batch_size))
        ranks.on_asked = job.interrupt.request
    run.save("training")
    held_out = HeldOut(ids, windows.context, train_config.batch_size, end_of_text=config.vocab_size - 1)
    course = Course(trainer, windows, held_out, pace, run.base_step, run.base_epochs)
    keeper = Keeper(job, course, held_out)
    keeper.restore()
    try:
        with job.interrupt.deferred(), listener.learning(course):
            train_with_retries(trainer, windows, held_out, course, keeper)
        listener.busy("Calibrating on held-out text")
        loss, scale = keeper.calibrate()
    finally:
        trainer.close()
        if course.best:
            run.record |= figures(course, train_config, trainer.threads)
    if scale is not None and loss is not None:
        run.record["result"] |= {"held_out_loss": loss, "scale": scale} | in_bits(job, loss)
    return [path for name in (WEIGHTS, METRICS, SAMPLES) if (path := run.path / name).exists()]


def train_with_retries(trainer: Trainer, windows: Windows, held_out: HeldOut, course: Course, keeper: Keeper) -> None:
    """Train; after a divergence, again from the latest state at half the learning rate."""
    while True:
        try:
            train(trainer, windows, held_out, course, keeper)
        except Diverged as error:
            if keeper.roll_back(error):
                continue
        return


def schedule(job: Job, windows: Windows, timing: Timing | None, held_out: int) -> tuple[Pace, TrainConfig]:
    """The pace and the training configuration, now that the corpus is known."""
    again = AGAIN if job.run.base_step else 1.0
    t = replace(job.train_config, batch_size=windows.batch_size, learning_rate=job.train_config.learning_rate * again)
    if timing:
        steps = timing.steps(windows.context)
        pace: Pace = Clock(timing.training_seconds, timing.training_seconds / max(1, steps), job.run.base_step, job.run.base_seconds)
        return pace, replace(t, warmup_steps=warmup(steps))
    steps = windows.steps * t.epochs
    first = job.run.base_step  # extra epochs do not stop early: the learning rate rises again, and the gain comes late
    wanted = max(1, windows.steps // t.evaluations_per_epoch)
    every = evaluation_steps(wanted, held_out, t.batch_size * t.context)
    pace = Epochs(first + steps, every, None if first else math.ceil(t.patience * wanted / every))  # the same patience in steps
    return pace, replace(t, total_steps=steps, warmup_steps=warmup(steps))


def warmup(steps: int) -> int:
    """The number of warm-up steps in a training of `steps`."""
    return min(WARMUP, int(WARMUP_SHARE * steps))


def show_plan(job: Job, config: ModelConfig, t: TrainConfig, windows: Windows, timing: Timing | None) -> None:
    """Show the model and the plan of its training."""
    say, detail = job.listener.say, job.listener.detail
    shape = f"{counted(config.n_layer, 'layer')}, {counted(config.n_head, 'head')}, width {config.n_embd}"
    say("Model", f"{family(config.architecture)} {job.options.size_name}: {shape}; {count_parameters(config):,} parameters")
    detail("", f"vocabulary of {counted(config.vocab_size, 'token')}, {counted(config.n_positions, 'position')}")
    for line in job.rows:
        say("", line)
    say("Device", job.backend.reason if gpu_present() else job.backend.reason.partition(" (")[0])
    if not gpu_present() and "(" in job.backend.reason:
        detail("", job.backend.reason)
    long = str(timing) if timing else f"{counted(t.epochs, 'epoch')} of {counted(windows.steps, 'step')}"
    say("Training", f"{long} of {t.batch_size} x {counted(windows.context, 'token')}, from {begins_from(job)}")
    if begins_from(job) == "the base":
        detail("", "the base knows English already; --init none starts from random weights")
    if kept := kept_as_it_is(config, t):
        detail("", kept)
    detail("", f"learning rate {t.learning_rate:g}, dropout {config.dropout:g}, seed {t.seed}")


def kept_as_it_is(config: ModelConfig, t: TrainConfig) -> str:
    """What a training does not change, in words; empty if it changes everything."""
    if not t.lora and t.freeze is None:
        return ""
    trained = sum(math.prod(spec.shape) for spec in specs(config, t).values() if not spec.frozen)
    how = [f"LoRA of rank {t.lora}"] if t.lora else []
    if t.freeze is not None:
        how.append("frozen embeddings" + (f" and {counted(t.freeze, 'layer')}" if t.freeze else ""))
    return f"{', '.join(how)}: {trained:,} parameters are trained"


def gpu_present() -> bool:
    """Whether this machine has an NVIDIA driver, so that a GPU that cannot be used is worth a word."""
    return shutil.which("nvidia-smi") is not None


def begins_from(job: Job) -> str:
    """What the training starts from, in words."""
    if job.run.base_step:
        return "its best model so far"
    init = job.run.record.get("start", {}).get("init", NONE)
    return {NONE: "random weights", BASE: "the base"}.get(init, str(init))


def fit_memory(job: Job, config: ModelConfig, t: TrainConfig, windows: Windows) -> int | None:
    """The micro-batch whose step fits into the free memory of the machine; on a GPU, that of an earlier session or None."""
    begun: int | None = job.run.record.get("memory", {}).get("micro_batch")  # a resumed run adds up in the same order
    if not job.backend.plans_memory:
        return begun
    workers, free, each = job.options.threads or usable_cores(), free_room(), -(-t.batch_size // launched())
    try:
        split = micro_batch(config, min(begun or each, each), windows.context, workers, free, t, launched())
    except MinigptError:
        job.listener.say("Memory", str(free))
        raise
    step = step_memory(config, split, windows.context, workers, t, launched())
    job.run.record["memory"] = {"step_bytes": step.total, "free_bytes": free.size, "micro_batch": split}
    job.listener.detail("Memory", f"{step}; {free}")
    if split < each:
        parts = f"{counted(split, 'window')} at a time: the whole batch of {each} does not fit"
        job.listener.say("Memory", f"{parts}. The result is the same up to rounding.")
    return split


def figures(course: Course, train_config: TrainConfig, threads: int) -> dict[str, Any]:
    """The `training` and `result` of run.json, for a training that is finished or not."""
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
            "held_out_tokens": course.held_out_tokens,  # those evaluated: with --minutes, perhaps not all
            "best_step": result.best_step,
        },
    }


def in_bits(job: Job, loss: float) -> dict[str, float]:
    """A loss in nats per token as bits per byte of the held-out text, which compare across vocabularies; empty if the bytes are unknown."""
    size = job.run.record["corpus"].get("held_out_bytes")
    tokens = len(open_stream(job.run.checkpoint / HELD_OUT_IDS))
    return {"held_out_bits_per_byte": round(loss / math.log(2) * tokens / size, 5)} if size else {}
