"""Calibration multiplies all logits by the one factor that the held-out text likes best, and changes nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from minigpt.backend import Backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.run.calibrate import HIGHEST, LOWEST, best_scale, scaled
from minigpt.trainer import Trainer
from minigpt.training import HeldOut, held_out_loss

CONFIG = ModelConfig(n_layer=2, n_head=2, n_embd=16, n_positions=16, vocab_size=30, dropout=0.0)
END = 29


@pytest.fixture
def trainer(cpu: Backend) -> Iterator[Trainer]:
    """One that knows a short text by heart."""
    trainer = Trainer(CONFIG, TrainConfig(learning_rate=0.01, batch_size=4), threads=2, backend=cpu, dtype=np.float64)
    rng = np.random.default_rng(4)
    text = rng.integers(0, 30, 65)
    for _ in range(50):
        trainer.step(text[:-1].reshape(4, 16), text[1:].reshape(4, 16))
    yield trainer
    trainer.close()


def logits(trainer: Trainer, x: np.ndarray) -> np.ndarray:
    return trainer.hidden(x) @ trainer.parameters["transformer.tokens_embed.weight"].value.T


def rescaled(trainer: Trainer, scale: float) -> None:
    trainer.load_state_dict(scaled(trainer.state_dict(), CONFIG, scale))


@pytest.mark.parametrize("scale", [0.5, 0.83, 1.2])
def test_all_logits_are_multiplied(trainer: Trainer, rng: np.random.Generator, scale: float) -> None:
    x = rng.integers(0, 30, (3, 16))
    before, state = logits(trainer, x), trainer.state_dict()
    rescaled(trainer, scale)
    np.testing.assert_allclose(logits(trainer, x), np.float32(scale) * before, rtol=1e-12)
    changed = {name for name, value in trainer.state_dict().items() if not np.array_equal(value, state[name])}
    assert changed == {"transformer.h.1.ln_2.weight", "transformer.h.1.ln_2.bias"}


def test_the_factor_is_the_one_of_the_lowest_loss(trainer: Trainer, rng: np.random.Generator) -> None:
    text = np.random.default_rng(4).integers(0, 30, 65)
    held_out, state = np.where(rng.random(64) < 0.1, rng.integers(0, 30, 64), text[1:]), trainer.state_dict()
    for sharpness in (1.0, 0.7):
        trainer.load_state_dict(scaled(state, CONFIG, sharpness))
        start, found = trainer.state_dict(), best_scale(trainer, HeldOut(held_out, 16, 4, END))
        losses = {}
        for scale in np.linspace(LOWEST, HIGHEST, 76):
            trainer.load_state_dict(scaled(start, CONFIG, scale))
            losses[scale] = held_out_loss(trainer, HeldOut(held_out, 16, 4, END))
        assert found == pytest.approx(min(losses, key=losses.get), abs=0.015)
    assert 0.6 < found < 1.2, "a case with a minimum inside of the interval"


def test_a_model_that_is_too_sure_of_itself_gains(trainer: Trainer, rng: np.random.Generator) -> None:
    held_out = rng.integers(0, 30, 200)
    before = held_out_loss(trainer, HeldOut(held_out, 16, 4, END))
    rescaled(trainer, best_scale(trainer, HeldOut(held_out, 16, 4, END)))
    assert held_out_loss(trainer, HeldOut(held_out, 16, 4, END)) < before - 0.3


def test_where_no_factor_gains_it_is_one(cpu: Backend) -> None:
    trainer = Trainer(CONFIG, TrainConfig(batch_size=4), threads=1, backend=cpu, dtype=np.float64)
    rescaled(trainer, 0.0)  # all tokens are equally likely, whatever the factor
    assert best_scale(trainer, HeldOut(np.arange(29), 16, 4, END)) == 1.0
    trainer.close()
