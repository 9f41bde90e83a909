"""The form that a JSON value must have: a value and a form in; out comes the value, or a MinigptError that names its first misfit."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from minigpt.errors import MinigptError

T = TypeVar("T")
# A type; a tuple of alternative forms; a list of one form, that of each entry; a dictionary with a form for each field, where the name "*"
# means every other field and a "?" after a name makes it optional; or a function that says whether a value is right.
Form = Any
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
    """Whether a value is a text that a UTF-8 file can hold."""
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def is_kind(value: Any, kind: type) -> bool:
    """isinstance, except that true and false are not numbers."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def require_form(value: Any, form: Form, where: object) -> Any:
    """The value; MinigptError if it, or a part of it, has another form."""
    if found := misfit(value, form):
        raise MinigptError(f"{where}: {found.lstrip('.')} is missing or damaged")
    return value


def misfit(value: Any, form: Form, name: str = "") -> str:
    """The dotted name of the first part that does not fit; empty if all of it fits."""
    if isinstance(form, dict):
        if not isinstance(value, dict):
            return name or "the object"
        known = {key.rstrip("?"): (key, part) for key, part in form.items() if key != "*"}
        parts = [(key, part) for key, (spelled, part) in known.items() if key in value or not spelled.endswith("?")]
        parts += [(key, form["*"]) for key in value if "*" in form and key not in known]
        return next((m for key, part in parts if (m := misfit(value[key], part, f"{name}.{key}") if key in value else f"{name}.{key}")), "")
    if isinstance(form, list):
        if not isinstance(value, (list, tuple)):
            return name or "the list"
        return next((m for i, part in enumerate(value) if (m := misfit(part, form[0], f"{name}[{i}]"))), "")
    if isinstance(form, tuple):
        return (name or "it") if all(misfit(value, part, "x") for part in form) else ""
    return "" if (is_kind(value, form) if isinstance(form, type) else form(value)) else name or "it"


def form_of(hint: Any) -> Form:
    """The form of a dataclass field's type. Whole numbers count as numbers, and tuples come as lists."""
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(form_of(part) for part in get_args(hint))
    if get_origin(hint) is tuple:
        return [form_of(get_args(hint)[0])]
    kinds: dict[Any, Form] = {int: Integral, float: Real}
    return kinds.get(hint, hint)


def spelled(form: Form) -> str:
    """A form in words."""
    if isinstance(form, tuple):
        return " or ".join(spelled(part) for part in form if part is not type(None))
    return f"a list, each entry {spelled(form[0])}" if isinstance(form, list) else KINDS[form]


def read_as(kind: Callable[..., T], value: Any, where: object) -> T:
    """A dataclass from an object with its fields; other fields are ignored."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    hints = get_type_hints(kind)
    require_form(value, {name: form_of(hints[name]) for name in names}, where)
    return kind(**{name: value[name] for name in names})
