"""A terminal that is recorded: a process on a pseudo-terminal, and an emulator that shows what a person would see."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pyte

ROOT = Path(__file__).parent.parent
SECONDS = 60.0  # to wait for anything
PLAIN = {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MINIGPT_KERNELS": "numpy"}
UNSET = ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR")


class Recorded:
    """A command in a terminal of so many columns and rows."""

    def __init__(self, command: Sequence[str], columns: int = 80, rows: int = 24, more: Mapping[str, str] | None = None) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        environment = {name: value for name, value in os.environ.items() if name not in UNSET} | PLAIN | dict(more or {})
        self.pid, self.main = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], list(command), environment)
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.main, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def lines(self) -> list[str]:
        """What the screen shows, without the empty lines at its end."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n").split("\n")

    def press(self, keys: str) -> None:
        os.write(self.main, keys.encode())

    @property
    def modes(self) -> int:
        """The terminal's local modes: whether it echoes, and whether a line is read at once."""
        return int(termios.tcgetattr(self.main)[3] & (termios.ECHO | termios.ICANON))

    def read(self) -> bool:
        """Take in what the process has written; False once it is gone."""
        if not select.select([self.main], [], [], 0.02)[0]:
            return True
        try:
            piece = os.read(self.main, 65536)
        except OSError:  # how Linux says that the other side was closed
            return False
        self.raw += piece
        self.stream.feed(piece)
        return bool(piece)

    def until(self, seen: str | Callable[[list[str]], bool]) -> None:
        """Wait until the screen shows something."""
        end = time.monotonic() + SECONDS
        while not (any(seen in line for line in self.lines) if isinstance(seen, str) else seen(self.lines)):
            assert self.read(), f"it ended without {seen}: {self.lines}"
            assert time.monotonic() < end, f"no {seen}: {self.lines}"

    def end(self) -> int:
        """Wait for the end; the exit status."""
        while self.read():
            pass
        os.close(self.main)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def kill(self) -> None:
        """End what still runs."""
        with suppress(OSError):
            os.close(self.main)
        with suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def python(*arguments: object) -> list[str]:
    return [sys.executable, *map(str, arguments)]
