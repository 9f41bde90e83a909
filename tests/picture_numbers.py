"""A picture's name in; out, without drawing it, the numbers that it plots and the words in it."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"


@cache
def data(name: str) -> dict[str, Any]:
    """What a picture plots."""
    return import_module(f"pictures.{name}").data()


def words(name: str) -> set[str]:
    """Every text in a stored picture: matplotlib notes the words beside their outlines."""
    svg = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    return set(re.findall(r"<!-- (.*?) -->", svg))
