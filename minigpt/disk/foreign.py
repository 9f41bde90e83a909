"""Untrusted text -> text that is safe to show in a terminal, a one-line message or Markdown."""

from __future__ import annotations

import re

# What a terminal obeys: control characters other than newlines and tabs, and marks that change the direction of text.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f]")
ENDS = re.compile("[\n\u2028\u2029]")
LINE = 2000  # characters of a text in Markdown, at most
# What starts inline Markdown, GitHub's included; a backslash before it makes it an ordinary character.
SPECIAL = re.compile(r"[\\`*_\[\]~|#$@]|(?<=\])\(|:(?=//|[\w+-]+:)|(?i:(?<=\bwww))\.")
ENTITIES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;"})
JOINERS = "\u200c\u200d"  # invisible, but part of how words in many scripts, and some emoji, are spelled
FENCE = re.compile("`{3,}")


def printable(text: str) -> str:
    """The text without the characters that a terminal obeys; newlines and tabs stay."""
    return OBEYED.sub("", text)


def one_line(text: str) -> str:
    """The text as one printable line."""
    return ENDS.sub(" ", printable(text))


def plain(text: object, limit: int = 200) -> str:
    """Untrusted text as one printable line of bounded length, for messages."""
    line = " ".join("".join(c if c.isprintable() or c in JOINERS else " " for c in str(text)[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def markdown(text: object) -> str:
    """The text escaped for a line of Markdown: it makes no link, picture, tag, formula or emphasis."""
    return SPECIAL.sub(r"\\\g<0>", plain(text, LINE)).translate(ENTITIES)


def fenced(text: str) -> str:
    """The text as a Markdown code block, with a fence longer than any in it."""
    fence = "`" * max([3, *(len(found) + 1 for found in FENCE.findall(text))])
    return f"{fence}text\n{printable(text)}\n{fence}"
