"""The Python code that a sample shows: does it parse, does it run, does it print what the sample says?"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from typing import NamedTuple

from judge.text import share

# A heading that ends in "code:", the code up to an empty line, and perhaps what it prints under a heading of its own.
BLOCK = r"(?:[^\n]+\n?)+"
SHOWN = re.compile(
    rf"^[A-Z][^\n]*\bcode[^\n]*:\n(?P<code>{BLOCK})(?:\n+(?:Output|It prints|Now it prints|Session)[^\n]*:\n(?P<said>{BLOCK}))?", re.M
)
EXAMPLE = re.compile(r"^>>> (?P<call>.+)\n(?P<said>(?!>>>).+)", re.M)
HINT = re.compile(r"\. Did you mean: '\w+'\?$")  # Python 3.10 and later add it to an error's own words
SECONDS = 5


class Shown(NamedTuple):
    """A piece of code, and what the sample says that it prints; None if it does not say."""

    code: str
    said: str | None


def shown(text: str) -> list[Shown]:
    """The pieces of code of a sample. An interactive session calls the code above it."""
    found = []
    for match in SHOWN.finditer(text + "\n"):
        code, said = match["code"].rstrip(), (match["said"] or "").rstrip() or None
        if said and (calls := EXAMPLE.findall(said)):
            code += "".join(f"\n{call if call.startswith('print(') else f'print(repr({call}))'}" for call, _ in calls)
            said = "\n".join(result for _, result in calls)
        found.append(Shown(code, said))
    return found


def verdict(piece: Shown) -> tuple[bool, bool, bool | None]:
    """Whether it parses, whether it runs (to its end, or into the error that the sample announces), and whether it prints what is said."""
    try:
        ast.parse(piece.code)
    except (SyntaxError, ValueError):
        return False, False, None if piece.said is None else False
    with tempfile.TemporaryDirectory() as folder:  # a process of its own, without the environment, in an empty folder
        command = [sys.executable, "-I", "-c", piece.code]
        try:
            ended = subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return True, False, None if piece.said is None else False
    error = HINT.sub("", (ended.stderr.strip().splitlines() or [""])[-1])
    printed = "\n".join(part for part in (ended.stdout.strip(), error) if part)
    announced = piece.said is not None and bool(error) and error in piece.said
    return True, ended.returncode == 0 or announced, None if piece.said is None else printed == piece.said.strip()


def code_figures(texts: Iterable[str]) -> dict[str, float | None]:
    """How many texts show code, and of these the shares in which all of it parses and all of it runs; how many say what it prints, and of
    these the share in which all of it prints that."""
    verdicts = [list(map(verdict, pieces)) for text in texts if (pieces := shown(text))]
    claims = [said for some in verdicts if (said := [right for _, _, right in some if right is not None])]
    return {
        "with code": len(verdicts),
        "parse": share(all(parses for parses, _, _ in some) for some in verdicts),
        "run": share(all(runs for _, runs, _ in some) for some in verdicts),
        "claims": len(claims),
        "right": share(map(all, claims)),
    }
