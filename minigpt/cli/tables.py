"""Cells -> lines that fit the terminal, whatever characters are in them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime

import click
from rich.cells import cell_len, chop_cells

from minigpt.cli.common import is_terminal
from minigpt.disk.foreign import one_line

GAP, INDENT = "  ", "  "
NARROW = 20  # columns: no terminal counts as narrower


def room() -> int | None:
    """The width of the terminal on standard output, in columns; None for a pipe or file, which take lines of any length."""
    return max(NARROW, shutil.get_terminal_size().columns) if is_terminal(sys.stdout) else None


def is_styled() -> bool:
    """Whether standard output shows bold text."""
    return is_terminal(sys.stdout) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def bold(text: str) -> str:
    """The text in bold, where that can be seen."""
    return click.style(text, bold=True) if is_styled() else text


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: set[str], ranked: Sequence[str], width: int | None) -> str:
    """A table with its head, in at most `width` columns.

    The first column is never cut. Where the others do not fit beside it, the least of them is left out; where that is not enough, the
    first gets a line of its own, and those of the others that fit the next. `ranked`: their heads, those that matter most first.
    `right`: the heads of the columns that are aligned to the right.
    """
    cells = [[one_line(cell) for cell in row] for row in (head, *rows)]
    widths = {name: max(cell_len(row[i]) for row in cells) for i, name in enumerate(head)}
    whole = sum(widths.values()) + len(GAP) * (len(head) - 1)
    spare = widths[ranked[-1]] + len(GAP)
    stacked = width is not None and whole - spare > width
    if width is None or whole <= width:
        shown = list(ranked)
    elif not stacked:
        shown = list(ranked[:-1])
    else:
        shown, taken = [], 0
        for name in ranked:
            if taken + widths[name] + len(GAP) <= width:
                shown.append(name)
                taken += widths[name] + len(GAP)
    lines = []
    for number, row in enumerate(cells):
        rest = GAP.join(padded(cell, widths[name], name in right) for name, cell in zip(head, row, strict=True) if name in shown).rstrip()
        told = [*chop_cells(row[0] or " ", width or NARROW), INDENT + rest] if stacked else []
        told = told or [f"{padded(row[0], widths[head[0]], False)}{GAP}{rest}".rstrip()]
        lines += [bold(line) for line in told] if number == 0 else told
    return "\n".join(lines)


def padded(text: str, width: int, right: bool) -> str:
    """The text with spaces before or after it, `width` columns wide."""
    space = " " * (width - cell_len(text))
    return space + text if right else text + space


def facts(pairs: Sequence[tuple[str, str]], width: int | None) -> str:
    """Names and what is to be said of each, wrapped with a hanging indent; a pair without a text is left out."""
    told = [(name, one_line(text)) for name, text in pairs if text]
    margin = max((len(name) for name, _ in told), default=0) + len(GAP)
    lines = []
    for name, text in told:
        first, *more = wrapped(text, max(NARROW // 2, width - margin) if width else None)
        lines += [bold(name.ljust(margin)) + first, *(" " * margin + line for line in more)]
    return "\n".join(lines)


def wrapped(text: str, width: int | None) -> list[str]:
    """The text in lines of at most `width` columns, broken between words, or within one that is wider; its own line ends stay."""
    if width is None:
        return text.split("\n")
    lines = []
    for paragraph in text.expandtabs(4).split("\n"):
        line = ""
        for word in paragraph.split(" "):
            joined = f"{line} {word}" if line else word
            if cell_len(joined) <= width:
                line = joined
                continue
            *full, line = ([line] if line else []) + chop_cells(word, width)
            lines += full
        lines.append(line)
    return lines


def beside(left: str, right: str, width: int) -> str:
    """Two texts in columns of `width` each, beside each other."""
    texts = [wrapped(text, width) for text in (left, right)]
    lines = max(map(len, texts))
    one, two = (text + [""] * (lines - len(text)) for text in texts)
    return "\n".join(f"{padded(a, width, False)}{GAP}{b}".rstrip() for a, b in zip(one, two, strict=True))


def count_in_short(number: int | None) -> str:
    """A number of three digits or so: 950, 120k, 14.0M; empty for None."""
    if number is None:
        return ""
    for unit, sign in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= 0.9995 * unit:
            scaled = number / unit
            return f"{scaled:.1f}{sign}" if scaled < 99.95 and unit > 10**3 else f"{scaled:.0f}{sign}"
    return str(number)


def local_time(created: object) -> str:
    """A moment of a record as the clock on the wall shows it; what is no moment stays as it is."""
    try:
        return datetime.fromisoformat(str(created)).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return str(created or "")
