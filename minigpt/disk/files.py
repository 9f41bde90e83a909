"""Atomic writes (a file is complete or not there), bounded reads of regular files, checksums."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from minigpt.disk.jsontext import decoded, json_object
from minigpt.disk.place import File, Spot, naming, spot
from minigpt.errors import MinigptError

CHUNK = 2**20  # bytes read at once
LIMIT = 64 * 2**20  # bytes, at most, of a text file; GPT-2's tokenizer.json has 3.5 MB


@contextmanager
def whole_file(file: File) -> Iterator[BinaryIO]:
    """Write to a temporary file beside `file`, which is synced and then renamed at the end.

    No symbolic link is followed: neither at the temporary name nor at the final one, which is replaced. A held folder (place.py) is
    written to even if its path leads elsewhere by now.
    """
    with spot(file) as at:
        temporary = ""
        try:
            for temporary in _temporary_names(at):  # known before the file exists: an interrupt in between leaves none behind
                with suppress(FileExistsError):
                    stream = at.place.create(temporary)
                    break
            with stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            at.place.rename(temporary, at.name)
            at.place.sync()
        except OSError as error:
            if error.filename and not TEMPORARY.fullmatch(os.path.basename(error.filename)):
                raise
            # An error in a write lacks the file's name, and nobody knows the temporary one.
            raise OSError(error.errno, error.strerror or str(error), str(at)) from error
        finally:
            with suppress(OSError):
                at.place.remove(temporary)


def _temporary_names(at: Spot) -> Iterator[str]:
    """Names for a file beside `at`, without end; the first free one is taken."""
    for number in count():
        yield f".{at.name}.{os.getpid()}{f'-{number}' if number else ''}.minigpt-tmp"


TEMPORARY = re.compile(r"\.(?P<name>.+)\.(?P<process>[1-9]\d{0,8})(-\d+)?\.minigpt-tmp")


def temporary_of(name: str) -> tuple[str, int] | None:
    """The final name of a temporary file, and the process that wrote it; None for any other name."""
    match = TEMPORARY.fullmatch(name)
    return (match["name"], int(match["process"])) if match else None


def require_free(path: Path) -> None:
    """MinigptError if there is anything at a path that somebody chose for a new file."""
    if os.path.lexists(path):
        raise MinigptError(f"{path} exists already, and nothing is overwritten; remove it, or choose another file with --out")


def open_to_append(file: File) -> BinaryIO:
    """Open a file to read and append, created if missing; MinigptError if it is a symbolic link.

    A file with a hard link elsewhere, as `cp -l` makes, is first replaced by a copy.
    """
    with spot(file) as at:
        if at.path.is_symlink():
            raise MinigptError(f"{at} is a symbolic link, and minigpt does not write through links; remove it")
        opened = at.place.append(at.name)
        if os.fstat(opened.fileno()).st_nlink < 2:
            return opened
        with opened:
            opened.seek(0)
            write_bytes(at, opened.read())
        return at.place.append(at.name)


def open_to_read(path: Path) -> BinaryIO:
    """Open a regular file for reading; MinigptError for anything else.

    Never waits for a FIFO or opens a device: the type of the file is checked before and after it is opened.
    """
    try:
        _require_regular(path, os.stat(path))
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        file = io.BufferedReader(_Named(handle, path))
    except FileNotFoundError as error:
        raise MinigptError(f"{path} is missing") from error
    except OSError as error:
        raise MinigptError(f"{path} cannot be read: {error.strerror}") from error
    try:
        _require_regular(path, os.fstat(file.fileno()))
    except MinigptError:
        file.close()
        raise
    return file


class _Named(io.FileIO):
    """An open file whose read errors carry its path, which the system leaves out."""

    def __init__(self, handle: int, path: Path) -> None:
        super().__init__(handle, "rb")
        self.path = path

    def readinto(self, buffer: Any) -> int | None:
        with naming(self.path):
            return super().readinto(buffer)


def _require_regular(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kinds = {stat.S_IFDIR: "Is a directory", stat.S_IFIFO: "Is a FIFO, not a file", stat.S_IFSOCK: "Is a socket, not a file"}
        raise MinigptError(f"{path} cannot be read: {kinds.get(stat.S_IFMT(found.st_mode), 'Is a device, not a file')}")


def read_bytes(path: Path, limit: int | None = None) -> bytes:
    """The bytes of a file; MinigptError for more than `limit`, by default LIMIT. The bytes read are counted, as a file may grow."""
    limit, data = limit or LIMIT, bytearray()
    with open_to_read(path) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            while size <= limit and (chunk := file.read(CHUNK)):  # None if no byte is ready yet
                data += chunk
                size = max(size, len(data))
        except OSError as error:
            raise MinigptError(f"{path} cannot be read: {error.strerror}") from error
    if size > limit:
        raise MinigptError(f"{path} has {size:,} bytes, more than the {limit:,} that such a file may have")
    return bytes(data)


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. A growing file is read to one byte past its initial size."""
    digest = hashlib.sha256()
    with open_to_read(path) as file:
        left = os.fstat(file.fileno()).st_size + 1
        while left and (chunk := file.read(min(left, CHUNK))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def text_checksum(text: str) -> str:
    """The SHA-256 of the file that `write_text` makes of a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def write_bytes(file: File, data: bytes) -> None:
    """Write a file atomically."""
    with whole_file(file) as stream:
        stream.write(data)


def write_text(file: File, text: str) -> None:
    """Write a UTF-8 file with \\n line ends, whatever the platform."""
    write_bytes(file, text.encode("utf-8"))


def write_json(file: File, value: Any) -> None:
    """Write an indented JSON file; NaN and infinity, which JSON lacks, are refused."""
    write_bytes(file, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """The bytes of such a file. Bytes of a file name that are not UTF-8 (lone surrogates in Python) become escapes, which read back
    unchanged."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "backslashreplace")


def read_text(path: Path) -> str:
    """The text of a UTF-8 file of bounded size."""
    return decoded(read_bytes(path), path)


def read_json_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file; MinigptError for anything else."""
    return json_object(read_text(path), path)
