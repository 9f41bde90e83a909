"""Benchmark: a model and a batch -> tokens/s on this machine, their share of its matrix-product peak, and memory."""

from __future__ import annotations

import math
import statistics
import time
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import psutil

from minigpt.config import ModelConfig, TrainConfig
from minigpt.generate import Predictor
from minigpt.machine import blas
from minigpt.model import OUTPUT, POSITIONS, specs
from minigpt.params import EMBEDDING
from minigpt.run.memory import StepMemory, step_memory
from minigpt.threads import Workers
from minigpt.trainer import Trainer

WARM_UP = 2  # uncounted first steps, which allocate
SIDE = 1536  # of the square matrices that measure the peak


@dataclass(frozen=True)
class Speed:
    """Measurements. Rates are tokens/s, one for each step or token; `peak` is in FLOP/s."""

    peak: float
    training: list[float]
    share: float  # of the peak, from the median step's matrix products alone
    sampling: list[float]
    memory: StepMemory  # computed
    resident: int  # bytes of the process after the steps, measured


def measure(config: ModelConfig, batch: int, context: int, threads: int | None, seconds: float) -> Speed:
    """Train and sample with random weights for about `seconds`, and measure the peak before and after."""
    rng = np.random.default_rng(0)
    with closing(Trainer(config, TrainConfig(), device="cpu", threads=threads)) as trainer:
        peaks = [product_peak(trainer.threads) for _ in range(3)]
        training: list[float] = []
        end = time.perf_counter() + 0.7 * seconds
        while len(training) < WARM_UP + 3 or time.perf_counter() < end:
            stream = rng.integers(0, config.vocab_size, (batch, context + 1))
            start = time.perf_counter()
            trainer.step(stream[:, :-1], stream[:, 1:])
            training.append(batch * context / (time.perf_counter() - start))
        resident = psutil.Process().memory_info().rss
        peaks += [product_peak(trainer.threads) for _ in range(3)]
        sampling = sampling_rates(trainer, 0.2 * seconds)
        memory = step_memory(config, batch, context, trainer.threads)
    training, peak = training[WARM_UP:], statistics.median(peaks)
    share = operations(config, batch, context) * statistics.median(training) / (batch * context) / peak
    return Speed(peak, training, share, sampling, memory, resident)


def sampling_rates(trainer: Trainer, seconds: float) -> list[float]:
    """Tokens/s of each token sampled with the cache, for `seconds` or until the window is full."""
    config = trainer.config
    predictor, end = Predictor(trainer.models[0], config.n_positions), time.perf_counter() + seconds
    ids, rates = [0], list[float]()
    while len(ids) < config.n_positions and (len(rates) < 3 or time.perf_counter() < end):
        start = time.perf_counter()
        ids.append(int(predictor.logits(ids).argmax()))
        rates.append(1 / (time.perf_counter() - start))
    return rates


def product_peak(threads: int, times: int = 4) -> float:
    """FLOP/s of float32 square matrix products, one on each core at once, each on one BLAS thread."""
    a = np.random.default_rng(0).random((SIDE, SIDE), dtype=np.float32)

    def work(count: int) -> None:
        out = np.empty_like(a)
        for _ in range(count):
            np.matmul(a, a, out=out)

    with blas.limited(1), closing(Workers(threads)) as workers:
        workers.map(work, [1] * threads)
        start = time.perf_counter()
        workers.map(work, [times] * threads)
        return threads * times * 2 * SIDE**3 / (time.perf_counter() - start)


def operations(config: ModelConfig, batch: int, context: int) -> float:
    """FLOPs of a step's matrix products: 6 per weight and token; and attention's two products below the diagonal, three times."""
    C, L, N = config.n_embd, config.n_layer, batch * context
    looked_up = {POSITIONS, EMBEDDING} - {OUTPUT}
    weights = sum(math.prod(spec.shape) for name, spec in specs(config).items() if len(spec.shape) > 1 and name not in looked_up)
    return 6.0 * N * weights + 6.0 * L * N * (context + 1) * C
