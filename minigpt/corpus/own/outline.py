"""Splits a text, block by block, into sections at its Markdown headings.

Headings are `#` to `######` and lines underlined with `===` or `---`. There are none in fenced code (an unclosed fence lasts to the end
of the text, as in CommonMark) or in front matter.
"""

from __future__ import annotations

import re

DEEPEST = 6  # rank of a heading, 1 the highest
LINE = 4096  # most characters held back to see the last two lines whole
FRONT_MATTER = re.compile(r"\n*---[ \t]*\n(?=\w[\w -]*:)(?:(?!---|\.\.\.)[^\n]*\n){1,200}(?:---|\.\.\.)[ \t]*(?=\n)")
MARK = re.compile(
    r"""^(?:
        (?P<indent>[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?) (?P<fence>`{3,}|~{3,}) (?P<info>[^\n]*)   # also as the first line of a list item
      | [ ]{0,3} (?P<hashes>\#{1,6}) [ \t]
      | (?<=\n\n) (?![-*+>|=~`\#\s]) [^\n]{1,100} \n (?:(?P<first>={3,})|-{3,}) [ \t]* $
    )""",
    re.MULTILINE | re.VERBOSE,
)

Section = tuple[int, str]  # the rank of its heading, 0 if it has none, and its text, heading included


class Outline:
    """Reads a text from its beginning, with the state that carries over between blocks."""

    def __init__(self) -> None:
        self.held = ""  # the last lines, which the next block may turn into a heading
        self.before = "\n\n"  # the last two characters returned
        self.begins = True
        self.fence: tuple[str, int] | None = None  # the open fence, and its indentation

    def sections(self, block: str, last: bool = False) -> list[Section]:
        """The sections complete so far; the first continues the last one of the previous block, and may be empty."""
        text = self.held + block
        whole, start = self.before + text, len(self.before)
        end = start + (len(text) if last else whole_lines(text))
        if end == start:
            self.held = text
            return [(0, "")]
        front = FRONT_MATTER.match(whole, start) if self.begins else None
        starts, ranks = [start], [0]
        for mark in MARK.finditer(whole, front.end() if front else start):
            if mark.start() >= end:
                break
            if mark["fence"]:
                self._see_fence(mark["fence"], mark["info"], mark["indent"])
            elif not self.fence:
                starts.append(mark.start())
                ranks.append(len(mark["hashes"]) if mark["hashes"] else 1 if mark["first"] else 2)
        self.before, self.held, self.begins = whole[end - 2 : end], whole[end:], False
        return [(rank, whole[a:b]) for rank, a, b in zip(ranks, starts, [*starts[1:], end], strict=True)]

    def _see_fence(self, fence: str, info: str, indent: str) -> None:
        """Update the fence: a line that looks like one opens it, closes it, or is part of its code."""
        width = len(indent.expandtabs(4))
        if self.fence is None:
            if fence[0] == "~" or "`" not in info:
                self.fence = fence, width
        elif fence.startswith(self.fence[0]) and not info.strip() and not indent.strip() and width <= self.fence[1] + 3:
            self.fence = None


def whole_lines(text: str) -> int:
    """Where to stop in an unfinished text: before its last two lines, unless they are very long."""
    last = text.rfind("\n") + 1
    before = text.rfind("\n", 0, max(0, last - 1)) + 1
    return next((place for place in (before, last) if len(text) - place <= LINE), len(text))
