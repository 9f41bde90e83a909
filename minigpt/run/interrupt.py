"""Ctrl-C, SIGTERM and a closed terminal, as one wish to stop: signals in, an exception out where the work can bear it."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]  # the last is Windows'


GRACE = 2.0  # seconds for the way out, in which an impatient person's further Ctrl-Cs change nothing


class Interrupted(KeyboardInterrupt):
    """The wish to stop. Where KeyboardInterrupt itself passes through code that is made from a text, as dataclasses make theirs, CPython
    ends the process by SIGINT in the end, whatever caught it in between, and the status is lost; a subclass it leaves alone."""


class Interrupt:
    """Hears the signals within `listening()`. Inside `deferred()` the first one only sets `asked`, so that a step can be finished
    and saved; a second one, or one that comes elsewhere, raises Interrupted at once. Those that follow within GRACE are ignored, so that
    what happened can be recorded and told."""

    def __init__(self) -> None:
        self.asked = self._deferring = self._leaving = False
        self._raised = -math.inf  # when

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Signals come here inside, and afterwards go where they went before. Only the main thread hears them: elsewhere nothing changes.

        An ignored signal stays ignored, as under nohup, and one handled in C keeps its handler.
        """
        before = {number: signal.getsignal(number) for number in SIGNALS if is_free(number)} if in_main_thread() else {}
        try:
            for number in before:
                signal.signal(number, self._hear)
            yield
        finally:
            self._restore(before)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Work that looks at `asked` itself, now and then."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False

    def _restore(self, before: dict[int, signal._HANDLER]) -> None:
        """Give every signal its handler back; one that arrives meanwhile is obeyed afterwards."""
        asked, self.asked, self._leaving = self.asked, False, True
        for number, handler in before.items():
            signal.signal(number, handler)
        late, self.asked, self._leaving = self.asked, asked or self.asked, False
        if late:
            self._raise()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        twice, self.asked = self.asked, True
        if not self._leaving and (twice or not self._deferring):
            self._raise()

    def _raise(self) -> None:
        now = time.monotonic()
        if now - self._raised >= GRACE:
            self._raised = now
            raise Interrupted


def ignore_further() -> None:
    """The process was interrupted and ends now: signals are ignored, or one in its last moments would become its status."""
    for number in SIGNALS if in_main_thread() else ():
        if is_free(number):
            signal.signal(number, signal.SIG_IGN)


def reason(error: BaseException) -> str:
    """What an interruption says, also if another one came while it was on its way; empty where none says anything."""
    said, cause = str(error), error.__context__
    return said if said or cause is None else reason(cause) if isinstance(cause, KeyboardInterrupt) else ""


def in_main_thread() -> bool:
    """Whether signals can be handled here."""
    return threading.current_thread() is threading.main_thread()


def is_free(number: int) -> bool:
    """Whether we may listen to a signal: it is not ignored, and Python can restore its handler, if it has one."""
    handler = signal.getsignal(number)
    if handler is signal.SIG_DFL:  # as far as Python knows: C code may have changed it since
        return not (_is_in("SigCgt", number) or _is_in("SigIgn", number))
    return handler is not None and handler is not signal.SIG_IGN


def _is_in(mask: str, number: int) -> bool:
    """Whether the system lists a signal as caught (SigCgt) or ignored (SigIgn) by this process; False if it does not say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return bool(int(status.partition(f"{mask}:")[2].split(None, 1)[0], 16) >> (number - 1) & 1)
    except (OSError, ValueError, IndexError):
        return False
