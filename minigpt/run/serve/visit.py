"""One request: what it had written, and who is still there to read it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from minigpt.errors import MinigptError
from minigpt.run.serve.bounds import BODY, BODY_SECONDS
from minigpt.run.serve.engine import Served, Text
from minigpt.run.serve.refusal import Refused, shaped

T = TypeVar("T")
KEY = "minigpt.visit"  # in the scope of a request
NOBODY = 499  # the status of a request whose client has left; nobody reads it


@dataclass(eq=False)
class Visit:
    """A request, from its beginning to its end. What is said of it names no text."""

    status: int = 0
    served: Served | None = None
    texts: list[Text] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left: bool = False
    whole: bool = False  # the last byte of the answer was handed on

    def at(self, served: Served) -> None:
        """It asks this model; Refused if too many do."""
        self.served = served
        served.engine.admit(self)

    def end(self) -> None:
        """Nothing more is written for it."""
        for text in self.texts:
            text.gone = True
        if self.served:
            self.served.engine.leave(self)

    @property
    def tokens(self) -> int:
        """Those written."""
        return sum(text.sample.tokens for text in self.texts)


def visit_of(request: Request) -> Visit:
    """The visit that a request belongs to."""
    visit: Visit = request.scope[KEY]
    return visit


class Stream(StreamingResponse):
    """A stream whose reader may be slow: it is written at its pace, and the texts are ready long before."""

    def __init__(self, content: Any, media_type: str) -> None:
        super().__init__(content, media_type=media_type, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def body_of(request: Request) -> bytes:
    """The body of a request, within bounds of size and time."""
    said = Refused(f"the body must have at most {BODY:,} bytes", 413)
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > BODY:
        raise said
    found = bytearray()

    async def read() -> None:
        async for chunk in request.stream():
            found.extend(chunk)
            if len(found) > BODY:
                raise said

    try:
        await asyncio.wait_for(read(), BODY_SECONDS)
    except asyncio.TimeoutError as error:
        raise Refused(f"the body did not arrive within {BODY_SECONDS:g} seconds", 408) from error
    return bytes(found)


async def heard(request: Request, answer: Awaitable[T]) -> T:
    """The answer, unless the client leaves before it: then ClientDisconnect."""

    async def until_left() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    work, leaving = asyncio.ensure_future(answer), asyncio.ensure_future(until_left())
    try:
        await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ClientDisconnect
        return work.result()
    finally:
        for task in (work, leaving):
            task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await asyncio.gather(work, leaving, return_exceptions=True)


def endpoint(handler: Callable[[Request, Visit], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A handler whose errors are one line in the protocol's form."""

    async def run(request: Request) -> Response:
        visit = visit_of(request)
        try:
            return await handler(request, visit)
        except ClientDisconnect:
            visit.left = True
            return Response(status_code=NOBODY)
        except MinigptError as error:
            refused = error if isinstance(error, Refused) else Refused(str(error), 500)
            return refusal(refused, request.url.path)

    return run


def refusal(refused: Refused, path: str) -> Response:
    """What a refused request gets."""
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}.get(refused.status)
    return JSONResponse(shaped(refused, path), refused.status, headers)
