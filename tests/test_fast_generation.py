"""Generation in compiled loops: a row at a time, the same scores as NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from fast_pairs import COMPILED, NUMPY, TYPES, Poisoned, same
from hypothesis import given
from hypothesis import strategies as st

from minigpt.backend import Array, Backend
from minigpt.config import ModelConfig
from minigpt.fast import layers as fast
from minigpt.generate import Predictor
from minigpt.layers import Linear
from minigpt.model import GPT, new_parameters
from minigpt.params import Parameters, Spec


@pytest.mark.parametrize("dtype", TYPES)
@given(N=st.sampled_from([1, 1, 2, 5]), C_in=st.integers(1, 70), C_out=st.integers(1, 70), view=st.booleans(), seed=st.integers(0, 99))
def test_a_linear_map_is_its_base_class(N: int, C_in: int, C_out: int, view: bool, seed: int, dtype: type) -> None:
    """Over a single row and over several, forward and backward."""
    rng, results = np.random.default_rng(seed), []
    drawn, dy = rng.standard_normal((N, 2 * C_in)).astype(dtype), rng.standard_normal((N, C_out)).astype(dtype)
    x = drawn[:, ::2] if view else np.ascontiguousarray(drawn[:, :C_in])
    values: Array = rng.standard_normal(C_in * C_out + C_out)
    for backend in (NUMPY, COMPILED):
        specs = {"l.weight": Spec((C_in, C_out)), "l.bias": Spec((C_out,))}
        parameters = Parameters(specs, ModelConfig(1, 1, 1, 1, 1), backend, dtype)
        parameters.values[...] = values
        layer = Linear("l", parameters, Poisoned(backend, dtype))
        assert (type(layer) is fast.Linear) == bool(backend.faster)
        results.append([layer.forward(x).copy(), layer.backward(dy).copy(), parameters.gradients])
    for wanted, got, what in zip(*results, ("y", "dx", "gradients"), strict=True):
        same(got, wanted, what)


def network(backend: Backend, dtype: type, dropout: float = 0.0) -> GPT:
    config = ModelConfig(n_layer=2, n_head=3, n_embd=33, n_positions=24, vocab_size=57, dropout=dropout)
    parameters = new_parameters(config, backend, dtype)
    parameters.values[...] = np.random.default_rng(1).standard_normal(parameters.n) / 3
    return GPT(parameters)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("large", [0, 2**24])
def test_logits_are_those_of_the_base_class(large: int, n: int, dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """By one thread and by several, which share a large matrix."""
    monkeypatch.setattr(fast, "LARGE", large)
    hidden = np.random.default_rng(2).standard_normal((n, 33)).astype(dtype)
    wanted, got = (network(backend, dtype).logits(hidden) for backend in (NUMPY, COMPILED))
    same(got, wanted, "logits")


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("prompt", [1, 5, 24, 30])
def test_a_text_beyond_the_window_gets_the_same_scores(prompt: int, dtype: type) -> None:
    """Read at once, token by token, and again after the window has moved; also in the middle of a training, whose dropout is off then."""
    ids, found = list(np.random.default_rng(3).integers(0, 57, 60)), []
    for backend in (NUMPY, COMPILED):
        model = network(backend, dtype, dropout=0.5)
        model.workspace.generators = backend.generators([(0,)])
        predictor = Predictor(model, 24)
        found.append([predictor.logits(ids[:n]) for n in range(prompt, 60)])
    for wanted, got in zip(*found, strict=True):
        same(got, wanted, "scores")
