"""A run interrupted anywhere, in any way, ends in the same bytes as an undisturbed one once it is resumed."""

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
from minigpt.disk.files import write_json
from minigpt.disk.folder import RunFolder, read_record
from minigpt.disk.jsontext import sealed
from minigpt.disk.state import KEPT, load_state, save_state, states
from minigpt.errors import MinigptError
from minigpt.run.listener import Listener
from minigpt.run.pipeline import write_corpus

PROMPT = "A fun GPT that generates cooking recipes"
OPTIONS = """--layers 1 --heads 2 --width 32 --positions 64 --initial-tokens 4000 --final-tokens 2500 --epochs 6 --threads 2
--checkpoint-seconds 0.05""".split()
CLOCKS = ("seconds", "tokens_per_second")
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP] if sys.platform != "win32" else []
needs_signals = pytest.mark.skipif(not SIGNALS, reason="signals cannot be sent to another process there")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "minigpt", *map(str, arguments), "--quiet"]


def outcome(run: Path) -> dict[str, object]:
    """What must be the same: every byte of the model and the corpus, and metrics and samples less their clocks."""
    logs = {name: [json.loads(line) for line in (run / f"{name}.jsonl").read_text().splitlines()] for name in ("metrics", "samples")}
    files = ("model.safetensors", "corpus.jsonl", "tokenizer.json", "config.json")
    whole = {name: (run / name).read_bytes() for name in files}
    return whole | {name: [{k: v for k, v in line.items() if k not in CLOCKS} for line in log] for name, log in logs.items()}


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


@pytest.mark.slow
@needs_signals
@pytest.mark.parametrize("number", SIGNALS[:2])  # benchmarks/durability.py sends all of them, many times
def test_a_run_broken_off_at_any_moment_ends_in_the_same_bytes(whole, tmp_path, number):
    reference, seconds = whole
    statuses = break_off_and_resume(tmp_path / "run", random.Random(number), seconds, [number])
    assert outcome(tmp_path / "run") == outcome(reference)
    assert not (tmp_path / "run" / "checkpoint").exists()
    allowed = {0, -number} if number == signal.SIGKILL else {0, 130, -number}  # before Python listens, a signal ends the process itself
    assert set(statuses) <= allowed


@pytest.mark.slow
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
    good, refused = latest.read_bytes(), 0
    for bit in rng.integers(8 * len(good), size=60).tolist():
        damaged = bytearray(good)
        damaged[bit // 8] ^= 1 << bit % 8
        latest.write_bytes(damaged)
        said.clear()
        found, facts = load_state(tmp_path, shapes, said.append)
        if facts["step"] == 2:
            assert str(latest) in said[0]
            refused += 1
        else:  # a bit without effect
            assert all(np.array_equal(found[name], arrays[name]) for name in shapes)
    assert refused > 50
    latest.write_bytes(good[:-1])
    assert load_state(tmp_path, shapes, said.append)[1] == {"step": 2}
    before.write_bytes(b"")
    assert load_state(tmp_path, shapes, said.append) is None


def test_a_state_of_another_training_is_named(tmp_path):
    save_state(tmp_path, 1, {"m": np.zeros(10, np.float32)}, {"step": 1})
    said = []
    assert load_state(tmp_path, {"m": (11,)}, said.append) is None
    assert "is damaged, or not a state of this training; using the one before it" in said[0]


@pytest.mark.slow
def test_a_complete_run_has_nothing_left_to_do(whole):
    before = outcome(whole[0])
    done = subprocess.run([*command("resume", whole[0])[:-1]], capture_output=True, text=True, check=True)
    assert "nothing left to do" in done.stderr
    assert outcome(whole[0]) == before


def test_what_no_run_is_cannot_be_resumed(tmp_path):
    with pytest.raises(MinigptError, match="not a run folder"):
        minigpt.resume(tmp_path)
    with pytest.raises(MinigptError, match="not a run folder"):
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
        "README.md config.json corpus.jsonl generation_config.json merges.txt metrics.jsonl model.safetensors run.json samples.jsonl"
        " tokenizer.json tokenizer_config.json vocab.json".split()
    )


