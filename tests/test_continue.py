"""A training that goes on for longer, starts from another's weights, ends on time, or recovers from numbers that are not finite."""

from __future__ import annotations

import json
import math
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigpt
from minigpt.disk.files import read_json_object, write_json
from minigpt.disk.jsontext import sealed, unsealed
from minigpt.disk.state import read_state, save_state, states
from minigpt.disk.tensors import read_tensors, write_tensors
from minigpt.errors import MinigptError
from minigpt.params import EMBEDDING
from minigpt.run.listener import Listener
from minigpt.run.pace import Clock, Epochs, evaluation_steps

PROMPT = "A GPT that writes haiku about the sea"
SMALL = {
    "layers": 1, "heads": 2, "width": 32, "positions": 64, "initial_tokens": 3000, "final_tokens": 2000, "epochs": 3, "threads": 2,
    "source": "template", "learning_rate": 3e-3,
}  # fmt: skip


class Heard(Listener):
    """Keeps what is said, and lets a test reach into the course after each step."""

    def __init__(self, at_step=lambda course: None) -> None:
        self.said: list[str] = []
        self.at_step = at_step

    def say(self, topic, text):
        self.said.append(f"{topic} {text}".strip())

    def step(self, course):
        self.at_step(course)


def record_of(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


def metrics_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "whole"
    minigpt.train(PROMPT, out=run, **SMALL)
    return run


@pytest.fixture
def run(whole, tmp_path) -> Path:
    """A complete run that a test may change."""
    shutil.copytree(whole, tmp_path / "run")
    return tmp_path / "run"


def test_a_complete_run_is_trained_on_from_its_best_model(run):
    before, lines = record_of(run), (run / "metrics.jsonl").read_text()
    minigpt.resume(run, epochs="+4")
    after, metrics = record_of(run), metrics_of(run)
    assert (run / "metrics.jsonl").read_text().startswith(lines)
    assert [line["step"] for line in metrics] == sorted({line["step"] for line in metrics})
    assert [line["seconds"] for line in metrics] == sorted(line["seconds"] for line in metrics)
    steps = before["training"]["steps"] // 3
    assert after["training"]["steps"] == before["training"]["steps"] + 4 * steps
    assert after["result"]["held_out_loss"] < before["result"]["held_out_loss"]
    assert after["status"] == "complete"
    assert not (run / "checkpoint").exists()
    later = [line for line in metrics if line["step"] > before["training"]["steps"]]
    assert later[0]["train_loss"] < metrics[0]["train_loss"] - 0.8, "it started anew"
    minigpt.resume(run)  # and all its checksums fit


def test_epochs_are_counted_from_those_of_the_training_before(run):
    """Also where that one took its windows in other batches, as a training by the clock does."""
    before, record = metrics_of(run)[-1], unsealed(read_json_object(run / "run.json"), run)
    record["options"]["batch_size"] = 5
    write_json(run / "run.json", sealed(record))
    minigpt.resume(run, epochs="+2")
    after = [line for line in metrics_of(run) if line["step"] > before["step"]]
    assert before["epoch"] == 3 and after[-1]["epoch"] == 5 == record_of(run)["training"]["epochs"]
    steps = (after[-1]["step"] - before["step"]) / 2
    assert steps < before["step"] / 3
    assert [line["epoch"] for line in after] == [round(3 + (line["step"] - before["step"]) / steps, 4) for line in after]


def test_a_continuation_that_gains_nothing_keeps_the_model(run):
    model = (run / "model.safetensors").read_bytes()

    def spoil(course):
        course.trainer.parameters.values[...] = 0

    minigpt.resume(run, epochs=1, listener=Heard(spoil))
    assert (run / "model.safetensors").read_bytes() == model
    assert record_of(run)["result"]["best_step"] <= record_of(run)["base"]["step"]


@pytest.mark.slow
def test_a_continuation_that_is_broken_off_ends_in_the_same_bytes(run, tmp_path):
    shutil.copytree(run, tmp_path / "other")
    minigpt.resume(run, epochs="+2")
    for at in (0, 7):
        start = record_of(run)["base"]["step"]

        def stop(course, at=at, start=start):
            if course.step == start + 3 + at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            minigpt.resume(tmp_path / "other", epochs="+2" if not at else None, listener=Heard(stop))
    minigpt.resume(tmp_path / "other")
    assert (tmp_path / "other" / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    clocks = ("seconds", "tokens_per_second")
    ours, theirs = ([{k: v for k, v in line.items() if k not in clocks} for line in metrics_of(r)] for r in (run, tmp_path / "other"))
    assert ours == theirs


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": "+x"}, r"--epochs='\+x': expected how much longer to train, such as \+10"),
        ({"epochs": -1}, "expected epochs, a number above 0"),
        ({"minutes": "nan"}, "expected minutes, a number above 0"),
        ({"epochs": 1, "minutes": 1}, "leave one of them out"),
    ],
)
def test_how_much_longer_must_be_a_number(run, options, message):
    before = (run / "run.json").read_bytes()
    with pytest.raises(MinigptError, match=message):
        minigpt.resume(run, **options)
    assert (run / "run.json").read_bytes() == before


