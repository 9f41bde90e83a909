"""The memory that this process can still allocate: on the machine, in its container and under its own limits.

Each limit leaves the limit minus what is already in use. A limit that cannot be read is ignored.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from minigpt.machine import ROOT, as_number, group_folders, read_number, read_text
from minigpt.run.ranks.join import world

if sys.platform != "win32":
    import resource

UNLIMITED = 2**60  # cgroup v1 writes "no limit" as the largest multiple of a page


@dataclass(frozen=True)
class Room:
    """Bytes of free memory: on the machine (`where` is empty), or under a tighter limit."""

    size: int
    where: str = ""

    def __str__(self) -> str:
        return f"{gigabytes(self.size)} are free {self.where}".rstrip()


def free_room(root: Path = ROOT) -> Room:
    """The memory that new arrays can take without swapping, and what limits it; the part of this rank, where several share it."""
    rooms = [Room(machine_memory()), *(Room(limit - taken, "in this container") for limit, taken in _groups(root)), *_own_room()]
    least = min(rooms, key=lambda room: room.size)
    return Room(max(0, least.size) // (ranks.local_size if (ranks := world()) else 1), least.where)


def whole_memory(root: Path = ROOT) -> tuple[int, str]:
    """The bytes that this process could have if nothing else were running, and the name of what has them."""
    return min([(int(psutil.virtual_memory().total), "this machine"), *((limit, "this container") for limit, _ in _groups(root))])


def machine_memory() -> int:
    """Bytes that are free on the machine, to any process."""
    return int(psutil.virtual_memory().available)


def gigabytes(size: int) -> str:
    """Bytes as 1.23 GB or 45 MB."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _own_room() -> Iterator[Room]:
    """What each of the process's own limits (ulimit) leaves."""
    if sys.platform == "win32":
        return
    with suppress(psutil.Error, OSError, ValueError):
        taken = psutil.Process().memory_info()
        for name, option, used in (("RLIMIT_AS", "-v", taken.vms), ("RLIMIT_DATA", "-d", getattr(taken, "data", taken.rss))):
            limit = resource.getrlimit(getattr(resource, name))[0] if hasattr(resource, name) else resource.RLIM_INFINITY
            if limit != resource.RLIM_INFINITY:
                yield Room(limit - used, f"under ulimit {option}")


def _groups(root: Path) -> Iterator[tuple[int, int]]:
    """For each cgroup of this process that limits memory: the limit, and the bytes in use that the system cannot reclaim."""
    for folder in group_folders(root, "memory"):
        limits = [read_number(folder / name) for name in ("memory.max", "memory.high", "memory.limit_in_bytes")]
        limit = min((limit for limit in limits if limit is not None), default=UNLIMITED)
        if limit >= UNLIMITED:
            continue
        taken = read_number(folder / "memory.current") or read_number(folder / "memory.usage_in_bytes") or 0
        stats = dict(line.split() for line in read_text(folder / "memory.stat").splitlines() if len(line.split()) == 2)
        cached = as_number(stats.get("total_inactive_file") or stats.get("inactive_file", ""))  # v1: the total includes nested groups
        yield limit, max(0, taken - (cached or 0))
