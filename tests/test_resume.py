"""A run that is broken off anywhere, in any way, goes on to the same bytes as one that was not."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import minigpt
from minigpt.errors import MinigptError
from minigpt.files import sealed, write_json
from minigpt.state import KEPT, load_state, read_state, save_state, states

PROMPT = "A fun GPT that generates cooking recipes"
OPTIONS = """--layers 1 --heads 2 --width 32 --positions 64 --initial-tokens 4000 --final-tokens 2500 --epochs 6 --threads 2
--checkpoint-seconds 0.05""".split()
CLOCKS = ("seconds", "tokens_per_second")
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP] if sys.platform != "win32" else []
needs_signals = pytest.mark.skipif(not SIGNALS, reason="signals cannot be sent to another process there")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "minigpt", *map(str, arguments), "--quiet"]


def outcome(run: Path) -> dict[str, object]:
    """What must be the same: every byte of the model and the corpus, and the metrics less their clocks."""
    metrics = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    files = ("model.safetensors", "corpus.jsonl", "tokenizer.json", "config.json")
    whole = {name: (run / name).read_bytes() for name in files}
    return whole | {"metrics": [{k: v for k, v in line.items() if k not in CLOCKS} for line in metrics]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Path, float]:
    """An undisturbed run and the seconds that it took."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    began = time.monotonic()
    subprocess.run(command("train", "-p", PROMPT, "--out", run, *OPTIONS), check=True, stdout=subprocess.DEVNULL)
    return run, time.monotonic() - began


def disturb(run: Path, seconds: float, number: int, after: subprocess.Popen[bytes]) -> int:
    """Send a signal after so many seconds, and return the status."""
    try:
        after.wait(seconds)
    except subprocess.TimeoutExpired:
        after.send_signal(number)
    _, errors = after.communicate(timeout=60)
    assert b"Traceback" not in errors, errors.decode()
    return after.returncode


def break_off_and_resume(run: Path, rng: random.Random, seconds: float, signals: list[int]) -> list[int]:
    """Start a run, disturb it at random moments until it is through; the statuses on the way."""
    statuses = []
    for attempt in range(40):
        # imports take half of such a small run's time, and no signal is heard before
        begun = (run / "run.json").exists() and (run / "run.json").stat().st_size > 0
        arguments = ("resume", run) if begun else ("train", "-p", PROMPT, "--out", run, *OPTIONS)
        if not begun:
            shutil.rmtree(run, ignore_errors=True)
        process = subprocess.Popen(command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        moment = rng.uniform(0, seconds) if attempt < 2 else 10 * seconds + 20
        statuses.append(disturb(run, moment, rng.choice(signals), process))
        if statuses[-1] == 0:
            return statuses
    raise AssertionError(f"it never ended: {statuses}")


@needs_signals
@pytest.mark.parametrize("number", SIGNALS[:2])  # benchmarks/durability.py sends all of them, many times
def test_a_run_broken_off_at_any_moment_ends_in_the_same_bytes(whole, tmp_path, number):
    reference, seconds = whole
    statuses = break_off_and_resume(tmp_path / "run", random.Random(number), seconds, [number])
    assert outcome(tmp_path / "run") == outcome(reference)
    assert not (tmp_path / "run" / "checkpoint").exists()
    allowed = {0, -number} if number == signal.SIGKILL else {0, 130, -number}  # before Python listens, a signal ends the process itself
    assert set(statuses) <= allowed


@needs_signals
def test_a_signal_while_it_learns_saves_and_names_the_command(tmp_path):
    run = tmp_path / "run"
    process = subprocess.Popen(
        command("train", "-p", PROMPT, "--out", run, *OPTIONS[:-4], "--epochs", 10**6), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not (run / "model.safetensors").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert disturb(run, 0, signal.SIGTERM, process) == 130
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    assert len(states(run / "checkpoint")) == 1


def test_a_damaged_state_is_named_and_the_one_before_it_is_taken(tmp_path):
    rng, said = np.random.default_rng(0), []
    shapes = {"m": (1000,), "parameters": (1000,)}
    for step in (1, 2, 3):
        arrays = {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}
        save_state(tmp_path, step, arrays, {"step": step})
    assert len(states(tmp_path)) == KEPT
    latest, before = states(tmp_path)
    good = latest.read_bytes()
    for bit in rng.integers(8 * len(good), size=60).tolist():
        damaged = bytearray(good)
        damaged[bit // 8] ^= 1 << bit % 8
        latest.write_bytes(damaged)
        said.clear()
        arrays, facts = load_state(tmp_path, shapes, said.append)
        if facts["step"] == 2:
            assert str(latest) in said[0]
        else:  # a bit without effect
            assert all(np.array_equal(arrays[name], read_state(before, shapes)[0][name]) is False for name in shapes)
    latest.write_bytes(good[:-1])
    assert load_state(tmp_path, shapes, said.append)[1] == {"step": 2}
    before.write_bytes(b"")
    assert load_state(tmp_path, shapes, said.append) is None


def test_a_state_of_another_training_is_named(tmp_path):
    save_state(tmp_path, 1, {"m": np.zeros(10, np.float32)}, {"step": 1})
    said = []
    assert load_state(tmp_path, {"m": (11,)}, said.append) is None
    assert "is no state of this training, or is damaged; what was before it is taken" in said[0]


def test_a_complete_run_has_nothing_left_to_do(whole):
    before = outcome(whole[0])
    done = subprocess.run([*command("resume", whole[0])[:-1]], capture_output=True, text=True, check=True)
    assert "nothing left to do" in done.stderr
    assert outcome(whole[0]) == before


def test_what_no_run_is_cannot_be_resumed(tmp_path):
    with pytest.raises(MinigptError, match="no run folder"):
        minigpt.resume(tmp_path)
    with pytest.raises(MinigptError, match="no run folder"):
        minigpt.resume(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_flipped_bit_in_a_result_is_found_when_the_run_goes_on(whole, tmp_path, name):
    """A stage's results are compared with their checksums before the next one builds on them."""
    run = tmp_path / "run"
    shutil.copytree(whole[0], run)
    record = json.loads((run / "run.json").read_text())
    del record["stages"]["report"]
    write_json(run / "run.json", sealed(record | {"status": "training"}))
    data = bytearray((run / name).read_bytes())
    data[len(data) // 2] ^= 1
    (run / name).write_bytes(data)
    with pytest.raises(MinigptError, match=f"{name}.*damaged"):
        minigpt.resume(run)


def test_standard_input_that_was_not_read_to_its_end_is_gone(tmp_path):
    options = {"data": ["-"]}
    record = {"stages": {}, "options": options, "prompt": "", "status": "interrupted"}
    write_json(tmp_path / "run.json", sealed(record))
    with pytest.raises(MinigptError, match="standard input"):
        minigpt.resume(tmp_path)


def test_the_lock_is_gone_with_the_run(whole):
    assert sorted(os.listdir(whole[0])) == sorted(
        "README.md config.json corpus.jsonl generation_config.json merges.txt metrics.jsonl model.safetensors run.json tokenizer.json"
        " tokenizer_config.json vocab.json".split()
    )
