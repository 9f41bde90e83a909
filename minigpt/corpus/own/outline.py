"""A text, block by block -> its sections: where each heading is, and its rank.

Headings are Markdown's: `#` to `######`, and lines underlined with `===` or `---`. Fenced code has none (a fence that is never closed
lasts to the end of the text, as CommonMark says), nor does a page's front matter.
"""

from __future__ import annotations

import re

DEEPEST = 6  # rank of a heading
LINE = 4096  # characters held back to see the last two lines whole
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
    """Reads a text from its beginning, and remembers whether the last block ended in fenced code."""

    def __init__(self) -> None:
        self.held = ""  # the last lines, whole or not, which the next block decides
        self.before = "\n\n"  # the last two characters that were given out
        self.begins = True
        self.fence: tuple[str, int] | None = None  # the open fence, and its indentation

    def sections(self, block: str, last: bool = False) -> list[Section]:
        """The sections known by now; the first continues the last one of the block before, and may be empty."""
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
                self._meet(mark["fence"], mark["info"], mark["indent"])
            elif not self.fence:
                starts.append(mark.start())
                ranks.append(len(mark["hashes"]) if mark["hashes"] else 1 if mark["first"] else 2)
        self.before, self.held, self.begins = whole[end - 2 : end], whole[end:], False
        return [(rank, whole[a:b]) for rank, a, b in zip(ranks, starts, [*starts[1:], end], strict=True)]

    def _meet(self, fence: str, info: str, indent: str) -> None:
        """A line that looks like a fence opens one, closes the open one, or is part of its code."""
        width = len(indent.expandtabs(4))
        if self.fence is None:
            if fence[0] == "~" or "`" not in info:
                self.fence = fence, width
        elif fence.startswith(self.fence[0]) and not info.strip() and not indent.strip() and width <= self.fence[1] + 3:
            self.fence = None


def whole_lines(text: str) -> int:
    """Where to stop reading an unfinished text: before its last two lines, unless they are very long."""
    last = text.rfind("\n") + 1
    before = text.rfind("\n", 0, max(0, last - 1)) + 1
    return next((place for place in (before, last) if len(text) - place <= LINE), len(text))
