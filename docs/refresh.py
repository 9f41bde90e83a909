"""Keep the documents true: quoted code equals the source, planted mistakes say what is printed.

    python docs/refresh.py            rewrite every quotation from the source
    python docs/refresh.py --check    change nothing; exit status 1 where a quotation is out of date
    python docs/refresh.py --breaks   plant every mistake in a copy of minigpt, and record what
                                      `minigpt check` says of it (a minute)

A comment directly before a fence says where its content comes from:

    <!-- source: minigpt/layers.py LayerNorm.backward -->
        a function, a class or an assignment; several names are joined
    <!-- source: minigpt/layers.py Gelu.forward from "slope = squared" to "slope += gate" -->
        a range of lines of it
    <!-- source: minigpt/optim.py clip_scale docstring -->
        docstrings are left out unless this word follows

    <!-- break: minigpt/layers.py LayerNorm.backward LayerNorm -->
        before a ```diff fence against that function; the last word is the layer to check, or a
        file of tests to run. A ```text fence follows, with the rows or tests that fail.
"""

from __future__ import annotations

import ast
import difflib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parent.parent
MARKER = re.compile(r"<!-- (source|break): (.+) -->")
FENCE = re.compile(r"```(\w*)")


class DocumentError(Exception):
    """A marker that does not fit the source; the message names both."""


@dataclass
class Fence:
    """A fenced block, its body lines[start:stop]; kind and words of the marker before it."""

    language: str
    kind: str
    words: list[str]
    start: int
    stop: int


def documents(root: Path = ROOT) -> list[Path]:
    """README.md, CONTRIBUTING.md and everything in docs/."""
    top = [root / name for name in ("README.md", "CONTRIBUTING.md")]
    return [path for path in top if path.exists()] + sorted((root / "docs").rglob("*.md"))


def fences(lines: list[str]) -> Iterator[Fence]:
    """The fenced blocks of a document, in order."""
    opened: tuple[str, int] | None = None
    for i, line in enumerate(lines):
        if opened is None and (match := FENCE.fullmatch(line.strip())):
            opened = match[1], i
        elif opened is not None and line.strip() == "```":
            language, at = opened
            marker = MARKER.fullmatch(lines[at - 1].strip()) if at else None
            kind, words = (marker[1], shlex.split(marker[2])) if marker else ("", [])
            yield Fence(language, kind, words, at + 1, i)
            opened = None
    if opened is not None:
        raise DocumentError(f"the fence in line {opened[1] + 1} is never closed")


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


def broken(words: list[str], diff: list[str], root: Path = ROOT) -> tuple[str, str]:
    """The file that a `break` marker names, and its text with the diff applied.

    What the diff replaces must stand exactly once in the function that the marker names; comments
    behind a line do not count.
    """
    path, name = words[:2]
    text = (root / path).read_text(encoding="utf-8")
    lines = text.split("\n")
    start, stop = span(text, name)
    old, new = ([line[1:] for line in diff if line[:1] in (" ", sign)] for sign in "-+")
    places = []
    for i in range(start, stop - len(old) + 1):
        found = [line.split("  #")[0] for line in lines[i : i + len(old)]]
        if dedent("\n".join(found)) == "\n".join(old):
            places.append(i)
    if len(places) != 1:
        raise DocumentError(f"{path} {name} has {len(places)} places with {old}")
    at = places[0]
    margin = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    lines[at : at + len(old)] = [margin + line for line in new]
    return path, "\n".join(lines)


def breaks(lines: list[str], root: Path = ROOT) -> Iterator[tuple[Fence, str, str, Fence]]:
    """Every planted mistake: its diff, the file and its changed text, what the check says of it."""
    found = list(fences(lines))
    for diff, said in zip(found, [*found[1:], None], strict=False):
        if diff.kind == "break":
            if diff.language != "diff" or said is None or said.language != "text":
                raise DocumentError(f"line {diff.start}: a break is a diff and a text after it")
            yield diff, *broken(diff.words, lines[diff.start : diff.stop], root), said


def verdict(path: str, text: str, check: str, root: Path = ROOT) -> list[str]:
    """What `minigpt check --layer` or pytest says where this file has this text: what fails."""
    command = [sys.executable, "-m"]
    if check.endswith(".py"):
        command += ["pytest", "-q", "-n", "0", "-p", "no:cacheprovider", check]
    else:
        command += ["minigpt", "check", "--device", "cpu", "--layer", check]
    with tempfile.TemporaryDirectory() as folder:
        ignored = shutil.ignore_patterns("__pycache__")
        for name in ("minigpt", "tests"):
            shutil.copytree(root / name, Path(folder, name), ignore=ignored)
        Path(folder, path).write_text(text, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": folder, "PYTHONIOENCODING": "utf-8"}
        said = subprocess.run(command, cwd=folder, env=environment, capture_output=True)
    if b"Traceback" in said.stderr:
        raise DocumentError(f"the broken {path} does not run: {said.stderr.decode()}")
    rows = [line for line in said.stdout.decode().splitlines() if "FAILED" in line]
    return [row.split(" - ")[0].rstrip() for row in rows] or ["(nothing fails)"]


def with_verdicts(text: str, root: Path = ROOT) -> str:
    """A document with what the check says of each of its planted mistakes."""
    lines = text.split("\n")
    for diff, path, changed, said in reversed(list(breaks(lines, root))):
        lines[said.start : said.stop] = verdict(path, changed, diff.words[-1], root)
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Rewrite, check or record, as the module's docstring says."""
    stale = 0
    for path in documents():
        text = path.read_text(encoding="utf-8")
        try:
            new = with_verdicts(text) if "--breaks" in arguments else refreshed(text)
        except DocumentError as error:
            print(f"{path.relative_to(ROOT)}: {error}", file=sys.stderr)
            return 1
        if new != text and "--check" in arguments:
            old_lines, new_lines = text.split("\n"), new.split("\n")
            for line in difflib.unified_diff(old_lines, new_lines, str(path), "", lineterm="", n=1):
                print(line)
            stale += 1
        elif new != text:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: refreshed")
    return min(stale, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
