"""Finds how many requests to keep in flight on a server, while it works.

Ollama does not report its OLLAMA_NUM_PARALLEL. Requests beyond it queue without sending a byte, so the number of answers that stream
at the same time reveals it. The limit is doubled as long as all answers stream and throughput keeps rising.
"""

from __future__ import annotations

import threading
import time

START = 4
GROWTH = 1.15  # least gain in chunks a second for a doubled limit to be kept
CHUNKS = 8  # of each stream, before a level is judged
WAITED = 0.5  # an answer that waited this many times its streaming time for its first chunk was queued


class Concurrency:
    """The limit of one host. Its methods are called from the threads that wait for answers."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = min(START, most)
        self.streaming = 0
        self.settled = self.limit == most
        self._lock = threading.Lock()
        self._before: tuple[int, float] | None = None  # the level below: its limit, its chunks a second
        self._peak = 0  # most answers that streamed at the same time, on this level
        self._full_since: float | None = None  # when `limit` answers first streamed at the same time
        self._chunks = 0  # since then

    def started(self) -> None:
        """The first chunk of an answer came."""
        with self._lock:
            self.streaming += 1
            self._peak = max(self._peak, self.streaming)
            if self.streaming == self.limit and self._full_since is None:
                self._full_since, self._chunks = time.monotonic(), 0

    def chunk(self) -> None:
        """A chunk came."""
        with self._lock:
            self._chunks += 1
            if not self.settled and self._full_since is not None and self._chunks >= CHUNKS * self.limit:
                self._raise_level(self._chunks / max(1e-6, time.monotonic() - self._full_since))

    def ended(self, began: bool, waited: float = 0.0, streamed: float = 0.0) -> None:
        """A request ended, with or without an answer; `began`: it had a first chunk."""
        with self._lock:
            self.streaming -= began
            if not self.settled and began and self._peak < self.limit and waited > WAITED * streamed > 0:
                self._settle(self._peak + 1)  # one more queues at the server, so that no slot is ever idle

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
