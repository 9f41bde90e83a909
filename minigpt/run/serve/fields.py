"""The body of a request -> its fields, checked. What would change an answer and cannot be honoured is refused by its name; any other
unknown field is passed over, as other servers do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from minigpt.config import SampleConfig
from minigpt.disk.foreign import plain
from minigpt.disk.jsontext import decoded, json_object
from minigpt.errors import MinigptError
from minigpt.run.serve.bounds import STOP_LENGTH, STOPS, TOKENS
from minigpt.run.serve.refusal import Refused

EMPTY: tuple[Any, ...] = (None, [], {}, "", False)
TYPES = {str: "a text", bool: "true or false", list: "a list", dict: "an object"}


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object in a body."""
    try:
        return json_object(decoded(body, "the body"), "the body")
    except MinigptError as error:
        raise Refused(str(error)) from error


def field(body: Mapping[str, Any], name: str, kind: type, default: Any = None, within: str = "") -> Any:
    """A field of a type, or the default where it is missing or null."""
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise Refused(f"{within}{name} must be {TYPES[kind]}", field=within + name)
    return value


def number(body: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    """A whole number within bounds."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Refused(f"{name} must be a whole number from {low} to {high:,}, not {plain(value, 40)}", field=name)
    return value


def refuse(body: Mapping[str, Any], neutral: Mapping[str, tuple[Any, ...]], within: str = "") -> None:
    """Refuse fields that would change the answer, unless they are empty or have a value that asks for nothing."""
    for name, values in neutral.items():
        if body.get(name) not in (*EMPTY, *values):
            raise Refused(f"minigpt does not support {within}{name}; leave it out", field=within + name, code="unsupported_parameter")


def sampling(config: SampleConfig, body: Mapping[str, Any], names: Mapping[str, str], within: str = "") -> SampleConfig:
    """The settings of a request, where it names any. `names`: theirs in the protocol -> ours."""
    for name, ours in names.items():
        value: Any = body.get(name)
        if value is None:
            continue
        if ours == "stop":
            value = stops(value, within + name)
        if ours == "seed" and isinstance(value, int) and not isinstance(value, bool) and value >= 2**63:
            raise Refused(f"{within}{name} must be below 2^63", field=within + name)
        try:
            config = replace(config, **{ours: value})
        except MinigptError as error:
            said = plain(error, 300).replace(ours, within + name, 1)
            raise Refused(said, field=within + name) from error
        if ours == "max_tokens" and value > TOKENS:
            raise Refused(f"{within}{name} must be at most {TOKENS:,}", field=within + name)
    return config


def stops(value: Any, name: str) -> tuple[str, ...]:
    """Stop strings: a text, or a list of them."""
    found = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else None
    if found is None or len(found) > STOPS or not all(isinstance(stop, str) and 0 < len(stop) <= STOP_LENGTH for stop in found):
        raise Refused(f"{name} must be at most {STOPS} texts of 1 to {STOP_LENGTH} characters", field=name)
    return found
