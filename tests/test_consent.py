"""Before minutes are spent on text that nobody can write well, the person is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import minigpt
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.templates import doubts
from minigpt.errors import MinigptError
from minigpt.run.listener import Listener

UNKNOWN = "A GPT that knows everything about zorblaxian quimbles"
SMALL = "--layers 1 --heads 1 --width 8 --positions 32 --epochs 1 --initial-tokens 2500 --final-tokens 1500 --threads 1".split()
COMMAND = [sys.executable, "-m", "minigpt", "train", "--source", "template", *SMALL]
ENV = {**os.environ, "OLLAMA_HOST": "127.0.0.1:9", "MINIGPT_KERNELS": "numpy"}


@pytest.mark.parametrize(
    ("prompt", "clauses"),
    [
        (UNKNOWN, ("know nothing about zorblaxian quimbles and would only talk around it",)),
        ("A fun GPT that generates cooking recipes", ()),
        ("A GPT that answers as a grumpy wizard", ()),
        ("A GPT that writes pirate sea shanties", ()),
        ("A GPT that knows everything about medieval falconry", ()),
    ],
)
def test_only_what_templates_cannot_do_is_doubted(prompt: str, clauses: tuple[str, ...]) -> None:
    assert doubts(understand(prompt)) == clauses


def test_a_listener_that_does_not_accept_ends_the_run_before_anything_is_written(tmp_path: Path) -> None:
    """Python's own listener accepts."""
    asked: list[str] = []

    class Refusing(Listener):
        def accepts(self, what: str) -> bool:
            asked.append(what)
            return False

    with pytest.raises(MinigptError, match=r"know nothing about zorblaxian quimbles .*--data.*ollama pull .* or add --yes"):
        minigpt.train(UNKNOWN, source="template", out=tmp_path / "run", listener=Refusing())
    assert len(asked) == 1 and not (tmp_path / "run").exists()


@pytest.mark.parametrize(("more", "status"), [([], 1), pytest.param(["--yes"], 0, marks=pytest.mark.slow)])
def test_without_a_terminal_only_yes_goes_on(tmp_path: Path, more: list[str], status: int) -> None:
    command = [*COMMAND, "--prompt", UNKNOWN, "--out", str(tmp_path / "run"), *more]
    done = subprocess.run(command, env=ENV, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == status, done.stderr
    assert (tmp_path / "run").exists() == (status == 0)
    if status:
        assert "the templates know nothing about zorblaxian quimbles" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal is a Unix thing")
@pytest.mark.parametrize(("answer", "status"), [("n\n", 1), ("y\n", 0)])
def test_on_a_terminal_the_person_decides(tmp_path: Path, answer: str, status: int) -> None:
    from terminals import Terminal

    with Terminal([*COMMAND, "--prompt", UNKNOWN, "--out", str(tmp_path / "run")]) as terminal:
        terminal.sees("know nothing about zorblaxian quimbles").sees("Go on?").press(answer)
        terminal.ends(status)
