"""One variant of a step in a process of its own, for turns.py:
python -m benchmarks.gpu_turns.worker VARIANT V B T DROPOUT

Orders: start, pace, round, profile. After each the device is waited for, so that a failure is
answered where it happened; after one the process ends at once.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from minigpt import ModelConfig

from .speed import Ours, Theirs, weights

FIRST = 12  # steps after the start: compiles, records graphs


class Worker:
    """What a variant does when it is told to."""

    def __init__(self, name: str, V: int, B: int, T: int, dropout: float) -> None:
        self.name, self.B, self.T = name, B, T
        self.config = ModelConfig(vocab_size=V, dropout=dropout)
        if name.startswith("torch"):
            importlib.import_module(".peers", __package__)  # PyTorch: slow, no part of its start
            self.kind: Callable[..., Any] = Theirs
        else:
            self.kind = Ours
        self.run: Any = None

    def start(self) -> dict[str, Any]:
        begun = time.perf_counter()
        state, name = weights(self.config), self.name.removeprefix("torch ")
        self.run = self.kind(self.config, state, self.B, self.T, name)
        self.run.wait()
        for i in range(FIRST):
            self.run(i)
        self.run.wait()
        return {"seconds": round(time.perf_counter() - begun, 1), "loss": self.run.loss()}

    def pace(self, seconds: float) -> dict[str, Any]:
        """How many steps take `seconds`; milliseconds to hand one over."""
        for i in range(4):
            self.run(i)
        self.run.wait()
        handed = []
        start = time.perf_counter()
        for i in range(6):
            began = time.perf_counter()
            self.run(i)
            handed.append(time.perf_counter() - began)
            self.run.wait()
        steps = max(5, int(seconds / ((time.perf_counter() - start) / 6)))
        return {"steps": steps, "host ms": 1000 * statistics.median(handed)}

    def round(self, steps: int) -> dict[str, Any]:
        start = time.perf_counter()
        for i in range(steps):
            self.run(i)
        self.run.wait()
        return {"seconds": time.perf_counter() - start}

    def profile(self) -> dict[str, Any]:
        from .profile import by_kernel, profiled

        if self.name.startswith("torch"):
            return profiled(self.run)
        return by_kernel(self.run)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    name, (V, B, T), dropout = sys.argv[1], map(int, sys.argv[2:5]), float(sys.argv[5])
    try:
        worker = Worker(name, V, B, T, dropout)
        for line in sys.stdin:
            options = json.loads(line)
            found = getattr(worker, options.pop("do"))(**options)
            print(json.dumps(found, default=str), file=answers, flush=True)
    except Exception as error:  # whatever it is: the others go on
        print(json.dumps({"failed": repr(error)[:500]}), file=answers, flush=True)
    os._exit(0)  # destructors fail one by one where the device has failed


if __name__ == "__main__":
    main()
