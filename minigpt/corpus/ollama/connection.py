"""A connection whose patience is bounded: a request in, its raw bytes as they come out, and a deadline that cuts whatever is waiting.

A socket's own timeout restarts with each packet, so it bounds neither a server that sends a byte a minute nor a line that never
ends. Here one watchdog a host holds every connection to a deadline, from the request to the last byte, and the same cut serves who wants to
stop at once.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from minigpt.corpus.ollama.host import is_loopback
from minigpt.corpus.ollama.limits import Away, OllamaError, Slow

NEVER = float("inf")
PIECE = 65536  # bytes read at most at once
Opened = Callable[[socket.socket | None], None]
BROKEN = (requests.RequestException, HTTPError, OSError)


class Line:
    """One connection, kept open between requests; at most one request at a time."""

    def __init__(self, url: str, watchdog: Watchdog, connection: float, headers: dict[str, str]) -> None:
        self.url, self.connection = url, connection
        self.deadline, self.complaint = NEVER, ""
        self._watchdog = watchdog
        self._socket: socket.socket | None = None
        self._cut: OllamaError | None = None  # why the request in progress was ended from this side
        self.session = requests.Session()
        self.session.trust_env = not is_loopback(url)  # HTTP_PROXY catches 127.0.0.1 too
        self.session.auth = lambda request: request  # or a .netrc would replace the API key with its own password
        self.session.headers.update({"Accept-Encoding": "identity"} | headers)
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, _Adapter(self._opened))
        watchdog.add(self)

    def allow(self, seconds: float, complaint: str) -> None:
        """The request in progress has so many more seconds; then it is cut, with this complaint."""
        self.complaint = complaint
        self._watchdog.move(self, time.monotonic() + seconds)

    def cut(self, error: OllamaError) -> None:
        """End the request in progress, if there is one, from any thread; its reader gets the error."""
        if self.deadline < NEVER:
            self._cut, self.deadline = error, NEVER
            self._shut()

    @contextmanager
    def request(self, method: str, path: str, body: Any, seconds: float, complaint: str) -> Iterator[requests.Response]:
        """The response as soon as its headers are there; `pieces` reads it. Raises Away, Slow, or what the request was cut with."""
        self._cut = None
        self.allow(seconds, complaint)
        whole = False
        try:
            timeout = (min(self.connection, seconds), seconds + 1)  # the second is the watchdog's, where a proxy hides the socket
            with self.session.request(method, self.url + path, json=body, stream=True, timeout=timeout, allow_redirects=False) as response:
                yield response
            whole = True
        except requests.ReadTimeout as error:
            raise Slow(f"{self.url}: {self.complaint}") from error
        except BROKEN as error:
            raise self._cut or Away(f"{self.url} {_reason(error)}") from error
        finally:
            self._watchdog.move(self, NEVER)
            if not whole:  # what is left of the answer must not be read by the next request
                self.session.close()

    def pieces(self, response: requests.Response) -> Iterator[bytes]:
        """The body as it arrives, to its end."""
        while piece := response.raw.read1(PIECE):
            yield piece
        if self._cut:  # a body that lasts as long as its connection looks complete when that is cut
            raise self._cut

    def _opened(self, opened: socket.socket | None) -> None:
        self._socket = opened
        if self._cut:  # while it was connecting
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it may have ended by itself
                self._socket.shutdown(socket.SHUT_RDWR)


class Watchdog:
    """Cuts every line whose deadline has passed; one thread for all lines of a host, asleep until the nearest deadline.

    The thread lives as long as some line has a deadline. Where the system starts no more threads, the sockets' own timeouts have to do.
    """

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._changed = threading.Condition()
        self._wakes = NEVER
        self._awake = False

    def add(self, line: Line) -> None:
        """Watch a line from now on."""
        with self._changed:
            self._lines.append(line)

    def move(self, line: Line, deadline: float) -> None:
        """Give a line another deadline. A later one costs nothing: the watchdog finds it when it wakes."""
        with self._changed:
            line.deadline = deadline
            if deadline < NEVER and not self._awake:
                with suppress(RuntimeError, MemoryError):
                    threading.Thread(target=self._watch, daemon=True, name="ollama-watchdog").start()
                    self._awake = True
            elif deadline < self._wakes or deadline == NEVER:
                self._changed.notify()

    def cut_all(self, error: OllamaError) -> None:
        """End every request in progress."""
        with self._changed:
            for line in self._lines:
                line.cut(error)

    def _watch(self) -> None:
        with self._changed:
            while (nearest := min(line.deadline for line in self._lines)) < NEVER:
                self._wakes = nearest
                self._changed.wait(min(3600.0, max(0.001, nearest - time.monotonic())))
                now = time.monotonic()
                for line in self._lines:
                    if line.deadline <= now:
                        line.cut(Slow(f"{line.url}: {line.complaint}"))
            self._awake = False


class _Adapter(HTTPAdapter):
    """requests' transport, which shows the socket of each connection that it opens; one through a proxy keeps it to itself."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        pools = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
        self.poolmanager.pool_classes_by_scheme = {scheme: _showing(pool, self._opened) for scheme, pool in pools.items()}


def _showing(pool: type[HTTPConnectionPool], opened: Opened) -> type[HTTPConnectionPool]:
    """The pool, whose connections call `opened` with their socket once they have one."""
    plain_connection: Any = pool.ConnectionCls

    def connect(self: Any) -> None:
        plain_connection.connect(self)
        opened(self.sock)

    connection = type(plain_connection.__name__, (plain_connection,), {"connect": connect})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


def _reason(error: BaseException) -> str:
    """What went wrong with a connection, in a few words."""
    text = str(error)
    if isinstance(error, requests.ConnectTimeout):
        return "does not answer"
    if "refused" in text:
        return "refuses the connection: no server is running there"
    if any(sign in text for sign in ("resolve", "Name or service", "getaddrinfo")):
        return "cannot be found: its name has no address"
    return f"broke the connection ({type(error).__name__})"
