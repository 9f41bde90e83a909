"""The command line as a user has it: real processes, their output, their exit status."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import minigpt

SMALL = "--layers 1 --heads 2 --width 32 --positions 64 --initial-tokens 4000 --final-tokens 2500 --epochs 2".split()
PROMPT = "A fun GPT that generates cooking recipes"


def call(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "minigpt", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env={**os.environ, **environment}, check=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("models") / "chef"
    return folder, call("train", "--prompt", PROMPT, "--out", folder, *SMALL)


def test_train_prints_the_plan_to_stderr_and_samples_to_stdout(run):
    folder, done = run
    assert done.returncode == 0, done.stderr
    plan = ("Corpus", "recipes in a fun tone", "Model", "parameters", "Device", "NumPy", "Training")
    for word in (*plan, "held-out", "tokens/s", "Result", str(folder)):
        assert word in done.stderr
    samples = json.loads((folder / "run.json").read_text())["samples"]
    assert [text.strip() in done.stdout for text in samples] == [True] * 3
    assert "Corpus" not in done.stdout


@pytest.mark.slow
def test_generate_can_be_piped_and_repeated(run):
    folder, _ = run
    first, second, other = (call("generate", folder, "--prompt", "Serves", "--max-tokens", 20, "--seed", seed) for seed in (1, 1, 2))
    assert first.returncode == 0
    assert first.stdout.startswith("Serves")
    assert first.stdout == second.stdout != other.stdout
    expected = minigpt.load(folder).generate("Serves", max_tokens=20, seed=1)
    assert first.stdout == f"Serves{expected}\n"


def test_generate_json_is_one_line_a_sample(run):
    folder, _ = run
    done = call("generate", folder, "--json", "--samples", 3, "--max-tokens", 5, "--seed", 1, "--temperature", 1.5, "--top-k", 0)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [list(record) for record in records] == [["prompt", "text", "tokens", "finish_reason", "seed", "settings", "model"]] * 3
    assert all(record["tokens"] <= 5 and record["finish_reason"] in ("stop", "length") for record in records)
    assert len({record["text"] for record in records}) > 1


def test_list_shows_the_runs(run):
    folder, _ = run
    done = call("list", "--models-dir", folder.parent)
    assert done.returncode == 0
    head, row = done.stdout.splitlines()
    assert head.split() == ["NAME", "DATE", "SIZE", "PARAMETERS", "CORPUS", "BITS/BYTE", "STATUS"]
    for word in (folder.name, "complete", "custom", "template"):
        assert word in row
    assert json.loads(call("list", "--models-dir", folder.parent, "--json").stdout)["prompt"] == PROMPT
    empty = call("list", "--models-dir", folder)
    assert (empty.returncode, empty.stdout) == (0, "")
    assert "no runs" in empty.stderr


@pytest.mark.slow
def test_a_corpus_alone_is_listed_as_written_and_without_a_size(tmp_path):
    call("corpus", "--prompt", PROMPT, "--source", "template", "--initial-tokens", 2000, "--out", tmp_path / "only")
    row = call("list", "--models-dir", tmp_path).stdout.splitlines()[1]
    assert row.startswith("only  ") and row.endswith("corpus only") and "template" in row
    assert not any(size in row for size in ("12M", "custom"))


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["train"], 2, "nothing to train on"),
        (["train", "--data", "missing.txt"], 1, "missing.txt"),
        *(
            pytest.param(*case, marks=pytest.mark.slow)  # test_usage.py types these, too, without a process for each
            for case in (
                (["train", "--prompt", " "], 2, "--prompt"),
                (["train", "--prompt", "x", "--layers", "0"], 2, "--layers=0"),
                (["train", "--prompt", "x", "--device", "tpu"], 2, "--device"),
                (["generate", "missing"], 1, "no run 'missing'"),
                (["generate"], 2, "RUN"),
                (["generate", "x", "--samples", "0"], 2, "--samples"),
                (["generate", ".", "--temperature", "-1"], 2, "temperature"),
                (["sing"], 2, "sing"),
            )
        ),
    ],
)
def test_bad_input_gets_one_line_a_status_and_no_traceback(tmp_path, monkeypatch, arguments, status, words):
    monkeypatch.chdir(tmp_path)
    done = call(*arguments)
    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_that_is_not_empty_stays_as_it_is(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    done = call("train", "--prompt", "cooking", "--out", tmp_path, *SMALL)
    assert done.returncode == 1
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.slow
def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    done = call("train", "--prompt", "cooking", "--out", tmp_path / "file" / "run", *SMALL)
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in call("train", "--prompt", "cooking", "--out", tmp_path / "file" / "run", *SMALL, "--verbose").stderr


@pytest.mark.slow
def test_options_come_from_the_environment_and_a_flag_wins(tmp_path):
    done = call("train", "--prompt", "x", MINIGPT_LAYERS="0", MINIGPT_OUT=str(tmp_path / "run"))
    assert "--layers=0" in done.stderr
    done = call("train", "--prompt", "x", "--layers", "-3", MINIGPT_LAYERS="0")
    assert "--layers=-3" in done.stderr


def test_environment_names_are_those_of_the_options(run):
    """--json too, whose name in Python is another; and a stop string is one value, its blanks included."""
    folder, _ = run
    done = call("generate", folder, "--seed", 1, "--max-tokens", 30, MINIGPT_JSON="1", MINIGPT_STOP="no such words")
    assert json.loads(done.stdout)["tokens"] > 3


@pytest.mark.slow
def test_a_variable_set_for_training_neither_extends_a_resumed_run_nor_starts_a_text(run):
    """`resume --epochs` adds, and the prompt of `generate` is the beginning of a text."""
    folder, _ = run
    before = (folder / "metrics.jsonl").read_bytes()
    for name in ("MINIGPT_EPOCHS", "MINIGPT_MINUTES"):
        done = call("resume", folder, **{name: "1"})
        assert done.returncode == 0, done.stderr
        assert "nothing left to do" in done.stderr
    assert (folder / "metrics.jsonl").read_bytes() == before
    plain, named = (call("generate", folder, "--seed", 1, "--json", **more) for more in ({}, {"MINIGPT_PROMPT": PROMPT}))
    assert named.stdout == plain.stdout != ""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="closes streams as a Unix shell does")
def test_a_closed_output_is_no_traceback(run):
    folder, _ = run
    shell = f'"{sys.executable}" -m minigpt generate "{folder}" --max-tokens 5 --seed 1'
    for closed in (">&-", "| true", "2>&-"):
        done = subprocess.run(["sh", "-c", f"{shell} {closed}"], capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_samples_that_nobody_reads_do_not_fail_the_run(tmp_path):
    """The run is complete before its samples are shown."""
    command = f'"{sys.executable}" -m minigpt train -p cooking --out "{tmp_path / "run"}" --quiet {" ".join(SMALL)} | true'
    subprocess.run(["sh", "-c", command], capture_output=True, check=False)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "complete"


def test_help_and_list_import_no_array_library(tmp_path):
    code = "import sys; from minigpt.cli import cli; cli({}, standalone_mode=False); print('numpy' in sys.modules, 'cupy' in sys.modules)"
    for arguments in (["--help"], ["list", "--models-dir", str(tmp_path)]):
        done = subprocess.run([sys.executable, "-c", code.format(arguments)], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "False False"


def test_without_a_command_the_help_is_shown():
    done = call()
    assert done.returncode == 0
    assert "Usage: python -m minigpt" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to another process there")
def test_ctrl_c_keeps_what_there_is(tmp_path):
    command = [sys.executable, "-m", "minigpt", "train", "--prompt", PROMPT, "--out", str(tmp_path / "run"), *SMALL, "--epochs", "1000"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "run" / "model.safetensors").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "interrupted"
    assert minigpt.load(tmp_path / "run").generate("Serves", max_tokens=3)
    assert not list((tmp_path / "run").glob(".*"))
    assert f"minigpt resume {tmp_path / 'run'}" in errors


@pytest.mark.skipif(sys.platform == "win32", reason="a Unix signal")
def test_the_status_is_that_of_an_interruption_wherever_the_signal_comes(tmp_path):
    """Also inside code that is made from a text, as it is in dataclasses, while modules are read."""
    code = """
