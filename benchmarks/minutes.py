"""Measures how precisely `--minutes` is kept, by timing whole commands: python benchmarks/minutes.py 2 5"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Print a line per duration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", nargs="+", type=float)
    parser.add_argument("--prompt", default="A fun GPT that generates cooking recipes")
    options = parser.parse_args()
    for minutes in options.minutes:
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / "run"
            command = [sys.executable, "-m", "minigpt", "train", "-p", options.prompt, "--minutes", str(minutes), "--source", "template"]
            began = time.monotonic()
            subprocess.run([*command, "--out", str(run), "--quiet"], check=True, stdout=subprocess.DEVNULL)
            took, record = time.monotonic() - began, json.loads((run / "run.json").read_text(encoding="utf-8"))
            training, result = record["training"], record["result"]
            size = f"{training['steps']} steps of {training['batch_size']} x {training['context']} tokens, {training['epochs']:.1f} epochs"
            off = took / (60 * minutes) - 1
            print(f"{minutes:g} minutes: {took:.1f} s, {off:+.1%}; {size}, held-out loss {result['held_out_loss']:.3f}", flush=True)


if __name__ == "__main__":
    main()
