"""Put an exercise into the model and check it: python docs/exercises/check.py rms_norm

--solution checks the one in solutions/. A part of the network is checked as `minigpt check` does:
alone, by every element of every gradient; in a block and in the whole model, along directions. The
optimizer, which has no backward, has to go down a parabola along the path that is known.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from minigpt.backend import choose_backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.gradcheck import LAYERS, MODELS, check_gradients
from minigpt.gradcheck.suspect import first_suspect
from minigpt.params import Parameters, Spec

# Exercise -> where its parts belong, the names there, and what takes their place.
PARTS = {
    "rms_norm": [("minigpt.model", "Norm", "RMSNorm")],
    "swiglu": [("minigpt.model", "Mlp", "SwiGLU")],
    "untied": [
        ("minigpt.embedding", "OUTPUT", "OUTPUT"),
        ("minigpt.trainer", "CrossEntropy", "CrossEntropy"),
    ],
    "alibi": [("minigpt.model", "Attention", "AlibiAttention")],
    "momentum": [("minigpt.trainer", "Optimizer", "Momentum")],
}


def load(name: str, solution: bool = False) -> ModuleType:
    """The module of an exercise, or of its solution."""
    path = Path(__file__).parent / ("solutions" if solution else "") / f"{name}.py"
    spec = spec_from_file_location(name, path)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def changes(name: str, module: ModuleType) -> Iterator[tuple[ModuleType, str, Any]]:
    """What to set to what: a part where it belongs, and in all modules that have it from there."""
    for place, part, replacement in PARTS[name]:
        home = import_module(place)
        original = getattr(home, part)
        for user in [m for key, m in sys.modules.items() if key.startswith("minigpt.")]:
            from_home = place == "minigpt.model" and getattr(user, part, None) is original
            if user is home or from_home:
                yield user, part, getattr(module, replacement)


def check(name: str, module: ModuleType) -> list[str]:
    """What is wrong, or nothing. The parts must be in place."""
    if name == "momentum":
        return check_descent(module)
    backend = choose_backend("cpu")
    results = list(check_gradients(backend, 0, LAYERS[:3], MODELS[3:4], seen_in(name)))
    suspect = first_suspect(results, backend, 0)
    if not suspect:
        return []
    hints = [f"{name:8} {text}" for name, text in suspect.hints]
    return [f"look at  {suspect.layer} {suspect.parameter}", *hints]


def seen_in(name: str) -> list[str]:
    """Of what `minigpt check` checks, that in which the exercise is."""
    return ["GPT"] if name == "untied" else [PARTS[name][0][2], "Block", "GPT"]


def check_descent(module: ModuleType) -> list[str]:
    """Down f(p) = sum(a p^2) / 2, where p[k+1] = (1 + beta1 - rate a) p[k] - beta1 p[k-1]."""
    specs = {"matrix": Spec((3, 2)), "vector": Spec((4,))}
    parameters = Parameters(specs, ModelConfig(), choose_backend("cpu"), np.float64)
    rng, p = np.random.default_rng(0), parameters.values
    p[...] = rng.standard_normal(10)
    a, path, rate, beta = rng.uniform(0.5, 2, 10), [p.copy()], 0.1, 0.9
    config = TrainConfig(learning_rate=rate, beta1=beta, weight_decay=0)
    optimizer = module.Momentum(parameters, config)
    for optimizer.step in range(1, 9):
        optimizer.update([slice(4, 10), slice(0, 4)], 2 * a * p, 0.5)
        path.append(p.copy())
    known = [path[0], (1 - rate * a) * path[0]]
    while len(known) < len(path):
        known.append((1 + beta - rate * a) * known[-1] - beta * known[-2])
    for k, (found, wanted) in enumerate(zip(path, known, strict=True)):
        if not np.allclose(found, wanted, rtol=1e-9, atol=1e-12):
            return [f"update {k} gives {found[:3]}..., expected is {wanted[:3]}..."]
    return []


def main() -> None:
    """The command line."""
    name, solution = sys.argv[-1], "--solution" in sys.argv
    if name not in PARTS:
        sys.exit(f"python {sys.argv[0]} [--solution] {'|'.join(PARTS)}")
    module = load(name, solution)
    for user, part, replacement in list(changes(name, module)):
        setattr(user, part, replacement)
    try:
        wrong = check(name, module)
    except NotImplementedError as task:
        sys.exit(f"{name} is open: {task}")
    if wrong:
        sys.exit("\n  ".join([f"{name}: not yet", *wrong]))
    print(f"{name}: right")


if __name__ == "__main__":
    main()
