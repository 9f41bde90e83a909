"""The tokenizer: GPT-2's ids, any text there and back, and no input that takes it long."""

from __future__ import annotations

import hashlib
import json
import time
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from few import few
from hypothesis import given
from hypothesis import strategies as st

from minigpt import tokenizer as module
from minigpt.errors import MinigptError
from minigpt.tokenizer import (
    END_OF_TEXT,
    HAS_YOUNG,
    WORDS,
    WORDS_AMONG_YOUNG,
    StreamDecoder,
    Tokenizer,
    byte_alphabet,
    gpt2_merges,
    parse_merges,
)

GOLDEN = [json.loads(line) for line in Path(__file__).with_name("golden_tokens.jsonl").read_text(encoding="utf-8").splitlines()]
AWKWARD = "aeht'ldsTH 019.,!\n\r\t\x1c\x85\u00a0\u200b\u2028\ufeffäßéλДשم狐の한🦊\u0301\u1c89\U0001cd00"
texts = st.one_of(st.text(), st.text(alphabet=AWKWARD, max_size=60))


def test_the_merges_are_those_of_gpt2() -> None:
    """The file, byte for byte, and what is read from it."""
    data = (resources.files("minigpt") / "disk" / "gpt2_merges.txt").read_bytes()
    assert hashlib.sha256(data).hexdigest() == "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"
    assert len(gpt2_merges()) == 50_000


def test_there_are_golden_texts() -> None:
    """The file is not empty by mistake."""
    assert len(GOLDEN) == 64


@pytest.mark.parametrize("golden", GOLDEN, ids=range(len(GOLDEN)))
def test_ids_are_those_of_tiktoken(golden: dict, gpt2: Tokenizer) -> None:
    """Recorded from tiktoken's gpt2; and back to the text."""
    assert gpt2.encode(golden["text"]) == golden["ids"]
    assert gpt2.decode(golden["ids"]) == golden["text"]


@given(text=texts)
def test_any_text_round_trips(text: str, gpt2: Tokenizer, small_tokenizer: Tokenizer) -> None:
    """Through all tokens and through a few."""
    for tokenizer in (gpt2, small_tokenizer):
        assert tokenizer.decode(tokenizer.encode(text)) == text


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd")))
def test_a_stream_never_shows_half_a_character(text: str, small_tokenizer: Tokenizer) -> None:
    """Fed one token at a time, a valid text comes without U+FFFD, each piece its next part, and nothing is left at the end."""
    decoder = StreamDecoder(small_tokenizer)
    pieces = [decoder.feed(token) for token in small_tokenizer.encode(text)]
    assert "".join(pieces) == text


@given(data=st.data())
def test_a_stream_of_any_ids_joins_to_what_decode_gives(data: st.DataObject, small_tokenizer: Tokenizer) -> None:
    """Also where the bytes are no UTF-8; a character that a full stop behind it cuts off is shown as U+FFFD by both."""
    ids = [*data.draw(st.lists(st.integers(0, small_tokenizer.vocab_size - 1))), *small_tokenizer.encode(".")]
    decoder = StreamDecoder(small_tokenizer)
    assert "".join(decoder.feed(token) for token in ids) == small_tokenizer.decode(ids)


def test_half_a_character_waits(gpt2: Tokenizer) -> None:
    """Of the fox's three tokens the last completes it."""
    ids, decoder = gpt2.encode("🦊"), StreamDecoder(gpt2)
    assert len(ids) > 1
    assert [decoder.feed(token) for token in ids] == [""] * (len(ids) - 1) + ["🦊"]


def naive(text: bytes, merges: list[tuple[str, str]]) -> list[str]:
    """BPE by its definition: the lowest rank first, leftmost first, until none is left."""
    parts = [byte_alphabet()[byte] for byte in text]
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    while found := [(ranks[pair], i) for i, pair in enumerate(pairwise(parts)) if pair in ranks]:
        _, i = min(found)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return parts


@given(word=st.text(alphabet="ab", max_size=24))
def test_merging_follows_the_definition_where_pairs_overlap(word: str) -> None:
    """Runs such as aaaaa, in which a pair can be taken in several places."""
    merges = [("a", "a"), ("aa", "a"), ("a", "b"), ("aa", "aa"), ("b", "aa"), ("ab", "ab"), ("aaa", "ab")]
    tokenizer = Tokenizer(merges)
    names = list(tokenizer.token_ids)
    assert [names[i] for i in tokenizer.encode(word)] == naive(word.encode(), merges)


