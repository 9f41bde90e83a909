"""Speaks Ollama's HTTP protocol: sends a request and assembles the answer from its stream of JSON lines, within bounds."""

from __future__ import annotations

import json
import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import requests

from minigpt.corpus.ollama.connection import Connection, Watchdog
from minigpt.corpus.ollama.limits import Away, Cancelled, Limits, Missing, Refused, Unknown, Unusable, plain

PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
OUR_FAULT = ("option ", "invalid format", "invalid options")  # answered with status 500, but the same request would fail again
ERROR_BYTES = 4096
NANO = 1e-9
DIGITS = 18  # most digits of an integer: sizes in bytes and times in nanoseconds have fewer
SLOWEST, FASTEST = 1e-2, 1e5  # tokens a second: bounds a reported speed, from which timeouts are computed


@dataclass(frozen=True)
class Answer:
    """What a model said, and how it ended."""

    text: str
    thinking: bool  # it thought before it answered, or instead
    finished: bool  # the final object came; without it the text is incomplete
    done_reason: str | None  # stop, length, load, unload; None from old servers
    eval_count: int  # tokens, 0 if unknown
    eval_seconds: float  # as the server measured it, 0 if unknown
    waited: float  # seconds from the request to the first chunk of text
    streamed: float  # seconds from there to the end

    def speed(self) -> float:
        """Tokens a second of this answer, between SLOWEST and FASTEST whatever the server reports; 0 if unknown."""
        found = self.eval_count / (self.eval_seconds or self.streamed or 1e-3)
        return min(FASTEST, max(SLOWEST, found)) if found else 0.0


class Client:
    """One Ollama server. Methods may be called from several threads: each has its own connection."""

    def __init__(self, url: str, limits: Limits, api_key: str | None = None) -> None:
        self.url, self.limits = url, limits
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._watchdog = Watchdog()
        self._local = threading.local()

    def get(self, path: str) -> dict[str, Any]:
        """The JSON object that answers a GET."""
        return self._object("GET", path, None, self.limits.connection)

    def post(self, path: str, body: dict[str, Any], seconds: float | None = None) -> dict[str, Any]:
        """The JSON object that answers a POST; it must be complete within `seconds`."""
        return self._object("POST", path, body, seconds or self.limits.connection)

    def generate(self, body: dict[str, Any], seconds: float, on_chunk: Callable[[], None] = lambda: None) -> Answer:
        """The answer to /api/generate. `seconds` bounds the time from its first chunk to its end; `on_chunk` is called at each chunk.

        Raises Away, Slow, Refused, Missing, Unusable or Cancelled.
        """
        limits, began = self.limits, time.monotonic()
        first: float | None = None
        last = began
        parts: list[str] = []
        thinking, final = False, None
        connection = self._connection()
        complaint = f"no answer within {limits.first_byte:,.0f} s"
        with connection.request("POST", "/api/generate", body, limits.first_byte, complaint) as response:
            _require_ok(response, body.get("model"), self.url)
            for value in self._values(connection, response):
                last = time.monotonic()
                if error := value.get("error"):
                    raise Unusable(f"{self.url} cut an answer short: {plain(error)}")
                chunk = value.get("response", "")
                if not isinstance(chunk, str):
                    raise Unusable(f"{self.url}: part of an answer is not text")
                thinking = thinking or bool(value.get("thinking"))
                if chunk or value.get("thinking"):
                    first = first or last
                    if (left := first + seconds - last) < limits.between_chunks:
                        connection.allow(max(0.0, left), f"an answer was not finished within {seconds:,.0f} s")
                    else:
                        connection.allow(limits.between_chunks, f"an answer stalled for {limits.between_chunks:,.0f} s")
                if chunk:
                    parts.append(chunk)
                    on_chunk()
                if value.get("done") is True:
                    final = value
        return _answer(join_text(parts, self.url), thinking, final, (began, first or last, last))

    def chat(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The objects that answer /api/chat, as they come. A caller that wants no more closes the iterator, and the server stops writing.

        Raises Away, Slow, Refused, Missing, Unusable or Cancelled.
        """
        limits, connection = self.limits, self._connection()
        complaint = f"no answer within {limits.first_byte:,.0f} s"
        with connection.request("POST", "/api/chat", body, limits.first_byte, complaint) as response:
            _require_ok(response, body.get("model"), self.url)
            for value in self._values(connection, response):
                if error := value.get("error"):
                    raise Unusable(f"{self.url} cut an answer short: {plain(error)}")
                connection.allow(limits.between_chunks, f"an answer stalled for {limits.between_chunks:,.0f} s")
                yield value

    def abort_all(self) -> None:
        """Abort every request in progress; their callers get Cancelled."""
        self._watchdog.abort_all(Cancelled("stopped"))

    def _connection(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = Connection(self.url, self._watchdog, self.limits.connection, self._headers)
        return connection

    def _object(self, method: str, path: str, body: dict[str, Any] | None, seconds: float) -> dict[str, Any]:
        connection = self._connection()
        with connection.request(method, path, body, seconds, f"no answer to {path} within {seconds:,.0f} s") as response:
            _require_ok(response, (body or {}).get("model"), self.url)
            data = b""
            for chunk in connection.chunks(response):
                data += chunk
                if len(data) > self.limits.answer_bytes:
                    raise Unusable(f"{self.url}{path}: an answer is longer than {self.limits.answer_bytes:,} bytes")
        return _parse(data, self.url)

    def _values(self, connection: Connection, response: requests.Response) -> Iterator[dict[str, Any]]:
        """The JSON objects of a stream, one per line, however the lines are split into chunks; blank lines are skipped."""
        rest, size = bytearray(), 0
        for chunk in connection.chunks(response):
            size += len(chunk)
            if size > self.limits.answer_bytes:
                raise Unusable(f"{self.url}: an answer is longer than {self.limits.answer_bytes:,} bytes")
            rest += chunk
            if b"\n" in chunk:
                *whole, rest = rest.split(b"\n")
                for data in whole:
                    if data.strip():
                        yield _parse(data, self.url)
            if len(rest) > self.limits.line_bytes:
                raise Unusable(f"{self.url}: a line is longer than {self.limits.line_bytes:,} bytes")
        if rest.strip():
            yield _parse(rest, self.url)


def positive(value: Any) -> int:
    """A positive number as an int; 0 for anything else."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else 0


def join_text(parts: list[str], url: str = "") -> str:
    """Join chunks, also where a character is split between two: as half a surrogate pair each, or as bytes that `_parse` let through."""
    text = PAIR.sub(lambda m: m[0].encode("utf-16", "surrogatepass").decode("utf-16"), "".join(parts))
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError as error:
        raise Unusable(f"{url}: an answer is not valid UTF-8") from error


def _parse(data: bytes | bytearray, url: str) -> dict[str, Any]:
    """One JSON object. Bytes that are not UTF-8 on their own are kept for join_text; absurdly large numbers become None."""
    try:
        text = data.decode("utf-8", "surrogateescape")
        value = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=lambda name: None)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{url} did not answer with JSON: {plain(data.decode('utf-8', 'replace'), 60)!r}") from error
    if not isinstance(value, dict):
        raise Unusable(f"{url} answered {plain(value, 60)!r}, not with a JSON object as Ollama does")
    return value


