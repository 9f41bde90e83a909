"""What docs/schemas and docs/files.md say of a run folder's files is so: of real runs of every kind."""

from __future__ import annotations

import copy
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from few import few
from jsonschema import Draft202012Validator
from ollama_server import serve
from test_teacher_runs import fresh

import minigpt
from minigpt.corpus.request import Request
from minigpt.run.listener import Listener
from minigpt.run.options import Options
from minigpt.run.pipeline import write_corpus

DOCS = Path(__file__).parent.parent / "docs"
sys.path.insert(0, str(DOCS))
tables = importlib.import_module("fields")

NAMES = ("run", "metrics", "samples", "corpus")
SCHEMAS = {name: tables.schema(name) for name in NAMES}
SMALL = {"layers": 1, "heads": 2, "width": 32, "positions": 64, "initial_tokens": 2500, "final_tokens": 2000, "epochs": 2}
TEMPLATES = {**SMALL, "source": "template"}
PROMPT = "A fun GPT that generates haiku and short stories"


class Leaves(Listener):
    """Interrupts the run after some steps, as Ctrl-C does."""

    def step(self, course: Any) -> None:
        if course.step >= 5:
            raise KeyboardInterrupt


def complete(folder: Path) -> None:
    minigpt.train(PROMPT, out=folder, **TEMPLATES)


def interrupted(folder: Path) -> None:
    with suppress(KeyboardInterrupt):
        minigpt.train(PROMPT, out=folder, listener=Leaves(), **TEMPLATES)


def trained_further(folder: Path) -> None:
    minigpt.train(PROMPT, out=folder, preset="haiku_master", **{**TEMPLATES, "epochs": 1})
    minigpt.resume(folder, epochs="+1")


def of_own_text(folder: Path) -> None:
    text = folder.with_name(f"{folder.name} text")
    text.mkdir()
    (text / "one.txt").write_text(
        "\n\n".join(f"The {i}. kettle sings about the {i * i} lids of its house." for i in range(150)), encoding="utf-8"
    )
    (text / "two.jsonl").write_text('{"prompt": "Who are you?", "completion": "A kettle."}\n' * 3 + "broken\n", encoding="utf-8")
    minigpt.train(None, data=text, out=folder, **{name: value for name, value in SMALL.items() if name != "initial_tokens"})


def mixed(folder: Path) -> None:
    text = folder.with_name(f"{folder.name} text.txt")
    text.write_text("\n\n".join(f"The {i}. kettle sings about the {i * i} lids of its house." for i in range(40)), encoding="utf-8")
    minigpt.train(PROMPT, data=text, data_share=0.5, out=folder, **{**TEMPLATES, "initial_tokens": None, "final_tokens": None})


def corpus_alone(folder: Path) -> None:
    write_corpus(PROMPT, out=folder, **TEMPLATES)


def by_a_teacher(folder: Path) -> None:
    with serve(fresh) as server:
        minigpt.train("A GPT about medieval falconry", out=folder, ollama_host=server.url, **SMALL)


def for_minutes(folder: Path) -> None:
    minigpt.train(PROMPT, out=folder, minutes=0.12, **{name: value for name, value in TEMPLATES.items() if name != "epochs"})


MAKERS = [interrupted, trained_further, of_own_text, corpus_alone, by_a_teacher]
STATUS = {interrupted: "interrupted", corpus_alone: "written"}


def lines(path: Path) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def faults(name: str, value: Any) -> list[str]:
    """Where a value is not as its schema says."""
    found = Draft202012Validator(SCHEMAS[name]).iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in found]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    complete(folder)
    return folder


def require_described(folder: Path, status: str) -> None:
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert faults("run", record) == []
    assert record["status"] == status
    expected = {"corpus"} if status == "written" else {"metrics", "samples", "corpus"}
    assert {path.stem for path in folder.glob("*.jsonl")} == expected
    for name in expected:
        written = list(lines(folder / f"{name}.jsonl"))
        assert written
        for line in written:
            assert faults(name, line) == []


def test_the_files_of_a_complete_run_are_as_described(run: Path) -> None:
    require_described(run, "complete")


@pytest.mark.parametrize("make", few(MAKERS, 0, 2), ids=lambda make: make.__name__)  # a training or two each
def test_the_files_of_a_real_run_are_as_described(make: Callable[[Path], None], tmp_path: Path) -> None:
    """Every field that is there is described, and every field that is promised is there."""
    make(tmp_path / "run")
    require_described(tmp_path / "run", STATUS.get(make, "complete"))


@pytest.mark.slow
@pytest.mark.parametrize("make", [for_minutes, mixed], ids=lambda make: make.__name__)
def test_the_files_of_a_longer_run_are_as_described(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "run")
    require_described(tmp_path / "run", "complete")


def objects(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all fields inside a JSON value."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield (*path, name)
            yield from objects(inside, (*path, name))


FREE = {"machine", "by_source", "tokens_by_source", "tokens_by_kind", "stages", "dropped", "trimmed", "length_percentiles", "others"}


def test_the_schema_of_a_record_refuses_what_is_not_so(run: Path) -> None:
    """Each field with a value of no kind, and a field more in each object whose fields are fixed."""
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    paths = list(objects(record))
    assert len(paths) > 120
    for path in [(), *paths]:
        wrong = copy.deepcopy(record)
        inside: Any = wrong
        for name in path[:-1]:
            inside = inside[name]
        if path:
            inside[path[-1]] = [[{}]]
            assert faults("run", wrong), path
            inside[path[-1]] = record_at = copy.deepcopy(value_at(record, path))
        else:
            record_at = wrong
        if isinstance(record_at, dict) and not FREE & set(path):
            record_at["unknown"] = 1
            assert faults("run", wrong), path


def value_at(value: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        value = value[name]
    return value


@pytest.mark.parametrize("name", ["metrics", "samples", "corpus"])
def test_the_schema_of_a_line_refuses_what_is_not_so(name: str, run: Path) -> None:
    line = next(lines(run / f"{name}.jsonl"))
    for field in line:
        assert faults(name, {**line, field: {}}), field
    assert faults(name, {**line, "unknown": 1})
    for field in SCHEMAS[name]["required"]:
        assert faults(name, {key: value for key, value in line.items() if key != field}), field


@pytest.mark.parametrize("name", NAMES)
def test_the_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_every_option_and_every_field_of_a_request_is_described() -> None:
    assert {field.name for field in fields(Options)} == set(tables.part(SCHEMAS["run"], ["options"])["properties"])
    assert {field.name for field in fields(Request)} == set(tables.part(SCHEMAS["run"], ["request"])["properties"])


def test_the_tables_say_what_the_schemas_say() -> None:
    """python docs/fields.py writes them anew. Each object with fields of its own has one."""
    text = (DOCS / "files.md").read_text(encoding="utf-8")
    assert text == tables.refreshed(text)
    run = SCHEMAS["run"]["properties"]
    having = {name for name in run if "properties" in tables.part(SCHEMAS["run"], [name])} - {"options"}
    assert {path.strip() for _, name, path in tables.MARKER.findall(text) if name == "run"} == having | {""}
    assert all(field["description"] for name in NAMES for field in SCHEMAS[name]["properties"].values())
