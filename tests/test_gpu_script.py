"""benchmarks/gpu.py: what is to run once on a rare machine runs here, over the strict stand-in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def rehearse(out: Path, sections: str) -> dict[str, dict[str, object]]:
    """The results of a rehearsal of some sections."""
    command = [sys.executable, ROOT / "benchmarks/gpu.py", "--rehearse", f"--only={sections}", "--seconds=120", f"--out={out}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_every_section_without_a_peer_ends_whole_and_what_it_compares_agrees(tmp_path: Path) -> None:
    """Libraries that are not there cost no more than what needs them."""
    found = rehearse(tmp_path / "gpu.json", "machine,gradients,parity,losses,decoding,memory")
    assert {name: part["ended"] for name, part in found.items() if isinstance(part, dict)} == dict.fromkeys(
        ("machine", "gradients", "parity", "losses", "decoding", "memory"), "whole"
    )
    assert found["gradients"]["layers, first setting"]["failed"] == []  # type: ignore[index]
    assert found["parity"]["B 3 T 7 V 23 float32"]["worst by element"] < 1e-5  # type: ignore[index]
    assert found["losses"]["CPU against GPU"]["all"] < 1e-3  # type: ignore[index]
    assert found["memory"]["a limited pool"]["micro_batch"] < found["memory"]["a limited pool"]["B"]  # type: ignore[index]
    others = [name for name in found if name not in ("machine", "rehearsal", "seconds")]
    assert [(n, key) for n in others for key, value in found[n].items() if str(value).startswith("failed")] == []
