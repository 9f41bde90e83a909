"""A scripted Ollama server over real sockets: what it has installed and how it answers is set, and every request is written down.

`reply` decides each answer to /api/generate and /api/chat: a function of the request's body and its number gives a `Reply`, which says
what is sent, in which pieces, after which waiting, and how it ends. Everything else follows the protocol: load, unload, ps, option types,
slots.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FLOATS = ("temperature", "top_p", "min_p", "repeat_penalty")
WHOLE = ("seed", "num_predict", "top_k", "num_ctx")


@dataclass
class Reply:
    """One answer. `end`: final (as the protocol says), none (no final object), reset, stall (nothing more, the connection stays), error."""

    pieces: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    wait: float = 0.0  # before anything, headers included
    delay: float = 0.0  # before each piece
    end: str = "final"
    done_reason: str | None = "stop"
    status: int = 200
    body: str | bytes = b""  # for a status other than 200
    kind: str = "application/json; charset=utf-8"
    raw: list[bytes] | None = None  # exactly these packets as the whole body, in place of pieces
    chunked: bool = True  # else the body ends with its connection


def words(text: str) -> list[str]:
    """A text in pieces, as a model streams it."""
    return [part for part in text.replace(" ", " \0").split("\0") if part]


def lines(*values: Any) -> bytes:
    """Objects as a stream has them."""
    return b"".join(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in values)


def model(name: str, size: int = 2_000_000_000, **more: Any) -> dict[str, Any]:
    """An entry of /api/tags."""
    details = {"format": "gguf", "family": "llama", "parameter_size": "3.2B", "quantization_level": "Q4_K_M"}
    return {"name": name, "model": name, "size": size, "digest": "a" * 64, "details": details, "capabilities": ["completion"]} | more


PLAN = {
    "topics": [f"topic number {i}" for i in range(20)],
    "forms": ["a story", "a letter", "a list"],
    "audiences": ["adults", "children"],
    "tones": ["calm", "lively"],
    "openings": ["with a name", "with a question"],
    "words": ["river", "lamp", "stone", "coat"],
}


class OllamaServer(ThreadingHTTPServer):
    """See the module. `log` has (method, path, body) of every request."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, reply: Callable[[dict[str, Any], int], Reply], models: list[dict[str, Any]] | None = None, slots: int = 64) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.reply, self.slots = reply, threading.Semaphore(slots)
        self.models = [model("teacher:latest")] if models is None else models
        self.show: dict[str, Any] = {
            "capabilities": ["completion"],
            "license": "Apache License 2.0\nmore",
            "model_info": {"llama.context_length": 8192},
        }
        self.load_seconds = 0.0
        self.loaded: set[str] = set()
        self.old = False  # a server of early 2024: no done_reason, no capabilities, other words for what is missing
        self.partial = False  # a server that only lists models and writes: no version, no show, no ps, and nothing without a prompt
        self.judge: Callable[[str], Any] = good_judge  # the text behind /api/generate for a judgement
        self.plan: Callable[[int], Any] = lambda number: PLAN  # the same for a plan
        self.log: list[tuple[str, str, Any]] = []
        self.written = 0
        self.most_at_once = self.at_once = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def bodies(self, path: str = "/api/generate") -> list[dict[str, Any]]:
        """The bodies that came to a path, in order."""
        return [body for _, where, body in self.log if where == path]

    def writing(self) -> list[dict[str, Any]]:
        """The requests for documents: no loading, measuring, planning or judging."""
        return [body for body in self.bodies() if is_writing(body)]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of the server's."""


def is_writing(body: dict[str, Any]) -> bool:
    return (
        bool(body.get("prompt")) and not body.get("format") and body["options"].get("num_predict") != 20 and "List " not in body["prompt"]
    )


def good_judge(text: str) -> dict[str, int]:
    """A judge that knows the examples: chatter, loops, shuffled words and the central bank are bad."""
    bad = ("central bank", "As an AI", "oil and Chop", "thank on Friday", "A loop repeats a block of code. A loop")
    mark = 2 if any(sign in text for sign in bad) else 9
    return {"on_topic": mark, "fluent": mark, "complete": mark}


