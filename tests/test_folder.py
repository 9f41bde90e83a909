"""The run folder: names, records, and the list of runs."""

from __future__ import annotations

import json

import pytest

from minigpt.errors import MinigptError
from minigpt.folder import RunFolder, list_runs, new_folder, require_free, slug


def test_slug_is_safe_for_every_file_system():
    assert slug("A fun GPT that generates cooking recipes") == "a-fun-gpt-that-generates-cooking-recipes"
    assert slug("../../etc/passwd") == "etc-passwd"
    assert slug("\u6599\u7406") == "gpt"
    assert len(slug("x" * 500)) == 40


def test_two_runs_in_one_second_get_two_folders(tmp_path):
    first = new_folder(tmp_path, "a")
    first.mkdir()
    assert new_folder(tmp_path, "a") != first


def test_nothing_is_overwritten(tmp_path):
    require_free(tmp_path / "new")
    require_free(tmp_path)
    (tmp_path / "file").write_text("mine")
    for taken in (tmp_path, tmp_path / "file"):
        with pytest.raises(MinigptError, match="--out"):
            require_free(taken)


def test_record_and_metrics_are_whole_after_every_write(tmp_path):
    run = RunFolder(tmp_path / "a" / "run", {"prompt": "p"})
    run.create()
    assert json.loads((run.path / "run.json").read_text())["status"] == "writing"
    for step in range(3):
        run.add_metrics({"step": step})
        lines = (run.path / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(line)["step"] for line in lines] == list(range(step + 1))
    run.save("complete", result={"best_step": 2})
    assert json.loads((run.path / "run.json").read_text()) == {
        "prompt": "p",
        "status": "complete",
        "stages": [],
        "result": {"best_step": 2},
    }


def test_runs_are_listed_newest_first_and_damaged_records_are_named(tmp_path):
    for name, created in (("old", "2026-01-01"), ("new", "2026-02-01")):
        RunFolder(tmp_path / name, {"created": created}).create()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text("{")
    (tmp_path / "other").mkdir()
    runs, unreadable = list_runs(tmp_path)
    assert [folder.name for folder, _ in runs] == ["new", "old"]
    assert len(unreadable) == 1
    assert "bad" in unreadable[0]
    assert list_runs(tmp_path / "nothing") == ([], [])


def test_stages_that_are_done_are_not_done_again(tmp_path):
    """One that is broken off does not count, and the ones behind it wait."""
    run = RunFolder(tmp_path / "run", {})
    run.create()
    calls: list[str] = []

    def broken() -> None:
        calls.append("second")
        raise MinigptError("no")

    stages = {"first": lambda: calls.append("first"), "second": broken, "third": lambda: calls.append("third")}
    with pytest.raises(MinigptError):
        run.carry_out(stages)
    record = json.loads((run.path / "run.json").read_text())
    assert record["stages"] == ["first"]
    again = RunFolder(run.path, record)
    again.carry_out(stages | {"second": lambda: calls.append("second")})
    assert calls == ["first", "second", "second", "third"]
    assert json.loads((run.path / "run.json").read_text())["stages"] == ["first", "second", "third"]
