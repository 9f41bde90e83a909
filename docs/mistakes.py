"""Plant a mistake that a document shows in a copy of minigpt, and see what notices it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

from fences import ROOT, DocumentError, Fence, fences
from quotations import span


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
    return telling(said.stdout.decode().splitlines()) or ["(nothing fails)"]


def telling(lines: list[str]) -> list[str]:
    """The rows that fail, and all about the first of them, but nothing that moves with the code.

    Left out are numbers of lines, digits behind the fourth, and what pytest prints of an error.
    """
    kept: list[str] = []
    for line in lines:
        if line.startswith("First suspect"):
            kept.append("")
        if ("FAILED" in line or "" in kept) and not line.startswith("read "):
            line = re.sub(r", line \d+", "", line.split(" - ")[0].rstrip())
            kept.append(re.sub(r"\d+\.\d{4,}(e-?\d+)?", lambda n: f"{float(n[0]):.4g}", line))
    return kept


def with_verdicts(text: str, root: Path = ROOT) -> str:
    """A document with what the check says of each of its planted mistakes."""
    lines = text.split("\n")
    for diff, path, changed, said in reversed(list(breaks(lines, root))):
        lines[said.start : said.stop] = verdict(path, changed, diff.words[-1], root)
    return "\n".join(lines)
