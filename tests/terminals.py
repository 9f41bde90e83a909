"""A person at a terminal: a process on a pseudo-terminal, keys that are pressed, and an emulator that shows what a person would see."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import pyte

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0  # seconds to wait for anything: the machine may be busy
PLAIN = {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MINIGPT_KERNELS": "numpy"}
UNSET = ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR", "XDG_STATE_HOME")
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>78]|\x1b\][^\x07]*\x07")
ENTER, ESC, UP, DOWN, CTRL_C, CTRL_D = b"\r", b"\x1b", b"\x1b[A", b"\x1b[B", b"\x03", b"\x04"


class Terminal:
    """One session of a command, in a folder and a terminal of (columns, rows). `raw`: all that it wrote."""

    def __init__(self, command: Sequence[str], folder: Path = ROOT, size: tuple[int, int] = (80, 24), **environment: str) -> None:
        self.screen = pyte.Screen(*size)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.drawn = 0  # how much of it the emulator has
        self.place = 0  # in what was said, up to which `sees` has looked
        self.main, self.side = pty.openpty()  # the side is kept open, to compare the terminal's settings at the end
        self.resize(*size)
        self.before = termios.tcgetattr(self.side)
        known = {name: value for name, value in os.environ.items() if name not in UNSET}
        self.process = subprocess.Popen(
            command, stdin=self.side, stdout=self.side, stderr=self.side, cwd=folder, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), env=known | PLAIN | environment,
        )  # fmt: skip

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.main)
        os.close(self.side)

    def resize(self, columns: int, rows: int) -> None:
        self.draw()
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.main, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # ---- what is shown -----------------------------------------------------------------------------------------------------------

    @property
    def said(self) -> str:
        """All that it wrote, without escape sequences."""
        return ESCAPES.sub(b"", self.raw).decode(errors="replace").replace("\r", "")

    def draw(self) -> None:
        """Let the emulator have what it has not seen."""
        self.stream.feed(self.raw[self.drawn :])
        self.drawn = len(self.raw)

    @property
    def lines(self) -> list[str]:
        """What the screen shows, without the empty lines at its end."""
        self.draw()
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n").split("\n")

    @property
    def modes(self) -> int:
        """The terminal's local modes: whether it echoes, and whether a line is read at once."""
        return int(termios.tcgetattr(self.side)[3] & (termios.ECHO | termios.ICANON))

    def read(self, seconds: float = 0.02) -> bool:
        """Take in what was written, if anything was; a question for the cursor's place is answered, as terminals do."""
        if not select.select([self.main], [], [], seconds)[0]:
            return False
        piece = os.read(self.main, 65536)
        if b"\x1b[6n" in piece:
            os.write(self.main, b"\x1b[1;1R")
        self.raw += piece
        return True

    def wait(self, done: Callable[[], object], what: object) -> None:
        """Read until something is so."""
        end = time.monotonic() + PATIENCE
        while not done():
            gone = self.process.poll() is not None
            assert self.read() or not gone, f"it ended without {what!r}: {self.said[-1500:]}"
            assert time.monotonic() < end, f"no {what!r}: {self.said[-1500:]}"

    def until(self, seen: str | Callable[[list[str]], object]) -> None:
        """Wait until the screen shows something: a text in one of its lines, or whatever holds for its lines."""
        holds = seen if callable(seen) else lambda lines: any(seen in line for line in lines)
        self.wait(lambda: holds(self.lines), seen)

    def sees(self, text: str) -> Terminal:
        """Wait until the text is written, after what was seen before. Lines may be broken anywhere."""
        wanted = "".join(text.split())

        def found() -> bool:
            at = "".join(self.said.split()).find(wanted, self.place)
            self.place = max(self.place, at + len(wanted) if at >= 0 else 0)
            return at >= 0

        self.wait(found, text)
        return self

    def matches(self, pattern: str, after: int = 0) -> str:
        """What was said from a place on, once it contains a pattern."""
        self.wait(lambda: re.search(pattern, self.said[after:]), pattern)
        return self.said[after:]

    # ---- what is typed -----------------------------------------------------------------------------------------------------------

    def press(self, keys: bytes | str, pattern: str = "") -> str:
        """Press keys at once; what is said after them, once it contains a pattern."""
        after = len(self.said)
        os.write(self.main, keys if isinstance(keys, bytes) else keys.encode())
        return self.matches(pattern, after)

    def types(self, *keys: bytes | str) -> Terminal:
        """Press keys, as soon as the terminal passes each on, which it does not while a line is still being echoed."""
        end = time.monotonic() + PATIENCE
        while self.modes & termios.ICANON and self.process.poll() is None and time.monotonic() < end:
            self.read()
        for key in keys:
            self.press(key)
            while self.read(0.05):
                pass
        return self

    # ---- the end -----------------------------------------------------------------------------------------------------------------

    def end(self) -> int:
        """Wait for the end; the terminal must be as it was, and no traceback shown. The exit status."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self.read()
        while self.read():
            pass
        assert self.process.poll() is not None, f"it did not end: {self.said[-1500:]}"
        assert termios.tcgetattr(self.side) == self.before
        assert "Traceback" not in self.said
        return self.process.returncode

    def ends(self, status: int) -> str:
        """Wait for the end, which must have a status. What was said."""
        assert self.end() == status, self.said[-1500:]
        return self.said


def python(*arguments: object) -> list[str]:
    return [sys.executable, *map(str, arguments)]
