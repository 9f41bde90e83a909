"""Where a training starts: the base in int8, found by its package's name; random weights; which one is taken when nobody says."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

import minigpt
from minigpt import ModelConfig, TrainConfig, Trainer
from minigpt.corpus.prompt.understand import understand
from minigpt.disk.checkpoint import load_checkpoint, save_config, save_tokenizer
from minigpt.disk.tensors import SEAL, read_tensors, seal
from minigpt.disk.weights import SCALES, WEIGHTS, load_weights, quantized, save_weights
from minigpt.errors import MinigptError
from minigpt.params import EMBEDDING
from minigpt.run import start
from minigpt.run.defaults import FROM_BASE, ONCE
from minigpt.run.listener import Listener
from minigpt.run.options import Options
from minigpt.run.vocabulary import compact
from minigpt.tokenizer import Tokenizer

PROMPT = "A GPT that writes short poems about the sea"
SHORT = {"source": "template", "initial_tokens": 2500, "final_tokens": 2000, "epochs": 1, "threads": 1, "context": 32}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package `minigpt_base` whose model has two narrow layers and a thousand tokens."""
    above = tmp_path_factory.mktemp("site")
    model = above / start.PACKAGE / "model"
    model.mkdir(parents=True)
    (model.parent / "__init__.py").touch()
    full = Tokenizer.gpt2()
    tokenizer = compact(full, range(256, 1000))
    config = ModelConfig(2, 2, 32, 64, tokenizer.vocab_size)
    stored, read = quantized(Trainer(config, TrainConfig(seed=5), device="cpu", threads=1).state_dict())
    save_config(model, config, 64, tokenizer.end_of_text)
    save_tokenizer(model, tokenizer, 64)
    save_file(stored, model / WEIGHTS, {"format": "pt", SEAL: seal(read, {"format": "pt"})})
    return above


