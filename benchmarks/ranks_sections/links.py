"""Network namespaces as machines, with links of a given speed between them: needs root, `ip` and `tc` with the token bucket filter.

mpirun starts its ranks over `ip netns exec` where it would otherwise use ssh.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BRIDGE, NET = "minigpt0", "10.213.7"


@contextmanager
def machines(count: int, gigabits: float) -> Iterator[list[str]]:
    """The names of `count` machines, whose links carry so many Gbit/s in each direction."""
    names = [f"minigpt{i + 1}" for i in range(count)]
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    try:
        run("ip", "addr", "add", f"{NET}.254/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        for i, name in enumerate(names, 1):
            outside, inside = f"{name}a", f"{name}b"
            run("ip", "netns", "add", name)
            run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name)
            run("ip", "link", "set", outside, "master", BRIDGE, "up")
            run("ip", "-n", name, "addr", "add", f"{NET}.{i}/24", "dev", inside)
            for device in (inside, "lo"):
                run("ip", "-n", name, "link", "set", device, "up")
            limit = ("root", "tbf", "rate", f"{gigabits * 1000:.0f}mbit", "burst", "2mb", "latency", "50ms")
            run("tc", "qdisc", "add", "dev", outside, *limit)  # what comes in
            run("tc", "-n", name, "qdisc", "add", "dev", inside, *limit)  # what goes out
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "link", "del", BRIDGE], check=False)


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def launcher(names: list[str]) -> Iterator[list[str]]:
    """The beginning of a command line: mpirun (MPICH's) over these machines, a rank on each."""
    with tempfile.TemporaryDirectory() as folder:
        shell = Path(folder) / "shell"  # called as `ssh [-x] HOST COMMAND...`
        shell.write_text('#!/bin/sh\n[ "$1" = -x ] && shift\nhost=$1; shift\nexec ip netns exec "$host" sh -c "$*"\n', encoding="utf-8")
        shell.chmod(0o755)
        mpirun = str(Path(sys.executable).parent / "mpirun")
        yield [mpirun, "-n", str(len(names)), "-hosts", ",".join(names), "-ppn", "1", "-launcher", "ssh", "-launcher-exec", str(shell),
               "-localhost", f"{NET}.254", "-genv", "UCX_TLS", "tcp,self"]  # fmt: skip
