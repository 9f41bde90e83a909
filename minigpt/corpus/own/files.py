"""The user's own text: files, folders and standard input in, documents out one by one, so that gigabytes are never in memory.

`.txt` and `.md` are cut into documents; each record of `.jsonl`, `.csv` and `.tsv` is one. A named file that cannot be read is an error;
an unreadable file in a folder, or an unreadable record, is skipped, and `skipped` says which and why. Files in a folder that are not the
user's own are passed over (walk.py). Standard input is JSON lines if its first line is a JSON object, else plain text.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from minigpt.corpus.documents import Document
from minigpt.corpus.own.cut import cut
from minigpt.corpus.own.decode import decode
from minigpt.corpus.own.records import Skip, column_texts, is_json_object, json_records
from minigpt.corpus.own.tables import csv_records
from minigpt.corpus.own.walk import Walk, is_run
from minigpt.errors import MinigptError

TABLES = (".jsonl", ".csv", ".tsv")
KINDS = (".txt", ".md", *TABLES)
LOOK_TABLES = 20  # files of a folder whose columns the plan shows: looking into more would take too long
STDIN = Path("-")
RUN_CORPUS = "corpus.jsonl"  # in a run folder
BLOCK = 2**20  # bytes read at once


class Skipped:
    """How many things were skipped, and what was said of the first of them."""

    SHOWN = 3

    def __init__(self) -> None:
        self.count, self.first = 0, list[str]()

    def __call__(self, what: str) -> None:
        self.count += 1
        if self.count <= self.SHOWN:
            self.first.append(what)

    def lines(self) -> list[str]:
        """For the plan: the first ones in words, the others as a number."""
        more = self.count - len(self.first)
        return [f"skipped: {what}" for what in self.first] + ([f"skipped: {more:,} more like these"] if more else [])


class OwnText:
    """The documents of files and folders; `description` says what they are. Iterate once.

    Making it looks into every path that was named, so that a wrong one is told before anything is written.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        column: str | None = None,
        progress: Callable[[int, int | None], None] | None = None,
        ours: Iterable[Path] = (),
    ) -> None:
        """column: the tables' column that has the texts. progress: hears the bytes read, and how many there are if known. ours:
        the models folder and the run folder in use, which are passed over inside a named folder."""
        self.column, self.progress = column, progress
        self.skipped = Skipped()
        self.walk = Walk(KINDS, ours, self.skipped)
        self.read = self.total = 0
        self.total_known = STDIN not in paths
        self.files: list[tuple[Path, str, bool]] = []  # path, name in the corpus, whether the user named it
        said = [self._look_into(path) for path in paths]
        self.description: Sequence[str] = [f"your own text: {', '.join(said)}", *self.walk.line(), *self._columns()]

    def _look_into(self, path: Path) -> str:
        """Note the files of a path, and say what it is; MinigptError where a file that was named cannot be read."""
        if path == STDIN:
            self.files.append((path, "standard input", True))
            return "standard input"
        if path.is_dir():
            return self._look_into_run(path) if is_run(path) else self._look_into_folder(path)
        if not os.path.lexists(path):
            raise MinigptError(f"{path} does not exist; --data wants a file or a folder")
        if path.suffix.lower() not in KINDS:
            raise MinigptError(f"{path}: minigpt reads {', '.join(KINDS)}; save it as one of these, in UTF-8")
        return self._look_into_file(path)

    def _look_into_folder(self, path: Path) -> str:
        files, others = self.walk.files(path)
        self.files += [(file, str(file.relative_to(path)), False) for file in files]
        self._weigh(files)
        count = f"{len(files):,} file{'s' if len(files) > 1 else ''}"
        return f"{path} ({count}{f', {len(others):,} of other kinds left out' if others else ''})"

    def _columns(self) -> list[str]:
        """For the plan: which columns are read from the tables in folders."""
        tables = [(path, name) for path, name, named in self.files if not named and path.suffix.lower() in TABLES]
        columns: dict[str, list[str]] = {}
        for path, name in tables[:LOOK_TABLES]:
            with suppress(MinigptError), open_file(path) as file:  # faults are reported when the file is read
                columns.setdefault(read_texts(blocks(file, path, lambda _: None), path, self.column, lambda _: None)[0], []).append(name)
        said = [f"{said} ({names[0] if len(names) == 1 else f'{len(names)} files'})" for said, names in columns.items() if said]
        more = f"; {len(tables) - LOOK_TABLES:,} more files not looked into yet" if len(tables) > LOOK_TABLES else ""
        return [f"read as text: {', '.join(said)}{more}"] if said else []

    def _look_into_run(self, path: Path) -> str:
        """A named run folder stands for its corpus."""
        if not (path / RUN_CORPUS).is_file():
            raise MinigptError(f"{path} is a run folder without a {RUN_CORPUS}; name a file or a folder of your own text")
        return self._look_into_file(path / RUN_CORPUS)

    def _look_into_file(self, path: Path) -> str:
        self.files.append((path, path.name, True))
        self._weigh([path])
        faults = Skipped()
        with open_file(path) as file:
            said, texts = read_texts(blocks(file, path, lambda _: None), path, self.column, faults)
            if next(texts, None) is None:
                raise MinigptError(faults.first[0] if faults.count else f"{path} is empty")
        return f"{path} ({said})" if said else str(path)

    def _weigh(self, files: Iterable[Path]) -> None:
        for file in files:
            with suppress(OSError):  # it will be told when the file is read
                self.total += file.stat().st_size

    def __iter__(self) -> Iterator[Document]:
        """The documents, files of a folder in sorted order; MinigptError names the file, and in it the byte or line, that is at fault."""
        some = False
        for path, name, named in self.files:
            origin = {"file": name.encode("utf-8", "replace").decode("utf-8")}
            found, faults = False, self.skipped.count
            try:
                for text in self._texts(path):
                    found = some = True
                    yield Document(text, "own", origin)
            except MinigptError as error:
                if named:
                    raise
                self.skipped(f"{'the rest of ' if found else ''}{error}")
            if not found and faults == self.skipped.count:
                self.skipped(f"{name} is empty")
        if not some:
            raise MinigptError(f"no text in what --data names: {self.skipped.first[0]}")

    def _texts(self, path: Path) -> Iterator[str]:
        """The texts of one file, and progress while they are read."""
        if path == STDIN:
            if sys.stdin is None:
                raise MinigptError("there is no standard input; --data wants a file or a folder")
            yield from read_texts(blocks(sys.stdin.buffer, STDIN, self._on_bytes), path, self.column, self.skipped)[1]
        else:
            with open_file(path) as file:
                yield from read_texts(blocks(file, path, self._on_bytes), path, self.column, self.skipped)[1]

    def _on_bytes(self, count: int) -> None:
        self.read += count
        if self.progress:
            self.progress(self.read, self.total if self.total_known else None)


