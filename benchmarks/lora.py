"""What LoRA saves: a 117M model is trained whole and adapted, each in a process of its own; the peak memory and the tokens/s of both.

    python benchmarks/lora.py                       # GPT-2 small's shape, two windows of 256 tokens, rank 8
    python benchmarks/lora.py --steps 20 --rank 16

The peak is that of the process less what it had before the first array, as the system counts it. The rounds take turns, as another
program may be at work.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from minigpt import ModelConfig, TrainConfig, Trainer

SHAPE = {"n_layer": 12, "n_head": 12, "n_embd": 768, "n_positions": 1024, "vocab_size": 50257}


def resident() -> tuple[int, int]:
    """The process's memory now and at most so far, in bytes (proc(5))."""
    lines = Path("/proc/self/status").read_text().splitlines()
    now, most = (int(next(line for line in lines if line.startswith(name)).split()[1]) * 1024 for name in ("VmRSS:", "VmHWM:"))
    return now, most


def measure(rank: int, steps: int, batch: int, context: int) -> dict[str, float]:
    """Train for some steps in this process."""
    config, before = ModelConfig(**SHAPE, dropout=0.0, architecture="gpt2"), resident()[0]
    x, y = np.random.default_rng(0).integers(0, config.vocab_size, (2, batch, context))
    with closing(Trainer(config, TrainConfig(lora=rank), device="cpu")) as trainer:
        seconds = []
        for _ in range(steps):
            began = time.perf_counter()
            trainer.step(x, y)
            seconds.append(time.perf_counter() - began)
    return {"bytes": resident()[1] - before, "tokens_per_second": batch * context / statistics.median(seconds[1:])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--context", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.only is not None:
        print(json.dumps(measure(a.only, a.steps, a.batch, a.context)))
        return
    found: dict[int, list[dict[str, float]]] = {0: [], a.rank: []}
    for _ in range(a.rounds):
        for rank, results in found.items():
            command = [sys.executable, __file__, "--only", str(rank), *sys.argv[1:]]
            results.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    whole, adapted = ({key: statistics.median(r[key] for r in results) for key in results[0]} for results in found.values())
    print(f"whole: {whole['bytes'] / 1e9:.2f} GB, {whole['tokens_per_second']:,.0f} tokens/s")
    print(f"rank {a.rank}: {adapted['bytes'] / 1e9:.2f} GB, {adapted['tokens_per_second']:,.0f} tokens/s")
    memory, speed = (adapted[key] / whole[key] for key in ("bytes", "tokens_per_second"))
    print(f"memory {memory:.2f} times, speed {speed:.2f} times, medians of {a.rounds} rounds in turn")


if __name__ == "__main__":
    main()
