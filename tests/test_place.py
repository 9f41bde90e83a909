"""A run writes into the folder that it began in and nowhere else, also on file systems without locks or folder syncs."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import minigpt.run.pipeline
from minigpt.config import ModelConfig
from minigpt.corpus.documents import Document
from minigpt.corpus.gather import Entry, write_corpus
from minigpt.corpus.ollama.journal import Journal
from minigpt.disk import locks
from minigpt.disk.checkpoint import save_config, save_weights
from minigpt.disk.files import checksum, open_to_append, read_bytes, whole_file, write_text
from minigpt.disk.folder import RunFolder
from minigpt.disk.locks import lock
from minigpt.disk.place import hold
from minigpt.disk.shelf import INNER, OUTER
from minigpt.disk.state import save_state
from minigpt.disk.streams import id_chunks, to_bytes
from minigpt.errors import MinigptError, Moved
from minigpt.run.vocabulary import renumber

posix = pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be moved there")
LINE = {"text": "A text.", "request": 1}
ENTRIES = [Entry(Document(f"Text {i}.", "own"), None, [1, 2, 3]) for i in range(3)]


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder, and the bytes of the files."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """Somebody else's folder, with the names that a run uses."""
    folder = tmp_path / "stranger"
    (folder / "checkpoint").mkdir(parents=True)
    for name in ("run.json", "metrics.jsonl", "model.safetensors", "checkpoint/lock", "checkpoint/teacher.jsonl"):
        (folder / name).write_text("mine")
    for step in range(1, 5):
        (folder / "checkpoint" / f"state-{step:012}.safetensors").write_text("mine")
    return folder


def begun(path: Path) -> RunFolder:
    run = RunFolder(path, {"prompt": "p"})
    run.create()
    return run


def numbered(run: RunFolder, gpt2) -> None:
    source = run.path.parent / "ids"
    source.write_bytes(to_bytes([1, 2, 3]))
    renumber(source, gpt2, gpt2, run.inner / "train.ids")


WRITERS = {
    "record": lambda run, _: run.save("training"),
    "metrics": lambda run, _: run.add_metrics({"step": 1}),
    "model": lambda run, _: save_weights(run.place, {"a": np.zeros(3, np.float32)}),
    "config": lambda run, _: save_config(run.place, ModelConfig(1, 1, 4, 8, 300), 8, 0),
    "state": lambda run, _: save_state(run.inner, 9, {"a": np.zeros(3, np.float32)}, {}),
    "corpus": lambda run, _: write_corpus(ENTRIES, run.place, run.inner, 1),
    "streams": numbered,
    "journal": lambda run, _: Journal(run.inner / "teacher.jsonl", print),
    "plan": lambda run, _: Journal(run.inner / "teacher.jsonl", print).write_plan({}),
}


