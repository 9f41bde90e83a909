"""Refinement keeps good documents that say what the others do not."""

from __future__ import annotations

import random
from functools import cache
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.corpus.choose.fluency import qualities
from minigpt.corpus.choose.refine import four_grams, refine
from minigpt.corpus.choose.topicality import topicality
from minigpt.corpus.documents import Document
from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.corpus.templates import write_documents

WORDS = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=20).map(" ".join)


def documents(texts: list[str]) -> list[Document]:
    return [Document(text, "own") for text in texts]


@given(st.lists(WORDS, min_size=1, max_size=7), st.integers(1, 100))
def test_kept_documents_fit_the_budget_and_are_the_greedy_ones(texts, budget):
    """Too few to compare their quality, they are chosen by novelty: in the plain greedy order, which looks at all before each choice."""
    lengths = [len(text.split()) for text in texts]
    kept = refine(documents(texts), lengths, budget)
    assert [k.number for k in kept] == sorted({k.number for k in kept})
    assert sum(lengths[k.number] for k in kept) <= budget or len(kept) == 1

    seen, waiting, total, greedy = set(), list(range(len(texts))), 0, []
    while waiting and not (greedy and budget - total < np.median(lengths)):
        _, number = max((len(four_grams(texts[i]) - seen) / len(four_grams(texts[i])), -i) for i in waiting)
        waiting.remove(-number)
        if total + lengths[-number] <= budget or not greedy:
            greedy.append(-number)
            seen |= four_grams(texts[-number])
            total += lengths[-number]
    assert [k.number for k in kept] == sorted(greedy)
    assert {k.score for k in kept} == {1.0}


def test_a_repetition_is_what_goes_first():
    texts = ["one two three four five six", "one two three four five seven", "wholly different words stand in here"]
    assert [k.number for k in refine(documents(texts), [6, 6, 6], 12)] == [0, 2]


def test_a_judge_decides_between_equals():
    texts = ["the cat sat on the mat", "a dog lay by the door", "two birds sang in a tree"]
    marked = [Document(text, "ollama", {"judge": mark}) for text, mark in zip(texts, ("0.2", "0.9", "0.8"), strict=True)]
    assert [k.number for k in refine(marked, [6, 6, 6], 12)] == [1, 2]


def asked_for(lengths: list[int], asked: int) -> list[Document]:
    """Texts of so many words, all different, that were to have `asked`."""
    texts = [" ".join(f"{chr(97 + number)}{word}" for word in range(length)) for number, length in enumerate(lengths)]
    return [Document(text, "ollama", {"asked_words": str(asked)}) for text in texts]


def test_of_what_was_asked_for_at_length_a_stub_goes_first():
    written = [*asked_for([12, 4, 14], 12), *asked_for([3], 0)]
    assert [k.number for k in refine(written, [12, 4, 14, 3], 26)] == [0, 2]
    assert [k.score for k in refine(written, [12, 4, 14, 3], None)] == [1.0, 0.1111, 1.0, 1.0]


def test_a_writer_that_always_stays_below_the_length_is_measured_by_itself():
    assert [k.score for k in refine(asked_for([6, 3, 6, 8, 5], 60), [6, 3, 6, 8, 5], None)] == [1.0, 0.25, 1.0, 1.0, 0.6944]


def test_of_a_teachers_texts_one_that_repeats_itself_goes_first():
    texts = ["a mother and a mother and a mother and a mother", "a gardener walked through her garden and nobody called"]
    said = [Document(text, "ollama", {"asked_words": "9"}) for text in texts]
    assert [k.number for k in refine(said, [9, 9], 9)] == [1]
    assert [k.score for k in refine(documents(texts), [9, 9], None)] == [1.0, 1.0]


def shuffled(text: str, rng: random.Random) -> str:
    words = text.split()
    rng.shuffle(words)
    return " ".join(words)


def truncated(text: str, rng: random.Random) -> str:
    return text[: int(len(text) * rng.uniform(0.2, 0.8))].rstrip(".!?\"'\n ")


@cache
def written(preset: str, n: int, seed: int) -> list[str]:
    return [d.text for d in islice(write_documents(understand("", preset), random.Random(seed)), n)]


def half_bad(texts: list[str], others: list[str], n: int, seed: int) -> list[tuple[str, str]]:
    """n good documents and n that are not, each with its kind: a quarter shuffled, cut, off topic, and copies, which are good once."""
    rng = random.Random(seed)
    quarter = n // 4
    good, material = texts[:n], (texts + texts)[n : n + 2 * quarter]
    mixed = [(text, "good") for text in good + rng.sample(good, quarter)]
    mixed += [(shuffled(text, rng), "shuffled") for text in material[:quarter]]
    mixed += [(truncated(text, rng), "cut") for text in material[quarter:]]
    mixed += [(text, "off topic") for text in others[:quarter]]
    rng.shuffle(mixed)
    return mixed


@pytest.mark.parametrize("told", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["by prompt", "without a prompt"])
@pytest.mark.parametrize(
    ("preset", "other"),
    [
        ("simple_cooking_recipes", "haiku_master"),
        ("story_creator", "programming_explainer"),
        ("api_documentation_writer", "songwriter"),
        ("haiku_master", "simple_cooking_recipes"),
        ("story_creator", "system_architect"),  # not dialogues: scenes are among a story creator's forms
    ],
)
def test_of_documents_half_of_which_are_bad_the_good_half_is_kept(preset, other, told):
    mixed = half_bad(written(preset, 180, 5), written(other, 30, 6), 120, 5)
    unique = list(dict.fromkeys(mixed))  # the cleaning drops copies before
    lengths = [len(text.split()) for text, _ in unique]
    budget = sum(length for length, (_, kind) in zip(lengths, unique, strict=True) if kind == "good")
    kept = refine(documents([text for text, _ in unique]), lengths, budget, understand(PRESETS[preset].prompt) if told else None)
    assert np.mean([unique[k.number][1] == "good" for k in kept]) >= 0.95


@pytest.mark.slow
def test_good_documents_are_of_good_quality_whatever_their_kind():
    """Nothing is punished for being itself: of documents that are all good, few score low, and no form does."""
    some = list(islice(write_documents(understand("", "simple_cooking_recipes"), random.Random(3)), 400))
    kinds = [document.origin["form"] for document in some]
    quality = qualities([document.text for document in some], kinds)
    assert np.mean(quality > 0.5) > 0.88  # since the writers begin in more ways, more documents are unlike the rest
    for kind in set(kinds):
        assert np.median([q for q, k in zip(quality, kinds, strict=True) if k == kind]) > 0.8


def test_the_same_documents_have_the_same_qualities():
    texts = written("haiku_master", 60, 1)
    assert np.array_equal(qualities(texts, [None] * 60), qualities(texts, [None] * 60))


def test_a_word_that_the_request_names_counts_as_much_as_a_typical_one() -> None:
    """e^3 times likelier than elsewhere; and the writers' own documents tell the words of a category well."""
    request = understand("A GPT that writes haiku about rivers")
    named, other = topicality(request, ["a river zxq zxq", "a zxqu zxq zxq"])
    assert 2 < 3 * (named - other) < 5
    recipes = written("simple_cooking_recipes", 30, 99)
    asked = understand("", "simple_cooking_recipes")
    assert 1.4 < topicality(asked, recipes).mean() < 2.1
