"""What this process may use of the machine: cores, memory and threads, as the machine, a container and the process's own limits allow.

A container is a Linux control group (cgroup), version 1 or 2. Its limits and those of all groups around it count, less what each has
already taken. What cannot be read is no limit. Needs no array library.
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from .config import require_integer
from .errors import MinigptError

if sys.platform != "win32":
    import resource

ROOT = Path("/")
MOST_READ = 2**16  # bytes of a file under /proc or /sys
MOST_DEPTH = 64  # nested groups, counted from the outermost
UNLIMITED = 2**60  # version 1 writes "no limit" as the largest multiple of a page
MOST_THREADS = 1024  # more threads cost more than they compute on any machine; and a run is often continued on a smaller one


@dataclass(frozen=True)
class Room:
    """Bytes of free memory: on the machine (`where` is empty), or within a tighter limit of this process."""

    size: int
    where: str = ""

    def __str__(self) -> str:
        return f"{gigabytes(self.size)} are free {self.where}".rstrip()


def usable_cores(root: Path = ROOT) -> int:
    """The processor cores that this process may use; a part of a core counts as one."""
    return max(1, min([_cores(), *(math.ceil(quota) for quota in _quotas(root))]))


def free_room(root: Path = ROOT) -> Room:
    """The memory that new arrays can take without pushing anything else out, and what limits it."""
    rooms = [Room(machine_memory()), *(Room(limit - taken, "in this container") for limit, taken in _groups(root)), *_own_room()]
    least = min(rooms, key=lambda room: room.size)
    return Room(max(0, least.size), least.where)


def whole_memory(root: Path = ROOT) -> tuple[int, str]:
    """The bytes that this process could have if nothing else were running, and what provides them."""
    return min([(int(psutil.virtual_memory().total), "this machine"), *((limit, "this container") for limit, _ in _groups(root))])


def machine_memory() -> int:
    """Bytes that are free on the machine, for any process."""
    return int(psutil.virtual_memory().available)


def gigabytes(size: int) -> str:
    """Bytes as 1.23 GB or 45 MB."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def require_threads(name: str, value: Any) -> int | None:
    """A sensible number of threads as an int, or None as it is; MinigptError for anything else."""
    if value is None:
        return None
    count = require_integer(name, value)
    if count > MOST_THREADS:
        raise MinigptError(f"{name}={count} is too many: {MOST_THREADS:,} at most, and {usable_cores():,} will do for the cores here")
    return count


def spare_blas() -> None:
    """If the system allows this process hardly any threads, keep OpenBLAS from starting some.

    It would start one per core while NumPy is imported, and interrupt the process if it could not. No effect once NumPy is imported.
    """
    if "numpy" in sys.modules or "OPENBLAS_NUM_THREADS" in os.environ or _can_start(2 * _cores()):
        return
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        import numpy  # noqa: F401 (it reads the variable now)
    finally:
        del os.environ["OPENBLAS_NUM_THREADS"]


def _can_start(count: int) -> bool:
    """Whether this many threads can exist at once: OpenBLAS's and as many workers."""
    leave, started = threading.Event(), list[threading.Thread]()
    try:
        for _ in range(count):
            thread = threading.Thread(target=leave.wait)
            thread.start()
            started.append(thread)
    except (RuntimeError, MemoryError):
        return False
    finally:
        leave.set()
        for thread in started:
            thread.join()
    return True


def _own_room() -> Iterator[Room]:
    """What each of the process's own limits (ulimit) leaves, less what the process has taken."""
    if sys.platform == "win32":
        return
    with suppress(psutil.Error, OSError, ValueError):
        taken = psutil.Process().memory_info()
        for name, option, used in (("RLIMIT_AS", "-v", taken.vms), ("RLIMIT_DATA", "-d", getattr(taken, "data", taken.rss))):
            limit = resource.getrlimit(getattr(resource, name))[0] if hasattr(resource, name) else resource.RLIM_INFINITY
            if limit != resource.RLIM_INFINITY:
                yield Room(limit - used, f"under ulimit {option}")


def _groups(root: Path) -> Iterator[tuple[int, int]]:
    """For each group around this process that limits memory: the limit, and the bytes taken that the system cannot reclaim."""
    for folder in _folders(root, "memory"):
        limits = [_number(folder / name) for name in ("memory.max", "memory.high", "memory.limit_in_bytes")]
        limit = min((limit for limit in limits if limit is not None), default=UNLIMITED)
        if limit >= UNLIMITED:
            continue
        taken = _number(folder / "memory.current") or _number(folder / "memory.usage_in_bytes") or 0
        facts = dict(line.split() for line in _read(folder / "memory.stat").splitlines() if len(line.split()) == 2)
        cached = _integer(facts.get("total_inactive_file") or facts.get("inactive_file", ""))  # v1: the total includes the groups inside
        yield limit, max(0, taken - (cached or 0))


def _cores() -> int:
    """The processor cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """The processor time that each group around this process may take, in cores."""
    for folder in _folders(root, "cpu"):
        quota, _, period = _read(folder / "cpu.max").strip().partition(" ")
        microseconds = _integer(quota) or _number(folder / "cpu.cfs_quota_us")
        of = _integer(period) or _number(folder / "cpu.cfs_period_us")
        if microseconds and of:
            yield microseconds / of


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's group and of those around it, for one controller, in any of the usual places."""
    mounts = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines() or ["0::/"]:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            places = [mounts, mounts / "unified"]
        elif controller in controllers.split(","):
            places = [mounts / controllers, mounts / controller]
        else:
            continue
        names = [name for name in path.split("/", MOST_DEPTH)[:MOST_DEPTH] if name]
        if ".." in names:  # a group that this one cannot see
            names = []
        for place in places:
            yield from (place.joinpath(*names[:depth]) for depth in range(len(names) + 1))


def _number(path: Path) -> int | None:
    """The number that a file holds, or None."""
    return _integer(_read(path))


def _integer(text: str) -> int | None:
    """A whole number that is not negative, or None, which "max" is too."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) < 30 else None


def _read(path: Path) -> str:
    """The beginning of a small file; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_READ).decode("utf-8", "replace")
    except (OSError, ValueError):  # a name with a NUL is a ValueError
        return ""
