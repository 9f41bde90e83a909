"""Lists what a user can read, file by file, for somebody to read it aloud: help, errors, what is said, and other texts of several words.

    python tests/strings.py [--kind help|error|said|other] [FILE OR FOLDER ...]

Found in the syntax tree, so nothing is run: an f-string is shown with its expressions in braces. The texts that templates write, and what a
teacher is asked, are not for a user.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent.parent / "minigpt"
NOT_FOR_USERS = ("corpus/templates/", "corpus/wordnet.py", "base/text/")  # what writers write
ASKED = ("corpus/ollama/asking.py", "corpus/ollama/answers.py")  # of a teacher
SAID = {"say", "tell", "show", "echo", "print", "secho", "progress", "choose", "confirm", "prompt", "ask", "log", "warn", "text", "select",
        "add_row", "add_column"}  # fmt: skip
COMMANDS = {"command", "group"}
PATTERNS = {"compile", "sub", "fullmatch", "findall", "finditer", "search", "match", "split"}  # of regular expressions, and lists of words
KEYED = {"words", "table", "get", "setdefault", "pop", "getLogger", "import_module", "getattr", "TypeVar"}  # their texts are names
ERROR = re.compile(r"\w*(Error|Exception|Interrupt|Abort|Exit)|Paused|Moved|Diverged|TeacherGone|Away|Slow|Unknown|BadParameter|fail")
WORDS = re.compile(r"[A-Za-z]{2,}\W+(\w+\W+)*?[A-Za-z]{2,}")  # at least two
KINDS = ("help", "error", "said", "other")


class Found(NamedTuple):
    """A text in the source."""

    path: Path
    line: int
    kind: str
    text: str


def strings(path: Path) -> Iterator[Found]:
    """The texts of a file in the order of its lines."""
    yield from sorted(_walk(ast.parse(path.read_text(encoding="utf-8")), path, "other"), key=lambda found: found.line)


def _walk(node: ast.AST, path: Path, kind: str) -> Iterator[Found]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module, ast.AsyncFunctionDef)):
        if text := ast.get_docstring(node):
            if isinstance(node, ast.FunctionDef) and any(_name(made) in COMMANDS for made in node.decorator_list):
                yield Found(path, node.lineno, "help", text)
            node.body = node.body[1:]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring of an attribute
        return
    elif isinstance(node, ast.keyword) and node.arg in ("help", "short_help", "epilog", "metavar"):
        kind = "help"
    elif isinstance(node, ast.Call):
        name = _name(node)
        if name in KEYED or (name in PATTERNS and kind == "other"):
            return
        kind = "error" if ERROR.fullmatch(name) else "said" if name in SAID else kind
    elif isinstance(node, ast.Subscript):  # a key is no text
        yield from _walk(node.value, path, kind)
        return
    elif isinstance(node, (ast.Constant, ast.JoinedStr)):
        text = _shown(node)
        if text and (kind != "other" or " " in text.strip()):
            yield Found(path, node.lineno, kind, text)
        return
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, path, kind)


def _name(node: ast.AST) -> str:
    """The last name of what is called."""
    called = node.func if isinstance(node, ast.Call) else node
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _shown(node: ast.Constant | ast.JoinedStr) -> str:
    """The text of a literal if it has words; otherwise empty."""
    if isinstance(node, ast.Constant):
        text = node.value if isinstance(node.value, str) else ""
        plain = text
    else:
        parts = [
            f"{{{ast.unparse(part.value)}}}" if isinstance(part, ast.FormattedValue) else str(getattr(part, "value", ""))
            for part in node.values
        ]
        text = "".join(parts)
        plain = "".join(str(part.value) if isinstance(part, ast.Constant) else " " for part in node.values)
    worded = WORDS.search(plain) or (plain.strip() != text.strip() and re.search("[A-Za-z]{3,}", plain))
    return text if worded else ""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("paths", nargs="*", type=Path, default=[PACKAGE])
    asked = parser.parse_args(arguments)
    for where in asked.paths:
        for path in sorted(where.rglob("*.py")) if where.is_dir() else [where]:
            if any(part in path.as_posix() for part in (*NOT_FOR_USERS, *ASKED)) and path != where:
                continue
            shown = [found for found in strings(path) if found.kind in (asked.kind or KINDS)]
            if shown:
                print(f"\n{path}")
            for found in shown:
                print(f"{found.line:5} {found.kind:6}{' '.join(found.text.split())}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
