"""The defaults: written in several places, they say the same, and what the paper and the help
say."""

from __future__ import annotations

import re
from dataclasses import fields
from itertools import pairwise

import click
import numpy as np
import pytest

from minigpt.cli import cli
from minigpt.config import SIZES, ModelConfig, SampleConfig, TrainConfig
from minigpt.corpus.ollama.limits import Limits
from minigpt.model import count_parameters
from minigpt.run.defaults import cool
from minigpt.run.options import Options
from minigpt.run.timing import WRITTEN
from minigpt.tokenizer import Tokenizer


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def said(name: str, option: str) -> str:
    """What the help of a command calls the default of an option."""
    (parameter,) = [p for p in command(name).params if p.name == option]
    assert isinstance(parameter, click.Option)
    found = re.search(r"\[default: ([^\]]+)\]", parameter.help or "")
    return found[1] if found else str(parameter.default)


def test_a_model_is_by_default_the_smallest_size_with_all_tokens_of_gpt2() -> None:
    size, config = SIZES["12M"], ModelConfig()
    assert (config.n_layer, config.n_head, config.n_embd, config.n_positions) == (
        size.n_layer,
        size.n_head,
        size.n_embd,
        size.n_positions,
    )
    assert config.vocab_size == Tokenizer.gpt2().vocab_size


def test_what_the_paper_says_is_the_default() -> None:
    """Radford et al. 2018, section 4.1: dropout, initial weights, decay, a window of 512 tokens;
    Adam's own rates, as in Kingma & Ba 2015."""
    config, training = ModelConfig(), TrainConfig()
    assert (
        config.dropout,
        config.initializer_range,
        config.n_positions,
        training.weight_decay,
    ) == (0.1, 0.02, 512, 0.01)
    assert config.layer_norm_epsilon == 1e-5  # as in OpenAI's code
    assert (training.beta1, training.beta2, training.epsilon) == (0.9, 0.999, 1e-8)
    assert (training.warmup_steps, training.schedule, training.total_steps) == (
        0,
        "constant",
        0,
    )  # those follow from the corpus
    assert training.clip_norm == 1.0


def test_names_of_sizes_are_their_parameters() -> None:
    """In millions, between those with the 3,000 tokens of a written corpus and those with all of
    GPT-2's. All have heads of 64."""
    for size in SIZES.values():
        shape = (size.n_layer, size.n_head, size.n_embd, size.n_positions)
        least, most = (count_parameters(ModelConfig(*shape, V)) / 1e6 for V in (3000, 50_257))
        assert round(least) <= float(size.name.removesuffix("M")) <= most
        assert size.n_embd / size.n_head == 64


def test_the_wider_a_model_the_lower_its_rate_and_the_more_text_it_gets() -> None:
    """The rate falls at least as fast as the width grows, but not with its square. Half of what is
    written is kept."""
    sizes = sorted(SIZES.values(), key=lambda size: size.n_embd)
    for small, large in pairwise(sizes):
        wider = large.n_embd / small.n_embd
        assert wider <= small.learning_rate / large.learning_rate <= wider**2 + 0.3
    assert [size.initial_tokens for size in sizes] == [2 * size.final_tokens for size in sizes]
    for name in ("initial_tokens", "final_tokens"):
        first, second, third = (f"{getattr(size, name):,}" for size in sizes)
        assert said("train", name).startswith(f"{first}, {second} or {third}, by size")


@pytest.mark.parametrize(
    "name",
    [
        "epochs",
        "batch_size",
        "context",
        "dropout",
        "seed",
        "checkpoint_seconds",
    ],
)
def test_a_run_without_options_is_as_the_help_says(name: str) -> None:
    config, training = Options().configure()
    value = getattr(training, name, getattr(config, name, getattr(Options(), name, None)))
    assert re.split("[,;]", said("train", name))[0] == str(value)
    if name in ("epochs", "context", "seed", "dropout"):
        assert value == getattr(TrainConfig(), name, getattr(ModelConfig(), name, None))


@pytest.mark.parametrize("name", ["epochs", "dropout", "initial_tokens", "final_tokens"])
def test_a_run_from_the_base_is_as_the_help_says(name: str) -> None:
    """Templates are read less often there, without dropout; own text as from random weights, in smaller steps."""
    recipe = Options(init="base", source="template").recipe
    value = getattr(recipe, name)
    assert f"; {value:,} " in f"{said('train', name)} ".replace("; 0 ", "; 0.0 ")
    own, size = Options(init="base", source="own", data=("a.txt",)).recipe, Options().recipe
    assert own._replace(learning_rate=size.learning_rate) == size and recipe.learning_rate <= own.learning_rate < size.learning_rate


def test_a_corpus_is_taken_to_have_as_many_different_tokens_as_the_help_of_bench_says() -> None:
    (option,) = [p for p in command("bench").params if p.name == "vocab_size"]
    assert isinstance(option, click.Option)
    low, high = re.search(r"([\d,]+) to ([\d,]+)", option.help or "").groups()
    assert int(low.replace(",", "")) < WRITTEN == option.default < int(high.replace(",", ""))


def test_text_is_sampled_as_the_help_says() -> None:
    for field in fields(SampleConfig):
        if field.name not in ("seed", "stop"):
            assert said("generate", field.name) == str(field.default), field.name


@pytest.mark.parametrize("name", ["connection", "evaluation"])
def test_a_teacher_is_waited_for_as_long_as_the_help_says(name: str) -> None:
    assert float(said("train", f"ollama_timeout_{name}")) == getattr(Limits(), name)


def test_a_batch_of_the_loop_and_its_patience_are_small() -> None:
    """Of a corpus of a hundred windows: an epoch has dozens of steps, and three epochs without a
    gain end it."""
    training = TrainConfig()
    assert 4 <= training.batch_size <= 16
    assert 2 <= training.patience / training.evaluations_per_epoch <= 5
    assert 1 < training.evaluations_per_epoch < 5
    assert 0.5e-4 < training.learning_rate < 1e-3
    assert np.isclose(training.learning_rate, SIZES["117M"].learning_rate)


@pytest.mark.parametrize(
    ("category", "source", "temperature"),
    [
        ("cooking", "template", 0.6),
        ("technical", "template", 0.5),
        ("technical", "ollama", 0.5),
        ("technical", "own", 0.6),
        (None, "own", 0.6),
    ],
)
def test_samples_with_code_are_cooler_unless_the_documents_are_the_users(category: str | None, source: str, temperature: float) -> None:
    assert cool({"request": category and {"category": category}, "source": {"name": source}}) == temperature
    assert cool({}) == 0.6
