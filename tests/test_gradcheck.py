"""The gradient check accepts what is right, checks every parameter in every setting, and notices mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minigpt.attention import Attention
from minigpt.backend import Array, Backend, Workspace
from minigpt.gradcheck import (
    CONFIG,
    LAYERS,
    MODELS,
    Case,
    Result,
    Setting,
    cases,
    check_case,
    check_gradients,
    check_model,
    randomize,
    short,
    worst,
)
from minigpt.gradcheck.settings import WHOLE
from minigpt.layers import Dropout, Gelu, LayerNorm, Linear
from minigpt.loss import BLOCK, Shard
from minigpt.model import Embedding, new_parameters, specs
from minigpt.params import Parameters


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """All comparisons of one seed."""
    return list(check_gradients(Backend("tests"), seed=0))


def test_every_gradient_of_the_layers_and_the_model_is_right(results: list[Result]) -> None:
    """backward agrees with central differences to a millionth."""
    assert [r for r in results if not r.passed] == []


@pytest.mark.parametrize("seed", [1, 2])
def test_the_seed_does_not_matter(seed: int, cpu: Backend) -> None:
    """Other numbers agree as well, and far below the tolerance: the check raises no false alarm."""
    found = [r for setting in (MODELS[2], MODELS[-1]) for r in check_model(setting, cpu, seed)]
    assert max(r.error / r.tolerance for r in found) < 0.2


def test_every_parameter_is_looked_at_in_its_layer_and_in_the_model_in_every_setting(results: list[Result]) -> None:
    """Each kind of parameter is compared coordinate by coordinate in a layer, and each single one along a direction in the model."""
    for setting in LAYERS:
        alone = {r.parameter for r in results if r.layer not in WHOLE and r.setting == setting.name}
        assert {short(name) for name in specs(CONFIG) if ".h.0." not in name} <= alone
    for setting in MODELS:
        whole = {r.parameter for r in results if r.layer == setting.model and r.setting == setting.name}
        trained = [name for name, spec in specs(setting.config(), setting.training()).items() if not spec.frozen]
        assert whole == {short(name) for name in trained} | {"all, in one direction", "all, in float32"}


def test_every_layer_with_an_input_has_its_input_gradient_compared(results: list[Result]) -> None:
    """dx of each layer, and no layer forgotten."""
    layers = {"Linear", "LayerNorm", "Gelu", "Dropout", "Attention", "Mlp", "Block", "PreNormBlock", "CrossEntropy", "Lora"}
    assert {r.layer for r in results if r.parameter == "dx"} == layers
    assert {r.layer for r in results} == layers | {"Embedding", *WHOLE}


def test_the_worst_setting_of_each_gradient_is_shown() -> None:
    """Every gradient once, in the order of the check; NaN is worse than any number."""
    rows = [("A", "w", "one", 1e-9), ("A", "b", "one", 3e-9), ("A", "w", "two", 2e-9), ("A", "b", "two", float("nan")), ("A", "b", "3", 1)]
    shown = worst(Result(*row) for row in rows)
    assert [(r.parameter, r.setting, r.passed) for r in shown] == [("w", "two", True), ("b", "two", False)]


def first_block_for_all(shard: Shard, hidden: Array, shares: Array, *rest: Any) -> tuple[Any, ...]:
    """Uses the first block's share of the softmax for every block."""
    return (hidden, np.broadcast_to(shares[:1], shares.shape), *rest)


def doubled_where(condition: Callable[[Any, Array], bool]) -> Callable[..., tuple[Any, ...]]:
    """Doubles the upstream gradient where the condition holds."""
    return lambda layer, dy, *rest: (2 * dy if condition(layer, dy) else dy, *rest)


def only_small_inputs(layer: Gelu, dy: Array) -> tuple[Any, ...]:
    """Loses the gradient where the slope is almost 0 or 1, as it is for large inputs."""
    return (np.where(np.abs(layer.slope * (1 - layer.slope)) < 1e-6, 0, dy),)


def models(*names: str) -> list[Setting]:
    """The settings of the whole model with these names."""
    found = [setting for setting in MODELS if setting.name in names]
    assert len(found) == len(names)
    return found


def layers(name: str) -> list[Setting]:
    """The settings of single layers whose names begin so, of which there is one."""
    (found,) = (setting for setting in LAYERS if setting.name.startswith(name))
    return [found]


