"""The tables of docs/files.md, from the JSON schemas in docs/schemas.

    python docs/fields.py            write them anew

A line `<!-- fields: run corpus -->` stands before a table: a schema, and inside it an object, if
not the whole. A field that is not always there has a question mark.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
MARKER = re.compile(r"(<!-- fields: (\w+)((?: \w+)*) -->\n)(?:\n(?:\|.*\n)+)?")
NAMES = {"integer": "whole number", "string": "text", "array": "list", "boolean": "true or false"}


def schema(name: str) -> dict[str, Any]:
    """One of the schemas, by the file that it describes."""
    found: dict[str, Any] = json.loads(
        (FOLDER / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    )
    return found


def part(found: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """The object at a path of fields."""
    for name in path:
        found = found["properties"][name]
        found = found.get("anyOf", [found])[0]
    return found


def kind(field: dict[str, Any]) -> str:
    """A field's type in words."""
    if "anyOf" in field:
        return "object or null"
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    words = [NAMES.get(name, name) for name in kinds]
    if kinds == ["array"] and isinstance(of := field["items"].get("type"), str):
        words = [f"list of {NAMES.get(of, of)}s"]
    return " or ".join(words)


def table(found: dict[str, Any]) -> str:
    """Markdown: a row for each field."""
    required = found.get("required", [])
    rows = []
    for name, field in found["properties"].items():
        shown = f"`{name}`" if name in required else f"`{name}` ?"
        rows.append(f"| {shown} | {kind(field)} | {field.get('description', '')} |")
    return "\n".join(["| field | type | what |", "|---|---|---|", *rows, ""])


def refreshed(text: str) -> str:
    """A document with its tables as the schemas have them."""
    return MARKER.sub(
        lambda match: f"{match[1]}\n" + table(part(schema(match[2]), match[3].split())), text
    )


if __name__ == "__main__":
    path = FOLDER / "files.md"
    path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
