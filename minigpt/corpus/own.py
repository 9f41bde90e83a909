"""The user's own text: files and folders in, documents out. UTF-8 `.txt` and `.md`; `.jsonl` with a `text` in each line."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from minigpt.corpus.documents import Document
from minigpt.errors import MinigptError

KINDS = (".txt", ".md", ".jsonl")
LONG = 2000  # characters; a longer text is cut into documents of about this length


def read_own(paths: Sequence[Path]) -> list[Document]:
    """The documents of all files, folders in sorted order; MinigptError names the file, and in it the byte or line, that is at fault."""
    documents = []
    for path in paths:
        for file in find_files(path):
            name = str(file.relative_to(path)) if path.is_dir() else file.name
            origin = {"file": name.encode("utf-8", "replace").decode("utf-8")}
            documents += [Document(text, "own", origin) for text in read_file(file)]
    if not documents:
        raise MinigptError(f"no text in {', '.join(map(str, paths))}; a corpus needs at least some sentences")
    return documents


def find_files(path: Path) -> list[Path]:
    """The path itself if it is a file, else the readable files below it; what is hidden stays so."""
    if path.is_dir():
        files = sorted(file for file in visible_files(path) if file.suffix.lower() in KINDS)
        if not files:
            raise MinigptError(f"{path} holds no {', '.join(KINDS)} file")
        return files
    if not os.path.lexists(path):
        raise MinigptError(f"{path} does not exist; --data wants a file or a folder")
    if path.suffix.lower() not in KINDS:
        raise MinigptError(f"{path}: minigpt reads {', '.join(KINDS)}; save it as one of these, in UTF-8")
    return [path]


def visible_files(folder: Path) -> Iterator[Path]:
    """Every file below a folder but for hidden ones and those in hidden folders; MinigptError names a folder that cannot be read."""

    def refuse(error: OSError) -> None:
        raise MinigptError(f"{error.filename} cannot be read: {error.strerror}") from error

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in files if not name.startswith("."))


def read_file(path: Path) -> Iterator[str]:
    """The texts of a file, stripped, none empty."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise MinigptError(f"{path} is no regular file; save its text in one")
        data = path.read_bytes()
    except OSError as error:
        raise MinigptError(f"{path} cannot be read: {error.strerror}") from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MinigptError(f"{path} is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}; save it as UTF-8") from error
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise MinigptError(f"{path} is empty")
    texts = json_lines(text, path) if path.suffix.lower() == ".jsonl" else cut(text)
    return (stripped for text in texts if (stripped := text.strip()))


def json_lines(text: str, path: Path) -> Iterator[str]:
    """The `text` of each line of JSON."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:  # of a number too, that is too long
                raise MinigptError(f"{path}, line {number} is not JSON: {error}") from error
            if not isinstance(value, dict) or not isinstance(value.get("text"), str):
                raise MinigptError(f'{path}, line {number}: wanted an object with a "text" that is a string')
            if any("\ud800" <= c <= "\udfff" for c in value["text"]):
                raise MinigptError(f"{path}, line {number}: the text holds half of a surrogate pair, which no file can store")
            yield value["text"]


def cut(text: str) -> Iterator[str]:
    """A long text in documents of about `LONG` characters, a short one whole. Cut at blank lines; where there is none, at line ends; where
    there is none either, at the ends of sentences."""
    return gather_parts(text, [r"\n[^\S\n]*\n", r"\n", r"(?<=[.!?])\s"])


def gather_parts(text: str, borders: list[str]) -> Iterator[str]:
    """Cut at the first border and join neighbours again while they fit; a part that is too long by itself is cut at the next border."""
    if len(text) <= LONG or not borders:
        yield text
        return
    gathered = ""
    for part in re.split(f"({borders[0]})", text):
        if gathered.strip() and len(gathered) + len(part) > LONG:
            yield from gather_parts(gathered, borders[1:])
            gathered = ""
        gathered += part
    yield from gather_parts(gathered, borders[1:])