import os, signal
from minigpt.cli.common import command

@command("wait")
def wait():
    exec("os.kill(os.getpid(), signal.SIGTERM)\\nwhile True: pass")

wait()
"""
    (tmp_path / "waiting.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "waiting"], capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert (done.returncode, done.stderr) == (130, "\nminigpt: interrupted\n")


@pytest.mark.skipif(sys.platform == "win32", reason="a Unix signal")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_every_command_ends_with_one_line_when_it_is_told_to(run, name):
    command = [sys.executable, "-m", "minigpt", "generate", str(run[0]), "--samples", "100000", "--quiet"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline()
    process.send_signal(getattr(signal, name))
    assert process.communicate(timeout=60)[1].strip() == "minigpt: interrupted"
    assert process.returncode == 130


@pytest.mark.skipif(sys.platform == "win32", reason="a Unix signal")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT"])
def test_a_command_outlives_a_signal_that_it_was_started_without(run, name):
    """As if started by nohup or by a script's &; SIGTERM still ends it."""
    number = getattr(signal, name)
    command = [sys.executable, "-m", "minigpt", "generate", str(run[0]), "--samples", "100000", "--quiet"]
    before = signal.signal(number, signal.SIG_IGN)  # a child inherits it
    try:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    finally:
        signal.signal(number, before)
    assert process.stdout.readline()
    process.send_signal(number)
    assert all(process.stdout.readline() for _ in range(50))
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[1].strip() == "minigpt: interrupted"
    assert process.returncode == 130


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to another process there")
def test_ctrl_c_while_a_large_file_is_read_leaves_a_valid_folder(tmp_path):
    with (tmp_path / "large.txt").open("w") as file:
        file.writelines(f"Paragraph {i} is about the number {i * i}.\n\n" for i in range(1_000_000))
    command = [sys.executable, "-m", "minigpt", "train", "--data", str(tmp_path / "large.txt"), "--out", str(tmp_path / "run")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "run").glob(".corpus.jsonl.*")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["status"], record["stages"]) == ("interrupted", {})
    assert sorted(path.name for path in (tmp_path / "run").rglob("*") if path.is_file()) == ["lock", "run.json"]


