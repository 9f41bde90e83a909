"""What a comparison of speed stands on: noise is seen and said, and the first row is what `train` does."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.model import count_parameters
from minigpt.run.options import Options

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
if str(BENCHMARKS) not in sys.path:
    sys.path.append(str(BENCHMARKS))
from quiet import MOST_OTHERS, MOST_ROUNDS, Reading, Round, Turn, complaints, play_rounds, quiet, to_show, usual_rate, watched  # noqa: E402
from train_step import ROWS  # noqa: E402

seconds = st.floats(0, 1000)


@given(clock=st.floats(0.1, 100), foreign=seconds, stolen=seconds, own=seconds, start=seconds)
def test_others_are_everything_but_this_process(clock: float, foreign: float, stolen: float, own: float, start: float) -> None:
    """Stolen time too, whether or not the kernel counts it as this process's own."""
    begun = Reading(start, start, start, start)
    end = Reading(start + clock, start + foreign + own, start + stolen, start + own)
    assert end.others(begun) == pytest.approx((foreign + stolen) / clock, abs=1e-8)
    stolen_as_own = Reading(end.clock, end.busy, end.stolen, end.own + stolen)
    assert stolen_as_own.others(begun) == pytest.approx(max(foreign, stolen) / clock, abs=1e-8)


def test_a_busy_process_makes_a_turn_noisy() -> None:
    with subprocess.Popen([sys.executable, "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout and other.stdout.readline()  # it has started
            answer, others = watched(lambda: time.sleep(1) or "slept")
        finally:
            other.kill()
    assert answer == "slept"
    assert others > MOST_OTHERS


def test_all_threads_of_this_process_are_its_own() -> None:
    """And the system's count, from which they are taken, has them."""

    def work() -> None:
        while time.thread_time() < 0.5:
            hashlib.sha256(bytes(2**20))

    start = Reading.now()
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    end = Reading.now()
    assert end.own - start.own >= 1
    assert end.busy - start.busy >= 0.9  # it counts in hundredths of a second, on each core


def turns(*turns: tuple[float, float, float]) -> Round:
    """A round: of each turn, what others used and the product's rates before and after."""
    return {f"{i}": Turn(None, others, 0.0, before, after) for i, (others, before, after) in enumerate(turns)}


@pytest.mark.parametrize(
    ("noisy", "reason"),
    [
        (turns((0.01, 99, 99), (0.5, 99, 99)), "others kept 0.50 cores busy during 1"),
        (turns((0.01, 99, 80), (0.01, 80, 100)), "a product ran at 0.80 to 1.00 times its usual rate"),
        (turns((0.01, 100, 120), (0.01, 120, 100)), "a product ran at 1.00 to 1.20 times its usual rate"),
    ],
)
def test_a_noisy_round_is_thrown_away_and_counted(noisy: Round, reason: str) -> None:
    calm = turns((0.02, 100, 100), (0.02, 100, 101))
    rounds = [calm, noisy, calm]
    assert complaints(noisy, usual_rate(rounds)) == [reason]
    assert to_show(rounds, 2) == ([calm, calm], "quiet rounds: 2; thrown away: 1")
    assert (
        to_show([noisy, calm, calm, noisy, calm, calm], 5)[1]
        == "quiet rounds: 4, of 5 wanted: the machine did not get quiet; thrown away: 2"
    )


def test_products_in_noise_do_not_say_what_is_usual() -> None:
    """Or a machine that is noisy at first would throw its quiet rounds away."""
    calm, noisy = turns((0.0, 100, 100)), turns((1.0, 40, 40))
    assert usual_rate([noisy, noisy, calm]) == 100
    assert quiet([noisy, noisy, calm]) == [calm]
    assert usual_rate([noisy]) == 40


def test_a_machine_that_never_gets_quiet_costs_a_limited_time_and_is_told() -> None:
    played = []
    rounds = play_rounds(["a", "b"], lambda name: (played.append(name), 1.0), wanted=1, threads=1)
    assert played == ["a", "b"] * MOST_ROUNDS
    shown, verdict = to_show(rounds, 1)
    assert shown == rounds
    assert verdict.startswith("UNQUIET")
    flat = [turn for each in rounds for turn in each.values()]
    assert [turn.after for turn in flat[:-1]] == [turn.before for turn in flat[1:]]  # one product between two turns


def test_a_round_is_repeated_until_it_is_quiet() -> None:
    noise = iter([1.0, 0.0])
    rounds = play_rounds(["a"], lambda name: (name, next(noise)), wanted=1, threads=1)
    assert [played["a"].others for played in rounds] == [1.0, 0.0]
    assert rounds[0] not in quiet(rounds)


@pytest.mark.parametrize(("name", "size"), [("base", "12M"), ("default", "12M"), ("default-33M", "33M")])
def test_the_first_rows_are_what_train_does(name: str, size: str) -> None:
    """From the base, and from random weights."""
    row = ROWS[name]
    start = {"init": "base", "source": "template"} if name == "base" else {}
    config, train = Options.parse({"model_size": size, **start}).configure()
    assert row.config == type(config)(**{**vars(config), "vocab_size": row.vocab})
    assert (row.batch, row.context) == (train.batch_size, train.context)


def test_the_first_row_is_the_model_that_the_readme_trains() -> None:
    readme = (BENCHMARKS.parent / "README.md").read_text(encoding="utf-8")
    assert next(iter(ROWS)) == "base"
    assert f"vocabulary {ROWS['base'].vocab:,}: {count_parameters(ROWS['base'].config):,} parameters" in readme


@pytest.mark.slow
def test_implementations_take_turns_in_processes_of_their_own(tmp_path: Path) -> None:
    """Of a small row, with and without compiled layers, whose losses agree."""
    pytest.importorskip("numba")
    small = ["--row=full-vocabulary", "--vocab=300", "--batch=1", "--context=8", "--steps=2", "--threads=1"]
    command = [sys.executable, BENCHMARKS / "train_step.py", *small, "--rounds=1", "--peers=minigpt-numpy", f"--json={tmp_path / 'rows'}"]
    printed = []
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "first 4 losses, minigpt and minigpt-numpy" in done.stdout
        assert ", within 1e-3" in done.stdout
        printed.append(done.stdout)
    written = (tmp_path / "rows").read_text(encoding="utf-8").splitlines()
    for output, line in zip(printed, written, strict=True):
        found = json.loads(line)
        assert (found["row"], found["vocab"], found["dropout"], found["threads"]) == ("full-vocabulary", 300, 0.0, "1")
        assert found["verdict"] in output.splitlines()
        results = {name: [played[name]["result"] for played in found["rounds"]] for name in ("minigpt", "minigpt-numpy")}
        assert all("numba" in result["by"] for result in results["minigpt"])
        assert not any("numba" in result["by"] for result in results["minigpt-numpy"])
        assert all(len(result["seconds"]) == 2 for turns in results.values() for result in turns)
        ratios = [ours["rate"] / its["rate"] for ours, its in zip(*results.values(), strict=True)]
        assert set(found["medians"]["minigpt-numpy"]["ratios"]) <= set(ratios)
