"""What is held out: a tenth of the tokens, whatever the documents are like, and nothing if that is too little to measure by."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.corpus.documents import Document, Entry
from minigpt.corpus.split import ENOUGH, IDEA, LEAST, MOST, PART, TEN, hold_out, hold_out_ideas, split


def encode(text: str) -> list[int]:
    """One token per word, and the end."""
    return [*range(len(text.split())), -1]


def entry(text: str) -> Entry:
    return Entry(Document(text, "own", {"file": "a"}), 0.5, encode(text))


def words(count: int, seed: int = 0) -> str:
    """This many words, in sentences and paragraphs."""
    rng = random.Random(seed)
    ends = rng.choices(["", ".", ".\n\n"], [85, 12, 3], k=count)
    return " ".join(f"w{rng.randrange(100)}{end}" for end in ends).replace("\n ", "\n").strip()


def divided(texts: list[str], seed: int = 0) -> tuple[list[Entry], list[Entry]]:
    """What is learned, and what is held out."""
    pairs = list(split((entry(text) for text in texts), encode, np.random.default_rng(seed)))
    return [e for e, out in pairs if not out], [e for e, out in pairs if out]


def share(learned: list[Entry], held_out: list[Entry]) -> float:
    tokens = [sum(len(e.ids) for e in part) for part in (learned, held_out)]
    return tokens[1] / sum(tokens)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "lengths",
    [
        *([3, 9000], [9000, 3], [6] * 6 + [9000], [9000], [3000, 3000], [500] * 5, [10] * 90 + [9000], [9000] + [10] * 90),
        *([100] * 20 + [5000] * 3, [40] * 100, [round(20 / (1 - i / 300)) for i in range(299)], [1] * 999 + [500] * 2),
    ],
    ids=lambda lengths: f"{len(lengths)} of {min(lengths)} to {max(lengths)} words, {lengths[0]} first",
)
def test_about_a_tenth_of_the_tokens_is_held_out(lengths, seed):
    """However few documents there are, and however long one is; and every word is on exactly one side."""
    texts = [words(length, i) for i, length in enumerate(lengths)]
    learned, held_out = divided(texts, seed)
    assert LEAST - 0.005 <= share(learned, held_out) <= MOST + 0.005
    assert sorted(w for e in learned + held_out for w in e.document.text.split()) == sorted(w for text in texts for w in text.split())


def test_documents_of_like_length_are_held_out_whole_one_of_ten():
    """In their original order, each with the same chance; the same seed chooses the same ones."""
    texts = [words(100 + i % 7, i) for i in range(200)]
    chosen = np.zeros(200)
    for seed in range(60):
        learned, held_out = divided(texts, seed)
        marks = np.isin(texts, [e.document.text for e in held_out])
        assert [e.document.text for e in learned] == [text for text, out in zip(texts, marks, strict=True) if not out]
        assert marks.reshape(-1, TEN).sum(1).tolist() == [1] * 20
        chosen += marks
    assert chosen.max() < 20
    assert (chosen > 0).all()
    assert divided(texts, 3) == divided(texts, 3) != divided(texts, 4)


@pytest.mark.parametrize("texts", [[], ["w"], [words(ENOUGH - 2)], [words(30)] * 30, ["short"] * 400])
def test_nothing_is_held_out_of_too_little(texts):
    """ENOUGH tokens are the minimum, however many documents there are."""
    assert divided(texts) == ([entry(text) for text in texts], [])


def test_a_passage_begins_and_ends_where_a_paragraph_does_or_a_sentence():
    text = words(9000)
    learned, [passage] = divided([text])
    before, after = (e.document.text for e in learned)
    inside = passage.document.text
    assert text.split() == f"{before} {inside} {after}".split()
    assert f"{before}\n\n{inside}\n\n{after}" == text
    assert [e.document.origin[PART] for e in (learned[0], passage, learned[1])] == ["1 of 3", "2 of 3", "3 of 3"]
    sentences = " ".join(f"This is sentence {i}." for i in range(900))
    assert divided([sentences])[1][0].document.text.endswith(".")
    assert len(divided(["w " * 3000])[1][0].ids) == pytest.approx(300, rel=0.1)


@pytest.mark.parametrize("text", ["x" * 5000, "\u3042" * 5000])
def test_a_document_without_a_border_is_cut_anywhere(text):
    def letters(text: str) -> list[int]:
        return [*map(ord, text), -1]

    document = Entry(Document(text, "own"), None, letters(text))
    pairs = list(split([document], letters, np.random.default_rng(0)))
    assert sum(len(e.ids) for e, out in pairs if out) == pytest.approx(500, rel=0.02)


@given(st.lists(st.integers(1, 400) | st.integers(1, 5000), max_size=40), st.integers(0, 9))
def test_any_corpus(lengths, seed):
    learned, held_out = divided(["w " * length for length in lengths], seed)
    total = sum(lengths) + len(lengths)
    assert bool(held_out) == (total >= ENOUGH)
    if held_out:
        assert LEAST - 0.01 <= share(learned, held_out) <= MOST + 0.01


def test_splitting_looks_ahead_no_further_than_ten_documents_and_enough_tokens():
    """A corpus of any size streams through."""
    for length in (5, 300):
        asked = 0

        def documents(length: int = length):
            nonlocal asked
            for i in itertools.count():
                asked += 1
                yield entry(words(length, i))

        pairs = split(documents(), encode, np.random.default_rng(0))
        for i in range(500):
            next(pairs)
            assert asked <= i + max(TEN, ENOUGH // length + TEN)


# ---- ideas -----------------------------------------------------------------------------------------------------------------------


def told(ideas: list[str], lengths: list[int]) -> list[Entry]:
    """Documents of so many words that tell these ideas; "" is none."""
    texts = [words(length, i) for i, length in enumerate(lengths)]
    origins = [{IDEA: idea} if idea else {"form": "letter"} for idea in ideas]
    return [Entry(Document(text, "template", origin), None, encode(text)) for text, origin in zip(texts, origins, strict=True)]


@given(
    seed=st.integers(0, 99),
    ideas=st.lists(st.sampled_from(["", *"abcdefghijklmnopqrst"]), min_size=40, max_size=200),
    kept=st.floats(0.3, 2),
)
def test_what_is_held_out_tells_nothing_that_is_learned(seed: int, ideas: list[str], kept: float) -> None:
    """And is about a tenth of what will be kept, if that is possible."""
    entries = told(ideas, [80 + 7 * (i % 11) for i in range(len(ideas))])
    total = sum(len(e.ids) for e in entries)
    apart, rest = hold_out_ideas(entries, round(kept * total), np.random.default_rng(seed))
    assert not set(apart) & set(rest)
    assert not {ideas[i] for i in apart} & {ideas[i] for i in rest} - {""}
    held, due = sum(len(entries[i].ids) for i in apart), min(total, round(kept * total)) / TEN
    assert held == 0 or LEAST * TEN * due <= held <= MOST * TEN * due
    lost = set(range(len(ideas))) - {*apart, *rest}
    assert {ideas[i] for i in lost} <= {ideas[i] for i in apart} - {""}, "what is neither held out nor learned tells a held-out idea"
    if not apart:
        assert rest == list(range(len(ideas)))
    elif "" not in ideas:
        assert len(rest) < len(ideas)


def test_an_idea_too_long_to_be_held_out_is_learned() -> None:
    entries = told([str(i) for i in range(63)], [80] * 60 + [700] * 3)
    apart, rest = hold_out_ideas(entries, 3000, np.random.default_rng(0))
    assert apart and {60, 61, 62} <= set(rest) and len(apart) + len(rest) == 63


def test_an_idea_of_which_there_is_much_is_learned() -> None:
    """Of three plots none is held out: it would be a third of the text. Nor is anything of a text of few tokens."""
    assert hold_out_ideas(told(["a", "b", "c"] * 30, [80] * 90), 5000, np.random.default_rng(0)) == ([], list(range(90)))
    assert hold_out_ideas(told(["a", "b"] * 5, [80] * 10), 5000, np.random.default_rng(0))[0] == []


def test_decided_entries_stay_where_they_are() -> None:
    """Among others, which are split as ever."""
    first = [replace(e, held_out=i % 3 == 0) for i, e in enumerate(told([""] * 9, [50] * 9))]
    pairs = list(split([*first, *told([""] * 100, [50] * 100)], encode, np.random.default_rng(0)))
    assert [(e, out) for e, out in pairs[:9]] == [(e, e.held_out) for e in first]
    assert LEAST <= share([e for e, out in pairs[9:] if not out], [e for e, out in pairs[9:] if out]) <= MOST


def test_of_each_kind_as_much_is_held_out() -> None:
    entries = told([str(i // 4) for i in range(240)], [60] * 240)
    for i, entry in enumerate(entries):
        entry.document.origin["kind"] = "memos" if i % 2 else "limericks"
    apart, rest = hold_out(entries, 12_000, np.random.default_rng(1))
    assert sorted({*apart, *rest}) == sorted([*apart, *rest])
    sizes = [sum(len(entries[i].ids) for i in apart if entries[i].document.origin["kind"] == kind) for kind in ("memos", "limericks")]
    assert all(LEAST * 6000 <= size <= MOST * 6000 for size in sizes)
