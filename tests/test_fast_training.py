"""Training over the compiled layers: NumPy's model up to rounding, and the same to the bit wherever the lecture promises it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from fast_pairs import COMPILED, NUMPY, TYPES, same
from few import few

from minigpt.attention import Attention, Cache
from minigpt.backend import Array, Backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.fast.probe import choose
from minigpt.gradcheck import LAYERS, MODELS, Setting, check_gradients
from minigpt.trainer import Trainer

CONFIG = ModelConfig(n_layer=2, n_head=2, n_embd=24, n_positions=70, vocab_size=97, dropout=0.0)
TRAINING = TrainConfig(learning_rate=3e-3, warmup_steps=5, clip_norm=0.5, weight_decay=0.1, seed=3)
STEPS = 30


def batches(steps: int = STEPS) -> list[tuple[np.ndarray, np.ndarray]]:
    """Windows over a stream that repeats itself, of one to five sequences."""
    rng = np.random.default_rng(0)
    stream = np.tile(rng.integers(0, CONFIG.vocab_size, 90), 4)
    found = []
    for step in range(steps):
        window = stream[rng.integers(0, 200, (1 + step % 5, 1)) + np.arange(1 + (66, 9, 64)[step % 3])]
        found.append((window[:, :-1], window[:, 1:]))
    return found


def exercises() -> ModuleType:
    """docs/exercises/check.py, which belongs to no package."""
    spec = spec_from_file_location("exercises", Path(__file__).parent.parent / "docs" / "exercises" / "check.py")
    assert spec and spec.loader
    found = module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


EXERCISES = exercises()


@contextmanager
def new(backend: Backend, dropout: float, threads: int, dtype: type, micro_batch: int | None = None) -> Iterator[Trainer]:
    made = Trainer(replace(CONFIG, dropout=dropout), TRAINING, None, threads, micro_batch, backend=backend, dtype=dtype)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("dropout", "threads", "micro_batch"), few([(0.0, 1, None), (0.2, 1, 2), (0.2, 2, None), (0.0, 2, 3)], 0, 2))
def test_training_gives_numpys_model(dropout: float, threads: int, micro_batch: int | None, dtype: type) -> None:
    """Every gradient, the loss of every step, and the parameters at the end."""
    gradients, losses, states = [], [], []
    for backend in (NUMPY, COMPILED):
        with new(backend, dropout, threads, dtype, micro_batch) as training:
            gradients.append(training.loss_and_gradients(*batches(5)[-1])[1])
            losses.append([(training.step(x, y), training.gradient_norm, training.evaluate(x, y)) for x, y in batches()])
            states.append(training.state_dict())
    assert losses[0][-1][0] < losses[0][0][0] - 0.5  # it has learned
    for name, wanted in gradients[0].items():
        same(gradients[1][name], wanted, name, 1e-3)
    single = dtype == np.float32  # each step amplifies the rounding of those before
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5 if single else 1e-13)
    for name, wanted in states[0].items():
        np.testing.assert_allclose(states[1][name], wanted, rtol=0, atol=3e-5 if single else 1e-13, err_msg=name)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_training_repeats_and_resumes_to_the_bit(threads: int) -> None:
    """Twice from the beginning, and once from the state after a third of the steps, in a trainer that has computed something else."""
    runs = []
    for _ in range(2):
        with new(COMPILED, 0.2, threads, np.float32) as training:
            losses, middle = [], {}
            for step, (x, y) in enumerate(batches()):
                if step == STEPS // 3:
                    middle = {name: block.copy() for name, block in training.flat_state().items()}
                losses.append((training.step(x, y), training.gradient_norm))
            runs.append((losses, {name: block.copy() for name, block in training.flat_state().items()}))
    with new(COMPILED, 0.2, threads, np.float32) as training:
        for x, y in batches(3):
            training.step(y, x)
        training.load_flat_state(middle, STEPS // 3)
        losses = [(training.step(x, y), training.gradient_norm) for x, y in batches()[STEPS // 3 :]]
        runs.append((runs[0][0][: STEPS // 3] + losses, training.flat_state()))
        for losses, state in runs[1:]:
            assert losses == runs[0][0]
            for name, block in runs[0][1].items():
                np.testing.assert_array_equal(state[name], block, err_msg=name)


def test_a_sequence_is_computed_the_same_by_any_worker() -> None:
    """Its dropout too: the loss and the gradients of one worker are those of three, up to rounding."""
    found = []
    for threads in (1, 3):
        with new(COMPILED, 0.5, threads, np.float64) as training:
            found.append(training.loss_and_gradients(*batches(5)[-1]))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-13)
    for name, wanted in found[0][1].items():
        same(found[1][1][name], wanted, name, 1e-3)


@pytest.mark.parametrize("power", [3, 25])
def test_a_loss_or_a_norm_that_is_not_finite_updates_nothing(power: int) -> None:
    with new(COMPILED, 0.0, 2, np.float32) as training:
        training.parameters.values[:] *= 10.0**power
        before = training.parameters.values.copy()
        loss = training.step(*batches(5)[-1])
        if power == 3:
            assert np.isfinite(loss) and training.optimizer.step == 1
        else:
            assert not (np.isfinite(loss) and np.isfinite(training.gradient_norm)) and training.optimizer.step == 0
            np.testing.assert_array_equal(training.parameters.values, before)


@pytest.mark.parametrize("setting", few([*LAYERS, *MODELS], 0, 2, len(LAYERS), -1 + len(LAYERS + MODELS)), ids=lambda setting: setting.name)
def test_every_backward_is_the_derivative_of_its_forward(setting: Setting) -> None:
    layers, models = ((setting,), ()) if setting in LAYERS else ((), (setting,))
    results = list(check_gradients(choose(), layers=layers, models=models))
    assert len(results) >= 14
    assert [(r.layer, r.parameter, r.error) for r in results if not r.passed] == []


@pytest.mark.parametrize("exercise", EXERCISES.PARTS)
def test_a_part_that_is_swapped_is_not_compiled(exercise: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The solutions of the exercises: the new part itself computes, between others that are compiled."""
    for user, part, replacement in list(EXERCISES.changes(exercise, EXERCISES.load(exercise, solution=True))):
        monkeypatch.setattr(user, part, replacement)
    found = []
    for backend in (NUMPY, COMPILED):
        with new(backend, 0.2, 2, np.float64) as training:
            block = training.models[0].blocks[0]
            parts = [training.optimizer, training.loss, block.attn, block.mlp, block.ln_1, block.ln_2, block.attn_dropout]
            rooms = [type(part).__module__ for part in parts]
            assert exercise in rooms
            assert ("minigpt.fast.layers" in rooms) == (backend is COMPILED)
            found.append([training.step(x, y) for x, y in batches(6)])
    assert found[1] == pytest.approx(found[0], rel=1e-12)


class Sharp(Attention):
    """Scores that count twice: `forward` and `backward` are the lecture's, and serve it as they are."""

    def forward(self, x: Array, B: int, cache: Cache | None = None) -> Array:
        self.scale = 2 / math.sqrt(self.D)
        return super().forward(x, B, cache)


def test_a_subclass_of_a_layer_is_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for kind, backend in ((Attention, NUMPY), (Sharp, NUMPY), (Sharp, COMPILED)):
        monkeypatch.setattr("minigpt.model.Attention", kind)
        with new(backend, 0.2, 1, np.float64) as training:
            training.parameters.values[...] *= 5
            found.append([training.step(x, y) for x, y in batches(6)])
            assert {type(block.attn) for block in training.models[0].blocks} == {kind}
    assert found[2] == pytest.approx(found[1], rel=1e-12)
    assert found[1] != pytest.approx(found[0], rel=1e-6)
