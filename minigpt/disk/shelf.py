"""The models folder: new run folders, which folders are free for a run, the list of runs."""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from minigpt.disk.files import read_json_object, temporary_of
from minigpt.disk.jsontext import unsealed
from minigpt.disk.locks import is_alive
from minigpt.disk.place import Place
from minigpt.errors import MinigptError

RECORD, METRICS, SAMPLES, CHECKPOINT = "run.json", "metrics.jsonl", "samples.jsonl", "checkpoint"
CARD, CORPUS, REPORT = "README.md", "corpus.jsonl", "report.html"
LOCK = "lock"
# The files that a run writes: in its folder, and in checkpoint/.
OUTER = re.compile(
    r"(run|config|generation_config|tokenizer|tokenizer_config|vocab)\.json|(metrics|corpus|samples)\.jsonl|model\.safetensors|merges\.txt"
    r"|README\.md|report\.html"
)
INNER = re.compile(r"lock|teacher\.jsonl|teacher-plan\.json|(train|held_out)(\.gpt2)?\.ids|(initial|state-\d{12})\.safetensors")
# Files that desktops and file servers put into folders (github.com/github/gitignore lists most); the last two are files that were
# removed while a program had them open.
SYSTEM_FILES = re.compile(
    r"\.DS_Store|\._.+|\.directory|\.localized|\.apdisk|\.VolumeIcon\.icns|Icon\r|desktop\.ini|thumbs\.db|ehthumbs(_vista)?\.db"
    r"|\.nfs[0-9a-f]+|\.fuse_hidden[0-9a-f]+",
    re.IGNORECASE,
)
SYSTEM_FOLDERS = {
    "lost+found", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", ".Spotlight-V100", ".Trashes", ".fseventsd",
    ".TemporaryItems", ".DocumentRevisions-V100", ".AppleDouble",
}  # fmt: skip
RECORD_LIMIT = 2**22  # bytes, at most, of a record in the list; most have about 20,000
# Bytes of every record that are free, and a budget for the bytes beyond, shared by all records: a folder full of huge ones takes seconds.
USUAL, EXTRA = 2**16, 2**24
NAMED = 10  # unreadable folders, at most, that the list names; the others are counted
SOURCES = 4  # of a corpus, at most, in the list
WIDEST = 200  # characters, at most, of a text in the list


def slug(prompt: str) -> str:
    """A prompt as a folder name: lower-case words joined by hyphens, at most 40 characters."""
    return re.sub(r"[^a-z0-9]+", "-", prompt.lower())[:40].strip("-") or "gpt"


def new_folder(models: Path, prompt: str) -> Path:
    """Make a new folder under `models`. Making it claims the name, so runs that start in the same second get one each."""
    models.mkdir(parents=True, exist_ok=True)
    name = f"{slug(prompt)}-{datetime.now():%Y%m%d-%H%M%S}"
    for number in range(1, 10_000):
        folder = models / (name if number == 1 else f"{name}-{number}")
        with suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise MinigptError(f"{models} has no free name for {name}; choose a folder with --out")


def require_free(folder: Path) -> None:
    """MinigptError unless the folder is empty or new: nothing is ever overwritten. Remains of a run that ended before its first record
    and the system's own files do not count."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise MinigptError(f"{folder} is not a folder; choose another one with --out")
    if folder.is_dir() and not _holds_nothing(folder, OUTER):
        raise MinigptError(f"{folder} is not empty, and nothing is overwritten; choose another --name or --out")


def _holds_nothing(folder: str | Path, ours: re.Pattern[str]) -> bool:
    with os.scandir(folder) as found:
        return all(_is_nothing(entry, ours) for entry in found)


def _is_nothing(entry: os.DirEntry[str], ours: re.Pattern[str]) -> bool:
    """Whether an entry is the system's, or left by a run that ended before its first record: a temporary file, or a lock alone."""
    if entry.is_file(follow_symlinks=False):
        ours_alone = entry.name == LOCK and ours is INNER
        return ours_alone or bool(SYSTEM_FILES.fullmatch(entry.name)) or writer_of(entry.name, ours) is not None
    if not entry.is_dir(follow_symlinks=False):
        return False
    return entry.name in SYSTEM_FOLDERS or (entry.name == CHECKPOINT and ours is OUTER and _holds_nothing(entry.path, INNER))