@pytest.mark.slow
def test_standard_input_is_learned(tmp_path):
    command = [sys.executable, "-m", "minigpt", "train", "--data", "-", "--out", str(tmp_path / "run"), *SMALL[:8], "--epochs", "1"]
    text = "\n\n".join(f"Line {i} of what was piped in, and {i * i} more." for i in range(300))
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "standard input" in done.stderr
    assert json.loads((tmp_path / "run" / "corpus.jsonl").read_text().splitlines()[0])["file"] == "standard input"


@pytest.mark.slow
def test_bench_measures_this_machine():
    """Every line has its figure, and the share of the peak is one: above nothing, and not far above all of it."""
    done = call("bench", "--seconds", 1, "--vocab-size", 300, "--batch-size", 2, "--context", 32)
    assert done.returncode == 0, done.stderr
    machine, training, sampling, memory = done.stdout.splitlines()
    assert re.match(r"Machine +\d+ of \d+ cores, .+: [\d,]+ GFLOP/s", machine)
    share = re.match(r"Training +[\d,]+ tokens/s \([\d,]+ to [\d,]+\), (\d+)% of that peak", training)
    assert share and 0 < int(share[1]) < 150
    assert re.match(r"Sampling +[\d,]+ tokens/s", sampling)
    assert re.match(r"Memory +\d+ MB for a step: .* activations, .* logits; the process holds .*, .* are free", memory)


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is a Unix thing")
@pytest.mark.parametrize(("width", "term"), [(80, "xterm"), (30, "xterm"), (0, "xterm"), (80, "dumb")])
def test_the_live_line_fits_the_terminal(width: int, term: str) -> None:
    """The terminal on standard error counts, whatever standard output is; one that cannot redraw a line gets no live line."""
    import fcntl
    import pty
    import struct
    import termios

    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    code = """
import time
from types import SimpleNamespace
from minigpt.cli.console import Console
console = Console(quiet=False)
console.figures.held_out = 2.345
console.step(SimpleNamespace(step=900, total_steps=12345, started=time.perf_counter() - 9, tokens=10**6, loss=2.345, held_out_tokens=1))
console.progress("Reading", 0, 100)
console.clear()
"""
    environment = {**os.environ, "TERM": term}
    subprocess.run([sys.executable, "-c", code], stderr=side, stdout=subprocess.DEVNULL, env=environment, check=True)
    os.close(side)
    seen = b""
    try:
        while piece := os.read(main, 4096):
            seen += piece
    except OSError:
        pass
    os.close(main)
    shown = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", seen.decode())
    lines = [line for line in re.split("[\r\n]+", shown) if "left" in line]
    assert bool(lines) == (term != "dumb")
    assert all(len(line) < (width or 80) for line in lines)
    if width != 30 and lines:
        assert "step 900/12,345  loss 2.345  held-out 2.345  1:54 left" in lines[0]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="closes streams as a Unix shell does")
