"""The Trainer of rank 0: each of its calls is made by every rank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import count
from typing import Any

import numpy as np

from minigpt.backend import Backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.embedding import check_batch
from minigpt.run.ranks.cuda import CudaMember, member_of
from minigpt.run.ranks.member import Member
from minigpt.run.ranks.sharded import Sharded
from minigpt.run.ranks.world import World
from minigpt.trainer import Trainer

numbers = count()


class Announcing(Sharded):
    """Announces a call, and makes it with the others."""

    def __init__(self, world: World, config: ModelConfig, train_config: TrainConfig | None = None, *, backend: Backend, **how: Any) -> None:
        self.number = next(numbers)
        t, device = train_config or TrainConfig(), backend.name
        given = {name: how.get(name) for name in ("threads", "micro_batch", "precision")}
        dtype = np.dtype(how.get("dtype", np.float32)).name
        with world.call("begin", trainer=self.number, config=asdict(config), train_config=asdict(t), device=device, dtype=dtype, **given):
            super().__init__(world, config, t, backend=backend, **how)

    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        check_batch(self.parameters, x, y)
        with self.world.call("step", x, y, trainer=self.number):
            return super().step(x, y)

    def forward_backward(self, x: np.ndarray, y: np.ndarray) -> float:
        check_batch(self.parameters, x, y)
        with self.world.call("forward_backward", x, y, trainer=self.number):
            return super().forward_backward(x, y)

    def update(self) -> float:
        with self.world.call("update", trainer=self.number):
            return super().update()

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        check_batch(self.parameters, x, y)
        with self.world.call("evaluate", x, y, trainer=self.number):
            return super().evaluate(x, y)

    def loss_and_gradients(self, x: np.ndarray, y: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        check_batch(self.parameters, x, y)
        with self.world.call("loss_and_gradients", x, y, trainer=self.number):
            return super().loss_and_gradients(x, y)

    def configure(self, /, **changes: Any) -> None:
        with self.world.call("configure", trainer=self.number, **changes):
            super().configure(**changes)

    def restart(self) -> None:
        with self.world.call("restart", trainer=self.number):
            super().restart()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        with self.world.call("share", trainer=self.number):
            super().share()

    def flat_state(self) -> dict[str, np.ndarray]:
        with self.world.call("flat_state", trainer=self.number):
            return super().flat_state()

    def load_flat_state(self, arrays: Mapping[str, np.ndarray], step: int) -> None:
        with self.world.call("load_flat_state", trainer=self.number, arrays={}, step=step):
            super().load_flat_state(arrays, step)

    def close(self) -> None:
        with self.world.call("close", trainer=self.number):
            super().close()


class Leader(Announcing, Member):
    """On the CPU, and with plain CuPy."""


class CudaLeader(Announcing, CudaMember):
    """With minigpt's own kernels."""

    plain: type[Trainer] = Leader


def leader_of(backend: Backend) -> type[Announcing]:
    """The class for a backend."""
    return CudaLeader if member_of(backend) is CudaMember else Leader
