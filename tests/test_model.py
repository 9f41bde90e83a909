"""The whole network: its size, its start, its causality; and which configurations are refused."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from minigpt.backend import Backend
from minigpt.config import SIZES, ModelConfig, TrainConfig, find_size
from minigpt.errors import MinigptError
from minigpt.layers import Workspace
from minigpt.loss import CrossEntropy
from minigpt.model import GPT, block_name, count_parameters, new_parameters, specs
from minigpt.trainer import Trainer

COUNTS = {
    "12M": {50_257: 30_142_080, 3_000: 11_995_392, 40_478: 10_843_392 + 384 * 40_478},
    "33M": {50_257: 51_212_800, 3_000: 27_017_216, 40_478: 25_481_216 + 512 * 40_478},
    "117M": {50_257: 124_045_056, 3_000: 87_751_680, 40_478: 116_534_784},  # the last is GPT-1's own count
}


def sized(name: str, vocab_size: int) -> ModelConfig:
    """A named size over a vocabulary."""
    size = SIZES[name]
    return ModelConfig(size.n_layer, size.n_head, size.n_embd, size.n_positions, vocab_size)


def test_every_size_has_its_counts() -> None:
    """No size without a row in the table above."""
    assert COUNTS.keys() == SIZES.keys()


@pytest.mark.parametrize(("name", "vocab_size", "count"), [(name, V, n) for name, row in COUNTS.items() for V, n in row.items()])
def test_the_number_of_parameters_is_exact(name: str, vocab_size: int, count: int) -> None:
    """By the formula and by the sum over the shapes."""
    config = sized(name, vocab_size)
    assert count_parameters(config) == count
    assert sum(math.prod(spec.shape) for spec in specs(config).values()) == count


def test_the_names_are_those_of_transformers() -> None:
    """Twelve arrays a block and the two embeddings; weights are (in, out)."""
    config = ModelConfig(n_layer=1, n_head=2, n_embd=8, n_positions=16, vocab_size=13)
    found = {name: spec.shape for name, spec in specs(config).items()}
    assert found == {
        "transformer.tokens_embed.weight": (13, 8),
        "transformer.positions_embed.weight": (16, 8),
        "transformer.h.0.attn.c_attn.weight": (8, 24),
        "transformer.h.0.attn.c_attn.bias": (24,),
        "transformer.h.0.attn.c_proj.weight": (8, 8),
        "transformer.h.0.attn.c_proj.bias": (8,),
        "transformer.h.0.mlp.c_fc.weight": (8, 32),
        "transformer.h.0.mlp.c_fc.bias": (32,),
        "transformer.h.0.mlp.c_proj.weight": (32, 8),
        "transformer.h.0.mlp.c_proj.bias": (8,),
        "transformer.h.0.ln_1.weight": (8,),
        "transformer.h.0.ln_1.bias": (8,),
        "transformer.h.0.ln_2.weight": (8,),
        "transformer.h.0.ln_2.bias": (8,),
    }


def test_a_new_model_of_12M_knows_nothing(cpu: Backend, rng: np.random.Generator) -> None:
    """Its loss is that of guessing, ln V, within 0.2."""
    config = sized("12M", 3_000)
    parameters = new_parameters(config, cpu)
    parameters.initialize(rng)
    model = GPT(parameters)
    ids, targets = rng.integers(0, 3_000, (4, 40)), rng.integers(0, 3_000, 160)
    assert CrossEntropy(model.output, model.workspace).forward(model.forward(ids), targets) == pytest.approx(math.log(3_000), abs=0.2)


@pytest.fixture
def model(tiny: ModelConfig, cpu: Backend, rng: np.random.Generator) -> GPT:
    """A tiny float32 model with random parameters."""
    parameters = new_parameters(tiny, cpu)
    parameters.values[...] = rng.standard_normal(parameters.n) / 2
    return GPT(parameters)


@pytest.mark.parametrize("t", [0, 1, 7, 15])
def test_the_model_sees_no_future(t: int, model: GPT, rng: np.random.Generator) -> None:
    """Another token at t leaves the hidden states before t the same to the bit, and changes that at t."""
    ids = rng.integers(0, 13, (2, 16))
    before = model.forward(ids).reshape(2, 16, -1).copy()
    ids[0, t] = (ids[0, t] + 1) % 13
    after = model.forward(ids).reshape(2, 16, -1)
    assert np.array_equal(after[0, :t], before[0, :t])
    assert np.array_equal(after[1], before[1])
    assert not np.array_equal(after[0, t], before[0, t])


def test_the_output_matrix_is_the_token_embedding(model: GPT, rng: np.random.Generator) -> None:
    """Logits are products with it, and the loss, of all shards, sees the same ones."""
    ids = rng.integers(0, 13, (2, 9))
    hidden = model.forward(ids)
    logits = model.logits(hidden)
    np.testing.assert_allclose(logits, hidden @ model.parameters["transformer.tokens_embed.weight"].value.T, rtol=1e-6)
    loss = CrossEntropy(model.output, Workspace(model.workspace.backend), shards=2)
    maxima = [shard.forward(hidden, ids.reshape(-1))[0] for shard in loss.shards]
    np.testing.assert_allclose(np.concatenate(maxima).max(axis=0), logits.max(axis=1), rtol=1e-6)


def test_post_norm_without_a_last_layer_norm(model: GPT, rng: np.random.Generator) -> None:
    """The hidden states are what the last block's ln_2 gives: with gain 1 and bias 0, rows of mean 0 and variance 1."""
    model.parameters["transformer.h.1.ln_2.weight"].value[...] = 1
    model.parameters["transformer.h.1.ln_2.bias"].value[...] = 0
    hidden = model.forward(rng.integers(0, 13, (2, 9)))
    np.testing.assert_allclose(hidden.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(hidden.var(axis=1), 1, rtol=1e-3)


def test_the_way_back_through_a_model_alone_is_that_of_a_trainer(tiny: ModelConfig, cpu: Backend, rng: np.random.Generator) -> None:
    """`GPT.backward` ends in the embedding, which a trainer's workers write in turn."""
    x, y = rng.integers(0, 13, (2, 3, 9))
    with closing(Trainer(tiny, threads=1, backend=cpu, dtype=np.float64)) as trainer:
        expected = trainer.loss_and_gradients(x, y)[1]
        parameters = new_parameters(tiny, cpu, np.float64)
        parameters.values[...] = trainer.parameters.values
    model = GPT(parameters)
    model.backward(CrossEntropy(model.output, Workspace(cpu, np.float64)).forward_backward(model.forward(x), y.reshape(-1))[1])
    for parameter in parameters:
        np.testing.assert_allclose(parameter.grad, expected[parameter.name], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("frozen", [None, 1])
@pytest.mark.parametrize("architecture", ["gpt1", "gpt2"])
def test_a_block_that_backward_has_left_has_its_gradients(
    architecture: str, frozen: int | None, tiny: ModelConfig, cpu: Backend, rng: np.random.Generator
) -> None:
    """`went_back` is called block by block, from the top down to the lowest that is trained; what comes later does not change them."""
    config = replace(tiny, architecture=architecture, n_layer=3)
    parameters = new_parameters(config, cpu, np.float64, TrainConfig(freeze=frozen))
    parameters.initialize(rng)
    model, left = GPT(parameters), dict[int, dict[str, np.ndarray]]()

    def gradients(block: int) -> dict[str, np.ndarray]:
        return {p.name: p.grad.copy() for p in parameters.trained if p.name.startswith(f"{block_name(block)}.")}

    model.went_back = lambda block: left.update({block: gradients(block)})
    hidden = model.forward(rng.integers(0, config.vocab_size, (2, 5)))
    model.backward(rng.standard_normal(hidden.shape))
    assert list(left) == [2, 1, 0][: 3 - (frozen or 0)]
    for block, found in left.items():
        assert found and all(np.any(array) and (array == gradients(block)[name]).all() for name, array in found.items())


def test_two_models_over_the_same_parameters_do_not_disturb_each_other(model: GPT, rng: np.random.Generator) -> None:
    """A forward of the second between forward and backward of the first leaves the gradients alone."""
    ids, dx = rng.integers(0, 13, (2, 9)), rng.standard_normal((18, 8)).astype(np.float32)
    model.forward(ids)
    model.backward(dx.copy())
    expected = model.parameters.gradients.copy()
    model.parameters.zero_gradients()
    model.forward(ids)
    GPT(model.parameters).forward(rng.integers(0, 13, (1, 16)))
    model.backward(dx.copy())
    assert np.array_equal(model.parameters.gradients, expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        *[({name: value}, f"{name}={value!r} must be a whole number of at least 1") for name in
          ("n_layer", "n_head", "n_embd", "n_positions", "vocab_size") for value in (0, -3, 2.0, "4", True, None)],
        ({"n_embd": 100, "n_head": 12}, "width 100 (n_embd) is not divisible by 12 heads (n_head); use a width of 96 or 108"),
        ({"n_embd": 4, "n_head": 6}, "width 4 (n_embd) is not divisible by 6 heads (n_head); use a width of 6"),
        *[({"dropout": value}, f"dropout={value!r} must be a finite number at least 0 and below 1") for value in
          (-0.1, 1, 1.5, math.nan, math.inf, "0.1", None, True)],
        *[({"layer_norm_epsilon": value}, f"layer_norm_epsilon={value!r} must be a finite number at least 0 and at most 1") for value in
          (-1e-9, 1.1, math.nan, "small")],
        *[({"initializer_range": value}, f"initializer_range={value!r} must be a finite number at least 0") for value in
          (-0.02, math.inf, math.nan, [0.02])],
    ],
)  # fmt: skip
def test_a_configuration_that_makes_no_model_is_refused(values: dict[str, Any], message: str) -> None:
    """The message names the field, the value and what was wanted."""
    with pytest.raises(MinigptError) as refused:
        ModelConfig(**values)
    assert str(refused.value) == message


def test_the_bounds_of_a_model_configuration_are_allowed() -> None:
    """The smallest network there is, without dropout, noise in its weights, or epsilon."""
    config = ModelConfig(1, 1, 1, 1, 1, dropout=0, layer_norm_epsilon=0, initializer_range=0)
    assert config.head_size == 1
    assert count_parameters(config) == 1 + 1 + 12 + 13
    assert ModelConfig(**asdict(config)) == config


@pytest.mark.parametrize(("name", "found"), [("12M", "12M"), ("12m", "12M"), ("Small", "12M"), ("medium", "33M"), ("LARGE", "117M")])
def test_a_model_size_is_found_by_name_or_alias(name: str, found: str) -> None:
    """In any case."""
    assert find_size(name).name == found


def test_an_unknown_model_size_is_refused_with_the_choices() -> None:
    """The message lists what there is."""
    with pytest.raises(MinigptError, match=r"unknown model size 'huge'; use one of 12M \(small\), 33M \(medium\), 117M \(large\)"):
        find_size("huge")
