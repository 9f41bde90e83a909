"""The example that takes a step in PyTorch prints what stands beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from printed import difference

PROGRAM = Path(__file__).parent.parent.parent / "examples" / "10_pytorch.py"


def test_the_step_in_pytorch_prints_what_stands_beside_it() -> None:
    """Losses agree, and so does every gradient and every parameter after the step."""
    path = os.environ | {"PYTHONPATH": str(PROGRAM.parent.parent)}
    done = subprocess.run([sys.executable, PROGRAM], env=path, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert difference(done.stdout, PROGRAM.with_suffix(".txt").read_text(encoding="utf-8")) is None
