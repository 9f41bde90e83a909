"""A run folder -> a zip for somebody else, and such a zip -> a folder to read from."""

from __future__ import annotations

import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from minigpt.disk.files import LIMIT, json_bytes, open_to_read, require_free, whole_file
from minigpt.disk.folder import RunFolder, require_sound
from minigpt.disk.jsontext import sealed
from minigpt.disk.shelf import CHECKPOINT, OUTER, RECORD
from minigpt.disk.standing import LEFT_OUT, WEIGHTS, standing
from minigpt.disk.tidy import own_files
from minigpt.errors import MinigptError, first_line

CORPUS, REPORT = "corpus.jsonl", "report.html"
INSIDE = re.compile(r"(?:[^/\\]+/)?([^/\\]+)")  # a file of the archive: in one folder, or in none
EXPANSION = 50  # of a large file, at most: weights hardly shrink and text shrinks to a fifth, so what grows like this is a trap
REPEATS = "Bear in mind that a model can repeat passages of the text it learned from"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time in a zip


@dataclass(frozen=True)
class Export:
    """What was written: the archive, its files, what was left out and why, and what its reader should know."""

    path: Path
    names: list[str]
    left_out: list[str]
    note: str


def export_zip(path: Path, out: Path, corpus: bool = False, checkpoint: bool = False) -> Export:
    """Write a run as an archive with one folder in it, atomically. Its files are verified first.

    Without `corpus` nothing of the text that was learned leaves the machine: not the corpus, not the documents that the record quotes,
    and no report with passages of own text. Without `checkpoint` the record names no path of this machine.
    """
    require_free(out)
    run = RunFolder.open(path)
    with ExitStack() as stack:
        if checkpoint and run.record["status"] != "complete":
            stack.enter_context(run.in_use())  # nobody else may write it meanwhile
            run.require_current()
        names = list(own_files(path))
        if WEIGHTS not in names and not (corpus and checkpoint):
            why = standing(path, run.record) or f"{path} has no {WEIGHTS}"
            raise MinigptError(f"{why}; to export it unfinished, as it is: --with-corpus --with-checkpoint")
        kept, left_out = chosen(names, run.record, corpus, checkpoint)
        record = run.record if checkpoint else without_places(run.record)
        record = record if corpus else without_text(record)
        if record["status"] != "complete" and not checkpoint:
            record = {**record, "checkpoint": LEFT_OUT}
        require_sound(path, kept)
        with whole_file(out) as stream:
            write_archive(stream, path, kept, record)
    notes = [standing(path, run.record), "" if corpus or not is_private(run.record) else REPEATS]
    return Export(out, kept, left_out, ". ".join(filter(None, notes)))


def is_private(record: dict[str, Any]) -> bool:
    """Whether it learned from the user's own text."""
    return "own" in record.get("corpus", {}).get("by_source", {})


def chosen(names: list[str], record: dict[str, Any], corpus: bool, checkpoint: bool) -> tuple[list[str], list[str]]:
    """The files to pack, and a line for each thing that is left out."""
    inner = [name for name in names if name.startswith(f"{CHECKPOINT}/") and not name.endswith(("/lock", ".minigpt-tmp"))]
    outer = [name for name in names if OUTER.fullmatch(name)]
    left_out = []
    if not corpus and CORPUS in outer:
        outer.remove(CORPUS)
        left_out.append(f"{CORPUS}, the text it learned from; add --with-corpus to include it")
        if is_private(record) and REPORT in outer:
            outer.remove(REPORT)
            left_out.append(f"{REPORT}, which quotes that text; add --with-corpus to include it")
    if not checkpoint and inner:
        left_out.append(f"{CHECKPOINT}/, without which the run cannot be resumed; add --with-checkpoint to include it")
        inner = []
    return [*outer, *inner], left_out


def without_text(record: dict[str, Any]) -> dict[str, Any]:
    """The record without what it quotes of the corpus."""
    report = {name: part for name, part in record.get("report", {}).items() if name not in ("examples", "openings")}
    return {**record, "report": report} if "report" in record else record


def without_places(record: dict[str, Any]) -> dict[str, Any]:
    """The record without paths and addresses of the machine where it was made: of files, the names stay."""
    o = dict(record.get("options", {}))
    for name in ("out", "models_dir", "init"):
        if isinstance(o.get(name), str):
            o[name] = last_part(o[name])
    o |= {"data": [last_part(each) for each in o.get("data", [])]} if "data" in o else {}
    o |= {"ollama_host": []} if "ollama_host" in o else {}
    start = record.get("start")
    if isinstance(start, dict) and isinstance(start.get("init"), str):
        start = {**start, "init": last_part(start["init"])}
    source = record.get("source")
    if isinstance(source, dict) and "why" in source:
        source = {name: part for name, part in source.items() if name != "why"}
    teacher = record.get("teacher")
    if isinstance(teacher, dict):
        teacher = {name: part for name, part in teacher.items() if name != "hosts"}
    parts = (("options", o), ("start", start), ("source", source), ("teacher", teacher))
    replaced = {name: part for name, part in parts if name in record}
    return {**record, **replaced}


def last_part(path: str) -> str:
    """The last name of a path of any system."""
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1] or path


def write_archive(stream: BinaryIO, path: Path, names: list[str], record: dict[str, Any]) -> None:
    """The archive. The same run gives the same bytes; weights, which hardly shrink, are stored as they are."""
    top, made = path.resolve().name, _time(record.get("created"))
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(f"{top}/{name}", made)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.compress_type = zipfile.ZIP_STORED if name.endswith((".safetensors", ".ids")) else zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as target:
                if name == RECORD:
                    target.write(json_bytes(sealed(record)))
                    continue
                with open_to_read(path / name) as source:
                    shutil.copyfileobj(source, target, 2**20)


def _time(created: object) -> tuple[int, int, int, int, int, int]:
    """When a run began, as a zip has it."""
    found = re.match(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)", str(created))
    year, month, day, hour, minute, second = map(int, found.groups()) if found else EPOCH
    return (year, month, day, hour, minute, second) if 1980 <= year < 2108 else EPOCH


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The model folder in an archive, unpacked to where it is removed again at the end; MinigptError for any other archive."""
    with tempfile.TemporaryDirectory(prefix="minigpt-") as root:
        folder = Path(root) / (path.stem or "model")
        folder.mkdir()
        _unpack(path, folder)
        yield folder


def _unpack(path: Path, folder: Path) -> None:
    """Only files with a model folder's own names are unpacked, whatever else the archive has, and no more bytes than they may have."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name, entry in _members(path, archive).items():
                with archive.open(entry) as source, (folder / name).open("xb") as target:
                    shutil.copyfileobj(source, target, 2**20)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:  # RuntimeError: it has a password
        raise MinigptError(f"{path} is damaged, or not an archive that minigpt reads: {first_line(error)}") from error


def _members(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The archive's files that belong to a model folder, by their name in it."""
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        inside = INSIDE.fullmatch(entry.filename)
        if entry.is_dir() or not inside or not OUTER.fullmatch(inside[1]):
            continue
        if inside[1] in found:
            raise MinigptError(f"{path} holds two files called {inside[1]}, so it is not one model")
        if entry.file_size > max(LIMIT, EXPANSION * entry.compress_size):
            raise MinigptError(f"{path}: {inside[1]} would have {entry.file_size:,} bytes, more than such a file may have")
        found[inside[1]] = entry
    if WEIGHTS not in found:
        raise MinigptError(f"{path} holds no model: {WEIGHTS} is not in it")
    return found
