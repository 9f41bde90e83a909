"""Interrupts and resumes runs at random moments: do they end with the same bytes as an undisturbed run?

    python benchmarks/durability.py --signal KILL --times 200
    python benchmarks/durability.py --signal TERM --times 50

Prints a line per run: how often it was interrupted and whether the result is the same; then a summary by stage and exit status (130, or
-number if the signal came before Python had loaded the program). Exits with status 1 if a result differs.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

PROMPT = "A fun GPT that generates cooking recipes"
OPTIONS = """--layers 1 --heads 2 --width 32 --positions 64 --initial-tokens 4000 --final-tokens 2500 --epochs 6 --threads 2
--checkpoint-seconds 0.05 --source template""".split()
SAME = ("model.safetensors", "corpus.jsonl", "tokenizer.json", "config.json")
CLOCKS = ("seconds", "tokens_per_second")


def command(*arguments: object) -> list[str]:
    """A minigpt command."""
    return [sys.executable, "-m", "minigpt", *map(str, arguments), "--quiet"]


def outcome(run: Path) -> list[object]:
    """Everything that must be the same."""
    metrics = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [*((run / name).read_bytes() for name in SAME), [{k: v for k, v in line.items() if k not in CLOCKS} for line in metrics]]


def stage(run: Path) -> str:
    """The stage of an interrupted run."""
    record = run / "run.json"
    if not record.exists() or not record.stat().st_size:
        return "before the record"
    done = json.loads(record.read_text())["stages"]
    return next((name for name in ("corpus", "tokens", "training", "report") if name not in done), "complete")


def disturbed(run: Path, rng: random.Random, seconds: float, number: int) -> tuple[Counter[str], Counter[int]]:
    """Start a run, then interrupt and resume it until it is complete; count the interruptions by stage, and the exit statuses."""
    broken: Counter[str] = Counter()
    statuses: Counter[int] = Counter()
    while True:
        arguments = ("resume", run)
        if stage(run) == "before the record":
            shutil.rmtree(run, ignore_errors=True)
            arguments = ("train", "-p", PROMPT, "--out", run, *OPTIONS)
        process = subprocess.Popen(command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            process.wait(rng.uniform(0.1, seconds))
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        _, errors = process.communicate()
        if process.returncode == 0:
            return broken, statuses
        if process.returncode not in (130, -number):
            raise SystemExit(f"status {process.returncode}: {errors}")
        broken[stage(run)] += 1
        statuses[process.returncode] += 1


def main() -> int:
    """Interrupt runs and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signal", default="KILL", help="KILL, TERM, INT or HUP")
    parser.add_argument("--times", type=int, default=50, help="least interruptions in all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    number, rng = getattr(signal, f"SIG{options.signal}"), random.Random(options.seed)
    folder = Path(tempfile.mkdtemp(prefix="durability-"))
    began = time.monotonic()
    subprocess.run(command("train", "-p", PROMPT, "--out", folder / "whole", *OPTIONS), check=True, stdout=subprocess.DEVNULL)
    seconds, whole = time.monotonic() - began, outcome(folder / "whole")
    total: Counter[str] = Counter()
    statuses: Counter[int] = Counter()
    wrong = runs = 0
    while total.total() < options.times:
        run, began = folder / f"run{runs}", time.monotonic()
        broken, left = disturbed(run, rng, seconds, number)
        if not broken:  # it finished undisturbed: the machine is faster now
            seconds = min(seconds, time.monotonic() - began)
        same = outcome(run) == whole
        total, wrong, runs = total + broken, wrong + (not same), runs + 1
        statuses += left
        print(f"run {runs}: interrupted {broken.total()} times, {'same result' if same else 'DIFFERENT RESULT'}", flush=True)
        shutil.rmtree(run)
    print(f"SIG{options.signal}: {total.total()} times in {runs} runs ({dict(total)}), status {dict(statuses)}; {wrong} different results")
    shutil.rmtree(folder)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
