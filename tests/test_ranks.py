"""Several ranks compute what one process does, to rounding, and the same bits each time. Whatever happens to one, a run can be resumed."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from cuda_emulator import MISSING

pytest.importorskip("mpi4py")
BIN = Path(sys.executable).parent
MPIRUN = shutil.which("mpirun", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
pytestmark = pytest.mark.skipif(MPIRUN is None, reason="no mpirun")
PROGRAM = Path(__file__).parent / "ranked.py"
SMALL = "--init none --layers 2 --heads 2 --width 64 --positions 128 --context 64 --initial-tokens 8000 --final-tokens 4000"
TRAIN = ["train", "--prompt", "A GPT that writes haiku", *SMALL.split(), "--source", "template", "--batch-size", "3", "--quiet", "--yes"]


def mpirun(ranks: int, *command: str) -> list[str]:
    """A command line; of one rank, without MPI."""
    return [*([str(MPIRUN), "-n", str(ranks)] if ranks > 1 else []), sys.executable, *command]


def run(ranks: int, *command: str, status: int = 0, **more: Any) -> str:
    """What a command prints."""
    done = subprocess.run(mpirun(ranks, *command), capture_output=True, text=True, timeout=120, check=False, **more)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextmanager
def training(ranks: int, out: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """A run whose training has begun, and its ranks."""
    with subprocess.Popen(mpirun(ranks, "-m", "minigpt", *TRAIN, "--out", str(out), *more), stderr=subprocess.PIPE, text=True) as begun:
        try:
            until(lambda: (out / "metrics.jsonl").exists() or begun.poll() is not None)
            yield begun, members(begun.pid)
        finally:
            begun.kill()


def members(launcher: int) -> list[psutil.Process]:
    """The ranks that a launcher has started, by number."""
    found = [process for process in psutil.Process(launcher).children(recursive=True) if "minigpt" in process.cmdline()]
    return sorted(found, key=lambda process: int(process.environ()["PMI_RANK"]))


def until(what: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def record(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return found


def losses(out: Path) -> np.ndarray:
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return np.array([line["train_loss"] for line in lines])


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """The numbers of one process, in float64."""
    out = tmp_path_factory.mktemp("ranked") / "alone.npz"
    run(1, str(PROGRAM), str(out), "float64", "2", "cpu")
    return dict(np.load(out))


@pytest.mark.parametrize("ranks", [2, pytest.param(3, marks=pytest.mark.slow), pytest.param(4, marks=pytest.mark.slow)])
def test_ranks_compute_what_one_process_computes(ranks: int, alone: dict[str, np.ndarray], tmp_path: Path) -> None:
    """Losses, norms, gradients, parameters and moments of GPT-1 and GPT-2, with dropout, LoRA, frozen blocks, micro-batches."""
    run(ranks, str(PROGRAM), str(tmp_path / "out.npz"), "float64", "1", "cpu")
    found = np.load(tmp_path / "out.npz")
    assert found["ranks"] == ranks and set(found) == set(alone)
    for name in set(alone) - {"ranks"}:
        if name.endswith("share"):  # of the moments: a rank has its own part alone
            assert abs(found[name] - 1 / ranks) < 0.01
        else:
            np.testing.assert_allclose(found[name], alone[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_ranks_with_a_gpu_each_compute_the_same(tmp_path: Path) -> None:
    """Over a stand-in for CuPy, whose arrays NumPy does not take."""
    for ranks in (1, 2):
        run(ranks, str(PROGRAM), str(tmp_path / f"{ranks}.npz"), "float64", "1", "stand-in")
    one, two = np.load(tmp_path / "1.npz"), np.load(tmp_path / "2.npz")
    assert len(one.files) > 20
    for name in set(one) - {"ranks"} - {name for name in one if name.endswith("share")}:
        np.testing.assert_allclose(two[name], one[name], rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_ranks_with_the_cuda_kernels_compute_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels emulated, dropout included; through the hosts, and by a stand-in for NCCL, unless that adds up wrongly."""
    monkeypatch.setenv("EMULATED", str(tmp_path))
    run(1, str(PROGRAM), str(tmp_path / "alone.npz"), "float32", "1", "nccl none")
    alone = np.load(tmp_path / "alone.npz")
    ways = {
        "nccl none": "through the host (CuPy lacks NCCL", "nccl right": "by NCCL",
        "nccl wrong": "through the host (NCCL adds up wrongly here)", "nccl shared": "through the host (NCCL wants a GPU for each rank)",
    }  # fmt: skip
    for way, said in ways.items():
        plan = run(2, str(PROGRAM), str(tmp_path / f"{way}.npz"), "float32", "1", way)
        assert f"its own kernels, products in float32; gradients travel {said}" in plan, plan
        found = np.load(tmp_path / f"{way}.npz")
        assert set(found) == set(alone)
        for name in set(alone) - {"ranks"}:
            if name.endswith("share"):
                assert abs(found[name] - 0.5) < 0.01
            elif not name.endswith(
                ("c_attn.bias", ": parameters")
            ):  # these hold it, too: AdamW steps by the rounding errors of the keys' bias, whose gradient is 0
                np.testing.assert_allclose(found[name], alone[name], rtol=1e-3, atol=1e-4 * np.abs(alone[name]).max(), err_msg=name)


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_all_ranks_go_without_the_cuda_kernels_if_one_has_to(tmp_path: Path) -> None:
    """Else they would wait for each other in different exchanges."""
    plan = run(2, str(PROGRAM), str(tmp_path / "mixed.npz"), "float32", "1", "nccl mixed")
    assert plan.count("1 worker on the GPU in each rank\n") == 2, plan  # GPT-1 and GPT-2
    assert np.isfinite(np.load(tmp_path / "mixed.npz")["kernels: losses"]).all()


