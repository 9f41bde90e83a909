"""One value of an option -> the same, checked, as a record can hold it."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from minigpt.errors import MinigptError


def several(values: Any) -> tuple[Any, ...]:
    """One value, several, or none, as a tuple."""
    found = () if values is None else tuple(values) if isinstance(values, (list, tuple)) else (values,)
    return tuple(plain_value(value) for value in found)


def plain_value(value: Any) -> Any:
    """A Path as text and a NumPy number as Python's, for JSON."""
    return str(value) if isinstance(value, Path) else value.item() if isinstance(value, np.generic) else value


def require_path(name: str, path: Any) -> None:
    """MinigptError for a path that no file system allows. Bytes that are not UTF-8 are fine."""
    try:
        if path is not None and b"\0" in os.fsencode(path):
            raise MinigptError(f"{name}={path!r} is not a path: it contains a NUL character")
    except (TypeError, UnicodeEncodeError) as error:
        raise MinigptError(f"{name}={path!r} is not a path: {error}") from error


def require_text(name: str, text: str) -> None:
    """MinigptError for a text that UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        where = f"character {error.start + 1} is a byte that is not UTF-8, or half of a surrogate pair"
        raise MinigptError(f"{name} is not valid text: {where}") from error


def require_seconds(name: str, seconds: Any) -> float:
    """The seconds, if a finite number above 0; else MinigptError."""
    return require_positive(name, seconds, "seconds")


def require_positive(name: str, number: Any, unit: str) -> float:
    """The number, if finite and above 0; else MinigptError."""
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 < number < math.inf:
        raise MinigptError(f"{name}={number!r}: expected {unit}, a number above 0")
    return float(number)
