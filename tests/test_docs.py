"""The documents say what is so: quotations, outputs, commands, options, names of files, links."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import minigpt
from minigpt.cli import cli

ROOT = Path(__file__).parent.parent


sys.path.insert(0, str(ROOT / "docs"))
names = ("fences", "mistakes", "quotations", "sessions")
blocks, mistakes, quotations, sessions = map(importlib.import_module, names)
DOCUMENTS = {str(path.relative_to(ROOT)): path for path in blocks.documents()}
FILE = r"[\w./-]+\.(?:py|md|toml)|[\w./-]+/"  # a name that promises a file, or a folder
each_document = pytest.mark.parametrize("name", DOCUMENTS)


def fences(name: str, *languages: str) -> Iterator[tuple[int, str]]:
    """The blocks in these languages that no marker fills: number of the first line, and text."""
    lines = DOCUMENTS[name].read_text(encoding="utf-8").split("\n")
    for fence in blocks.fences(lines):
        if fence.language in languages and not fence.kind:
            yield fence.start + 1, "\n".join(lines[fence.start : fence.stop]) + "\n"


def prose(name: str) -> str:
    """A document without its fenced blocks."""
    lines = DOCUMENTS[name].read_text(encoding="utf-8").split("\n")
    for fence in reversed(list(blocks.fences(lines))):
        del lines[fence.start - 1 : fence.stop + 1]
    return "\n".join(lines)


def spans(name: str) -> list[str]:
    """What stands between backquotes in the running text."""
    return re.findall(r"`([^`\n]+)`", prose(name).replace("``", ""))


@each_document
def test_quoted_code_is_the_source(name: str) -> None:
    """python docs/refresh.py mends what this finds."""
    text = DOCUMENTS[name].read_text(encoding="utf-8")
    assert text == quotations.refreshed(text)


@each_document
def test_a_planted_mistake_still_fits_the_source(name: str) -> None:
    """What each diff replaces stands there once, and the changed file is still Python."""
    lines = DOCUMENTS[name].read_text(encoding="utf-8").split("\n")
    for _, _, changed, _ in mistakes.breaks(lines):
        ast.parse(changed)


@pytest.mark.slow
@each_document
def test_the_check_says_of_a_planted_mistake_what_is_printed(name: str) -> None:
    """python docs/refresh.py --breaks records it anew."""
    text = DOCUMENTS[name].read_text(encoding="utf-8")
    assert text == mistakes.with_verdicts(text)


@each_document
def test_examples_print_what_is_written(name: str) -> None:
    """In every section; python docs/refresh.py --outputs records it anew."""
    text = DOCUMENTS[name].read_text(encoding="utf-8")
    assert "np.float64(" not in text and "np.True_" not in text  # NumPy 1 prints these otherwise
    assert "".join(sessions.failures(text, name)) == ""


@each_document
def test_python_without_output_parses_and_names_what_exists(name: str) -> None:
    """Such a block is a program that takes too long to run here."""
    for line, code in fences(name, "python"):
        for used in re.findall(r"\bminigpt\.(\w+)", ast.unparse(ast.parse(code))):
            assert hasattr(minigpt, used), f"{name}, line {line}: minigpt.{used}"


def options(command: Any) -> set[str]:
    """Every option of a click command."""
    found = {"--help"}
    for parameter in command.params:
        found |= {*parameter.opts, *parameter.secondary_opts}
    return found


def commands(name: str) -> Iterator[str]:
    """Every command line of a document: in its sh and text blocks, and between backquotes."""
    for _, text in fences(name, "sh", "text"):
        for line in text.replace("\\\n", " ").split("\n"):
            yield line.removeprefix("$ ").split("  #")[0].strip()
    yield from spans(name)


@each_document
def test_every_command_and_option_exists(name: str) -> None:
    """`minigpt X --option`, wherever it is written."""
    for text in commands(name):
        match = re.match(r"(?:\S*python3? -m |\S*/)?minigpt (\w+)(.*)", text)
        if match and match[1] in cli.commands:
            rest = re.sub(r'"[^"]*"', "TEXT", match[2])
            used = set(re.findall(r"(?<!\S)--[a-z][\w-]*", rest))
            assert used <= options(cli.commands[match[1]]), f"{name}: {text}"
        elif match:
            assert not match[1].islower(), f"{name}: there is no command {match[1]}: {text}"


@each_document
def test_a_lone_option_belongs_to_some_command(name: str) -> None:
    """`--option` between backquotes."""
    known = {"--check", "--breaks", "--outputs", "--version"}  # of docs/refresh.py, and of minigpt
    known = known.union(*map(options, cli.commands.values()))
    lone = [span.split()[0] for span in spans(name) if span.startswith("--")]
    assert set(lone) <= known


@each_document
def test_scripts_and_make_targets_exist(name: str) -> None:
    """`make X`, `python path/to/script.py` and `pytest path/to/test.py`."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([\w-]+):", makefile, re.MULTILINE)
    for text in commands(name):
        if match := re.match(r"make ([\w-]+)", text):
            assert match[1] in targets, f"{name}: {text}"
        if match := re.match(r"\S*(?:python3?|pytest) ([\w/]+\.py)", text):
            assert (ROOT / match[1]).exists(), f"{name}: {text}"


@each_document
def test_every_file_that_is_named_exists(name: str) -> None:
    """Between backquotes: a path from the root or the package, or the name of some file in it."""
    for span in spans(name):
        if span.startswith(("models/", "checkpoint/")) or not re.fullmatch(FILE, span):
            continue
        folders = [ROOT, ROOT / "minigpt", DOCUMENTS[name].parent]
        alone = span.rstrip("/")
        somewhere = "/" not in alone and any((ROOT / "minigpt").rglob(alone))
        assert somewhere or any((folder / span).exists() for folder in folders), f"{name}: {span}"


@each_document
def test_every_test_that_is_named_exists(name: str) -> None:
    """A function of some test file."""
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    for span in spans(name):
        if re.fullmatch(r"test_\w+", span):
            assert f"def {span}(" in tests, f"{name}: {span}"


def anchors(path: Path) -> set[str]:
    """GitHub's anchors of a document's headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(str(path.relative_to(ROOT))), re.MULTILINE):
        found.add(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-"))
    return found


@each_document
def test_every_link_leads_somewhere(name: str) -> None:
    """To a file of the repository, and to a heading of it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(name)):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        path = (DOCUMENTS[name].parent / file).resolve() if file else DOCUMENTS[name]
        assert path.exists(), f"{name}: {target}"
        assert not anchor or anchor in anchors(path), f"{name}: {target}"
