"""The gradient check accepts what is right, looks at every parameter, and notices what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from minigpt.backend import Array, Backend
from minigpt.gradcheck import CONFIG, Case, Result, check_case, check_gradients, randomized, short
from minigpt.layers import Linear, Workspace
from minigpt.params import shapes


@pytest.fixture(scope="module", params=[0, 1], ids=["seed 0", "seed 1"])
def results(request: pytest.FixtureRequest) -> list[Result]:
    """All comparisons of one seed."""
    return list(check_gradients(Backend("tests"), seed=request.param))


def test_every_gradient_of_the_layers_and_the_model_is_right(results: list[Result]) -> None:
    """backward agrees with central differences to a millionth."""
    assert [r for r in results if not r.passed] == []


def test_every_parameter_is_looked_at_in_its_layer_and_in_the_model(results: list[Result]) -> None:
    """Each kind of parameter is compared coordinate by coordinate in a layer, and each single one along a direction in the model."""
    alone = {r.parameter for r in results if r.layer != "GPT"}
    assert {short(name) for name in shapes(CONFIG) if ".h.0." not in name} <= alone
    whole = {r.parameter for r in results if r.layer == "GPT"}
    assert whole == {short(name) for name in shapes(CONFIG)} | {"all, along one direction"}


def test_every_layer_with_an_input_has_its_input_gradient_compared(results: list[Result]) -> None:
    """dx of each layer, and no layer forgotten."""
    layers = {"Linear", "LayerNorm", "Gelu", "Dropout", "Attention", "Mlp", "Block", "CrossEntropy"}
    assert {r.layer for r in results if r.parameter == "dx"} == layers
    assert {r.layer for r in results} == layers | {"Embedding", "GPT"}


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
    parameters = randomized(backend, rng)
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
    assert [r.parameter.rpartition(".")[2] for r in results] == ["dx", "weight", "bias"]
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
