"""Streams documents from the user's files, folders and standard input, without ever holding a whole file in memory.

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
LOOK_TABLES = 20  # files of a folder whose columns the plan shows; more would take too long
STDIN = Path("-")
RUN_CORPUS = "corpus.jsonl"  # in a run folder
BLOCK = 2**20  # bytes per read


class Skipped:
    """Counts skipped files and records, and keeps the messages of the first few."""

    SHOWN = 3

    def __init__(self) -> None:
        self.count, self.first = 0, list[str]()

    def __call__(self, what: str) -> None:
        self.count += 1
        if self.count <= self.SHOWN:
            self.first.append(what)

    def lines(self) -> list[str]:
        """Lines for the plan: the first few messages, and the number of others."""
        more = self.count - len(self.first)
        return [f"skipped: {what}" for what in self.first] + ([f"skipped: {more:,} more like these"] if more else [])


class OwnText:
    """The documents of files and folders, and their `description`. Iterate once.

    The constructor opens every named path, so that a wrong one is reported before anything is written.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        column: str | None = None,
        progress: Callable[[int, int | None], None] | None = None,
        ours: Iterable[Path] = (),
    ) -> None:
        """column: the text column of tables. progress: called with the bytes read and the total, None if unknown. ours: the models
        folder and the run folder in use, which are passed over inside a named folder."""
        self.column, self.progress = column, progress
        self.skipped = Skipped()
        self.walk = Walk(KINDS, ours, self.skipped)
        self.read = self.total = 0
        self.total_known = STDIN not in paths
        self.files: list[tuple[Path, str, bool]] = []  # path, name in the corpus, whether the user named it
        said = [self._look_into(path) for path in paths]
        self.description: Sequence[str] = [f"your own text: {', '.join(said)}", *self.walk.line(), *self._columns()]

    def _look_into(self, path: Path) -> str:
        """Add the files of a path and describe it; MinigptError if a named file cannot be read."""
        if path == STDIN:
            self.files.append((path, "standard input", True))
            return "standard input"
        if path.is_dir():
            return self._look_into_run(path) if is_run(path) else self._look_into_folder(path)
        if not os.path.lexists(path):
            raise MinigptError(f"{path} does not exist; --data takes a file or a folder")
        if path.suffix.lower() not in KINDS:
            raise MinigptError(f"{path}: minigpt reads {', '.join(KINDS)}; save it in one of these formats, in UTF-8")
        return self._look_into_file(path)

    def _look_into_folder(self, path: Path) -> str:
        files, others = self.walk.files(path)
        self.files += [(file, str(file.relative_to(path)), False) for file in files]
        self._weigh(files)
        count = f"{len(files):,} file{'s' if len(files) > 1 else ''}"
        return f"{path} ({count}{f', {len(others):,} of other kinds left out' if others else ''})"

    def _columns(self) -> list[str]:
        """Lines for the plan: the text columns of the tables in folders."""
        tables = [(path, name) for path, name, named in self.files if not named and path.suffix.lower() in TABLES]
        columns: dict[str, list[str]] = {}
        for path, name in tables[:LOOK_TABLES]:
            with suppress(MinigptError), open_file(path) as file:  # faults are reported when the file is read
                columns.setdefault(read_texts(blocks(file, path, lambda _: None), path, self.column, lambda _: None)[0], []).append(name)
        said = [f"{said} ({names[0] if len(names) == 1 else f'{len(names)} files'})" for said, names in columns.items() if said]
        more = f"; {len(tables) - LOOK_TABLES:,} more files not examined yet" if len(tables) > LOOK_TABLES else ""
        return [f"read as text: {', '.join(said)}{more}"] if said else []

    def _look_into_run(self, path: Path) -> str:
        """Read the corpus of a named run folder."""
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
            with suppress(OSError):  # reported when the file is read
                self.total += file.stat().st_size

    def __iter__(self) -> Iterator[Document]:
        """The documents, in the sorted order of files in a folder. MinigptError names the file and the bad byte or line in it."""
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
            raise MinigptError(f"no text found in --data: {self.skipped.first[0]}")

    def _texts(self, path: Path) -> Iterator[str]:
        """The texts of one file; reports progress while reading."""
        if path == STDIN:
            if sys.stdin is None:
                raise MinigptError("standard input is closed; name a file or a folder with --data")
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
            raise MinigptError(f"{path} is not a regular file; save its text to one")
        return path.open("rb")
    except OSError as error:
        raise MinigptError(f"{path} cannot be read: {error.strerror}") from error


def blocks(file: BinaryIO, path: Path, on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    """The rest of a file, BLOCK bytes at a time; `on_bytes` is called with the length of each block."""
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
    """A description of the file's columns, if it has any, and its texts, stripped and not empty."""
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
