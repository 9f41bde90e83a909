"""What affects the rounding of a run's numbers is recorded, and a resume on anything else says so in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from few import few

import minigpt
from minigpt.backend import Backend, choose_backend
from minigpt.disk.files import read_json_object, write_json
from minigpt.disk.jsontext import sealed, unsealed
from minigpt.run.listener import Listener
from minigpt.run.provenance import differences, provenance

SMALL = {"layers": 1, "heads": 1, "width": 16, "positions": 64, "initial_tokens": 2500, "final_tokens": 2000, "epochs": 1, "threads": 1}


class Heard(Listener):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, topic: str, text: str) -> None:
        self.lines.append(f"{topic} {text}")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose corpus is written, and nothing else."""
    from minigpt.run.pipeline import write_corpus

    return write_corpus("poems", out=tmp_path_factory.mktemp("runs") / "run", **SMALL).path


def change(run: Path, machine: object) -> None:
    """Make the record say that the run began on another machine."""
    record = unsealed(read_json_object(run / "run.json"), run)
    write_json(run / "run.json", sealed(record | {"machine": machine}))


def resumed(begun: Path, to: Path, machine: object) -> tuple[list[str], dict]:
    """The messages when a copy of the run that began on such a machine is resumed, and its final record."""
    import shutil

    shutil.copytree(begun, to)
    if machine is not None:
        change(to, machine)
    heard = Heard()
    minigpt.resume(to, listener=heard)
    first_step = next(i for i, line in enumerate(heard.lines) if line.startswith("Training"))
    return [line for line in heard.lines[:first_step] if line.startswith("Machine")], json.loads((to / "run.json").read_text())


def test_the_record_names_everything_that_decides_the_rounding(begun: Path) -> None:
    found = json.loads((begun / "run.json").read_text())["machine"]
    assert list(found) == ["minigpt", "Python", "NumPy", "kernels", "BLAS", "CPU", "threads"]
    assert all(isinstance(value, str) and value for value in found.values())
    assert found == provenance(choose_backend("cpu"), 1)


def test_the_kernels_of_the_blas_library_are_told_apart() -> None:
    """OpenBLAS picks its kernels by the processor; here it is told that it is another one."""
    program = "from minigpt.run.provenance import blas; print(blas())"
    names = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "OPENBLAS_CORETYPE": core}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for core in ("Prescott", "Nehalem")
    }
    assert all(names)
    assert len(names) == 2 or not any("openblas" in name for name in names)


def test_a_resume_on_the_same_machine_says_nothing(begun: Path, tmp_path: Path) -> None:
    said, record = resumed(begun, tmp_path / "run", None)
    assert said == []
    assert "machines_before" not in record


@pytest.mark.parametrize("name", ["NumPy", "kernels", "BLAS", "CPU", "Python", "minigpt", "threads"])
def test_what_changed_is_named_in_one_line(name: str) -> None:
    now = provenance(Backend("tests"), 1)
    assert differences(now | {name: "0.1 of before"}, now) == f"{name} 0.1 of before is now {now[name]}"
    assert differences(now, now) == ""


def test_a_resume_on_another_machine_says_so_before_it_goes_on_and_the_record_keeps_both(begun: Path, tmp_path: Path) -> None:
    now = provenance(choose_backend("cpu"), 1)
    before = now | {"NumPy": "1.26.0", "CPU": "Another CPU"}
    said, record = resumed(begun, tmp_path / "run", before)
    assert len(said) == 1
    assert "NumPy 1.26.0 is now" in said[0] and "CPU Another CPU is now" in said[0] and "to rounding" in said[0]
    assert record["machine"] == now
    assert record["machines_before"] == [before]


@pytest.mark.slow
def test_a_resume_with_or_without_compiled_layers_says_so(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways: numba was removed, and installed again."""
    compiled = f"numba {version('numba')}"
    monkeypatch.setenv("MINIGPT_KERNELS", "numpy")
    said, record = resumed(begun, tmp_path / "without", None)
    assert [line.partition(":")[0] for line in said] == [f"Machine kernels {compiled} is now NumPy alone"]
    assert (record["machines_before"][0]["kernels"], record["machine"]["kernels"]) == (compiled, "NumPy alone")
    monkeypatch.delenv("MINIGPT_KERNELS")
    said, _ = resumed(begun, tmp_path / "again", record["machine"])
    assert [line.partition(":")[0] for line in said] == [f"Machine kernels NumPy alone is now {compiled}"]


@pytest.mark.parametrize("machine", few([[], "text", {"NumPy": 3}, {}], 2))  # a training each
def test_a_record_that_says_something_else_there_is_no_obstacle(machine: object, begun: Path, tmp_path: Path) -> None:
    said, record = resumed(begun, tmp_path / "run", machine)
    assert len(said) == 1
    assert record["status"] == "complete"
