"""Who may come in, for how long, and the line that is said of each request: never its text."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from minigpt.config import SampleConfig
from minigpt.disk.foreign import plain
from minigpt.errors import counted, first_line
from minigpt.run.serve.bounds import DEADLINE
from minigpt.run.serve.ollama import Ollama
from minigpt.run.serve.openai import OpenAI
from minigpt.run.serve.refusal import Refused
from minigpt.run.serve.shelf import Shelf
from minigpt.run.serve.visit import KEY, NOBODY, Visit, endpoint, refusal

PATH = 60  # characters of a path that is shown
Say = Callable[[str], None]


def application(shelf: Shelf, config: SampleConfig, local: bool, key: str | None, say: Say) -> Door:
    """The whole server, but for its socket. `local`: nobody from another machine can come."""
    openai, ollama = OpenAI(shelf, config), Ollama(shelf, config)
    read = {
        "/": ollama.root,
        "/v1/models": openai.models,
        "/v1/models/{name}": openai.models,
        "/api/version": ollama.version,
        "/api/tags": ollama.tags,
        "/api/ps": ollama.loaded,
    }
    written = {
        "/v1/completions": openai.completions,
        "/v1/chat/completions": openai.chat,
        "/api/show": ollama.show,
        "/api/generate": ollama.generate,
        "/api/chat": ollama.chat,
    }
    routes = [Route(path, endpoint(handler), methods=["GET"]) for path, handler in read.items()]
    routes += [Route(path, endpoint(handler), methods=["POST"]) for path, handler in written.items()]
    return Door(Starlette(routes=routes, exception_handlers={HTTPException: unknown}), local, key, say)


async def unknown(request: Request, error: Exception) -> Response:
    """A path or a method that is not served."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    said = "no such path" if error.status_code == 404 else "no such method"
    return refusal(Refused(f"{said} here: {plain(request.method, 10)} {plain(path, PATH)}", error.status_code), path)


class Door:
    """The application around all others. A request that takes longer than the deadline is cut off, whoever is slow."""

    def __init__(self, inner: ASGIApp, local: bool, key: str | None, say: Say) -> None:
        self.inner, self.local, self.key, self.say = inner, local, key, say

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit, began = Visit(), time.monotonic()
        scope[KEY] = visit

        async def noting(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                visit.status = message["status"]
            elif message["type"] == "http.response.body" and not message.get("more_body"):
                visit.whole = True
            await send(message)

        try:
            await asyncio.wait_for(self._answered(scope, receive, noting), DEADLINE)
        except asyncio.TimeoutError:
            if not visit.status:
                late = Refused(f"the request took longer than {DEADLINE:g} seconds", 504, code="deadline")
                await refusal(late, scope["path"])(scope, receive, noting)
        except Exception as error:  # a fault of the server: one line, no traceback, no text
            self.say(f"a fault in the server: {type(error).__name__}: {plain(first_line(error), 200)}")
            if not visit.status:
                await refusal(Refused("a fault in the server", 500), scope["path"])(scope, receive, noting)
        finally:
            visit.end()
            self.say(self._line(scope, visit, time.monotonic() - began))

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, if the request may come in."""
        try:
            self._examine({name.decode("latin-1"): value for name, value in scope["headers"]}, scope["scheme"])
        except Refused as refused:
            await refusal(refused, scope["path"])(scope, receive, send)
            return
        await self.inner(scope, receive, send)

    def _examine(self, headers: dict[str, bytes], scheme: str) -> None:
        """Refused for a foreign name of this machine, a foreign web page, or a wrong key."""
        host = headers.get("host", b"").decode("latin-1")
        if self.local and not is_local(without_port(host)):  # a web page's own name, made to point here
            raise Refused(f"this server answers to 127.0.0.1 and localhost only, not to {plain(host, PATH)!r}", 403)
        origin = headers.get("origin")
        if origin is not None and origin.decode("latin-1").lower() != f"{scheme}://{host.lower()}":
            raise Refused("requests of web pages are refused; ask from a program", 403)
        if self.key is None:
            return
        word, _, given = headers.get("authorization", b"").partition(b" ")
        if word.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self.key.encode()):
            raise Refused("the key is missing or wrong: send the header Authorization: Bearer KEY", 401, code="invalid_api_key")

    def _line(self, scope: Scope, visit: Visit, seconds: float) -> str:
        """What is said of a request."""
        status = "left" if visit.left or visit.status in (0, NOBODY) or not visit.whole else str(visit.status)
        client = scope.get("client")
        parts = [time.strftime("%H:%M:%S"), *([client[0]] if client and not self.local else [])]
        parts += [scope["method"], plain(scope["path"], PATH), status]
        if visit.served:
            parts += [visit.served.name]
        if visit.texts:
            parts += [counted(visit.tokens, "token")]
        parts += [f"{seconds:.1f} s", *(f"note: {note}" for note in dict.fromkeys(visit.notes))]
        return "  ".join(parts)


def without_port(host: str) -> str:
    """The name or the address in a Host header."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).strip("[]")


def is_local(host: str) -> bool:
    """Whether an address, or a name, is this machine's for itself."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host.lower() == "localhost"
