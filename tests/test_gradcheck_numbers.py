"""The numbers of the gradient check: they find what is wrong, and nothing that is right."""

from __future__ import annotations

import numpy as np
import pytest

from minigpt.backend import Backend
from minigpt.gradcheck import check_case, check_model
from minigpt.gradcheck import compare as compare_module
from minigpt.gradcheck import whole as whole_module
from minigpt.gradcheck.cases import Case, cases
from minigpt.gradcheck.settings import LAYERS, MODELS
from minigpt.layers import Gelu, LayerNorm


def case(layer: str, backend: Backend) -> Case:
    (found,) = [one for one in cases(LAYERS[0], backend, 0) if one.layer == layer]
    return found


def layer_error(layer: str, backend: Backend) -> float:
    return max(result.error for result in check_case(case(layer, backend), backend, 0))


def direction_error(backend: Backend) -> float:
    """The largest error of a slope of the whole model in float64."""
    results = check_model(MODELS[0], backend, 0)
    return max(result.error for result in results if "float32" not in result.parameter)


@pytest.mark.parametrize(("off", "passes"), [(1e-8, True), (1e-7, True), (3e-6, False)])
def test_an_error_of_some_millionths_is_found(
    cpu: Backend,
    monkeypatch: pytest.MonkeyPatch,
    off: float,
    passes: bool,
) -> None:
    """One of a ten millionth is as small as those of the differences themselves."""
    right = Gelu.backward
    monkeypatch.setattr(Gelu, "backward", lambda self, dy: right(self, dy) * (1 + off))
    results = list(check_case(case("Gelu", cpu), cpu, 0))
    assert all(result.passed for result in results) == passes


def test_the_error_of_a_layer_grows_with_larger_and_with_smaller_steps(
    cpu: Backend,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By truncation on one side, by rounding on the other."""
    error = layer_error("Block", cpu)
    step = compare_module.STEP
    for times in (30, 1 / 30):
        monkeypatch.setattr(compare_module, "STEP", times * step)
        assert layer_error("Block", cpu) > 10 * error


def test_the_error_of_a_model_grows_with_larger_and_with_smaller_steps(
    cpu: Backend,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = direction_error(cpu)
    step = whole_module.WIDE_STEP
    for times in (30, 1 / 30):
        monkeypatch.setattr(whole_module, "WIDE_STEP", times * step)
        assert direction_error(cpu) > 10 * error


@pytest.mark.parametrize(("off", "passes"), [(0.0, True), (5e-5, False)])
def test_an_error_that_float32_itself_does_not_make_is_found_in_it(
    cpu: Backend,
    monkeypatch: pytest.MonkeyPatch,
    off: float,
    passes: bool,
) -> None:
    """And what rounding makes of a right backward is far below."""
    right = LayerNorm.backward

    def wrong(self: LayerNorm, dy: np.ndarray) -> np.ndarray:
        return right(self, dy) * np.float32(1 + (off if dy.dtype == np.float32 else 0))

    monkeypatch.setattr(LayerNorm, "backward", wrong)
    (result,) = [r for r in check_model(MODELS[0], cpu, 0) if "float32" in r.parameter]
    assert result.passed == passes
    if passes:
        assert 3 < result.tolerance / result.error < 1000


def test_the_inputs_of_an_activation_reach_its_flat_ends_and_its_middle(cpu: Backend) -> None:
    x = case("Gelu", cpu).inputs["x"]
    for low, high in ((-np.inf, -4), (-1, 1), (4, np.inf)):
        assert ((low < x) & (x < high)).mean() > 0.1
