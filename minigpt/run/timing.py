"""Training by the clock: minutes -> the batch, the corpus and the steps that fit, measured on this machine with this model."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from statistics import median

import numpy as np

from minigpt.config import ModelConfig, TrainConfig
from minigpt.disk.schema import read_as
from minigpt.disk.shelf import RECORD
from minigpt.errors import Paused
from minigpt.machine import usable_cores
from minigpt.run.calibrate import TOKENS as CALIBRATED
from minigpt.run.defaults import BASE, SAMPLE_TOKENS
from minigpt.run.job import Job
from minigpt.run.memory import micro_batch
from minigpt.run.pace import clock
from minigpt.run.ranks.environment import launched
from minigpt.run.ranks.shared import new_trainer
from minigpt.run.report import SAMPLES, drawing_seconds
from minigpt.run.room import free_room
from minigpt.run.speed import sampling_rates

TRIAL, TRIAL_SHARE = 2.0, 0.02  # seconds of steps that are timed, but at most this share of the time
STEPS = 2000  # a larger batch pays if this many steps are left
MOST_BATCH, MOST_WORKERS = 32, 8
HELD_OUT = 0.02  # tokens of an evaluation, at most, per token learned from
LEAST_HELD_OUT = 2000  # tokens
AROUND = 2.0  # seconds to load the finished model and write its card
CALIBRATING = 1.5  # times as long as learning from it: what the calibration takes for a token
WRITTEN, WRITTEN_FROM_BASE = 3000, 8500  # the vocabulary, about, of a corpus written for the time
MOST_WRITTEN = 300_000  # its most tokens


@dataclass(frozen=True)
class Timing:
    """What fits into the time: the seconds of training, its batch, and the measured tokens/s."""

    minutes: float
    training_seconds: float
    batch_size: int
    tokens_per_second: float
    held_out_tokens: int

    def steps(self, context: int) -> int:
        """The estimated number of steps."""
        return int(self.training_seconds * self.tokens_per_second / (self.batch_size * context))

    def __str__(self) -> str:
        return f"{clock(self.training_seconds)} at {self.tokens_per_second:,.0f} tokens/s, steps"


def plan_time(job: Job, config: ModelConfig) -> Timing:
    """The timing for the rest of the minutes, or that of the record if the training was begun before; Paused if nothing is left."""
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
    left = 60 * minutes - job.seconds - samples / sampling - calibrating - AROUND - drawing_seconds(config, 60 * minutes * rate, sampling)
    if left <= 0:
        raise Paused(f"{minutes:g} min ran out before training began; the corpus is saved, and resuming restarts the clock")
    held_out = max(LEAST_HELD_OUT, int(HELD_OUT * left * rate))
    timing = Timing(minutes, left, batch, rate, held_out)
    job.run.record["time"] = asdict(timing)
    return timing


def first_batch(job: Job) -> int:
    """The batch size asked for, or the smallest that keeps every core of every rank busy."""
    busy = launched() * min(MOST_WORKERS, job.options.threads or usable_cores())
    return job.options.batch_size or max(job.train_config.batch_size, busy)


def trial(job: Job, config: ModelConfig, batch: int) -> tuple[float, float]:
    """Measured tokens/s of training with this batch size, and of sampling."""
    context, workers = job.train_config.context, job.options.threads or usable_cores()
    free, each, ranks = free_room(), -(-batch // launched()), launched()
    parts = micro_batch(config, each, context, workers, free, job.train_config, ranks) if job.backend.plans_memory else None
    ids = np.random.default_rng(0).integers(0, config.vocab_size, (batch, context + 1))
    tuned = TrainConfig(freeze=job.train_config.freeze, lora=job.train_config.lora)
    seconds = min(TRIAL, TRIAL_SHARE * 60 * (job.options.minutes or 0.0))
    with closing(
        new_trainer(config, tuned, threads=workers, micro_batch=parts, precision=job.options.precision, backend=job.backend)
    ) as trainer:
        times: list[float] = []
        while len(times) < 3 or sum(times[1:]) < seconds:
            began = time.perf_counter()
            trainer.step(ids[:, :-1], ids[:, 1:])
            times.append(time.perf_counter() - began)
        rates = batch * context / median(times[1:]), median(sampling_rates(trainer, seconds / 4))
    del trainer
    job.backend.release()  # perhaps most of the machine's memory
    return rates


def corpus_tokens(job: Job) -> int:
    """The tokens of a corpus written for the time: as many as the recipe's epochs have time for, but not fewer than the size's default."""
    least, batch = job.options.size.final_tokens, first_batch(job)
    rate, sampling = trial(job, replace(job.config, vocab_size=WRITTEN_FROM_BASE if job.options.init == BASE else WRITTEN), batch)
    job.run.record["trial"] = {str(batch): (rate, sampling)}  # plan_time need not measure again
    return max(least, min(MOST_WRITTEN, int(rate * 60 * (job.options.minutes or 0.0) / job.options.recipe.epochs)))
