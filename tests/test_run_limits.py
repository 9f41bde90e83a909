"""What a run takes, keeps and waits for: on either side of each line."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from minigpt.attention import Attention, Cache
from minigpt.backend import Backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.corpus.ollama.teacher import TeacherSettings
from minigpt.disk.files import read_json_object
from minigpt.disk.folder import RunFolder
from minigpt.disk.foreign import markdown
from minigpt.disk.jsontext import json_object
from minigpt.disk.shelf import list_runs
from minigpt.disk.state import load_state, save_state, states
from minigpt.disk.tensors import write_tensors
from minigpt.errors import MinigptError
from minigpt.layers import Workspace
from minigpt.loss import chunk_rows
from minigpt.machine import group_folders, usable_cores
from minigpt.run import keeper
from minigpt.run.course import Course
from minigpt.run.interrupt import Interrupt, Interrupted
from minigpt.run.job import plan
from minigpt.run.keeper import Keeper
from minigpt.run.listener import Listener
from minigpt.run.memory import micro_batch, step_memory
from minigpt.run.options import Options
from minigpt.run.pace import Clock, Epochs
from minigpt.run.room import free_room
from minigpt.run.write_corpus import generated
from minigpt.tokenizer import Tokenizer
from minigpt.trainer import Trainer
from minigpt.training import HeldOut, Windows

CONFIG = ModelConfig(n_layer=1, n_head=1, n_embd=8, n_positions=8, vocab_size=30, dropout=0.0)


@pytest.fixture
def trainer(cpu: Backend) -> Iterator[Trainer]:
    with closing(Trainer(CONFIG, TrainConfig(batch_size=4), threads=1, backend=cpu, dtype=np.float64)) as trainer:
        yield trainer


def course(trainer: Trainer, pace: Epochs | Clock, base: int = 0) -> Course:
    ids = np.arange(100) % 30
    return Course(trainer, Windows(ids, 8, 4, 0), HeldOut(ids[:0], 8, 4, 29), pace, base)


# --- the loop


@pytest.mark.parametrize(("steps", "base"), [(1, 0), (150, 0), (399, 0), (1000, 0), (12_345, 0), (1000, 700)])
def test_a_training_of_any_length_has_about_two_hundred_lines_of_metrics(trainer: Trainer, steps: int, base: int) -> None:
    under_way, due = course(trainer, Epochs(base + steps, base + steps), base), 0
    for under_way.step in range(base + 1, base + steps + 1):
        due += under_way.report_due
    assert min(steps, 190) <= due < 400


def test_a_training_by_the_clock_is_evaluated_some_dozen_times() -> None:
    """If an evaluation is short; it takes a twentieth of the time at most."""
    for evaluation, least, most in ((0.0, 20, 80), (2.0, 5, 11)):
        clock, last, times = Clock(400.0, 1.0), 0.0, 0
        for now in np.arange(0, 400, 0.1):
            if clock.evaluates(1, now - last, evaluation):
                last, times = now, times + 1
        assert least <= times <= most
        assert times * evaluation <= 0.06 * 400


def test_saving_takes_a_hundredth_of_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trainer: Trainer) -> None:
    """On a disk that takes a tenth of a second, by a clock that the test turns."""
    options = Options.parse(
        {"source": "template", "out": tmp_path / "run", "checkpoint_seconds": 0.001, "layers": 1, "heads": 1, "width": 8}
    )
    job, now = plan("cooking", options, Listener()), [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    save = keeper.save_state

    def slowly(*arguments: object) -> None:
        now[0] += 0.1
        save(*arguments)

    monkeypatch.setattr(keeper, "save_state", slowly)
    job.run.create()
    kept = Keeper(job, course(trainer, Epochs(10_000, 10_000)), HeldOut(np.arange(0), 8, 4, 29))
    kept.save()
    saves = 0
    while now[0] < 300:
        now[0] += 0.05
        before = now[0]
        kept.step()
        saves += now[0] > before
    assert 0.003 < saves * 0.1 / 300 < 0.012


def test_two_states_are_kept_and_the_older_one_serves_if_the_latest_is_damaged(tmp_path: Path) -> None:
    shapes = {"m": (3,)}
    for step in (1, 2, 3, 4):
        save_state(tmp_path, step, {"m": np.full(3, step, np.float32)}, {"step": step})
    assert len(states(tmp_path)) == 2
    states(tmp_path)[0].write_bytes(b"damaged")
    found = load_state(tmp_path, shapes, lambda line: None)
    assert found is not None and found[1] == {"step": 3}


def test_a_second_interruption_counts_a_few_seconds_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before that, an impatient person's further signals change nothing."""
    interrupt, now = Interrupt(), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with pytest.raises(Interrupted):
        interrupt._hear(signal.SIGINT, None)
    now[0] += 1
    interrupt._hear(signal.SIGINT, None)
    now[0] += 4
    with pytest.raises(Interrupted):
        interrupt._hear(signal.SIGINT, None)


