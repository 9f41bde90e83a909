"""A template and its values -> a page."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


@cache
def environment() -> Environment:
    """Jinja over minigpt/run/pages/templates: HTML is escaped, and a value that a template lacks is an error."""
    return Environment(
        loader=PackageLoader("minigpt.run.pages"),
        autoescape=select_autoescape(["html", "html.j2", "svg"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def page(template: str, **values: Any) -> str:
    """The page that a template of this folder gives with these values."""
    return environment().get_template(template).render(values)
