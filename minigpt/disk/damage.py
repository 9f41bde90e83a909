"""A path and a checksum in; out comes nothing if the file is as its stage left it, else what is wrong, what to do and what still works.

Checksums are over the bytes that minigpt wrote. A text with other line ends (from git on Windows), or a JSON file with other spacing, says
the same and is accepted; its reader does not care either.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from minigpt.disk.files import PIECE, checksum, json_bytes, read_json_object
from minigpt.disk.shelf import CARD, CHECKPOINT
from minigpt.errors import MinigptError, as_argument

FOR_READERS = {CARD, "generation_config.json"}  # meant to be edited: no stage reads them, and they may be missing
TEXTS = {".json", ".jsonl", ".txt", ".md"}
NEEDED_TO_TRAIN = {"corpus.jsonl", "metrics.jsonl"}  # but not to load the model


def require_as_written(path: Path, known: str) -> None:
    """MinigptError unless the file exists and says what it said when this was its checksum."""
    if path.name in FOR_READERS or (path.is_file() and is_as_written(path, known)):
        return
    if not path.is_file():
        wrong = "is not a regular file" if os.path.lexists(path) else "is missing"
    else:
        wrong = f"is damaged{' or was edited' if path.suffix in TEXTS else ''}: its checksum does not fit"
    raise MinigptError(f"{path} {wrong}; {_remedy(path)}")


def is_as_written(path: Path, known: str) -> bool:
    """Whether a file says what it said when this was its checksum."""
    if checksum(path) == known:
        return True
    if path.suffix != ".json":
        return path.suffix in TEXTS and _plain_checksum(path) == known
    try:
        return hashlib.sha256(json_bytes(read_json_object(path))).hexdigest() == known
    except MinigptError:
        return False


def _plain_checksum(path: Path) -> str:
    """The SHA-256 of a text with \\n line ends."""
    digest, carriage = hashlib.sha256(), b""
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            piece = carriage + piece
            carriage = b"\r" if piece.endswith(b"\r") else b""
            digest.update(piece.removesuffix(b"\r").replace(b"\r\n", b"\n"))
    digest.update(carriage)
    return digest.hexdigest()


def _remedy(path: Path) -> str:
    """What to do, and what still works."""
    folder = path.parent.parent if path.parent.name == CHECKPOINT else path.parent
    if path.name not in NEEDED_TO_TRAIN:
        return "restore an intact copy, or start again in another folder"
    lines = ["the run cannot be trained further without it, so restore the original"]
    if path.name == "corpus.jsonl" and path.is_file():
        lines.append(f"to train a new model on it as it is: minigpt train --data {as_argument(path)}")
    if (folder / "model.safetensors").is_file():
        lines.append(f"the model itself works: minigpt generate {as_argument(folder)}, minigpt train --init {as_argument(folder)}")
    return "; ".join(lines)
