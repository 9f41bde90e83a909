"""Are two printed texts the same but for rounding, and but for the lines that tell times?"""

from __future__ import annotations

import re

NUMBER = re.compile(r"-?\d+(?:\.(\d+))?(?:e([+-]\d+))?")


def difference(printed: str, expected: str) -> str | None:
    """The first line that differs, both ways; None if there is none.

    Words and whole numbers must be the same. A number with digits behind the point, or a power of
    ten, may be off by one in its last digit, as other processors and libraries round otherwise; so
    may the length of a bar of #. Spaces count as one, and lines that begin with "time" are left out.
    """
    ours, theirs = (
        [line.split() for line in text.splitlines() if line.split() and not line.startswith("time")] for text in (printed, expected)
    )
    if len(ours) != len(theirs):
        return f"{len(ours)} lines instead of {len(theirs)}"
    for a, b in zip(ours, theirs, strict=True):
        if not same(" ".join(a), " ".join(b)):
            return f"{' '.join(a)!r} instead of {' '.join(b)!r}"
    return None


def same(a: str, b: str) -> bool:
    """Two lines."""
    a, b = (re.sub(r"#+", lambda bar: f"{len(bar[0])}e+0", line) for line in (a, b))
    if NUMBER.sub("", a) != NUMBER.sub("", b):
        return False
    pairs = zip(NUMBER.finditer(a), NUMBER.finditer(b), strict=True)
    return all(abs(float(m[0]) - float(n[0])) <= 1.01 * min(unit(m), unit(n)) for m, n in pairs)


def unit(number: re.Match[str]) -> float:
    """What one in the last digit is worth; 0 for a whole number."""
    digits, exponent = number[1], number[2]
    return 0.0 if digits is None and exponent is None else 10.0 ** (int(exponent or 0) - len(digits or ""))
