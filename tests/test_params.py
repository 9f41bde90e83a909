"""The flat blocks and the views into them; gradients that are forgotten without being touched."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from minigpt.backend import Array, Backend
from minigpt.config import ModelConfig
from minigpt.model import count_parameters, new_parameters, specs
from minigpt.params import EMBEDDING, Parameters


@pytest.fixture
def parameters(tiny: ModelConfig, cpu: Backend) -> Parameters:
    """Float64 parameters, all zero."""
    return new_parameters(tiny, cpu, np.float64)


def test_every_number_of_the_block_belongs_to_one_parameter(parameters: Parameters, tiny: ModelConfig) -> None:
    """Views tile the block: counted through them, each place is met once, in the documented shapes."""
    parameters.values[...] = np.arange(parameters.n)
    seen = np.concatenate([p.value.reshape(-1) for p in parameters])
    assert np.array_equal(np.sort(seen), np.arange(count_parameters(tiny)))
    assert {p.name: p.value.shape for p in parameters} == {name: spec.shape for name, spec in specs(tiny).items()}
    assert all(np.shares_memory(p.value, parameters.values) for p in parameters)


def test_matrices_come_before_vectors(parameters: Parameters) -> None:
    """One boundary, `n_decayed`, separates what decays from what does not."""
    for name, at in parameters.places.items():
        if len(parameters.specs[name].shape) == 2:
            assert at.stop <= parameters.n_decayed
        else:
            assert at.start >= parameters.n_decayed


def test_a_gradient_is_a_view_into_the_flat_block(parameters: Parameters) -> None:
    """What is added to a parameter's gradient stands in the block at its offsets, and nowhere else."""
    name = "transformer.h.1.mlp.c_fc.bias"
    parameters[name].grad += 3.0
    expected = np.zeros(parameters.n)
    expected[parameters.places[name]] = 3.0
    assert np.array_equal(parameters.gradients, expected)
    assert np.shares_memory(parameters[name].grad, parameters.gradients)


def test_zeroed_gradients_read_as_zero_through_every_access(parameters: Parameters) -> None:
    """By name, by block and after an addition, although zeroing writes nothing."""
    parameters.gradients[...] = np.nan
    parameters.zero_gradients()
    assert not parameters["transformer.h.0.ln_1.weight"].grad.any()
    parameters["transformer.h.0.ln_1.bias"].grad += 1
    assert parameters["transformer.h.0.ln_1.bias"].grad.sum() == 8
    assert parameters.gradients.sum() == 8
    parameters.zero_gradients()
    assert not parameters.gradients.any()


def product(rng: np.random.Generator) -> tuple[Array, Array]:
    """Factors of a (8, 24) matrix."""
    return rng.standard_normal((8, 5)), rng.standard_normal((5, 24))


def test_a_product_is_added_whether_the_gradient_is_stale_or_not(parameters: Parameters, rng: np.random.Generator) -> None:
    """First it overwrites garbage, then it adds, then it adds to what `grad` holds."""
    weight, (a, b) = parameters["transformer.h.0.attn.c_attn.weight"], product(rng)
    parameters.gradients[...] = np.nan
    parameters.zero_gradients()
    for times in (1, 2, 3):
        weight.add_product(a, b)
        np.testing.assert_allclose(weight.grad, times * (a @ b), rtol=1e-13)
    parameters.zero_gradients()
    weight.grad += 1
    weight.add_product(a, b)
    np.testing.assert_allclose(weight.grad, 1 + a @ b, rtol=1e-13)


def test_a_product_reaches_no_other_gradient(parameters: Parameters, rng: np.random.Generator) -> None:
    """The product goes where it belongs, written or added."""
    weight, (a, b) = parameters["transformer.h.0.attn.c_attn.weight"], product(rng)
    for _ in range(2):
        weight.add_product(a, b)
    rest = parameters.gradients.copy()
    rest[parameters.places[weight.name]] = 0
    assert not rest.any()


def test_a_gradient_cannot_be_replaced(parameters: Parameters) -> None:
    """Assigning another array would cut the view off the block."""
    weight = parameters["transformer.h.0.ln_1.weight"]
    with pytest.raises(AttributeError, match=r"transformer\.h\.0\.ln_1\.weight\.grad is a view into the flat block: add to it"):
        weight.grad = np.ones(8)
    weight.grad += np.ones(8)
    with pytest.raises(AttributeError):
        weight.grad = weight.grad.copy()


