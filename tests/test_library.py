"""The library as a program sees it: public names, their options as keywords, and what holds them to the command line."""

from __future__ import annotations

import ast
import inspect
import re
import shutil
import subprocess
import sys
import sysconfig
import types
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import click
import pytest

import minigpt
from minigpt.cli import cli
from minigpt.config import PRECISIONS, SIZES, SampleConfig
from minigpt.run.defaults import Precision
from minigpt.run.options import Options

ROOT = Path(minigpt.__file__).parent.parent
OURS = ["prompt", "progress", "listener"]  # parameters of `train` that are no options of a run
THEIRS = {"prompt", "words", "yes", "quiet", "verbose", "json", "log"}  # options of the command `train` that say nothing about the run


def parameters(function: Any) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(function).parameters)
    found.pop("self", None)
    return found


def commands(name: str) -> dict[str, click.Parameter]:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return {str(parameter.name): parameter for parameter in command.params}


def alternatives(annotation: Any) -> set[Any]:
    """The types that an annotation allows, but None: `tuple` for several of one type, and `str` for texts out of some."""
    if get_origin(annotation) in (Union, types.UnionType):
        return {kind for part in get_args(annotation) for kind in alternatives(part)}
    if get_origin(annotation) is Literal:
        return {type(value) for value in get_args(annotation)}
    if get_origin(annotation) is not None:
        return {tuple} | {kind for part in get_args(annotation) if part is not ... for kind in alternatives(part)}
    return set() if annotation is type(None) else {str if annotation is Path else annotation}


def described(function: Any) -> dict[str, str]:
    """What a docstring says of each option: its lines are `name: text` or `name, name: text`."""
    found: dict[str, str] = {}
    for names, text in re.findall(r"^(\w+(?:, \w+)*): (.+)$", inspect.getdoc(function) or "", re.MULTILINE):
        found |= dict.fromkeys(names.split(", "), text)
    return found


def test_train_has_the_options_of_a_run_as_keywords() -> None:
    """With the same names in the same order, defaults and types, but that a list may be one value and a text a Path."""
    found, hints = parameters(minigpt.train), get_type_hints(Options)
    assert list(found) == [*OURS, *hints]
    for field in fields(Options):
        parameter = found[field.name]
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert (parameter.default, field.default_factory) == (field.default, MISSING), field.name
        wanted = alternatives(hints[field.name])
        assert alternatives(parameter.annotation) == wanted, field.name
        assert (type(None) in get_args(parameter.annotation)) == (field.default is None), field.name
    assert found["progress"].default is False and found["listener"].annotation == (minigpt.Listener | None)


def test_texts_out_of_some_are_those_that_a_run_knows() -> None:
    assert get_args(Precision) == PRECISIONS
    for name, choice in {name: p.type for name, p in commands("train").items() if isinstance(p.type, click.Choice)}.items():
        annotation = parameters(minigpt.train)[name].annotation
        literal = next(part for part in (annotation, *get_args(annotation)) if get_origin(part) is Literal)
        assert list(get_args(literal)) == list(choice.choices), name


def test_the_command_has_the_options_of_train_with_their_types_and_defaults() -> None:
    options, command = commands("train"), cli.get_command(click.Context(cli), "train")
    assert command is not None
    given = command.make_context("train", []).params  # without any option
    assert THEIRS.issuperset(set(options) - {field.name for field in fields(Options)})
    for field in fields(Options):
        option = options[field.name]
        assert isinstance(option, click.Option)
        (kind, *several) = sorted(alternatives(get_type_hints(Options)[field.name]), key=lambda kind: kind is tuple)
        assert option.multiple == bool(several), field.name
        shown = {"integer": int, "float": float, "boolean": bool}.get(option.type.name, str)
        assert shown is kind, field.name
        assert given[field.name] == field.default, field.name


