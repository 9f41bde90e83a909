"""The user's own text: files and folders in, documents out. UTF-8 `.txt` and `.md`; `.jsonl` with a `text` in each line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from minigpt.corpus.documents import Document
from minigpt.errors import MinigptError

KINDS = (".txt", ".md", ".jsonl")
LONG = 2000  # characters; a longer text is cut at blank lines into documents of about this length


def read_own(paths: Sequence[Path]) -> list[Document]:
    """The documents of all files, folders in sorted order; MinigptError names the file, and in it the byte or line, that is at fault."""
    files = [file for path in paths for file in find_files(path)]
    documents = [Document(text, "own", {"file": file.name}) for file in files for text in read_file(file)]
    if not documents:
        raise MinigptError(f"no text in {', '.join(map(str, paths))}; a corpus needs at least some sentences")
    return documents


def find_files(path: Path) -> list[Path]:
    """The path itself if it is a file, else the readable files below it."""
    if path.is_dir():
        files = sorted(
            file for file in path.rglob("*") if file.suffix.lower() in KINDS and file.is_file() and not file.name.startswith(".")
        )
        if not files:
            raise MinigptError(f"{path} holds no {', '.join(KINDS)} file")
        return files
    if not path.exists():
        raise MinigptError(f"{path} does not exist; --data wants a file or a folder")
    if path.suffix.lower() not in KINDS:
        raise MinigptError(f"{path}: minigpt reads {', '.join(KINDS)}; save it as one of these, in UTF-8")
    return [path]


def read_file(path: Path) -> Iterator[str]:
    """The texts of a file, stripped, none empty."""
    try:
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
            except (json.JSONDecodeError, RecursionError) as error:
                raise MinigptError(f"{path}, line {number} is not JSON: {error}") from error
            if not isinstance(value, dict) or not isinstance(value.get("text"), str):
                raise MinigptError(f'{path}, line {number}: wanted an object with a "text" that is a string')
            yield value["text"]


def cut(text: str) -> Iterator[str]:
    """A long text in documents of about `LONG` characters, cut at blank lines only; a short one whole."""
    gathered = ""
    for paragraph in re.split(r"\n[^\S\n]*\n", text):
        if gathered and len(gathered) + len(paragraph) > LONG:
            yield gathered
            gathered = ""
        gathered += ("\n\n" if gathered else "") + paragraph
    yield gathered
