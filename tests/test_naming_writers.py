"""Lists of names: a prompt that asks for names gets those of the right sort of thing, and every list keeps its word."""

from __future__ import annotations

import random
import re
from itertools import islice

import pytest

from minigpt.corpus.prompt.describe import describe
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import doubts, write_documents
from minigpt.corpus.templates.naming import NUMBERS, sort_of
from minigpt.corpus.words import load_words

THINGS = ("cats", "babies", "elves", "villages", "streets", "planets", "bands", "coffee shops", "boats", "boyfriends")
LINE = re.compile(r"(\d+)\. ([^:]+)(?:: (.+))?")


@pytest.mark.parametrize(
    ("prompt", "topics", "sort"),
    [
        ("names for cats", ("cats",), "pet"),
        ("boat names", ("boats",), "ship"),
        ("a GPT that invents names for dragons", ("dragons",), "hero"),
        ("fantasy character names", ("fantasy characters",), "hero"),
        ("product names for candles", ("candles",), "business"),
        ("town names for fantasy maps", ("towns",), "place"),
        ("names for my goldfish", ("a goldfish",), "pet"),
        ("band name generator", ("bands",), "band"),
        ("baby names", ("babies",), "person"),
        ("names for a wombat", ("a wombat",), "pet"),
        ("nicknames for my boyfriend", ("a boyfriend",), "nickname"),
    ],
)  # fmt: skip
def test_names_are_for_what_the_prompt_says(prompt: str, topics: tuple[str, ...], sort: str) -> None:
    request = understand(prompt)
    assert (request.category, request.topics, sort_of(topics[0])) == ("naming", topics, sort)
    assert doubts(request) == () and describe(request)[0] == f"names for {topics[0]}"


@pytest.mark.parametrize("prompt", ["domain names", "last names", "Japanese names", "file names", "names for quimbles", "usernames"])
def test_names_that_follow_rules_or_are_for_nobody_knows_what_are_doubted(prompt: str) -> None:
    assert "cannot write" in doubts(understand(prompt))[0]


@pytest.mark.parametrize("thing", ["", *THINGS])
def test_a_list_has_as_many_different_names_as_it_says(thing: str) -> None:
    request = Request("naming", ("names",), topics=(thing,) if thing else ())
    texts = [document.text for document in islice(write_documents(request, random.Random(5)), 200)]
    for text in texts:
        title, *_ = text.split("\n\n", 1)
        found = [match for match in map(LINE.fullmatch, text.split("\n")) if match]
        names = [match[2] for match in found]
        assert [int(match[1]) for match in found] == list(range(1, len(found) + 1)) and len(set(names)) == len(names)
        said = [word for word in NUMBERS if re.search(rf"\b{word}\b", title, re.IGNORECASE)]
        assert not said or said == [NUMBERS[len(found) - 4]], text
        reasons = [match[3] for match in found if match[3]]
        assert len(reasons) in (0, len(found)) and len(set(reasons)) == len(reasons)
        assert not re.search(r"[{}\[\]|]|\b(\w+) \1\b|  ", text), text
    assert len({name for text in texts for _, name, _ in LINE.findall(text)}) > 150


def test_the_favorite_is_on_the_list() -> None:
    for document in islice(write_documents(Request("naming", ("names",), topics=("bands",)), random.Random(6)), 100):
        if chosen := re.search(r"(?:favorite is|would take|it was) ([^,\n]+?)(?:,|\.$)", document.text.rsplit("\n\n", 1)[-1]):
            assert re.search(rf"\d+\. {re.escape(chosen[1])}(?::|$)", document.text, re.MULTILINE)


def test_every_sort_has_patterns_reasons_and_parts() -> None:
    words = load_words("naming")
    assert set(words["sorts of things"]) == set(words["patterns"]) == set(words["reasons"]) - {"any"}
    for patterns in words["patterns"].values():
        assert {name.lower() for pattern in patterns for name in re.findall(r"{(\w+)}", pattern)} <= set(words["parts"])