def numbers(text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?\b(?!M)", text)]


def test_help_says_every_option_and_the_defaults_that_the_command_says() -> None:
    """`help(minigpt.train)`: no option is left out, none is made up, and the numbers are the command's."""
    found, options = described(minigpt.train), commands("train")
    assert list(found) == list(parameters(minigpt.train))
    for name, text in found.items():
        said = re.search(r"\[default: ([^\]]+)\]", getattr(options.get(name), "help", None) or "")
        brackets = re.search(r"  \[(.+)\]$", text)
        if said is not None and parameters(minigpt.train)[name].default is None:
            assert brackets is not None, name
            assert set(numbers(said[1])) <= set(numbers(brackets[1])), name
    for size in SIZES.values():
        assert f'"{size.name}"' in found["model_size"] and f'"{size.alias}"' in found["model_size"]


@pytest.mark.parametrize("function", [minigpt.TextModel.generate, minigpt.TextModel.stream])
def test_text_is_sampled_by_keywords(function: Any) -> None:
    """Those of SampleConfig, described, with its defaults."""
    found, hints = parameters(function), get_type_hints(SampleConfig)
    assert list(found) == ["prompt", *hints]
    for field in fields(SampleConfig):
        assert found[field.name].default == field.default
        assert alternatives(found[field.name].annotation) == alternatives(hints[field.name])
    assert list(described(minigpt.TextModel.generate)) == list(hints)


def test_a_misspelt_option_is_answered_with_its_nearest(tmp_path: Path) -> None:
    for name, nearest in (("modelsize", "model_size"), ("epoch", "epochs"), ("batchsize", "batch_size"), ("lr", None)):
        remedy = f"did you mean {nearest}" if nearest else "use one of the options in help(minigpt.train)"
        with pytest.raises(TypeError) as caught:
            minigpt.train("haiku", out=tmp_path / "run", **{name: 3})
        assert str(caught.value).startswith(f"train() has no option {name!r}; {remedy}")
    with pytest.raises(TypeError, match=r"resume\(\) has no option 'minute'; did you mean minutes"):
        minigpt.resume(tmp_path, minute=3)
    with pytest.raises(TypeError, match=r"generate\(\) has no option 'temprature'; did you mean temperature"):
        minigpt.TextModel.generate(None, "The fox", temprature=1)
    assert list(tmp_path.iterdir()) == []


def test_public_names_are_listed_found_and_suggested() -> None:
    """In dir, by `import *`, for type checkers and at run time: the same."""
    assert minigpt.__all__ == sorted(minigpt.__all__, key=lambda name: (name[0].islower(), name))
    assert {name for name in dir(minigpt) if not name.startswith("__")} == set(minigpt.__all__)
    for name in minigpt.__all__:
        assert inspect.getdoc(getattr(minigpt, name)), name
    tree = ast.parse(Path(minigpt.__file__).read_text(encoding="utf-8"))
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert set(minigpt.__all__) <= set(imported)
    with pytest.raises(AttributeError, match="no attribute 'trian'; did you mean train"):
        _ = minigpt.trian
    assert not hasattr(minigpt, "zebra")


SCRIPT = """
import minigpt

class Losses(minigpt.Listener):
    def __init__(self) -> None:
        self.losses: list[float] = []

    def step(self, course: minigpt.Course) -> None:
        self.losses.append(course.loss)

    def report(self, report: minigpt.Report) -> None:
        print(report.step, report.held_out_loss)

losses = Losses()
model = minigpt.train("A GPT that writes haiku", model_size="12M", epochs=2, source="template", progress=True, listener=losses)
text: str = model.generate("Snow", max_tokens=20, stop="\\n", seed=1)
for piece in model.stream("Snow", stop=["\\n", "."]):
    print(piece, end="")
for token in model.tokens(text):
    print(token.text, token.probability, token.rank, token.loss)
nats: float = model.loss(text)
print(model.attention(text).shape, model.embed(text, each=True).shape, model.folder, losses.losses)
again: minigpt.TextModel = minigpt.resume("models/haiku", epochs="+1")
"""
WRONG = {  # what is wrong, in place of a right part -> what mypy says of it
    ("epochs=2", "epoch=2"): 'Unexpected keyword argument "epoch"',
    ("epochs=2", 'epochs="two"'): 'Argument "epochs" to "train" has incompatible type "str"; expected "int | None"',
    ('source="template"', 'source="templates"'): 'Argument "source" to "train" has incompatible type',
    ("max_tokens=20", "max_token=20"): 'Unexpected keyword argument "max_token"',
    ("minigpt.train(", "minigpt.trian("): 'Module has no attribute "trian"',
    ("token.rank", "token.ranks"): '"Token" has no attribute "ranks"',
    ("nats: float", "nats: str"): "Incompatible types in assignment",
}


@pytest.mark.slow
def test_a_script_is_checked_against_the_installed_package(tmp_path: Path) -> None:
    """`mypy --strict`, in an environment in which the package is installed: clean, and what is wrong is found."""
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    site = Path(subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True).strip())
    shutil.copytree(ROOT / "minigpt", site / "minigpt", ignore=shutil.ignore_patterns("__pycache__"))
    (site / "others.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    (tmp_path / "right.py").write_text(SCRIPT, encoding="utf-8")
    for number, (right, wrong) in enumerate(WRONG):
        assert SCRIPT.count(right) == 1
        (tmp_path / f"wrong{number}.py").write_text(SCRIPT.replace(right, wrong), encoding="utf-8")
    check = [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "--config-file=", "--no-pretty"]
    said = subprocess.run([*check, *sorted(tmp_path.glob("*.py"))], cwd=tmp_path, capture_output=True, text=True)
    errors = [line for line in said.stdout.splitlines() if " error: " in line]
    assert not said.stderr and len(errors) == len(WRONG), said
    for number, wanted in enumerate(WRONG.values()):
        assert any(line.startswith(f"wrong{number}.py:") and wanted in line for line in errors), errors
