"""What a user reads: the tool that lists it misses nothing, and words that a native speaker stumbles over do not come back."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from minigpt.cli import cli

TOOL = Path(__file__).parent / "strings.py"
# Said once, and mended: each is understood, and none is English as it is written.
STUMBLES = re.compile(
    r"by heart|by lot\b|\bgoes? on with|broken off|times as much by|to the same bytes|\b[Ss]econds a \w+|nothing is written through"
    r"|passed over:|impossible number|encoding mended|maybe only for|requests at a time:",
    re.IGNORECASE,
)
SOURCE = '''"""A module."""
import re
PATTERN = re.compile("two words|or three")

@command("try")
@click.option("--seed", help=f"Seed of {thing}.")
def try_command(run):
    """Try a run."""
    if not run:
        raise MinigptError(f"{run} is missing: {reason[0]:,}; start again")
    say("Plan", f"it takes {seconds:.0f} s")
    return {"one key": words("of a table")}["another key"] or "and this one"
'''


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("strings", TOOL)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_kind_of_text_is_found_with_its_place(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "source.py").write_text(SOURCE, encoding="utf-8")
    assert [found[1:] for found in tool.strings(tmp_path / "source.py")] == [
        (6, "help", "Seed of {thing}."),
        (7, "help", "Try a run."),
        (10, "error", "{run} is missing: {reason[0]}; start again"),
        (11, "said", "it takes {seconds} s"),
        (12, "other", "one key"),
        (12, "other", "and this one"),
    ]


def test_the_help_of_every_option_and_command_is_listed(tool: ModuleType) -> None:
    """As click shows it, whatever stands where the source has an expression."""
    found = [
        text._replace(text=" ".join(text.text.split())) for path in (tool.PACKAGE / "cli").rglob("*.py") for text in tool.strings(path)
    ]
    listed = {text.text for text in found}
    made = {text.text for text in found if "{" in text.text and (text.kind == "help" or text.path.name == "common.py")}
    patterns = re.compile("|".join(map(_pattern, made)))
    shown = [getattr(option, "help", None) or "" for command in cli.commands.values() for option in command.params]
    texts = [" ".join(text.split()) for text in shown if text]
    assert len(texts) > 50
    assert [text for text in texts if text not in listed and not patterns.fullmatch(text)] == []


def _pattern(text: str) -> str:
    """A text with expressions in braces as a regular expression."""
    return ".*".join(re.escape(part) for part in re.split(r"\{(?:[^{}]|\{[^{}]*\})*\}", text))


def test_no_text_has_words_that_were_mended(tool: ModuleType) -> None:
    found = [
        f"{found.path.name}:{found.line}: {found.text}"
        for path in tool.PACKAGE.rglob("*.py")
        if not any(part in path.as_posix() for part in tool.NOT_FOR_USERS)
        for found in tool.strings(path)
        if STUMBLES.search(found.text)
    ]
    assert found == []