@pytest.mark.slow
def test_the_same_number_of_ranks_gives_the_same_bits(tmp_path: Path) -> None:
    for name in "ab":
        run(3, str(PROGRAM), str(tmp_path / f"{name}.npz"), "float32", "2", "cpu")
    one, other = np.load(tmp_path / "a.npz"), np.load(tmp_path / "b.npz")
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)


@pytest.mark.slow
def test_a_run_of_two_ranks_is_that_of_one_and_says_so(tmp_path: Path) -> None:
    for ranks in (1, 2):
        said = run(ranks, "-m", "minigpt", *[each for each in TRAIN if each != "--quiet"], "--out", str(tmp_path / str(ranks)))
    assert "2 on this machine, 2 windows each of a batch of 3" in said
    one, two = tmp_path / "1", tmp_path / "2"
    assert len(losses(one)) == len(losses(two)) > 20
    assert np.abs(losses(one) - losses(two)).max() < 1e-4
    assert record(two)["machine"]["ranks"] == "2" and record(two)["status"] == "complete"
    assert (one / "corpus.jsonl").read_bytes() == (two / "corpus.jsonl").read_bytes()
    run(1, "-m", "minigpt", "generate", str(two), "--max-tokens", "5")


@pytest.mark.slow
def test_a_corpus_of_own_text_is_the_same_for_any_number_of_ranks(tmp_path: Path) -> None:
    """Repetitions far apart, broken encodings, an empty document, another language; and more than one portion of work."""
    chance, source = random.Random(4), tmp_path / "own.jsonl"
    words = [f"{chance.choice(['the', 'a', 'one'])} {chance.choice('abcdefgh') * 3}{i}" for i in range(3000)]
    texts = [" ".join(chance.choices(words, k=chance.randint(3, 400))) + "." for _ in range(900)]
    texts += [
        texts[3],
        texts[700] + " x",
        "cafÃ© " * 5 + texts[9],
        " \u200b",
        "Der Hund und die Katze sind in dem kalten Haus. " * 4,
    ]
    chance.shuffle(texts)
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    assert sum(map(len, texts)) > 3 * 2**18
    for ranks in (1, 3):
        run(ranks, "-m", "minigpt", "corpus", "--data", str(source), "--out", str(tmp_path / str(ranks)))
    for name in ("corpus.jsonl", "checkpoint/train.gpt2.ids", "checkpoint/held_out.gpt2.ids"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "3" / name).read_bytes(), name
    one, three = record(tmp_path / "1"), record(tmp_path / "3")
    assert one["corpus"] == three["corpus"] and one["report"] == three["report"] and one["corpus"]["dropped"]


ENCODED = """
from minigpt.corpus.gather import closed_ids
from minigpt.run.ranks.join import join
from minigpt.run.ranks.shared import encode
from minigpt.tokenizer import Tokenizer, gpt2_merges
join()
texts = [f"{number} apples, caf\\u00e9 {'and so on ' * (number % 70)}" for number in range(3000)]
for tokenizer in (Tokenizer(gpt2_merges()[:700]), Tokenizer.gpt2()):
    assert [list(ids) for ids in encode(tokenizer, texts)] == [list(closed_ids(tokenizer, text)) for text in texts]
print("the same")
"""


@pytest.mark.slow
def test_texts_have_the_same_ids_in_any_vocabulary() -> None:
    assert run(3, "-c", ENCODED).count("the same") == 1


@pytest.mark.slow
@pytest.mark.parametrize(("rank", "how"), [(0, signal.SIGTERM), (2, signal.SIGTERM), (1, signal.SIGINT), (None, signal.SIGINT)])
def test_a_signal_to_any_rank_stops_all_of_them_and_saves(rank: int | None, how: signal.Signals, tmp_path: Path) -> None:
    """None: to the launcher, as Ctrl-C. The run goes on with any number of ranks, which is said."""
    out = tmp_path / "run"
    with training(3, out, "--epochs", "60") as (begun, ranks):
        psutil.Process(begun.pid if rank is None else ranks[rank].pid).send_signal(how)
        _, said = begun.communicate(timeout=60)
        assert not psutil.wait_procs(ranks, 10)[1]
    assert f"to continue: minigpt resume {out}" in said, said
    assert record(out)["status"] == "interrupted" and list((out / "checkpoint").glob("state-*"))
    before = losses(out)
    said = run(2, "-m", "minigpt", "resume", str(out), "--epochs", "1")
    assert "ranks 3 is now 2: the result will match an uninterrupted run to rounding, not byte for byte" in said
    assert (losses(out)[: len(before)] == before).all() and record(out)["status"] in ("complete",)


