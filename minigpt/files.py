"""Files that are either whole or not there: bytes in, a final name out; JSON that is read within bounds; checksums."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from .errors import MinigptError
from .place import File, Spot, spot

PIECE = 2**20  # bytes read at once
LIMIT = 64 * 2**20  # bytes of a text file; GPT-2's tokenizer.json has 3.5 MB
SEAL = "sha256"  # the name of a JSON object's checksum in it


@contextmanager
def whole_file(file: File) -> Iterator[BinaryIO]:
    """A temporary file beside `file` to write to; at the end it is brought to the disk, and only then gets its name.

    A symbolic link is never followed: neither one with the temporary name, nor one with the final name, which is replaced. A folder in a
    place (place.py) is written into even if its path leads elsewhere by now.
    """
    with spot(file) as at:
        temporary, stream = _temporary(at)
        try:
            with stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            at.place.rename(temporary, at.name)
            at.place.sync()
        except OSError as error:
            if error.filename:
                raise
            raise OSError(error.errno, error.strerror or str(error), str(at)) from error  # a failed write does not know its file's name
        finally:
            with suppress(OSError):
                at.place.remove(temporary)


def _temporary(at: Spot) -> tuple[str, BinaryIO]:
    """A new file in the same folder, and its name: the first of its form that nothing has."""
    for number in count():
        name = f".{at.name}.{os.getpid()}{f'-{number}' if number else ''}.minigpt-tmp"
        with suppress(FileExistsError):
            return name, at.place.create(name)
    raise AssertionError("there is always a free name")


TEMPORARY = re.compile(r"\.(?P<name>.+)\.(?P<process>[1-9]\d{0,8})(-\d+)?\.minigpt-tmp")


def temporary_of(name: str) -> tuple[str, int] | None:
    """The file that a temporary file was to become, and the process that wrote it; None for any other name."""
    match = TEMPORARY.fullmatch(name)
    return (match["name"], int(match["process"])) if match else None


def open_to_append(file: File) -> BinaryIO:
    """A file, made if there is none, to be read and written at its end; MinigptError where a symbolic link stands there.

    A file that has a second name elsewhere (a hard link, as in a copy by `cp -l`) is replaced by one of its own first.
    """
    with spot(file) as at:
        if at.path.is_symlink():
            raise MinigptError(f"{at} is a symbolic link, and nothing is written through one; remove it")
        opened = at.place.append(at.name)
        if os.fstat(opened.fileno()).st_nlink < 2:
            return opened
        with opened:
            opened.seek(0)
            write_bytes(at, opened.read())
        return at.place.append(at.name)


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def text_checksum(text: str) -> str:
    """The SHA-256 of a text as `write_text` writes it."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def write_bytes(file: File, data: bytes) -> None:
    """A file of these bytes, whole or not there."""
    with whole_file(file) as stream:
        stream.write(data)


def write_text(file: File, text: str) -> None:
    """A text as a UTF-8 file with \\n line ends, whatever the platform."""
    write_bytes(file, text.encode("utf-8"))


def write_json(file: File, value: Any) -> None:
    """A value as an indented JSON file; NaN and infinity, which JSON has not, are refused."""
    write_bytes(file, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """The bytes of such a file. Bytes of a file's name that are not UTF-8 are halves of surrogate pairs in Python; they become escapes, and
    come back as what they were."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "backslashreplace")


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
