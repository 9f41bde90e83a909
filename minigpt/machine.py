"""What this process may use of the machine: cores, threads, and BLAS's threads, whose number is one setting for the whole process.

A container is a Linux control group (cgroup), version 1 or 2: its limits and those of all groups around it count. What cannot be read
is no limit. Needs no array library.
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
from minigpt.errors import MinigptError

ROOT = Path("/")
MOST_READ = 2**16  # bytes of a file under /proc or /sys
MOST_DEPTH = 64  # nested groups, counted from the outermost
MOST_THREADS = 1024  # more threads cost more than they compute on any machine; and a run is often continued on a smaller one


def usable_cores(root: Path = ROOT) -> int:
    """The processor cores that this process may use; a part of a core counts as one."""
    return max(1, min([_cores(), *(math.ceil(quota) for quota in _quotas(root))]))


def require_threads(name: str, value: Any) -> int | None:
    """A sensible number of threads as an int, or None as it is; MinigptError for anything else."""
    if value is None:
        return None
    count = require_integer(name, value)
    if count > MOST_THREADS:
        raise MinigptError(
            f"{name}={count} is too many: {MOST_THREADS:,} at most, and {usable_cores():,} will do for the cores here"
        )
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


def _cores() -> int:
    """The processor cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """The processor time that each group around this process may take, in cores."""
    for folder in group_folders(root, "cpu"):
        quota, _, period = read_text(folder / "cpu.max").strip().partition(" ")
        microseconds = as_number(quota) or read_number(folder / "cpu.cfs_quota_us")
        of = as_number(period) or read_number(folder / "cpu.cfs_period_us")
        if microseconds and of:
            yield microseconds / of


def group_folders(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's group and of those around it, for one controller, in any of the usual places."""
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
        if ".." in names:  # a group that this one cannot see
            names = []
        for place in places:
            yield from (place.joinpath(*names[:depth]) for depth in range(len(names) + 1))


def read_number(path: Path) -> int | None:
    """The number that a file holds, or None."""
    return as_number(read_text(path))


def as_number(text: str) -> int | None:
    """A whole number that is not negative, or None, which "max" is too."""
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
    """How many threads BLAS uses for a product. The number applies to the whole process and affects rounding: computations with the same
    number run side by side, others wait for their turn. First come, first served.
    """

    def __init__(self) -> None:
        self._before: list[tuple[Any, int]] = []
        self._limit: object = None
        self._mine = threading.local()
        self._renew()

    def _renew(self) -> None:
        """Back to the state of a single-threaded process."""
        self._free, self._line = threading.Condition(), deque[object]()
        self._users = int(getattr(self._mine, "inside", False))

    @contextmanager
    def limited(self, threads: object = None) -> Iterator[None]:
        """Products inside use this many threads; None: as many as the surrounding program has set.
        A fork waits until this ends."""
        if getattr(
            self._mine, "inside", False
        ):  # a signal handler inside a computation, which it cannot wait for
            yield
            return
        self._mine.inside, ticket = True, object()
        try:
            with self._free:
                self._line.append(ticket)
                try:
                    while self._line[0] is not ticket or (self._users and self._limit != threads):
                        self._free.wait()
                    if not self._users:
                        self._limit, self._before = threads, []
                        if isinstance(threads, int):
                            for library in self._libraries:
                                self._before.append((library, library.num_threads))
                                set_threads(library, threads)
                    self._users += 1
                finally:
                    self._line.remove(ticket)
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
        """Wait for the computations of other threads, as the child has no threads to finish them."""
        if not getattr(self._mine, "inside", False):
            self._mine.fork = self.limited(object())
            self._mine.fork.__enter__()

    def after_fork_in_parent(self) -> None:
        """Let other computations continue."""
        if fork := self._mine.__dict__.pop("fork", None):
            fork.__exit__(None, None, None)

    def after_fork_in_child(self) -> None:
        """No other thread exists here."""
        if self._mine.__dict__.pop("fork", None):
            self._mine.inside = False
        self._renew()


def set_threads(library: Any, count: int) -> None:
    """Set the number of threads of one of threadpoolctl's libraries, from any thread.

    Recent versions silently ignore every thread but the first, until that one is done. Here `BlasThreads` decides whose turn it is.
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
