"""What a TextModel says of a text that it reads: against the plain file of the lecture in float64, with every kind of kernels."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strict_cupy import strict_cupy

from minigpt import plain
from minigpt.backend import Backend, CupyBackend, choose_backend
from minigpt.config import ModelConfig
from minigpt.disk.checkpoint import Checkpoint
from minigpt.errors import MinigptError
from minigpt.generate import context_start
from minigpt.model import new_parameters
from minigpt.run.reading import Token, passes
from minigpt.run.textmodel import TextModel
from minigpt.tokenizer import Tokenizer

WINDOW = 24
TEXT = "Stir the soup, then stir it again."
LONG = f"{TEXT} The naïve fox — 狐 🦊 — don't jump. " * 4


def make(tokenizer: Tokenizer, backend: Backend, n_head: int = 2, padding: int = 0) -> TextModel:
    """Random weights that leave no attention even, with biases and gains that show; `padding` rows of the embedding are no tokens."""
    size = tokenizer.vocab_size + padding
    config = ModelConfig(n_layer=3, n_head=n_head, n_embd=96, n_positions=32, vocab_size=size, initializer_range=0.3)
    parameters = new_parameters(config, Backend("tests"))
    rng = np.random.default_rng(0)
    parameters.initialize(rng)
    state = {p.name: p.value + rng.normal(0, 0.1, p.value.shape).astype(np.float32) for p in parameters}
    return TextModel(Checkpoint(config, state, tokenizer, WINDOW), backend)


@pytest.fixture(scope="module", params=["NumPy", "CuPy", "compiled", "wide heads", "padded"])
def model(request: pytest.FixtureRequest, small_tokenizer: Tokenizer) -> TextModel:
    """The lecture's layers, over CuPy's stand-in too, and those that `load` takes here; they leave heads wider than 64 to the lecture's."""
    if request.param == "CuPy":
        return make(small_tokenizer, CupyBackend(strict_cupy, "tests"))
    if request.param == "NumPy":
        return make(small_tokenizer, Backend("tests"))
    backend = choose_backend("cpu")
    if not backend.faster:
        pytest.skip("no numba here")
    return make(small_tokenizer, backend, 1 if request.param == "wide heads" else 2, 5 if request.param == "padded" else 0)


def state(model: TextModel) -> plain.State:
    return {p.name: model.backend.to_host(p.value).astype(np.float64) for p in model.network.parameters}


