"""`generate` as scripts use it: seeds that repeat a sample, records that tell all of it, a prompt from standard input."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from model_folders import write_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "small")


def generate(folder: Path, *arguments: object, given: bytes = b"") -> tuple[int, str, str]:
    command = [sys.executable, "-m", "minigpt", "generate", str(folder), "--max-tokens", "12", *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_seed_of_each_sample_is_shown_and_repeats_it(folder: Path) -> None:
    status, out, err = generate(folder, "--prompt", "The", "--samples", 2)
    seeds = [int(seed) for seed in re.findall(r"^seed (\d+)$", err, re.MULTILINE)]
    assert (status, len(err.splitlines()), seeds[1]) == (0, 2, seeds[0] + 1)
    second = out.partition("\n---\n")[2]
    assert generate(folder, "--prompt", "The", "--seed", seeds[1])[1] == second
    assert generate(folder, "--quiet")[2] == ""


def test_a_record_tells_all_that_repeats_its_text(folder: Path) -> None:
    options = ["--prompt", "The", "--temperature", 1.5, "--top-k", 0, "--top-p", 0.9, "--repetition-penalty", 1.2, "--stop", "zq"]
    status, out, err = generate(folder, *options, "--json")
    record = json.loads(out)
    assert (status, err, record["model"], record["prompt"]) == (0, "", str(folder), "The")
    assert record["settings"] == {
        "max_tokens": 12, "temperature": 1.5, "top_k": 0, "top_p": 0.9, "repetition_penalty": 1.2, "stop": ["zq"]
    }  # fmt: skip
    assert generate(folder, *options, "--seed", record["seed"])[1] == f"The{record['text']}\n"


@pytest.mark.parametrize(
    ("given", "prompt"),
    [(b"The\n", "The"), (b"The", "The"), (b"two\r\nlines\n\n", "two\nlines\n"), ("é\n".encode(), "é"), (b"", "")],
)
def test_a_prompt_is_read_from_standard_input_without_its_last_line_end(folder: Path, given: bytes, prompt: str) -> None:
    status, out, _ = generate(folder, "--prompt", "-", "--json", given=given)
    assert (status, json.loads(out)["prompt"]) == (0, prompt)


@pytest.mark.parametrize(("given", "said"), [(b"\xff\xfe\x00", "not UTF-8"), (b"a" * 2_000_000, "longer than 1,048,576 bytes")])
def test_a_prompt_that_is_no_text_or_endless_is_refused(folder: Path, given: bytes, said: str) -> None:
    status, out, err = generate(folder, "--prompt", "-", given=given)
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert said in err


def test_a_short_text_waits_for_no_import_that_it_does_not_need(folder: Path) -> None:
    """numba takes longer to start than a short text takes to write; a long one has it."""
    slow = {"numba", "ftfy", "requests", "rich", "prompt_toolkit", "questionary", "jinja2", "matplotlib", "minigpt.corpus.gather"}
    program = f"import sys; from minigpt.cli import cli; cli(standalone_mode=False); print(*({slow} & set(sys.modules)), file=sys.stderr)"
    found = {}
    for tokens in (12, 300):
        command = [sys.executable, "-c", program, "generate", str(folder), "--device", "cpu", "--max-tokens", str(tokens)]
        found[tokens] = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()[-1]
    assert found[300] == "numba"
    assert found[12] == ""
