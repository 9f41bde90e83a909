"""Standard error as a terminal: lines that stay, and below them a live part that is redrawn.

rich lays out and colours; it writes into a buffer, and one call writes the buffer, so that nothing flickers and a reader or terminal
that is gone ends nothing.

The cursor waits at the beginning of the live part, not at its end. So it is erased by "everything from here on", which is right even
when the terminal was made narrower or wider in between and has wrapped the lines anew. Only when it was made lower, the cursor may be
anywhere, and the latest lines are written again on an empty screen.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections import deque
from collections.abc import Sequence
from io import StringIO
from typing import TextIO

from rich.console import Console
from rich.text import Text

from minigpt.cli.common import is_terminal, put

LEAST_COLUMNS, LEAST_ROWS = 24, 4  # of a live display
ERASE, EMPTY = "\r\x1b[J", "\x1b[H\x1b[2J"
REMEMBERED = 100  # lines
NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"  # the terminal may be narrower by the time it is written
FANCY = "━─▁▂▃▄▅▆▇█…"


class Pen(Console):
    """rich's console over a buffer, with the encoding of standard error."""

    def __init__(self, colours: bool) -> None:
        super().__init__(file=StringIO(), force_terminal=colours, highlight=False, emoji=False, markup=False, soft_wrap=False)

    @property
    def encoding(self) -> str:
        return (getattr(sys.stderr, "encoding", None) or "utf-8").lower()


class Terminal:
    """Lines on standard error. `live`: whether a part of it can be redrawn."""

    def __init__(self) -> None:
        self.seen = is_terminal(sys.stderr)
        self.pen = Pen(self.seen)
        dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
        self.live = self.seen and not dumb and not self.pen.legacy_windows
        self.fancy = encodes(FANCY, self.pen.encoding) and not asks_for_ascii()
        self.ellipsis = "…" if self.fancy else "..."
        self.shown: list[Text] = []  # the live part
        self.kept: deque[Text] = deque(maxlen=REMEMBERED)
        self.rows = 0  # of the terminal, when something was written last

    @property
    def roomy(self) -> bool:
        """Whether a live display fits now, and the terminal is not another program's: in the background one would draw over a prompt."""
        columns, rows = dimensions()
        return self.live and columns >= LEAST_COLUMNS and rows >= LEAST_ROWS and in_front(sys.stderr)

    @property
    def width(self) -> int | None:
        """The columns that a line may take; None where lines are not wrapped."""
        return max(8, dimensions()[0] - 1) if self.seen else None

    def keep(self, lines: Sequence[Text]) -> None:
        """Print lines that stay, above the live part."""
        self._write(lines, self.shown)

    def draw(self, lines: Sequence[Text]) -> None:
        """Redraw the live part."""
        self._write((), list(lines))

    def clear(self) -> None:
        """Erase the live part."""
        if self.shown:
            self._write((), [])

    def forget(self) -> None:
        """Erase the live part at once, from a signal's handler: without a buffer that might be in use."""
        if self.shown:
            self.shown = []
            os.write(sys.stderr.fileno(), ERASE.encode())

    def _write(self, lines: Sequence[Text], live: list[Text]) -> None:
        self.kept.extend(lines)
        rows = dimensions()[1]
        began = ERASE if self.shown else ""
        if self.shown and rows < self.rows:
            lines, began = self._latest(rows - len(live) - 1), EMPTY
        self.rows = rows
        stays = "".join(self._rendered(line) + "\n" for line in lines)
        below = ""
        if live:
            up = f"\x1b[{len(live) - 1}A" if len(live) > 1 else ""
            below = NO_WRAP + "\n".join(map(self._rendered, live)) + WRAP + up + "\r"
        self.shown = live
        put(began + stays + below)

    def _latest(self, rows: int) -> list[Text]:
        """The latest lines that stay, as many as fit on so many rows."""
        columns, latest = dimensions()[0], list[Text]()
        for line in reversed(self.kept):
            rows -= max(1, -(-line.cell_len // columns))
            if rows < 0:
                break
            latest.append(line)
        return latest[::-1]

    def _rendered(self, line: Text) -> str:
        if not self.seen:
            return line.plain
        with self.pen.capture() as captured:
            self.pen.print(line, end="", no_wrap=True, overflow="ignore", crop=False)
        return captured.get()


def dimensions() -> tuple[int, int]:
    """The columns and rows of the terminal on standard error; 80 and 24 if unknown."""
    columns, rows = shutil.get_terminal_size()  # COLUMNS and LINES, for a terminal that does not know its size
    try:
        size = os.get_terminal_size(sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):
        size = os.terminal_size((0, 0))
    return size.columns or columns or 80, size.lines or rows or 24


def in_front(stream: TextIO) -> bool:
    """Whether a terminal is this process's now; true for what is no terminal with jobs."""
    try:
        return sys.platform == "win32" or os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (AttributeError, OSError, ValueError):
        return True


def asks_for_ascii() -> bool:
    """Whether the locale is set to the one that has ASCII alone. Python writes UTF-8 there all the same."""
    return (os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE")) in ("C", "POSIX")


def encodes(text: str, encoding: str) -> bool:
    """Whether an encoding has all characters of a text."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
