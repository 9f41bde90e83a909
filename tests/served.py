"""A real `minigpt serve` in a process of its own, and clients on real sockets."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from model_folders import write_model

PROGRAM = """
import sys, threading
from importlib import import_module
from minigpt.cli import cli
for setting in sys.argv[1].split():
    module, name, value = setting.split(":")
    setattr(import_module(f"minigpt.run.serve.{module}"), name, float(value))
try:
    cli(["serve", *sys.argv[2:]], prog_name="minigpt")
finally:
    print("threads:", *(thread.name for thread in threading.enumerate()), file=sys.stderr)
"""


class Serving:
    """A server on a free port. `bounds`: "module:NAME:value ..." for tests that cannot wait."""

    def __init__(self, *arguments: object, bounds: str = "", **more: str) -> None:
        command = [sys.executable, "-c", PROGRAM, bounds, *map(str, arguments), "--port", "0", "--device", "cpu"]
        environment = {**os.environ, "MINIGPT_KERNELS": "numpy", "PYTHONUNBUFFERED": "1", **more}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.said: list[str] = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.rstrip("\n"))

    @property
    def lines(self) -> list[str]:
        """Those about requests."""
        return [line for line in self.said if re.match(r"\d\d:\d\d:\d\d  ", line)]

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ctrl-C, or another signal; the exit status."""
        if self.process.returncode is not None:  # stopped before
            return self.process.returncode
        self.process.send_signal(number)
        status = self.process.wait(timeout=20)
        self.reader.join()
        assert self.said.pop() == "threads: MainThread"
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return status

    def connect(self, small: bool = False) -> socket.socket:
        """A connection; `small`: with little room for what is not read yet."""
        parts = urlsplit(self.address)
        made = socket.socket()
        made.settimeout(20)
        if small:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        made.connect((parts.hostname, parts.port))
        return made

    def send(self, path: str, small: bool = False, **body: Any) -> socket.socket:
        """A connection with a request on it, whose answer is not read yet."""
        data = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: {urlsplit(self.address).netloc}\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n"
        made = self.connect(small)
        made.sendall(head.encode() + data)
        return made


def received(made: socket.socket, size: int = 65536) -> Iterator[bytes]:
    """What arrives, to the end."""
    with made:
        while chunk := made.recv(size):
            yield chunk


def events(answer: bytes) -> list[dict[str, Any]]:
    """The events of a stream whose end is there."""
    assert b"data: [DONE]" in answer, answer[-300:]
    return [json.loads(line) for line in re.findall(rb"data: (\{.*\})", answer)]


def write_talks(folder: Path) -> None:
    """Give a model a corpus of dialogues."""
    talks = [{"text": f"Visitor: Hello, {n}.\nPirate: Ahoy!\nVisitor: Why?\nPirate: Arr.", "split": "train"} for n in range(3)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in talks))


def write_models(folder: Path) -> Path:
    """A model that continues texts, `texts`, and one that takes turns, `pirate`; returns the folder."""
    write_model(folder / "texts")
    write_talks(write_model(folder / "pirate", seed=1))
    return folder
