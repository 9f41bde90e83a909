"""Ctrl-C, SIGTERM and a closed terminal, as one wish to stop: signals in, an exception out where the work can bear it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]  # the last is Windows'


class Interrupted(KeyboardInterrupt):
    """The wish to stop. Where KeyboardInterrupt itself passes through code that is made from a text, as dataclasses make theirs, CPython
    ends the process by SIGINT in the end, whatever caught it in between, and the status is lost; a subclass it leaves alone."""


class Interrupt:
    """Hears the signals within `listening()`. Inside `deferred()` the first one only sets `asked`, so that a step can be finished
    and saved; a second one, or one that comes elsewhere, raises Interrupted at once."""

    def __init__(self) -> None:
        self.asked = self._deferring = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Signals come here; afterwards to whom they came before. Only a main thread hears signals: elsewhere nothing changes."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._hear) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Work that looks at `asked` itself, now and then."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False

    def _hear(self, number: int, frame: FrameType | None) -> None:
        twice, self.asked = self.asked, True
        if twice or not self._deferring:
            raise Interrupted
