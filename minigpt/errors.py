"""Errors that a user can fix: one line with what is wrong, what was wanted and the remedy."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress


class MinigptError(ValueError):
    """Bad input or a bad file. The command line prints one line and exits with status 1."""


class WrongUsage(MinigptError):
    """An option that does not exist, or options that contradict each other: status 2."""


class Paused(MinigptError):
    """Work that cannot continue now but can later: everything so far is saved."""


class Moved(MinigptError):
    """A run's folder is no longer at its path."""


class Diverged(MinigptError):
    """A loss or gradient norm that is not finite."""


@contextmanager
def as_usage() -> Iterator[None]:
    """Turn a MinigptError raised within the block into a WrongUsage. Its subclasses pass."""
    try:
        yield
    except MinigptError as error:
        if type(error) is not MinigptError:
            raise
        raise WrongUsage(str(error)) from error


def nearest(word: object, known: Iterable[str]) -> list[str]:
    """Those of the known words that a misspelt one probably stands for, the likeliest first."""
    import difflib

    text, names = str(word).lower(), {name.lower(): name for name in known}
    enough = 0.6 if len(text) > 2 else 0.7  # two letters are in many words
    near = difflib.get_close_matches(text, names, 3, enough)
    near += [name for name in names if len(text) > 2 and text in name]
    return [names[name] for name in dict.fromkeys(near)]


def instead(word: object, known: Iterable[str], listed: str = "") -> str:
    """The remedy for an unknown word: "did you mean 12M?", or else all that are known, as `listed`
    if given."""
    names = list(known)
    near = nearest(word, names)
    return (
        f"did you mean {' or '.join(near)}?" if near else f"use one of {listed or ', '.join(names)}"
    )


def as_argument(path: object) -> str:
    """A path as a shell argument; one that begins with a hyphen does not become an option."""
    return quoted(f"./{path}" if str(path).startswith("-") else str(path))


def quoted(text: str, encoding: str = "utf-8") -> str:
    """A text as a shell argument. What is unprintable, or not in the terminal's encoding, is
    escaped as bash and zsh read it."""
    escaped = [_escaped(c, encoding) for c in text]
    if all(c in (shown, "\\", "'") for c, shown in zip(text, escaped, strict=True)):
        return shlex.quote(text)
    return f"$'{''.join(escaped)}'"


def _escaped(c: str, encoding: str) -> str:
    """A character inside $'...'."""
    with suppress(UnicodeEncodeError, LookupError):
        if c.isprintable() and c not in "\\'" and c.encode(encoding):
            return c
    kept = "surrogateescape" if "\udc80" <= c <= "\udcff" else "surrogatepass"  # a byte as it was
    return "".join(f"\\x{byte:02x}" for byte in c.encode("utf-8", kept))


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun: "1 token", "1,000 tokens"; the plural defaults to noun + s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, without its full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip().rstrip(".")
