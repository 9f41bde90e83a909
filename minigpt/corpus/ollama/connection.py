"""An HTTP connection with a deadline: sends a request and yields the raw bytes of the response as they arrive.

A socket's own timeout restarts with each packet, so it stops neither a server that sends a byte a minute nor a line that never
ends. Here one watchdog per host enforces a deadline from the request to the last byte; the same mechanism aborts requests at once.
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
CHUNK = 65536  # most bytes per read
Opened = Callable[[socket.socket | None], None]
BROKEN = (requests.RequestException, HTTPError, OSError)


class Connection:
    """One connection, kept open between requests. One request at a time."""

    def __init__(self, url: str, watchdog: Watchdog, connect_timeout: float, headers: dict[str, str]) -> None:
        self.url, self.connect_timeout = url, connect_timeout
        self.deadline, self.complaint = NEVER, ""
        self._watchdog = watchdog
        self._socket: socket.socket | None = None
        self._aborted_by: OllamaError | None = None  # why this side aborted the request in progress
        self.session = requests.Session()
        self.session.trust_env = not is_loopback(url)  # HTTP_PROXY catches 127.0.0.1 too
        self.session.auth = lambda request: request  # otherwise a .netrc would replace the API key
        self.session.headers.update({"Accept-Encoding": "identity"} | headers)
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, _Adapter(self._opened))
        watchdog.add(self)

    def allow(self, seconds: float, complaint: str) -> None:
        """Abort the request in progress after `seconds`, with this complaint."""
        self.complaint = complaint
        self._watchdog.move(self, time.monotonic() + seconds)

    def abort(self, error: OllamaError) -> None:
        """Abort the request in progress, if there is one; its reader gets the error. May be called from any thread."""
        if self.deadline < NEVER:
            self._aborted_by, self.deadline = error, NEVER
            self._shut()

    @contextmanager
    def request(self, method: str, path: str, body: Any, seconds: float, complaint: str) -> Iterator[requests.Response]:
        """The response, once its headers are there; `chunks` reads its body. Raises Away, Slow, or the error it was aborted with."""
        self._aborted_by = None
        self.allow(seconds, complaint)
        whole = False
        try:
            timeout = (min(self.connect_timeout, seconds), seconds + 1)  # the second stands in for the watchdog if a proxy hides the socket
            with self.session.request(method, self.url + path, json=body, stream=True, timeout=timeout, allow_redirects=False) as response:
                yield response
            whole = True
        except requests.ReadTimeout as error:
            raise Slow(f"{self.url}: {self.complaint}") from error
        except BROKEN as error:
            raise self._aborted_by or Away(f"{self.url} {_reason(error)}") from error
        finally:
            self._watchdog.move(self, NEVER)
            if not whole:  # the next request must not read the rest of this answer
                self.session.close()

    def chunks(self, response: requests.Response) -> Iterator[bytes]:
        """The body as it arrives, to its end."""
        while chunk := response.raw.read1(CHUNK):
            yield chunk
        if self._aborted_by:  # a body that ends with its connection looks complete when that is aborted
            raise self._aborted_by

    def _opened(self, opened: socket.socket | None) -> None:
        self._socket = opened
        if self._aborted_by:  # while it was connecting
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it may have ended by itself
                self._socket.shutdown(socket.SHUT_RDWR)


class Watchdog:
    """Aborts requests past their deadline: one thread for all connections of a host, asleep until the nearest deadline.

    The thread lives as long as a connection has a deadline. If no thread can be started, the sockets' own timeouts remain.
    """

    def __init__(self) -> None:
        self._connections: list[Connection] = []
        self._changed = threading.Condition()
        self._wakes = NEVER
        self._awake = False

    def add(self, connection: Connection) -> None:
        """Watch a connection from now on."""
        with self._changed:
            self._connections.append(connection)

    def move(self, connection: Connection, deadline: float) -> None:
        """Set the deadline of a connection. A later one costs nothing: the watchdog sees it when it wakes."""
        with self._changed:
            connection.deadline = deadline
            if deadline < NEVER and not self._awake:
                with suppress(RuntimeError, MemoryError):
                    threading.Thread(target=self._watch, daemon=True, name="ollama-watchdog").start()
                    self._awake = True
            elif deadline < self._wakes or deadline == NEVER:
                self._changed.notify()

    def abort_all(self, error: OllamaError) -> None:
        """Abort every request in progress."""
        with self._changed:
            for connection in self._connections:
                connection.abort(error)

    def _watch(self) -> None:
        with self._changed:
            while (nearest := min(connection.deadline for connection in self._connections)) < NEVER:
                self._wakes = nearest
                self._changed.wait(min(3600.0, max(0.001, nearest - time.monotonic())))
                now = time.monotonic()
                for connection in self._connections:
                    if connection.deadline <= now:
                        connection.abort(Slow(f"{connection.url}: {connection.complaint}"))
            self._awake = False


class _Adapter(HTTPAdapter):
    """requests' transport, which passes on the socket of each connection that it opens, unless that goes through a proxy."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        pools = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
        self.poolmanager.pool_classes_by_scheme = {scheme: _with_hook(pool, self._opened) for scheme, pool in pools.items()}


def _with_hook(pool: type[HTTPConnectionPool], opened: Opened) -> type[HTTPConnectionPool]:
    """A subclass of the pool whose connections call `opened` with their socket once they are connected."""
    plain_connection: Any = pool.ConnectionCls

    def connect(self: Any) -> None:
        plain_connection.connect(self)
        opened(self.sock)

    connection = type(plain_connection.__name__, (plain_connection,), {"connect": connect})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


def _reason(error: BaseException) -> str:
    """What went wrong with a connection, in a few words that follow its URL."""
    text = str(error)
    if isinstance(error, requests.ConnectTimeout):
        return "does not answer"
    if "refused" in text:
        return "refuses the connection: no server is running there"
    if any(sign in text for sign in ("resolve", "Name or service", "getaddrinfo")):
        return "cannot be found: the name does not resolve"
    return f"dropped the connection ({type(error).__name__})"
