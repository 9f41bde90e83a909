"""AdamW against its definition for one number; the schedule; clipping; which training configurations are refused."""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.backend import Backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.errors import MinigptError
from minigpt.model import new_parameters
from minigpt.optim import AdamW, learning_rate

STEPS = 6
CONFIG = TrainConfig(
    learning_rate=0.02, warmup_steps=2, schedule="cosine", total_steps=5, beta1=0.8, beta2=0.95, epsilon=1e-3, weight_decay=0.3
)  # fmt: skip


def reference(p: float, gradients: list[float], decays: bool, config: TrainConfig) -> float:
    """Loshchilov & Hutter 2019, algorithm 2, for one number."""
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        rate = learning_rate(config, t - 1)
        m = config.beta1 * m + (1 - config.beta1) * g
        v = config.beta2 * v + (1 - config.beta2) * g**2
        m_hat, v_hat = m / (1 - config.beta1**t), v / (1 - config.beta2**t)
        p -= rate * (m_hat / (math.sqrt(v_hat) + config.epsilon) + (config.weight_decay * p if decays else 0))
    return p


def run(optimizer: AdamW, gradients: np.ndarray, scale: float, pieces: list[slice]) -> np.ndarray:
    """STEPS updates in these pieces, with gradients that clipping scales; the parameters afterwards."""
    norm = optimizer.config.clip_norm / scale
    for gradient in gradients:
        optimizer.step += 1
        block = gradient.copy()
        for at in pieces:
            optimizer.update([at], block, norm)
    return optimizer.parameters.values.copy()


def start(config: ModelConfig, backend: Backend, train: TrainConfig = CONFIG) -> tuple[AdamW, np.ndarray]:
    """A new optimizer over random values, and gradients for STEPS steps."""
    rng = np.random.default_rng(8)
    parameters = new_parameters(config, backend, np.float64)
    parameters.values[...] = rng.standard_normal(parameters.n)
    return AdamW(parameters, train), rng.standard_normal((STEPS, parameters.n)) * 10.0 ** rng.integers(-4, 2, parameters.n)


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_adamw_is_its_scalar_reference(scale: float, tiny: ModelConfig, cpu: Backend) -> None:
    """Every number of the block over six steps of a changing rate; matrices decay, vectors do not; the gradient is scaled first."""
    optimizer, gradients = start(tiny, cpu)
    before = optimizer.parameters.values.tolist()
    n_decayed = optimizer.parameters.n_decayed
    found = run(optimizer, gradients, scale, [slice(0, optimizer.parameters.n)])
    expected = [reference(p, (gradients[:, i] * scale).tolist(), i < n_decayed, CONFIG) for i, p in enumerate(before)]
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("offset", [-7, -1, 0, 1, 7], ids=lambda offset: f"boundary {offset:+}")
def test_slices_of_adamw_make_no_difference_also_across_the_boundary_of_decay(offset: int, tiny: ModelConfig, cpu: Backend) -> None:
    """Updated in slices that begin and end anywhere, the block comes out the same to the bit: vectors of a straddling slice are spared."""
    optimizer, gradients = start(tiny, cpu)
    n, boundary = optimizer.parameters.n, optimizer.parameters.n_decayed
    whole = run(optimizer, gradients, 1.0, [slice(0, n)])
    cuts = [0, 5, boundary + offset - 3, boundary + offset, boundary + offset + 10, n]
    optimizer, gradients = start(tiny, cpu)
    cut = run(optimizer, gradients, 1.0, [slice(a, b) for a, b in itertools.pairwise(cuts)])
    assert np.array_equal(cut, whole)


