"""Variants that take turns, each in a process of its own (worker.py): one that fails or hangs is
named and costs only itself. Needs no GPU and imports nothing that does."""

from __future__ import annotations

import json
import queue
import subprocess
import tempfile
import threading
from typing import Any

import numpy as np


class Player:
    """A process that answers each order, a line of JSON, by a line of JSON."""

    def __init__(self, command: list[str], env: dict[str, str] | None = None) -> None:
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115  # as long as the process
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.log}
        self.process: Any = subprocess.Popen(command, text=True, env=env, **pipes)
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.failed = ""  # why it no longer plays
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            if line.startswith("{"):  # a library may print, too
                self.lines.put(line)
        self.lines.put("")  # it has ended

    def order(self, what: str, **options: Any) -> None:
        if not self.failed:
            try:
                self.process.stdin.write(json.dumps({"do": what} | options) + "\n")
                self.process.stdin.flush()
            except OSError:
                pass  # it has ended: the next answer says how

    def answer(self, seconds: float) -> dict[str, Any]:
        """What it found; nothing, and `failed` says why, where it fails or lets us wait longer."""
        if self.failed:
            return {}
        try:
            line = self.lines.get(timeout=max(seconds, 0.01))
        except queue.Empty:
            return self.end(f"no answer in {seconds:.0f} s")
        found = json.loads(line) if line else {"failed": f"ended, status {self.process.wait()}"}
        return self.end(found["failed"]) if "failed" in found else found

    def ask(self, what: str, cap: float, **options: Any) -> dict[str, Any]:
        self.order(what, **options)
        return self.answer(cap)

    def end(self, why: str) -> dict[str, Any]:
        """Stop the process; the end of what it printed is kept with the reason."""
        if not self.log.closed:
            self.process.kill()
            self.process.wait()
            self.reader.join(1)  # nobody writes any more
            self.log.seek(0)
            self.failed = " | ".join([why, *self.log.read().splitlines()[-6:]])
            for file in (self.log, self.process.stdin, self.process.stdout):
                file.close()
        return {}


def in_turn(players: dict[str, Player], tokens: int, rounds: int = 9, seconds: float = 0.1, cap: float = 20) -> dict[str, dict[str, float]]:
    """Thousand tokens/s of each over rounds of `seconds` in which all take turns; milliseconds that
    the host needs to hand over a step when the device has nothing to do. Where that is as long as
    a step, the host is what the rate is bound by. An answer may take `cap` seconds."""
    paces = {name: player.ask("pace", cap, seconds=seconds) for name, player in players.items()}
    rates: dict[str, list[float]] = {name: [] for name in players}
    for _ in range(rounds):
        for name, player in players.items():
            found = player.ask("round", cap, steps=paces[name].get("steps"))
            if found:
                rates[name].append(tokens * paces[name]["steps"] / found["seconds"] / 1000)
    return {name: spread(r, tokens, paces[name]["host ms"]) for name, r in rates.items() if r}


def spread(rates: list[float], tokens: int, host: float) -> dict[str, float]:
    low, middle, high = (float(q) for q in np.percentile(rates, [25, 50, 75]))
    found = {"median": middle, "q1": low, "q3": high, "least": min(rates), "most": max(rates)}
    found |= {"step ms": tokens / middle, "host ms": host, "rounds": len(rates)}
    return {name: round(value, 3 if name.endswith("ms") else 1) for name, value in found.items()}
