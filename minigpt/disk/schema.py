"""JSON schemas: a value and a schema -> the value, or a MinigptError that names the first field that does not match."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from minigpt.errors import MinigptError

T = TypeVar("T")
# A type; a tuple of alternatives; a list with the schema of every entry; a dictionary with a schema for each field, where the name "*" is
# every other field and a "?" after a name makes it optional; or a predicate.
Schema = Any
KINDS = {str: "a text", Real: "a number", Integral: "a whole number", bool: "true or false", dict: "an object", type(None): "null"}


def count(value: Any) -> bool:
    """Whether a value is a whole number of at least 0."""
    return is_kind(value, Integral) and value >= 0


def amount(value: Any) -> bool:
    """Whether a value is a number of at least 0."""
    return is_kind(value, Real) and value >= 0


def share(value: Any) -> bool:
    """Whether a value is a number from 0 to 1."""
    return is_kind(value, Real) and 0 <= value <= 1


def text(value: Any) -> bool:
    """Whether a value is a text that UTF-8 can encode."""
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def is_kind(value: Any, kind: type) -> bool:
    """isinstance, except that true and false are not numbers."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def validate(value: Any, schema: Schema, where: object) -> Any:
    """The value; MinigptError if it does not match the schema."""
    if found := mismatch(value, schema):
        raise MinigptError(f"{where}: {found.lstrip('.')} is missing or damaged")
    return value


def mismatch(value: Any, schema: Schema, name: str = "") -> str:
    """The dotted name of the first part that does not match; empty if everything matches."""
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            return name or "the object"
        known = {key.rstrip("?"): (key, part) for key, part in schema.items() if key != "*"}
        parts = [(key, part) for key, (written, part) in known.items() if key in value or not written.endswith("?")]
        parts += [(key, schema["*"]) for key in value if "*" in schema and key not in known]
        found = (mismatch(value[key], part, f"{name}.{key}") if key in value else f"{name}.{key}" for key, part in parts)
        return next(filter(None, found), "")
    if isinstance(schema, list):
        if not isinstance(value, (list, tuple)):
            return name or "the list"
        return next(filter(None, (mismatch(part, schema[0], f"{name}[{i}]") for i, part in enumerate(value))), "")
    if isinstance(schema, tuple):
        return (name or "it") if all(mismatch(value, part, "x") for part in schema) else ""
    return "" if (is_kind(value, schema) if isinstance(schema, type) else schema(value)) else name or "it"


def schema_of(hint: Any) -> Schema:
    """The schema of a dataclass field's type. Whole numbers count as numbers; JSON has lists for tuples."""
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(schema_of(part) for part in get_args(hint))
    if get_origin(hint) is tuple:
        return [schema_of(get_args(hint)[0])]
    kinds: dict[Any, Schema] = {int: Integral, float: Real}
    return kinds.get(hint, hint)


def in_words(schema: Schema) -> str:
    """A schema in words."""
    if isinstance(schema, tuple):
        return " or ".join(in_words(part) for part in schema if part is not type(None))
    return f"a list, each entry {in_words(schema[0])}" if isinstance(schema, list) else KINDS[schema]


def read_as(kind: Callable[..., T], value: Any, where: object) -> T:
    """Build a dataclass from an object with its fields; other fields are ignored."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    hints = get_type_hints(kind)
    validate(value, {name: schema_of(hints[name]) for name in names}, where)
    return kind(**{name: value[name] for name in names})
