"""Benchmark: a model and a batch -> tokens/s on this machine, memory, and on the CPU their share of its matrix-product peak."""

from __future__ import annotations

import math
import statistics
import time
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import psutil

from minigpt.config import ModelConfig
from minigpt.embedding import names
from minigpt.generate import Predictor
from minigpt.machine import blas
from minigpt.model import specs
from minigpt.run.memory import StepMemory, step_memory
from minigpt.run.ranks.shared import new_trainer
from minigpt.threads import Workers
from minigpt.trainer import Trainer

WARM_UP = 2  # uncounted first steps, which allocate
SIDE = 1536  # of the square matrices that measure the peak


@dataclass(frozen=True)
class Speed:
    """Measurements. Rates are tokens/s, one for each step or token; `peak` and `products` are in FLOP/s."""

    device: str  # what was taken, and why
    plan: str  # how a step is shared out
    peak: float | None  # of the CPU
    training: list[float]
    products: float  # the median step's matrix products
    sampling: list[float]
    memory: StepMemory | None  # computed, of the CPU
    resident: int  # bytes of the process after the steps, or of the GPU's memory that it holds, measured


def measure(config: ModelConfig, batch: int, context: int, threads: int | None, seconds: float, device: str = "cpu") -> Speed:
    """Train and sample with random weights for about `seconds`; on the CPU, measure the peak before and after."""
    rng = np.random.default_rng(0)
    with closing(new_trainer(config, device=device, threads=threads)) as trainer:
        on_cpu = trainer.backend.name == "cpu"
        peaks = [product_peak(trainer.threads) for _ in range(3 if on_cpu else 0)]
        training: list[float] = []
        end = time.perf_counter() + 0.7 * seconds
        while len(training) < WARM_UP + 3 or time.perf_counter() < end:
            stream = rng.integers(0, config.vocab_size, (batch, context + 1))
            start = time.perf_counter()
            trainer.step(stream[:, :-1], stream[:, 1:])
            training.append(batch * context / (time.perf_counter() - start))
        resident = psutil.Process().memory_info().rss if on_cpu else trainer.backend.xp.get_default_memory_pool().total_bytes()
        peaks += [product_peak(trainer.threads) for _ in range(3 if on_cpu else 0)]
        sampling = sampling_rates(trainer, 0.2 * seconds)
        memory = step_memory(config, batch, context, trainer.threads) if on_cpu else None
        how = trainer.backend.reason, trainer.plan(batch)
    training = training[WARM_UP:]
    products = operations(config, batch, context) * statistics.median(training) / (batch * context)
    return Speed(*how, statistics.median(peaks) if on_cpu else None, training, products, sampling, memory, resident)


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
    name = names(config)
    looked_up = {name.positions, name.tokens} - {name.output}
    weights = sum(math.prod(spec.shape) for name, spec in specs(config).items() if len(spec.shape) > 1 and name not in looked_up)
    return 6.0 * N * weights + 6.0 * L * N * (context + 1) * C
