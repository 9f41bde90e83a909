"""A person at a terminal: minigpt runs on a pseudo-terminal, keys are typed, and what it shows is read."""

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
from pathlib import Path
from types import TracebackType

ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x1b\][^\x07]*\x07")
ENTER, ESC, UP, DOWN, CTRL_C, CTRL_D = b"\r", b"\x1b", b"\x1b[A", b"\x1b[B", b"\x03", b"\x04"
PATIENCE = 60  # seconds for anything to be shown


class Typist:
    """One session. `said`: everything shown so far, without escape sequences."""

    def __init__(self, folder: Path, *arguments: str, size: tuple[int, int] = (80, 24), **environment: str) -> None:
        self.main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.side = side  # kept open, to compare the terminal's settings at the end
        self.before = termios.tcgetattr(side)
        known = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "minigpt", *arguments], stdin=side, stdout=side, stderr=side, cwd=folder, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), env={**known, "TERM": "xterm-256color", **environment},
        )  # fmt: skip
        self.raw = b""
        self.place = 0  # in what was said, up to which `sees` has looked

    def __enter__(self) -> Typist:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.main)
        os.close(self.side)

    @property
    def said(self) -> str:
        return ESCAPES.sub(b"", self.raw).decode(errors="replace").replace("\r", "")

    def read(self, seconds: float = 0.05) -> bool:
        """Read what is there; a question for the cursor's place is answered, as terminals do."""
        if not select.select([self.main], [], [], seconds)[0]:
            return False
        piece = os.read(self.main, 65536)
        if b"\x1b[6n" in piece:
            os.write(self.main, b"\x1b[1;1R")
        self.raw += piece
        return True

    def sees(self, text: str) -> Typist:
        """Wait until the text is shown, after what was seen before. Lines may be broken anywhere."""
        end, wanted = time.monotonic() + PATIENCE, "".join(text.split())
        while True:
            found = "".join(self.said.split()).find(wanted, self.place)
            if found >= 0:
                self.place = found + len(wanted)
                return self
            assert time.monotonic() < end and (self.process.poll() is None or self.read()), f"{text!r} was not shown: {self.said[-1500:]}"
            self.read()

    def types(self, *keys: bytes | str) -> Typist:
        """Press keys, as soon as the terminal passes each on, which it does not while a line is still being echoed."""
        end = time.monotonic() + PATIENCE
        while termios.tcgetattr(self.side)[3] & termios.ICANON and self.process.poll() is None and time.monotonic() < end:
            self.read()
        for key in keys:
            os.write(self.main, key if isinstance(key, bytes) else key.encode())
            while self.read():
                pass
        return self

    def ends(self, status: int) -> str:
        """Wait for the end; the terminal must be as it was. Returns what was said."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self.read()
        while self.read():
            pass
        assert self.process.poll() == status, self.said[-1500:]
        assert termios.tcgetattr(self.side) == self.before
        assert "Traceback" not in self.said
        return self.said
