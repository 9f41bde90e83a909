"""The house keeps its picture: README lists every module in reading order, and a module imports only from modules above it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "minigpt"


def reading_order() -> list[str]:
    """The modules that README's table names, in its order; a trailing slash stands for a whole folder."""
    return re.findall(r"^\| `([\w/]+(?:\.py|/))` \|", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)


def place(module: str, order: list[str]) -> int | None:
    """The row of a dotted module name below minigpt: its own, or that of its folder."""
    path = module.replace(".", "/")
    for row, name in enumerate(order):
        if name == f"{path}.py" or (name.endswith("/") and (path + "/").startswith(name)):
            return row
    return None


def modules() -> dict[str, Path]:
    """Dotted names below minigpt of every module but the two that only pass names on."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")
        if name not in ("", "__main__", "corpus"):
            found[name] = path
    return found


def imports(path: Path, name: str) -> set[str]:
    """What a module imports from minigpt at its top level, as dotted names below minigpt."""
    inside = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] == "minigpt"):
            base = inside[: len(inside) - node.level + 1] if node.level else []
            found.add(".".join([*base, *(node.module or "").removeprefix("minigpt").strip(".").split(".")]).strip("."))
    return found - {""}


def test_readme_lists_every_module_once():
    order = reading_order()
    assert len(order) == len(set(order)) > 20
    assert [name for name in modules() if place(name, order) is None] == []
    assert [name for name in order if not (PACKAGE / name).exists()] == []


def test_a_module_imports_only_from_modules_above_it():
    order = reading_order()
    wrong = []
    for name, path in modules().items():
        here = place(name, order)
        for imported in imports(path, name):
            there = place(imported, order)
            if there is None or here is None or there > here or (there == here and not order[here].endswith("/")):
                wrong.append(f"{name} imports {imported}")
    assert wrong == []


def test_a_file_is_one_sitting_and_a_function_fits_a_screen():
    for path in modules().values():
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 250, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 60, f"{path}: {node.name}"
