"""The programs of examples/ print what stands beside them, are short, and are listed in their README."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from printed import difference

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "examples"
PROGRAMS = sorted(FOLDER.glob("*.py"))
ELSEWHERE = ["10_pytorch.py"]  # make parity
LONG = ["07_plain_gpt.py"]  # make slow


@pytest.mark.parametrize(
    "program",
    [pytest.param(p, marks=[pytest.mark.slow] if p.name in LONG else [], id=p.stem) for p in PROGRAMS if p.name not in ELSEWHERE],
)
def test_a_program_prints_what_stands_beside_it(program: Path, tmp_path: Path) -> None:
    """From any folder, and without a warning."""
    command = [sys.executable, "-W", "error", program]
    changed = {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}  # other tests run on the other cores
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | changed, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert difference(done.stdout, program.with_suffix(".txt").read_text(encoding="utf-8")) is None


def test_ten_programs_are_short_and_each_stands_in_the_readme_in_reading_order() -> None:
    """Fewer than 80 lines of at most 100 columns, with an output beside each."""
    assert len(PROGRAMS) == 10
    for program in PROGRAMS:
        lines = program.read_text(encoding="utf-8").splitlines()
        assert len(lines) < 80 and max(map(len, lines)) <= 100, program.name
        assert program.with_suffix(".txt").exists()
    listed = re.findall(r"\[(\d\d_\w+\.py)\]\(\1\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert listed == [program.name for program in PROGRAMS]


def test_no_program_imports_more_than_numpy_and_minigpt() -> None:
    """But for the standard library; and PyTorch in the one that says how to install it."""
    for program in PROGRAMS:
        found = set(re.findall(r"^\s*(?:import|from) (\w+)", program.read_text(encoding="utf-8"), flags=re.MULTILINE))
        assert found - sys.stdlib_module_names <= {"numpy", "minigpt"} | ({"torch"} if program.name in ELSEWHERE else set())


PRINTED = "loss 1.234, -0.5\nbar ####\n25 of 25 gradients\n  6.4e+07 b\ntime 3.2 s\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [("1.234", "1.233"), ("-0.5", "-0.4"), ("####", "###"), ("6.4e+07", "6.5e+07"), ("3.2", "99.9"), ("  6.4", "6.4")],
)
def test_rounding_and_times_make_no_difference(old: str, new: str) -> None:
    """One in the last digit, either way."""
    changed = PRINTED.replace(old, new)
    assert changed != PRINTED
    assert difference(changed, PRINTED) is None and difference(PRINTED, changed) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1.234", "1.236"),
        ("1.234", "1.2"),
        ("1.234", "nan"),
        ("-0.5", "0.5"),
        ("####", "##"),
        ("25 of", "24 of"),
        ("6.4e+07", "6.4e+06"),
        ("gradients", "gradient"),
        ("25 of 25 gradients\n", ""),
        ("  6.4e+07 b\n", "  6.4e+07 b\n  6.4e+07 b\n"),
    ],
)
def test_everything_else_does(old: str, new: str) -> None:
    """Other numbers, other words, lines too many or too few."""
    changed = PRINTED.replace(old, new)
    assert changed != PRINTED
    assert difference(changed, PRINTED) and difference(PRINTED, changed)
