"""A file that one process at a time can hold: by the system's lock, or by the process id in it if the file system has no locks."""

from __future__ import annotations

import errno
import os
import platform
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import psutil

from minigpt.disk.files import open_to_append, open_to_read
from minigpt.disk.place import File, as_path, naming
from minigpt.errors import MinigptError

HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}  # the error if another process holds the lock
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}  # the error if the file system has no locks
HOLDER = re.compile(r"([1-9]\d{0,8})(?: ([!-~]{1,200}))?")  # the file's content: process and host


@contextmanager
def lock(file: File, what: str) -> Iterator[bool]:
    """Hold a file; MinigptError "`what` by process 123" if another process does. Yields whether the file system has locks.

    The system releases the lock when the process ends, in whatever way, so a file left by a crash blocks nothing. Without locks, the
    file's content decides: it is held if the process that it names is alive on this machine.
    """
    with open_to_append(file) as opened:
        kept = _acquire(opened, what, file)
        with naming(as_path(file)):
            opened.truncate(0)
            os.write(opened.fileno(), f"{os.getpid()} {this_host()}".encode())  # unbuffered: a buffer would be written again on close
        try:
            yield kept
        finally:
            with suppress(OSError):
                opened.truncate(0)
            if kept:
                _release(opened)


def _acquire(opened: BinaryIO, what: str, file: File) -> bool:
    """Take the lock, or raise a MinigptError that names its holder. False if the file system has no locks."""
    try:
        _system_lock(opened)
    except OSError as error:
        opened.seek(0)
        match = HOLDER.fullmatch(opened.read(300).decode("ascii", "replace"))
        process, host = (int(match[1]), match[2]) if match else (None, None)
        elsewhere = f" on {host}" if host and host != this_host() else ""
        if error.errno in HELD:
            raise MinigptError(f"{what} by process {process or 'unknown'}{elsewhere}; wait until it ends, or end it") from error
        if error.errno not in NO_LOCKS:
            raise OSError(error.errno, error.strerror, str(file)) from error
        if process and not elsewhere and process != os.getpid() and is_alive(process):
            raise MinigptError(
                f"{what} by process {process}; wait until it ends, or end it; if that number now belongs to another program, remove {file}"
            ) from error
        return False
    if not os.fstat(opened.fileno()).st_nlink:  # its run completed and removed it after we opened it
        raise MinigptError(f"{what} by a process that has just ended; try again")
    return True


def holder(path: Path) -> tuple[int, str] | None:
    """The process that holds a lock file and its machine, as the file says; None if nobody does. Only reads, so it is in nobody's way.

    A killed process leaves its number in the file. It holds nothing if it is gone, or if its number now belongs to a younger process.
    """
    try:
        with open_to_read(path) as file:
            written, match = os.fstat(file.fileno()).st_mtime, HOLDER.fullmatch(file.read(300).decode("ascii", "replace"))
    except (MinigptError, OSError):
        return None
    if not match:
        return None
    process, host = int(match[1]), match[2] or this_host()
    if host == this_host() and not (is_alive(process) and _began(process) <= written + 2):  # seconds: clocks of file systems differ
        return None
    return process, host


def _began(process: int) -> float:
    """When a process began, in seconds since 1970; 0 if that is not known."""
    try:
        return psutil.Process(process).create_time()
    except psutil.Error:
        return 0.0


def _system_lock(opened: BinaryIO) -> None:
    """Take the system's lock on an open file; OSError if that fails."""
    if sys.platform == "win32":
        import msvcrt

        opened.seek(2**30)  # on Windows a locked byte cannot be read, and the id is at the start
        msvcrt.locking(opened.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _release(opened: BinaryIO) -> None:
    """Release the system's lock now: on close it would stay with a child forked in the meantime, which has the file open too."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(opened, fcntl.LOCK_UN)


def this_host() -> str:
    """This machine's name, in ASCII without spaces."""
    return re.sub(r"[^!-~]", "-", platform.node()) or "-"


def is_alive(process: int) -> bool:
    """Whether a process with this id runs on this machine."""
    return psutil.pid_exists(process)