@contextmanager
def serve(reply: Callable[[dict[str, Any], int], Reply], **more: Any) -> Iterator[OllamaServer]:
    """A running server, gone afterwards."""
    with OllamaServer(reply, **more) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: OllamaServer

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.log.append(("GET", self.path, None))
        answers = {
            "/api/version": {"version": "0.12.0"},
            "/api/tags": {"models": self.server.models},
            "/api/ps": {"models": [m | {"size_vram": 0} for m in self.server.models if m["name"] in self.server.loaded]},
        }
        if self.path == "/":
            self.send(200, "Ollama is running", "text/plain")
        elif self.path in answers and not (self.server.partial and self.path != "/api/tags"):
            self.send(200, json.dumps(answers[self.path]))
        else:
            self.send(404, "404 page not found", "text/plain")

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(data or b"{}")
        self.server.log.append(("POST", self.path, body | {"headers": dict(self.headers)}))
        name = body.get("model")
        if self.server.partial and self.path == "/api/generate" and not body.get("prompt"):
            self.send(400, json.dumps({"error": {"message": "prompt field is required"}}))
        elif self.path not in ("/api/show", "/api/generate", "/api/chat") or (self.server.partial and self.path == "/api/show"):
            self.send(404, "404 page not found", "text/plain")
        elif not name:
            self.send(400, json.dumps({"error": "model is required"}))
        elif name not in [m["name"] for m in self.server.models]:
            error = f'model "{name}" not found, try pulling it first' if self.server.old else f"model '{name}' not found"
            self.send(404, json.dumps({"error": error}))
        elif self.path == "/api/show":
            self.send(200, json.dumps(self.server.show))
        else:
            self.generate(body)

    def generate(self, body: dict[str, Any]) -> None:
        options = body.get("options", {})
        for name, value in options.items():
            if (name in FLOATS and not isinstance(value, int | float)) or (name in WHOLE and not isinstance(value, int)):
                return self.send(
                    500, json.dumps({"error": f'option "{name}" must be of type {"float32" if name in FLOATS else "integer"}'})
                )
        name = body["model"]
        if not body.get("prompt") and not body.get("messages"):
            leaves = body.get("keep_alive") == 0
            time.sleep(0 if leaves else self.server.load_seconds)
            self.server.loaded = self.server.loaded - {name} if leaves else self.server.loaded | {name}
            done = {"model": name, "response": "", "done": True, "done_reason": "unload" if leaves else "load"}
            return self.send(200, json.dumps(done))
        if body.get("format"):
            judging = "topics" not in body["format"]["properties"]
            value = self.server.judge(body["prompt"]) if judging else self.server.plan(len(self.server.bodies()))
            value = value if isinstance(value, Reply) else Reply([value if isinstance(value, str) else json.dumps(value)])
        elif options.get("num_predict") == 20:
            value = Reply(words("The sea is wide and blue and cold."))
        else:
            with self.server.lock:
                number = self.server.written
                self.server.written += is_writing(body)
            value = self.server.reply(body, number)
        with self.server.slots:
            with self.server.lock:
                self.server.at_once += 1
                self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
            try:
                self.answer(value, body)
            except OSError:
                self.close_connection = True  # the client has left
            finally:
                with self.server.lock:
                    self.server.at_once -= 1

    def answer(self, reply: Reply, body: dict[str, Any]) -> None:
        time.sleep(reply.wait)
        if reply.end == "reset" and not reply.pieces:
            return self.reset()
        if reply.status != 200:
            return self.send(reply.status, reply.body, reply.kind)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header(*(("Transfer-Encoding", "chunked") if reply.chunked else ("Connection", "close")))
        self.end_headers()
        self.is_chunked = reply.chunked
        if reply.raw is not None:
            for packet in reply.raw:
                self.wfile.write(packet)
                time.sleep(0.002)
            self.close_connection = True
            return None
        began = time.monotonic()
        for name, pieces in (("thinking", reply.thinking), ("response", reply.pieces)):
            for piece in pieces:
                time.sleep(reply.delay)
                said = {"content" if name == "response" else name: piece}
                value = {"message": {"role": "assistant", "content": ""} | said} if "messages" in body else {"response": "", name: piece}
                self.chunk(lines({"model": body["model"], "done": False} | value))
        if reply.end == "stall":
            while self.connection.recv(1):  # until the client has had enough
                pass
            self.close_connection = True
        elif reply.end == "reset":
            self.reset()
        else:
            if reply.end == "error":
                self.chunk(lines({"error": "llama-server process has terminated: signal: killed"}))
            elif reply.end == "final":
                took = int((time.monotonic() - began) * 1e9) + 1
                last = {
                    "model": body["model"],
                    "response": "",
                    "done": True,
                    "eval_count": len(reply.pieces + reply.thinking),
                    "eval_duration": took,
                }
                reason = {} if self.server.old or reply.done_reason is None else {"done_reason": reply.done_reason}
                self.chunk(lines(last | reason))
            if reply.chunked:
                self.wfile.write(b"0\r\n\r\n")
            else:
                self.close_connection = True
        return None

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if self.is_chunked else data)

    def reset(self) -> None:
        """End the connection as a crash does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
        self.wfile = self.rfile = open("/dev/null", "r+b", buffering=0)  # noqa: SIM115 (the handler closes it)

    def send(self, status: int, body: str | bytes, kind: str = "application/json; charset=utf-8") -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
