"""The run folder: names, records, and the list of runs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from minigpt.errors import MinigptError
from minigpt.files import unsealed
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
    record = json.loads((run.path / "run.json").read_text())
    assert unsealed(record, "run.json") == {
        "prompt": "p",
        "status": "complete",
        "stages": {},
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


@pytest.mark.parametrize(
    ("data", "message"), [(["-"], "standard input was not read to its end"), (["a.txt"], "everything is saved; to go on: minigpt resume ")]
)
def test_whoever_interrupts_a_run_is_told_whether_it_can_go_on(tmp_path, data, message):
    run = RunFolder(tmp_path / "run", {"options": {"data": data}})
    run.create()
    with pytest.raises(KeyboardInterrupt, match=message), run.recorded():
        raise KeyboardInterrupt
    assert json.loads((run.path / "run.json").read_text())["status"] == "interrupted"


def test_stages_that_are_done_are_not_done_again(tmp_path):
    """One that is broken off does not count, and the ones behind it wait."""
    run = RunFolder(tmp_path / "run", {})
    run.create()
    calls: list[str] = []

    def does(name):
        def stage():
            calls.append(name)
            (run.path / name).write_text(name)
            return [run.path / name]

        return stage

    def broken():
        calls.append("second")
        raise MinigptError("no")

    stages = {"first": does("first"), "second": broken, "third": does("third")}
    with pytest.raises(MinigptError):
        run.carry_out(stages)
    record = json.loads((run.path / "run.json").read_text())
    assert list(record["stages"]) == ["first"]
    again = RunFolder(run.path, record)
    again.carry_out(stages | {"second": does("second")})
    assert calls == ["first", "second", "second", "third"]
    assert list(json.loads((run.path / "run.json").read_text())["stages"]) == ["first", "second", "third"]
    (run.path / "second").write_text("secand")
    with pytest.raises(MinigptError, match="second is damaged"):
        RunFolder(run.path, json.loads((run.path / "run.json").read_text())).carry_out(stages)


def test_a_folder_in_use_names_the_process_and_a_killed_one_holds_nobody_up(tmp_path):
    run = RunFolder(tmp_path / "run", {})
    run.create()
    code = "import sys, time; from pathlib import Path; from minigpt.folder import RunFolder\n"
    code += "with RunFolder(Path(sys.argv[1]), {'status': 'writing'}).in_use(): print('in', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code, str(run.path)], stdout=subprocess.PIPE)
    holder.stdout.readline()
    (run.checkpoint / ".x.1.tmp").write_text("half")
    with pytest.raises(MinigptError, match=f"in use by process {holder.pid};"), run.in_use():
        pass
    holder.kill()
    holder.communicate()
    with run.in_use():
        assert not list(run.checkpoint.glob(".*.tmp"))


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"stages": [], "options": {}, "prompt": "", "status": "training"}'])
def test_a_damaged_record_is_named(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(MinigptError, match=r"run\.json"):
        RunFolder.open(tmp_path)
