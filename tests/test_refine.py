"""Refinement keeps the documents that say what the others do not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minigpt.corpus.documents import Document
from minigpt.corpus.refine import distinct, four_grams, refine

WORDS = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=20).map(" ".join)


def documents(texts: list[str]) -> list[Document]:
    return [Document(text, "own") for text in texts]


@given(st.lists(WORDS, min_size=1, max_size=12), st.integers(1, 100))
def test_kept_documents_fit_the_budget_and_scores_are_the_greedy_ones(texts, budget):
    """The lazy order equals the plain greedy one, which looks at every waiting document before each choice."""
    lengths = [len(text.split()) for text in texts]
    kept = refine(documents(texts), lengths, budget)
    assert [k.number for k in kept] == sorted({k.number for k in kept})
    assert sum(lengths[k.number] for k in kept) <= budget or len(kept) == 1

    seen, waiting, total, greedy = set(), list(range(len(texts))), 0, {}
    while waiting:
        score, number = max((len(four_grams(texts[i]) - seen) / len(four_grams(texts[i])), -i) for i in waiting)
        waiting.remove(-number)
        if total + lengths[-number] <= budget or not greedy:
            greedy[-number] = round(score, 4)
            seen |= four_grams(texts[-number])
            total += lengths[-number]
    assert {k.number: k.score for k in kept} == greedy


def test_a_repetition_is_what_goes_first():
    texts = ["one two three four five six", "one two three four five seven", "wholly different words stand in here"]
    assert [k.number for k in refine(documents(texts), [6, 6, 6], 12)] == [0, 2]


def test_distinct_compares_words_not_spacing():
    assert [d.text for d in distinct(documents(["a  b\n", "a b", "b a"]))] == ["a  b\n", "b a"]
