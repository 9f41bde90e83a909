"""The run folder: names, records, and the list of runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from minigpt.disk.files import write_json
from minigpt.disk.folder import RunFolder
from minigpt.disk.jsontext import sealed, unsealed
from minigpt.disk.shelf import NAMED, RECORD_LIMIT, USUAL, list_runs, new_folder, require_free, slug
from minigpt.errors import MinigptError, as_argument

DEAD = 2**22 + 1  # no process: above Linux's largest number, and odd, which none of Windows is
posix = pytest.mark.skipif(sys.platform == "win32", reason="there are no such files or rights there")


def test_slug_is_safe_for_every_file_system():
    assert slug("A fun GPT that generates cooking recipes") == "a-fun-gpt-that-generates-cooking-recipes"
    assert slug("../../etc/passwd") == "etc-passwd"
    assert slug("\u6599\u7406") == "gpt"
    assert len(slug("x" * 500)) == 40


def at_once(work: Callable[[], object], times: int) -> list[object]:
    """What many threads get from doing something at the same moment: a result or a MinigptError each."""
    results, gate = list[object](), threading.Barrier(times)

    def one() -> None:
        gate.wait()
        try:
            results.append(work())
        except MinigptError as error:
            results.append(error)

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_runs_that_start_in_the_same_second_get_a_folder_each(tmp_path):
    """Creating the folder claims its name; looking whether it is free would not."""
    folders = at_once(lambda: new_folder(tmp_path / "models", "a"), 12)
    assert len(set(folders)) == 12
    assert set(folders) == set((tmp_path / "models").iterdir())


def test_one_of_many_gets_a_folder_that_all_ask_for(tmp_path):
    def create() -> RunFolder:
        run = RunFolder(tmp_path / "run", {"by": threading.get_ident()})
        run.create()
        return run

    results = at_once(create, 8)
    (winner,) = [run for run in results if isinstance(run, RunFolder)]
    assert all(re.search("--out|is in use by process", str(error)) for error in results if error is not winner)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["by"] == winner.record["by"]


def test_nothing_is_overwritten(tmp_path):
    require_free(tmp_path / "new")
    require_free(tmp_path)
    (tmp_path / "file").write_text("mine")
    for taken in (tmp_path, tmp_path / "file"):
        with pytest.raises(MinigptError, match="--out"):
            require_free(taken)


@pytest.mark.parametrize(
    "name",
    [".DS_Store", "desktop.ini", "Thumbs.db", "._run.json", ".directory", "lost+found/", "@eaDir/", "checkpoint/", "checkpoint/lock",
     f".run.json.{DEAD}.minigpt-tmp", f".model.safetensors.{DEAD}-1.minigpt-tmp", f"checkpoint/.train.ids.{DEAD}.minigpt-tmp",
     "checkpoint/.DS_Store", "#recycle/", ".TemporaryItems/", "ehthumbs_vista.db",
     ".nfs000000000a3f5b2100000001", ".fuse_hidden0000000300000001"],
)  # fmt: skip
def test_what_the_system_or_a_killed_run_left_counts_as_nothing(tmp_path, name):
    place(tmp_path, name)
    require_free(tmp_path)
    RunFolder(tmp_path, {}).create()
    assert (tmp_path / name).exists() != name.endswith("minigpt-tmp")  # a killed one's is removed


@pytest.mark.parametrize(
    "name",
    [".thesis.tmp", ".x.12.tmp", ".thesis.12.minigpt-tmp", ".run.json.minigpt-tmp", ".run.json.12.minigpt-tmp/", "run.json.12.minigpt-tmp",
     "lock", ".DS_Store/", ".nfs", ".nfs-notes", "checkpoint/notes.txt", "checkpoint/checkpoint/", ".hidden",
     "checkpoint/.run.json.12.minigpt-tmp"],
)  # fmt: skip
def test_whatever_else_lies_in_a_folder_is_somebodys(tmp_path, name):
    place(tmp_path, name)
    with pytest.raises(MinigptError, match="is not empty, and nothing is overwritten"):
        require_free(tmp_path)


def place(folder: Path, name: str) -> None:
    """A file of this name, or a folder where it ends in a slash."""
    (folder / name).parent.mkdir(exist_ok=True)
    if name.endswith("/"):
        (folder / name).mkdir()
    else:
        (folder / name).write_text("")


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


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may read everything; here it may not."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@posix
def test_whatever_lies_among_the_runs_hides_none_of_them(tmp_path, monkeypatch):
    """An unreadable folder, broken links, a FIFO, a device, a record of gigabytes: what is not a run is passed over, or named."""
    RunFolder(tmp_path / "sound", {"created": "2026-01-01", "prompt": "p" * 10**5}).create()
    for name in ("closed", "fifo", "zero", "huge", "folder", "loop"):
        (tmp_path / name).mkdir()
    (tmp_path / "closed").chmod(0)
    os.mkfifo(tmp_path / "fifo" / "run.json")
    (tmp_path / "zero" / "run.json").symlink_to("/dev/zero")
    (tmp_path / "loop" / "run.json").symlink_to("run.json")
    (tmp_path / "folder" / "run.json").mkdir()
    with (tmp_path / "huge" / "run.json").open("wb") as file:
        file.truncate(RECORD_LIMIT + 1)
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "file").write_text("x")
    tmp_path.chmod(0o755)
    for path in [tmp_path / "sound", *(tmp_path / "sound").rglob("*")]:
        path.chmod(0o755)
    monkeypatch.chdir(tmp_path)  # the folders above it are closed too
    with without_privileges():
        runs, unreadable = list_runs(Path("."))
    assert [(folder.name, len(record["prompt"])) for folder, record in runs] == [("sound", 200)]
    named = [
        "closed cannot be read: Permission denied",
        *(f"{name}/run.json is not a regular file" for name in ("fifo", "folder", "loop", "zero")),
    ]
    assert len(unreadable) == 6
    assert all(any(line.startswith(part) for line in unreadable) for part in [*named, "huge/run.json has 4,194,305 bytes"])


@posix
def test_a_shelf_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    with pytest.raises(MinigptError, match="file is not a folder; --models-dir takes"):
        list_runs(tmp_path / "file")
    (tmp_path / "closed").mkdir(mode=0)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    with without_privileges(), pytest.raises(MinigptError, match=r"^closed cannot be read: Permission denied"):
        list_runs(Path("closed"))


def test_a_list_of_many_unreadable_runs_counts_them(tmp_path):
    for number in range(NAMED + 5):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "run.json").write_text("{")
    _, lines = list_runs(tmp_path)
    assert len(lines) == NAMED + 1
    assert lines[-1] == "5 more like these"


def test_a_list_reads_no_more_than_so_much_of_huge_records(tmp_path, monkeypatch):
    """However many there are: what is beyond the bound is named, and small records are listed all the same."""
    monkeypatch.setattr("minigpt.disk.shelf.EXTRA", 3 * 50_000)
    for number in range(8):
        RunFolder(tmp_path / f"huge-{number}", {"created": "2026", "prompt": "p" * (USUAL + 49_000)}).create()
        RunFolder(tmp_path / f"small-{number}", {"created": "2026", "prompt": "p"}).create()
    runs, lines = list_runs(tmp_path)
    assert len([folder for folder, _ in runs if folder.name.startswith("huge")]) == 3
    assert len([folder for folder, _ in runs if folder.name.startswith("small")]) == 8
    assert len(lines) == 5 and all("more than the list has left" in line for line in lines)


def test_a_record_that_is_sealed_and_says_nonsense_is_listed(tmp_path):
    (tmp_path / "run").mkdir()
    write_json(tmp_path / "run" / "run.json", sealed({"created": [1], "model": 5, "result": {"held_out_loss": "x"}, "prompt": {}}))
    assert list_runs(tmp_path)[0][0][1] == {
        "created": None, "status": None, "prompt": None,
        "model": {"size": None, "parameters": None},
        "corpus": {"documents": None, "tokens": None, "sources": []},
        "result": {"held_out_loss": None, "held_out_bits_per_byte": None},
    }  # fmt: skip


@posix
@pytest.mark.parametrize(
    "name", ["plain", "two words", "it's", "e\x1b]0;owned\x07vil", "caf\udce9", "tab\tand\nline", "naïve 狐", "a\\b\x01", "\u202e"]
)
def test_a_path_in_a_command_is_plain_text_that_a_shell_reads_back(name):
    text = as_argument(Path(name))
    assert text.isprintable()
    shell = "bash" if "$" in text else "sh"
    done = subprocess.run([shell, "-c", f"printf %s {text}"], capture_output=True, check=True)
    assert os.fsdecode(done.stdout) == name
    assert "$" in text or shlex.split(text) == [name]


def test_a_path_that_begins_with_a_hyphen_is_no_option_in_a_command():
    assert as_argument(Path("-run")) == "./-run"
    assert as_argument(Path("-r\x1b")) == "$'./-r\\x1b'"


@pytest.mark.parametrize(
    ("data", "message"),
    [(["-"], "standard input was not read to its end"), (["a.txt"], "everything is saved; to continue: minigpt resume ")],
)
def test_whoever_interrupts_a_run_is_told_whether_it_can_go_on(tmp_path, data, message):
    run = RunFolder(tmp_path / "run", {"options": {"data": data}})
    run.create()
    with pytest.raises(KeyboardInterrupt, match=message), run.recorded():
        raise KeyboardInterrupt
    assert json.loads((run.path / "run.json").read_text())["status"] == "interrupted"


@pytest.mark.parametrize("status", ["written", "interrupted"])
@pytest.mark.parametrize(("error", "then"), [(MinigptError, "failed"), (KeyboardInterrupt, "interrupted")])
def test_a_run_that_is_taken_up_again_is_called_what_became_of_it(tmp_path, status, error, then):
    """A written corpus whose training fails is not called written any more."""
    run = RunFolder(tmp_path / "run", {})
    run.create()
    run.save(status)
    with run.recorded():
        pass
    assert json.loads((run.path / "run.json").read_text())["status"] == status
    with pytest.raises(error), run.recorded():
        raise error("no")
    assert json.loads((run.path / "run.json").read_text())["status"] == then


def test_stages_that_are_done_are_not_done_again(tmp_path):
    """An interrupted one does not count, and those after it wait."""
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
    code = "import sys, time; from pathlib import Path; from minigpt.disk.folder import RunFolder\n"
    code += "with RunFolder(Path(sys.argv[1]), {'status': 'writing'}).in_use(): print('in', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code, str(run.path)], stdout=subprocess.PIPE)
    holder.stdout.readline()
    with pytest.raises(MinigptError, match=f"in use by process {holder.pid};"), run.in_use():
        pass
    holder.kill()
    holder.communicate()
    with run.in_use():
        pass


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"stages": [], "options": {}, "prompt": "", "status": "training"}'])
def test_a_damaged_record_is_named(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(MinigptError, match=r"run\.json"):
        RunFolder.open(tmp_path)
