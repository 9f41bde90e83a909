"""What a step is said to take is what it takes; a batch that does not fit is split; what cannot fit is refused."""

from __future__ import annotations

import math
from contextlib import closing

import numpy as np
import pytest

from minigpt.backend import Backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.errors import MinigptError
from minigpt.memory import RESERVE, free_memory, micro_batch, step_memory
from minigpt.parallel import Trainer


@pytest.mark.parametrize(
    ("config", "batch", "context", "workers"),
    [
        (ModelConfig(3, 4, 128, 512, 1000, 0.0), 8, 256, 2),
        (ModelConfig(3, 4, 128, 512, 1000, 0.1), 6, 384, 3),
        (ModelConfig(2, 2, 192, 256, 20000, 0.0), 5, 128, 1),
        (ModelConfig(4, 8, 256, 512, 300, 0.2), 4, 512, 2),
    ],
)
def test_the_estimate_is_what_a_step_allocates(config: ModelConfig, batch: int, context: int, workers: int, cpu: Backend) -> None:
    with closing(Trainer(config, TrainConfig(), threads=workers, backend=cpu)) as trainer:
        x = np.random.default_rng(0).integers(0, config.vocab_size, (batch, context))
        trainer.step(x, x)
        activations = sum(model.workspace.size for model in trainer.models)
        state = (
            trainer.parameters.values.nbytes + trainer.parameters.gradients.nbytes + trainer.optimizer.m.nbytes + trainer.optimizer.v.nbytes
        )
        twins = sum(model.parameters.gradients.nbytes for model in trainer.models[1:])
        found = step_memory(config, batch, context, workers)
        assert (found.state, found.twins) == (state, twins)
        assert 0.95 * activations <= found.activations <= 1.15 * activations + 2**23
        assert found.logits == pytest.approx(trainer.loss.workspace.size, rel=0.02)


@pytest.mark.parametrize("free", [10**12, 10**9, 4 * 10**8])
def test_the_largest_equal_parts_that_fit(free: int) -> None:
    config = ModelConfig(6, 6, 384, 512, 3000)
    size = micro_batch(config, 30, 256, 2, free)
    assert 1 <= size <= 30 and step_memory(config, size, 256, 2).total <= RESERVE * free
    parts = math.ceil(30 / size)
    assert parts == 1 or step_memory(config, math.ceil(30 / (parts - 1)), 256, 2).total > RESERVE * free


def test_what_cannot_fit_is_refused_in_one_line() -> None:
    with pytest.raises(MinigptError, match=r"one window of 512 tokens needs 2\.\d\d GB.*1\.00 GB are free; close other programs") as error:
        micro_batch(ModelConfig(12, 12, 768, 512, 50257), 8, 512, 1, 10**9)
    assert "\n" not in str(error.value)


def test_free_memory_is_a_size_of_this_machine() -> None:
    assert 10**7 < free_memory() < 10**15
