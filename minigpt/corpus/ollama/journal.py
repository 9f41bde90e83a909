"""Saves each accepted document at once as a line of JSON, so that an interrupted corpus can be continued."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minigpt.corpus.documents import Document
from minigpt.disk.files import open_to_append, read_bytes, read_json_object, write_json
from minigpt.disk.jsontext import decoded, json_object, sealed, unsealed
from minigpt.disk.place import File, Spot, as_path, naming
from minigpt.disk.schema import count, share, text, validate
from minigpt.errors import MinigptError, counted

ORIGIN = ("model", "digest", "seed", "request", "done_reason", "eval_count", "form", "topic", "asked_words", "judge", "kind")
LINE = {"text": text, "request": count, "asked_words?": count, "judge?": (share, type(None))}  # the fields read back from a line
MOST = 2**30  # bytes of a journal


class Journal:
    """An append-only file of JSON lines, each flushed to the disk before `append` returns."""

    def __init__(self, file: File, say: Callable[[str], None]) -> None:
        """Open or create the file. A last line left incomplete by a crash is cut off and reported; any other damage is a MinigptError."""
        self.file, path = file, as_path(file)
        self.plan = file.with_name(f"{file.stem}-plan.json")
        data = read_bytes(path, MOST) if path.exists() else b""
        whole = data.rfind(b"\n") + 1
        self.lines = [_line(line, path, number) for number, line in enumerate(data[:whole].split(b"\n")[:-1], 1)]
        self._file = open_to_append(file)
        if whole < len(data):
            cut = counted(len(data) - whole, "byte")
            say(f"{path}: the last line is incomplete ({cut}), so it is dropped and its document written again")
            self._file.truncate(whole)
            os.fsync(self._file.fileno())

    def documents(self) -> list[Document]:
        """The documents accepted so far."""
        return [to_document(line) for line in self.lines]

    def next_request(self) -> int:
        """The number after the highest one with a document."""
        return 1 + max((line["request"] for line in self.lines), default=-1)

    def append(self, line: dict[str, Any]) -> None:
        """Append a document; it is on the disk on return."""
        if isinstance(self.file, Spot):
            self.file.place.require_same()
        with naming(as_path(self.file)):
            self._file.write((json.dumps(sealed(line), ensure_ascii=False) + "\n").encode("utf-8"))
            self._file.flush()
            os.fsync(self._file.fileno())
        self.lines.append(line)

    def read_plan(self) -> dict[str, Any] | None:
        """The saved plan, if there is one."""
        path = as_path(self.plan)
        return unsealed(read_json_object(path), path) if path.exists() else None

    def write_plan(self, plan: dict[str, Any]) -> None:
        """Save the plan for a later continuation."""
        write_json(self.plan, sealed(plan))

    def close(self) -> None:
        """Close the file."""
        with naming(as_path(self.file)):  # closing retries what a full disk did not take, and may fail again
            self._file.close()


def to_document(line: dict[str, Any]) -> Document:
    """The document in a line of the journal."""
    return Document(line["text"], "ollama", {name: str(line[name]) for name in ORIGIN if line.get(name) is not None})


def _line(data: bytes, path: Path, number: int) -> dict[str, Any]:
    where = f"{path}, line {number}"
    try:
        value = unsealed(json_object(decoded(data, where), where), where)
        document: dict[str, Any] = validate(value, LINE, where)
        return document
    except MinigptError as error:
        raise MinigptError(f"{error}; remove that line to continue") from error