@given(word=st.text(alphabet="etaoinshrdlué", min_size=1, max_size=24))
def test_merging_follows_the_definition_with_gpt2s_merges(word: str, gpt2: Tokenizer) -> None:
    """Words that GPT-2 splits in many ways."""
    names = list(gpt2.token_ids)
    assert [names[i] for i in gpt2.encode(word)] == naive(word.encode(), gpt2.merges)


@pytest.mark.parametrize("kind", few(["one letter", "letters", "two-byte letters", "spaces", "marks"], 0, 1))
def test_a_word_of_200_000_bytes_takes_seconds(kind: str, gpt2: Tokenizer, rng: np.random.Generator) -> None:
    """n log n: a merge loop of n^2 steps would take an hour of the processor's time."""
    letters = "".join(map(chr, rng.integers(ord("a"), ord("z") + 1, 200_000)))
    text = {
        "one letter": "a" * 200_000,
        "letters": letters,
        "two-byte letters": "é" * 100_000,
        "spaces": " " * 200_000,
        "marks": "=" * 200_000,
    }[kind]
    start = time.process_time()
    ids = Tokenizer(gpt2.merges).encode(text)
    assert time.process_time() - start < 15
    assert gpt2.decode(ids) == text


def test_merging_makes_every_token_of_gpt2_out_of_its_bytes(gpt2: Tokenizer) -> None:
    """So a word that is a token need not be merged."""
    merging = Tokenizer(gpt2.merges)
    assert all(merging.encode_word(token) == [i] for i, token in enumerate(gpt2.tokens[:-1]))


@given(st.binary(min_size=2, max_size=60))
def test_short_and_long_words_are_merged_alike(gpt2: Tokenizer, word: bytes) -> None:
    merging = Tokenizer(gpt2.merges[:3000])
    assert merging._encode_long([merging._byte_ids[byte] for byte in word]) == merge_plainly(merging, word)
    assert merging.encode_word(word) == merge_plainly(merging, word)


def merge_plainly(tokenizer: Tokenizer, word: bytes) -> list[int]:
    """The definition: the leftmost pair of lowest rank is joined until none has one."""
    ids = [tokenizer._byte_ids[byte] for byte in word]
    while pairs := [(tokenizer._ranks[pair], i) for i, pair in enumerate(pairwise(ids)) if pair in tokenizer._ranks]:
        joined, i = min(pairs)
        ids[i : i + 2] = [joined]
    return ids


def test_the_cache_of_words_is_bounded(monkeypatch: pytest.MonkeyPatch, gpt2: Tokenizer) -> None:
    """Full, it is emptied; the ids stay the same."""
    monkeypatch.setattr(module, "CACHED_WORDS", 8)
    tokenizer = Tokenizer(gpt2.merges)
    for i in range(50):
        text = f" word{i} and{i} word{i}"
        assert tokenizer.encode(text) == gpt2.encode(text)
        assert len(tokenizer._words) <= 8


def test_what_encode_returns_is_the_callers(gpt2: Tokenizer) -> None:
    """Changing it does not change what the cache gives next."""
    for text in ("soup", "soup and soup"):
        ids = gpt2.encode(text)
        before = list(ids)
        ids.append(-1)
        ids[0] = -1
        assert gpt2.encode(text) == before


def test_end_of_text_in_a_text_is_ordinary_text(gpt2: Tokenizer) -> None:
    """No document can end another; decoded, the token is nothing."""
    assert gpt2.end_of_text == 50_256 == gpt2.token_ids[END_OF_TEXT]
    assert gpt2.end_of_text not in gpt2.encode(f"a{END_OF_TEXT}b")
    assert gpt2.decode([64, gpt2.end_of_text, 65]) == "ab"


def test_a_lone_surrogate_counts_as_the_replacement_character(gpt2: Tokenizer) -> None:
    """And a pair of them as the character that they stand for."""
    assert gpt2.encode("a\ud800b") == gpt2.encode("a\ufffdb")
    assert gpt2.encode("\udc00\ud800") == gpt2.encode("\ufffd\ufffd")
    assert gpt2.encode("\ud83e\udd8a!") == gpt2.encode("🦊!")


