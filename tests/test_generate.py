"""Text from a model: decoding with the cache, the choice of a token, the stream and where it ends."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.attention import Cache
from minigpt.backend import Backend
from minigpt.config import ModelConfig, SampleConfig, TrainConfig
from minigpt.errors import MinigptError
from minigpt.generate import GROUPS, Predictor, Sample, choose, context_start, likeliest, split_at_stop, stream
from minigpt.layers import Workspace
from minigpt.model import GPT, new_parameters
from minigpt.run.vocabulary import compact
from minigpt.tokenizer import Tokenizer
from minigpt.trainer import Trainer

P = 16  # positions of the random model
DOCUMENT = "Stir, stir 🦊 the naïve soup —\nand serve it."


@pytest.fixture(scope="module")
def babbler(small_tokenizer: Tokenizer) -> GPT:
    """A model with large random weights over the small tokenizer: sure of itself, and senseless."""
    config = ModelConfig(
        n_layer=2, n_head=2, n_embd=16, n_positions=P, vocab_size=small_tokenizer.vocab_size, dropout=0.1, initializer_range=0.3
    )
    parameters = new_parameters(config, Backend("tests"))
    parameters.initialize(np.random.default_rng(0))
    return GPT(parameters)


@pytest.fixture(scope="module")
def document_tokenizer(gpt2: Tokenizer) -> Tokenizer:
    """The compact tokenizer of DOCUMENT."""
    return compact(gpt2, gpt2.encode(DOCUMENT))


@pytest.fixture(scope="module")
def parrot(document_tokenizer: Tokenizer) -> GPT:
    """A model that knows DOCUMENT by heart, with the end-of-text behind it."""
    ids = np.array([[document_tokenizer.end_of_text, *document_tokenizer.encode(DOCUMENT), document_tokenizer.end_of_text]])
    config = ModelConfig(n_layer=1, n_head=2, n_embd=32, n_positions=64, vocab_size=document_tokenizer.vocab_size, dropout=0.0)
    with closing(Trainer(config, TrainConfig(learning_rate=1e-2), threads=1, backend=Backend("tests"))) as trainer:
        for _ in range(150):
            trainer.step(ids[:, :-1], ids[:, 1:])
        assert trainer.evaluate(ids[:, :-1], ids[:, 1:]) < 0.05
        return trainer.models[0]


def say(model: GPT, tokenizer: Tokenizer, prompt: str = "", window: int = 64, **options: Any) -> tuple[list[str], Sample]:
    """The pieces, and what the sample says of them."""
    sample = Sample()
    pieces = list(stream(model, tokenizer, prompt, SampleConfig(**options), window, sample))
    assert sample.text == "".join(pieces)
    assert all(pieces)
    return pieces, sample


@given(length=st.integers(0, 2000), window=st.integers(1, 600))
def test_the_context_moves_by_half_windows(length: int, window: int) -> None:
    """All of a text that fits; then, from a multiple of half the window, more than half a window and never more than it."""
    start, stride = context_start(length, window), max(1, window // 2)
    assert context_start(length + 1, window) in (start, start + stride)
    if length <= window:
        assert start == 0
    else:
        assert start % stride == 0
        assert window - stride < length - start <= window


def test_the_cache_grows_with_what_was_read(small_tokenizer: Tokenizer) -> None:
    """It takes no memory for positions that a configuration merely claims, and its entries survive each growth."""
    config = ModelConfig(n_layer=2, n_head=2, n_embd=16, n_positions=10**9, vocab_size=small_tokenizer.vocab_size)
    workspace = Workspace(Backend("tests"))
    cache, rng, seen = Cache(config, workspace), np.random.default_rng(0), []
    assert cache.keys.nbytes < 2**20
    for length in (1, 2, 509, 1, 1, 700, 1):
        k, v = rng.standard_normal((2, 2, 1, 2, length, 8), dtype=np.float32)
        seen.append((k, v))
        for block in range(2):
            keys, values = cache.extend(block, k[block], v[block])
            assert np.array_equal(keys, np.concatenate([k[block] for k, _ in seen], axis=2))
            assert np.array_equal(values, np.concatenate([v[block] for _, v in seen], axis=2))
        cache.length += length
    assert cache.length <= cache.room < 2 * cache.length
    assert Cache(replace(config, n_positions=5), workspace).room == 5


def test_scores_that_are_no_numbers_are_told(rng: np.random.Generator) -> None:
    """-inf is a valid score, of a token that is never drawn."""
    for bad in ([np.nan, 1.0], [np.inf, 1.0], [-np.inf, -np.inf]):
        for options in ({}, {"temperature": 0}, {"top_p": 0.5}):
            with pytest.raises(MinigptError, match=r"a\.model is broken"):
                choose(np.array(bad), [0], SampleConfig(**options), rng, "a.model")
    assert {choose(np.array([-np.inf, 1.0, -np.inf]), [0], SampleConfig(top_k=k), rng) for k in (0, 1, 2)} == {1}


def full_logits(model: GPT, ids: list[int], window: int) -> np.ndarray:
    """The scores after `ids` without a cache."""
    start = context_start(len(ids), window)
    return model.logits(model.forward(np.array([ids[start:]]))[-1:])[0]


@pytest.mark.parametrize("window", [P, 7, 2, 1])
@pytest.mark.parametrize("prompt", [1, 5, 2 * P + 3])
def test_decoding_with_the_cache_equals_reading_everything(window: int, prompt: int, babbler: GPT, rng: np.random.Generator) -> None:
    """Over three windows, from a short and from a long prompt: scores to 1e-4, and the same greedy tokens."""
    ids = rng.integers(0, babbler.config.vocab_size, prompt).tolist()
    other, decoder = GPT(babbler.parameters), Predictor(babbler, window)
    greatest = 0.0
    for _ in range(3 * window + 2):
        cached, full = decoder.logits(ids), full_logits(other, ids, window)
        np.testing.assert_allclose(cached, full, rtol=0, atol=1e-4)
        greatest = max(greatest, float(np.abs(full).max()))
        assert cached.argmax() == full.argmax()
        ids.append(int(full.argmax()))
    assert greatest > 1  # the scores are no trifles


def test_the_decoder_reads_several_new_tokens_at_once(babbler: GPT, rng: np.random.Generator) -> None:
    """Whatever the steps by which a text grows, also by more than a window."""
    ids = rng.integers(0, babbler.config.vocab_size, 80).tolist()
    decoder, other = Predictor(babbler, P), GPT(babbler.parameters)
    for length in (3, 4, 9, 16, 17, 25, 60, 62, 80):
        np.testing.assert_allclose(decoder.logits(ids[:length]), full_logits(other, ids[:length], P), rtol=0, atol=1e-4)


@given(
    n=st.one_of(st.integers(1, 40), st.integers(GROUPS - 1, GROUPS + 1), st.integers(1, 6 * GROUPS)),
    k=st.one_of(st.integers(0, 50), st.integers(GROUPS - 1, GROUPS + 1), st.integers(0, 6 * GROUPS)),
    levels=st.sampled_from([1, 2, 50, 10**6]),
    none=st.sampled_from([0, 0.5, 0.99]),
    seed=st.integers(0, 99),
)
def test_the_likeliest_are_those_of_a_sort(n: int, k: int, levels: int, none: float, seed: int) -> None:
    """However many there are, equal scores and those of tokens that are never drawn included."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(-levels, levels, n) * 0.7
    scores[rng.random(n) < none] = -np.inf
    before = scores.copy()
    assert np.array_equal(likeliest(scores, k), np.argsort(-scores, kind="stable")[: k or None])
    assert np.array_equal(scores, before)


