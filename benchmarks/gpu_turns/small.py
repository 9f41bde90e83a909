"""Small shapes for a checker that slows everything down:
compute-sanitizer --tool memcheck python -m benchmarks.gpu_turns.small (then --tool racecheck).

Every kernel against its specification, then steps of a small model: launch by launch, as a graph, in parts.
"""

from __future__ import annotations

import sys
from typing import Any

import cupy

from minigpt import ModelConfig, TrainConfig, Trainer
from minigpt.backend import choose_backend
from minigpt.fast.cuda.checks import Case

from .speed import batches


def main() -> int:
    cupy.cuda.set_allocator(None)  # each array alone, so that what goes beyond one is seen
    backend: Any = choose_backend("cuda")
    missed = []
    for precision, limit in (("tf32", 2e-3), ("float32", 1e-5)):
        for B, T, V, keep in ((2, 77, 203, 58982), (1, 130, 67, 65536)):
            errors = {f"{k} {n}": e for k, n, e in Case(backend, backend.device(384, precision), B, T, 384, V, keep).all()}
            worst = max(errors, key=lambda name: errors[name])
            print(precision, B, T, "worst:", worst, f"{errors[worst]:.1e}", flush=True)
            missed += [name for name, e in errors.items() if not e < limit]
        config = ModelConfig(n_layer=1, vocab_size=203, dropout=0.1)
        trainer = Trainer(config, TrainConfig(), backend=backend, precision=precision)
        for micro_batch in (None, 1):
            trainer.micro_batch = micro_batch
            for x, y in batches(203, 2, 77)[:3]:
                trainer.step(x, y)
            print(trainer.plan(2), "loss", trainer.loss_value, "without dropout", trainer.evaluate(x, y), flush=True)
    print("TOO LARGE:" if missed else "all within their limits", *missed)
    return len(missed) > 0


if __name__ == "__main__":
    sys.exit(main())
