"""Compares training speed with other frameworks: the same model, weights and batches, in turn (A B C A B C ...), each in a new process.

python benchmarks/train_step.py                                    # the 12M layout, V 50,257, B 8, T 128, no dropout
python benchmarks/train_step.py --vocab 3000 --dropout 0.1 --peers torch-eager

Without dropout, the losses of the first ten steps are compared (within 1e-3). Prints tokens/s, the ratio minigpt / peer by round, the
share of the machine's matrix-product peak (one float32 product per core on all cores, measured between the rounds), and peak memory.
Peers that are not installed are left out, with a message.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from minigpt import ModelConfig, TrainConfig, Trainer
from minigpt.config import find_size
from minigpt.run.speed import operations, product_peak
from minigpt.trainer import usable_cores

sys.path.insert(0, str(Path(__file__).parent))
PEERS = {
    "torch-eager": ("torch", "eager"),
    "torch-compile": ("torch", "compile"),
    "torch-bf16": ("torch", "bf16"),
    "jax-jit": ("jax", "jit"),
}
CHECKED_STEPS = 10


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="12M", help="12M, 33M or 117M")
    parser.add_argument("--vocab", type=int, default=50257)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--context", type=int, default=128)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--steps", type=int, default=6, help="timed steps per round, after two untimed ones")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default=",".join(PEERS), help="any of " + ", ".join(PEERS))
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def configuration(a: argparse.Namespace) -> ModelConfig:
    """The model that all of them train."""
    size = find_size(a.size)
    return ModelConfig(size.n_layer, size.n_head, size.n_embd, size.n_positions, a.vocab, a.dropout)


def child(a: argparse.Namespace) -> None:
    """Run one implementation in this process: print losses, seconds per step and memory."""
    config = configuration(a)
    trainer = Trainer(config, TrainConfig(seed=0), device="cpu", threads=a.threads)
    step = trainer.step
    if a.child != "minigpt":
        library, variant = PEERS[a.child]
        state = trainer.state_dict()
        del trainer, step
        if library == "torch":
            from peers import torch_gpt as peer
        else:
            from peers import jax_gpt as peer
        step = peer.make(config, state, variant)
    rng = np.random.default_rng(0)
    losses, seconds = [], []
    for i in range(max(CHECKED_STEPS, a.steps + 2)):
        stream = rng.integers(0, a.vocab, (a.batch, a.context + 1))
        x, y = np.ascontiguousarray(stream[:, :-1]), np.ascontiguousarray(stream[:, 1:])
        start = time.perf_counter()
        losses.append(step(x, y))
        if i >= 2:
            seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"losses": losses, "seconds": seconds, "memory": peak}))


def measure(a: argparse.Namespace, name: str) -> dict[str, object]:
    """Run one implementation in its own process."""
    options = [f"--{key}={getattr(a, key)}" for key in ("size", "vocab", "batch", "context", "dropout", "steps")]
    if a.threads:
        options.append(f"--threads={a.threads}")
    done = subprocess.run([sys.executable, __file__, f"--child={name}", *options], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def why_not(name: str, a: argparse.Namespace) -> str:
    """The reason why a peer cannot run here; empty if it can."""
    if importlib.util.find_spec(PEERS[name][0]) is None:
        return "not installed"
    if name == "jax-jit" and a.dropout:
        return "it has no dropout"
    if name == "torch-bf16" and not any(flag in Path("/proc/cpuinfo").read_text() for flag in ("avx512_bf16", "amx_bf16")):
        return "this processor has no bfloat16 products (one step takes minutes)"
    return ""


def main() -> None:
    a = parse()
    if a.child:
        return child(a)
    wanted = [name for name in a.peers.split(",") if name]
    missing = {name: reason for name in wanted if (reason := why_not(name, a))}
    names = ["minigpt", *(name for name in wanted if name not in missing)]
    for name, reason in missing.items():
        print(f"left out: {name}: {reason}")
    threads = a.threads or usable_cores()
    print(
        f"{a.size} layout, V {a.vocab:,}, B {a.batch}, T {a.context}, dropout {a.dropout}, {threads} threads, {a.rounds} x {a.steps} steps"
    )
    rates: dict[str, list[float]] = {name: [] for name in names}
    results, peaks = {}, []
    for _ in range(a.rounds):
        for name in names:
            peaks.append(product_peak(threads))
            results[name] = r = measure(a, name)
            rates[name].append(a.batch * a.context / statistics.median(r["seconds"][: a.steps]))
    if not a.dropout:
        for name in names[1:]:
            worst = max(abs(x - y) for x, y in zip(results["minigpt"]["losses"], results[name]["losses"], strict=True))
            verdict = "within" if worst < 1e-3 else "NOT within"
            print(f"first {CHECKED_STEPS} losses, minigpt and {name}: largest difference {worst:.1e}, {verdict} 1e-3")
    peak = statistics.median(peaks)
    print(f"matrix-product peak {peak / 1e9:.0f} GFLOP/s ({min(peaks) / 1e9:.0f} to {max(peaks) / 1e9:.0f})")
    print(f"{'':<14} {'tokens/s':>9} {'(range)':>15} {'minigpt is':>11} {'(by round)':>18} {'of peak':>8} {'memory':>9}")
    for name in names:
        r, ratios = rates[name], [m / p for m, p in zip(rates["minigpt"], rates[name], strict=True)]
        share = operations(configuration(a), a.batch, a.context) * statistics.median(r) / (a.batch * a.context) / peak
        print(
            f"{name:<14} {statistics.median(r):>9,.0f} {f'{min(r):,.0f}-{max(r):,.0f}':>15} {statistics.median(ratios):>10.2f}x"
            f" {' '.join(f'{x:.2f}' for x in ratios):>18} {share:>7.0%} {results[name]['memory'] / 2**20:>6,.0f} MB"
        )


if __name__ == "__main__":
    main()
