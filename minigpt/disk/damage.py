"""A file and its checksum -> nothing if it is intact, else an error that says what is wrong, what to do and what still works.

Checksums are of the bytes that minigpt wrote. Text with other line ends (from git on Windows) and JSON with other spacing say the same
and are accepted.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from minigpt.disk.files import CHUNK, checksum, json_bytes, read_json_object
from minigpt.disk.shelf import CARD, CHECKPOINT
from minigpt.errors import MinigptError, as_argument

FOR_READERS = {CARD, "generation_config.json"}  # may be edited or missing: no stage reads them
TEXTS = {".json", ".jsonl", ".txt", ".md"}
NEEDED_TO_TRAIN = {"corpus.jsonl", "metrics.jsonl"}  # but not to load the model


def require_as_written(path: Path, known: str) -> None:
    """MinigptError unless the file exists and its content matches the checksum."""
    if path.name in FOR_READERS or (path.is_file() and is_as_written(path, known)):
        return
    if not path.is_file():
        wrong = "is not a regular file" if os.path.lexists(path) else "is missing"
    else:
        wrong = f"is damaged{' or was edited' if path.suffix in TEXTS else ''}: its checksum does not match"
    raise MinigptError(f"{path} {wrong}; {_remedy(path)}")


def is_as_written(path: Path, known: str) -> bool:
    """Whether the content matches the checksum, line ends and JSON's spacing aside."""
    if checksum(path) == known:
        return True
    if path.suffix != ".json":
        return path.suffix in TEXTS and _plain_checksum(path) == known
    try:
        return hashlib.sha256(json_bytes(read_json_object(path))).hexdigest() == known
    except MinigptError:
        return False


def _plain_checksum(path: Path) -> str:
    """The SHA-256 of a text file with its line ends as \\n."""
    digest, carriage = hashlib.sha256(), b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            chunk = carriage + chunk
            carriage = b"\r" if chunk.endswith(b"\r") else b""
            digest.update(chunk.removesuffix(b"\r").replace(b"\r\n", b"\n"))
    digest.update(carriage)
    return digest.hexdigest()


def _remedy(path: Path) -> str:
    """What to do, and what still works."""
    folder = path.parent.parent if path.parent.name == CHECKPOINT else path.parent
    if path.name not in NEEDED_TO_TRAIN:
        return "restore an intact copy, or start again in another folder"
    lines = ["the run cannot be trained further without it, so restore the original"]
    if path.name == "corpus.jsonl" and path.is_file():
        lines.append(f"to train a new model on it as is: minigpt train --data {as_argument(path)}")
    if (folder / "model.safetensors").is_file():
        lines.append(f"the model itself works: minigpt generate {as_argument(folder)}, minigpt train --init {as_argument(folder)}")
    return "; ".join(lines)
