"""What README tells a new user to type works as printed, in its order: only the models are tiny, and the minutes are seconds."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
TINY = {
    "INIT": "none", "LAYERS": "1", "HEADS": "1", "WIDTH": "16", "POSITIONS": "64", "CONTEXT": "32", "INITIAL_TOKENS": "6000",
    "FINAL_TOKENS": "3000", "EPOCHS": "1",
}  # fmt: skip
TYPED = "Recipe\n"  # to a chat
LETTER = "Dear Ada,\n\nthe apples are ripe, and the ladder is where you left it. Come before the wasps do.\n\n"


def commands() -> list[str]:
    """Every `minigpt` line of the shell blocks, and what follows "$ " in the other blocks, without comments."""
    found = []
    for language, body in re.findall(r"^```(sh|text)\n(.*?)^```", README, re.MULTILINE | re.DOTALL):
        lines = body.splitlines()
        typed = lines if language == "sh" else [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        found += [line for line in typed if line.startswith("minigpt ")]
    return found


def test_readme_is_short_and_shows_what_people_come_for() -> None:
    assert README.count("\n") < 200
    shown = {shlex.split(line, comments=True)[1] for line in commands()}
    assert shown >= {"train", "chat", "generate", "resume", "list", "report", "attention", "loss", "export", "check"}


@pytest.mark.slow
def test_every_command_works_as_printed(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text(LETTER * 40, encoding="utf-8")
    program = Path(sys.executable).parent / "minigpt"
    for line in commands():
        words = [str(program), *shlex.split(line, comments=True)[1:]]
        tiny = {name: value for name, value in TINY.items() if not (name == "INITIAL_TOKENS" and "--data" in words)}
        if "--minutes" in words:
            words[words.index("--minutes") + 1] = "0.3"
            del tiny["EPOCHS"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MINIGPT_")}
        environment |= {f"MINIGPT_{name}": value for name, value in tiny.items()} if words[1] == "train" else {}
        done = subprocess.run(words, input=TYPED, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=300)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert done.stdout.strip() or done.stderr.strip(), line
