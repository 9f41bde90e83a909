"""What a run takes, keeps and waits for: on either side of each line."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from minigpt.attention import Cache, tiles
from minigpt.backend import Backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.corpus.ollama.teacher import TeacherSettings
from minigpt.errors import MinigptError
from minigpt.layers import Workspace
from minigpt.loss import chunk_rows
from minigpt.run import keeper
from minigpt.run.course import Course
from minigpt.run.interrupt import Interrupt, Interrupted
from minigpt.run.job import new_job
from minigpt.run.keeper import Keeper
from minigpt.run.listener import Listener
from minigpt.run.memory import micro_batch, step_memory
from minigpt.run.options import Options
from minigpt.run.pace import Clock, Epochs
from minigpt.run.write_corpus import generated
from minigpt.tokenizer import Tokenizer
from minigpt.trainer import Trainer
from minigpt.training import HeldOut, Windows

CONFIG = ModelConfig(n_layer=1, n_head=1, n_embd=8, n_positions=8, vocab_size=30, dropout=0.0)


@pytest.fixture
def trainer(cpu: Backend) -> Iterator[Trainer]:
    made = Trainer(CONFIG, TrainConfig(batch_size=4), threads=1, backend=cpu, dtype=np.float64)
    with closing(made) as trainer:
        yield trainer


def course(trainer: Trainer, pace: Epochs | Clock, base: int = 0) -> Course:
    ids = np.arange(100) % 30
    return Course(trainer, Windows(ids, 8, 4, 0, end_of_text=29), HeldOut(ids[:0], 8, 4, 29), pace, base)


# --- the loop


@pytest.mark.parametrize(
    ("steps", "base"),
    [
        (1, 0),
        (150, 0),
        (399, 0),
        (1000, 0),
        (12_345, 0),
        (1000, 700),
    ],
)
def test_a_training_of_any_length_has_about_two_hundred_lines_of_metrics(
    trainer: Trainer,
    steps: int,
    base: int,
) -> None:
    under_way, due = course(trainer, Epochs(base + steps, base + steps), base), 0
    for under_way.step in range(base + 1, base + steps + 1):
        due += under_way.report_due
    assert min(steps, 190) <= due < 400


def test_a_training_by_the_clock_is_evaluated_some_dozen_times() -> None:
    """If an evaluation is short; they take a twentieth of the time at most."""
    for evaluation, least, most in ((0.0, 20, 80), (2.0, 8, 10)):
        clock, last, times = Clock(400.0, 1.0), 0.0, 0
        for now in np.arange(0, 400, 0.1):
            if clock.evaluates(1, now - last, evaluation):
                last, times = now, times + 1
        assert least <= times <= most
        assert times * evaluation <= 0.05 * 400


def test_saving_takes_a_hundredth_of_the_time(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trainer: Trainer,
) -> None:
    """On a disk that takes a tenth of a second, by a clock that the test turns."""
    options = Options.parse(
        {
            "source": "template",
            "out": tmp_path / "run",
            "checkpoint_seconds": 0.001,
            "layers": 1,
            "heads": 1,
            "width": 8,
        }
    )
    job, now = new_job("cooking", options, Listener()), [0.0]
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


def test_a_second_interruption_counts_a_few_seconds_after_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before that, an impatient person's further signals change nothing."""
    interrupt, now = Interrupt(), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with pytest.raises(Interrupted):
        interrupt._handle(signal.SIGINT, None)
    now[0] += 1
    interrupt._handle(signal.SIGINT, None)
    now[0] += 4
    with pytest.raises(Interrupted):
        interrupt._handle(signal.SIGINT, None)


def test_a_teacher_gets_a_good_part_of_the_minutes_but_not_all(
    tmp_path: Path,
    gpt2: Tokenizer,
) -> None:
    job = new_job(
        "cooking",
        Options.parse({"out": tmp_path / "run", "source": "template", "minutes": 10}),
        Listener(),
    )
    taught = generated(replace(job, teacher=TeacherSettings(gen_model="teacher")), gpt2, 1000)
    assert 0.3 * 600 <= taught.seconds <= 0.7 * 600


# --- memory


