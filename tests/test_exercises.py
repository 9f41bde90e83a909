"""The exercises: a solution is right and goes into the model by one line; what is open says so, and a wrong answer is found."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import minigpt
from minigpt.backend import choose_backend
from minigpt.gradcheck import LAYERS, MODELS, check_gradients

FOLDER = Path(__file__).parent.parent / "docs" / "exercises"
TEXT = "the cook put the pot on the stove and the kettle on the pot and the cat on the kettle.\n"


def module(path: Path) -> ModuleType:
    """A file that belongs to no package."""
    spec = spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    found = module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


CHECK = module(FOLDER / "check.py")
OPEN = {
    "rms_norm": ("RMSNorm", "backward"),
    "swiglu": ("SwiGLU", "backward"),
    "alibi": ("AlibiAttention", "backward"),
    "untied": ("CrossEntropy", "forward_backward"),
    "momentum": ("Momentum", "descend"),
}


@pytest.fixture(params=CHECK.PARTS)
def exercise(request: pytest.FixtureRequest) -> str:
    """Each in turn."""
    return request.param


@pytest.fixture
def solution(exercise: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Its solution, in its place in the model."""
    found = CHECK.load(exercise, solution=True)
    for user, part, replacement in list(CHECK.changes(exercise, found)):
        monkeypatch.setattr(user, part, replacement)
    return found


def test_a_solution_is_right(exercise: str, solution: ModuleType) -> None:
    """Every gradient of it, alone and in the model."""
    assert CHECK.check(exercise, solution) == []


def slightly_large(right: Callable[..., Any]) -> Callable[..., Any]:
    """What is handed on is off by one in a thousand."""

    def wrong(part: Any, *arguments: Any, **more: Any) -> Any:
        result = right(part, *arguments, **more)
        return (result[0], 1.001 * result[1]) if isinstance(result, tuple) else 1.001 * result

    return wrong


def test_an_answer_that_is_slightly_wrong_is_found(exercise: str, solution: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check can fail."""
    kind, method = getattr(solution, OPEN[exercise][0]), OPEN[exercise][1]
    right = getattr(kind, method)
    if exercise == "momentum":
        monkeypatch.setattr(kind, method, lambda self, p, v, g, rate: right(self, p, v, g, 1.001 * rate))
        assert CHECK.check(exercise, solution) != []
    else:
        monkeypatch.setattr(kind, method, slightly_large(right))
        results = check_gradients(choose_backend("cpu"), 0, LAYERS[:1], MODELS[2:3], CHECK.seen_in(exercise))
        assert any(not r.passed for r in results)  # at the first of them


# A process of a second each, all alike: one for make test.
@pytest.mark.parametrize(
    "exercise", ["momentum", *(pytest.param(p, marks=pytest.mark.slow) for p in CHECK.PARTS if p != "momentum")], indirect=True
)
def test_what_is_open_says_what_is_wanted(exercise: str) -> None:
    """In one line, with status 1."""
    command, path = [sys.executable, FOLDER / "check.py", exercise], os.environ | {"PYTHONPATH": str(FOLDER.parent.parent)}
    done = subprocess.run(command, env=path, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{exercise} is open: ") and done.stderr.count("\n") == 1


def test_an_exercise_and_its_solution_differ_in_what_is_open_alone(exercise: str) -> None:
    """The same formula, shapes and forward."""
    trees = [ast.parse((FOLDER / folder / f"{exercise}.py").read_text(encoding="utf-8")) for folder in ("", "solutions")]
    for tree in trees:
        (found,) = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == OPEN[exercise][1])
        found.body = [ast.Pass()]
    assert ast.dump(trees[0]) == ast.dump(trees[1])


@pytest.mark.slow
def test_a_model_with_the_part_in_it_learns_and_comes_back_from_the_disk(
    exercise: str, solution: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its loss falls, its logits stay, and a program without the part refuses it; in float32, over several workers."""
    (tmp_path / "text.txt").write_text(10 * TEXT, encoding="utf-8")
    shape = {"layers": 2, "heads": 2, "width": 16, "positions": 32, "context": 16}
    model = minigpt.train("a song", data=[tmp_path / "text.txt"], out=tmp_path / "run", epochs=2, batch_size=4, learning_rate=0.01, **shape)
    losses = [json.loads(line)["train_loss"] for line in (tmp_path / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert losses[-1] < losses[0]
    ids = model.tokenizer.encode(TEXT)[:16]
    logits = model.logits(ids)
    assert logits.dtype == np.float32 and np.array_equal(minigpt.load(tmp_path / "run").logits(ids), logits)
    monkeypatch.undo()
    if exercise == "momentum":  # the same network
        assert np.array_equal(minigpt.load(tmp_path / "run").logits(ids), logits)
    else:
        with pytest.raises(minigpt.MinigptError, match="other parts"):
            minigpt.load(tmp_path / "run")


def rows_of_the_readme() -> dict[str, list[tuple[str, str]]]:
    """Exercise -> each file of minigpt that it changes, and the line that goes in there."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\w+)\.py\]\(\1\.py\) \|.*\| ([^|]+) \|$", text, flags=re.MULTILINE)
    return {name: re.findall(r"(\w+\.py): `([^`]+)`", lines) for name, lines in rows}


def test_the_readme_lists_every_exercise_with_the_lines_that_put_it_into_the_model() -> None:
    """The same places and names as in check.py."""
    found = rows_of_the_readme()
    assert list(found) == list(CHECK.PARTS)
    for name, parts in CHECK.PARTS.items():
        for (file, line), (home, part, replacement) in zip(found[name], parts, strict=True):
            assert file == f"{home.rpartition('.')[2]}.py"
            value = getattr(CHECK.load(name, solution=True), replacement)
            renamed = "" if part == replacement else f" as {part}"
            assert line == (f'{part} = "{value}"' if isinstance(value, str) else f"from minigpt.{name} import {replacement}{renamed}")


@pytest.mark.slow
def test_the_lines_of_the_readme_make_a_program_that_checks_trains_and_generates(exercise: str, tmp_path: Path) -> None:
    """In a copy of minigpt, as a reader would do it: one file more, and the line."""
    package = shutil.copytree(Path(minigpt.__file__).parent, tmp_path / "minigpt")
    shutil.copy(FOLDER / "solutions" / f"{exercise}.py", package)
    for file, line in rows_of_the_readme()[exercise]:
        source = (package / file).read_text(encoding="utf-8").split("\n")
        if line.startswith("OUTPUT = "):
            (at,) = (i for i, old in enumerate(source) if old.startswith("OUTPUT = "))
            source[at] = line
        else:
            last = max(i for i, old in enumerate(source) if old.startswith("from minigpt."))
            source.insert(last + 1, line)
        (package / file).write_text("\n".join(source), encoding="utf-8")
    (tmp_path / "text.txt").write_text(10 * TEXT, encoding="utf-8")

    def run(*arguments: str) -> str:
        command, path = [sys.executable, "-m", "minigpt", *arguments], os.environ | {"PYTHONPATH": str(tmp_path)}
        done = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert " agree, worst " in run("check", "--layer", "Block", "--layer", "GPT")
    shape = "--layers 2 --heads 2 --width 16 --positions 32 --context 16 --batch-size 4 --epochs 2".split()
    run("train", "--prompt", "a song", "--data", "text.txt", "--out", "run", "--yes", *shape)
    assert run("generate", "run", "--prompt", "the cat", "--max-tokens", "5", "--seed", "1").startswith("the cat")