def writer_of(name: str, ours: re.Pattern[str]) -> int | None:
    """The process that writes, or wrote, this temporary file; None if it is not a temporary file of one of ours."""
    final, process = temporary_of(name) or ("", 0)
    return process if ours.fullmatch(final) else None


def sweep(place: Place, ours: re.Pattern[str]) -> None:
    """Remove temporary files of our own that killed processes left."""
    for name in place.files():
        process = writer_of(name, ours)
        if process and (process == os.getpid() or not is_alive(process)):
            place.remove(name)


def clear(place: Place) -> None:
    """Remove a run's files from checkpoint/, and no others. On Windows, files open in another program stay until the next use."""
    for name in place.files():
        if INNER.fullmatch(name):
            with suppress(PermissionError):
                place.remove(name)


def list_runs(models: Path) -> tuple[list[tuple[Path, dict[str, Any]]], list[str]]:
    """The runs under a folder, newest first, each with the part of its record that the list shows; and a line for each unreadable one.

    The folder may contain anything: a record must be a regular file of bounded size, and only what is shown is kept of it.
    """
    runs, unreadable, count, room = [], list[str](), 0, EXTRA
    for folder in _folders(models):
        try:
            size = _size(folder / RECORD)
            if size is None:
                continue
            if size > min(RECORD_LIMIT, USUAL + room):
                limit = f"{RECORD_LIMIT:,} that a list reads" if size > RECORD_LIMIT else "list has left for records of this size"
                raise MinigptError(f"{folder / RECORD} has {size:,} bytes, more than the {limit}")
            room -= max(0, size - USUAL)
            runs.append((folder, _shown(folder / RECORD)))
        except MinigptError as error:
            count += 1
            if count <= NAMED:
                unreadable.append(str(error))
    lines = sorted(unreadable) + ([f"{count - NAMED:,} more like these"] if count > NAMED else [])
    return sorted(runs, key=lambda run: str(run[1]["created"]), reverse=True), lines


def _folders(models: Path) -> Iterator[Path]:
    try:
        with os.scandir(models) as found:
            for entry in found:
                yield models / entry.name
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise MinigptError(f"{models} is not a folder; --models-dir takes the one that holds the runs") from error
    except OSError as error:
        raise MinigptError(f"{models} cannot be read: {error.strerror}") from error


def _size(path: Path) -> int | None:
    """The size of a record in bytes; None if there is none; MinigptError if it is not a regular file."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise MinigptError(f"{path.parent} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        raise MinigptError(f"{path} is not a regular file, so it cannot be the record of a run")
    return found.st_size


def _shown(path: Path) -> dict[str, Any]:
    """The part of a record that the list shows; MinigptError if it cannot be read or is not minigpt's."""
    record = unsealed(read_json_object(path), path)
    model, corpus, result = (part if isinstance(part := record.get(name), dict) else {} for name in ("model", "corpus", "result"))
    loss = result.get("held_out_loss")
    sources = corpus.get("by_source")
    return {
        **{name: _short(record.get(name)) for name in ("created", "status", "prompt")},
        "model": {"size": _short(model.get("size")), "parameters": _number(model.get("parameters"))},
        "corpus": {
            "documents": _number(corpus.get("documents")),
            "tokens": _number(corpus.get("tokens")),
            "sources": sorted(str(_short(name)) for name in sources)[:SOURCES] if isinstance(sources, dict) else [],
        },
        "result": {"held_out_loss": loss if isinstance(loss, float) else None, "held_out_bits_per_byte": bits_per_byte(result, corpus)},
    }


def bits_per_byte(result: dict[str, Any], corpus: dict[str, Any]) -> float | None:
    """A held-out loss in bits per byte of its text, so that models of different vocabularies compare; None if it is not known.

    A run that is not complete has the loss of its best model so far, in nats per token, from which the bits follow.
    """
    bits, loss = result.get("held_out_bits_per_byte"), result.get("held_out_loss")
    if isinstance(bits, float):
        return bits
    tokens, size = corpus.get("held_out_tokens"), corpus.get("held_out_bytes")
    if not isinstance(loss, float) or not isinstance(tokens, int) or not isinstance(size, int) or size < 1:
        return None
    return loss / math.log(2) * tokens / size


def _number(value: Any) -> int | None:
    """A whole number of at least 0 that a list has room for; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18 else None


def _short(value: Any) -> str | None:
    """A text, shortened to WIDEST characters; None for anything else."""
    if not isinstance(value, str):
        return None
    return value if len(value) <= WIDEST else f"{value[: WIDEST - 3]}..."
