"""Trainings by the minute: what is planned fits into the time, and the time is used. A clock that a
test turns stands for the machine's."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from minigpt.run import timing
from minigpt.run.job import Job, new_job
from minigpt.run.listener import Listener
from minigpt.run.options import Options
from minigpt.run.timing import corpus_tokens, first_batch, plan_time

TINY = {"layers": 1, "heads": 1, "width": 8, "positions": 8, "source": "template"}


def planned(
    folder: Path,
    held_out: int = 0,
    tokens: int = 1000,
    documents: int = 1000,
    rates=(1000.0, 1e9),
    **options,
) -> Job:
    """A job whose corpus has so many tokens, on a machine that was measured to learn and to sample
    so many a second."""
    job = new_job("cooking", Options.parse({"out": folder / "run", **TINY, **options}), Listener())
    job.run.record["corpus"] = {
        "tokens": tokens,
        "documents": documents,
        "held_out_tokens": held_out,
    }
    job.run.record["trial"] = {str(first_batch(job)): rates}
    return job


def seconds_left(job: Job) -> float:
    return 60 * job.options.minutes - job.seconds - plan_time(job, job.config).training_seconds


def test_the_rest_of_a_run_gets_its_time(tmp_path: Path) -> None:
    """Reading and writing; three samples, as long as documents are or 600 tokens; the calibration,
    by 20,000 tokens at most."""
    (nothing, short, long, some, much) = (
        seconds_left(planned(tmp_path / str(number), minutes=30, batch_size=2, **more))
        for number, more in enumerate(
            [
                {},
                {"documents": 10, "rates": (1000.0, 10.0)},
                {"documents": 1, "rates": (1000.0, 10.0), "tokens": 10**6},
                {"held_out": 10_000},
                {"held_out": 10**6},
            ]
        )
    )
    assert 1 < nothing < 5
    assert short - nothing == pytest.approx(3 * 100 / 10, abs=0.5)
    assert long - nothing == pytest.approx(3 * 600 / 10, abs=0.5)
    assert 10 < some - nothing < 30  # about as long as learning them: forward, 13 factors
    assert much - nothing == pytest.approx(2 * (some - nothing), rel=0.1)


@pytest.mark.parametrize(
    ("rate", "least", "most"),
    [
        (10**6, 0.01, 0.05),
        (10**4, 0.01, 0.05),
        (10, 0.0, 0.5),
    ],
)
def test_an_evaluation_looks_at_a_small_share_of_what_is_learned(
    tmp_path: Path,
    rate: int,
    least: float,
    most: float,
) -> None:
    """But at enough to tell a better model from a worse one."""
    job = planned(tmp_path, minutes=10, batch_size=2, rates=(float(rate), 1e9))
    found = plan_time(job, job.config)
    assert least <= found.held_out_tokens / (found.training_seconds * rate) <= most
    assert found.held_out_tokens > 1000


class Ticking:
    """A clock that goes on by so many seconds whenever somebody looks at it, so that every step
    takes as long as any other."""

    def __init__(self, tick: float) -> None:
        self.now, self.tick = 0.0, tick

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


@pytest.mark.parametrize(("minutes", "least", "most"), [(0.3, 0.6, 1.3), (1000, 3.0, 7.0)])
def test_a_trial_takes_a_small_share_of_the_time(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    minutes,
    least,
    most,
) -> None:
    job = planned(tmp_path, minutes=minutes, batch_size=2)
    monkeypatch.setattr(time, "perf_counter", clock := Ticking(0.02))
    rate, _ = timing.trial(job, replace(job.config, vocab_size=257), 2)
    assert rate == pytest.approx(2 * 8 / 0.02)
    assert least < clock.now < most


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "batch"), [(2500, 2), (6000, 32)])
def test_a_batch_grows_where_thousands_of_steps_are_left(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    steps: int,
    batch: int,
) -> None:
    """Up to 32 windows, where a step takes as long whatever its batch is, as on a large machine."""
    job = planned(tmp_path, minutes=steps * 0.2 / 60, threads=1, rates=(2 * 8 / 0.2, 1e9))
    monkeypatch.setattr(time, "perf_counter", Ticking(0.2))
    assert plan_time(job, replace(job.config, vocab_size=257)).batch_size == batch


@pytest.mark.parametrize(("threads", "batch"), [(1, 2), (4, 4), (64, 8)])
def test_the_first_batch_has_work_for_every_core_of_a_usual_machine(
    tmp_path: Path,
    threads: int,
    batch: int,
) -> None:
    assert first_batch(planned(tmp_path, minutes=1, threads=threads)) == batch
    assert first_batch(planned(tmp_path / "asked", minutes=1, threads=threads, batch_size=3)) == 3


@pytest.mark.parametrize(("minutes", "tokens"), [(0.01, 15_000), (400, 96_000), (10**5, 300_000)])
def test_a_corpus_that_is_written_for_the_time_is_learned_twenty_times(
    tmp_path: Path,
    monkeypatch,
    minutes: float,
    tokens: int,
) -> None:
    """But it is neither smaller than that of the size, nor larger than the writers have things to
    say."""
    job = planned(tmp_path, minutes=minutes, batch_size=2)
    monkeypatch.setattr(time, "perf_counter", Ticking(0.2))
    assert corpus_tokens(job) == pytest.approx(tokens, rel=0.01)
    assert job.run.record["trial"]["2"][0] == pytest.approx(2 * 8 / 0.2)