def test_a_teacher_gets_a_good_part_of_the_minutes_but_not_all(tmp_path: Path, gpt2: Tokenizer) -> None:
    job = plan("cooking", Options.parse({"out": tmp_path / "run", "source": "template", "minutes": 10}), Listener())
    taught = generated(replace(job, teacher=TeacherSettings(gen_model="teacher")), gpt2, 1000)
    assert 0.3 * 600 <= taught.seconds <= 0.7 * 600


# --- memory


@pytest.mark.parametrize(("share", "split"), [(0.8, False), (0.97, True)])
def test_a_step_leaves_a_tenth_of_the_free_memory(share: float, split: bool) -> None:
    config = ModelConfig(6, 6, 384, 512, 3000)
    assert (micro_batch(config, 8, 256, 2, int(step_memory(config, 8, 256, 2).total / share)) < 8) == split


@pytest.mark.parametrize(("vocabulary", "least", "most"), [(300, 32, 128), (3000, 32, 128), (200_000, 200, 800)])
def test_the_logits_that_exist_at_once_take_some_dozen_megabytes(vocabulary: int, least: int, most: int) -> None:
    """More only where fewer rows would make small matrices: 512 at least."""
    rows = chunk_rows(vocabulary, 4)
    assert least < rows * vocabulary * 4 / 2**20 < most
    assert rows >= 256


def test_a_block_of_logits_fits_into_a_last_cache(cpu: Backend) -> None:
    config = replace(CONFIG, vocab_size=50_257)
    with closing(Trainer(config, TrainConfig(), threads=2, backend=cpu)) as trainer:
        sizes = [block.stop - block.start for shard in trainer.loss.shards for block in shard.blocks]
    assert sum(sizes) == 50_257
    assert 4 < max(sizes) * chunk_rows(50_257, 4) * 4 / 2**20 < 16


def test_a_piece_of_a_chain_fits_into_a_second_cache(cpu: Backend) -> None:
    (piece, *_) = cpu.pieces(10**6, 4096)
    assert 2**19 <= (piece.stop - piece.start) * 4096 <= 2**21


def test_hardly_a_score_is_computed_in_vain(cpu: Backend) -> None:
    """At 256 positions a quarter more than the triangle, in a handful of products."""
    with closing(Trainer(replace(CONFIG, n_positions=256), TrainConfig(), threads=1, backend=cpu)) as trainer:
        (attention,) = [layer for layer in vars(trainer.models[0].blocks[0]).values() if isinstance(layer, Attention)]
        tiles = attention.tiles(256, 256)
    area = sum((tile.rows.stop - tile.rows.start) * tile.seen.stop for tile in tiles)
    assert 1.1 < area / (256 * 257 / 2) < 1.4
    assert 3 <= len(tiles) <= 8


def test_a_cache_begins_with_room_for_a_window_of_gpt1(cpu: Backend) -> None:
    assert 256 <= Cache(replace(CONFIG, n_positions=10**9), Workspace(cpu)).room <= 1024


def test_words_that_were_cut_are_remembered_as_long_as_they_are_not_too_many(gpt2: Tokenizer) -> None:
    """Some hundred thousand short ones."""
    tokenizer = Tokenizer(gpt2.merges[:100])
    tokenizer.encode("b" * 50 + " " + "c" * 200)
    assert "b" * 50 in tokenizer._words and " " + "c" * 200 not in tokenizer._words
    most = 0
    for number in range(300):
        tokenizer._words.update(dict.fromkeys(map(str, range(number * 1000, (number + 1) * 1000)), [0]))
        most = max(most, len(tokenizer._words))
        tokenizer.encode(f" z{chr(97 + number % 26)}{chr(97 + number // 26)}")
    assert 65_000 < most < 270_000


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
    for lines, free in ((1000, 600), (100_000, 100)):
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
            with pytest.raises(MinigptError, match="bytes are more than"):
                read_json_object(tmp_path / "a.json")


@pytest.mark.parametrize(("depth", "digits", "message"), [(60, 290, ""), (70, 290, "nested too deeply"), (60, 310, "impossible number")])
def test_json_is_some_sixty_levels_deep_and_its_numbers_fit_into_a_float(depth: int, digits: int, message: str) -> None:
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
    """Texts of a line, large records up to some megabytes in all, and of those that cannot be read the first."""
    for number in range(24):
        RunFolder(tmp_path / f"large-{number}", {"created": "2026", "prompt": "p" * 10**6}).create()
        RunFolder(tmp_path / f"small-{number}", {"created": "2026", "prompt": "p" * 50_000}).create()
        (tmp_path / f"damaged-{number}").mkdir()
        (tmp_path / f"damaged-{number}" / "run.json").write_text("{")
    runs, unreadable = list_runs(tmp_path)
    large = sum(folder.name.startswith("large") for folder, _ in runs)
    assert 8 < large < 20
    assert len(runs) - large == 24
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
