"""Where cleaning and refinement draw their lines: what lies clearly on either side of each is told
apart."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from minigpt.corpus.choose.clean import Cleaner, one_by_one
from minigpt.corpus.choose.near_duplicates import NearDuplicates, Signatures
from minigpt.corpus.documents import Document

ENGLISH = "The miller and his dog went to the river, and there they sat until it was dark. "
GERMAN = "Der Müller und sein Hund gingen an den Fluss, und dort waren sie, bis es dunkel war. "


def clean(texts: list[str], source: str = "ollama") -> tuple[list[str], Counter[str]]:
    cleaner = Cleaner()
    return [found.document.text for found in cleaner(one_by_one(Document(text, source) for text in texts))], cleaner.dropped


def numbered(sentence: str, i: int, times: int = 1) -> str:
    """A text that no other number's is a near duplicate of."""
    rng = random.Random(i)
    words = sentence.split() * times
    return " ".join(f"{word} {rng.randrange(10**6)}" for word in words)


# --- cleaning


@pytest.mark.parametrize(
    ("text", "kept"),
    [("Go on now.", 0), ("We go on now.", 1), ("走吧走吧走吧", 0), ("走吧" * 10, 1)],
)
def test_a_generated_text_of_three_words_is_too_short(text: str, kept: int) -> None:
    """In a script without spaces it takes some more letters. Own text may be as short as it
    likes."""
    assert len(clean([text])[0]) == kept
    assert clean([text], "own")[0] == [text]


@pytest.mark.parametrize("share", [1 / 2, 1 / 3])
def test_a_tenth_of_a_teachers_texts_may_begin_alike(share: float) -> None:
    rng = random.Random(1)
    begins = ["In a small " if rng.random() < share else f"On day {i} " for i in range(1500)]
    kept, dropped = clean([begin + numbered("town", i, 20) for i, begin in enumerate(begins)])
    alike = sum(text.startswith("In a small ") for text in kept)
    assert set(dropped) == {"common opening"}
    assert 0.08 < alike / len(kept) < 0.12


def test_what_begins_with_the_same_two_words_does_not_begin_alike() -> None:
    two = [f"In a {numbered('word', i, times=20)}" for i in range(40)]
    three = [f"In a town {numbered('word', i, times=20)}" for i in range(40)]
    assert len(clean([text.replace("word ", f"w{i} ", 1) for i, text in enumerate(two)])[0]) == 40
    assert len(clean(three)[0]) < 10


@pytest.mark.parametrize(
    ("english", "german", "foreign"),
    [
        (12, 0, False),
        (30, 0, True),
        (26, 4, False),
        (29, 1, True),
    ],
)
def test_a_language_is_foreign_where_nearly_all_of_a_score_of_texts_are_of_another(
    english: int,
    german: int,
    foreign: bool,
) -> None:
    before = [numbered(GERMAN, i) for i in range(german)]
    before += [numbered(ENGLISH, 100 + i) for i in range(english)]
    dropped = clean([*before, numbered(GERMAN, 999)], "own")[1]
    assert dropped == ({"other language": 1} if foreign else {})


@pytest.mark.parametrize(
    ("begins", "goes_on"),
    [
        (GERMAN * 12, ENGLISH * 50),
        (ENGLISH * 2 + GERMAN * 12, ""),
    ],
)
def test_the_first_thousand_letters_tell_the_language(begins: str, goes_on: str) -> None:
    before = [numbered(ENGLISH, i) for i in range(30)]
    assert clean([*before, begins + goes_on], "own")[1] == {"other language": 1}
    assert clean([*before, ENGLISH * 12 + GERMAN * 12], "own")[1] == {}


# --- near duplicates


def found(pairs: int, length: int, changed: list[int]) -> float:
    """The share of texts that are taken for the one before them, which has other words at these
    places."""
    rng, near, hits = random.Random(7), NearDuplicates(2**12), 0
    for _ in range(pairs):
        words = [f"w{rng.randrange(10**6)}" for _ in range(length)]
        assert near.seen(" ".join(words)) is None
        for place in changed:
            words[place] = f"w{rng.randrange(10**6)}"
        hits += near.seen(" ".join(words)) is not None
    return hits / pairs


@pytest.mark.parametrize(
    ("same", "least", "most"),
    [(0.5, 0.0, 0.005), (0.65, 0.0, 0.1), (0.8, 0.92, 1.0), (0.86, 0.99, 1.0)],
)
def test_texts_that_share_four_fifths_of_their_five_word_sequences_are_near_duplicates(
    same: float,
    least: float,
    most: float,
) -> None:
    """Of 84 words, 80 sequences. The first words of the second text are those of the first, all
    others are new."""
    shared = round(160 * same / (1 + same))
    assert least <= found(200, 84, list(range(shared + 4, 84))) <= most


def test_scattered_changes_count_by_the_sequences_that_they_break() -> None:
    """Five each: with two words changed of 104, 90 of 110 sequences are common; with five, 75 of
    125."""
    assert found(100, 104, [30, 70]) > 0.92
    assert found(100, 104, [15, 35, 55, 75, 90]) < 0.05


def test_the_order_of_words_counts() -> None:
    """A refrain of five words and the same backwards have no sequence in common."""
    rng = random.Random(3)
    for _ in range(50):
        near, words = NearDuplicates(64), [f"w{rng.randrange(10**6)}" for _ in range(5)]
        assert near.seen(" ".join(words * 12)) is None
        assert near.seen(" ".join(words[::-1] * 12)) is None


def test_the_estimate_is_right_for_words_that_are_alike() -> None:
    """Numbers in a row: 54 of 146 sequences are common."""
    signatures, shares = Signatures(), []
    for first in range(60):
        words = [str(first + i) for i in range(104)]
        others = words[:58] + [str(first + 1000 + i) for i in range(46)]
        shares.append((signatures._minima(words) == signatures._minima(others)).mean())
    assert np.mean(shares) == pytest.approx(54 / 146, abs=0.012)


def test_half_a_million_documents_are_remembered_at_200_bytes_each() -> None:
    """96 for a signature, 8 for a digest, 96 in the bands; and the words that were hashed do not
    pile up."""
    near = NearDuplicates()
    arrays = [array for array in vars(near).values() if isinstance(array, np.ndarray)]
    size = sum(array.nbytes for array in arrays if near.remembered in array.shape)
    assert size == 200 * near.remembered
    assert 2 * 10**5 < near.remembered < 10**6
    for known, emptied in ((100_000, False), (300_000, True)):
        near.signatures._hash_of.update({str(number): number for number in range(known)})
        assert near.seen(f"The word {known}.") is None
        assert (len(near.signatures._hash_of) < 10) == emptied
