"""Fills disks and flips bits: does a run survive, or at least report the damage?

    python benchmarks/damage.py full --times 50        (Linux, as root: it mounts small file systems in memory)
    python benchmarks/damage.py flips --times 500

full: a run on a file system of random size must end with status 1 and a one-line message, or fit. Given more space it is resumed, and
must end with the same bytes as an undisturbed run. flips: one random bit in a random file of a run folder, complete or interrupted, is
flipped; then the run is resumed and its model loaded. Either must name the damaged file, or end as if nothing had been flipped.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

from durability import OPTIONS, PROMPT, command, outcome

import minigpt
from minigpt.errors import MinigptError
from minigpt.run.listener import Listener

MOST = 3_000_000  # bytes such a run needs at its peak, about


def full(folder: Path, times: int, rng: random.Random) -> int:
    """Run on file systems that may be too small; return the number of wrong outcomes."""
    subprocess.run(command("train", "-p", PROMPT, "--out", folder / "whole", *OPTIONS), check=True, stdout=subprocess.DEVNULL)
    whole, ends, wrong, disk = outcome(folder / "whole"), Counter[str](), 0, folder / "disk"
    disk.mkdir()
    while ends["full"] < times:
        size = rng.randrange(8, MOST // 4096) * 4096
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], check=True)
        try:
            arguments = command("train", "-p", PROMPT, "--out", disk / "run", *OPTIONS)
            done = subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            said = done.stderr.strip()
            clear = done.returncode == 0 or (done.returncode == 1 and said.count("\n") == 0 and "No space left on device" in said)
            ends["full" if done.returncode else "fits"] += 1
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            if done.returncode:
                arguments = command("resume", disk / "run") if (disk / "run" / "run.json").exists() else arguments
                done = subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            same = done.returncode == 0 and outcome(disk / "run") == whole
            wrong += not (same and clear)
            print(f"{size // 1024:6,} kB: {'same result' if same else 'DIFFERENT RESULT ' + done.stderr}; {said or 'it fits'}", flush=True)
        finally:
            subprocess.run(["umount", disk], check=True)
    print(f"{ends['full']} full disks, {ends['fits']} large enough; {wrong} wrong")
    return wrong


class Stop(Listener):
    """Interrupts a run after 50 steps."""

    def step(self, course: object) -> None:
        if getattr(course, "step", 0) == 50:
            raise KeyboardInterrupt


def flips(folder: Path, times: int, rng: random.Random) -> int:
    """Flip bits in a complete and an interrupted run; return the number of wrong outcomes."""
    given = {
        "layers": 1, "heads": 2, "width": 32, "positions": 64, "initial_tokens": 4000, "final_tokens": 2500, "epochs": 3, "threads": 2,
        "checkpoint_seconds": 0.02, "source": "template",
    }  # fmt: skip
    whole, broken, copy = folder / "whole", folder / "broken", folder / "copy"
    minigpt.train(PROMPT, out=whole, **given)
    with suppress(KeyboardInterrupt):
        minigpt.train(PROMPT, out=broken, listener=Stop(), **given)
    wanted = outcome(whole)
    text = minigpt.load(whole).generate(max_tokens=20, seed=1)
    found: Counter[str] = Counter()
    for _ in range(times):
        source = rng.choice((whole, broken))
        shutil.copytree(source, copy)
        path = rng.choice([path for path in sorted(copy.rglob("*")) if path.is_file() and path.stat().st_size])
        data, bit = bytearray(path.read_bytes()), rng.randrange(8 * path.stat().st_size)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        messages = Messages()
        try:
            result = minigpt.resume(copy, listener=messages).generate(max_tokens=20, seed=1)
            if any(path.name in line for line in messages.lines):
                verdict = "named, and an earlier state used"
            else:
                verdict = "no effect" if (result, outcome(copy)) == (text, wanted) else "WRONG: different result"
        except MinigptError as error:
            verdict = "named" if path.name in str(error) else f"WRONG: {error}"
        except Exception as error:  # unexpected exceptions are what this looks for
            verdict = f"WRONG: {type(error).__name__}: {error}"
        found[verdict] += 1
        if verdict.startswith("WRONG"):
            print(f"{source.name}/{path.relative_to(copy)}, bit {bit}: {verdict}", flush=True)
        shutil.rmtree(copy)
    print(f"{times} flipped bits: " + ", ".join(f"{count} {verdict}" for verdict, count in found.most_common()))
    return sum(count for verdict, count in found.items() if verdict.startswith("WRONG"))


class Messages(Listener):
    """Collects messages."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, topic: str, text: str) -> None:
        self.lines.append(text)


def main() -> int:
    """Run one of the two experiments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("full", "flips"))
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="damage-") as folder:
        wrong = {"full": full, "flips": flips}[options.what](Path(folder), options.times, random.Random(options.seed))
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
