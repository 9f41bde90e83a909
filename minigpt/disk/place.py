"""A folder held open: files are written into that very folder, even if its path is moved or becomes a link in the meantime.

Where the system opens files relative to an open folder (everywhere but Windows), the folder cannot be swapped between two calls. On
Windows its identity is checked before each one.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from minigpt.errors import MinigptError, Moved

RELATIVE = os.open in os.supports_dir_fd
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
BINARY = getattr(os, "O_BINARY", 0)
# Errors of file systems that cannot sync a folder, or do not allow it: CIFS, VirtualBox, sshfs and other FUSE systems, WSL's drives.
UNSYNCABLE = {
    errno.EINVAL, errno.EIO, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF, errno.ENOSYS, errno.EACCES, errno.EPERM, errno.EISDIR,
    errno.ENOTTY,
}  # fmt: skip


class Place:
    """A held folder. `place / name` is a file in it, for the functions of files.py to write."""

    def __init__(self, path: Path, follow: bool, above: Place | None) -> None:
        """follow: whether the path may be a symbolic link. above: the parent folder, if that is held too."""
        self.path, self.follow, self.above = path, follow, above
        self.handle: int | None = None
        if RELATIVE:
            flags = os.O_RDONLY | os.O_DIRECTORY | (0 if follow else NO_LINK)
            with naming(path):
                self.handle = os.open(above._at(path.name) if above else path, flags, dir_fd=above.handle if above else None)
        self.identity = self._stat() if self.handle is None else os.fstat(self.handle)

    def __truediv__(self, name: str) -> Spot:
        return Spot(self, name)

    def close(self) -> None:
        """Close the folder."""
        if self.handle is not None:
            os.close(self.handle)

    def require_same(self) -> None:
        """Raise Moved unless the path still leads to this folder."""
        try:
            found = self._stat()
            same = os.path.samestat(found, self.identity)
        except (FileNotFoundError, NotADirectoryError):
            same = False
        if not same:
            raise Moved(
                f"{self.path} was moved, replaced or removed while the run was writing, and nothing was written in its place;"
                " if it was moved, `minigpt resume` continues the run from where it is now"
            )

    def _stat(self) -> os.stat_result:
        """The stat of whatever the path leads to now."""
        if self.above is None:
            return os.stat(self.path, follow_symlinks=self.follow)
        self.above.require_same()
        return os.stat(self.above._at(self.path.name), dir_fd=self.above.handle, follow_symlinks=self.follow)

    def _at(self, name: str) -> str | Path:
        """A file's name, as the system expects it together with `handle`."""
        return self.path / name if self.handle is None else name

    def create(self, name: str) -> BinaryIO:
        """A new file to write; FileExistsError if the name is taken."""
        return self._open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, "wb")

    def append(self, name: str) -> BinaryIO:
        """A file to read and append to, created if missing; OSError for a symbolic link."""
        return self._open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0), "a+b")

    def _open(self, name: str, flags: int, mode: str) -> BinaryIO:
        self.require_same()
        with naming(self.path / name):
            handle = os.open(self._at(name), flags | NO_LINK | BINARY, 0o666, dir_fd=self.handle)
            try:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise OSError(errno.EINVAL, "is not a regular file")
                return os.fdopen(handle, mode)  # type: ignore[return-value]
            except BaseException:
                os.close(handle)
                raise

    def rename(self, name: str, final: str) -> None:
        """Give a file its final name, replacing any file that has it."""
        self.require_same()
        with naming(self.path / final):
            os.replace(self._at(name), self._at(final), src_dir_fd=self.handle, dst_dir_fd=self.handle)

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""
        with naming(self.path / name), suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self.handle)

    def remove_inner(self, name: str) -> None:
        """Remove a subfolder, if it is empty."""
        with suppress(OSError):
            os.rmdir(self._at(name), dir_fd=self.handle)

    def files(self) -> list[str]:
        """The names of the regular files in it, sorted."""
        with naming(self.path), os.scandir(self.path if self.handle is None else self.handle) as found:
            return sorted(entry.name for entry in found if entry.is_file(follow_symlinks=False))

    def sync(self) -> bool:
        """Sync the folder's entries to disk; False if the file system cannot. Windows has no such call and needs none."""
        if self.handle is None:
            return True
        try:
            os.fsync(self.handle)
        except OSError as error:
            if error.errno not in UNSYNCABLE:
                raise OSError(error.errno, error.strerror, str(self.path)) from error
            return False
        return True

    @contextmanager
    def inner(self, name: str) -> Iterator[Place]:
        """Hold a subfolder, created if missing; MinigptError for a symbolic link."""
        self.require_same()
        with naming(self.path / name), suppress(FileExistsError):
            os.mkdir(self._at(name), dir_fd=self.handle)
        with hold(self.path / name, above=self) as place:
            yield place


@dataclass(frozen=True)
class Spot:
    """A file's name in a held folder."""

    place: Place
    name: str

    @property
    def path(self) -> Path:
        """The path, for reading."""
        return self.place.path / self.name

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return self.path.stem

    def with_name(self, name: str) -> Spot:
        """Another name in the same folder."""
        return Spot(self.place, name)

    def __str__(self) -> str:
        return str(self.path)


Folder: TypeAlias = Path | Place
File: TypeAlias = Path | Spot


@contextmanager
def hold(path: Path, follow: bool = False, above: Place | None = None) -> Iterator[Place]:
    """Hold a folder; MinigptError for a symbolic link, unless links are to be followed."""
    if path.is_symlink() and not follow:
        raise MinigptError(f"{path} is a symbolic link, and minigpt does not write through links; use the folder it points to")
    place = Place(path, follow, above)
    try:
        yield place
    finally:
        place.close()


@contextmanager
def held(folder: Folder) -> Iterator[Place]:
    """The folder as a Place: the same if it is held already, else held within the block."""
    if isinstance(folder, Place):
        yield folder
    else:
        with hold(folder, follow=True) as place:
            yield place


@contextmanager
def spot(file: File) -> Iterator[Spot]:
    """The file as a Spot, its folder held at least within the block."""
    if isinstance(file, Spot):
        yield file
    else:
        with hold(file.parent, follow=True) as place:
            yield place / file.name


def as_path(file: File) -> Path:
    """The path of a file, for reading."""
    return file.path if isinstance(file, Spot) else file


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Give an OSError raised within the block the full path of its file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
