"""What a training keeps and what it adds: LoRA's gradients follow from those of the whole matrices, frozen parts stay to the bit, and a run
that is interrupted ends as any other."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from few import few
from hypothesis import given, settings
from hypothesis import strategies as st

import minigpt
from minigpt import ModelConfig, TrainConfig, Trainer
from minigpt.backend import Backend
from minigpt.errors import MinigptError
from minigpt.lora import DOWN, SCALE, UP
from minigpt.model import specs
from minigpt.run.listener import Listener
from minigpt.run.memory import step_memory

ARCHITECTURES = st.sampled_from(["gpt1", "gpt2"])
SHAPE: dict[str, Any] = {"n_layer": 3, "n_head": 2, "n_embd": 8, "n_positions": 9, "vocab_size": 13, "dropout": 0.0}


def trainer_of(config: ModelConfig, dtype: type = np.float64, **training: Any) -> Trainer:
    """A Trainer with every parameter random, those that are added too."""
    how = {name: training.pop(name) for name in ("threads", "micro_batch") if name in training}
    trainer = Trainer(config, TrainConfig(learning_rate=0.01, **training), backend=Backend("tests"), dtype=dtype, **{"threads": 1, **how})
    rng = np.random.default_rng(3)
    for parameter in trainer.parameters:
        parameter.value[...] = rng.normal(0, 0.3, parameter.value.shape)
    return trainer


def batch(seed: int, B: int = 3) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.random.default_rng(seed).integers(0, SHAPE["vocab_size"], (2, B, 7))
    return x, y


@settings(max_examples=25, deadline=None)
@given(ARCHITECTURES, st.integers(1, 4), st.none() | st.integers(0, 2), st.integers(1, 3), st.none() | st.just(2), st.integers(0, 2**32))
def test_the_gradients_of_a_tuned_model_follow_from_those_of_the_merged_one(
    architecture: str, rank: int, freeze: int | None, threads: int, micro_batch: int | None, seed: int
) -> None:
    """By the chain rule, dA = s dW B^T and dB = s A^T dW, with the gradient dW of the merged matrix; vectors have the same gradients."""
    config = ModelConfig(**SHAPE, architecture=architecture)
    how = {"threads": threads, "micro_batch": micro_batch}
    with closing(trainer_of(config, lora=rank, freeze=freeze, **how)) as tuned, closing(trainer_of(config)) as whole:
        whole.load_state_dict(tuned.state_dict())
        loss, gradients = tuned.loss_and_gradients(*batch(seed))
        expected, full = whole.loss_and_gradients(*batch(seed))
        assert loss == pytest.approx(expected, rel=1e-12)
        assert gradients.keys() == {p.name for p in tuned.parameters if not p.frozen}
        adapted = 0
        for name, gradient in gradients.items():
            wanted = full.get(name)
            for ending, other in ((DOWN, UP), (UP, DOWN)):
                if name.endswith(ending):
                    linear, adapted = name.removesuffix(ending), adapted + 1
                    dW, factor = full[f"{linear}.weight"], tuned.parameters[linear + other].value
                    wanted = SCALE * (dW @ factor.T if ending == DOWN else factor.T @ dW)
            assert wanted is not None
            np.testing.assert_allclose(gradient, wanted, rtol=0, atol=1e-12 * max(1, np.abs(wanted).max()), err_msg=name)
        assert adapted == 2 * 4 * (config.n_layer - (freeze or 0))  # two arrays for each of a block's four maps


@pytest.mark.parametrize("architecture", ["gpt1", "gpt2"])
@pytest.mark.parametrize("training", [{"lora": 2}, {"freeze": 0}, {"freeze": 2}, {"lora": 2, "freeze": 1}], ids=str)
def test_what_is_kept_stays_to_the_bit_and_the_rest_learns(training: dict[str, int], architecture: str) -> None:
    """The embeddings always; of a frozen layer everything; under LoRA every matrix. The loss falls all the same."""
    config = ModelConfig(**SHAPE, architecture=architecture)
    with closing(trainer_of(config, np.float32, weight_decay=0.1, **training)) as trainer:
        trainer.load_state_dict(trainer.state_dict())  # what is added begins at 0
        before = {p.name: p.value.copy() for p in trainer.parameters}
        losses = [trainer.step(*batch(1)) for _ in range(60)]
        assert losses[-1] < losses[0] - 0.2
        lower = [f".h.{i}." for i in range(training.get("freeze", 0))]
        for p in trainer.parameters:
            matrix = p.value.ndim == 2 and not p.name.endswith((DOWN, UP))
            outside = ".h." not in p.name and p.value.ndim == 2
            kept = outside or any(part in p.name for part in lower) or ("lora" in training and matrix)
            assert np.array_equal(p.value, before[p.name]) == kept == p.frozen, p.name
        n = sum(p.value.size for p in trainer.parameters if not p.frozen)
        assert {block.size for block in trainer.flat_state().values()} == {n}  # parameters and both moments


def test_training_begins_with_the_model_as_it_was_and_ends_in_one_without_additions() -> None:
    """Every size of a beginning: the same loss to the bit, and the merged model computes what the tuned one did."""
    config = ModelConfig(**SHAPE)
    with closing(trainer_of(config)) as whole, closing(trainer_of(config, lora=3)) as tuned:
        state = whole.state_dict()
        tuned.load_state_dict(state)
        assert tuned.evaluate(*batch(0)) == whole.evaluate(*batch(0))
        for number in range(5):
            tuned.step(*batch(number))
        merged = tuned.state_dict()
        assert merged.keys() == state.keys()
        whole.load_state_dict(merged)
        assert whole.evaluate(*batch(9)) == pytest.approx(tuned.evaluate(*batch(9)), rel=1e-12)
        tuned.load_state_dict(merged)  # and adds nothing twice
        assert tuned.evaluate(*batch(9)) == pytest.approx(whole.evaluate(*batch(9)), rel=1e-12)


def test_a_frozen_parameter_has_no_gradient_to_add_to() -> None:
    with closing(trainer_of(ModelConfig(**SHAPE), lora=2)) as trainer:
        weight = trainer.parameters["transformer.h.0.mlp.c_fc.weight"]
        with pytest.raises(AttributeError, match="is frozen: it has no gradient"):
            weight.add_product(np.zeros((8, 1)), np.zeros((1, 32)))


def test_a_large_model_is_adapted_in_less_than_half_of_the_memory() -> None:
    """As it is planned: 117M, all tokens, two windows of 256. benchmarks/lora.py measures it."""
    config = ModelConfig(12, 12, 768, 1024, 50257, architecture="gpt2")
    full, tuned = (step_memory(config, 2, 256, 2, training).total for training in (TrainConfig(), TrainConfig(lora=8)))
    assert tuned < 0.45 * full


# --- runs

PROMPT = "A GPT that writes haiku"
SMALL: dict[str, Any] = {"initial_tokens": 2500, "final_tokens": 2000, "epochs": 2, "context": 32, "source": "template", "threads": 1}
TINY = {**SMALL, "init": "none", "layers": 2, "heads": 2, "width": 32, "positions": 64}


class Leaves(Listener):
    """Interrupts a run after some steps, as Ctrl-C does."""

    def step(self, course: Any) -> None:
        if course.step >= 20:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small GPT-2 to start from."""
    folder = tmp_path_factory.mktemp("first") / "run"
    minigpt.train(PROMPT, out=folder, architecture="gpt2", **TINY)
    return folder


