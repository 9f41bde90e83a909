"""The sections: each measures one thing and puts it into `found`, as it goes along."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

SHAPES = [  # V, B, T, dropout; what is wanted most first
    (3000, 8, 256, 0.0),
    (3000, 32, 256, 0.0),
    (3000, 64, 512, 0.0),
    (3000, 8, 256, 0.1),
    (3000, 8, 128, 0.0),
    (50257, 8, 128, 0.0),
]
PEERS = ("eager", "compile", "reduce-overhead", "compiled-graph")
LARGE = 1500  # tokens; from here on fewer variants


def commands(V: int, B: int, T: int, dropout: float) -> dict[str, list[str]]:
    """Variant -> the command of its process, for one shape."""
    ours = ("ours",) if B * T > LARGE or dropout else ("ours", "ours, float32", "ours, bfloat16")
    shape = [str(part) for part in (V, B, T, dropout)]
    worker = [sys.executable, "-m", f"{__package__}.worker"]
    names = (*ours, *(f"torch {peer}" for peer in PEERS))
    return {name: [*worker, name, *shape] for name in names}


def speed(turns: Any, found: dict) -> None:
    """Thousand tokens/s of our variants and PyTorch's, all in turn; then where a step's time goes.

    Everybody begins at once, because compilers take long; ours begin when the others are ready."""
    from .turns import Player, in_turn

    threads = {"TORCHINDUCTOR_COMPILE_THREADS": "1"}  # one a process, of which there are many
    shapes = SHAPES[: turns.shapes]
    games = {
        f"V{V} B{B} T{T} dropout {dropout}": {
            name: Player(command, dict(os.environ) | threads) for name, command in commands(V, B, T, dropout).items()
        }
        for V, B, T, dropout in shapes
    }
    try:
        starts = found["starts"] = start_all(games, min(75, turns.left() / 2))
        turns.write()
        for (label, players), (_, B, T, _) in zip(games.items(), shapes, strict=True):
            if turns.left() < 8:
                found[label] = "left out: no time left"
                continue
            rates = in_turn(players, B * T)
            failed = {name: player.failed for name, player in players.items() if player.failed}
            found[label] = {"thousand tokens/s": rates, "start": starts[label], "failed": failed}
            print(label, {n: r["median"] for n, r in rates.items()}, failed, flush=True)
            turns.write()
        profiles(turns, games)
    finally:
        everybody = [player for players in games.values() for player in players.values()]
        for player in everybody:
            player.process.kill()  # all at once: each takes a while to give its memory back
        for player in everybody:
            player.end("over")


def start_all(games: dict[str, dict[str, Any]], seconds: float) -> dict[str, dict[str, Any]]:
    """What each says of its start. PyTorch's variants have so many seconds, all together."""
    starts: dict[str, dict[str, Any]] = {label: {} for label in games}
    stop = time.monotonic() + seconds
    everybody = [(lab, name, p) for lab, players in games.items() for name, p in players.items()]
    for _, name, player in everybody:
        if name.startswith("torch"):
            player.order("start")
    for label, name, player in everybody:
        if name.startswith("torch"):
            starts[label][name] = player.answer(stop - time.monotonic())
    for label, name, player in everybody:
        if not name.startswith("torch"):
            starts[label][name] = player.ask("start", 20)
    for label, name, player in everybody:
        print(label, name, starts[label][name] or player.failed, flush=True)
    return starts


def profiles(turns: Any, games: dict[str, dict[str, Any]]) -> None:
    """Time by kernel of our step; for how long PyTorch's kernels keep the device busy."""
    found = turns.results.setdefault("profile", {})
    for name in ("ours", "torch eager", "torch compile"):
        for label, players in games.items():
            if turns.left() > 8 and not label.endswith("0.1"):
                seen = players[name].ask("profile", min(15, turns.left() - 3))
                found[label if name == "ours" else f"{label} {name}"] = seen or players[name].failed
                print(label, name, json.dumps(seen), flush=True)
                turns.write()


def ceilings(turns: Any, found: dict) -> None:
    """What the device can do, and PyTorch's attention alone."""
    from . import peers

    found |= peers.ceilings()
    for B, T in ((8, 128), (8, 256), (64, 512)):
        found[f"torch attention B{B} T{T} ms"] = peers.attention_times(B, T, 6)
    print(json.dumps(found), flush=True)


SECTIONS = {  # with the seconds that each may take
    "speed": (speed, 150),
    "ceilings": (ceilings, 15),
}
