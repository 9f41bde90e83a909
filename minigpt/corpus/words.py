"""Loads the word tables in corpus/tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

Words = Mapping[str, Any]


@cache
def load_words(category: str) -> Words:
    """All word tables of a category: the union of corpus/tables/<category>*.json, whose top-level keys must be distinct."""
    merged: dict[str, Any] = {}
    folder = resources.files("minigpt") / "corpus" / "tables"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.startswith(category) and file.name.endswith(".json"):
            table = json.loads(file.read_text(encoding="utf-8"))
            clash = merged.keys() & table.keys()
            if clash:
                raise ValueError(f"{file.name}: {sorted(clash)} are defined in another word table too")
            merged.update(table)
    return merged
