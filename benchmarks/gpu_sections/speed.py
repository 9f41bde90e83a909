"""Tokens a second: training steps beside PyTorch's, in turn in one process; decoding beside the CPU's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

import numpy as np

from minigpt import ModelConfig

from .ceilings import torch_synchronize
from .context import Context, batch, spread, timed

Step = Callable[[np.ndarray, np.ndarray], Any]
SHAPES = [(8, 128, 0.0), (8, 256, 0.0), (32, 256, 0.0), (64, 512, 0.0), (8, 128, 0.1)]
WARM, COUNT = 3, 6  # steps of a turn: not timed, timed
VOCAB = 3000


def training(context: Context) -> None:
    """First minigpt and PyTorch eager in every shape, then the compiled ones, each beside the others again."""
    shapes = [(2, 8, 0.0), (2, 16, 0.1)] if context.rehearsal else SHAPES
    rates: dict[str, dict[str, Any]] = {}
    took = {"eager": 4.0, "compile": 30.0, "reduce-overhead": 30.0}
    passes = [
        ("eager", shapes, ["minigpt", "minigpt TF32", "minigpt bfloat16", "torch eager float32", "torch eager TF32"]),
        ("compile", shapes, ["minigpt TF32", "torch compile", "torch eager TF32"]),
        ("reduce-overhead", shapes, ["minigpt TF32", "torch reduce-overhead", "torch eager TF32"]),
    ]
    for kind, chosen, names in passes:
        for shape in chosen:
            key = "B {} T {} dropout {}".format(*shape)
            start = time.monotonic()
            context.attempt(f"{key}, {kind}", lambda *a, s=shape, n=names, k=key: beside(context, s, n, k, rates), needs=took[kind])
            took[kind] = max(time.monotonic() - start, 1.0)  # the next shape takes about as long


def summary(found: dict[str, Any]) -> str:
    """Adds to each peer's results how many times as fast minigpt is at the same precision; in words."""
    plain = [found.get(n, {}).get("losses", []) for n in ("minigpt", "torch eager float32")]
    apart = max((abs(a - b) for a, b in zip(*plain, strict=False)), default=None)
    parts = []
    for name, one in found.items():
        if "rate" not in one:
            continue
        mine = best(found.get("minigpt" if name.endswith("float32") else "minigpt TF32", {}))
        if mine and name.startswith("torch"):
            one["minigpt is"] = mine / best(one)
        bound = f", host {one['host share']:.0%}" if "host share" in one else ""
        times = f" ({one['minigpt is']:.2f}x{bound})" if "minigpt is" in one else ""
        parts.append(f"{name} {best(one):,.0f}{times}")
    return f"{', '.join(parts)}; first losses differ by {apart}"


def best(one: dict[str, Any]) -> float:
    """Tokens a second: the median of single steps, or those of the best block where the host runs ahead of the device."""
    return max(one["rate"]["median"], one["block rate"]) if "rate" in one else 0.0


def beside(context: Context, shape: tuple[int, int, float], names: list[str], key: str, rates: dict[str, Any]) -> None:
    """Two rounds of each implementation in turn; adds its seconds to those of earlier passes."""
    B, T, dropout = shape
    V = 31 if context.rehearsal else VOCAB
    config = context.config(V, dropout)
    batches = [batch(i, B, T, V) for i in range(4)]
    with ExitStack() as stack:
        with closing(context.trainer(config, "cpu")) as cpu:
            state = cpu.state_dict()
        steps: dict[str, Step] = {}
        for name in names:
            context.attempt(f"{key}, {name}", lambda name=name: steps.update({name: step_of(context, name, stack, config, state)}))
        for _ in range(2):
            for name, step in list(steps.items()):
                one = rates.setdefault(key, {}).setdefault(name, {"seconds": [], "losses": [], "block rate": 0.0})
                try:
                    turn(context, name, step, batches, one, B * T)
                except Exception as error:
                    one["failed"] = f"{type(error).__name__}: {str(error)[:200]}"
                    del steps[name]
        said = summary(rates[key])
        context.put(f"tokens/s {key}", rates[key], said)
    release(context)


