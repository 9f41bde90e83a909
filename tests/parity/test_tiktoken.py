"""The tokenizer against tiktoken, OpenAI's own, over the same token bytes: no text may give other ids."""

import json
import random
import string
import sys
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.run.vocabulary import compact
from minigpt.tokenizer import END_OF_TEXT, Tokenizer

GPT2_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
GOLDEN = Path(__file__).parent.parent / "golden_tokens.jsonl"
OURS = Tokenizer.gpt2()


def reference(tokenizer: Tokenizer) -> tiktoken.Encoding:
    """A tokenizer's token bytes as tiktoken splits and merges them; no vocabulary is fetched."""
    ranks = {token: i for i, token in enumerate(tokenizer.tokens[: tokenizer.end_of_text])}
    return tiktoken.Encoding("gpt2-here", pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens={END_OF_TEXT: tokenizer.end_of_text})


THEIRS = reference(OURS)

WHITE = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2009\u2028\u2029\u202f\u205f\u3000\u200b\ufeff"
CONTRACTIONS = ["'", "'s", "'t", "'ll", "'ve", "'re", "'d", "'m", "'S", "\u2019s", "''", "' s"]
POOLS: dict[str, list[str]] = {
    "ascii": list(string.printable),
    "latin": [chr(c) for c in range(0x20, 0x250)],
    "unicode with surrogates": [],  # drawn from all code points
    "white space and apostrophes": [*WHITE, *CONTRACTIONS, *"ab1!", " "],
    "emoji": [*map(chr, range(0x1F300, 0x1FAFF)), *"\u200d\ufe0f\u20e3 a1", "\U0001f468\u200d\U0001f469", "\U0001f1eb\U0001f1f7"],
}


def random_text(rng: random.Random, pool: list[str]) -> str:
    length = rng.randrange(1, 60)
    if not pool:
        return "".join(chr(rng.randrange(sys.maxunicode + 1)) for _ in range(length))
    return "".join(rng.choices(pool, k=length))


@pytest.mark.parametrize("pool", POOLS)
def test_two_thousand_random_texts_of_a_pool_give_the_same_ids(pool: str) -> None:
    """10,000 texts in all, the same at every run."""
    rng = random.Random(f"parity {pool}")
    texts = [random_text(rng, POOLS[pool]) for _ in range(2000)]
    assert [text for text in texts if OURS.encode(text) != THEIRS.encode_ordinary(text)] == []


def test_every_code_point_splits_from_an_apostrophe_as_in_tiktoken() -> None:
    """All 1,114,112 of them, surrogates too: a letter, a number, a mark or white space, each by tiktoken's tables."""
    assert [hex(c) for c in range(sys.maxunicode + 1) if OURS.encode(chr(c) + "'t") != THEIRS.encode_ordinary(chr(c) + "'t")] == []


@settings(max_examples=1000, deadline=None)
@given(st.text())
def test_any_text_gives_the_same_ids_and_decodes_as_tiktokens(text: str) -> None:
    """Hypothesis looks for a difference and shrinks it."""
    ids = OURS.encode(text)
    assert ids == THEIRS.encode_ordinary(text)
    assert OURS.decode(ids) == THEIRS.decode(ids) == text


@settings(max_examples=500, deadline=None)
@given(st.lists(st.integers(0, OURS.end_of_text - 1)))
def test_any_ids_decode_as_tiktokens(ids: list[int]) -> None:
    """Also where their bytes are no UTF-8."""
    assert OURS.decode(ids) == THEIRS.decode(ids)


def test_the_golden_file_is_tiktokens_too() -> None:
    """The file that the plain tests hold the tokenizer to."""
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        golden = json.loads(line)
        assert THEIRS.encode_ordinary(golden["text"]) == golden["ids"] == OURS.encode(golden["text"])


def test_a_compact_vocabulary_is_tiktokens_with_the_same_tokens() -> None:
    """Its corpus and other texts."""
    corpus = "Recipe: whisk two eggs with the sugar, then fold in the flour. It's done!\n"
    ours = compact(OURS, OURS.encode(corpus))
    theirs = reference(ours)
    rng = random.Random("parity of compact vocabularies")
    others = [random_text(rng, POOLS[pool]) for pool in POOLS for _ in range(200)]
    assert [text for text in (corpus, *others) if ours.encode(text) != theirs.encode_ordinary(text)] == []


@pytest.mark.parametrize("character", ["a", " ", "\U0001f600", "1"])
def test_a_very_long_word_gives_the_same_ids(character: str) -> None:
    """Where a merge meets a thousand pairs of one rank."""
    word = character * 20_000 + "x"
    assert OURS.encode(word) == THEIRS.encode_ordinary(word)
