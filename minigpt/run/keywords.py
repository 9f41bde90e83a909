"""Keyword options of public functions: a misspelt one is answered with its nearest, and `help` shows plain types."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from minigpt.errors import instead

P = ParamSpec("P")
T = TypeVar("T")


def with_options(function: Callable[P, T]) -> Callable[P, T]:
    """A function that raises a TypeError with the nearest option for an unknown one. Python's own says it from 3.13 on."""
    signature = inspect.signature(function, eval_str=True)
    names = [parameter.name for parameter in signature.parameters.values() if parameter.kind is parameter.KEYWORD_ONLY]

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        for name in kwargs:
            if name not in signature.parameters:
                known = f"the options in help(minigpt.{function.__qualname__})"
                raise TypeError(f"{function.__name__}() has no option {name!r}; {instead(name, names, known)}")
        return function(*args, **kwargs)

    vars(checked)["__signature__"] = signature  # with types, where annotations are texts
    return checked