def replaced_by_link(path: Path, stranger: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to(stranger)


def replaced_by_folder(path: Path, stranger: Path) -> None:
    path.rename(path.with_name("moved"))
    stranger.rename(path)
    stranger.symlink_to(path)


def removed(path: Path, stranger: Path) -> None:
    path.rename(path.parent.parent / "far away")


@posix
@pytest.mark.parametrize("swap", [replaced_by_link, replaced_by_folder, removed])
@pytest.mark.parametrize("inside", [False, True], ids=["folder", "checkpoint"])
def test_no_writer_follows_a_folder_that_was_swapped(tmp_path, stranger, gpt2, swap, inside):
    """Every writer of a run, each after the run's folder or checkpoint/ was moved away and something else took its place."""
    run = begun(tmp_path / "home" / "run")
    goal = stranger / "checkpoint" if inside else stranger
    before = snapshot(goal)
    with pytest.raises(Moved, match="was moved, replaced or removed while the run was writing"), run.in_use():
        swap(run.checkpoint if inside else run.path, goal)
        for name, write in WRITERS.items():
            if not inside or name in ("state", "corpus", "streams", "journal", "plan"):
                with pytest.raises(Moved):
                    write(run, gpt2)
        run.record["status"] = "complete"  # and the end of the run removes nothing there
    assert snapshot(goal) == before


@posix
def test_a_swap_within_a_write_leaves_the_stranger_alone_and_no_half_file(tmp_path, stranger):
    """Between opening the temporary file and renaming it."""
    run, before = begun(tmp_path / "run"), snapshot(stranger)
    with pytest.raises(Moved), run.in_use(), whole_file(run.place / "metrics.jsonl") as file:
        file.write(b"x")
        replaced_by_link(run.path, stranger)
    assert snapshot(stranger) == before
    assert sorted(path.name for path in (tmp_path / "moved").iterdir()) == ["checkpoint", "run.json"]


@posix
def test_an_open_journal_notices_the_swap(tmp_path, stranger):
    run, before = begun(tmp_path / "run"), snapshot(stranger)
    with pytest.raises(Moved), run.in_use():
        journal = Journal(run.inner / "teacher.jsonl", print)
        journal.append(LINE)
        replaced_by_link(run.path, stranger)
        try:
            journal.append(LINE)
        finally:
            journal.close()
    assert snapshot(stranger) == before
    assert (tmp_path / "moved" / "checkpoint" / "teacher.jsonl").read_bytes().count(b"\n") == 1


@posix
def test_a_link_above_the_run_is_the_users_own(tmp_path):
    """`--out link/run` works, until the link leads elsewhere."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    run = begun(tmp_path / "link" / "run")
    with pytest.raises(Moved), run.in_use():
        run.save("training")
        assert b"training" in (tmp_path / "disk" / "run" / "run.json").read_bytes()
        (tmp_path / "link").unlink()
        (tmp_path / "other" / "run").mkdir(parents=True)
        (tmp_path / "link").symlink_to(tmp_path / "other")
        run.save("training")
    assert snapshot(tmp_path / "other") == {"run": None}


def test_the_end_of_a_run_removes_its_own_files_and_no_others(tmp_path):
    run = begun(tmp_path / "run")
    with run.in_use():
        for name in ("teacher.jsonl", "teacher-plan.json", "train.ids", "held_out.gpt2.ids", "initial.safetensors"):
            write_text(run.inner / name, "x")
        save_state(run.inner, 3, {"a": np.zeros(3, np.float32)}, {})
        (run.checkpoint / "notes.txt").write_text("mine")
        run.save("complete")
    assert snapshot(run.checkpoint) == {"notes.txt": b"mine"}
    (run.checkpoint / "notes.txt").unlink()
    with run.in_use():
        pass
    assert not run.checkpoint.exists()


# --- half-written files


def left_by(process: int, name: str) -> str:
    return f".{name}.{process}.minigpt-tmp"


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_a_killed_process_left_is_removed_and_nothing_that_looks_like_it(tmp_path):
    run, dead = begun(tmp_path / "run"), dead_process()
    gone = [
        run.path / left_by(dead, "run.json"),
        run.path / left_by(os.getpid(), "model.safetensors"),
        run.checkpoint / left_by(dead, "lock"),
    ]
    kept = [".thesis.tmp", ".x.1.tmp", left_by(dead, "thesis.txt"), left_by(os.getppid(), "run.json"), f".run.json.{dead}.minigpt-tmp.bak"]
    folder = run.path / left_by(dead, "metrics.jsonl")
    folder.mkdir()
    for path in [*gone, *(run.path / name for name in kept)]:
        path.write_text("x")
    with run.in_use():
        run.add_metrics({"step": 1})
    assert not any(path.exists() for path in gone)
    assert all((run.path / name).exists() for name in kept)
    assert folder.is_dir()


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_a_temporary_name_that_is_taken_stops_no_write(tmp_path, kind):
    taken, victim = tmp_path / left_by(os.getpid(), "a"), tmp_path / "victim"
    victim.write_text("precious")
    if kind == "folder":
        taken.mkdir()
    elif kind == "file":
        taken.write_text("precious")
    elif sys.platform != "win32":
        taken.symlink_to(victim)
    before = snapshot(tmp_path)
    write_text(tmp_path / "a", "new")
    assert snapshot(tmp_path) == before | {"a": b"new"}


def test_the_names_that_a_run_writes_are_known(tmp_path):
    """They identify its own half-written files, and what it removes in the end."""
    assert all(OUTER.fullmatch(name) for name in ("run.json", "vocab.json", "corpus.jsonl", "merges.txt", "README.md"))
    assert all(INNER.fullmatch(name) for name in ("lock", "train.ids", "train.gpt2.ids", "state-000000000012.safetensors"))
    assert not any(pattern.fullmatch(name) for pattern in (OUTER, INNER) for name in ("", "a.json", "state-1.safetensors", "xrun.json"))


# --- file systems that lack something


def answering(number: int):
    def call(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


def folders_only(number: int):
    """An fsync that works for files and fails for folders, as on file systems that cannot sync them."""
    real = os.fsync

    def fsync(handle: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(number, os.strerror(number))
        real(handle)

    return fsync


@posix
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL], ids=errno.errorcode.get)
def test_a_file_system_without_locks_works_and_is_named(tmp_path, monkeypatch, number):
    monkeypatch.setattr("fcntl.flock", answering(number))
    run = begun(tmp_path / "run")
    with run.in_use():
        run.save("training")
        (line,) = run.limits
    assert line.startswith(f"{run.path} is on a file system without locks: ")


@posix
@pytest.mark.parametrize("number", [errno.EWOULDBLOCK, errno.EACCES], ids=errno.errorcode.get)
def test_a_lock_that_another_process_holds_is_in_use(tmp_path, monkeypatch, number):
    run = begun(tmp_path / "run")
    monkeypatch.setattr("fcntl.flock", answering(number))
    with pytest.raises(MinigptError, match="is in use by process unknown; wait until it ends, or end it"), run.in_use():
        pass


@posix
def test_any_other_failure_of_a_lock_is_an_error(tmp_path, monkeypatch):
    run = begun(tmp_path / "run")
    monkeypatch.setattr("fcntl.flock", answering(errno.EIO))
    with pytest.raises(OSError, match=r"Input/output error: .*lock"), run.in_use():
        pass


@posix
def test_without_locks_a_living_process_still_keeps_others_out(tmp_path, monkeypatch):
    """The file has its number. A dead process, one on another machine and anything else hold nobody up."""
    monkeypatch.setattr("fcntl.flock", answering(errno.ENOLCK))
    path, other, here = tmp_path / "lock", os.getppid(), locks.this_host()
    for left in (f"{dead_process()} {here}", f"{other} elsewhere", "", "0", "x" * 999, f"{os.getpid()} {here}"):
        path.write_text(left)
        with lock(path, "it is in use") as kept:
            assert not kept
            assert path.read_text() == f"{os.getpid()} {here}"
        assert path.read_text() == ""
    path.write_text(f"{other} {here}")
    with pytest.raises(MinigptError, match=rf"in use by process {other}; .* remove {path}"), lock(path, "it is in use"):
        pass


@posix
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks there")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_does_not_keep_a_lock_that_its_parent_has_let_go(tmp_path):
    """It has inherited the open file, which closing it in the parent does not change."""
    with lock(tmp_path / "lock", "it is in use"):
        child = os.fork()
        if not child:
            time.sleep(30)
            os._exit(0)
    try:
        with lock(tmp_path / "lock", "it is in use") as kept:
            assert kept
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@posix
def test_a_new_run_takes_its_lock_once(tmp_path, monkeypatch):
    """If it let go of it between its first record and its work, another process that wants the same folder could take it, and end it."""
    import fcntl

    real, taken = fcntl.flock, []

    def counted(file: object, operation: int) -> None:
        if operation & fcntl.LOCK_EX:
            taken.append(operation)
        real(file, operation)  # type: ignore[arg-type]

    monkeypatch.setattr("fcntl.flock", counted)
    minigpt.run.pipeline.write_corpus(
        "A GPT that writes haiku", out=tmp_path / "run", source="template", initial_tokens=800, final_tokens=500
    )
    assert len(taken) == 1


@posix
def test_a_lock_whose_file_is_gone_is_none(tmp_path, monkeypatch):
    """Another process has the file open when the holder finishes and removes it."""
    import fcntl

    real = fcntl.flock

    def late(*arguments: object) -> None:
        (tmp_path / "lock").unlink()
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("fcntl.flock", late)
    with pytest.raises(MinigptError, match="in use by a process that has just ended; try again"), lock(tmp_path / "lock", "in use"):
        pass


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this test looks into /proc")
@pytest.mark.parametrize(
    "number", [errno.EINVAL, errno.EIO, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM], ids=errno.errorcode.get
)
def test_a_file_system_that_cannot_sync_folders_works_and_is_named(tmp_path, monkeypatch, number):
    monkeypatch.setattr("os.fsync", folders_only(number))
    run = begun(tmp_path / "run")
    with run.in_use():
        run.save("training")
        (line,) = run.limits
    assert line.startswith(f"{run.path} is on a file system that cannot sync folders: ")
    monkeypatch.setattr("os.fsync", folders_only(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        run.save("training")


@posix
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EINVAL], ids=errno.errorcode.get)
def test_a_file_that_cannot_be_brought_to_the_disk_is_an_error(tmp_path, monkeypatch, number):
    write_text(tmp_path / "a", "old")
    monkeypatch.setattr("os.fsync", answering(number))
    with pytest.raises(OSError, match=os.strerror(number)):
        write_text(tmp_path / "a", "new")
    assert snapshot(tmp_path) == {"a": b"old"}


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process may grow meanwhile."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@posix
def test_a_write_that_fails_names_the_file(tmp_path):
    """The system does not tell it: lock and journal, which are written in place."""
    journal = Journal(tmp_path / "teacher.jsonl", print)
    with no_room():
        with pytest.raises(OSError, match=r"large: .*lock"), lock(tmp_path / "lock", "it is in use"):
            pass
        for use in (lambda: journal.append(LINE), journal.close):
            with pytest.raises(OSError, match=r"large: .*teacher\.jsonl"):
                use()


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="this test looks into /proc")
def test_a_read_that_fails_names_the_file_and_is_no_end_of_it():
    """The memory of a process has no byte 0."""
    broken = Path("/proc/self/mem")
    for read in (checksum, lambda path: list(id_chunks(path, 9))):
        with pytest.raises(OSError, match="error: '/proc/self/mem'"):
            read(broken)
    with pytest.raises(MinigptError, match="/proc/self/mem cannot be read: Input/output error"):
        read_bytes(broken)


def test_an_ordinary_file_system_has_no_limits(tmp_path):
    run = begun(tmp_path / "run")
    with run.in_use():
        assert run.limits == []


@posix
def test_a_file_with_a_second_name_elsewhere_is_not_written_through(tmp_path):
    """As in a copy of a run made of hard links."""
    run = begun(tmp_path / "run")
    journal = Journal(run.checkpoint / "teacher.jsonl", print)
    journal.append(LINE)
    journal.close()
    shutil.copytree(run.path, tmp_path / "copy", copy_function=os.link)
    before = snapshot(run.path)
    copy = RunFolder(tmp_path / "copy", {"prompt": "p", "stages": {}})
    with copy.in_use():
        journal = Journal(copy.inner / "teacher.jsonl", print)
        assert len(journal.lines) == 1
        journal.append(LINE)
        journal.close()
        for name, write in WRITERS.items():
            if name not in ("streams", "journal", "plan"):
                write(copy, None)
    assert len(journal.lines) == 2
    assert snapshot(run.path) == before


@posix
def test_what_is_no_file_is_not_written_through(tmp_path):
    """A FIFO or a folder in place of the lock: one error, no waiting."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name in ("fifo", "folder"):
        with pytest.raises(OSError, match=name):
            open_to_append(tmp_path / name)
    with hold(tmp_path) as place:
        assert place.files() == []
