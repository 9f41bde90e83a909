"""Single keys from the keyboard, without Enter: only from a terminal that this process may read just now.

The terminal's modes are those of before whenever this process is not in front: after it ended, however that came about, and while it is
stopped by Ctrl-Z. Only an uncatchable signal leaves no time for it; shells put that right themselves.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from minigpt.cli.common import is_terminal
from minigpt.cli.screen.terminal import in_front
from minigpt.run.interrupt import in_main_thread, may_handle

if sys.platform == "win32":
    import msvcrt
else:
    import termios

ENDINGS = [
    getattr(signal, name) for name in ("SIGTSTP", "SIGQUIT") if hasattr(signal, name)
]  # signals that would leave the modes as they are
MOST = 64  # bytes of one reading


class Keys:
    """Keys that were pressed between `open` and `close`. `leaving` is called before the process stops: it clears the screen."""

    def __init__(self, leaving: Callable[[], None]) -> None:
        self.leaving = leaving
        self.active = False
        self.before: list[Any] | None = None  # the terminal's modes
        self.handlers: dict[int, Any] = {}

    def open(self) -> None:
        """Read keys from now on, if standard input is a terminal."""
        self.active = is_terminal(sys.stdin) and in_main_thread()
        if not self.active or sys.platform == "win32":
            return
        atexit.register(self.close)
        for number in ENDINGS:
            if may_handle(number) and signal.getsignal(number) is signal.SIG_DFL:
                self.handlers[number] = signal.signal(number, self._end)
        self._take()

    def close(self) -> None:
        """Give the terminal back."""
        if not self.active:
            return
        self.active = False
        if sys.platform != "win32":
            self._give_back()
            for number, handler in self.handlers.items():
                signal.signal(number, handler)
            self.handlers = {}
            atexit.unregister(self.close)

    def pressed(self) -> str:
        """The key pressed since the last call, in lower case; empty without one. What comes in a bunch, pasted or from a key such as an
        arrow, is no key."""
        if not self.active:
            return ""
        if sys.platform == "win32":
            typed = ""
            while msvcrt.kbhit():
                typed += msvcrt.getwch()
        else:
            if not self._take():
                return ""
            typed = self._read()
        return typed.lower() if len(typed) == 1 else ""

    if sys.platform != "win32":

        def _take(self) -> bool:
            """Let keys come at once and unseen. Repeated before each reading: the process may have come back from the background, where
            the shell had the terminal. Returns whether there is a terminal to read."""
            if not in_front(sys.stdin):  # a process in the background that touched the terminal would be stopped
                return False
            try:
                now = termios.tcgetattr(sys.stdin.fileno())
                self.before = self.before or now
                wanted = [*now[:3], now[3] & ~(termios.ICANON | termios.ECHO), *now[4:6], [*now[6]]]
                wanted[6][termios.VMIN], wanted[6][termios.VTIME] = 1, 0
                if now[3] != wanted[3]:
                    termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, wanted)
            except (termios.error, OSError, ValueError):  # hung up, or closed
                self.active = False
            return self.active

        def _give_back(self) -> None:
            if self.before is not None and in_front(sys.stdin):
                with suppress(termios.error, OSError, ValueError):
                    termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self.before)

        def _read(self) -> str:
            try:
                if not select.select([sys.stdin], [], [], 0)[0]:
                    return ""
                typed = os.read(sys.stdin.fileno(), MOST)
            except (OSError, ValueError):
                typed = b""
            self.active = bool(typed)  # nothing at all: the terminal is gone
            return typed.decode("ascii", errors="replace")

        def _end(self, number: int, frame: FrameType | None) -> None:
            """Give the terminal back, and let the signal do what it does. After Ctrl-Z the process goes on from here."""
            self._give_back()
            self.leaving()
            signal.signal(number, signal.SIG_DFL)
            signal.pthread_kill(threading.get_ident(), number)  # to this very thread: it acts before the call returns
            signal.signal(number, self._end)