@pytest.mark.parametrize("where", ["2>/dev/full", "2> >(head -n 1 >/dev/null)", "<&- 2>&-"])
def test_messages_that_nobody_hears_change_nothing(tmp_path: Path, where: str) -> None:
    """The run continues to its end in silence, and its samples are printed."""
    if "full" in where and not Path("/dev/full").exists():
        pytest.skip("a device of Linux")
    command = (
        f'exec "{sys.executable}" -m minigpt train -p cooking --device cpu --out "{tmp_path / "run"}" {" ".join(SMALL)} --epochs 1 {where}'
    )
    done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, text=True, check=False)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (done.returncode, record["status"]) == (0, "complete")
    assert done.stdout.count("\n---\n") == 3
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == record["training"]["steps"] > 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_results_that_cannot_be_written_are_told(run) -> None:
    """A full disk is not taken for a reader that has had enough."""
    shell = f'"{sys.executable}" -m minigpt generate "{run[0]}" --max-tokens 5 >/dev/full'
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("minigpt: standard output: No space left on device")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize(
    "arguments", ["", *(pytest.param(more, marks=pytest.mark.slow) for more in ("--help", "--version", "train --help"))]
)  # a process each
def test_help_that_cannot_be_written_is_told_in_one_line(arguments: str) -> None:
    """click prints it, before any command of ours runs."""
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m minigpt {arguments} >/dev/full'], capture_output=True, text=True, check=False
    )
    expected = "minigpt: standard output: No space left on device; check space and permissions there\n"
    assert (done.returncode, done.stderr) == (1, expected)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-"])
def test_wrong_usage_that_nobody_hears_has_its_status(where: str) -> None:
    done = subprocess.run(["sh", "-c", f'"{sys.executable}" -m minigpt train --bogus {where}'], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="a Unix signal")
def test_the_line_of_an_interruption_is_clean(tmp_path: Path) -> None:
    """It repeats the folder's name."""
    code = """
from minigpt.cli.common import command

@command("wait")
def wait():
    raise KeyboardInterrupt("minigpt: interrupted; resume e\\x1b]0;owned\\x07vil\\n\u202e")

wait()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "minigpt: interrupted; resume e]0;ownedvil \n")