@pytest.mark.parametrize(("share", "split"), [(0.8, False), (0.97, True)])
def test_a_step_leaves_a_tenth_of_the_free_memory(share: float, split: bool) -> None:
    config = ModelConfig(6, 6, 384, 512, 3000)
    free = int(step_memory(config, 8, 256, 2).total / share)
    assert (micro_batch(config, 8, 256, 2, free) < 8) == split


@pytest.mark.parametrize(
    ("vocabulary", "least", "most"),
    [
        (300, 32, 128),
        (3000, 32, 128),
        (200_000, 200, 800),
    ],
)
def test_the_logits_that_exist_at_once_take_some_dozen_megabytes(
    vocabulary: int,
    least: int,
    most: int,
) -> None:
    """More only where fewer rows would make small matrices: 512 at least."""
    rows = chunk_rows(vocabulary, 4)
    assert least < rows * vocabulary * 4 / 2**20 < most
    assert rows >= 256


def test_a_block_of_logits_fits_into_a_last_cache(cpu: Backend) -> None:
    config = replace(CONFIG, vocab_size=50_257)
    with closing(Trainer(config, TrainConfig(), threads=2, backend=cpu)) as trainer:
        blocks = [block for shard in trainer.loss.shards for block in shard.blocks]
    sizes = [block.stop - block.start for block in blocks]
    assert sum(sizes) == 50_257
    assert 4 < max(sizes) * chunk_rows(50_257, 4) * 4 / 2**20 < 16


def test_a_piece_of_a_chain_fits_into_a_second_cache(cpu: Backend) -> None:
    (piece, *_) = cpu.pieces(np.broadcast_to(np.uint8(0), (10**6, 4096)))
    assert 2**19 <= (piece.stop - piece.start) * 4096 <= 2**21


def test_hardly_a_score_is_computed_in_vain(cpu: Backend) -> None:
    """At 256 positions a quarter more than the triangle, in a handful of products."""
    config = replace(CONFIG, n_positions=256)
    with closing(Trainer(config, TrainConfig(), threads=1, backend=cpu)) as trainer:
        found = tiles(256, 256, trainer.models[0].blocks[0].attn.tile)
    area = sum((tile.rows.stop - tile.rows.start) * tile.seen.stop for tile in found)
    assert 1.1 < area / (256 * 257 / 2) < 1.4
    assert 3 <= len(found) <= 8


def test_a_cache_begins_with_room_for_a_window_of_gpt1(cpu: Backend) -> None:
    assert 256 <= Cache(replace(CONFIG, n_positions=10**9), Workspace(cpu)).room <= 1024


def test_words_that_were_cut_are_remembered_as_long_as_they_are_not_too_many(
    gpt2: Tokenizer,
) -> None:
    """Some hundred thousand short ones."""
    tokenizer = Tokenizer(gpt2.merges[:100])
    tokenizer.encode("b" * 50 + " " + "c" * 200)
    assert "b" * 50 in tokenizer._words and " " + "c" * 200 not in tokenizer._words
    for known, emptied in ((65_000, False), (270_000, True)):
        tokenizer._words.update({str(number): [0] for number in range(known)})
        tokenizer.encode(f"{known}{known}")
        assert (len(tokenizer._words) < 10) == emptied


@pytest.mark.parametrize(("precision", "recorded"), [(None, "float32"), ("float32", "float32")])
def test_the_precision_of_a_run_is_recorded_so_that_it_is_resumed_with_the_same(
    tmp_path: Path, precision: str | None, recorded: str
) -> None:
    options = {"source": "template", "device": "cpu", "out": tmp_path / "run", "precision": precision}
    record = new_job("cooking", Options.parse(options), Listener()).run.record
    assert record["options"]["precision"] == recorded
    assert Options.parse(record["options"]).precision == recorded


@pytest.mark.parametrize(
    ("precision", "why"),
    [("tf32", "precision tf32 needs an NVIDIA GPU of 2020 or later; use float32"), ("half", "unknown precision 'half'")],
)
def test_a_precision_that_the_cpu_has_not_is_one_line_before_anything_is_written(tmp_path: Path, precision: str, why: str) -> None:
    options = {"source": "template", "device": "cpu", "out": tmp_path / "run", "precision": precision}
    with pytest.raises(MinigptError, match=f"^{why}"):
        new_job("cooking", Options.parse(options), Listener())
    assert list(tmp_path.iterdir()) == []