def interrupted(run: Path, **options) -> None:
    def stop(course):
        if course.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        minigpt.train(PROMPT, out=run, listener=Heard(stop), **SMALL | options)


@pytest.mark.slow
def test_a_run_that_is_not_complete_gets_more_epochs(tmp_path):
    interrupted(tmp_path / "run")
    with pytest.raises(MinigptError, match="planned in epochs"):
        minigpt.resume(tmp_path / "run", minutes="+1")
    minigpt.resume(tmp_path / "run", epochs="+2")
    minigpt.train(PROMPT, out=tmp_path / "at once", **SMALL | {"epochs": 5})
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (tmp_path / "at once" / "model.safetensors").read_bytes()


@pytest.mark.slow
def test_a_run_that_is_planned_in_minutes_gets_more_of_them(tmp_path):
    interrupted(tmp_path / "run", epochs=None, minutes=0.2)
    planned = record_of(tmp_path / "run")["time"]["training_seconds"]
    minigpt.resume(tmp_path / "run", minutes="+0.05")
    record = record_of(tmp_path / "run")
    assert record["status"] == "complete"
    assert record["time"]["minutes"] == pytest.approx(0.25)
    assert record["time"]["training_seconds"] == pytest.approx(planned + 3)


def test_a_state_of_another_version_is_told(tmp_path):
    interrupted(tmp_path / "run", checkpoint_seconds=1e-6)
    for path in states(tmp_path / "run" / "checkpoint")[1:]:
        path.unlink()
    (path,) = states(tmp_path / "run" / "checkpoint")
    arrays, facts = read_state(path, {name: array.shape for name, array in read_tensors(path).items()})
    del facts["halvings"]
    save_state(path.parent, facts["step"], arrays, facts)
    with pytest.raises(MinigptError, match="the state is from another version of minigpt: it lacks 'halvings'"):
        minigpt.resume(tmp_path / "run")


def test_init_keeps_the_rows_of_the_old_tokens_and_adds_new_ones(whole, tmp_path):
    text = tmp_path / "own.txt"
    text.write_text("\n\n".join(f"Quicksilver hovercraft number {i} buzzed xylophonically over Zürich." for i in range(60)))
    shape = {name: value for name, value in SMALL.items() if name in ("epochs", "threads")}
    seen = {}

    def first(course):
        raise KeyboardInterrupt

    class AtStart(Heard):
        def say(self, topic, text):
            super().say(topic, text)

    with pytest.raises(KeyboardInterrupt):
        minigpt.train(data=text, init=whole, out=tmp_path / "run", listener=AtStart(first), **shape)
    seen = read_tensors(tmp_path / "run" / "checkpoint" / "initial.safetensors")
    old = minigpt.load(whole)
    new_ids = json.loads((tmp_path / "run" / "vocab.json").read_text())
    before = {p.name: p.value for p in old.network.parameters}
    assert new_ids.keys() > old.tokenizer.token_ids.keys()
    for token, i in old.tokenizer.token_ids.items():
        assert np.array_equal(seen[EMBEDDING][new_ids[token]], before[EMBEDDING][i]), token
    for name, value in before.items():
        assert name == EMBEDDING or np.array_equal(seen[name], value)
    model = minigpt.resume(tmp_path / "run")
    for token, i in new_ids.items():
        if token not in old.tokenizer.token_ids:  # the mean of what the old model has split it into
            pieces = [before[EMBEDDING][piece] for piece in old.tokenizer.encode_word(model.tokenizer.tokens[i])]
            assert len(pieces) > 1
            np.testing.assert_allclose(seen[EMBEDDING][i], np.mean(pieces, axis=0), rtol=1e-6)
    assert (model.config.n_layer, model.config.n_embd, model.config.n_positions) == (1, 32, 64)