def turn(context: Context, name: str, step: Step, batches: list[Any], one: dict[str, Any], tokens: int) -> None:
    """A turn: warm-up, single steps with a wait after each, and as many without a wait between them.

    "host share": of a single step, until the host has handed it over. Near 1, the host is what the rate is bound by
    (minigpt's step returns its loss, so that it waits itself: see the section launches).
    """
    wait = context.synchronize if name.startswith("minigpt") else lambda: torch_synchronize(context)
    for i in range(WARM):
        loss = float(step(*batches[i % 4]))
        if len(one["losses"]) < WARM:
            one["losses"].append(loss)
    numbers = iter(range(COUNT))
    handed: list[float] = []

    def single() -> None:
        start = time.perf_counter()
        step(*batches[next(numbers) % 4])
        handed.append(time.perf_counter() - start)

    seconds = timed(single, wait, COUNT)
    one["seconds"] += seconds
    if name.startswith("torch"):
        one["host share"] = statistics.median(handed) / statistics.median(seconds)

    def block() -> None:
        for i in range(COUNT):
            step(*batches[i % 4])

    one["block rate"] = max(one["block rate"], COUNT * tokens / timed(block, wait, 1)[0])
    one["rate"] = spread([tokens / s for s in one["seconds"]])
    one["memory"] = memory(context, name)


def step_of(context: Context, name: str, stack: ExitStack, config: ModelConfig, state: dict[str, np.ndarray]) -> Step:
    """A training step of one implementation; the stack closes it. PyTorch's returns its loss on the device: reading it is no part of the
    step."""
    if name.startswith("minigpt"):
        trainer = context.trainer(config, precision={"TF32": "tf32", "bfloat16": "bfloat16"}.get(name[8:], "float32"))
        stack.callback(trainer.close)
        trainer.load_state_dict(state)
        return trainer.step
    import torch
    from peers import torch_gpt

    variant = {"torch compile": "compile", "torch reduce-overhead": "reduce-overhead"}.get(name, "eager")
    if variant != "eager":
        torch._dynamo.reset()  # no dynamic shapes: each shape is compiled for itself
    step = torch_gpt.make(config, state, variant, context.torch_device, read=False)
    precision = "highest" if name.endswith("float32") else "high"

    def theirs(x: np.ndarray, y: np.ndarray) -> Any:
        torch.set_float32_matmul_precision(precision)
        return step(x, y)

    return theirs


def memory(context: Context, name: str) -> int:
    """Bytes that the library has taken from the device, for all that it has run so far in this shape."""
    if name.startswith("minigpt"):
        return int(context.cupy().get_default_memory_pool().total_bytes())
    import torch

    return int(torch.cuda.max_memory_reserved()) if context.torch_device == "cuda" else 0


def release(context: Context) -> None:
    """Give both libraries' free memory back before the next shape."""
    import gc

    gc.collect()
    context.cupy().get_default_memory_pool().free_all_blocks()
    context.attempt("release", lambda: torch_release(context))


def torch_release(context: Context) -> None:
    """PyTorch's part of it."""
    import torch

    if context.torch_device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def decoding(context: Context) -> None:
    """Greedy tokens a second behind a prompt of four, on the device and on the CPU, in turn; are they the same tokens?"""
    from minigpt.generate import Predictor

    count = 20 if context.rehearsal else 100
    config = context.config(31 if context.rehearsal else VOCAB)
    decoders, texts, seconds = {}, {}, {"GPU": [], "CPU": []}  # type: ignore[var-annotated]
    trainers = {"GPU": context.trainer(config), "CPU": context.trainer(config, "cpu")}
    rng = np.random.default_rng(0)
    state = {n: a + 0.1 * rng.standard_normal(a.shape).astype(a.dtype) for n, a in trainers["CPU"].state_dict().items()}
    for trainer in trainers.values():
        trainer.load_state_dict(state)
    for _ in range(3):
        for name, trainer in trainers.items():
            if context.left < 1 and name in texts:
                break
            decoders[name] = Predictor(trainer.models[0], config.n_positions)
            ids = [1, 2, 3, 4]
            for _ in range(count):
                start = time.perf_counter()
                ids.append(int(decoders[name].logits(ids).argmax()))
                seconds[name].append(time.perf_counter() - start)
                if context.left < 0.5 and len(seconds[name]) >= 20:
                    break
            texts[name] = ids
    for trainer in trainers.values():
        trainer.close()
    found: dict[str, Any] = {n: spread([1 / x for x in s[10:]]) for n, s in seconds.items()}  # the first ones compile
    found["GPU is"] = found["GPU"]["median"] / found["CPU"]["median"]
    compared = list(zip(texts["GPU"], texts["CPU"], strict=False))[4:]
    found["same tokens"], found["compared"] = sum(a == b for a, b in compared), len(compared)
    found["milliseconds a token, GPU"] = 1000 * statistics.median(seconds["GPU"])
    say = ", ".join(f"{n} {found[n]['median']:,.0f} tokens/s" for n in ("GPU", "CPU"))
    context.put("decoding", found, f"{say}; {found['same tokens']} of {len(compared)} tokens the same")
