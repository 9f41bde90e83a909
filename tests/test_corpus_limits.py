"""How much is written, held out, told and called what: on either side of each line."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from minigpt.config import SIZES
from minigpt.corpus.choose.chatter import refuses, without_chatter
from minigpt.corpus.choose.clean import Cleaner, one_by_one
from minigpt.corpus.documents import Document, Entry
from minigpt.corpus.gather import Gathering
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.report import CorpusReport, verdict
from minigpt.corpus.request import Request
from minigpt.corpus.sources import Templates, most_forms
from minigpt.corpus.split import passage, split
from minigpt.corpus.templates import FORMS, write_documents
from minigpt.corpus.templates.favourites import Favourites, recall
from minigpt.tokenizer import Tokenizer

# --- cleaning


def test_chatter_is_found_behind_a_few_signs_and_refusals_at_the_beginning() -> None:
    text = "The mill stood by the river."
    assert without_chatter(f"***\n  Sure! Here is a story:\n\n{text}") == text
    assert without_chatter(f"{'*' * 20}\n Sure! Here is a story:\n\n{text}") != text
    no = "I'm sorry, but I cannot write that."
    assert refuses(f"{'Well, well. ' * 8}{no}")
    assert not refuses(f"{'The miller said so. ' * 20}{no}")


@pytest.mark.parametrize("source", ["ollama", "own"])
def test_what_was_written_to_order_is_no_book(source: str) -> None:
    for letters, kept in ((15_000, True), (30_000, source == "own")):
        text = "".join(f"{number} boats. " for number in range(letters // 10))
        assert bool(list(Cleaner()(one_by_one([Document(text, source)])))) == kept


# --- what is held out


def encode(text: str) -> list[int]:
    return [len(text.split())] * (len(text.split()) + 1)


def held_out_share(lengths: list[int], seed: int = 0) -> float:
    texts = [f"{'word ' * length}{i}" for i, length in enumerate(lengths)]
    entries = [Entry(Document(text, "own"), None, encode(text)) for text in texts]
    sizes = Counter[bool]()
    for entry, out in split(entries, encode, np.random.default_rng(seed)):
        sizes[out] += len(entry.ids)
    return sizes[True] / sizes.total()


def test_a_tenth_is_held_out_and_of_uneven_documents_not_much_more_or_less() -> None:
    assert held_out_share([50] * 1000) == pytest.approx(0.1, abs=0.002)
    rng = np.random.default_rng(2)
    uneven = [rng.choice([20, 700, 2500], size=60, p=[0.7, 0.2, 0.1]).tolist() for _ in range(40)]
    shares = [held_out_share(lengths, seed) for seed, lengths in enumerate(uneven)]
    assert 0.055 < min(shares) < 0.085
    assert 0.12 < max(shares) < 0.175


@pytest.mark.parametrize(("words", "held_out"), [(900, False), (1100, True)])
def test_of_a_thousand_tokens_some_are_held_out(words: int, held_out: bool) -> None:
    assert (held_out_share([words // 10 - 2] * 10) > 0) == held_out


@pytest.mark.parametrize(("paragraph", "whole"), [(1200, True), (1700, False)])
def test_a_passage_ends_at_a_better_place_if_it_is_not_much_too_long(
    paragraph: int,
    whole: bool,
) -> None:
    """Nine hundred letters are wanted: for paragraphs a third longer it takes a whole one, for
    those twice as long some sentences."""
    one = "".join(f"Day {i:03} was so. " for i in range(paragraph // 16)).strip()
    text = "\n\n".join([one] * (9000 // paragraph))
    for seed in range(20):
        begin, end = passage(text, 900 / len(text), np.random.default_rng(seed))
        length = len(text[begin:end].strip("\n"))
        assert length > 1100 if whole else 800 < length < 1000


# --- how much is written


@pytest.mark.parametrize(
    ("tokens", "kinds", "forms"),
    [(500, 1, 3), (15_000, 1, 3), (50_000, 1, 10), (4_000, 2, 2), (50_000, 2, 5)],
)
def test_a_small_corpus_keeps_to_a_few_forms(tokens: int, kinds: int, forms: int) -> None:
    """Five thousand tokens each, but three forms where one kind was asked for: what the README
    shows for 15,000 tokens."""
    assert most_forms(tokens, kinds) == forms


def test_only_kinds_that_get_a_thousand_tokens_are_written(gpt2: Tokenizer) -> None:
    request = understand("haiku, recipes, letters, fables and songs")
    for tokens, kinds in ((900, 1), (2500, 2), (9000, 5)):
        assert len(Templates(request, tokens, tokens, 1, gpt2).request.parts) == kinds


class Said:
    """A source of one text."""

    description = ("said",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __iter__(self) -> Iterator[Document]:
        yield Document(self.text, "own")


def test_beside_own_text_a_million_tokens_are_written_at_most(gpt2: Tokenizer) -> None:
    asked: list[int] = []

    def generate(tokens: int) -> Said:
        asked.append(tokens)
        return Said("Written for it.")

    for words in (200, 4000):
        own = Said(" ".join(f"fox {i}" for i in range(words)))
        list(Gathering(gpt2).mixed(own, 0.001, None, generate))
    assert asked[0] < 800_000 and 900_000 < asked[1] < 1_100_000


def test_writers_end_when_they_have_said_everything() -> None:
    """After many attempts in a row without a new text; a small table is exhausted before that."""
    attempts = 0

    def form(rng: random.Random, words: object, request: Request) -> str:
        nonlocal attempts
        attempts += 1
        return f"text {rng.randrange(300)}"

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FORMS, "topic", {"few": form})
        texts = [d.text for d in write_documents(Request("topic", ("few",)), random.Random(1))]
    assert len(set(texts)) == len(texts) > 285
    assert 2000 < attempts < 4000


def test_in_a_small_corpus_writers_keep_to_favourites(gpt2: Tokenizer) -> None:
    """In proportion, up to 300,000 tokens; then all words are alike."""
    request = understand("", "haiku_master")
    for tokens, share in ((30_000, 0.1), (150_000, 0.5), (400_000, 1.0)):
        assert Templates(request, tokens, tokens, 1, gpt2).share == pytest.approx(share)


def test_favourites_are_a_few_words_and_a_few_lines() -> None:
    """Two of a short list at least; the lines of a corpus of a tenth are eighteen, of a hundredth
    six, and now and then a new one comes."""
    rng = Favourites(3, share=0.01)
    words = Counter()
    for _ in range(400):
        words[rng.choice("abcdefghij")] += 1
        rng.drawn = 0
    (_, first), (_, second), (_, third) = words.most_common(3)
    assert first + second > 350 and first - second < 40 and third < 20
    for share, lines in ((0.1, 18), (0.01, 6)):
        rng, made = Favourites(5, share=share), iter(range(10**6))
        said = [recall(rng, "key", lambda made=made: f"line {next(made)}") for _ in range(1000)]
        assert len(set(said[:lines])) == lines
        assert len(set(said[lines : 2 * lines]) - set(said[:lines])) <= lines / 4
        assert 0.02 < (len(set(said)) - lines) / 1000 < 0.1


def test_a_document_that_is_long_at_it_gets_other_words() -> None:
    """After some two hundred choices it has twice as many favourites."""
    rng = Favourites(3, share=0.05)
    first = {rng.choice(range(100)) for _ in range(150)}
    rng.drawn = 300
    then = {rng.choice(range(100)) for _ in range(150)}
    assert 5 <= len(first) < 20
    assert len(then) > len(first)
    assert len({Favourites(3, share=0.05).choice(range(100)) for _ in range(3)}) == 1


# --- the report


def said(sequences: int = 10_000, held_out: bool = True, size: str = "12M", **facts) -> str:
    usual = {
        "documents": 100,
        "tokens": 200_000,
        "distinct_4": 0.6,
        "sampled": False,
        "openings": [["once upon a", 5]],
        "bits": 10**6,
        "parameters": 10**7,
    }
    return " ".join(verdict(usual | facts, sequences, SIZES[size], held_out))


@pytest.mark.parametrize(
    ("facts", "word", "told"),
    [
        ({"documents": 15, "tokens": 5000}, "not learn the genre", True),
        ({"documents": 25, "tokens": 5000}, "not learn the genre", False),
        ({"documents": 15, "tokens": 120_000}, "not learn the genre", False),
        ({"distinct_4": 0.3}, "Repetitive", True),
        ({"distinct_4": 0.4}, "Some repetition", True),
        ({"distinct_4": 0.55}, "Varied", True),
        ({"sequences": 800}, "Too short to say", True),
        ({"sequences": 1300}, "Too short to say", False),
        ({"openings": [["once upon a", 12]]}, "begin", False),
        ({"openings": [["once upon a", 19]]}, "19% of the documents begin", True),
        ({"documents": 15, "openings": [["once upon a", 9]]}, "of the documents begin", False),
        ({"tokens": 80_000, "distinct_4": 0.93}, "few repeated phrases", True),
        ({"tokens": 80_000, "distinct_4": 0.86}, "few repeated", False),
        ({"tokens": 130_000, "distinct_4": 0.93}, "few repeated phrases", False),
        ({"bits": 3.3e7}, "could memorise this text as a whole", True),
        ({"bits": 4e7}, "can memorise about 90%", True),
    ],
)
def test_each_verdict_begins_where_it_is_true(facts: dict, word: str, told: bool) -> None:
    """Templates have 0.3 to 0.6 of different four-word sequences, teachers' corpora 0.93 to 0.96. A
    parameter holds 3.6 bits."""
    assert (word in said(**facts)) == told


def test_large_corpora_are_measured_by_their_beginning() -> None:
    """By about 300,000 words, and of their openings by 200,000 documents."""
    figures = CorpusReport(0)
    for _ in range(110):
        figures.add("so " * 4000, 4000)
    assert 200_000 < figures._words < 400_000
    figures.lengths.extend([1] * 180_000)
    for _ in range(50_000):
        figures.add("x y z", 1)
    assert 0 < figures.openings["x y z"] < 45_000


def test_the_information_of_a_text_is_less_than_deflate_takes_for_it() -> None:
    rng, figures = random.Random(1), CorpusReport(0)
    for _ in range(20):
        figures.add(" ".join(f"{rng.getrandbits(32):08x}" for _ in range(500)), 2000)
    told = figures.figures(Counter(), Counter(), SIZES["12M"], 10**7)
    assert 0.55 < told["bits"] / (10_000 * 32) < 0.8  # they hold 32 random bits a word
    assert len(told["openings"]) == len(told["examples"]) == 5
    assert list(told["length_percentiles"]) == ["5", "25", "50", "75", "95"]
