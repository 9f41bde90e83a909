"""Measures how fast, and in how much memory, own text becomes token ids: `python benchmarks/own_data.py --megabytes 1000`.

The text is generated with Zipf-distributed words, so that it has about as many documents, words and tokens as prose. A second process
does the work of `minigpt train` up to the token streams, without training.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

WORK = """
import json, sys, time
from pathlib import Path
from minigpt.run.job import new_job
from minigpt.run.listener import Listener
from minigpt.run.options import Options
from minigpt.run.tokenize import tokenize
from minigpt.run.write_corpus import make_corpus

class Progress(Listener):
    calls, latest = 0, 0.0
    def progress(self, what, done, total):
        self.calls += 1
        if time.perf_counter() - self.latest > 10:
            self.latest = time.perf_counter()
            print(f"  {what} {done / 1e6:,.0f} of {total / 1e6:,.0f} MB", file=sys.stderr, flush=True)

listener = Progress()
job = new_job(None, Options.parse({"data": sys.argv[1], "out": sys.argv[2], "device": "cpu"}), listener)
job.run.create()
with job.run.in_use():
    started = time.perf_counter()
    make_corpus(job)
    written = time.perf_counter()
    tokenize(job)
    done = time.perf_counter()
ids = sum((job.run.checkpoint / name).stat().st_size for name in ("train.ids", "held_out.ids")) // 2
peak = int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
result = {"write": written - started, "number": done - written, "peak_kb": peak, "ids": ids, "calls": listener.calls}
print(json.dumps(result | {"corpus": job.run.record["corpus"], "vocabulary": job.run.record["model"]["vocab_size"]}))
"""


def write_prose(path: Path, megabytes: int, seed: int = 0) -> None:
    """Write Zipf-distributed words, 200,000 different ones, in sentences and paragraphs."""
    rng = np.random.default_rng(seed)
    syllables = np.array("ba be bi bo ca ce co da de di do fa fi ga go la le li lo ma me mi na ne no pa ra re ri sa se ta te ti to".split())
    words = ["".join(rng.choice(syllables, rng.integers(1, 5))) for _ in range(200_000)]
    common = "the of and to in is that it was for on are as with his they at be this from have or by one had not but what all were".split()
    words[: len(common)] = common
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < megabytes * 10**6:
            numbers = (rng.zipf(1.2, 60_000) - 1) % len(words)
            ends = rng.choice([" ", " ", " ", " ", " ", " ", ", ", ". ", ". ", ".\n\n"], len(numbers), p=[0.1] * 6 + [0.2, 0.1, 0.08, 0.02])
            file.write("".join(words[i] + end for i, end in zip(numbers, ends, strict=True)))


def main() -> None:
    """Print the figures in one line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="where to make the text; needs a third more space than it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        text = Path(folder) / "prose.txt"
        write_prose(text, arguments.megabytes)
        size, started = text.stat().st_size, time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", WORK, str(text), str(Path(folder) / "run")], stdout=subprocess.PIPE, text=True, check=True
        )
        result = json.loads(done.stdout)
        took = time.perf_counter() - started
    print(
        f"{size / 1e6:,.0f} MB: {result['corpus']['documents']:,} documents, {result['ids']:,} tokens, vocabulary {result['vocabulary']:,};"
        f" {took:.0f} s ({size / took / 1e6:.1f} MB/s; corpus {result['write']:.0f} s, ids {result['number']:.1f} s),"
        f" {result['peak_kb'] / 1024:,.0f} MB of memory at most, {result['calls']:,} progress calls"
    )


if __name__ == "__main__":
    main()
