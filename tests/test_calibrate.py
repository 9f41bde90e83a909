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
    text = rng.integers(0, END, 65)
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
    text = np.random.default_rng(4).integers(0, END, 65)
    held_out, state = np.where(rng.random(64) < 0.1, rng.integers(0, END, 64), text[1:]), trainer.state_dict()
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
    held_out = rng.integers(0, END, 200)
    before = held_out_loss(trainer, HeldOut(held_out, 16, 4, END))
    rescaled(trainer, best_scale(trainer, HeldOut(held_out, 16, 4, END)))
    assert held_out_loss(trainer, HeldOut(held_out, 16, 4, END)) < before - 0.3


def test_where_no_factor_gains_it_is_one(cpu: Backend) -> None:
    trainer = Trainer(CONFIG, TrainConfig(batch_size=4), threads=1, backend=cpu, dtype=np.float64)
    rescaled(trainer, 0.0)  # all tokens are equally likely, whatever the factor
    assert best_scale(trainer, HeldOut(np.arange(29), 16, 4, END)) == 1.0
    trainer.close()


@pytest.mark.parametrize(("sharpness", "found"), [(6.0, 0.5), (0.05, 1.25)])
def test_logits_are_at_most_halved_and_at_most_made_a_quarter_larger(trainer: Trainer, sharpness: float, found: float) -> None:
    """Of a text that a model knows by heart but for every third token."""
    text = np.random.default_rng(4).integers(0, END, 65)
    held_out = HeldOut(np.where(np.arange(64) % 3, text[1:], 7), 16, 4, END)
    rescaled(trainer, sharpness)
    assert best_scale(trainer, held_out) == pytest.approx(found, abs=0.01)


def test_the_factor_is_exact_to_the_hundredth(trainer: Trainer, rng: np.random.Generator) -> None:
    """The loss is convex: where it is higher on both sides, the lowest point is in between."""
    text = np.random.default_rng(4).integers(0, END, 65)
    for sharpness in (0.6, 0.7, 0.8):
        held_out, state = HeldOut(np.where(rng.random(64) < 0.1, 7, text[1:]), 16, 4, END), trainer.state_dict()
        rescaled(trainer, sharpness)
        start, losses = trainer.state_dict(), []
        found = best_scale(trainer, held_out)
        assert 0.52 < found < 1.23
        for factor in (found - 0.012, found, found + 0.012):
            trainer.load_state_dict(scaled(start, CONFIG, factor))
            losses.append(held_out_loss(trainer, held_out))
        assert losses[1] < min(losses[0], losses[2])
        trainer.load_state_dict(state)


def test_twenty_thousand_tokens_decide(trainer: Trainer) -> None:
    """What comes later is not looked at, and takes no time."""
    text = np.tile(np.random.default_rng(4).integers(0, END, 65)[1:], 700)
    place, rng = np.arange(len(text)), np.random.default_rng(5)
    garbled = np.where(rng.random(len(text)) < 0.3, rng.integers(0, END, len(text)), text)

    def best(end: int) -> float:
        """The factor where the text is garbled up to there."""
        return best_scale(trainer, HeldOut(np.where(place < end, garbled, text), 16, 64, END))

    assert best(7_000) > best(25_000) + 0.01
    assert best(25_000) == best(len(text))
