"""What was typed in earlier conversations: a file in the place of the platform, which only its user may read."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_toolkit.history import History

KEPT, LIMIT = 1000, 2**20  # entries that are kept when the file has grown to so many bytes


def history_file() -> Path | None:
    """Where the platform wants what a program remembers of its user; None without a home."""
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        return None
    if sys.platform == "win32":
        place = Path(os.environ.get("LOCALAPPDATA") or Path(home, "AppData", "Local"))
    elif sys.platform == "darwin":
        place = Path(home, "Library", "Application Support")
    else:
        state = os.environ.get("XDG_STATE_HOME", "")
        place = Path(state if os.path.isabs(state) else Path(home, ".local", "state"))
    return place / "minigpt" / "chat-history"


def kept_history() -> History:
    """What was typed in this conversation and earlier ones. Without a place on disk, what was typed in this one."""
    from prompt_toolkit.history import History

    path = history_file()

    class Kept(History):
        """A line of JSON per entry, so that an entry may have several lines."""

        def load_history_strings(self) -> Iterable[str]:
            return reversed(read_history(path)) if path else ()

        def store_string(self, string: str) -> None:
            if path:
                with suppress(OSError), os.fdopen(open_history(path), "ab") as file:
                    file.write(as_entry(string))

    return Kept()


def as_entry(text: str) -> bytes:
    return json.dumps(text).encode() + b"\n"


def open_history(path: Path) -> int:
    """A descriptor of the file, which only its user may read; OSError if it is not a regular file of theirs."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    handle = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0), 0o600)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path} is not a regular file")
        if os.name == "posix":
            os.fchmod(handle, 0o600)
    except OSError:
        os.close(handle)
        raise
    return handle


def read_history(path: Path) -> list[str]:
    """The entries, the oldest first; a file that has grown too long is cut to the latest ones."""
    try:
        with os.fdopen(open_history(path), "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LIMIT))
            entries = list(decoded(file.read(LIMIT).splitlines()))[-KEPT:]
            if size > LIMIT:
                file.truncate(0)
                file.write(b"".join(map(as_entry, entries)))
    except OSError:
        return []
    return entries


def decoded(lines: Iterable[bytes]) -> Iterator[str]:
    """The entries among some lines; others, such as one cut at its beginning, are passed over."""
    for line in lines:
        with suppress(ValueError, RecursionError):
            if isinstance(entry := json.loads(line), str):
                yield entry