def their_attention(model: TextModel, ids: list[int]) -> np.ndarray:
    """Layer by layer in float64, by the formula alone."""
    p, H = state(model), model.config.n_head
    x, found = p[plain.TOKENS][ids] + p[plain.POSITIONS][: len(ids)], []
    for layer in range(model.config.n_layer):
        name, (T, C) = f"transformer.h.{layer}", x.shape
        q, k, _ = plain.linear(x, p, f"{name}.attn.c_attn")[0].reshape(T, 3, H, C // H).transpose(1, 2, 0, 3)
        e = np.exp(q @ k.swapaxes(1, 2) / math.sqrt(C // H)) * np.tri(T)
        found.append(e / e.sum(axis=2, keepdims=True))
        x, _ = plain.block(x, p, name, H)
    return np.array(found)


def their_logs(model: TextModel, ids: list[int]) -> np.ndarray:
    """log softmax (V,) of the token after `ids`."""
    logits = plain.gpt(np.array(ids), state(model), model.config.n_head)[0][-1, : model.tokenizer.vocab_size]
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def test_attention_is_the_softmax_of_the_formula(model: TextModel) -> None:
    """Rows sum to 1 and nothing looks ahead, also after a longer text has filled the buffers."""
    model.logits(model.tokenizer.encode(LONG)[:30])
    for text in (TEXT, "S", LONG[:9]):
        ids, found = model.tokenizer.encode(text), model.attention(text)
        T = len(ids)
        assert found.shape == (3, model.config.n_head, T, T) and found.dtype == np.float32
        assert np.array_equal(found, np.tril(found)) and (found >= 0).all()
        assert np.abs(found.sum(axis=-1) - 1).max() < 1e-6
        assert np.abs(found - their_attention(model, ids)).max() < 2e-5
    assert found.std() > 0.1


def test_attention_is_the_callers_to_keep(model: TextModel) -> None:
    first = model.attention(TEXT)
    before = first.copy()
    model.attention("The fox don't jump")
    assert np.array_equal(first, before)
    first[...] = 0
    assert np.array_equal(model.attention(TEXT), before)


@pytest.mark.parametrize("text", [TEXT, LONG])
def test_a_tokens_probability_is_that_of_the_formula(model: TextModel, text: str) -> None:
    """From end-of-text and all before it, or from as much as generation would have seen."""
    ids = [model.tokenizer.end_of_text, *model.tokenizer.encode(text)]
    tokens = model.tokens(text)
    assert [token.id for token in tokens] == ids[1:]
    assert "".join(token.text for token in tokens) == text
    losses = []
    for n, token in enumerate(tokens, 1):
        logs = their_logs(model, ids[context_start(n, WINDOW) : n])
        losses.append(-logs[token.id])
        assert token.probability == pytest.approx(math.exp(logs[token.id]), rel=1e-4, abs=1e-9)
        assert token.rank == pytest.approx(1 + (logs > logs[token.id]).sum(), abs=1)  # neighbours may be equal but for rounding
        assert token.loss == pytest.approx(losses[-1], rel=1e-4)
    assert len({token.rank for token in tokens}) > 5
    assert model.loss(text) == pytest.approx(np.mean(losses), rel=1e-5)
    assert (len(ids) > model.config.n_positions) == (text == LONG)


def test_an_embedding_is_the_last_hidden_state(model: TextModel) -> None:
    """Times the output matrix it gives the logits; the vector of a text is the mean."""
    ids, states = model.tokenizer.encode(TEXT), model.embed(TEXT, each=True)
    assert states.shape == (len(ids), 96) and states.dtype == np.float32
    output = state(model)[plain.TOKENS]
    assert np.allclose(states @ output.T, model.logits(ids), rtol=1e-4, atol=1e-3)
    assert np.allclose(model.embed(TEXT), states.mean(axis=0), rtol=1e-6)
    long = model.embed(LONG, each=True)
    everything = model.tokenizer.encode(LONG)
    assert len(long) == len(everything)
    for end in (1, WINDOW, WINDOW + 1, len(long)):
        seen = everything[context_start(end, WINDOW) : end]
        assert np.allclose(long[end - 1], last_state(model, seen), atol=1e-4)


def last_state(model: TextModel, ids: list[int]) -> np.ndarray:
    """The state after `ids`, in float64."""
    p, H = state(model), model.config.n_head
    x = p[plain.TOKENS][ids] + p[plain.POSITIONS][: len(ids)]
    for layer in range(model.config.n_layer):
        x, _ = plain.block(x, p, f"transformer.h.{layer}", H)
    return np.asarray(x[-1])


@given(length=st.integers(0, 300), window=st.integers(1, 60))
def test_every_position_is_read_once_and_sees_what_generation_sees(length: int, window: int) -> None:
    counted = []
    for seen, count in passes(length, window):
        assert 0 < count <= seen.stop - seen.start <= window
        for end in range(seen.stop - count + 1, seen.stop + 1):
            assert seen.start == context_start(end, window)
            counted.append(end)
    assert counted == list(range(1, length + 1))


def test_what_cannot_be_read_is_refused_with_the_numbers(model: TextModel) -> None:
    assert model.tokens("") == []
    for call in (model.loss, model.attention, model.embed):
        with pytest.raises(MinigptError, match="the text is empty"):
            call("")
    with pytest.raises(MinigptError, match=r"the text has \d+ tokens, and the model sees at most 24 at once; give a shorter one"):
        model.attention(LONG)


def test_a_broken_model_says_so(small_tokenizer: Tokenizer) -> None:
    model = make(small_tokenizer, Backend("tests"))
    model.network.parameters.values[...] = np.nan
    for call in (model.tokens, model.loss):
        with pytest.raises(MinigptError, match="the model is broken: its scores"):
            call(TEXT)


def test_reading_does_not_disturb_a_text_that_is_being_written(model: TextModel) -> None:
    """Nor the other way round."""
    whole, expected = model.generate(TEXT, max_tokens=40, seed=3), model.loss(LONG)
    pieces = []
    for piece in model.stream(TEXT, max_tokens=40, seed=3):
        pieces.append(piece)
        model.attention(TEXT)
        assert model.loss(LONG) == expected
    assert "".join(pieces) == whole


def test_a_token_can_be_pickled_and_says_its_loss() -> None:
    token = Token(5, " soup", 0.25, 2)
    assert pickle.loads(pickle.dumps(token)) == token
    assert token.loss == pytest.approx(math.log(4))
    assert Token(5, " soup", 0.0, 2).loss == math.inf


def test_attention_of_a_layer_that_keeps_no_weights_is_refused(small_tokenizer: Tokenizer) -> None:
    """A part that somebody swapped in need not keep them (CONTRIBUTING.md)."""
    model = make(small_tokenizer, Backend("tests"))
    layer = model.network.blocks[1].attn
    forward = type(layer).forward

    class Forgetful(type(layer)):
        def forward(self, x, B, cache=None):
            y = forward(self, x, B, cache)
            del self.weights
            return y

    layer.__class__ = Forgetful
    with pytest.raises(MinigptError, match="Forgetful does not keep its weights"):
        model.attention(TEXT)