@pytest.mark.parametrize(("given", "warned"), [({}, True), ({"SLURM_PROCID": "1"}, False), ({"SLURM_STEP_NUM_TASKS": "1"}, False)])
def test_tasks_of_slurm_that_know_nothing_of_each_other_are_mentioned_once(given: dict[str, str], warned: bool, tmp_path: Path) -> None:
    """`srun` without --mpi starts as many runs as tasks, which somebody may want."""
    tasks = {"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "0"} | given
    said = run(1, "-m", "minigpt", "corpus", "--data", "missing.txt", "--out", str(tmp_path / "x"), status=1, env=os.environ | tasks)
    assert ("srun has started 4 tasks, each a run of its own" in said) == warned, said


@pytest.mark.slow
def test_a_rank_that_is_killed_ends_the_others_and_the_run_can_be_resumed(tmp_path: Path) -> None:
    chance = random.Random(0)
    for number in range(4):
        out = tmp_path / f"run{number}"
        with training(3, out, "--checkpoint-seconds", "0.2", "--epochs", "8") as (begun, ranks):
            time.sleep(chance.uniform(0, 1))
            chance.choice(ranks).kill()
            assert not psutil.wait_procs(ranks, 10)[1]
            assert begun.wait(10) != 0
            assert begun.stderr and re.search(
                r"minigpt: rank \d of 3 has died, and with it the others; .*: minigpt resume RUN\n", begun.stderr.read()
            )
        run(chance.choice([1, 2, 3]), "-m", "minigpt", "resume", str(out))
        assert record(out)["status"] == "complete"


@pytest.mark.slow
def test_an_error_in_rank_0_ends_the_others_with_one_line(tmp_path: Path) -> None:
    with training(3, tmp_path / "run", "--checkpoint-seconds", "0.2", "--epochs", "60") as (begun, ranks):
        shutil.move(tmp_path / "run", tmp_path / "elsewhere")
        _, said = begun.communicate(timeout=30)
        assert begun.returncode == 1 and not psutil.wait_procs(ranks, 10)[1]
    assert said.count("minigpt: ") == 1 and "Traceback" not in said, said


def test_an_error_in_another_rank_ends_all_with_one_line() -> None:
    code = "import time; from minigpt.run.ranks.join import join, world; join()\nwith world().call('nonsense', trainer=7): time.sleep(60)"
    began = time.monotonic()
    done = subprocess.run(mpirun(2, "-c", code), capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode != 0 and time.monotonic() - began < 20
    assert done.stderr.count("minigpt: ") == 1 and f"rank 1 of 2, on {socket.gethostname()}: " in done.stderr, done.stderr


@pytest.mark.slow
def test_minutes_hold_for_all_ranks(tmp_path: Path) -> None:
    began = time.monotonic()
    run(2, "-m", "minigpt", *TRAIN, "--out", str(tmp_path / "run"), "--minutes", "0.3")
    assert time.monotonic() - began < 40
    assert record(tmp_path / "run")["training"]["steps"] > 10


@pytest.mark.slow
def test_a_program_may_be_what_the_ranks_run(tmp_path: Path) -> None:
    """Only the first of them comes back from `minigpt.train`."""
    small = "init='none', layers=1, heads=1, width=32, positions=64, context=32, epochs=1, initial_tokens=6000, source='template'"
    code = f"import minigpt\nminigpt.train('A GPT that writes haiku', out={str(tmp_path / 'run')!r}, {small})\nprint('back')"
    said = run(2, "-c", code)
    assert said.count("back") == 1 and record(tmp_path / "run")["machine"]["ranks"] == "2"


def test_wrong_use_is_told_once(tmp_path: Path) -> None:
    said = run(2, "-m", "minigpt", "train", "--epoch", "3", status=2)
    assert said.count("no such option") == 1 and "Traceback" not in said


@pytest.mark.parametrize(
    ("environment", "program", "said"),
    [
        ({"PMI_RANK": "0", "PMI_SIZE": "3"}, "sys.modules['mpi4py'] = None", "3 ranks were started, but mpi4py is not installed: "),
        (
            {"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "4"},
            "",
            "4 ranks were started, but mpi4py sees 1: use the mpirun of ",
        ),
        ({"SLURM_STEP_NUM_TASKS": "4"}, "", ""),  # a shell within a job, which no launcher has started
    ],
)
def test_ranks_that_mpi_does_not_know_are_an_error(environment: dict[str, str], program: str, said: str) -> None:
    """Else each of them would train a model of its own."""
    code = f"import sys; {program}\nfrom minigpt.cli import cli\ncli(['--help'])"
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode == 1 and f"minigpt: {said}" in done.stderr) if said else done.returncode == 0, done.stderr
