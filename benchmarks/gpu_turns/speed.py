"""The variants of our own step and of PyTorch's, on the same batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigpt import ModelConfig, TrainConfig, Trainer

PRECISIONS = {"ours": "tf32", "ours, float32": "float32", "ours, bfloat16": "bfloat16"}
COUNT = 8  # batches that are passed in turn


def weights(config: ModelConfig, seed: int = 0) -> dict[str, np.ndarray]:
    return Trainer(config, TrainConfig(seed=seed), device="cpu").state_dict()


def batches(V: int, B: int, T: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random batches in which ids are as frequent as words: the i-th as 1 / i (Zipf)."""
    rng, share = np.random.default_rng(0), 1 / np.arange(1, V + 1)
    ids = rng.choice(V, (COUNT, B, T + 1), p=share / share.sum()).astype(np.int32)
    return [(b[:, :-1].copy(), b[:, 1:].copy()) for b in ids]


class Ours:
    """minigpt's Trainer, at a precision. Each step waits for its loss."""

    def __init__(self, config: ModelConfig, state: dict[str, np.ndarray], B: int, T: int, name: str = "ours") -> None:
        self.trainer: Any = Trainer(config, TrainConfig(seed=0), device="cuda", precision=PRECISIONS[name])
        self.trainer.load_state_dict(state)
        self.key = (B, T, True, False)  # of its program
        self.batches = batches(config.vocab_size, B, T)

    def __call__(self, i: int) -> None:
        self.trainer.step(*self.batches[i % COUNT])

    def wait(self) -> None:
        """Nothing is under way between two steps."""

    def loss(self) -> float:
        """The loss of the latest step."""
        return self.trainer.loss_value


class Theirs:
    """A variant of PyTorch in training. The host may hand over several steps before the first has ended."""

    def __init__(self, config: ModelConfig, state: dict[str, np.ndarray], B: int, T: int, name: str) -> None:
        from .peers import Peer, pinned

        self.peer = Peer(config, state, B, T, name)
        self.batches = [(pinned(x), pinned(y)) for x, y in batches(config.vocab_size, B, T)]

    def __call__(self, i: int) -> None:
        self.peer(*self.batches[i % COUNT])

    def wait(self) -> None:
        self.peer.wait()

    def loss(self) -> float:
        return self.peer.loss()
