"""`progress=True` and listeners of one's own: what they are told, and that a notebook's cell stays short."""

from __future__ import annotations

import inspect
import sys
import types
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import minigpt
from minigpt.run.listener import Listener
from minigpt.run.progress import EVALUATIONS, Both, Notebook, in_notebook

TINY: dict[str, Any] = {"layers": 1, "heads": 2, "width": 16, "positions": 32, "context": 32, "device": "cpu", "threads": 1}


class Recorder(Listener):
    """Notes every call."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, tuple[Any, ...]]] = []

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name == "heard" or not callable(found) or name.startswith("_"):
            return found

        def noted(*arguments: Any) -> Any:
            self.heard.append((name, arguments))
            return found(*arguments)

        return noted


def callbacks() -> dict[str, int]:
    """Every callback, with the number of its arguments."""
    functions = {name: function for name, function in vars(Listener).items() if callable(function) and not name.startswith("_")}
    return {name: len(inspect.signature(function).parameters) - 1 for name, function in functions.items()}


def test_a_display_and_a_listener_hear_everything() -> None:
    """But the questions and the finished samples, which are the listener's; and no callback is forgotten."""
    for name, count in callbacks().items():
        display, own = Recorder(), Recorder()
        answer = getattr(Both(display, own), name)(*range(count))
        if name == "learning":
            with answer:
                pass
        assert own.heard == [(name, tuple(range(count)))], name
        assert display.heard == ([] if name in ("choose", "accepts", "sample") else own.heard), name
        assert name in vars(Both), name


def report(step: int) -> minigpt.Report:
    return minigpt.Report(step, step / 100, step * 64, step / 10, 5.0, 5.5 if step % 2 else None, 1e-3, 0.5, 640.0)


def test_a_cell_shows_the_latest_and_never_more() -> None:
    """Of a long training: plan, latest evaluations, latest sample, result; without anything that a terminal obeys."""
    drawn: list[str] = []
    cell = Notebook(drawn.append)
    cell.say("Model", "GPT-1\x1b[31m red")
    course: Any = types.SimpleNamespace(step=0, base=0, total_steps=1000, loss=5.0, seconds=10.0, tokens=6400)
    for step in range(1, 1001):
        course.step = step
        cell.step(course)
        cell.report(report(step))
        if step % 100 == 0:
            cell.wrote(minigpt.Written(step, 1.0, 1.0, "Once", 42, " upon a time\n" * 100))
    cell.say("Result", "held-out loss 5.5")
    cell.close()
    last = drawn[-1]
    assert last.splitlines()[0] == "Model     GPT-1[31m red" and last.splitlines()[-1] == "Result    held-out loss 5.5"
    assert last.count("held-out 5.500") == EVALUATIONS and "step    999  epoch   9.99" in last
    assert "step 1000/1000" in last and "After step 1000: Once upon a time" in last
    assert max(map(len, drawn)) < 2000 and max(text.count("\n") for text in drawn) < 20
    assert len(drawn) < 600  # evaluations; steps between them are not drawn one by one


@contextmanager
def notebook(patch: pytest.MonkeyPatch):
    """IPython as a notebook's kernel has it, as far as it is used: every output by its number."""
    outputs: dict[int, list[str]] = {}

    class Handle:
        def __init__(self, number: int) -> None:
            self.number = number

        def update(self, data: dict[str, str], raw: bool) -> None:
            assert raw
            outputs[self.number].append(data["text/plain"])

    def display(data: dict[str, str], raw: bool, display_id: bool) -> Handle:
        assert raw and display_id
        outputs[len(outputs)] = [data["text/plain"]]
        return Handle(len(outputs) - 1)

    shell, views = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    vars(shell)["get_ipython"], vars(views)["display"] = lambda: types.SimpleNamespace(kernel=object()), display
    patch.setitem(sys.modules, "IPython", shell)
    patch.setitem(sys.modules, "IPython.display", views)
    yield outputs


def own_text(folder: Path) -> Path:
    path = folder / "own.txt"
    path.write_text("The kettle sang, and the cat sang too.\n\n" * 9, encoding="utf-8")
    return path


def test_in_a_notebook_a_run_is_one_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert not in_notebook()
    with notebook(monkeypatch) as outputs:
        assert in_notebook()
        model = minigpt.train(data=own_text(tmp_path), out=tmp_path / "run", epochs=3, progress=True, **TINY)
    assert list(outputs) == [0]
    for wanted in ("Model", "Training", "step 6/6", "Result", str(tmp_path / "run")):
        assert wanted in outputs[0][-1], wanted
    assert model.folder == tmp_path / "run"
    assert capsys.readouterr() == ("", "")


def test_in_a_script_progress_goes_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And without it a run is silent; a listener hears the same with a display and without."""
    heard = []
    for progress in (False, True):
        recorder = Recorder()
        out = tmp_path / f"run {progress}"
        minigpt.train(data=own_text(tmp_path), out=out, epochs=2, progress=progress, listener=recorder, **TINY)
        heard.append([name for name, _ in recorder.heard])
        printed = capsys.readouterr()
        assert printed.out == ""
        assert bool(printed.err) == progress
        assert ("Model" in printed.err) == ("Result" in printed.err) == (str(out) in printed.err) == progress
    assert heard[0] == heard[1]
    assert {"say", "step", "report", "sample", "learning"} <= set(heard[0])
    minigpt.resume(out, progress=True)
    assert "nothing left to do" in capsys.readouterr().err


def test_a_listener_can_end_a_training_that_resume_continues(tmp_path: Path) -> None:
    class Enough(minigpt.Listener):
        steps = 0

        def step(self, course: minigpt.Course) -> None:
            self.steps = course.step

        def wish(self) -> minigpt.Wish | None:
            return minigpt.Wish.STOP if self.steps == 2 else None

    with pytest.raises(KeyboardInterrupt):
        minigpt.train(data=own_text(tmp_path), out=tmp_path / "run", epochs=5, listener=Enough(), **TINY)
    counted = Recorder()
    assert minigpt.resume(tmp_path / "run", listener=counted).generate(max_tokens=2, seed=1) is not None
    assert sum(name == "step" for name, _ in counted.heard) == 8  # of 10
