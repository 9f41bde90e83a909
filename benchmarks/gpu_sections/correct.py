"""Does the device compute what the specification says? Gradients, losses over fifty steps, bits, dropout."""

from __future__ import annotations

import inspect
import math
import time
from contextlib import closing
from typing import Any

import numpy as np

from minigpt.backend import Backend, choose_backend
from minigpt.gradcheck import check_gradients

from .context import Context, batch

STEPS = 50


def gradients(context: Context) -> None:
    """The gradient check on the device, as far as the time goes: first setting of the layers and of the model first."""
    backend = choose_backend("cuda")
    defaults = inspect.signature(check_gradients).parameters
    layers, models = tuple(defaults["layers"].default), tuple(defaults["models"].default)
    plan: list[tuple[str, dict[str, Any]]] = [
        ("model, first setting", {"layers": (), "models": models[:1]}),
        ("layers, first setting", {"layers": layers[:1], "models": ()}),
        ("model, other settings", {"layers": (), "models": models[1:]}),
        ("layers, other settings", {"layers": layers[1:], "models": ()}),
    ]
    if context.rehearsal:
        plan = plan[:2]
    for name, chosen in plan:
        context.attempt(name, lambda name=name, chosen=chosen: check(context, backend, name, chosen), needs=0.5)


def check(context: Context, backend: Any, name: str, chosen: dict[str, Any]) -> None:
    """Run the check until the time is over; say the worst of what was compared."""
    start, done, failed, worst = time.monotonic(), 0, [], (0.0, "")
    ended = "all"
    for result in check_gradients(backend, **chosen):
        done += 1
        where = f"{result.layer} {result.parameter} ({result.setting})"
        worst = max(worst, (result.error / result.tolerance, f"{where}: {result.error:.1e}"))
        if not result.passed:
            failed.append(f"{where}: {result.error:.2e}")
        if context.left < 1:
            ended = "time was over"
            break
    seconds = time.monotonic() - start
    found = {"compared": done, "failed": failed, "closest to its tolerance": worst[1], "seconds": seconds, "ended": ended}
    context.put(name, found, f"{done - len(failed)} of {done} agree in {seconds:.0f} s ({ended}); {worst[1]}; failed {failed[:5]}")


def parity(context: Context) -> None:
    """Every gradient of a model with random weights, against the CPU's in float64."""
    shapes = [(4, 128, 3000), (2, 512, 50257), (3, 77, 3000)]
    for B, T, V in [(2, 8, 23), (3, 7, 23), (2, 16, 101)] if context.rehearsal else shapes:
        name = f"B {B} T {T} V {V}"
        context.attempt(name, lambda name=name, B=B, T=T, V=V: compare(context, name, B, T, V), needs=3)


def compare(context: Context, name: str, B: int, T: int, V: int) -> None:
    """By array: the largest difference over the largest gradient, and the same of the norms."""
    x, y = batch(1, B, T, V)
    with closing(context.trainer(context.config(V), "cpu", dtype=np.float64, backend=Backend("NumPy"))) as cpu:
        rng = np.random.default_rng(2)  # biases of 0 and gains of 1 would hide mistakes
        state = {n: a + 0.02 * rng.standard_normal(a.shape) for n, a in cpu.state_dict().items()}
        cpu.load_state_dict(state)
        loss, wanted = cpu.loss_and_gradients(x, y)
    found: dict[str, Any] = {"loss": loss}
    for kind, dtype in (("float32", np.float32), ("tf32", np.float32), ("bfloat16", np.float32), ("float64", np.float64)):
        precision = kind if dtype is np.float32 else None
        with closing(context.trainer(context.config(V), dtype=dtype, precision=precision)) as gpu:
            gpu.load_state_dict(state)
            got_loss, got = gpu.loss_and_gradients(x, y)
            plan = gpu.plan(B)
        errors = {n: relative(got[n], g) for n, g in wanted.items()}
        worst = max(errors, key=lambda n: errors[n][0])
        found[kind] = {
            "plan": plan,
            "loss error": abs(got_loss - loss),
            "worst by element": errors[worst][0],
            "in": worst,
            "worst by norm": max(e[1] for e in errors.values()),
            "finite": all(np.isfinite(g).all() for g in got.values()),
        }
        say = f"{kind} worst {errors[worst][0]:.1e} by element ({worst}), {found[kind]['worst by norm']:.1e} by norm"
        context.put(f"{name} {kind}", found[kind], say)


