"""The Trainer of all ranks, or of this process if it is the only one."""

from __future__ import annotations

from typing import Any

from minigpt.config import ModelConfig, TrainConfig
from minigpt.run.ranks.join import world
from minigpt.trainer import Trainer


def new_trainer(config: ModelConfig, train_config: TrainConfig | None = None, **how: Any) -> Trainer:
    """A Trainer with these arguments."""
    if (ranks := world()) is None:
        return Trainer(config, train_config, **how)
    from minigpt.run.ranks.leader import Leader  # needs mpi4py

    return Leader(ranks, config, train_config, **how)
