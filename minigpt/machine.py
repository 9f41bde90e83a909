"""What this process may use of the machine: cores, threads and BLAS's threads.

A container is a Linux control group (cgroup, version 1 or 2), limited by its own limits and those
of all groups around it. A limit that cannot be read is ignored. Needs no array library.
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

from minigpt.config import require_integer
from minigpt.errors import MinigptError, counted

ROOT = Path("/")
MOST_READ = 2**16  # bytes of a file under /proc or /sys
MOST_DEPTH = 64  # nested groups, counted from the outermost
MOST_THREADS = 1024  # more would never pay, and a run may be resumed on a smaller machine


def usable_cores(root: Path = ROOT) -> int:
    """The cores that this process may use; a fraction of a core counts as one."""
    return max(1, min([_cores(), *(math.ceil(quota) for quota in _quotas(root))]))


def require_threads(name: str, value: Any) -> int | None:
    """A sensible number of threads, or None; MinigptError for anything else."""
    if value is None:
        return None
    count = require_integer(name, value)
    if count > MOST_THREADS:
        enough = f"this machine has {counted(usable_cores(), 'core')}"
        raise MinigptError(f"{name}={count} is too many: {MOST_THREADS:,} at most; {enough}")
    return count


def spare_blas() -> None:
    """Import NumPy with one OpenBLAS thread if the system allows this process hardly any.

    While NumPy is imported, OpenBLAS starts a thread per core, and interrupts the process if it
    cannot. No effect once NumPy is imported.
    """
    if "numpy" in sys.modules or "OPENBLAS_NUM_THREADS" in os.environ or _can_start(2 * _cores()):
        return
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        import numpy  # noqa: F401 (OpenBLAS reads the variable here)
    finally:
        del os.environ["OPENBLAS_NUM_THREADS"]


def _can_start(count: int) -> bool:
    """Whether `count` threads can exist at once."""
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


def _cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """The CPU quota of each cgroup of this process, in cores."""
    for folder in group_folders(root, "cpu"):
        quota, _, period = read_text(folder / "cpu.max").strip().partition(" ")
        microseconds = as_number(quota) or read_number(folder / "cpu.cfs_quota_us")
        of = as_number(period) or read_number(folder / "cpu.cfs_period_us")
        if microseconds and of:
            yield microseconds / of


def group_folders(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's cgroup and of those around it, for one controller."""
    mounts = root / "sys/fs/cgroup"
    for line in read_text(root / "proc/self/cgroup").splitlines() or ["0::/"]:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            places = [mounts, mounts / "unified"]
        elif controller in controllers.split(","):
            places = [mounts / controllers, mounts / controller]
        else:
            continue
        names = [name for name in path.split("/", MOST_DEPTH)[:MOST_DEPTH] if name]
        if ".." in names:  # a group outside our namespace
            names = []
        for place in places:
            yield from (place.joinpath(*names[:depth]) for depth in range(len(names) + 1))


def read_number(path: Path) -> int | None:
    """The number in a file, or None."""
    return as_number(read_text(path))


def as_number(text: str) -> int | None:
    """A number of digits alone, or None, as for "max"."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) < 30 else None


def read_text(path: Path) -> str:
    """The beginning of a small file; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_READ).decode("utf-8", "replace")
    except (OSError, ValueError):  # a name with a NUL is a ValueError
        return ""


class BlasThreads:
    """The number of threads that BLAS uses for a product.

    It is one setting for the whole process and affects rounding: computations with the same number
    run side by side, others wait for their turn, first come, first served.
    """

    def __init__(self) -> None:
        self._before: list[tuple[Any, int]] = []
        self._limit: object = None
        self._mine = threading.local()
        self._renew()

    def _renew(self) -> None:
        """Reset to the state of a single-threaded process."""
        self._free, self._queue = threading.Condition(), deque[object]()
        self._users = int(getattr(self._mine, "inside", False))

    @contextmanager
    def limited(self, threads: object = None) -> Iterator[None]:
        """Products inside use this many threads; None: as many as the program has set.

        A fork waits until the block ends.
        """
        if getattr(self._mine, "inside", False):  # in a signal handler inside a computation
            yield
            return
        self._mine.inside, ticket = True, object()
        try:
            with self._free:
                self._queue.append(ticket)
                try:
                    while self._queue[0] is not ticket or (self._users and self._limit != threads):
                        self._free.wait()
                    if not self._users:
                        self._limit, self._before = threads, []
                        if isinstance(threads, int):
                            for library in self._libraries:
                                self._before.append((library, library.num_threads))
                                set_threads(library, threads)
                    self._users += 1
                finally:
                    self._queue.remove(ticket)
                    self._free.notify_all()
            try:
                yield
            finally:
                with self._free:
                    self._users -= 1
                    for library, before in () if self._users else self._before:
                        set_threads(library, before)
                    self._free.notify_all()
        finally:
            self._mine.inside = False

    @cached_property
    def _libraries(self) -> list[Any]:
        """Every BLAS in the process whose threads can be set."""
        found = ThreadpoolController().select(user_api="blas").lib_controllers
        return [library for library in found if library.num_threads is not None]

    def before_fork(self) -> None:
        """Wait for other threads' computations, which no thread of the child would finish."""
        if not getattr(self._mine, "inside", False):
            self._mine.fork = self.limited(object())
            self._mine.fork.__enter__()

    def after_fork_in_parent(self) -> None:
        """Let other computations continue."""
        if fork := self._mine.__dict__.pop("fork", None):
            fork.__exit__(None, None, None)

    def after_fork_in_child(self) -> None:
        """Forget other threads: none exists in the child, and one may have held the lock."""
        self._renew()
        self.after_fork_in_parent()


def set_threads(library: Any, count: int) -> None:
    """Set the number of threads of one of threadpoolctl's libraries, from any thread.

    Recent versions silently ignore every thread but the one that set it first, until that one is
    done. Here `BlasThreads` decides whose turn it is.
    """
    release = getattr(library, "clear_controlling_thread", lambda force: None)
    release(force=True)
    library.set_num_threads(count)
    release(force=True)


blas = BlasThreads()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=blas.before_fork,
        after_in_parent=blas.after_fork_in_parent,
        after_in_child=blas.after_fork_in_child,
    )
