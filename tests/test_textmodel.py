"""A TextModel in a program with threads, forks, its own error state and other processes: each caller gets the text it would get alone."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import threading
import weakref

import numpy as np
import pytest

from minigpt.backend import Backend
from minigpt.config import ModelConfig, SampleConfig
from minigpt.disk.checkpoint import Checkpoint
from minigpt.errors import MinigptError
from minigpt.generate import Sample
from minigpt.model import new_parameters
from minigpt.run.textmodel import TextModel, samples
from minigpt.threads import in_turn
from minigpt.tokenizer import Tokenizer

fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks there")
forking = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


def make(tokenizer: Tokenizer) -> TextModel:
    """Random weights, so large that the softmax underflows."""
    config = ModelConfig(n_layer=2, n_head=2, n_embd=64, n_positions=32, vocab_size=tokenizer.vocab_size, initializer_range=2.0)
    parameters = new_parameters(config, Backend("tests"))
    parameters.initialize(np.random.default_rng(0))
    return TextModel(Checkpoint(config, {p.name: p.value for p in parameters}, tokenizer, 24), Backend("tests"))


@pytest.fixture(scope="module")
def model(small_tokenizer: Tokenizer) -> TextModel:
    return make(small_tokenizer)


def text(model: TextModel, seed: int) -> str:
    return model.generate("The fox", max_tokens=50, seed=seed, temperature=2.0, top_k=0, repetition_penalty=1.2)


def pieces(model: TextModel, seed: int):
    return model.stream("The fox", max_tokens=50, seed=seed, temperature=2.0, top_k=0, repetition_penalty=1.2)


def test_threads_get_the_texts_that_they_would_get_alone(model: TextModel) -> None:
    alone = {seed: text(model, seed) for seed in range(6)}
    logits = model.logits(list(range(20)))
    found, same = {}, []

    def work(seed: int) -> None:
        found[seed] = text(model, seed) if seed % 2 else "".join(pieces(model, seed))
        same.append(np.array_equal(model.logits(list(range(20))), logits))

    threads = [threading.Thread(target=work, args=(seed,), daemon=True) for seed in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == alone
    assert same == [True] * 6


def test_streams_that_take_turns_in_one_thread_are_whole(model: TextModel) -> None:
    """Alongside whole texts and logits; an unfinished one holds nobody up."""
    alone = {seed: text(model, seed) for seed in (1, 2, 3)}
    streams = {seed: pieces(model, seed) for seed in alone}
    unfinished = pieces(model, 4)
    next(unfinished)
    found = dict.fromkeys(alone, "")
    while streams:
        for seed, stream in list(streams.items()):
            piece = next(stream, None)
            if piece is None:
                del streams[seed]
            else:
                found[seed] += piece
                model.logits([1, 2, 3])
    assert found == alone
    assert text(model, 1) == alone[1]


@pytest.mark.parametrize("state", ["raise", "warn", "print", "ignore"])
def test_the_callers_error_state_neither_matters_nor_changes(model: TextModel, small_tokenizer: Tokenizer, state: str) -> None:
    """In every call, and between the pieces of a stream; warnings are errors in these tests."""
    expected, logits = text(model, 1), model.logits(list(range(20)))
    with np.errstate(all=state):
        before = np.geterr()
        assert text(model, 1) == expected
        assert np.array_equal(model.logits(list(range(20))), logits)
        assert text(make(small_tokenizer), 1) == expected
        found = ""
        for piece in pieces(model, 1):
            assert np.geterr() == before
            found += piece
        assert found == expected
        assert np.geterr() == before


def test_a_call_in_the_middle_of_a_call_of_the_same_thread_is_refused(model: TextModel) -> None:
    """It would use the same buffers; the model is free again afterwards."""
    inside = in_turn(lambda model: model.logits([1]))  # a call within a call
    with pytest.raises(MinigptError, match="called during another call of the same model"):
        inside(model)
    assert model.logits([1]).shape[0] == 1


@fork
@forking
def test_a_forked_process_goes_on_while_other_threads_compute(model: TextModel) -> None:
    expected, stop, started = text(model, 1), threading.Event(), threading.Event()

    def work() -> None:
        while not stop.is_set():
            text(model, 2)
            started.set()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    started.wait(30)
    statuses = []
    try:
        for _ in range(3):
            child = os.fork()
            if not child:
                signal.alarm(20)
                os._exit(7 if text(model, 1) == expected else 1)
            statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert statuses == [7, 7, 7]
    assert text(model, 1) == expected


@pytest.mark.parametrize("again", [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy, copy.copy])
def test_a_pickled_or_copied_model_is_a_model_of_its_own(model: TextModel, again) -> None:
    """It gives the same texts, and shares nothing with the first."""
    other = again(model)
    assert text(other, 3) == text(model, 3)
    assert other.turns is not model.turns
    assert other.tokenizer.encode("The fox — 狐") == model.tokenizer.encode("The fox — 狐")
    before = text(model, 3)
    other.network.parameters.values[...] = 0
    assert text(model, 3) == before


def test_a_tokenizer_that_knows_gpt2s_words_whole_is_pickled_as_one(gpt2: Tokenizer) -> None:
    other = pickle.loads(pickle.dumps(gpt2))
    assert other.tokens == gpt2.tokens
    for words in ("The naïve fox", "antidisestablishmentarianism", ""):
        assert other.encode(words) == gpt2.encode(words)


def test_a_model_goes_when_nobody_uses_it_any_more(small_tokenizer: Tokenizer) -> None:
    """Immediately, without the garbage collector: weights, buffers and tokenizer."""
    gc.collect()
    gc.disable()
    try:
        tokenizer = Tokenizer(small_tokenizer.merges)
        tokenizer.encode("The fox")
        model = make(tokenizer)
        text(model, 1)
        next(pieces(model, 1))
        kept = [weakref.ref(thing) for thing in (model, model.network, model.network.parameters.values, model.turns, tokenizer)]
        del model, tokenizer
        assert [reference() for reference in kept] == [None] * 5
    finally:
        gc.enable()


STICKS = "Add the mush mush mush mush mush mush and stir.", "on the hill, on the hill, on the hill, on the hill, on the hill, on the hill"
FINE = "La la la la la, she sang.", "0, 0, 0, 0, 0, 0, 0, 0", "the cat and the dog and the cat and the dog", ""


class Told:
    """A model that writes a given text for each seed from 5 on."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts

    def sample(self, prompt: str, config: SampleConfig) -> Sample:
        assert config.seed is not None
        return Sample(text=self.texts[config.seed - 5])


@pytest.mark.parametrize("stuck", STICKS)
def test_a_sample_that_gets_stuck_gives_way_to_the_next(stuck: str) -> None:
    """As far as there are twice as many seeds; then it stays."""

    def drawn(*texts: str) -> dict[int, str]:
        return samples(Told(*texts), 2, SampleConfig(seed=5))  # type: ignore[arg-type]

    for fine in FINE:
        assert drawn(fine, "b") == {5: fine, 6: "b"}
        assert drawn(stuck, fine, stuck, "b") == {6: fine, 8: "b"}
        assert drawn(fine, stuck, stuck, stuck) == {5: fine, 8: stuck}
    assert drawn(*[stuck] * 4) == {7: stuck, 8: stuck}
