"""A number and a noun in; out comes how one says it: 1 document, 2 documents."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """So many of a thing, thousands parted by commas; the plural is the noun with an s where none is given."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