@pytest.mark.slow
def test_a_start_from_weights_learns_faster(whole, tmp_path):
    """Than random weights on the same corpus: a lower loss at the first step, over the whole training, and after half of it, on held-out
    text. Both end at about the same loss: there is little to learn."""
    minigpt.train(PROMPT, out=tmp_path / "fresh", seed=7, **SMALL)
    shape = "layers heads width positions".split()
    minigpt.train(PROMPT, init=whole, out=tmp_path / "run", seed=7, **{k: v for k, v in SMALL.items() if k not in shape})
    fresh, run = metrics_of(tmp_path / "fresh"), metrics_of(tmp_path / "run")
    assert run[0]["train_loss"] < fresh[0]["train_loss"] - 0.5
    evaluations = [(a["held_out_loss"], b["held_out_loss"]) for a, b in zip(fresh, run, strict=True) if a["held_out_loss"] is not None]
    assert np.mean([line["train_loss"] for line in run]) < np.mean([line["train_loss"] for line in fresh]) - 0.1
    assert len(evaluations) == 3 and all(later < before for before, later in evaluations[:-1])


MISFITS = [
    ({"layers": 2}, "--init decides the model's shape"),
    ({"model_size": "33M"}, "leave out --model-size"),
    ({"context": 128}, "does not fit 64 positions"),
]


@pytest.mark.parametrize(("options", "message"), MISFITS)
def test_init_decides_the_shape(whole, tmp_path, options, message):
    with pytest.raises(MinigptError, match=message):
        minigpt.train(PROMPT, init=whole, out=tmp_path / "run", source="template", **options)
    assert not (tmp_path / "run").exists()


def test_init_must_be_a_model(tmp_path):
    with pytest.raises(MinigptError, match=r"config\.json is missing"):
        minigpt.train(PROMPT, init=tmp_path, out=tmp_path / "run", source="template")
    (tmp_path / "a.pdf").touch()
    with pytest.raises(MinigptError, match=r"a\.pdf is not a folder"):
        minigpt.train(PROMPT, init=tmp_path / "a.pdf", out=tmp_path / "run", source="template")


# --- numbers that are not finite


def poison(*steps: int):
    """Spoils the weights after these steps, each time that they come."""

    def at_step(course):
        if course.step in steps:
            course.trainer.parameters.values[5] = math.nan

    return at_step


def once(step: int, value: float):
    """Spoils the weights after this step, the first time that it comes."""
    waiting = [step]

    def at_step(course):
        if waiting and course.step == waiting[0]:
            waiting.pop()
            course.trainer.parameters.values[5] = value

    return at_step


@pytest.mark.slow
def test_after_trouble_it_goes_on_from_the_last_good_state_with_half_the_rate(tmp_path):
    heard = Heard(once(7, math.nan))
    minigpt.train(PROMPT, out=tmp_path / "run", listener=heard, **SMALL, checkpoint_seconds=0.001)
    record, metrics = record_of(tmp_path / "run"), metrics_of(tmp_path / "run")
    told = [line for line in heard.said if "half the learning rate" in line]
    assert len(told) == 1
    assert "step 8: the loss is nan" in told[0]
    assert record["status"] == "complete"
    assert record["training"]["rate_halvings"] == 1
    assert [line["step"] for line in metrics] == sorted({line["step"] for line in metrics})
    assert all(math.isfinite(line["train_loss"]) for line in metrics)
    assert max(line["learning_rate"] for line in metrics if line["step"] > 8) <= SMALL["learning_rate"] / 2