WAYS = [{"lora": 2}, {"freeze": 1}, {"lora": 3, "freeze": 0}, {"architecture": "gpt2"}]


@pytest.mark.parametrize("way", few(WAYS, 0), ids=str)
def test_an_interrupted_run_ends_in_the_same_bytes(way: dict[str, Any], first: Path, tmp_path: Path) -> None:
    """Model, configuration and corpus; what is kept comes from the model that the run started from, not from the state."""
    options = {**SMALL, **way, "init": first, "checkpoint_seconds": 0.01}
    whole = minigpt.train(PROMPT, out=tmp_path / "whole", **options).folder
    with suppress(KeyboardInterrupt):
        minigpt.train(PROMPT, out=tmp_path / "left", listener=Leaves(), **options)
    left = minigpt.resume(tmp_path / "left").folder
    assert whole and left
    for name in ("model.safetensors", "config.json", "corpus.jsonl", "tokenizer.json"):
        assert (whole / name).read_bytes() == (left / name).read_bytes(), name
    assert minigpt.load(left).config.architecture == "gpt2"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lora": 2, "init": "none"}, "--lora keeps weights as they are, and these would be random"),
        ({"freeze": 0, "init": "none"}, "--freeze keeps weights as they are, and these would be random"),
        ({"freeze": 2}, "--freeze 2 leaves nothing to train in a model of 2 layers; use at most 1"),
        ({"lora": 17}, "--lora 17 is no low rank in a model of width 32; use at most 16"),
        ({"lora": -1}, "--lora=-1 must be a whole number of at least 0"),
        ({"architecture": "gpt1"}, "--init names a GPT-2, but --architecture wants a GPT-1"),
        ({"architecture": "gpt3"}, "unknown architecture 'gpt3'"),
    ],
)
def test_what_cannot_be_trained_is_said_before_anything_is_written(
    options: dict[str, Any], words: str, first: Path, tmp_path: Path
) -> None:
    with pytest.raises(MinigptError) as error:
        minigpt.train(PROMPT, out=tmp_path / "run", **{**SMALL, "init": first, **options})
    assert words in str(error.value)
    assert not (tmp_path / "run").exists()


def test_nothing_is_added_to_what_is_frozen() -> None:
    """Adapters of a frozen block would be kept, and never learn."""
    config = ModelConfig(3, 2, 8, 8, 20)
    found = specs(config, TrainConfig(lora=2, freeze=2))
    added = {name.split(".")[2] for name, spec in found.items() if spec.added}
    assert added == {"2"}
