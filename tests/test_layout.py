"""The house keeps its picture: README and the docstring of each package list all modules in reading order, and a module
imports only what stands above it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from minigpt import model, trainer

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "minigpt"
FACES = {"", "__main__"}  # they pass names on, to Python and to the shell
ROOMS = [path.parent for path in sorted(PACKAGE.rglob("__init__.py"))]


def reading_order(room: Path) -> list[str]:
    """The modules and packages of a package as its docstring lists them; README lists those of minigpt itself."""
    if room == PACKAGE:
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        names = re.findall(r"^\| `(\w+(?:\.py|/))` \|", readme, flags=re.MULTILINE)
    else:
        docstring = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
        names = re.findall(r"^    (\w+/?)  +\S", docstring, flags=re.MULTILINE)
    return [name.removesuffix(".py").removesuffix("/") for name in names]


def modules(room: Path) -> set[str]:
    files = {path.stem for path in room.glob("*.py")} - {"__init__", "__main__"}
    return files | {path.parent.name for path in room.glob("*/__init__.py")}


def dotted(path: Path) -> str:
    """The name of a module below minigpt."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")


def imports(path: Path) -> Iterator[str]:
    """What a module imports from minigpt anywhere, also inside functions, as dotted names below minigpt."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{origin}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "minigpt":
                yield module_of(name.split(".")[1:])


def module_of(parts: list[str]) -> str:
    """The longest beginning of a dotted name that is a module or a package."""
    path = PACKAGE
    found = []
    for part in parts:
        path = path / part
        if not (path.with_suffix(".py").exists() or (path / "__init__.py").exists()):
            break
        found.append(part)
    return ".".join(found)


def is_above(imported: str, module: str) -> bool:
    """Whether the first names in which two modules differ stand in this order where their common package lists them."""
    one, two = imported.split("."), module.split(".")
    while one and two and one[0] == two[0]:
        one, two = one[1:], two[1:]
    common = imported.split(".")[: len(imported.split(".")) - len(one)]
    if not one:  # a package's face
        return imported != module
    if not two:  # a package that passes on names of its own modules
        return True
    order = reading_order(PACKAGE.joinpath(*common))
    return order.index(one[0]) < order.index(two[0])


def tried_out() -> set[str]:
    """The modules of parts that stand where GPT-1's own belong (CONTRIBUTING.md)."""
    parts = model.Attention, model.Mlp, model.Norm, trainer.CrossEntropy, trainer.Optimizer
    return {part.__module__ for part in parts} - {f"minigpt.{name}" for name in ("attention", "layers", "loss", "optim")}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_module_is_listed_once(room):
    order = reading_order(room)
    assert len(order) == len(set(order))
    assert set(order) == modules(room)


def test_a_module_imports_only_what_stands_above_it():
    wrong, seen = [], 0
    for path in PACKAGE.rglob("*.py"):
        module = dotted(path)
        for imported in set(imports(path)) - {""} if module not in FACES else ():
            seen += 1
            if not is_above(imported, module):
                wrong.append(f"{module} imports {imported}")
    assert sorted(wrong) == []
    assert seen > 400


def test_the_lecture_stands_in_front():
    """Whoever lists minigpt/ sees the lecture, which needs nothing else. A marker for type checkers is no name to read."""
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    listed = {path.name for path in PACKAGE.iterdir() if path.name not in ("__pycache__", "py.typed")}
    assert len(listed) <= 27 + len(tried_out())
    lecture = [path for path in PACKAGE.glob("*.py") if dotted(path) not in FACES]
    assert len(lecture) >= 14
    for path in lecture:
        assert rooms.isdisjoint(name.split(".")[0] for name in imports(path)), path
        assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 100, path


def test_a_file_is_one_sitting_and_a_function_fits_a_screen():
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 260, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 60, f"{path}: {node.name}"
