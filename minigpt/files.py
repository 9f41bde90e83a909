"""Files that are either whole or not there: bytes in, a final name out; JSON that is read within bounds; locks and checksums."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from .errors import MinigptError

PIECE = 2**20  # bytes read at once
LIMIT = 64 * 2**20  # bytes of a text file; GPT-2's tokenizer.json has 3.5 MB
SEAL = "sha256"  # the name of a JSON object's checksum in it


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A temporary file beside `path` to write to; at the end it is brought to the disk, and only then gets its name.

    A symbolic link is never followed: neither one with the temporary name, nor one with the final name, which is replaced.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        if error.filename:
            raise
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error  # a failed write does not know its file's name
    finally:
        temporary.unlink(missing_ok=True)


def open_to_append(path: Path) -> BinaryIO:
    """A file, made if there is none, to be read and written at its end; MinigptError where a symbolic link stands there."""
    if path.is_symlink():
        raise MinigptError(f"{path} is a symbolic link, and nothing is written through one; remove it")
    return path.open("a+b")


@contextmanager
def lock(path: Path, what: str) -> Iterator[None]:
    """Hold a file that only one process can hold; MinigptError "`what` by process 123" where another one does.

    The system lets go of it with the process, whatever ends that, so a file that a crash left behind holds nobody up.
    """
    with open_to_append(path) as file:
        if not _acquire(file):
            file.seek(0)
            holder = file.read(20).decode("ascii", "replace")
            raise MinigptError(f"{what} by process {holder or 'unknown'}; wait until it ends, or end it")
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        yield


def _acquire(file: BinaryIO) -> bool:
    """Take the system's lock of an open file, if it is free."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(2**30)  # a locked byte cannot be read by others there, and the id stands at the beginning
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, where the system can do that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """A file of these bytes, whole or not there."""
    with whole_file(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """A text as a UTF-8 file with \\n line ends, whatever the platform."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """A value as an indented JSON file; NaN and infinity, which JSON has not, are refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_text(path: Path) -> str:
    """The text of a UTF-8 file of bounded size."""
    try:
        if (size := path.stat().st_size) > LIMIT:
            raise MinigptError(f"{path}: {size:,} bytes are more than the {LIMIT:,} that such a file may have here")
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise MinigptError(f"{path} is missing") from error
    except OSError as error:
        raise MinigptError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MinigptError(f"{path} is not UTF-8: byte {error.start}") from error


def read_json_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file; MinigptError for whatever else stands there."""
    text = read_text(path)
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise MinigptError(f"{path} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise MinigptError(f"{path} is nested too deeply") from error
    except ValueError as error:  # a whole number of more than 4,300 digits; NaN
        raise MinigptError(f"{path} holds a number that cannot be: {error}") from error
    if not isinstance(value, dict):
        raise MinigptError(f"{path}: wanted a JSON object, got {type(value).__name__}")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def sealed(value: dict[str, Any]) -> dict[str, Any]:
    """A JSON object with the checksum of all that it says; how it is spaced and escaped does not count."""
    text = json.dumps({name: part for name, part in value.items() if name != SEAL}, sort_keys=True, allow_nan=False)
    return {**value, SEAL: hashlib.sha256(text.encode()).hexdigest()}


def unsealed(value: dict[str, Any], where: object) -> dict[str, Any]:
    """The object without its checksum; MinigptError where that does not fit."""
    if SEAL not in value:
        raise MinigptError(f"{where} has no checksum: it is damaged, or of another version of minigpt")
    if sealed(value)[SEAL] != value[SEAL]:
        raise MinigptError(f"{where} is damaged or was changed: its checksum does not fit")
    return {name: part for name, part in value.items() if name != SEAL}
