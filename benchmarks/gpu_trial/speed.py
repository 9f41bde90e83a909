"""The variants of our own step and of PyTorch's, on the same batches."""

from __future__ import annotations

from collections.abc import Callable

import cupy
import numpy as np

from minigpt import ModelConfig, TrainConfig, Trainer

from .gpu import Device, Runner
from .step import Step

# Name -> precision, algorithms by measurement, weight gradients on a stream of their own, graph.
VARIANTS: dict[str, tuple[str, bool, bool, bool]] = {
    "ours": ("tf32", True, True, True),
    "ours, not tuned": ("tf32", False, True, True),
    "ours, one stream": ("tf32", True, False, True),
    "ours, no graph": ("tf32", True, False, False),
    "ours, float32": ("float32", False, True, True),
}
COUNT = 8  # batches that are passed in turn


def devices() -> Callable[[str, bool], Device]:
    """One device for each precision, tuned or not: their algorithms are chosen once."""
    made: dict[tuple[str, bool], Device] = {}

    def device(precision: str, tune: bool = False) -> Device:
        key = (precision, tune)
        if key not in made:
            made[key] = Device(384, *key)
        return made[key]

    return device


def weights(config: ModelConfig, seed: int = 0) -> dict[str, np.ndarray]:
    return Trainer(config, TrainConfig(seed=seed), device="cpu").state_dict()


def batches(V: int, B: int, T: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random batches in which ids are as frequent as words: the i-th as 1 / i (Zipf)."""
    rng, share = np.random.default_rng(0), 1 / np.arange(1, V + 1)
    ids = rng.choice(V, (COUNT, B, T + 1), p=share / share.sum()).astype(np.int32)
    return [(b[:, :-1].copy(), b[:, 1:].copy()) for b in ids]


class Ours:
    """A variant in training."""

    def __init__(
        self,
        config: ModelConfig,
        state: dict[str, np.ndarray],
        B: int,
        T: int,
        name: str = "ours",
    ) -> None:
        precision, tune, fork, graph = VARIANTS[name]
        device = Device(384, precision, tune)
        self.step = Step(device, config, state, B, T, config.dropout, fork)
        self.run = Runner(self.step, graph)
        self.batches = batches(config.vocab_size, B, T)

    def __call__(self, i: int) -> None:
        self.run(*self.batches[i % COUNT])

    def wait(self) -> None:
        self.run.stream.synchronize()

    def loss(self) -> float:
        """The loss of the latest step."""
        return self.run.loss()

    def device_ms(self, repeat: int = 20) -> float:
        """Milliseconds of a step's graph on the device, launches back to back."""
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        begin.record(self.run.stream)
        for _ in range(repeat):
            self.run.graph.launch(self.run.stream)
        end.record(self.run.stream)
        end.synchronize()
        return cupy.cuda.get_elapsed_time(begin, end) / repeat


class Theirs:
    """A variant of PyTorch in training."""

    def __init__(
        self, config: ModelConfig, state: dict[str, np.ndarray], B: int, T: int, name: str
    ) -> None:
        from .peers import Peer, pinned

        self.peer = Peer(config, state, B, T, name)
        self.batches = [(pinned(x), pinned(y)) for x, y in batches(config.vocab_size, B, T)]

    def __call__(self, i: int) -> None:
        self.peer(*self.batches[i % COUNT])

    def wait(self) -> None:
        self.peer.wait()

    def loss(self) -> float:
        return self.peer.loss()