def draws(probabilities: list[float], n: int = 400, seen: tuple[int, ...] = (), **options: Any) -> np.ndarray:
    """How often each token was drawn."""
    rng = np.random.default_rng(3)
    logits = np.log(np.array(probabilities, np.float32)) + 5
    config = SampleConfig(**{"temperature": 1.0, "top_k": 0, **options})
    return np.bincount([choose(logits, seen, config, rng) for _ in range(n)], minlength=len(probabilities))


@pytest.mark.parametrize(
    ("options", "support"),
    [
        ({}, {0, 1, 2, 3}),
        ({"top_k": 1}, {2}),
        ({"top_k": 2}, {2, 0}),
        ({"top_k": 3}, {2, 0, 1}),
        ({"top_k": 4}, {2, 0, 1, 3}),
        ({"top_k": 100}, {2, 0, 1, 3}),
        ({"top_p": 0.01}, {2}),
        ({"top_p": 0.49}, {2}),
        ({"top_p": 0.51}, {2, 0}),
        ({"top_p": 0.79}, {2, 0}),
        ({"top_p": 0.81}, {2, 0, 1}),
        ({"top_p": 0.96}, {2, 0, 1, 3}),
        ({"top_k": 2, "top_p": 0.6}, {2}),  # of the two that top-k leaves, the first has 5/8
        ({"top_k": 2, "top_p": 0.64}, {2, 0}),
        ({"temperature": 0.5, "top_p": 0.65}, {2}),  # 25 : 9 : 2.25 : 0.25
        ({"temperature": 0.0}, {2}),
    ],
    ids=str,
)
def test_only_the_likeliest_are_drawn(options: dict[str, Any], support: set[int]) -> None:
    """top-k, top-p of what top-k leaves, after the temperature; all of the set, nothing beside."""
    assert set(np.flatnonzero(draws([0.3, 0.15, 0.5, 0.05], **options)).tolist()) == support


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_follow_the_probabilities(temperature: float) -> None:
    """p^(1/temperature), within five standard deviations of 4,000 draws."""
    p = np.array([0.3, 0.15, 0.5, 0.05])
    expected = p ** (1 / temperature) / (p ** (1 / temperature)).sum()
    found = draws(p.tolist(), 4000, temperature=temperature) / 4000
    assert (abs(found - expected) < 5 * np.sqrt(expected * (1 - expected) / 4000)).all()