@pytest.mark.slow
def test_trouble_before_the_first_state_starts_from_the_beginning(tmp_path):
    heard = Heard(once(12, math.inf))
    minigpt.train(PROMPT, out=tmp_path / "run", listener=heard, **SMALL)
    assert any("continuing from step 0 at half the learning rate, 0.0015" in line for line in heard.said)
    assert record_of(tmp_path / "run")["status"] == "complete"
    half = SMALL | {"learning_rate": SMALL["learning_rate"] / 2}
    minigpt.train(PROMPT, out=tmp_path / "half", **half)
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (tmp_path / "half" / "model.safetensors").read_bytes()
    ours, theirs = ([line["train_loss"] for line in metrics_of(tmp_path / name)] for name in ("run", "half"))
    assert ours == theirs


@pytest.mark.slow
def test_three_troubles_in_a_row_end_with_the_best_model(tmp_path):
    """Between two troubles nothing was gained."""
    last = []

    def at_step(course):
        last[:] = [course.best.step] if course.best else []
        if course.best and course.step > course.best.step:
            course.trainer.parameters.values[5] = math.nan

    heard = Heard(at_step)
    minigpt.train(PROMPT, out=tmp_path / "run", listener=heard, **SMALL, checkpoint_seconds=0.001)
    record = record_of(tmp_path / "run")
    assert len([line for line in heard.said if "half the learning rate" in line]) == 3
    assert any(f"3 times in a row; training ends, and the model from step {last[0]} is kept" in line for line in heard.said)
    assert record["status"] == "complete"
    assert record["result"]["best_step"] == last[0]
    assert record["training"]["stopped_early"]


def test_trouble_without_any_model_is_an_error(tmp_path):
    with pytest.raises(MinigptError, match="3 times in a row; no model was saved; start again with a lower --learning-rate"):
        minigpt.train(PROMPT, out=tmp_path / "run", listener=Heard(poison(1)), **SMALL)
    assert record_of(tmp_path / "run")["status"] == "failed"


def test_a_rate_that_is_far_too_high_ends_in_the_open(tmp_path):
    """Real divergence: no step is taken back by hand. Whatever happens, what is kept is finite."""
    try:
        minigpt.train(PROMPT, out=tmp_path / "run", listener=Heard(), **SMALL | {"learning_rate": 1e30})
    except MinigptError as error:
        assert "start again with a lower --learning-rate" in str(error)
    else:
        assert all(np.isfinite(p.value).all() for p in minigpt.load(tmp_path / "run").network.parameters)


def test_a_batch_that_is_split_under_way_is_told_and_noted(tmp_path):
    """As after a MemoryError (test_memory.py): the run goes on in smaller parts, and a later one begins with them."""

    def at_step(course):
        if course.step == 3:
            course.trainer.micro_batch = 1

    heard = Heard(at_step)
    minigpt.train(PROMPT, out=tmp_path / "run", listener=heard, **SMALL)
    assert any("from now on 1 window at a time" in line for line in heard.said)
    assert record_of(tmp_path / "run")["memory"]["micro_batch"] == 1


def test_initial_weights_that_are_damaged_are_named(tmp_path):
    arrays = {"a": np.arange(50, dtype=np.float32), "b": np.ones((3, 4), np.float32)}
    path = tmp_path / "initial.safetensors"
    write_tensors(path, arrays, {"note": "x"})
    sound, rng, refused = path.read_bytes(), np.random.default_rng(2), 0
    for bit in [None, *rng.integers(8 * len(sound), size=150).tolist()]:
        damaged = bytearray(sound)
        if bit is not None:
            damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            found = read_tensors(path)
        except MinigptError as error:
            assert bit is not None
            assert "initial.safetensors is damaged" in str(error)
            refused += 1
        else:  # nothing is damaged, or a bit without effect, as one of the blanks behind the header
            assert all(np.array_equal(found[name], array) for name, array in arrays.items())
    assert refused > 100


# --- by the clock