def test_a_run_in_use_is_left_as_it_is(whole, tmp_path):
    """`resume` of a run that another process is training ends with one line and records nothing."""
    run = shutil.copytree(whole[0], tmp_path / "run")
    record = read_record(run)
    del record["stages"]["training"], record["stages"]["report"]
    for status in ("training", "complete"):
        write_json(run / "run.json", sealed(record | {"status": status}))
        before = (run / "run.json").read_bytes()
        with RunFolder.open(run).in_use():
            for more in ({"epochs": "+1"}, {}) if status == "training" else ({"epochs": "+1"},):
                with pytest.raises(MinigptError, match=f"in use by process {os.getpid()}"):
                    minigpt.resume(run, **more)
            assert (run / "run.json").read_bytes() == before


def test_a_record_that_changed_before_the_lock_was_taken_is_not_built_upon(whole, tmp_path):
    run = RunFolder.open(shutil.copytree(whole[0], tmp_path / "run"))
    run.require_current()
    RunFolder.open(run.path).save("training")
    with pytest.raises(MinigptError, match="was written by another process a moment ago; try again"):
        run.require_current()


# --- what people and tools do to the files of a run


@pytest.fixture
def run(whole, tmp_path) -> Path:
    return shutil.copytree(whole[0], tmp_path / "run")


def heard(run: Path, **more: str) -> list[str]:
    """What `resume` says."""
    said: list[str] = []

    class Heard(Listener):
        def say(self, topic: str, text: str) -> None:
            said.append(text)

    minigpt.resume(run, listener=Heard(), **more)
    return said


@pytest.fixture(scope="module")
def longer(whole, tmp_path_factory) -> Path:
    """The whole run, trained for another epoch; nobody touched its files."""
    run = shutil.copytree(whole[0], tmp_path_factory.mktemp("longer") / "run")
    assert not any("README.md" in line for line in heard(run, epochs="+1"))
    return run


def test_the_model_card_and_what_else_is_for_readers_may_be_edited_or_deleted(run, longer):
    """A card that was edited is not written over; one that was not is renewed."""
    assert f"{read_record(longer)['training']['steps']:,} steps" in (longer / "README.md").read_text()
    (run / "README.md").write_text("Trained by me, for my nephew.")
    (run / "generation_config.json").unlink()
    assert any("nothing left to do" in line for line in heard(run))
    assert any(
        line.startswith("README.md was edited, so it stays as it is, with the figures of the earlier training")
        for line in heard(run, epochs="+1")
    )
    assert (run / "README.md").read_text() == "Trained by me, for my nephew."
    (run / "README.md").unlink()
    assert any("nothing left to do" in line for line in heard(run))


def test_a_card_that_an_older_version_sealed_may_be_edited_too(run):
    record = read_record(run)
    seal = record.pop("card")
    write_json(run / "run.json", sealed(record | {"stages": record["stages"] | {"report": {"README.md": seal}}}))
    with (run / "README.md").open("a") as card:
        card.write("Mine.")
    assert any("nothing left to do" in line for line in heard(run))
    opened = RunFolder.open(run)
    opened.begin_again(epochs=1)
    assert opened.record["card"] == seal, "by which the edit is found"


def test_a_run_that_went_through_git_on_windows_loads_and_trains_on(whole, longer, run):
    """Other line ends in every text, other spacing in JSON: they say the same."""
    for path in run.iterdir():
        if path.suffix in (".json", ".jsonl", ".txt", ".md"):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(config))
    here, there = (minigpt.load(folder, "cpu").generate("Soup", max_tokens=3, seed=1) for folder in (run, whole[0]))
    assert here == there
    assert not any("edited" in line for line in [*heard(run), *heard(run, epochs="+1")])
    theirs = ("config.json", "corpus.jsonl")  # what the user has is left as it is; other files are written anew
    assert outcome(run) | dict.fromkeys(theirs) == outcome(longer) | dict.fromkeys(theirs)
    assert b"\r" not in (run / "metrics.jsonl").read_bytes()