def relative(got: np.ndarray, wanted: np.ndarray) -> tuple[float, float]:
    """max |difference| / max |wanted|, and the same of Euclidean norms; infinite where anything is NaN."""
    difference = got.astype(np.float64) - wanted
    if not np.isfinite(difference).all():
        return math.inf, math.inf
    return tuple(float(of(difference) / max(of(wanted), 1e-12)) for of in (lambda a: np.abs(a).max(), np.linalg.norm))  # type: ignore[return-value]


def losses(context: Context) -> None:
    """Fifty steps from the same weights on the CPU and twice on the device, in float32; then dropout's draws."""
    B, T, V = (2, 8, 23) if context.rehearsal else (8, 128, 3000)
    runs: dict[str, Any] = {}
    for name in ("GPU", "GPU again", "CPU"):
        context.attempt(name, lambda name=name: runs.update({name: train(context, name, B, T, V)}), needs=2)
    context.attempt("difference", lambda: differences(context, runs))
    context.attempt("dropout", lambda: dropout(context))
    context.attempt("dropout again", lambda: repeated_dropout(context, B, T, V))


def train(context: Context, name: str, B: int, T: int, V: int) -> tuple[list[float], dict[str, np.ndarray]]:
    """The losses of fifty steps over the same eight batches, and the parameters that they end at."""
    found = []
    with closing(context.trainer(context.config(V), "cpu" if name == "CPU" else "cuda", precision="float32")) as trainer:
        start = time.perf_counter()
        for i in range(STEPS):
            found.append(trainer.step(*batch(i % 8, B, T, V)))
            if context.left < 1:
                break
        seconds = time.perf_counter() - start
        state = trainer.state_dict()
    context.put(name, found, f"{len(found)} steps, loss {found[0]:.4f} to {found[-1]:.4f}, {seconds:.1f} s, first step included")
    return found, state


def differences(context: Context, runs: dict[str, Any]) -> None:
    """CPU against GPU, and the GPU against itself."""
    if {"GPU", "CPU"} <= runs.keys():
        apart = [abs(a - b) for a, b in zip(runs["GPU"][0], runs["CPU"][0], strict=False)]
        found = {"first 10": max(apart[:10]), "all": max(apart), "steps": len(apart)}
        context.put("CPU against GPU", found, f"first 10 {found['first 10']:.1e}, all {len(apart)} {found['all']:.1e}")
    if {"GPU", "GPU again"} <= runs.keys():
        (a, first), (b, second) = runs["GPU"], runs["GPU again"]
        apart = {n: float(np.abs(first[n] - second[n]).max()) for n in first}
        equal = a == b and not any(apart.values())
        found = {"equal to the bit": equal, "losses equal": a == b, "largest difference": max(apart.values())}
        context.put("GPU twice", found)


def dropout(context: Context) -> None:
    """Mean 1, variance rate / keep; by sequence and by draw."""
    backend, keep = choose_backend("cuda"), 0.9
    B, size = 4, 2**14 if context.rehearsal else 2**22
    masks = []
    generators = backend.generators([(0, 1, 5, b) for b in range(B)])
    for _ in range(2):
        out = backend.xp.empty((B, size), dtype=np.float32)
        backend.dropout_mask(generators, keep, out)
        masks.append(backend.to_host(out).astype(np.float64))
    pairs = [(masks[0][0], masks[0][1]), (masks[0][0], masks[1][0]), (masks[0][0, :-1], masks[0][0, 1:])]
    found = {
        "mean": [float(m.mean()) for m in masks[0]],
        "variance": float(masks[0].var()),
        "variance wanted": (1 - keep) / keep,
        "values": np.unique(masks[0]).tolist()[:5],
        "correlations": [float(np.corrcoef(*pair)[0, 1]) for pair in pairs],
        "their standard error": 1 / math.sqrt(size),
    }
    context.put("dropout", found)


def repeated_dropout(context: Context, B: int, T: int, V: int) -> None:
    """With dropout on: the same seed, the same bits? And does the split into micro-batches matter?"""
    results = []
    for parts in (None, None, B // 2):
        with closing(context.trainer(context.config(V, 0.1), micro_batch=parts, precision="float32")) as trainer:
            results.append(trainer.loss_and_gradients(*batch(3, B, T, V)))
    apart = [max(relative(results[i][1][n], g)[0] for n, g in results[0][1].items()) for i in (1, 2)]
    found = {"losses": [r[0] for r in results], "again, largest relative": apart[0], "in two parts": apart[1]}
    context.put("dropout again", found)
