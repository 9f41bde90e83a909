"""Small shapes for a checker that slows everything down:
compute-sanitizer --tool memcheck python -m benchmarks.gpu_trial.small (then --tool racecheck).

Every kernel against its specification, then two steps of a small model, launched one by one.
"""

from __future__ import annotations

import sys

import cupy

from minigpt import ModelConfig

from .checks import Case
from .gpu import Device, Runner
from .speed import batches, weights
from .step import Step


def main() -> int:
    cupy.cuda.set_allocator(None)  # each array alone, so that what goes beyond one is seen
    missed = []
    for precision, limit in (("tf32", 2e-3), ("float32", 1e-5)):
        device = Device(384, precision)
        for B, T, V, keep in ((2, 77, 203, 58982), (1, 130, 67, 65536)):
            errors = {f"{k} {n}": e for k, n, e in Case(device, B, T, 384, V, keep).all()}
            worst = max(errors, key=lambda name: errors[name])
            print(precision, B, T, "worst:", worst, f"{errors[worst]:.1e}", flush=True)
            missed += [name for name, e in errors.items() if not e < limit]
        config = ModelConfig(n_layer=1, vocab_size=203, dropout=0.1)
        run = Runner(Step(device, config, weights(config), 2, 77, 0.1), graph=False)
        for x, y in batches(203, 2, 77)[:2]:
            run(x, y)
        print(precision, "loss", run.loss(), flush=True)
    print("TOO LARGE:" if missed else "all within their limits", *missed)
    return len(missed) > 0


if __name__ == "__main__":
    sys.exit(main())
