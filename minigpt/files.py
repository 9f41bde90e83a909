"""Files that are either whole or not there: bytes in, a final name out; and JSON that is read within bounds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from .errors import MinigptError

LIMIT = 64 * 2**20  # bytes of a text file; GPT-2's tokenizer.json has 3.5 MB


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A temporary file beside `path` to write to; at the end it is brought to the disk, and only then gets its name."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """A file of these bytes, whole or not there."""
    try:
        with whole_file(path) as file:
            file.write(data)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error  # a failed write does not know its file's name


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
