"""A rank that is killed cannot say so, and MPI ends the others at once. So the first rank of a machine starts a process that only waits for
the end of a rank, and then says it in a line.

As a program of its own it imports nothing but what it needs: it lives as long as the run.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minigpt.run.ranks.world import World


def watch(world: World) -> None:
    """Every rank: start the process, where the system tells of another process's end: on Linux. Who leaves in order ends it first."""
    found, watcher = world.beside([os.getpid(), world.rank]), 0
    if world.local_size > 1 and world.local_rank == 0 and hasattr(os, "pidfd_open") and not getattr(sys, "frozen", False):
        command = [sys.executable, "-I", "-S", __file__, str(world.size), *(f"{pid}:{number}" for pid, number in found)]
        world.watcher = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
        watcher = world.watcher.pid
    pid = world.beside([watcher])[0][0]
    if pid:  # its number is nobody else's as long as the first rank, its parent, lives
        world.on_leaving = lambda: end(pid)


def end(pid: int) -> None:
    """End the process; it may have ended."""
    with suppress(OSError):
        os.kill(pid, signal.SIGTERM)


def wait(size: str, ranks: list[str]) -> None:
    """Until a rank ends."""
    poll, numbers = select.poll(), dict[int, str]()
    for rank in ranks:
        pid, number = rank.split(":")
        try:
            numbers[os.pidfd_open(int(pid))] = number
        except ProcessLookupError:
            return say(number, size)
    for each in numbers:
        poll.register(each, select.POLLIN)
    return say(min(numbers[each] for each, _ in poll.poll()), size)


def say(number: str, size: str) -> None:
    what = f"rank {number} of {size} has died, and with it the others; the run can be continued: minigpt resume RUN"
    os.write(2, f"minigpt: {what}\n".encode())


if __name__ == "__main__":
    wait(sys.argv[1], sys.argv[2:])