def test_draws_of_a_part_follow_its_shares() -> None:
    """The two that top-p or top-k leaves of 0.5, 0.3, ... are drawn as 5 to 3."""
    for options in ({"top_p": 0.6}, {"top_k": 2}):
        found = draws([0.3, 0.15, 0.5, 0.05], 4000, **options) / 4000
        assert abs(found[2] - 5 / 8) < 5 * (5 / 8 * 3 / 8 / 4000) ** 0.5
        assert found[0] + found[2] == 1


@pytest.mark.parametrize(
    ("logits", "seen", "penalty", "chosen"),
    [
        ([2.0, 1.9, -1.0], [0, 2], 2.0, 1),  # a positive score is divided
        ([-1.0, -1.5], [0], 2.0, 1),  # a negative one multiplied
        ([4.0, 1.5], [0, 0, 0], 2.0, 0),  # once, however often it was seen
        ([4.0, 1.5], [1], 2.0, 0),
        ([2.0, 1.9], [], 2.0, 0),
        ([1.0, 1.5], [0], 0.5, 0),  # below 1: rather again
    ],
)
def test_the_repetition_penalty_weakens_what_was_seen(logits: list[float], seen: list[int], penalty: float, chosen: int) -> None:
    """And leaves the caller's scores as they are."""
    array = np.array(logits, np.float32)
    array.flags.writeable = False
    assert choose(array, seen, SampleConfig(temperature=0, repetition_penalty=penalty), np.random.default_rng(0)) == chosen


def test_scores_under_an_extreme_penalty_can_be_compared(rng: np.random.Generator) -> None:
    """They stay finite, also where all of them would be infinite; and in their order, as long as they are within 1e300."""
    for sign, penalty in ((-1.0, 1e307), (1.0, 1e-307)):
        drawn = {choose(np.array([2e4, 1e4]) * sign, [0, 1], SampleConfig(repetition_penalty=penalty), rng) for _ in range(50)}
        assert drawn == {0, 1}
    ordered = SampleConfig(temperature=0, repetition_penalty=1e250)
    assert choose(np.array([-2.0, -1.0]), [0, 1], ordered, rng) == 1