def test_a_twin_shares_values_and_has_gradients_of_its_own(parameters: Parameters) -> None:
    """What one changes in the values the other sees; gradients do not meet."""
    twin, name = parameters.twin(), "transformer.h.0.ln_1.weight"
    twin[name].value[...] = 7
    twin[name].grad += 1
    assert (parameters[name].value == 7).all()
    assert not parameters.gradients.any()
    assert not np.shares_memory(twin.gradients, parameters.gradients)


def test_a_twin_shares_the_gradient_of_the_token_embedding(parameters: Parameters) -> None:
    """The largest gradient exists once; the twin's block lacks it, and its other views lie where its offsets say."""
    twin = parameters.twin()
    assert twin[EMBEDDING] is parameters[EMBEDDING]
    assert parameters.places[EMBEDDING].start == 0
    assert twin.n_shared == parameters[EMBEDDING].value.size == parameters.n - twin.gradients.size
    for i, parameter in enumerate(twin):
        if parameter.name != EMBEDDING:
            parameter.grad += i
            at = twin.places[parameter.name]
            assert (twin.gradients[at.start - twin.n_shared : at.stop - twin.n_shared] == i).all()


def test_sampling_allocates_no_gradients(tiny: ModelConfig, cpu: Backend) -> None:
    """Their memory is taken at the first use."""
    parameters = new_parameters(tiny, cpu)
    assert parameters.blocks.gradients is None
    assert parameters["transformer.h.0.ln_1.weight"].grad is not None
    assert parameters.blocks.gradients is not None


def test_initial_values_are_those_of_the_paper(cpu: Backend) -> None:
    """Every matrix from N(0, initializer_range), biases 0, gains 1."""
    config = ModelConfig(n_layer=1, n_head=2, n_embd=64, n_positions=64, vocab_size=300, initializer_range=0.05)
    parameters = new_parameters(config, cpu)
    parameters.values[...] = np.nan
    parameters.initialize(np.random.default_rng(0))
    for p in parameters:
        if p.value.ndim == 2:
            assert p.value.std() == pytest.approx(0.05, rel=0.05), p.name
            assert abs(p.value.mean()) < 5 * 0.05 / p.value.size**0.5, p.name
        else:
            assert (p.value == (1 if p.name.endswith(("ln_1.weight", "ln_2.weight")) else 0)).all(), p.name


def test_initial_values_depend_on_the_seed_alone(tiny: ModelConfig, cpu: Backend) -> None:
    """The same seed, the same values, in float32 and float64 alike; another seed, others."""
    found = []
    for seed, dtype in ((1, np.float32), (1, np.float32), (1, np.float64), (2, np.float32)):
        parameters = new_parameters(tiny, cpu, dtype)
        assert parameters.values.dtype == dtype
        parameters.initialize(np.random.default_rng(seed))
        found.append(parameters.values)
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[3])


class SlowToAllocate:
    """NumPy, but `empty` takes a while: long enough for every thread to come by."""

    def __getattr__(self, name: str) -> object:
        return getattr(np, name)

    def empty(self, *args: object, **kwargs: object) -> Array:
        time.sleep(0.02)
        return np.empty(*args, **kwargs)


def test_threads_that_write_first_meet_in_one_block() -> None:
    """The memory of the gradients is taken once, whoever comes first.

    The story: shards of the loss once raced to allocate it, and at the first step of some runs the gradient of half of the vocabulary
    went into a block that nobody read.
    """
    config = ModelConfig(n_layer=1, n_head=1, n_embd=4, n_positions=2, vocab_size=64, dropout=0.0)
    backend = Backend("")
    backend.xp = SlowToAllocate()
    parameters = new_parameters(config, backend)
    column, row = np.ones((16, 1), np.float32), np.ones((1, 4), np.float32)
    with ThreadPoolExecutor(4) as pool:
        shards = [slice(16 * i, 16 * (i + 1)) for i in range(4)]
        list(pool.map(lambda rows: parameters[EMBEDDING].add_product(column, row, rows, add=False), shards))
    parameters[EMBEDDING].stale = False
    assert (parameters[EMBEDDING].grad == 1).all()