@pytest.mark.parametrize("name", ["corpus.jsonl", "metrics.jsonl", "config.json", "tokenizer.json"])
def test_an_edit_that_says_something_else_is_told(run, name):
    text = (run / name).read_text(encoding="utf-8")
    (run / name).write_text(text.replace("1", "2", 1), encoding="utf-8")
    with pytest.raises(MinigptError, match=rf"{name} is damaged or was edited: its checksum does not match; "):
        minigpt.resume(run)


def test_an_edited_corpus_is_not_trained_on_unasked(run):
    """The run's record would be wrong; the message says how to train on the edited corpus."""
    with (run / "corpus.jsonl").open("a") as corpus:
        corpus.write('{"text": "Mine.", "source": "own", "score": null, "split": "train"}\n')
    with pytest.raises(
        MinigptError, match=rf"restore the original; to train a new model on it as is: minigpt train --data {run}/corpus.jsonl"
    ):
        minigpt.resume(run, epochs="+1")


@pytest.mark.parametrize("name", ["corpus.jsonl", "metrics.jsonl"])
def test_a_model_copied_without_its_corpus_says_what_works(run, name):
    (run / name).unlink()
    remedy = rf"{name} is missing; the run cannot be trained further without it, .*the model itself works: minigpt generate {run}, "
    for more in ({}, {"epochs": "+1"}):
        with pytest.raises(MinigptError, match=remedy):
            minigpt.resume(run, **more)
    minigpt.load(run, "cpu")


def test_a_model_without_a_record_says_what_works(run):
    (run / "run.json").unlink()
    with pytest.raises(MinigptError, match=r"has no run\.json; .* `minigpt generate` and `minigpt train --init`"):
        minigpt.resume(run)
    (run / "vocab.json").unlink()  # tokenizer.json has it too
    minigpt.load(run, "cpu")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are UTF-8 or UTF-16 there")
def test_names_that_are_not_utf_8_work_and_are_found_again(tmp_path):
    """In --out, --models-dir, --data and --init: recorded so that a later process reads the same bytes."""
    place = tmp_path / os.fsdecode(b"caf\xe9")
    place.mkdir()
    (place / os.fsdecode(b"t\xe9xt.txt")).write_text("\n\n".join(f"Line {i} of a text about a fox and {i * i} rivers." for i in range(60)))
    small = {"layers": 1, "heads": 1, "width": 16, "positions": 32, "epochs": 1, "device": "cpu"}

    class Stop(Listener):
        def progress(self, what, done, total):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"minigpt resume \$'.*caf\\xe9/run\\xff'"):
        minigpt.train(data=place, out=place / os.fsdecode(b"run\xff"), listener=Stop(), **small)
    minigpt.resume(place / os.fsdecode(b"run\xff"))
    options = json.loads((place / os.fsdecode(b"run\xff") / "run.json").read_bytes())["options"]
    assert os.fsencode(options["data"][0]) == os.fsencode(place)
    write_corpus(data=place / os.fsdecode(b"t\xe9xt.txt"), init=place / os.fsdecode(b"run\xff"), models_dir=place / os.fsdecode(b"\xe9"))
    (made,) = (place / os.fsdecode(b"\xe9")).iterdir()
    assert (made / "corpus.jsonl").is_file()


@pytest.mark.parametrize("option", ["out", "models_dir", "data", "init"])
@pytest.mark.parametrize("path", ["a\0b", "half a pair: \ud800"])
def test_a_path_that_no_system_has_is_refused(option, path):
    with pytest.raises(MinigptError, match=rf"--{option.replace('_', '-')}=.* is not a path"):
        minigpt.train(None if option == "data" else "haiku", **{option: path})
