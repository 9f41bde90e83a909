"""Ollama's HTTP protocol: a request in, one answer out, assembled from its stream of JSON lines within stated bounds."""

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

from minigpt.corpus.ollama.connection import Line, Watchdog
from minigpt.corpus.ollama.limits import Away, Cancelled, Limits, Missing, Refused, Unknown, Unusable, plain

PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
OUR_FAULT = ("option ", "invalid format", "invalid options")  # the server says 500, but the same request would fail again
ERROR_BYTES = 4096
NANO = 1e-9
DIGITS = 18  # most digits of a server's whole number: sizes in bytes and times in nanoseconds have fewer
SLOWEST, FASTEST = 1e-2, 1e5  # tokens a second: time limits follow from them, and no timer takes a million years


@dataclass(frozen=True)
class Answer:
    """What a model said, and how it ended."""

    text: str
    thinking: bool  # it thought before, or instead
    finished: bool  # the final object came: without it the text is a part of unknown size
    done_reason: str | None  # stop, length, load, unload; old servers give none
    eval_count: int  # tokens, 0 if unknown
    eval_seconds: float  # the server's own measure, 0 if unknown
    waited: float  # seconds from the request to the first piece of text
    streamed: float  # seconds from there to the end

    def speed(self) -> float:
        """Tokens a second of this answer, kept within reason whatever the server says."""
        found = self.eval_count / (self.eval_seconds or self.streamed or 1e-3)
        return min(FASTEST, max(SLOWEST, found)) if found else 0.0


class Client:
    """One Ollama server. Methods may be called from several threads: each has its own connection."""

    def __init__(self, url: str, limits: Limits, api_key: str | None = None) -> None:
        self.url, self.limits = url, limits
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._watchdog = Watchdog()
        self._own = threading.local()

    def get(self, path: str) -> dict[str, Any]:
        """A short question without a body."""
        return self._object("GET", path, None, self.limits.connection)

    def post(self, path: str, body: dict[str, Any], seconds: float | None = None) -> dict[str, Any]:
        """A question with one JSON object as its answer, which must be whole within the time."""
        return self._object("POST", path, body, seconds or self.limits.connection)

    def generate(self, body: dict[str, Any], seconds: float, on_piece: Callable[[], None] = lambda: None) -> Answer:
        """The answer to /api/generate. `seconds` bound the time from its first piece to its end; `on_piece` hears each piece of text.

        Raises Away, Slow, Refused, Missing, Unusable or Cancelled.
        """
        limits, began = self.limits, time.monotonic()
        first: float | None = None
        last = began
        parts: list[str] = []
        thinking, final = False, None
        line = self._line()
        with line.request("POST", "/api/generate", body, limits.first_byte, f"no answer within {limits.first_byte:,.0f} s") as response:
            _require_ok(response, body.get("model"), self.url)
            for value in self._values(line, response):
                last = time.monotonic()
                if error := value.get("error"):
                    raise Unusable(f"{self.url} cut an answer short: {plain(error)}")
                piece = value.get("response", "")
                if not isinstance(piece, str):
                    raise Unusable(f"{self.url}: part of an answer is not text")
                thinking = thinking or bool(value.get("thinking"))
                if piece or value.get("thinking"):
                    first = first or last
                    if (left := first + seconds - last) < limits.between_chunks:
                        line.allow(max(0.0, left), f"an answer is not finished after {seconds:,.0f} s")
                    else:
                        line.allow(limits.between_chunks, f"an answer stalled for {limits.between_chunks:,.0f} s")
                if piece:
                    parts.append(piece)
                    on_piece()
                if value.get("done") is True:
                    final = value
        return _answer(join_text(parts, self.url), thinking, final, (began, first or last, last))

    def cut_all(self) -> None:
        """End every request in progress; whoever waits for one gets Cancelled."""
        self._watchdog.cut_all(Cancelled("stopped"))

    def _line(self) -> Line:
        line: Line | None = getattr(self._own, "line", None)
        if line is None:
            line = self._own.line = Line(self.url, self._watchdog, self.limits.connection, self._headers)
        return line

    def _object(self, method: str, path: str, body: dict[str, Any] | None, seconds: float) -> dict[str, Any]:
        line = self._line()
        with line.request(method, path, body, seconds, f"no answer to {path} within {seconds:,.0f} s") as response:
            _require_ok(response, (body or {}).get("model"), self.url)
            data = b""
            for piece in line.pieces(response):
                data += piece
                if len(data) > self.limits.answer_bytes:
                    raise Unusable(f"{self.url}{path}: an answer of more than {self.limits.answer_bytes:,} bytes")
        return _parse(data, self.url)

    def _values(self, line: Line, response: requests.Response) -> Iterator[dict[str, Any]]:
        """The JSON objects of a stream, one a line; lines may arrive in any pieces, blank ones are skipped."""
        rest, size = bytearray(), 0
        for piece in line.pieces(response):
            size += len(piece)
            if size > self.limits.answer_bytes:
                raise Unusable(f"{self.url}: an answer of more than {self.limits.answer_bytes:,} bytes")
            rest += piece
            if b"\n" in piece:
                *whole, rest = rest.split(b"\n")
                for data in whole:
                    if data.strip():
                        yield _parse(data, self.url)
            if len(rest) > self.limits.line_bytes:
                raise Unusable(f"{self.url}: a line of more than {self.limits.line_bytes:,} bytes")
        if rest.strip():
            yield _parse(rest, self.url)


