"""Compares training speed with other frameworks: the same model, weights and batches, in turn (A B C A B C ...), each in a new process.

python benchmarks/train_step.py                                          # what `minigpt train` does unless it is told otherwise
python benchmarks/train_step.py --row full-vocabulary --peers torch-eager
python benchmarks/train_step.py --row all --json rows.jsonl              # a line for each row is added to the file

A row is a model and its batch; a single option, such as --batch, takes the place of the row's. Rounds in which the machine was not quiet
are thrown away, counted and repeated (quiet.py). Prints tokens/s, the median of the ratios minigpt / peer with those of the rounds beside
it, the share of the machine's matrix-product peak (one float32 product per core on all cores, measured between the turns), and peak
memory. Without dropout, the losses of the first steps are compared (within 1e-3). Peers that cannot run are left out, with a message.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from quiet import Round, complaints, play_rounds, quiet, to_show, usual_rate, watched

from minigpt import ModelConfig, TrainConfig, Trainer
from minigpt.backend import Backend, choose_backend
from minigpt.config import find_size
from minigpt.model import new_parameters
from minigpt.run.provenance import CPUINFO, provenance
from minigpt.run.speed import operations
from minigpt.trainer import usable_cores


@dataclass(frozen=True)
class Row:
    """What is trained."""

    size: str  # a name of config.SIZES
    vocab: int
    batch: int
    context: int
    dropout: float
    steps: int  # timed in each turn, after WARM_UP others

    @property
    def config(self) -> ModelConfig:
        size = find_size(self.size)
        return ModelConfig(size.n_layer, size.n_head, size.n_embd, size.n_positions, self.vocab, self.dropout)

    def __str__(self) -> str:
        return f"{self.size} layout, V {self.vocab:,}, B {self.batch}, T {self.context}, dropout {self.dropout}"


# So many steps that a turn takes some seconds: the system counts the time of others in hundredths of one.
ROWS = {
    "base": Row("12M", 8192, 2, 256, 0.0, steps=15),  # what `train` does; "default": from random weights
    "default": Row("12M", 1518, 2, 256, 0.1, steps=20),
    "default-33M": Row("33M", 1518, 2, 256, 0.1, steps=10),
    "small-vocabulary": Row("12M", 3000, 8, 128, 0.0, steps=10),
    "full-vocabulary": Row("12M", 50257, 8, 128, 0.0, steps=8),
    "117M": Row("117M", 50257, 4, 128, 0.0, steps=8),
}
OURS = "minigpt"
PEERS = {
    "minigpt-numpy": (OURS, "numpy"),  # without compiled layers
    "torch-eager": ("torch", "eager"),
    "torch-compile": ("torch", "compile"),
    "torch-bf16": ("torch", "bf16"),
    "jax-jit": ("jax", "jit"),
}
WARM_UP = 2  # untimed steps, in which a peer compiles and all allocate
COMPARED = 10  # losses, at most: each step builds on what the one before has rounded


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--row", default="base", choices=[*ROWS, "all"])
    parser.add_argument("--size", help="12M, 33M or 117M")
    for name in ("vocab", "batch", "context", "steps"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--dropout", type=float)
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--rounds", type=int, default=3, help="quiet ones")
    parser.add_argument("--peers", default=",".join(PEERS), help="any of " + ", ".join(PEERS))
    parser.add_argument("--json", type=Path, help="a file that an object for each row is added to, a line each")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def chosen(a: argparse.Namespace) -> dict[str, Row]:
    """The rows to run, with the single options in place of theirs."""
    options = {name: value for name in Row.__annotations__ if (value := getattr(a, name)) is not None}
    return {name: replace(row, **options) for name, row in ROWS.items() if a.row in (name, "all")}


def make_step(name: str, row: Row, threads: int) -> Any:
    """A training step of one implementation, from the same weights: step(x, y) -> loss."""
    library, variant = PEERS.get(name, (OURS, ""))
    if library == OURS:
        return Trainer(row.config, TrainConfig(), device="cpu", threads=threads).step
    # Without a Trainer and what it compiles: its memory would count as the peer's.
    parameters = new_parameters(row.config, Backend(""))
    parameters.initialize(np.random.default_rng([TrainConfig.seed, 0]))
    state = {p.name: p.value for p in parameters}
    if library == "jax":
        from peers import jax_gpt

        return jax_gpt.make(row.config, state, variant)
    import torch
    from peers import torch_gpt

    torch.set_num_threads(threads)
    return torch_gpt.make(row.config, state, variant)


def child(a: argparse.Namespace) -> None:
    """Run one implementation in this process: print losses, seconds per step, memory and what other processes used meanwhile."""
    (row,) = chosen(a).values()
    step, rng = make_step(a.child, row, a.threads), np.random.default_rng(0)

    def timed_step() -> tuple[float, float]:
        stream = rng.integers(0, row.vocab, (row.batch, row.context + 1))
        x, y = np.ascontiguousarray(stream[:, :-1]), np.ascontiguousarray(stream[:, 1:])
        start = time.perf_counter()
        return step(x, y), time.perf_counter() - start

    first = [timed_step() for _ in range(WARM_UP)]
    steps, others = watched(lambda: [timed_step() for _ in range(row.steps)])
    library, _ = PEERS.get(a.child, (OURS, ""))
    result = {
        "by": choose_backend("cpu").reason if library == OURS else f"{library} {version(library)}",
        "losses": [loss for loss, _ in first + steps],
        "seconds": [seconds for _, seconds in steps],
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "others": others,
    }
    print(json.dumps(result))


def measure(name: str, row: Row, threads: int) -> tuple[dict[str, Any], float]:
    """Run one implementation in a process of its own; its results, and the cores that others kept busy."""
    options = [f"--{option}={value}" for option, value in asdict(row).items()]
    library, variant = PEERS.get(name, (OURS, ""))
    env = os.environ | ({"MINIGPT_KERNELS": variant} if variant and library == OURS else {})
    command = [sys.executable, __file__, f"--child={name}", f"--threads={threads}", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        raise SystemExit(f"{name} failed: {done.stderr[-2000:]}")
    result = json.loads(done.stdout.splitlines()[-1])
    return result | {"rate": row.batch * row.context / median(result["seconds"])}, result["others"]


def why_not(name: str, row: Row, threads: int) -> str:
    """The reason why a peer cannot run here; empty if it can."""
    library, variant = PEERS[name]
    if find_spec(library) is None:
        return "not installed"
    if library == OURS and not choose_backend("cpu").faster:
        return "minigpt itself has no compiled layers here"
    if library == "jax" and row.dropout:
        return "it has no dropout"
    if library == "jax" and threads != usable_cores():
        return "it takes all cores"
    if variant == "bf16" and not (CPUINFO.is_file() and any(flag in CPUINFO.read_text() for flag in ("avx512_bf16", "amx_bf16"))):
        return "this processor has no bfloat16 products (one step takes minutes)"
    return ""


def run(name: str, row: Row, a: argparse.Namespace) -> dict[str, Any]:
    """Measure a row, print it, and return it as a JSON object."""
    print(f"\n{name}: {row}; rounds of {row.steps} steps", flush=True)
    names = [OURS]
    for peer in filter(None, a.peers.split(",")):
        if reason := why_not(peer, row, a.threads):
            print(f"left out: {peer}: {reason}")
        else:
            names.append(peer)
    rounds = play_rounds(names, lambda name: measure(name, row, a.threads), a.rounds, a.threads)
    shown, verdict = to_show(rounds, a.rounds)
    print(verdict)
    compare_losses(names, row, shown[0])
    found = tabulate(names, row, shown)
    backend = choose_backend("cpu")
    return {
        "row": name,
        **asdict(row),
        "backend": backend.reason,
        **provenance(backend, a.threads),
        "verdict": verdict,
        "quiet rounds": len(quiet(rounds)),
        **found,
        "rounds": [
            {"complaints": complaints(played, usual_rate(rounds)), **{each: asdict(turn) for each, turn in played.items()}}
            for played in rounds
        ],
    }


def compare_losses(names: list[str], row: Row, played: Round) -> None:
    """Without dropout all must learn the same."""
    losses = {name: turn.result["losses"][:COMPARED] for name, turn in played.items()}
    for name in names[1:] if not row.dropout else ():
        worst = max(abs(x - y) for x, y in zip(losses[OURS], losses[name], strict=True))
        verdict = "within" if worst < 1e-3 else "NOT within"
        print(f"first {len(losses[OURS])} losses, minigpt and {name}: largest difference {worst:.1e}, {verdict} 1e-3")


def tabulate(names: list[str], row: Row, rounds: list[Round]) -> dict[str, Any]:
    """Print a table of these rounds, and return its figures."""
    peaks = [rate for played in rounds for turn in played.values() for rate in (turn.before, turn.after)]
    peak, found = median(peaks), {}
    print(f"matrix-product peak {peak / 1e9:.0f} GFLOP/s ({min(peaks) / 1e9:.0f} to {max(peaks) / 1e9:.0f})")
    print(f"{'':<14} {'tokens/s':>9} {'(range)':>15} {'minigpt is':>11} {'(by round)':>18} {'of peak':>8} {'memory':>9}")
    rates = {name: [played[name].result["rate"] for played in rounds] for name in names}
    for name, r in rates.items():
        ratios = [ours / its for ours, its in zip(rates[OURS], r, strict=True)]
        share = operations(row.config, row.batch, row.context) * median(r) / (row.batch * row.context) / peak
        memory = max(played[name].result["memory"] for played in rounds)
        print(
            f"{name:<14} {median(r):>9,.0f} {f'{min(r):,.0f}-{max(r):,.0f}':>15} {median(ratios):>10.2f}x"
            f" {' '.join(f'{x:.2f}' for x in ratios):>18} {share:>7.0%} {memory / 2**20:>6,.0f} MB"
        )
        found[name] = {"tokens/s": median(r), "ratio": median(ratios), "ratios": ratios, "of peak": share, "memory": memory}
    return {"peak": peak, "medians": found}


def main() -> None:
    a = parse()
    if a.child:
        return child(a)
    backend = choose_backend("cpu")
    here = provenance(backend, a.threads)
    load = os.getloadavg()[0]
    print(f"{here['CPU']}, {usable_cores()} cores, {a.threads} threads; {here['BLAS']}; {backend.reason}; load {load:.2f}")
    for name, row in chosen(a).items():
        found = run(name, row, a)
        if a.json:
            with a.json.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
