"""A program for tests/test_ranks.py: several small trainings, by however many ranks start it -> their numbers, in a file.

mpirun -n 3 python tests/ranked.py OUT.npz float64 THREADS cpu
mpirun -n 2 python tests/ranked.py OUT.npz float32 1 "nccl right"   # the CUDA kernels, emulated; none, wrong, shared, mixed
"""

from __future__ import annotations

import sys
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
from strict_cupy import strict_cupy

from minigpt import ModelConfig, TrainConfig
from minigpt.backend import CupyBackend
from minigpt.run.ranks.cuda import member_of
from minigpt.run.ranks.join import join, world
from minigpt.run.ranks.shared import new_trainer
from minigpt.trainer import Trainer

SHAPE = {"vocab_size": 90, "n_positions": 16, "n_embd": 32, "n_head": 2, "n_layer": 3}
TRAIN = {"learning_rate": 1e-2, "weight_decay": 0.1, "clip_norm": 1.0, "total_steps": 30, "warmup_steps": 3, "seed": 5}
# Name -> the model, its training, the micro-batch. Batches of 1 to 7 windows: fewer than ranks, too, and not a multiple of them.
CPU = {
    "gpt1": ({"dropout": 0.1}, {}, None),
    "gpt2": ({"architecture": "gpt2"}, {}, None),
    "in parts": ({"dropout": 0.2}, {}, 1),
    "lora": ({"architecture": "gpt2"}, {"lora": 3}, None),
    "frozen": ({}, {"freeze": 1}, None),
}
WIDE = {"n_embd": 128, "n_layer": 1}  # as the CUDA kernels want it; the others compute with plain CuPy, to which dropout is a matter of n
CUDA = {
    "kernels": ({"dropout": 0.1, **WIDE}, {}, 1),
    "gpt2": ({"architecture": "gpt2", "dropout": 0.0, **WIDE}, {}, None),
}
STEPS = 12


def batch(rng: np.random.Generator, B: int) -> tuple[np.ndarray, np.ndarray]:
    ids = rng.integers(0, SHAPE["vocab_size"], (B, 13))
    return ids[:, :-1], ids[:, 1:]


def numbers(trainer: Trainer, steps: int) -> dict[str, np.ndarray]:
    """All that a training shows: losses and norms, before and after its state is taken back; an evaluation, gradients, the last state."""
    rng, seen = np.random.default_rng(1), []
    for number in range(steps):
        seen.append((trainer.step(*batch(rng, 1 + 3 * number % 7)), trainer.gradient_norm))
        if number == steps // 2:
            state, step = {name: block.copy() for name, block in trainer.flat_state().items()}, trainer.optimizer.step
            trainer.step(*batch(np.random.default_rng(2), 4))
            trainer.load_flat_state(state, step)
        if number == steps - 3:
            trainer.configure(learning_rate=2e-3)
    evaluated = trainer.evaluate(*batch(rng, 5))
    loss, gradients = trainer.loss_and_gradients(*batch(rng, 2))
    trainer.forward_backward(*batch(rng, 3))
    trainer.update()
    found = {"losses": np.array(seen), "evaluated": np.array([evaluated, loss])}
    return found | {f"gradient of {name}": g for name, g in gradients.items()} | trainer.flat_state() | trainer.state_dict()


def on_gpu(where: str, config: ModelConfig, training: TrainConfig, **how: Any) -> Trainer:
    """A trainer on a stand-in for a GPU, each rank calling its own."""
    ranks, backend = world(), CupyBackend(strict_cupy, "the strict stand-in")
    if where.startswith("nccl"):
        from nccl_stand_in import Cluster

        backend = Cluster(where.split()[1])
    return (
        member_of(backend)(ranks, config, training, backend=backend, **how) if ranks else Trainer(config, training, backend=backend, **how)
    )


def main(out: str, dtype: str, threads: int, where: str) -> None:
    if where == "cpu":
        join()
    plans = list[str]()
    found, make = dict[str, Any](), partial(new_trainer, device="cpu") if where == "cpu" else partial(on_gpu, where)
    for kind, (model, training, parts) in (CUDA if where.startswith("nccl") else CPU).items():
        if where == "stand-in":  # its draws depend on the share of the batch
            model = {**model, "dropout": 0.0}
        how = {"threads": threads, "micro_batch": parts, "dtype": np.dtype(dtype).type, "precision": "float32"}
        with closing(make(ModelConfig(**{**SHAPE, **model}), TrainConfig(**TRAIN, **training), **how)) as trainer:
            moments = sum(block.nbytes for block in trainer.optimizer.arrays.values())
            found |= {f"{kind}: {name}": array for name, array in numbers(trainer, 5 if where.startswith("nccl") else STEPS).items()}
            found[f"{kind}: share"] = np.array(moments / (2 * trainer.parameters.values.nbytes))
            plans.append(trainer.plan(4))
    if (ranks := world()) and ranks.rank:
        assert ranks.awaited().name == "leave"
        ranks.calling = False
    else:
        np.savez(out, ranks=ranks.size if ranks else 1, **found)
        print("\n".join(plans))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