@pytest.fixture
def base(package: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That package, found before any that is installed."""
    monkeypatch.syspath_prepend(str(package))
    return package / start.PACKAGE / "model"


NARROW = {"layers": 2, "heads": 2, "width": 32, "positions": 64}


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_int8_rows_are_within_half_a_step_of_the_numbers(rows: int, columns: int, seed: int) -> None:
    """A step is a 127th of the row's largest number; a row of zeros stays one; vectors are rounded to float16."""
    rng = np.random.default_rng(seed)
    matrix = (rng.standard_normal((rows, columns)) * 10.0 ** rng.integers(-6, 3, (rows, 1))).astype(np.float32)
    matrix[rng.random(rows) < 0.2] = 0
    stored, read = quantized({"m": matrix, "v": matrix[0]})
    assert stored["m"].dtype == np.int8 and stored["m" + SCALES].shape == (rows, 1)
    largest = np.abs(matrix).max(axis=1, keepdims=True)
    assert (np.abs(read["m"] - matrix) <= largest / 127 * (0.5 + 1e-4)).all()
    assert np.array_equal(read["v"], matrix[0].astype(np.float16).astype(np.float32))


def test_int8_is_a_quarter_on_disk_and_read_as_what_it_was_sealed_as(base: Path) -> None:
    """The checksum is of the float32 numbers that the file means."""
    found = load_checkpoint(base)
    assert all(array.dtype == np.float32 for array in found.state.values())
    numbers = sum(array.size for array in found.state.values())
    assert (base / WEIGHTS).stat().st_size < 1.4 * numbers
    assert len(minigpt.load(base).generate("Sea", max_tokens=3, seed=1)) > 0


@pytest.mark.parametrize("place", [-1, -5000])
def test_a_damaged_byte_of_an_int8_model_is_noticed(base: Path, tmp_path: Path, place: int) -> None:
    data = bytearray((base / WEIGHTS).read_bytes())
    data[place] ^= 0x10
    (tmp_path / WEIGHTS).write_bytes(data)
    with pytest.raises(MinigptError, match="checksum does not match"):
        load_weights(tmp_path / WEIGHTS, start.config_of(base))


@pytest.mark.parametrize("fault", ["no scales", "wrong shape", "a vector"])
def test_int8_without_a_scale_for_each_row_is_refused(base: Path, tmp_path: Path, fault: str) -> None:
    state = load_checkpoint(base).state
    stored, _ = quantized(state)
    name = next(name for name in state if state[name].ndim == 2)
    if fault == "no scales":
        del stored[name + SCALES]
    elif fault == "wrong shape":
        stored[name + SCALES] = stored[name + SCALES][:-1]
    else:
        vector = next(name for name in state if state[name].ndim == 1)
        stored[vector] = stored[vector].astype(np.int8)
    save_file(stored, tmp_path / WEIGHTS)
    with pytest.raises(MinigptError, match="stored as int8 without a scale for each row; save the model as float32"):
        load_weights(tmp_path / WEIGHTS, start.config_of(base))


def test_the_base_is_the_start_where_it_fits(base: Path) -> None:
    """Its shape, the corpus's vocabulary; another shape, GPT-2's whole vocabulary or `none` start from random weights."""
    fitting = Options.parse(NARROW)
    assert start.settled(fitting).init == start.BASE
    for options in (NARROW | {"vocab": "full"}, NARROW | {"width": 34}, {"model_size": "33M"}, NARROW | {"init": start.NONE}):
        assert start.settled(Options.parse(options)).init == start.NONE


@pytest.mark.parametrize(
    ("prompt", "known"), [("short poems about the sea", True), ("a grumpy wizard", False), ("poems and riddles about cats", False)]
)
def test_what_the_base_has_not_read_is_learned_longer_and_in_larger_steps(base: Path, prompt: str, known: bool) -> None:
    """Its record says which categories it has read; options that are given stay, and minutes need no epochs."""
    record = base / start.RECORD
    record.write_text(json.dumps({"text": {"characters": {"minigpt:templates poetry": 9, "minigpt:templates cooking": 9, "npm:a b": 1}}}))
    try:
        request, o = understand(prompt), Options(init="base", source="template")
        assert start.read_by_base() == {"poetry": math.inf, "cooking": math.inf}
        tuned = start.tuned(o, request)
        assert (tuned == o) == known
        if not known:
            assert (
                tuned.configure()[1].epochs > o.configure()[1].epochs
                and tuned.configure()[1].learning_rate > o.configure()[1].learning_rate
            )
        given = replace(o, epochs=3, learning_rate=1e-5)
        assert start.tuned(given, request) == given
        assert start.tuned(replace(o, minutes=5.0), request).epochs is None
        for other in (replace(o, init="none"), replace(o, source="ollama"), replace(o, source="own", data=("a.txt",))):
            assert start.tuned(other, request) == other
    finally:
        record.unlink()
    assert start.read_by_base() == {}  # a base without a record has read nothing that is known


@pytest.mark.parametrize(("poetry", "cooking", "once"), [(0.59, 0.5, True), (0.61, 0.5, False), (None, 0.5, False), ("0.1", 0.5, False)])
def test_what_the_base_knows_well_is_read_once(base: Path, poetry: object, cooking: object, once: bool) -> None:
    """All categories of a prompt, by the losses in the base's record; options that say how much stay."""
    record, names = base / start.RECORD, {"minigpt:templates poetry": 9, "minigpt:templates cooking": 9}
    record.write_text(json.dumps({"text": {"characters": names}, "held_out": {"poetry": poetry, "cooking": cooking, "all": 1.4}}))
    try:
        o = Options(init="base", source="template")
        tuned = start.tuned(o, understand("poems and recipes"))
        wanted = ONCE if once else FROM_BASE
        assert (tuned.final_tokens or o.recipe.final_tokens, tuned.configure()[1].epochs) == (wanted.final_tokens, wanted.epochs)
        assert start.tuned(o, understand("recipes")).epochs == ONCE.epochs
        for given in ({"epochs": 2}, {"initial_tokens": 240_000}, {"final_tokens": 100_000}, {"minutes": 5.0}):
            assert start.tuned(replace(o, **given), understand("recipes")) == replace(o, **given)
    finally:
        record.unlink()


def test_without_an_installed_base_weights_are_random(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Asking for it by name says how to install it, before anything is written."""
    monkeypatch.setattr(start, "PACKAGE", "minigpt_base_of_another_name")
    assert start.base_folder() is None
    assert start.settled(Options()).init == start.NONE
    with pytest.raises(MinigptError, match=r"the base is not installed: .*pip install .*[/\\]base, or start with --init none"):
        minigpt.train(PROMPT, init="base", out=tmp_path / "run", **SHORT)
    assert not (tmp_path / "run").exists()


def test_a_run_from_the_base_keeps_its_tokens_and_says_where_it_started(base: Path, tmp_path: Path) -> None:
    """The first weights are the base's; the record names it with its checksum, and so do the plan and the card."""
    said: list[str] = []

    class Heard(Listener):
        def say(self, topic: str, text: str) -> None:
            said.append(text)

        def step(self, course: object) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        minigpt.train(PROMPT, out=tmp_path / "run", listener=Heard(), **NARROW, **SHORT)
    first = load_checkpoint(base)
    initial = read_tensors(tmp_path / "run" / "checkpoint" / "initial.safetensors")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["options"]["init"] == start.BASE
    assert record["start"] == start.described(Options(init="base")) and len(record["start"]["checksum"]) == 64
    assert any("the base" in line for line in said)
    name = "transformer.h.1.mlp.c_fc.weight"
    assert np.array_equal(initial[name], first.state[name])
    model = minigpt.resume(tmp_path / "run")
    assert first.tokenizer.token_ids.keys() <= model.tokenizer.token_ids.keys()
    assert "the base" in (tmp_path / "run" / "README.md").read_text()


def test_a_model_with_many_tokens_keeps_just_these(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The corpus is spelled in them, as the tokenizer spells its text, in both streams; the embedding is the model's own."""
    monkeypatch.setattr("minigpt.run.tokenize.WIDE", 500)

    class Stopped(Listener):
        def step(self, course: object) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        minigpt.train(PROMPT, out=tmp_path / "run", listener=Stopped(), **NARROW, **SHORT)
    first, place = load_checkpoint(base), tmp_path / "run" / "checkpoint"
    documents = [json.loads(line) for line in (tmp_path / "run" / "corpus.jsonl").read_text().splitlines()]
    for name, split in (("train.ids", "train"), ("held_out.ids", "held_out")):
        texts = [document["text"] for document in documents if document["split"] == split]
        wanted = [i for text in texts for i in (*first.tokenizer.encode(text), first.tokenizer.end_of_text)]
        assert np.fromfile(place / name, "<u2").tolist() == wanted and wanted
    assert np.array_equal(read_tensors(place / "initial.safetensors")[EMBEDDING], first.state[EMBEDDING])
    assert minigpt.resume(tmp_path / "run").tokenizer.token_ids == first.tokenizer.token_ids


def test_a_run_does_not_begin_with_another_model_than_the_record_says(base: Path, tmp_path: Path) -> None:
    """Before the tokens are chosen, the first model must be the recorded one; afterwards the run has its own copy."""
    first = tmp_path / "first"
    shutil.copytree(base, first)
    minigpt.run.pipeline.write_corpus(PROMPT, init=first, out=tmp_path / "run", **SHORT)  # type: ignore[attr-defined]
    state = load_checkpoint(base).state
    save_weights(first, state | {EMBEDDING: state[EMBEDDING] + 1})
    with pytest.raises(MinigptError, match="is not the model that this run began with; put that one back, or start a new run"):
        minigpt.resume(tmp_path / "run")
    shutil.copy(base / WEIGHTS, first / WEIGHTS)
    minigpt.resume(tmp_path / "run")