@given(
    logits=st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=20),
    temperature=st.one_of(st.just(0.0), st.floats(1e-300, 1e300)),
    top_k=st.integers(0, 25),
    top_p=st.floats(0, 1, exclude_min=True),
    seed=st.integers(0, 100),
)
def test_any_setting_draws_some_token(logits: list[float], temperature: float, top_k: int, top_p: float, seed: int) -> None:
    """Without a warning, among the k best; near temperature 0, a likeliest one."""
    scores = np.array(logits, np.float32)
    config = SampleConfig(temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
    token = choose(scores, [], config, np.random.default_rng(seed))
    assert 0 <= token < len(scores)
    if top_k:
        assert (scores > scores[token]).sum() < top_k
    if temperature < 1e-100:
        assert scores[token] == scores.max()


def test_temperature_0_repeats_itself_whatever_the_seed(babbler: GPT, small_tokenizer: Tokenizer) -> None:
    """Greedy text has no chance in it."""
    texts = {say(babbler, small_tokenizer, "The", P, temperature=0, max_tokens=40, seed=seed)[1].text for seed in (None, 1, 2)}
    assert len(texts) == 1


def test_a_seed_repeats_its_text_and_no_seed_does_not(babbler: GPT, small_tokenizer: Tokenizer) -> None:
    """The same seed, the same text; others, others; None draws a new one."""
    texts = [
        say(babbler, small_tokenizer, "The", P, temperature=2.0, top_k=0, max_tokens=40, seed=s)[1].text for s in (1, 1, 2, None, None)
    ]
    assert texts[0] == texts[1]
    assert len(set(texts)) == 4


def test_an_empty_prompt_starts_as_a_document_does_and_ends_with_it(parrot: GPT, document_tokenizer: Tokenizer) -> None:
    """The parrot says its document, then end-of-text, which counts as a token and is not shown."""
    pieces, sample = say(parrot, document_tokenizer, temperature=0)
    assert sample == Sample(DOCUMENT, len(document_tokenizer.encode(DOCUMENT)) + 1, "stop")
    assert len(pieces) > 8
    assert not any("\ufffd" in piece for piece in pieces)


@pytest.mark.parametrize("max_tokens", range(12))
def test_max_tokens_is_the_number_of_tokens(max_tokens: int, parrot: GPT, document_tokenizer: Tokenizer) -> None:
    """0 says nothing; of a character cut in the middle, nothing is shown."""
    _, sample = say(parrot, document_tokenizer, temperature=0, max_tokens=max_tokens)
    whole = document_tokenizer.decode(document_tokenizer.encode(DOCUMENT)[:max_tokens]).rstrip("\ufffd")
    assert sample == Sample(whole, max_tokens, "length")


@given(start=st.integers(0, len(DOCUMENT) - 1), length=st.integers(1, 12))
def test_a_stop_string_never_leaks_wherever_tokens_end(start: int, length: int, parrot: GPT, document_tokenizer: Tokenizer) -> None:
    """Any part of the document as stop: the text ends before its first occurrence, and so did everything shown on the way.

    No token is drawn beyond the one that completes it.
    """
    stop = DOCUMENT[start : start + length]
    pieces, sample = say(parrot, document_tokenizer, temperature=0, stop=(stop,))
    assert sample.text == DOCUMENT[: DOCUMENT.find(stop)]
    assert sample.finish_reason == "stop"
    ids = document_tokenizer.encode(DOCUMENT)
    assert sample.tokens == next(n for n in range(len(ids) + 1) if stop in document_tokenizer.decode(ids[:n]))
    assert all(DOCUMENT.startswith("".join(pieces[:n])) for n in range(len(pieces)))


@given(start=st.integers(0, len(DOCUMENT) - 1), max_tokens=st.integers(0, 30))
def test_what_was_held_back_for_a_stop_string_is_released(start: int, max_tokens: int, parrot: GPT, document_tokenizer: Tokenizer) -> None:
    """A stop string that begins as the document ends, and never comes: nothing of the text is lost, at its end or cut short."""
    options: dict[str, Any] = {"temperature": 0, "max_tokens": max_tokens}
    _, free = say(parrot, document_tokenizer, **options)
    _, sample = say(parrot, document_tokenizer, stop=(DOCUMENT[start:] + "!",), **options)
    assert sample == free


def test_the_first_of_several_stop_strings_counts(parrot: GPT, document_tokenizer: Tokenizer) -> None:
    """Not the first of the tuple."""
    assert say(parrot, document_tokenizer, temperature=0, stop=("serve", "soup", "absent"))[1].text == DOCUMENT[: DOCUMENT.find("soup")]


stops = st.lists(st.text("ab", min_size=1, max_size=4), max_size=3)


@given(text=st.text("abc", max_size=12), stops=stops)
def test_only_what_may_become_a_stop_string_is_held_back(text: str, stops: list[str]) -> None:
    """The longest end of the text that a stop string begins with; or, where stop strings are there, the one that ends first cuts."""
    shown, held, stopped = split_at_stop(text, stops)
    if any(stop in text for stop in stops):
        ended = next(text[:n] for n in range(len(text) + 1) if any(text[:n].endswith(stop) for stop in stops))
        longest = max((stop for stop in stops if ended.endswith(stop)), key=len)
        assert (shown, held, stopped) == (ended.removesuffix(longest), "", True)
    else:
        assert not stopped
        assert shown + held == text
        ends = [text[i:] for i in range(len(text)) if any(stop.startswith(text[i:]) for stop in stops)]
        assert held == (ends[0] if ends else "")


def test_pieces_join_to_the_text_also_beyond_the_window(babbler: GPT, small_tokenizer: Tokenizer) -> None:
    """Three windows long, bytes that are no UTF-8 included."""
    pieces, sample = say(babbler, small_tokenizer, "The fox", P, temperature=1.0, max_tokens=3 * P, seed=5)
    assert sample.tokens == 3 * P or sample.finish_reason == "stop"
    assert len(pieces) > 3


def test_the_sample_is_filled_while_the_text_streams(parrot: GPT, document_tokenizer: Tokenizer) -> None:
    """Whoever stops listening has what was said."""
    sample, said = Sample(), ""
    for piece in stream(parrot, document_tokenizer, "", SampleConfig(temperature=0), 64, sample):
        said += piece
        assert sample.text == said
        if sample.tokens > 5:
            break
    assert DOCUMENT.startswith(said)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        *[
            ({name: value}, f"{name}={value!r} must be a whole number of at least 0")
            for name in ("max_tokens", "top_k", "seed")
            for value in (-1, 1.0)
        ],
        *[({"temperature": value}, f"temperature={value!r} must be a finite number at least 0") for value in (-0.1, math.inf, math.nan)],
        *[({"top_p": value}, f"top_p={value!r} must be a finite number above 0 and at most 1") for value in (0, 1.1)],
        *[({"repetition_penalty": value}, f"repetition_penalty={value!r} must be a finite number above 0") for value in (0, math.inf)],
        *[({"stop": value}, f"stop={value!r} must be a tuple of non-empty strings") for value in ("end", ("",), ("a", 1))],
    ],
)
def test_a_sampling_configuration_without_sense_is_refused(values: dict[str, Any], message: str) -> None:
    """The message names the field, the value and what was wanted."""
    with pytest.raises(MinigptError) as refused:
        SampleConfig(**values)
    assert str(refused.value) == message


def test_a_model_that_was_training_samples_without_dropout(tiny_dropout: ModelConfig) -> None:
    """Scores after a step with dropout do not depend on what it dropped."""
    with closing(Trainer(tiny_dropout, device="cpu", threads=1)) as trainer:
        trainer.step(np.zeros((2, 4), dtype=np.int64), np.zeros((2, 4), dtype=np.int64))
        model = trainer.models[0]
        first, second = (Predictor(model, 8).logits([1, 2, 3]) for _ in range(2))
    assert np.array_equal(first, second)
