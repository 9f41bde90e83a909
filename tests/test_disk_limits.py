"""What is read of the machine and of the disk, and how much is kept there: on either side of each
line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from minigpt.disk.files import read_json_object
from minigpt.disk.folder import RunFolder
from minigpt.disk.foreign import markdown
from minigpt.disk.jsontext import json_object
from minigpt.disk.shelf import list_runs
from minigpt.disk.state import load_state, save_state, states
from minigpt.disk.tensors import write_tensors
from minigpt.errors import MinigptError
from minigpt.machine import group_folders, usable_cores
from minigpt.run.room import free_room

# --- the machine


def test_the_outer_groups_of_a_container_count(tmp_path: Path) -> None:
    """Sixty of them, and of their files the first kilobytes."""
    group = tmp_path / "sys/fs/cgroup"
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(f"0::{'/a' * 200}\n")
    assert 30 < len(list(group_folders(tmp_path, "memory"))) / 2 < 130
    group.mkdir(parents=True)
    (group / "memory.max").write_text("1000")
    (group / "memory.current").write_text("900")
    for lines, free in ((5000, 600), (15_000, 100)):
        (group / "memory.stat").write_text("anon 7\n" * lines + "inactive_file 500\n")
        assert free_room(tmp_path).size == free
    assert usable_cores(tmp_path) >= 1


@pytest.mark.parametrize(("limit", "where"), [(2**40, "in this container"), (2**63 - 4096, "")])
def test_a_limit_that_no_machine_reaches_is_none(tmp_path: Path, limit: int, where: str) -> None:
    """Version 1 of control groups writes "no limit" as the largest multiple of a page."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("4:memory:/\n")
    (tmp_path / "sys/fs/cgroup/memory").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/memory/memory.limit_in_bytes").write_text(str(limit))
    (tmp_path / "sys/fs/cgroup/memory/memory.usage_in_bytes").write_text(str(limit - 10))
    assert free_room(tmp_path).where == where


# --- the disk


def test_a_text_file_of_tens_of_megabytes_is_read(tmp_path: Path) -> None:
    for megabytes, fine in ((30, True), (120, False)):
        with (tmp_path / "a.json").open("wb") as file:
            file.write(b'{"a": 1}')
            file.seek(megabytes * 10**6 - 1)
            file.write(b"\n")
        if fine:
            with pytest.raises(MinigptError, match="is not JSON"):  # it holds zeros
                read_json_object(tmp_path / "a.json")
        else:
            with pytest.raises(MinigptError, match="bytes, more than"):
                read_json_object(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("depth", "digits", "message"),
    [(60, 290, ""), (70, 290, "nested too deeply"), (60, 310, "invalid number")],
)
def test_json_is_some_sixty_levels_deep_and_its_numbers_fit_into_a_float(
    depth: int,
    digits: int,
    message: str,
) -> None:
    text = '{"a": ' + "[" * (depth - 1) + "9" * digits + "]" * (depth - 1) + "}"
    if message:
        with pytest.raises(MinigptError, match=message):
            json_object(text, "a")
    else:
        value = json_object(text, "a")["a"]
        assert float(json.dumps(value).strip("[]")) < float("inf")


def test_a_line_of_markdown_is_a_paragraph_at_most() -> None:
    assert markdown("x" * 1500) == "x" * 1500
    assert 1500 < len(markdown("x" * 10_000)) < 4000


def test_a_list_of_runs_reads_and_shows_a_bounded_part_of_each_record(tmp_path: Path) -> None:
    """Texts of a line, large records up to some megabytes in all, and of those that cannot be read
    the first."""
    for name, letters, count in (("large", 1_500_000, 16), ("small", 60_000, 50)):
        for number in range(count):
            record = {"created": "2026", "prompt": "p" * letters}
            RunFolder(tmp_path / f"{name}-{number}", record).create()
    for number in range(24):
        (tmp_path / f"damaged-{number}").mkdir()
        (tmp_path / f"damaged-{number}" / "run.json").write_text("{")
    runs, unreadable = list_runs(tmp_path)
    large = sum(folder.name.startswith("large") for folder, _ in runs)
    assert 6 < large < 14
    assert len(runs) - large == 50
    assert {150 < len(record["prompt"]) < 300 for _, record in runs} == {True}
    assert 5 < len(unreadable) < 20


def test_arrays_begin_where_a_reader_can_map_them(tmp_path: Path) -> None:
    """At a multiple of eight bytes, with less than eight of padding."""
    for name in ("a", "ab", "abc", "abcd", "abcde"):
        write_tensors(tmp_path / "a.safetensors", {name: np.zeros(3, np.float32)}, {"note": name})
        data = (tmp_path / "a.safetensors").read_bytes()
        header = data[8 : 8 + int.from_bytes(data[:8], "little")]
        assert len(header) % 8 == 0
        assert len(header) - len(header.rstrip(b" ")) < 8


def test_two_states_are_kept_and_the_older_one_serves_if_the_latest_is_damaged(
    tmp_path: Path,
) -> None:
    shapes = {"m": (3,)}
    for step in (1, 2, 3, 4):
        save_state(tmp_path, step, {"m": np.full(3, step, np.float32)}, {"step": step})
    assert len(states(tmp_path)) == 2
    states(tmp_path)[0].write_bytes(b"damaged")
    found = load_state(tmp_path, shapes, lambda line: None)
    assert found is not None and found[1] == {"step": 3}