PLANTED = {
    "the first block's share for all": (Shard, first_block_for_all, layers("several tiles")),
    "the first block's share for all, in the model": (Shard, first_block_for_all, models("two shards of several blocks")),
    "without dropout": (Dropout, doubled_where(lambda layer, dy: layer.mask is None), layers("no dropout")),
    "without dropout, in the model": (Dropout, doubled_where(lambda layer, dy: layer.mask is None), models("no dropout")),
    "one sequence": (Attention, doubled_where(lambda layer, dy: layer.weights.shape[0] == 1), layers("one sequence, no")),
    "one sequence, in the model": (Embedding, doubled_where(lambda layer, dy: layer.ids.shape[0] == 1), models("one sequence")),
    "a second worker": (Embedding, doubled_where(lambda layer, dy: layer.positions.blocks.n_shared > 0), models("two workers")),
    "several pieces": (LayerNorm, doubled_where(lambda layer, dy: len(layer.backend.pieces(dy)) > 1), layers("several pieces")),
    "several pieces, in the model": (
        LayerNorm,
        doubled_where(lambda layer, dy: len(layer.backend.pieces(dy)) > 1),
        models("several pieces"),
    ),
    "full tiles only": (Attention, doubled_where(lambda layer, dy: layer.weights.shape[2] % layer.tile == 0), layers("sizes that divide")),
    "full tiles only, in the model": (
        Attention,
        doubled_where(lambda layer, dy: layer.weights.shape[2] % Backend.tile == 0),
        models("two whole tiles, no dropout"),
    ),
    "an odd number of sequences": (
        Attention,
        doubled_where(lambda layer, dy: layer.weights.shape[0] % 2 and len(dy) > 7),
        layers("sizes that divide"),
    ),
    "one token": (Attention, doubled_where(lambda layer, dy: layer.weights.shape[2] == 1), layers("one token")),
    "a heavy dropout": (Dropout, doubled_where(lambda layer, dy: layer.keep < 0.5), layers("sizes that divide")),
    "a light dropout": (Dropout, doubled_where(lambda layer, dy: layer.keep > 0.8), layers("several tiles")),
    "one head": (Attention, doubled_where(lambda layer, dy: layer.H == 1), layers("one sequence, no")),
    "an even head": (Attention, doubled_where(lambda layer, dy: layer.D % 2 == 0), layers("sizes that divide")),
    "float32": (LayerNorm, doubled_where(lambda layer, dy: dy.dtype == np.float32), models("one worker")),
    "fewer sequences than workers": (Embedding, doubled_where(lambda layer, dy: layer.ids.shape == (1, 7)), models("one sequence")),
    "the flat ends of the activation": (Gelu, only_small_inputs, layers("one token")),
    "past the first tile": (Attention, doubled_where(lambda layer, dy: layer.weights.shape[2] > layer.tile), layers("several tiles")),
    "past a full tile": (
        Attention,
        doubled_where(lambda layer, dy: layer.weights.shape[2] > Backend.tile),
        models("two whole tiles, no dropout"),
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_mistake_that_shows_in_some_settings_only_is_found(name: str, cpu: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backward that is wrong in just one case makes the check fail, in the settings that reach it."""
    layer, wrong, settings = PLANTED[name]
    right = layer.backward
    monkeypatch.setattr(layer, "backward", lambda self, *arguments: right(self, *wrong(self, *arguments)))
    if settings[0] in LAYERS:
        kind = "CrossEntropy" if layer is Shard else layer.__name__
        concerned = (case for s in settings for case in cases(s, cpu, 0) if case.layer == kind)
        found = (r for case in concerned for r in check_case(case, cpu, 0))
    else:
        found = (r for s in settings for r in check_model(s, cpu, 0))
    assert any(not r.passed for r in found)


def test_a_gradient_that_replaces_those_of_the_parts_before_is_found(cpu: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is wrong only if a batch is taken in parts."""
    monkeypatch.setattr("minigpt.attention.Linear", Overwriting)
    settings = models("two workers", "two workers, micro-batches")
    failed = [s.name for s in settings if any(not r.passed for r in check_model(s, cpu, 0))]
    assert failed == ["two workers, micro-batches"]


@pytest.mark.parametrize("kept", [0, 1], ids=["every worker's", "the further workers'"])
def test_a_gradient_that_is_left_of_the_step_before_is_found(kept: int, cpu: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """In training each step follows another one."""
    forget = Parameters.zero_gradients
    monkeypatch.setattr(Parameters, "zero_gradients", lambda p: None if kept == 0 or p.n_shared else forget(p))
    assert any(not r.passed for r in check_model(models("two workers")[0], cpu, 0))


def test_the_settings_reach_the_sizes_that_training_has() -> None:
    """Two tiles, three blocks in each of two shards, a second worker, a smaller last micro-batch."""
    assert any(2 * Backend.tile < s.T and s.T % Backend.tile for s in MODELS)
    assert any(s.vocab_size > s.threads * 2 * BLOCK and s.threads > 1 for s in MODELS)
    assert any(s.B > s.threads > 1 and s.dropout for s in MODELS) and any(s.B > s.threads > 1 and not s.dropout for s in MODELS)
    assert any(s.micro_batch and s.B % s.micro_batch for s in MODELS)
    assert any(s.threads > 2 and s.threads < s.B for s in MODELS) and any(s.threads > s.B for s in MODELS)
    assert any(s.micro_batch and s.threads == 1 for s in MODELS)
    assert any(Backend.tile < s.T and s.T % Backend.tile == 0 for s in MODELS)
    assert any(s.chunk < s.B * s.T and s.B * s.T % s.chunk == 0 for s in LAYERS) and any(s.vocab_size < s.shards for s in LAYERS)


class FlippedInput(Linear):
    """A wrong sign on the way back."""

    def backward(self, dy: Array) -> Array:
        return -super().backward(dy)


class FlippedWeight(Linear):
    """A wrong sign in a parameter's gradient."""

    def backward(self, dy: Array) -> Array:
        dx = super().backward(dy)
        self.weight.grad -= 2 * (self.x.T @ dy)
        return dx


class Overwriting(Linear):
    """A gradient that replaces what was there, where it has to add."""

    def backward(self, dy: Array) -> Array:
        self.bias.grad[...] = 0
        return super().backward(dy)


class SlightlyLarge(Linear):
    """Off by one in a hundred thousand."""

    def backward(self, dy: Array) -> Array:
        dx = super().backward(dy)
        dx *= 1.00001
        return dx


class NotANumber(Linear):
    """NaN, which compares as neither above nor below a tolerance."""

    def backward(self, dy: Array) -> Array:
        return super().backward(dy) * np.nan


def linear_case(kind: type[Linear], backend: Backend, rng: np.random.Generator) -> Case:
    """A check of one linear map alone."""
    parameters = randomize(new_parameters(CONFIG, backend, np.float64), rng)
    layer = kind("transformer.h.0.attn.c_proj", parameters, Workspace(backend, np.float64))
    x, dy = (rng.standard_normal((5, CONFIG.n_embd)) for _ in range(2))

    def backward() -> dict[str, Array]:
        layer.forward(x)
        return {"x": layer.backward(dy)}

    return Case(kind.__name__, lambda: float((layer.forward(x) * dy).sum()), backward, {"x": x}, [layer.weight, layer.bias])


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Linear, []),
        (FlippedInput, ["dx"]),
        (FlippedWeight, ["weight"]),
        (Overwriting, ["bias"]),
        (SlightlyLarge, ["dx"]),
        (NotANumber, ["dx"]),
    ],
)
def test_the_check_names_exactly_the_wrong_gradient(kind: type[Linear], wrong: list[str], cpu: Backend, rng: np.random.Generator) -> None:
    """A planted mistake fails its own comparison and no other."""
    results = list(check_case(linear_case(kind, cpu, rng), cpu, seed=3))
    assert [r.parameter.rpartition(".")[2] for r in results] == ["weight", "bias", "dx"]
    assert [r.parameter.rpartition(".")[2] for r in results if not r.passed] == wrong


def test_the_check_leaves_the_inputs_as_they_were(cpu: Backend, rng: np.random.Generator) -> None:
    """Central differences put every coordinate back."""
    case = linear_case(Linear, cpu, rng)
    x, w = case.inputs["x"].copy(), case.parameters[0].value.copy()
    objective: Callable[[], float] = case.objective
    before = objective()
    list(check_case(case, cpu, seed=3))
    assert np.array_equal(case.inputs["x"], x)
    assert np.array_equal(case.parameters[0].value, w)
    assert objective() == before