def test_a_clock_ends_on_time_whatever_the_steps_take():
    rng = np.random.default_rng(3)
    for _ in range(50):
        budget, evaluation, slow = rng.uniform(5, 100), rng.uniform(0, 0.5), rng.uniform(1, 3)
        clock, step, now, totals = Clock(budget, rng.uniform(0.01, 1)), 0, 0.0, []
        while step < (total := clock.total_steps(step, now, evaluation)):
            totals.append(total)
            now += 0.1 * (slow if now > budget / 2 else 1) * rng.uniform(0.8, 1.2)
            step += 1
        assert budget - 0.8 <= now + evaluation <= budget + 0.4
        assert all(total > at for at, total in enumerate(totals))


def test_a_clock_counts_from_the_end_of_an_earlier_training():
    clock = Clock(100.0, 1.0, base_step=500, base_seconds=70.0)
    assert clock.total_steps(500, 70.0, 0.0) == 600
    assert clock.total_steps(540, 110.0, 10.0) == 590
    assert clock.total_steps(520, 150.0, 0.0) == 525, "steps that were taken back have cost their time"
    assert clock.total_steps(560, 270.0, 0.0) == 560


def test_evaluations_take_a_bounded_share_of_the_time():
    assert not Clock(400, 1).evaluates(3, 9, 0.0)
    assert Clock(400, 1).evaluates(3, 10, 0.5)
    assert not Clock(400, 1).evaluates(3, 10, 0.51)
    assert 448 // evaluation_steps(112, 12_290, 512) == 2, "the default run is evaluated twice before its end"
    assert [step for step in range(1, 20) if Epochs(20, 6).evaluates(step, 0, 0)] == [6, 12, 18]


@given(st.integers(1, 500), st.integers(0, 100_000), st.integers(1, 20_000))
def test_evaluations_by_steps_take_a_bounded_share_of_the_tokens(wanted: int, held_out: int, learned: int) -> None:
    """A held-out token costs a third of one that is learned from."""
    every = evaluation_steps(wanted, held_out, learned)
    assert every >= wanted
    assert held_out / 3 <= 0.05 * every * learned * (1 + 1e-9)
    assert every == wanted or held_out / 3 > 0.05 * (every - 1) * learned, "no rarer than that"


@pytest.mark.slow
def test_minutes_end_on_time(tmp_path):
    """With room for a busy machine; benchmarks/minutes.py measures it."""
    began, minutes = time.monotonic(), 0.25
    minigpt.train(PROMPT, out=tmp_path / "run", minutes=minutes, **{k: v for k, v in SMALL.items() if k != "epochs"})
    took, record, metrics = time.monotonic() - began, record_of(tmp_path / "run"), metrics_of(tmp_path / "run")
    assert 0.5 * 60 * minutes < took < 2.5 * 60 * minutes
    assert record["status"] == "complete"
    assert metrics[-1]["held_out_loss"] is not None
    assert metrics[-1]["learning_rate"] < 0.2 * SMALL["learning_rate"], "the schedule reached its end"
    assert record["result"]["held_out_loss"] <= min(line["held_out_loss"] for line in metrics if line["held_out_loss"])


def test_minutes_and_epochs_exclude_each_other(tmp_path):
    with pytest.raises(MinigptError, match="--epochs and --minutes"):
        minigpt.train(PROMPT, out=tmp_path / "run", minutes=1, **SMALL)
    with pytest.raises(MinigptError, match="--minutes=0: expected minutes, a number above 0"):
        minigpt.train(PROMPT, out=tmp_path / "run", **SMALL | {"minutes": 0, "epochs": None})


@pytest.mark.slow
def test_minutes_that_are_over_before_the_training_leave_a_run_that_goes_on(tmp_path):
    options = {k: v for k, v in SMALL.items() if k != "epochs"}
    with pytest.raises(MinigptError, match=r"ran out before training began.*minigpt resume"):
        minigpt.train(PROMPT, out=tmp_path / "run", minutes=0.001, **options)
    assert record_of(tmp_path / "run")["status"] == "interrupted"
    minigpt.resume(tmp_path / "run", minutes="+0.25")
    assert record_of(tmp_path / "run")["status"] == "complete"
