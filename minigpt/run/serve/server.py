"""A socket, the models and Ctrl-C."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from minigpt.config import SampleConfig
from minigpt.disk.foreign import plain
from minigpt.errors import MinigptError
from minigpt.run.serve.bounds import CONNECTIONS, FAREWELL, PATIENCE
from minigpt.run.serve.door import application
from minigpt.run.serve.shelf import Shelf

BACKLOG = 128


def bound(host: str, port: int) -> socket.socket:
    """A socket at an address; MinigptError if there can be none. It listens only once the models are there."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)  # localhost: IPv4, as clients try it
        made = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise MinigptError(f"--host {plain(host)}: {error.strerror or error}; use an address of this machine, such as 127.0.0.1") from error
    try:
        if sys.platform == "win32":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        return made
    except OSError as error:
        made.close()
        if error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)):
            raise MinigptError(f"port {port} of {plain(host)} is in use; choose another, such as --port {port + 1}") from error
        if error.errno in (errno.EACCES, errno.EPERM):
            raise MinigptError(f"port {port} of {plain(host)} may not be used; choose one above 1023, such as --port 8000") from error
        raise MinigptError(f"--host {plain(host)}: {error.strerror}; use an address of this machine, such as 127.0.0.1") from error


def address_of(made: socket.socket) -> str:
    """The URL of a socket, as a client on this machine opens it."""
    host, port = made.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Patient(H11Protocol):
    """uvicorn's connection, which ends if nothing is asked on it for a while, or if what was left of its end is not read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.last: Any = None
        self.closing = False
        self.watch = self.loop.call_later(PATIENCE, self.look)

    def connection_lost(self, exc: Exception | None) -> None:
        self.watch.cancel()
        super().connection_lost(exc)

    def look(self) -> None:
        """Hang up if nothing has begun since the last look."""
        idle = self.cycle is self.last and (self.cycle is None or self.cycle.response_complete)
        if idle or self.closing:
            self.transport.abort()
            return
        self.last, self.closing = self.cycle, self.transport.is_closing()
        self.watch = self.loop.call_later(PATIENCE, self.look)


class Server(uvicorn.Server):
    """uvicorn's server. At the end, open answers are not waited for."""

    def __init__(self, config: uvicorn.Config, shelf: Shelf) -> None:
        super().__init__(config)
        self.shelf = shelf

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for served in self.shelf:
            served.engine.close()
        await super().shutdown(sockets)


def run(made: socket.socket, shelf: Shelf, config: SampleConfig, local: bool, key: str | None, say: Callable[[str], None]) -> None:
    """Answer until Ctrl-C or SIGTERM. No thread is left."""
    options: dict[str, Any] = {"log_config": None, "access_log": False, "lifespan": "off", "ws": "none", "server_header": False}
    bounds: dict[str, Any] = {"limit_concurrency": CONNECTIONS, "timeout_keep_alive": 5, "timeout_graceful_shutdown": FAREWELL}
    door = application(shelf, config, local, key, say)
    server = Server(uvicorn.Config(door, http=Patient, loop="asyncio", backlog=BACKLOG, proxy_headers=False, **options, **bounds), shelf)
    try:
        with silenced("uvicorn.error", "asyncio"), suppress(KeyboardInterrupt):
            server.run(sockets=[made])
    finally:
        for served in shelf:
            served.engine.close()
        made.close()


@contextmanager
def silenced(*names: str) -> Iterator[None]:
    """Loggers of others say nothing: what happened to a request is in its line."""
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
