"""Trains default models and measures what they write.

    python benchmarks/samples.py --out models/judged --json judged.json       # eight prompts, three seeds: 24 trainings
    python benchmarks/samples.py --prompt "A GPT that writes poems" --seeds 1
    python benchmarks/samples.py models/chef models/poet                      # runs that you have
    python benchmarks/samples.py --again judged.json                          # the tables of an earlier call

A run that is finished in the folder is used as it is. With --opinion FOLDER another language model reads some of the samples (see
judge/opinion.py). What each figure means stands in judge/figures.py; judge/__init__.py lists the files. The program runs
the Python that samples show, each piece in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from judge.figures import compare, figures
from judge.opinion import Reader
from judge.runs import Run, draw, name_of, run_of
from judge.table import tables

import minigpt
from minigpt.config import SampleConfig

PROMPTS = (
    "A fun GPT that generates cooking recipes",
    "A GPT that writes short fairy tales",
    "A GPT that explains Python to beginners",
    "A GPT that writes business e-mails",
    "A GPT that writes pirate sea shanties",
    "A GPT that answers as a grumpy wizard",
    "A GPT that answers questions about falconry",
    "A GPT that writes haiku about the sea",
)
SEEDS = (42, 43, 44)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path, help="finished runs to judge instead of training any")
    parser.add_argument("--prompts", type=int, default=len(PROMPTS), help="so many of the eight")
    parser.add_argument("--prompt", action="append", help="this one instead; repeatable")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help=f"so many, from {SEEDS[0]} on")
    parser.add_argument("--samples", type=int, default=25, help="of each run")
    parser.add_argument("--temperature", type=float, default=SampleConfig.temperature, help="of the samples: that of `generate`")
    parser.add_argument("--train", default="", metavar="OPTIONS", help="more options of `minigpt train`, in one argument")
    parser.add_argument("--out", type=Path, default=Path("models/judged"), help="the folder of the runs")
    parser.add_argument("--json", type=Path, help="write all figures and samples there, after each run")
    parser.add_argument("--opinion", type=Path, metavar="FOLDER", help="with node_modules/node-llama-cpp and a .gguf model")
    parser.add_argument("--again", type=Path, metavar="JSON", help="only print the tables of this file")
    return parser.parse_args(arguments)


def runs(a: argparse.Namespace) -> Iterator[Run]:
    """The runs asked for, each trained when its turn comes."""
    if a.runs:
        yield from map(Run.read, a.runs)
        return
    for prompt in a.prompt or PROMPTS[: a.prompts]:
        for seed in range(SEEDS[0], SEEDS[0] + a.seeds):
            yield run_of(a.out / name_of(prompt, seed), prompt, seed, a.train)


def main() -> None:
    """Judge the runs, tell of each, print the tables."""
    a = parse()
    if a.again:
        print(tables(json.loads(a.again.read_text(encoding="utf-8"))))
        return
    reader = Reader(a.opinion) if a.opinion else None
    judged: list[Run] = []
    rows: list[dict[str, Any]] = []
    for run in runs(a):
        began, model = time.monotonic(), minigpt.load(run.folder)
        samples = draw(model, a.samples, a.temperature)
        found = figures(run, model, samples, reader)
        judged.append(run)
        rows.append({"prompt": run.record["prompt"], "seed": run.record["seed"], "figures": found, "samples": samples})
        for row, common in zip(rows, compare(judged), strict=True):
            row["figures"] |= common
        if a.json:
            a.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
        print(f"{run.folder}: judged in {time.monotonic() - began:.0f} s", flush=True)
    print(f"\n{tables(rows)}")


if __name__ == "__main__":
    main()
