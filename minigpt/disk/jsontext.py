"""Untrusted JSON: a text -> an object within bounds; and a checksum that shows damage."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from minigpt.errors import MinigptError

DEPTH = 64  # levels of nesting: far below the limits of Python's parser and serializer, so that what was read can be written again
DIGITS = 300  # of an integer: it then fits into a float
SEAL = "sha256"  # the key of a JSON object's checksum


def decoded(data: bytes, where: object) -> str:
    """The text of UTF-8 bytes."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MinigptError(f"{where} is not UTF-8: byte {error.start}") from error


def json_object(text: str, where: object) -> dict[str, Any]:
    """The object in a JSON text; MinigptError for anything else, NaN, huge numbers or deep nesting."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_bounded)
    except json.JSONDecodeError as error:
        raise MinigptError(f"{where} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise MinigptError(f"{where} is nested too deeply") from error
    except ValueError as error:
        raise MinigptError(f"{where} contains an invalid number: {error}") from error
    if not isinstance(value, dict):
        raise MinigptError(f"{where}: expected a JSON object, got {type(value).__name__}")
    if is_deep(value):
        raise MinigptError(f"{where} is nested too deeply")
    return value


def is_deep(value: Any) -> bool:
    """Whether a JSON value has more than DEPTH levels; level by level, without recursion."""
    level = [value]
    for _ in range(DEPTH):
        parts = (part for outer in level for part in (outer.values() if isinstance(outer, dict) else outer))
        level = [part for part in parts if isinstance(part, (dict, list))]
        if not level:
            return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large")
    return number


def _bounded(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"{text[:20]}... has {len(text):,} digits")
    return int(text)


def sealed(value: dict[str, Any]) -> dict[str, Any]:
    """The object with a checksum of its content; spacing and escapes do not matter."""
    text = json.dumps({name: part for name, part in value.items() if name != SEAL}, sort_keys=True, allow_nan=False)
    return {**value, SEAL: hashlib.sha256(text.encode()).hexdigest()}


def unsealed(value: dict[str, Any], where: object) -> dict[str, Any]:
    """The object without its checksum; MinigptError if the two do not match."""
    if SEAL not in value:
        raise MinigptError(f"{where} has no checksum: it is damaged, or from another version of minigpt")
    if sealed(value)[SEAL] != value[SEAL]:
        raise MinigptError(f"{where} is damaged or was changed: its checksum does not match")
    return {name: part for name, part in value.items() if name != SEAL}
