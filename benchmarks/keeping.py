"""Measures the cost of saving: the share of training time spent on writing states, models and metrics.

    python benchmarks/keeping.py --model-size 12M --epochs 20

An ordinary run into a temporary folder, with each write timed. The share is of the time from the first training step to the last.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import minigpt
from minigpt.disk.folder import RunFolder
from minigpt.run.keeper import Keeper

spent: Counter[str] = Counter()
times: Counter[str] = Counter()
open_clocks: list[str] = []


def timed(owner: type, name: str) -> None:
    """Time a method; nested timed calls count only once."""
    inner: Callable[..., Any] = getattr(owner, name)

    def outer(*args: Any, **kwargs: Any) -> Any:
        began, first = time.perf_counter(), not open_clocks
        open_clocks.append(name)
        try:
            return inner(*args, **kwargs)
        finally:
            open_clocks.pop()
            times[name] += 1
            if first:
                spent[name] += time.perf_counter() - began

    setattr(owner, name, outer)


def main() -> None:
    """Train, and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompt", default="A fun GPT that generates cooking recipes")
    parser.add_argument("--model-size", default="12M")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--checkpoint-seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path, help="the run folder; default: a temporary one")
    options = vars(parser.parse_args())
    out = options.pop("out")
    for owner, name in ((Keeper, "save"), (Keeper, "save_model"), (Keeper, "write_model"), (RunFolder, "add_metrics")):
        timed(owner, name)
    with tempfile.TemporaryDirectory() as folder:
        run = out or Path(folder) / "run"
        minigpt.train(out=run, source="template", **options)
        seconds = RunFolder.open(run).record["training"]["seconds"]
    for name, number in times.items():
        print(f"{name:12} {number:4} times {spent[name]:7.2f} s {spent[name] / seconds:7.2%}")
    print(f"all of {seconds:.0f} s: {sum(spent.values()) / seconds:.2%}")


if __name__ == "__main__":
    main()
