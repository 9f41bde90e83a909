"""Ctrl-C, SIGTERM and a closed terminal as one request to stop: a signal -> an exception, where the work can be interrupted."""

from __future__ import annotations

import _thread
import math
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]  # the last is Windows'
SOON = 0.01  # seconds after which a finalizer is over
GRACE = 2.0  # seconds for shutting down, in which further Ctrl-Cs are ignored


class Interrupted(KeyboardInterrupt):
    """The request to stop. A subclass, because once KeyboardInterrupt itself has passed through code compiled from a string, such as a
    dataclass's methods, CPython ends the process by SIGINT in the end, even if it was caught, and the exit status is lost."""


class Interrupt:
    """Handles the signals within `listening()`. Within `deferred()` the first one only sets `requested`, so that a step can be finished
    and saved; a second one, or one outside it, raises Interrupted at once. Further ones within GRACE are ignored, so that the
    interruption can be recorded and reported."""

    def __init__(self) -> None:
        self.requested = self._deferring = self._leaving = False
        self._raised = -math.inf  # the time of the latest Interrupted

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle the signals, and restore their handlers at the end. Does nothing outside the main thread, as Python requires.

        An ignored signal stays ignored, as under nohup, and one handled in C keeps its handler.
        """
        before = {number: signal.getsignal(number) for number in SIGNALS if may_handle(number)} if in_main_thread() else {}
        try:
            for number in before:
                signal.signal(number, self._handle)
            yield
        finally:
            self._restore(before)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """For work that checks `requested` itself from time to time."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False

    def request(self) -> None:
        """Stop where the work checks `requested`, as after a signal."""
        self.requested = True

    def _restore(self, before: dict[int, signal._HANDLER]) -> None:
        """Restore every handler; a signal that arrives in the meantime is honoured afterwards."""
        asked, self.requested, self._leaving = self.requested, False, True
        for number, handler in before.items():
            signal.signal(number, handler)
        late, self.requested, self._leaving = self.requested, asked or self.requested, False
        if late:
            self._raise()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if is_unheard(frame):
            _thread.start_new_thread(send_again, (number,))
            return
        twice, self.requested = self.requested, True
        if not self._leaving and (twice or not self._deferring):
            self._raise()

    def _raise(self) -> None:
        now = time.monotonic()
        if now - self._raised >= GRACE:
            self._raised = now
            raise Interrupted


def is_unheard(frame: FrameType | None) -> bool:
    """Whether this is a finalizer or a weak reference's callback: Python prints what they raise, and goes on."""
    while frame:
        if frame.f_code.co_name == "__del__" or frame.f_globals.get("__name__") in ("weakref", "_weakrefset"):
            return True
        frame = frame.f_back
    return False


def send_again(number: int) -> None:
    """Send a signal to the main thread a moment later."""
    time.sleep(SOON)
    if sys.platform == "win32":
        _thread.interrupt_main(signal.Signals(number))
    else:  # which also wakes it where it waits
        signal.pthread_kill(threading.main_thread().ident or 0, number)


def ignore_further() -> None:
    """Ignore signals from here on: the process is ending, and another one would change its exit status."""
    for number in SIGNALS if in_main_thread() else ():
        if may_handle(number):
            signal.signal(number, signal.SIG_IGN)


def message_of(error: BaseException) -> str:
    """The message of an interruption, or of one that it interrupted; empty if there is none."""
    said, cause = str(error), error.__context__
    return said if said or cause is None else message_of(cause) if isinstance(cause, KeyboardInterrupt) else ""


def in_main_thread() -> bool:
    """Whether this thread can handle signals."""
    return threading.current_thread() is threading.main_thread()


def may_handle(number: int) -> bool:
    """Whether we may handle a signal: it is not ignored, and Python can restore its handler."""
    handler = signal.getsignal(number)
    if handler is signal.SIG_DFL:  # as far as Python knows: C code may have set one since
        return not (_is_in("SigCgt", number) or _is_in("SigIgn", number))
    return handler is not None and handler is not signal.SIG_IGN


def _is_in(mask: str, number: int) -> bool:
    """Whether the system lists a signal as caught (SigCgt) or ignored (SigIgn) by this process; False if it does not say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return bool(int(status.partition(f"{mask}:")[2].split(None, 1)[0], 16) >> (number - 1) & 1)
    except (OSError, ValueError, IndexError):
        return False
