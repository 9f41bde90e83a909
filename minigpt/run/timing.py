"""A training that ends on time: minutes in; out comes what fits into them, measured on this machine with this model."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from statistics import median

import numpy as np

from minigpt.config import ModelConfig, TrainConfig
from minigpt.disk.forms import read_as
from minigpt.disk.shelf import RECORD
from minigpt.errors import Paused
from minigpt.machine import usable_cores
from minigpt.run.calibrate import TOKENS as CALIBRATED
from minigpt.run.job import Job
from minigpt.run.memory import micro_batch
from minigpt.run.pace import clock
from minigpt.run.report import SAMPLE_TOKENS, SAMPLES
from minigpt.run.room import free_room
from minigpt.run.speed import decode
from minigpt.trainer import Trainer

TRIAL, TRIAL_SHARE = 2.0, 0.02  # seconds of steps that are timed, at least; of a short time, this share
STEPS = 2000  # a larger batch is worth it where so many steps are left
MOST_BATCH, MOST_WORKERS = 32, 8
HELD_OUT = 0.02  # of the tokens that are learned from: what one evaluation looks at, at most
LEAST_HELD_OUT = 2000  # tokens
AROUND = 2.0  # seconds for reading the finished model and writing its card
CALIBRATING = 1.5  # times the seconds that a token is learned in: what it takes in the calibration
EPOCHS, WRITTEN, MOST_WRITTEN = 20, 3000, 300_000  # of a corpus that is written for the time: epochs; vocabulary, about; tokens at most


@dataclass(frozen=True)
class Timing:
    """What fits into the time that is given: the training's seconds, its batch, and tokens a second as measured."""

    minutes: float
    training_seconds: float
    batch_size: int
    tokens_per_second: float
    held_out_tokens: int

    def steps(self, context: int) -> int:
        """About how many steps that makes."""
        return int(self.training_seconds * self.tokens_per_second / (self.batch_size * context))

    def __str__(self) -> str:
        return f"{clock(self.training_seconds)} of {clock(60 * self.minutes)}, at {self.tokens_per_second:,.0f} tokens/s as measured"


def plan_time(job: Job, config: ModelConfig) -> Timing:
    """The plan for what is left of the minutes, as the record has it where the training was begun before; Paused if nothing is left."""
    known = job.run.record.get("time")
    if known and known["minutes"] == job.options.minutes:
        return read_as(Timing, known, job.run.path / RECORD)
    minutes = job.options.minutes or 0.0
    batch = first_batch(job)
    rate, sampling = job.run.record.pop("trial", {}).get(str(batch)) or trial(job, config, batch)
    while not job.options.batch_size and batch < MOST_BATCH and minutes * 60 * rate > 2 * batch * job.train_config.context * STEPS:
        batch *= 2
        rate, sampling = trial(job, config, batch)
    corpus = job.run.record["corpus"]
    samples = SAMPLES * min(SAMPLE_TOKENS, corpus["tokens"] / corpus["documents"])
    calibrating = CALIBRATING * min(CALIBRATED, corpus["held_out_tokens"]) / rate
    left = 60 * minutes - job.seconds - samples / sampling - calibrating - AROUND
    if left <= 0:
        raise Paused(f"{minutes:g} min were over before the training began; the corpus is written, and resuming starts the time again")
    held_out = max(LEAST_HELD_OUT, int(HELD_OUT * left * rate))
    timing = Timing(minutes, left, batch, rate, held_out)
    job.run.record["time"] = asdict(timing)
    return timing


def first_batch(job: Job) -> int:
    """The batch that was asked for, or the smallest that has work for every core."""
    return job.options.batch_size or max(job.train_config.batch_size, min(MOST_WORKERS, job.options.threads or usable_cores()))


def trial(job: Job, config: ModelConfig, batch: int) -> tuple[float, float]:
    """Tokens a second of the training with so many windows a step, and of sampling."""
    context, workers = job.train_config.context, job.options.threads or usable_cores()
    parts = micro_batch(config, batch, context, workers, free_room()) if job.backend.plans_memory else None
    ids = np.random.default_rng(0).integers(0, config.vocab_size, (batch, context + 1))
    seconds = min(TRIAL, TRIAL_SHARE * 60 * (job.options.minutes or 0.0))
    with closing(Trainer(config, TrainConfig(), threads=workers, micro_batch=parts, backend=job.backend)) as trainer:
        times: list[float] = []
        while len(times) < 3 or sum(times[1:]) < seconds:
            began = time.perf_counter()
            trainer.step(ids[:, :-1], ids[:, 1:])
            times.append(time.perf_counter() - began)
        rates = batch * context / median(times[1:]), median(decode(trainer, seconds / 4))
    del trainer
    job.backend.release()  # it may have been most of the machine's memory
    return rates


def corpus_tokens(job: Job) -> int:
    """The tokens of a corpus that is written for the time: as many as it has for EPOCHS epochs, but not fewer than the size's default."""
    least, batch = job.options.size.final_tokens, first_batch(job)
    rate, sampling = trial(job, replace(job.config, vocab_size=WRITTEN), batch)
    job.run.record["trial"] = {str(batch): (rate, sampling)}  # plan_time need not measure again
    return max(least, min(MOST_WRITTEN, int(rate * 60 * (job.options.minutes or 0.0) / EPOCHS)))
