"""The compact vocabulary: small, closed, in order; and it splits its corpus as the full one does."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.run.vocabulary import compact
from minigpt.tokenizer import END_OF_TEXT, Tokenizer

LINES = [
    "Melt the butter, then stir in the flour; don't let it brown.",
    "  Autumn moonlight —\na worm digs silently\ninto the chestnut.",
    "def stir(pot):\n    return pot * 2  # naïve",
    "今日は良い天気です。 Привет! 🦊🦊",
]
corpora = st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=40), st.text("the soup'", max_size=40)), max_size=4)


def split(tokenizer: Tokenizer, text: str) -> list[bytes]:
    """The bytes of each token of a text."""
    return [tokenizer.tokens[i] for i in tokenizer.encode(text)]


@pytest.mark.slow
@settings(max_examples=15)
@given(corpus=corpora)
def test_the_corpus_is_split_exactly_as_by_the_full_tokenizer(corpus: list[str], gpt2: Tokenizer) -> None:
    """The same tokens under other ids, end-of-text included."""
    small = compact(gpt2, [token for text in corpus for token in (*gpt2.encode(text), gpt2.end_of_text)])
    for text in corpus:
        assert split(small, text) == split(gpt2, text)


@given(text=st.text())
def test_any_other_text_round_trips(text: str, small_tokenizer: Tokenizer) -> None:
    """Into smaller pieces."""
    assert small_tokenizer.decode(small_tokenizer.encode(text)) == text


@cache
def halves_of(tokenizer: Tokenizer) -> dict[str, tuple[str, str]]:
    """Of each joined token, what it was joined from."""
    return {left + right: (left, right) for left, right in tokenizer.merges}


@pytest.mark.slow
@settings(max_examples=15)
@given(corpus=corpora)
def test_kept_is_what_the_corpus_uses_and_what_that_is_made_of(corpus: list[str], gpt2: Tokenizer) -> None:
    """Closed under the halves of merges, and nothing beside."""
    used = {token for text in corpus for token in gpt2.encode(text)}
    names, halves = list(gpt2.token_ids), halves_of(gpt2)

    def closure(name: str) -> set[str]:
        return {name}.union(*map(closure, halves[name])) if name in halves else {name}

    needed = set().union(*(closure(names[token]) for token in used))
    bytes_and_end = {*names[:256], END_OF_TEXT}
    assert set(compact(gpt2, used).token_ids) == needed | bytes_and_end


def test_ids_are_renumbered_in_order(gpt2: Tokenizer, small_tokenizer: Tokenizer) -> None:
    """No id is left out, the bytes keep theirs, the others keep their order, end-of-text is last."""
    assert list(small_tokenizer.token_ids.values()) == list(range(small_tokenizer.vocab_size))
    old = [gpt2.token_ids[name] for name in small_tokenizer.token_ids]
    assert old == sorted(old)
    assert old[:256] == list(range(256))
    assert old[-1] == gpt2.end_of_text
    assert small_tokenizer.end_of_text == small_tokenizer.vocab_size - 1


def test_the_extremes(gpt2: Tokenizer) -> None:
    """Nothing used leaves bytes and end-of-text; everything used leaves everything."""
    assert compact(gpt2, []).vocab_size == 257
    assert compact(gpt2, [gpt2.end_of_text, 5]).vocab_size == 257
    everything = compact(gpt2, range(gpt2.vocab_size))
    assert everything.merges == gpt2.merges
    assert everything.token_ids == gpt2.token_ids


def test_a_compact_vocabulary_is_compact(gpt2: Tokenizer, small_tokenizer: Tokenizer) -> None:
    """Two lines need 257 and some dozens, and a second compaction changes nothing."""
    assert 257 < small_tokenizer.vocab_size < 400
    assert compact(small_tokenizer, range(small_tokenizer.vocab_size)).token_ids == small_tokenizer.token_ids