def open_file(path: Path) -> BinaryIO:
    """A regular file, open for reading bytes."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise MinigptError(f"{path} is not a regular file; save its text in one")
        return path.open("rb")
    except OSError as error:
        raise MinigptError(f"{path} cannot be read: {error.strerror}") from error


def blocks(file: BinaryIO, path: Path, on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    """A file's bytes from where it stands, BLOCK at a time; `on_bytes` hears how many came."""
    while True:
        try:
            block = file.read(BLOCK)
        except OSError as error:
            raise MinigptError(f"{path} cannot be read: {error.strerror}") from error
        if not block:
            return
        on_bytes(len(block))
        yield block


def read_texts(data: Iterable[bytes], path: Path, column: str | None, skip: Skip) -> tuple[str, Iterator[str]]:
    """What to say about a file's columns, if it has any, and its texts, stripped, none empty."""
    kind, name = path.suffix.lower(), str(path)
    text = decode(data, "standard input" if path == STDIN else name)
    said = ""
    if path == STDIN:
        kind, name = "", "standard input"
        first = next(text, "")
        text = chain([first], text)
        if is_json_object(first.partition("\n")[0]):
            kind = ".jsonl"
    if kind == ".jsonl":
        said, texts = column_texts(json_records(text, name, skip), name, column, skip)
    elif kind in (".csv", ".tsv"):
        about, rows = csv_records(text, name, skip, column)
        said, texts = column_texts(rows, name, column, skip)
        said = "; ".join(filter(None, (said, about)))
    else:
        texts = cut(text)
    return said, (stripped for text in texts if (stripped := text.strip()))