def positive(value: Any) -> int:
    """A server's whole number above 0; 0 for anything else."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else 0


def join_text(parts: list[str], url: str = "") -> str:
    """One text of the pieces, where a character may be cut between two: half a surrogate pair each, or bytes that `_parse` let pass."""
    text = PAIR.sub(lambda m: m[0].encode("utf-16", "surrogatepass").decode("utf-16"), "".join(parts))
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError as error:
        raise Unusable(f"{url}: an answer holds a broken character") from error


def _parse(data: bytes | bytearray, url: str) -> dict[str, Any]:
    """One JSON object; bytes that are not UTF-8 by themselves are kept for join_text. Absurd numbers count as missing."""
    try:
        text = data.decode("utf-8", "surrogateescape")
        value = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=lambda name: None)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{url} does not answer with JSON: {plain(data.decode('utf-8', 'replace'), 60)!r}") from error
    if not isinstance(value, dict):
        raise Unusable(f"{url} answers with {plain(value, 60)!r}; wanted a JSON object like Ollama's")
    return value


def _whole(text: str) -> int | None:
    """A whole number below 10^DIGITS."""
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
    """Raise what a status other than 200 means: try later, or never again."""
    status = response.status_code
    if status == 200:
        return
    message = _message(response)
    if status == 404 and model and "not found" in message and "page" not in message:
        raise Missing(f"{url} has no model {plain(model)!r}; install it with: ollama pull {plain(model)}")
    if status in (408, 429) or (status >= 500 and not message.startswith(OUR_FAULT)):
        away = Away(f"{url} answers with status {status}: {message}")
        away.status = status
        raise away
    hints = {
        401: "the model runs on ollama.com and wants you to sign in (ollama signin), or the server wants OLLAMA_API_KEY",
        403: "the server forbids it; if it listens only on this machine, use its address 127.0.0.1, or set OLLAMA_ORIGINS there",
        404: "there is no Ollama server behind this address",
        405: "there is no Ollama server behind this address",
    }
    refused = Unknown if status in (400, 404, 405) else Refused
    raise refused(f"{url} answers with status {status}: {message or hints.get(status, 'no reason given')}" + _hint(hints, status, message))


def _hint(hints: dict[int, str], status: int, message: str) -> str:
    return f"; {hints[status]}" if message and status in hints else ""


def _message(response: requests.Response) -> str:
    """What the body of an error says: Ollama's JSON, or a proxy's page without its tags."""
    text = response.raw.read(ERROR_BYTES, decode_content=False).decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return plain(re.sub(r"<[^>]*>", " ", text), 120)
    return plain(value.get("error", text) if isinstance(value, dict) else text)
