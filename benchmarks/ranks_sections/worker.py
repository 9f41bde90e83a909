"""Trains a 12M model with however many ranks start it, and prints what it measured as a line of JSON."""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from contextlib import closing
from typing import Any

import numpy as np
import psutil

from minigpt import ModelConfig, TrainConfig
from minigpt.config import SIZES
from minigpt.model import outside
from minigpt.run.ranks.join import join, world
from minigpt.run.ranks.shared import new_trainer


def measure(a: argparse.Namespace) -> dict[str, Any]:
    """Losses; median seconds of a step, of its half before the update and of the update; bytes."""
    size, rng = SIZES["12M"], np.random.default_rng(0)
    config = ModelConfig(vocab_size=a.vocabulary, n_embd=size.n_embd, n_head=size.n_head, n_layer=size.n_layer)
    losses, seconds = list[float](), list[tuple[float, float]]()
    with closing(new_trainer(config, TrainConfig(seed=1), device="cpu", threads=a.threads)) as trainer:
        for _ in range(a.steps):
            ids = rng.zipf(1.3, (a.batch, a.context + 1)) % a.vocabulary
            began = time.perf_counter()
            losses.append(trainer.forward_backward(ids[:, :-1], ids[:, 1:]) if a.halves else trainer.step(ids[:, :-1], ids[:, 1:]))
            half = time.perf_counter()
            if a.halves:
                trainer.update()
            seconds.append((half - began, time.perf_counter() - half))
        first, second = (statistics.median(column) for column in zip(*seconds[2:], strict=True))
        return {
            "losses": losses,
            "seconds": first + second,
            "forward_backward": first,
            "update": second,
            "tokens_per_second": a.batch * a.context / (first + second),
            "moments": sum(block.nbytes for block in trainer.optimizer.arrays.values()),
            "parameters": trainer.parameters.n,
            "outside": sum(math.prod(spec.shape) for spec in outside(config).values()),
            "resident": psutil.Process().memory_info().rss,
            "plan": trainer.plan(a.batch),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--context", type=int, default=256)
    parser.add_argument("--vocabulary", type=int, default=1518)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--halves", action="store_true", help="call the two halves of a step one by one")
    a = parser.parse_args()
    join()
    found = measure(a)
    ranks = world()
    print(json.dumps({"ranks": ranks.size if ranks else 1, **found}), flush=True)


if __name__ == "__main__":
    main()
