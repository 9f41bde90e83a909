"""A file with every line and its time, for `--log`."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from minigpt.disk.foreign import one_line


class Log:
    """Lines appended to a file, each with date and time. A full disk ends the log, not the run."""

    def __init__(self, path: str | Path) -> None:
        """Raises OSError for a path that cannot be written."""
        self.file = open(path, "a", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115 (until close)

    def write(self, text: str) -> None:
        """Append a line, or several."""
        stamp = f"{datetime.now():%Y-%m-%d %H:%M:%S}"
        with suppress(OSError, ValueError):
            self.file.write("".join(f"{stamp}  {one_line(line)}".rstrip() + "\n" for line in text.splitlines() or [""]))

    def close(self) -> None:
        with suppress(OSError, ValueError):
            self.file.close()