@given(text=st.text())
def test_both_patterns_split_alike_where_no_young_character_stands(text: str) -> None:
    """The slower one is for the young characters alone."""
    if not HAS_YOUNG.search(text):
        assert WORDS.findall(text) == WORDS_AMONG_YOUNG.findall(text)


@given(text=texts)
def test_words_join_to_the_text(text: str) -> None:
    """Neither pattern leaves a character out."""
    assert "".join(WORDS.findall(text)) == text
    assert "".join(WORDS_AMONG_YOUNG.findall(text)) == text


def test_a_young_letter_counts_as_a_mark() -> None:
    """It is split from the letters around it, whatever Unicode the installed `regex` knows."""
    assert HAS_YOUNG.search("a\u0c5cb")
    assert WORDS_AMONG_YOUNG.findall("a\u0c5c!b") == ["a", "\u0c5c!", "b"]


def test_ids_follow_from_the_merges() -> None:
    """Bytes in the order of the alphabet, merges by rank, end-of-text last."""
    tokenizer = Tokenizer([("a", "b"), ("Ġ", "ab")])
    assert tokenizer.vocab_size == 259
    assert [tokenizer.tokens[i] for i in (0, 64, 220, 256, 257, 258)] == [b"!", b"a", b" ", b"ab", b" ab", b""]
    assert sorted(tokenizer.tokens[:256]) == [bytes([byte]) for byte in range(256)]
    assert list(tokenizer.token_ids.values()) == list(range(259))
    assert tokenizer.encode("ab abc") == [256, 257, 66]


@pytest.mark.parametrize("token", [-1, 50_257, 10**12])
def test_an_unknown_id_is_refused(token: int, gpt2: Tokenizer) -> None:
    """In a text and in a stream."""
    message = f"token id {token} is outside this vocabulary of 50257"
    with pytest.raises(MinigptError, match=message):
        gpt2.decode([1, token])
    with pytest.raises(MinigptError, match=message):
        StreamDecoder(gpt2).feed(token)


@pytest.mark.parametrize(
    "ids", [[1.5, 2.9], np.array([464.0, 2068.2]), ["464"], [None], [np.float32(3)], [True], [np.True_], [[1, 2]], np.eye(2, dtype=int)]
)
def test_ids_that_are_no_whole_numbers_are_refused(ids: Any, gpt2: Tokenizer) -> None:
    """Nothing is cut off silently."""
    with pytest.raises(MinigptError, match="is not a whole number"):
        gpt2.decode(ids)


@pytest.mark.parametrize("kind", [np.uint16, np.int64, int])
def test_whole_numbers_of_any_kind_are_ids(kind: type, gpt2: Tokenizer) -> None:
    """Also those of a stream on the disk."""
    assert gpt2.decode([kind(i) for i in gpt2.encode("The sea")]) == "The sea"


def test_ids_may_be_of_any_integer_type(gpt2: Tokenizer) -> None:
    """Arrays, too."""
    assert gpt2.decode(np.array([15496, 995], np.uint16)) == "Hello world"


@pytest.mark.parametrize("pair", [("a", "bc"), ("bc", "a"), ("a", "b"), ("", "a"), ("a", "語")])
def test_a_merge_of_what_is_no_token_is_refused(pair: tuple[str, str]) -> None:
    """Of an unknown half, or one that makes a token twice; by its number."""
    with pytest.raises(MinigptError, match=r"merge 2, '.*' '.*': both halves must be tokens already, and their union must be new"):
        Tokenizer([("a", "b"), pair])


def test_merges_are_read_below_an_optional_version() -> None:
    """Blank lines are nothing; a # later is a token."""
    assert parse_merges("#version: 0.2\na b\n\n# #\n", "file") == [("a", "b"), ("#", "#")]
    assert parse_merges("a b", "file") == [("a", "b")]
    assert parse_merges("", "file") == []


@pytest.mark.parametrize("line", ["ab", "a b c", "a  b", " a", "a "])
def test_a_line_that_is_no_merge_is_refused(line: str) -> None:
    """With the file and the number of the line."""
    with pytest.raises(MinigptError) as refused:
        parse_merges(f"#version: 0.2\nx y\n{line}\n", "merges.txt")
    assert str(refused.value) == f"merges.txt, line 3: expected two tokens with one space between them, got {line!r}"
