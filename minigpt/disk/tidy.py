"""A run folder -> the same under another name, or removed but for what is not the run's own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from minigpt.disk.folder import RunFolder
from minigpt.disk.locks import lock
from minigpt.disk.names import require_name
from minigpt.disk.place import RELATIVE, Place, hold, naming
from minigpt.disk.shelf import CHECKPOINT, INNER, LOCK, OUTER, RECORD, SYSTEM_FILES, writer_of
from minigpt.errors import MinigptError


def own_files(path: Path) -> dict[str, int]:
    """The files that are the run's own, checkpoint/ included, each with its size in bytes; links and folders never are."""
    found: dict[str, int] = {}
    for folder, ours, prefix in ((path, OUTER, ""), (path / CHECKPOINT, INNER, f"{CHECKPOINT}/")):
        if folder.is_dir() and not folder.is_symlink():
            with os.scandir(folder) as entries:
                found |= {
                    prefix + entry.name: entry.stat(follow_symlinks=False).st_size
                    for entry in entries
                    if entry.is_file(follow_symlinks=False) and _is_own(entry.name, ours)
                }
    return dict(sorted(found.items()))


def _is_own(name: str, ours: re.Pattern[str]) -> bool:
    """Whether a file has a name that a run gives, or that of a temporary file of it."""
    return bool(ours.fullmatch(name)) or writer_of(name, ours) is not None


@contextmanager
def claimed(path: Path) -> Iterator[tuple[Place, Place]]:
    """Hold a run's folder and its checkpoint/, which is made if it is missing; MinigptError if another process uses the run."""
    with hold(path) as place, place.inner(CHECKPOINT) as inner, lock(inner / LOCK, f"{path} is in use"):
        yield place, inner


def rename_run(path: Path, name: str) -> Path:
    """Rename a run's folder, beside where it is; its new path. Nothing is ever replaced."""
    require_name(name)
    run = RunFolder.open(path)
    path = path if path.name not in ("", "..") else path.resolve()
    target = path.parent / name
    if os.path.lexists(target) and not (target.is_dir() and os.path.samefile(path, target) and target.name != path.name):
        raise MinigptError(f"{target} exists already; choose another name")
    was_there = os.path.lexists(path / CHECKPOINT)
    with claimed(path) as (place, inner):
        if RELATIVE:
            with naming(path):
                os.rename(path, target)
        if not was_there:
            inner.remove(LOCK)
            place.remove_inner(CHECKPOINT)
    if not RELATIVE:  # Windows renames no folder with an open file in it
        if run.record["status"] == "complete":
            _drop_lock(path)
        with naming(path):
            os.rename(path, target)
    return target


def _drop_lock(path: Path) -> None:
    """Remove an unused lock and an empty checkpoint/."""
    with hold(path) as place:
        with place.inner(CHECKPOINT) as inner:
            inner.remove(LOCK)
        place.remove_inner(CHECKPOINT)


def remove_run(path: Path) -> list[str]:
    """Remove a run's own files, and its folder if nothing else is in it; what else is in it stays, and is returned by name.

    The record goes last: a removal that is interrupted can be repeated.
    """
    RunFolder.open(path)  # MinigptError for what is not a run folder
    where = path if path.name not in ("", "..") else path.resolve()
    with claimed(path) as (place, inner):
        for name in inner.files():
            if name != LOCK and _is_own(name, INNER):
                inner.remove(name)
        for name in place.files():
            if name != RECORD and _is_own(name, OUTER):
                place.remove(name)
        place.remove(RECORD)
    _drop_lock(path)
    left = sorted(entry.name for entry in os.scandir(path))
    if left and all(SYSTEM_FILES.fullmatch(name) for name in left):
        with hold(path) as place:
            for name in place.files():
                place.remove(name)
        left = sorted(entry.name for entry in os.scandir(path))
    if not left:
        with naming(path):
            os.rmdir(where)
    return left
