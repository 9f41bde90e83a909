"""How many requests a server serves at once, found out while it works: what its answers do in, the number to keep in flight out.

Ollama does not tell its OLLAMA_NUM_PARALLEL. What is over it waits without a byte, so the number of answers that stream at the same time
shows it. The number in flight is doubled while all of them stream and together they bring more tokens a second than before.
"""

from __future__ import annotations

import threading
import time

START = 4
GROWTH = 1.15  # times the pieces a second, at least, that doubling must bring to be kept
PIECES = 8  # of each stream, before a level is judged
WAITED = 0.5  # times its own streaming time: who waited longer for the first piece had to queue


class Gauge:
    """The state of one host; its methods are called from the threads that wait for answers."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = min(START, most)
        self.streaming = 0
        self.settled = self.limit == most
        self._lock = threading.Lock()
        self._before: tuple[int, float] | None = None  # the level below: its limit, its pieces a second
        self._peak = 0  # answers that streamed at the same time, on this level
        self._full_since: float | None = None  # when `limit` answers first streamed at the same time
        self._pieces = 0  # since then

    def begins(self) -> None:
        """An answer's first piece came."""
        with self._lock:
            self.streaming += 1
            self._peak = max(self._peak, self.streaming)
            if self.streaming == self.limit and self._full_since is None:
                self._full_since, self._pieces = time.monotonic(), 0

    def piece(self) -> None:
        """A piece came."""
        with self._lock:
            self._pieces += 1
            if not self.settled and self._full_since is not None and self._pieces >= PIECES * self.limit:
                self._raise_level(self._pieces / max(1e-6, time.monotonic() - self._full_since))

    def ends(self, began: bool, waited: float = 0.0, streamed: float = 0.0) -> None:
        """An answer ended, or came to nothing; `began`: it had a first piece."""
        with self._lock:
            self.streaming -= began
            if not self.settled and began and self._peak < self.limit and waited > WAITED * streamed > 0:
                self._settle(self._peak + 1)  # one waits at the server, so that no place there is empty in between

    def busy(self) -> None:
        """The server refused a request because its queue is full."""
        with self._lock:
            self._settle(max(1, min(self.limit - 1, self._peak)))

    def _raise_level(self, rate: float) -> None:
        if self._before is not None and rate < GROWTH * self._before[1]:
            self._settle(self._before[0])
        elif self.limit == self.most:
            self._settle(self.most)
        else:
            self._before = (self.limit, rate)
            self.limit = min(2 * self.limit, self.most)
            self._peak, self._full_since = self.streaming, None

    def _settle(self, limit: int) -> None:
        self.limit, self.settled = max(1, min(limit, self.most)), True
