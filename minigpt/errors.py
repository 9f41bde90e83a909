"""Errors that a user can fix: one line with the thing, what was wanted, and the remedy; and the words that such lines need."""

from __future__ import annotations

import os
import shlex


class MinigptError(ValueError):
    """Bad input or a bad file. The command line prints the message as one line and ends with status 1."""


class Paused(MinigptError):
    """Work that cannot continue now but can later: all that was done is saved."""


class Moved(MinigptError):
    """The folder that a run writes into is no longer where it was."""


class Diverged(MinigptError):
    """A training whose numbers are no longer finite."""


def as_argument(path: object) -> str:
    """A path as it is typed in a shell. Characters and bytes that no terminal shows are escaped as bash and zsh read them; a hyphen at the
    beginning does not make it an option."""
    text = f"./{path}" if str(path).startswith("-") else str(path)
    if text.isprintable():
        return shlex.quote(text)
    escaped = (c if c.isprintable() and c not in "\\'" else "".join(f"\\x{byte:02x}" for byte in os.fsencode(c)) for c in text)
    return f"$'{''.join(escaped)}'"


def counted(number: int, noun: str, plural: str = "") -> str:
    """A count in words, with commas between thousands; the plural defaults to the noun with an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
