"""Code that a document quotes, as the source has it."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

from fences import ROOT, DocumentError, fences


def span(text: str, name: str) -> tuple[int, int]:
    """Lines [start, stop) of what a dotted name defines, a function's decorators included."""
    body: list[ast.stmt] = ast.parse(text).body
    found: ast.stmt | None = None
    for part in name.split("."):
        found = next((node for node in body if part in defined(node)), None)
        if found is None:
            raise DocumentError(f"there is no {name}")
        body = getattr(found, "body", [])
    assert found is not None
    first = min([found.lineno, *(d.lineno for d in getattr(found, "decorator_list", []))])
    return first - 1, found.end_lineno or first


def defined(node: ast.stmt) -> list[str]:
    """The names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets: list[ast.expr] = []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    elif isinstance(node, ast.Assign):
        targets = node.targets
    names = [name for target in targets for name in ast.walk(target)]
    return [name.id for name in names if isinstance(name, ast.Name)]


def without_docstrings(code: str) -> str:
    """Code that parses on its own, without its docstrings."""
    lines, dropped = code.split("\n"), set[int]()
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or not ast.get_docstring(node):
            continue
        docstring = node.body[0]
        stop = docstring.end_lineno or docstring.lineno
        if stop < len(lines) and not lines[stop].strip():
            stop += 1
        dropped.update(range(docstring.lineno - 1, stop))
    return "\n".join(line for i, line in enumerate(lines) if i not in dropped)


def quotation(words: list[str], root: Path = ROOT) -> str:
    """The code that a `source` marker asks for, dedented."""
    path, *rest = words
    text = (root / path).read_text(encoding="utf-8")
    keep, names, ends = False, list[str](), dict[str, str]()
    while rest:
        word = rest.pop(0)
        if word in ("from", "to"):
            ends[word] = rest.pop(0)
        elif word == "docstring":
            keep = True
        else:
            names.append(word)
    parts: list[str] = []
    for name in names:
        code = dedent("\n".join(text.split("\n")[slice(*span(text, name))]))
        parts.append(code if keep else without_docstrings(code))
    separator = "\n" if all("\n" not in part for part in parts) else "\n\n"
    lines = (separator.join(parts) if names else text.rstrip("\n")).split("\n")
    first = one(lines, ends["from"], 0) if "from" in ends else 0
    last = one(lines, ends["to"], first) if "to" in ends else len(lines) - 1
    return dedent("\n".join(lines[first : last + 1]))


def one(lines: list[str], text: str, start: int) -> int:
    """The first line from `start` that contains a text."""
    for i in range(start, len(lines)):
        if text in lines[i]:
            return i
    raise DocumentError(f"no line has {text!r}")


def refreshed(text: str, root: Path = ROOT) -> str:
    """A document with every quotation as the source has it."""
    lines = text.split("\n")
    for fence in reversed(list(fences(lines))):
        if fence.kind == "source":
            try:
                lines[fence.start : fence.stop] = quotation(fence.words, root).split("\n")
            except (DocumentError, OSError) as error:
                what = " ".join(fence.words)
                raise DocumentError(f"line {fence.start}: {what}: {error}") from error
    return "\n".join(lines)
