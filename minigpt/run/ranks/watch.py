"""A rank that is killed cannot say so, and MPI ends the others at once. So the first rank of a machine starts a process that only waits for
the end of a rank, and then says it in a line.

As a program of its own it imports nothing but what it needs: it lives as long as the run.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minigpt.run.ranks.world import World


def watch(world: World) -> None:
    """Every rank: start the process, where the system tells of another process's end: on Linux. It hears of an orderly end from `left`."""
    found = world.beside([os.getpid(), world.rank])
    if world.local_rank or world.local_size == 1 or not hasattr(os, "pidfd_open") or getattr(sys, "frozen", False):
        return
    command = [sys.executable, "-I", "-S", __file__, str(world.size), *(f"{pid}:{number}" for pid, number in found)]
    told = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True).stdin
    assert told
    world.on_leaving = lambda: tell(told.fileno())


def tell(pipe: int) -> None:
    """The end is at hand."""
    with suppress(OSError):  # the process may have been ended
        os.write(pipe, b".")


def wait(size: str, ranks: list[str]) -> None:
    """Until a rank ends, or standard input brings word that all are about to."""
    poll, numbers = select.poll(), dict[int, str]()
    for rank in ranks:
        pid, number = rank.split(":")
        try:
            numbers[os.pidfd_open(int(pid))] = number
        except ProcessLookupError:
            return say(number, size)
    for each in (0, *numbers):
        poll.register(each, select.POLLIN | select.POLLHUP)
    ended = {fd for fd, _ in poll.poll()}
    if 0 in ended and os.read(0, 1):
        return None
    gone = [numbers[fd] for fd in ended if fd in numbers]
    return say(min(gone, default="0"), size)


def say(number: str, size: str) -> None:
    what = f"rank {number} of {size} has died, and with it the others; the run can be continued: minigpt resume RUN"
    os.write(2, f"minigpt: {what}\n".encode())


if __name__ == "__main__":
    wait(sys.argv[1], sys.argv[2:])