def test_adamw_cuts_the_block_into_pieces_that_cover_it(tiny: ModelConfig, cpu: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each number once, in more than one piece when the cache is small."""
    monkeypatch.setattr(Backend, "cache_bytes", 1000)
    optimizer, _ = start(tiny, cpu)
    pieces = optimizer.pieces
    assert len(pieces) > 10
    assert [i for at in pieces for i in range(at.start, at.stop)] == list(range(optimizer.parameters.n))


def test_adamw_without_gradient_only_decays_matrices(tiny: ModelConfig, cpu: Backend) -> None:
    """Zero gradients: matrices shrink by rate * decay, vectors stay to the bit."""
    optimizer, gradients = start(tiny, cpu, TrainConfig(learning_rate=0.1, weight_decay=0.5))
    before, boundary = optimizer.parameters.values.copy(), optimizer.parameters.n_decayed
    after = run(optimizer, gradients[:1] * 0, 1.0, [slice(0, optimizer.parameters.n)])
    assert np.array_equal(after[boundary:], before[boundary:])
    np.testing.assert_allclose(after[:boundary], before[:boundary] * 0.95, rtol=1e-14)


def test_the_schedule_warms_up_in_a_line() -> None:
    """Step 0 has one share already, the last step of the warm-up the peak."""
    config = TrainConfig(learning_rate=0.4, warmup_steps=4)
    assert [learning_rate(config, step) for step in range(6)] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4, 0.4], rel=1e-15)


def test_the_constant_schedule_is_constant() -> None:
    """Without a warm-up the peak from the first step on."""
    assert {learning_rate(TrainConfig(learning_rate=0.4, total_steps=10), step) for step in (0, 1, 9, 10, 10_000)} == {0.4}


def test_the_cosine_goes_from_the_peak_to_a_tenth() -> None:
    """The peak after the warm-up, the mean of peak and end half-way, a tenth at total_steps and beyond; falling all the way."""
    config = TrainConfig(learning_rate=0.4, warmup_steps=10, schedule="cosine", total_steps=110)
    assert learning_rate(config, 10) == pytest.approx(0.4, rel=1e-15)
    assert learning_rate(config, 60) == pytest.approx(0.22, rel=1e-12)
    assert learning_rate(config, 110) == pytest.approx(0.04, rel=1e-12)
    assert learning_rate(config, 5_000) == learning_rate(config, 110)
    rates = [learning_rate(config, step) for step in range(10, 111)]
    assert all(a > b for a, b in itertools.pairwise(rates))


def test_a_cosine_shorter_than_its_warm_up_ends_at_a_tenth() -> None:
    """total_steps of 0, or within the warm-up, divides nothing by zero."""
    for total in (0, 3, 4):
        config = TrainConfig(learning_rate=0.4, warmup_steps=4, schedule="cosine", total_steps=total)
        assert learning_rate(config, 3) == 0.4
        assert learning_rate(config, 5) == pytest.approx(0.04)


def scale_of(norm: float, limit: float, config: ModelConfig, backend: Backend) -> float:
    """What a gradient of this global norm is multiplied by: the first moment is a tenth of it after the first update."""
    parameters = new_parameters(config, backend, np.float64)
    optimizer, gradient = AdamW(parameters, TrainConfig(clip_norm=limit)), np.full(parameters.n, 2.0)
    optimizer.step = 1
    optimizer.update([slice(0, 1)], gradient, norm)
    return float(optimizer.arrays["m"][0]) / (2.0 * (1 - optimizer.config.beta1))


@given(norm=st.floats(0, 1e30), limit=st.floats(1e-6, 1e6))
def test_clipping_the_gradient_is_a_no_op_below_the_threshold(norm: float, limit: float) -> None:
    """Up to the limit the factor is 1; above it, the norm becomes the limit."""
    config, backend = ModelConfig(n_layer=1, n_head=1, n_embd=1, n_positions=1, vocab_size=1), Backend("tests")
    assert norm * scale_of(norm, limit, config, backend) == pytest.approx(min(norm, limit), rel=1e-12)


def test_a_gradient_is_not_clipped_without_a_limit(tiny: ModelConfig, cpu: Backend) -> None:
    """0 turns it off."""
    assert scale_of(1e9, 0.0, tiny, cpu) == pytest.approx(1, rel=1e-15)


FINITE = "must be a finite number"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"schedule": "linear"}, "unknown schedule 'linear'; use \"constant\" or \"cosine\""),
        *[({"learning_rate": value}, f"learning_rate={value!r} {FINITE} above 0") for value in (0, -1e-3, math.inf, math.nan, "fast")],
        *[({name: value}, f"{name}={value!r} {FINITE} at least 0 and below 1") for name in ("beta1", "beta2") for value in (-0.1, 1.0)],
        *[({"epsilon": value}, f"epsilon={value!r} {FINITE} at least 0 and at most 1") for value in (-1e-9, 2)],
        *[({name: -1}, f"{name}=-1 {FINITE} at least 0") for name in ("weight_decay", "clip_norm")],
        *[({name: -1}, f"{name}=-1 must be a whole number of at least 0") for name in ("warmup_steps", "total_steps", "seed")],
        *[({name: 0}, f"{name}=0 must be a whole number of at least 1") for name in
          ("batch_size", "context", "epochs", "evaluations_per_epoch", "patience")],
    ],
)  # fmt: skip
def test_a_training_configuration_the_optimizer_cannot_use_is_refused(values: dict[str, Any], message: str) -> None:
    """The message names the field, the value and what was wanted."""
    with pytest.raises(MinigptError) as refused:
        TrainConfig(**values)
    assert str(refused.value) == message


def test_a_training_configuration_comes_back_from_plain_values() -> None:
    """The optimizer's numbers as JSON holds them."""
    assert TrainConfig(**asdict(CONFIG)) == CONFIG
