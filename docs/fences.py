"""The documents and their fenced blocks, with the marker comment that may stand before one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARKER = re.compile(r"<!-- (source|break): (.+) -->")
FENCE = re.compile(r"```(\S*)")


class DocumentError(Exception):
    """A marker that does not fit the source; the message names both."""


@dataclass
class Fence:
    """A fenced block, its body lines[start:stop]; kind and words of the marker before it."""

    language: str
    kind: str
    words: list[str]
    start: int
    stop: int


def documents(root: Path = ROOT) -> list[Path]:
    """README.md, CONTRIBUTING.md, those of the examples and everything in docs/."""
    top = [root / name for name in ("README.md", "CONTRIBUTING.md", "examples/README.md")]
    return [path for path in top if path.exists()] + sorted((root / "docs").rglob("*.md"))


def fences(lines: list[str]) -> Iterator[Fence]:
    """The fenced blocks of a document, in order."""
    opened: tuple[str, int] | None = None
    for i, line in enumerate(lines):
        if opened is None and (match := FENCE.fullmatch(line.strip())):
            opened = match[1], i
        elif opened is not None and line.strip() == "```":
            language, at = opened
            marker = MARKER.fullmatch(lines[at - 1].strip()) if at else None
            kind, words = (marker[1], shlex.split(marker[2])) if marker else ("", [])
            yield Fence(language, kind, words, at + 1, i)
            opened = None
    if opened is not None:
        raise DocumentError(f"the fence in line {opened[1] + 1} is never closed")
