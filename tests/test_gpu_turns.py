"""Variants that take turns in processes of their own (benchmarks/gpu_turns/turns.py): one that fails costs only itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))
from benchmarks.gpu_turns.turns import Player, in_turn  # noqa: E402

PROCESS = """
import json, os, sys, time
print("what a library prints")
for i, line in enumerate(sys.stdin):
    order = json.loads(line)
    {trouble}
    print(json.dumps({{"steps": 3, "host ms": 1}} if order["do"] == "pace" else {{"seconds": 0.5}}), flush=True)
"""


def player(trouble: str) -> Player:
    return Player([sys.executable, "-c", PROCESS.format(trouble=trouble)])


@pytest.mark.slow
def test_a_variant_that_dies_fails_or_hangs_is_named_and_the_others_go_on() -> None:
    players = {
        "good": player("pass"),
        "dies": player("if i == 2: sys.stderr.write('launch failure'); sys.stderr.flush(); os.abort()"),
        "fails": player("""if i == 2: print('{"failed": "attend: out of memory"}', flush=True); sys.exit()"""),
        "hangs": player("if i == 2: time.sleep(60)"),
    }
    try:
        rates = in_turn(players, tokens=1000, rounds=4, cap=2)
    finally:
        for each in players.values():
            each.end("stopped")
    rounds = {name: found["rounds"] for name, found in rates.items()}
    assert rounds == {"good": 4, "dies": 1, "fails": 1, "hangs": 1}
    assert rates["good"]["median"] == 6  # 3 steps of 1,000 tokens in half a second, in thousands
    said = {name: each.failed for name, each in players.items()}
    assert said.pop("good") == "stopped"
    assert "status -6 | launch failure" in said["dies"]
    assert "attend: out of memory" in said["fails"]
    assert "no answer in 2 s" in said["hangs"]
    assert all(each.process.poll() is not None for each in players.values())
