"""A number and a noun in, a phrase out: 1 document, 2 documents."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """A count in words, with commas between thousands; the plural defaults to the noun with an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