def _whole(text: str) -> int | None:
    """An integer of at most DIGITS digits, else None."""
    return int(text) if len(text) <= DIGITS else None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _answer(text: str, thinking: bool, final: dict[str, Any] | None, times: tuple[float, float, float]) -> Answer:
    began, first, last = times
    value = final or {}
    reason, count, nanoseconds = (value.get(name) for name in ("done_reason", "eval_count", "eval_duration"))
    return Answer(
        text=text,
        thinking=thinking,
        finished=final is not None,
        done_reason=reason if isinstance(reason, str) else None,
        eval_count=positive(count),
        eval_seconds=positive(nanoseconds) * NANO,
        waited=first - began,
        streamed=last - first,
    )


def _require_ok(response: requests.Response, model: Any, url: str) -> None:
    """Raise the error that a status other than 200 stands for: Away is worth a retry, Refused is not."""
    status = response.status_code
    if status == 200:
        return
    message = _message(response)
    if status == 404 and model and "not found" in message and "page" not in message:
        raise Missing(f"{url} has no model {plain(model)!r}; install it with: ollama pull {plain(model)}")
    if status in (408, 429) or (status >= 500 and not message.startswith(OUR_FAULT)):
        away = Away(f"{url} returned status {status}: {message}")
        away.status = status
        raise away
    hints = {
        401: "the model runs on ollama.com and needs you to sign in (ollama signin), or the server needs OLLAMA_API_KEY",
        403: "the server refuses this address; if it listens only on this machine, use 127.0.0.1, or set OLLAMA_ORIGINS there",
        404: "no Ollama server at this address",
        405: "no Ollama server at this address",
    }
    refused = Unknown if status in (400, 404, 405) else Refused
    raise refused(f"{url} returned status {status}: {message or hints.get(status, 'no reason given')}" + _hint(hints, status, message))


def _hint(hints: dict[int, str], status: int, message: str) -> str:
    return f"; {hints[status]}" if message and status in hints else ""


def _message(response: requests.Response) -> str:
    """The message in an error's body: from Ollama's JSON, or a proxy's page without its tags."""
    text = response.raw.read(ERROR_BYTES, decode_content=False).decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return plain(re.sub(r"<[^>]*>", " ", text), 120)
    return plain(value.get("error", text) if isinstance(value, dict) else text)
