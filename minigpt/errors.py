"""Errors that a user can fix: one line with what is wrong, what was wanted and the remedy."""

from __future__ import annotations

import difflib
import os
import shlex
from collections.abc import Iterable


class MinigptError(ValueError):
    """Bad input or a bad file. The command line prints one line and exits with status 1."""


class Paused(MinigptError):
    """Work that cannot continue now but can later: everything so far is saved."""


class Moved(MinigptError):
    """A run's folder is no longer at its path."""


class Diverged(MinigptError):
    """A loss or gradient norm that is not finite."""


def as_argument(path: object) -> str:
    """A path as a shell argument. Unprintable characters and bytes are escaped as bash and zsh read
    them; a path that begins with a hyphen does not become an option."""
    text = f"./{path}" if str(path).startswith("-") else str(path)
    if text.isprintable():
        return shlex.quote(text)
    return f"$'{''.join(map(_escaped, text))}'"


def _escaped(c: str) -> str:
    """A character inside $'...'."""
    if c.isprintable() and c not in "\\'":
        return c
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(c))


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun: "1 token", "1,000 tokens"; the plural defaults to noun + s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """A hint to end a message with: the choice that a misspelt word is closest to, if any is."""
    near = difflib.get_close_matches(word, list(choices), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, without its full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip().rstrip(".")
