"""Configurations: numbers of every kind come out as Python's own, and anything else is refused in one line."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from fractions import Fraction
from typing import Any

import click
import numpy as np
import pytest

from minigpt.cli.corpus import corpus_command
from minigpt.cli.generate import generate_command
from minigpt.cli.train import train_command
from minigpt.config import ModelConfig, SampleConfig, TrainConfig
from minigpt.errors import MinigptError
from minigpt.run.options import Options

HUGE = 10**400  # a float cannot hold it
CONFIGS = [ModelConfig(), TrainConfig(total_steps=7), SampleConfig(seed=3)]
NUMBERS = [(config, field.name) for config in CONFIGS for field in fields(config) if isinstance(getattr(config, field.name), (int, float))]


@pytest.mark.parametrize("kind", [np.float32, np.float16, np.float64, np.int64, np.uint8, Fraction], ids=lambda kind: kind.__name__)
def test_numbers_of_every_kind_become_pythons_own(kind: type) -> None:
    """Silently: warnings are errors here. JSON can hold the result."""
    tried = 0
    for config, name in NUMBERS:
        value = getattr(config, name)
        whole = isinstance(value, int)
        if whole == issubclass(kind, np.integer) and not (kind is np.uint8 and value > 255):
            given = kind(value)
            changed = type(config)(**{**asdict(config), name: given})
            assert getattr(changed, name) == given
            assert type(getattr(changed, name)) is type(value)
            json.dumps(asdict(changed))
            tried += 1
    assert tried > 5


@pytest.mark.parametrize(
    "value", [True, np.True_, "3", None, float("nan"), float("inf"), -1, HUGE, np.float32("inf"), 3j, np.array([1, 2])]
)
def test_what_is_no_number_in_range_is_refused_by_name(value: Any) -> None:
    for config, name in NUMBERS:
        if (value is None and name == "seed") or (value is HUGE and isinstance(getattr(config, name), int)):
            continue
        with pytest.raises(MinigptError, match=f"^{name}="):
            type(config)(**{**asdict(config), name: value})


def test_options_of_a_sweep_can_be_recorded() -> None:
    """Values from np.linspace and np.arange."""
    options = Options.parse({"learning_rate": np.float32(1e-3), "layers": np.int64(2), "dropout": np.float64(0.25), "seed": np.uint32(7)})
    assert json.loads(json.dumps(asdict(options)))["layers"] == 2
    model, training = options.configure()
    assert (model.n_layer, model.dropout, training.seed) == (2, 0.25, 7)
    assert training.learning_rate == pytest.approx(1e-3)


@pytest.mark.parametrize(
    ("command", "arguments", "kind"),
    [(train_command, [], Options), (corpus_command, [], Options), (generate_command, ["run"], SampleConfig)],
)
def test_a_command_without_options_asks_for_the_defaults(command: click.Command, arguments: list[str], kind: type) -> None:
    names = {field.name for field in fields(kind)}
    given = {name: value for name, value in command.make_context("minigpt", arguments).params.items() if name in names}
    assert len(given) >= 7
    assert kind(**given) == kind()
