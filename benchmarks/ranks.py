"""Several ranks against one process: losses, pace, memory; what a killed rank leaves; and a model of a step against measurement.

    python benchmarks/ranks.py losses pace memory          # a few minutes, on a quiet machine
    python benchmarks/ranks.py kill --rounds 50
    sudo python benchmarks/ranks.py links                  # network namespaces with shaped links
    python benchmarks/ranks.py scale                       # the model for 8 to 512 ranks

Needs MPICH's mpirun beside the Python that runs this: pip install mpi4py mpich.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from ranks_sections import kill, links, model

WORKER = str(Path(__file__).parent / "ranks_sections/worker.py")
LATENCY = 50e-6  # seconds of a message over TCP within a rack, about


def measured(ranks: int, *options: str, start: list[str] | None = None) -> dict[str, Any]:
    """What the worker prints."""
    begin = start or ([*kill.mpirun(ranks)[:-1]] if ranks > 1 else [])
    done = subprocess.run([*begin, sys.executable, WORKER, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def losses(a: argparse.Namespace) -> None:
    options = ("--steps", str(a.steps), "--batch", "3", "--context", "64", "--threads", "1")
    one, *others = (measured(n, *options)["losses"] for n in (1, 2, 3))
    for n, found in enumerate(others, 2):
        print(f"{n} ranks: {a.steps} losses within {max(abs(x - y) for x, y in zip(one, found, strict=True)):.1e} of one process's")


def pace(a: argparse.Namespace) -> None:
    """In turns, as another program may be at work."""
    for batch, context in ((2, 256), (8, 128)):
        options, ratios = ("--steps", str(a.steps // 5), "--batch", str(batch), "--context", str(context)), list[float]()
        for _ in range(a.rounds):
            two, one = measured(2, *options), measured(1, *options, "--threads", "2")
            ratios.append(two["tokens_per_second"] / one["tokens_per_second"])
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(f"{batch} x {context}: 2 ranks are {statistics.median(ratios):.2f} times as fast as 2 workers ({spread}, {a.rounds} rounds)")


def memory(a: argparse.Namespace) -> None:
    one = measured(1, "--steps", "3", "--batch", "4", "--context", "64", "--threads", "1")
    four = measured(4, "--steps", "3", "--batch", "4", "--context", "64", "--threads", "1")
    print(f"4 ranks: {four['moments'] / one['moments']:.3f} of one process's moments; {four['resident'] / one['resident']:.2f} of all")


def killed(a: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for each in kill.rounds(a.rounds, Path(folder)):
            found.append(each)
            print(json.dumps(each), flush=True)
    hit = [each for each in found if "seconds" in each]
    whole = sum(each["status"] == "complete" for each in hit)
    slowest = max(each["seconds"] for each in hit)
    print(f"{len(hit)} of {len(found)} killed; the others were gone within {slowest:.2f} s; {whole} resumed to the end")


def linked(a: argparse.Namespace) -> None:
    """The model's numbers come from one process, and from two ranks without a link; then it is held against ranks with one."""
    machine, network = calibrated(a)
    print(f"{machine}, {network}")
    for gigabits in (1.0, 10.0):
        for ranks in (1, 2, 3, 4):
            with links.machines(ranks, gigabits) as names, links.launcher(names) as start:
                found = measured(ranks, *step_of(a, 4), start=start if ranks > 1 else None)["seconds"]
            link = model.Link(gigabits * 1e9 / 8, LATENCY)
            told = model.step_seconds(machine, link, network, ranks, 4, crowded=True)
            print(
                f"{gigabits:4.0f} Gbit/s, {ranks} ranks: {found:.3f} s, model {told:.3f} s, {told / found - 1:+.0%}",
                flush=True,
            )


def step_of(a: argparse.Namespace, batch: int) -> tuple[str, ...]:
    return ("--steps", str(max(6, a.steps // 10)), "--batch", str(batch), "--context", "128", "--threads", "1")


def calibrated(a: argparse.Namespace) -> tuple[model.Machine, model.Network]:
    """One window and the update in one process; what two ranks on the same machine need beyond half of both is copying."""
    one, two = measured(1, *step_of(a, 4), "--halves"), measured(2, *step_of(a, 4))
    blocks = one["parameters"] - one["outside"]
    window, update = one["forward_backward"] / 4, one["update"]
    copy = max(0.0, two["seconds"] - 2 * window - update / 2) / (model.FLOAT * one["parameters"])
    return model.Machine(window, update, copy, psutil.cpu_count() or 1), model.Network(one["parameters"], blocks / one["parameters"], 6)


def scale(a: argparse.Namespace) -> None:
    """Ranks with a core each, by the model; the batch grows with them."""
    machine, network = calibrated(a)
    for gigabits in (1.0, 10.0, 100.0):
        link = model.Link(gigabits * 1e9 / 8, LATENCY)
        for each in (1, 8, 64):  # windows
            alone = model.step_seconds(machine, link, network, 1, each)
            shares = [alone / model.step_seconds(machine, link, network, n, n * each) for n in (8, 64, 512)]
            said = ", ".join(f"{share:.0%} at {n}" for n, share in zip((8, 64, 512), shares, strict=True))
            print(f"{gigabits:4.0f} Gbit/s, {each:2} windows a rank: of the pace of as many cores, {said} ranks")


SECTIONS: dict[str, Callable[[argparse.Namespace], None]] = {
    "losses": losses, "pace": pace, "memory": memory, "kill": killed, "links": linked, "scale": scale,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="+", choices=list(SECTIONS))
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    a = parser.parse_args()
    for section in a.sections:
        SECTIONS[section](a)


if __name__ == "__main__":
    main()
