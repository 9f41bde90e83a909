"""Finds the user's own text files in a folder, and counts what it passes over.

It passes over what minigpt itself wrote (run folders, the models folder in use), other models, and what belongs to programs: version
control, caches, virtual environments, installed packages, system folders, and everything hidden. A folder that the user names is always
entered; only its contents are judged.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from minigpt.disk.files import read_json_object
from minigpt.disk.shelf import CHECKPOINT, RECORD, SYSTEM_FOLDERS
from minigpt.errors import MinigptError

VERSION_CONTROL = frozenset((".git", ".hg", ".svn", ".bzr", ".jj", "CVS", "_darcs"))
CACHES = frozenset(("__pycache__", ".cache", ".ipynb_checkpoints"))
SYSTEM = SYSTEM_FOLDERS | {"__MACOSX"}  # __MACOSX: in archives from macOS
PACKAGES = frozenset(("site-packages", "dist-packages", "node_modules", "bower_components"))
PACKAGE_ENDINGS = (".dist-info", ".egg-info")
CACHE_TAG, CACHE_SIGNATURE = "CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55"  # https://bford.info/cachedir/
WEIGHTS = ("model.safetensors", "pytorch_model.bin", "model.safetensors.index.json", "pytorch_model.bin.index.json")
SHOWN = 3  # names listed of a kind


class Walk:
    """Finds the user's files in folders; `passed` counts by kind what was passed over."""

    def __init__(self, kinds: Sequence[str], ours: Iterable[Path], skip: Callable[[str], None]) -> None:
        """kinds: the suffixes to read. ours: the models folder and the run folder in use. skip: called with what cannot be read."""
        self.kinds, self.skip = kinds, skip
        self.ours = {key for path in ours if (key := identity(path))}
        self.passed: Counter[str] = Counter()

    def files(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The files to read and those of other kinds, each sorted; MinigptError if there are none to read, with what is there instead."""
        hidden: list[Path] = []
        before = self.passed.copy()
        found = sorted(self._visible(folder, hidden))
        files = [path for path in found if self._is_readable(path)]
        others = [path for path in found if not self._is_readable(path)]
        if not files:
            seen = [in_words(kind, count) for kind, count in sorted((self.passed - before).items())]
            seen += [named(kind, paths) for kind, paths in (("file of another kind", others), ("hidden file", hidden)) if paths]
            raise MinigptError(f"{folder} has no {', '.join(self.kinds)} file; it has {', '.join(seen) or 'nothing'}")
        self.passed["hidden file"] += sum(map(self._is_readable, hidden))
        return files, others

    def line(self) -> list[str]:
        """A line for the plan with what was passed over, if anything was."""
        said = ", ".join(in_words(kind, count) for kind, count in sorted((+self.passed).items()))
        return [f"ignored: {said}"] if said else []

    def _is_readable(self, path: Path) -> bool:
        return path.suffix.lower() in self.kinds

    def _visible(self, folder: Path, hidden: list[Path]) -> Iterator[Path]:
        """Every file not passed over. Links to folders are followed, each folder once."""
        seen: set[tuple[int, int]] = set()

        def unreadable(error: OSError) -> None:
            self.skip(f"{error.filename} cannot be read: {error.strerror}")

        for place, folders, files in os.walk(folder, followlinks=True, onerror=unreadable):
            here = identity(Path(place))
            if here is None or here in seen:
                folders.clear()
                continue
            seen.add(here)
            folders[:] = [name for name in sorted(folders) if not self._passes_over(Path(place, name))]
            hidden += [Path(place, name) for name in files if name.startswith(".")]
            yield from (Path(place, name) for name in files if not name.startswith("."))

    def _passes_over(self, folder: Path) -> bool:
        kind = "models folder" if identity(folder) in self.ours and not is_run(folder) else kind_of(folder)
        if kind:
            self.passed[kind] += 1
        return bool(kind)


def kind_of(folder: Path) -> str | None:
    """What a folder is if its files are not the user's own; None if it should be read."""
    name = folder.name
    if is_run(folder):
        return "run folder"
    if os.path.isfile(folder / "pyvenv.cfg") or os.path.isdir(folder / "conda-meta"):
        return "virtual environment"
    if name in SYSTEM:
        return "system folder"
    if any(os.path.isfile(folder / weights) for weights in WEIGHTS):
        return "model folder"  # its card and its tokenizer are not training text
    if name in VERSION_CONTROL or is_bare_repository(folder):
        return "version control folder"
    if name in CACHES or is_tagged_cache(folder):
        return "cache folder"
    if name in PACKAGES or name.endswith(PACKAGE_ENDINGS):
        return "folder of installed packages"
    if os.path.isfile(folder / "CMakeCache.txt"):
        return "build folder"
    return "hidden folder" if name.startswith(".") else None


def is_run(folder: Path) -> bool:
    """Whether minigpt wrote this folder: its run.json is a minigpt record, intact or damaged."""
    if not os.path.isfile(folder / RECORD):
        return False
    try:
        record = read_json_object(folder / RECORD)
    except MinigptError:
        return os.path.isdir(folder / CHECKPOINT) or os.path.isfile(folder / "model.safetensors")
    return isinstance(record.get("minigpt"), str) and isinstance(record.get("options"), dict)


def is_bare_repository(folder: Path) -> bool:
    """Whether a folder is a Git repository without a working tree."""
    return os.path.isfile(folder / "HEAD") and os.path.isdir(folder / "objects") and os.path.isdir(folder / "refs")


def is_tagged_cache(folder: Path) -> bool:
    """Whether the folder is tagged as a cache, by the cache directory tagging convention."""
    try:
        with open(folder / CACHE_TAG, "rb") as file:
            return file.read(len(CACHE_SIGNATURE)) == CACHE_SIGNATURE
    except OSError:
        return False


def identity(path: Path) -> tuple[int, int] | None:
    """A folder's device and inode, which identify it under any name; None if it does not exist."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def in_words(kind: str, count: int) -> str:
    """`a run folder`, `2 run folders`, `3 folders of installed packages`."""
    noun, of, rest = kind.partition(" of ")
    return f"a {kind}" if count == 1 else f"{count:,} {noun}s{of}{rest}"


def named(kind: str, paths: Sequence[Path]) -> str:
    """`2 hidden files (.DS_Store, .notes.txt)`; only the first few names are listed."""
    names = sorted({path.name for path in paths})
    return f"{in_words(kind, len(paths))} ({', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''})"
