"""Ranks that are killed at any time: whether the others end, and whether the run can be resumed by any number of ranks."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

TRAIN = (
    "-m minigpt train --preset haiku_master --source template --init none --layers 2 --heads 2 --width 64 --positions 128 --context 64 "
    "--initial-tokens 8000 --final-tokens 4000 --batch-size 4 --epochs 8 --checkpoint-seconds 0.2 --yes"
).split()  # fmt: skip


def mpirun(ranks: int) -> list[str]:
    return [str(Path(sys.executable).parent / "mpirun"), "-n", str(ranks), sys.executable]


def rounds(count: int, folder: Path, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Kill a random rank of 2 to 4 at a random time of a run, from its first file to its end."""
    chance = random.Random(seed)
    for number in range(count):
        ranks, out = chance.choice((2, 3, 4)), folder / f"run{number}"
        with subprocess.Popen([*mpirun(ranks), *TRAIN, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as begun:
            while not (out / "run.json").exists() and begun.poll() is None:
                time.sleep(0.02)
            time.sleep(chance.uniform(0, 4))
            members = [each for each in psutil.Process(begun.pid).children(recursive=True) if "minigpt" in each.cmdline()]
            if not members:
                yield {"ranks": ranks, "ended_before": True}
                continue
            victim = chance.choice(sorted(members, key=lambda each: each.pid))
            number_of_victim, began = int(victim.environ()["PMI_RANK"]), time.perf_counter()
            victim.kill()
            alive = psutil.wait_procs(members, 20)[1]
            seconds = time.perf_counter() - began
        stage = json.loads((out / "run.json").read_text(encoding="utf-8"))["status"]
        by = chance.choice((1, 2, 3))
        command = [*(mpirun(by) if by > 1 else [sys.executable]), "-m", "minigpt", "resume", str(out), "--quiet"]
        resumed = subprocess.run(command, capture_output=True, text=True, check=False)
        status = json.loads((out / "run.json").read_text(encoding="utf-8"))["status"]
        yield {
            "ranks": ranks, "killed": number_of_victim, "while": stage, "seconds": seconds, "alive": len(alive), "resumed_by": by,
            "status": status, "said": resumed.stderr[-300:] if resumed.returncode else "",
        }  # fmt: skip
