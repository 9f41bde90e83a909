"""Tales keep one hero, answer their beginning, are about what was asked for, and are many."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest
from poetry_faults import check
from story_faults import LOST, faults_of_fable, faults_of_scene, faults_of_story, faults_of_what_is_found, faults_of_who_is_away, slips

from minigpt.corpus.documents import Document
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import FORMS, write_documents
from minigpt.corpus.words import load_words

pytestmark = pytest.mark.filterwarnings("error")
PROMPTS = [
    "A GPT that writes fairy tales", "bedtime stories for children", "a GPT that tells funny stories about robots",
    "ghost stories", "adventure stories about pirates", "stories about dragons and knights", "love stories", "stories about cats",
    "science fiction stories", "detective stories", "stories about falconry", "stories about my grandmother",
    "tales of the sea in winter", "short stories about friendship", "long stories about space", "stories about a lonely walrus",
    "christmas stories for children", "western stories", "stories about Berlin", "formal stories about music", "fables",
    "fables about the forest", "fables about penguins", "stories about rain in autumn",
]  # fmt: skip
TALES = {"story": faults_of_story, "fable": faults_of_fable, "scene": faults_of_scene}


def documents(prompt: str, count: int, seed: int) -> list[Document]:
    return list(islice(write_documents(understand(prompt), random.Random(seed)), count))


@pytest.mark.parametrize("count", [15, pytest.param(60, marks=pytest.mark.slow)])  # the first of them at least, always
@pytest.mark.parametrize("prompt", PROMPTS)
def test_tales_have_no_faults(prompt: str, count: int) -> None:
    request = understand(prompt)
    for document in documents(prompt, count, 8):
        form = str(document.origin["form"])
        assert TALES[form](document.text) == [], document.text
        assert check(document.text, replace(request, forms=(form,))) == [], document.text


@pytest.mark.parametrize("season", ["spring", "summer", "autumn", "winter", None])
def test_scenes_have_no_faults(season: str | None) -> None:
    rng, words = random.Random(9), load_words("poetry")
    for topic in ("the sea", "dragons", "falconry", "love", "old trains", "space"):
        request = Request("poetry", ("scene",), topics=(topic,), season=season)
        for _ in range(12):
            text = FORMS["poetry"]["scene"](rng, words, request)
            assert check(text, request) == [], text


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("stories about dragons", r"dragon"),
        ("ghost stories", r"ghost|skeleton|bat\b"),
        ("stories about robots", r"robot"),
        ("stories about cats", r"cat\b|kitten"),
        ("stories about pirates", r"pirate"),
        ("winter stories", r"winter|snow|frost|ice"),
        ("stories about falconry", r"falconry"),
    ],
)
def test_a_topic_is_more_than_a_decoration(prompt: str, words: str) -> None:
    """Most tales speak of what was asked for in several of their paragraphs, not only where they begin."""
    tales = [document.text.split("\n\n", 1)[1].split("\n") for document in documents(prompt, 80, 3)]
    often = [sum(bool(re.search(words, paragraph)) for paragraph in tale) >= 2 for tale in tales]
    assert sum(often) > 0.75 * len(often)


@pytest.mark.slow
def test_there_are_many_ideas_and_few_sentences_come_twice() -> None:
    """In a second corpus of the same prompt, hardly any sentence stands word for word in the first."""

    def sentences(text: str) -> list[str]:
        return [s for s in (part.strip() for part in re.split(r'(?<=[.?!:])["\']?\s+|\n+', text)) if len(s.split()) >= 5]

    first, second = documents("fairy tales", 230, 1), documents("fairy tales", 100, 2)
    known = {sentence for document in first for sentence in sentences(document.text)}
    fresh = [sentence for document in second for sentence in sentences(document.text)]
    assert sum(sentence in known for sentence in fresh) < 0.12 * len(fresh)
    assert len({document.origin["idea"] for document in first}) > 100
    for prompt, least in (("stories about dragons", 40), ("fables", 20), ("stories about falconry", 15), ("love stories", 25)):
        assert len({document.origin["idea"] for document in documents(prompt, 230, 1)}) >= least, prompt


def test_what_is_lost_is_found() -> None:
    seen = 0
    for document in documents("stories about friendship", 300, 4):
        body = document.text.split("\n\n", 1)[1]
        seen += bool(re.search(LOST.split("|", maxsplit=1)[0], body))
        assert faults_of_what_is_found(body) == [], body
    assert seen >= 3
    assert faults_of_what_is_found("Mara owned one precious thing: a bell that rang. Beside it lay the book.")


def test_a_bedtime_story_says_good_night() -> None:
    tales = [document.text for document in documents("bedtime stories", 60, 5) if document.origin["form"] == "story"]
    assert sum(bool(re.search(r"asleep|sleep|[Gg]ood night|dreaming", tale.split("\n")[-1])) for tale in tales) > 0.6 * len(tales)


def test_the_checks_can_fail() -> None:
    good = "Mara and the Bell\n\n" + "\n".join(["Mara had a bell. " + "She rang it and Mara was glad of it. " * 5] * 4)
    assert faults_of_story(good.replace(". \n", ".\n").rstrip()) == []
    for old, new in (("She rang", "He rang"), ("Mara and the Bell", "Mara and the Book"), ("a bell", "an bell"), ("Mara had", "Otto had")):
        assert faults_of_story(good.replace(old, new, 1).replace(". \n", ".\n").rstrip()), new
    fable = "The Fox and the Crow\n\nThe fox saw the crow.\nThe crow saw the fox.\nThe fox and the crow ate.\n\nMoral: Look twice."
    assert faults_of_fable(fable) == []
    assert faults_of_fable(fable.replace("The fox and the crow ate", "They ate")) and faults_of_fable(fable.replace("Moral: ", ""))
    assert faults_of_fable(fable.replace("The crow saw the fox.", "The crow and the fox took as much fish soup as they could carry."))
    assert faults_of_who_is_away('The old king had followed a thief. "Wait," said the old king. He came back.')
    assert not faults_of_who_is_away('The old king had followed a thief. "Wait," said the cook. He came back. "Well," said the old king.')
    assert slips("Title\n\nHere I'm, said the the fox.") and slips("Title\n\nNo stop") and slips('Title\n\nHe said, "So.')


@pytest.mark.parametrize(
    "topic", ["a brave child", "a shy boy", "a lonely old man", "a rainy day", "two mice", "a wolf", "a lost key", "cities"]
)
@pytest.mark.parametrize("kind", ["stories", "bedtime stories", "fables"])
def test_a_topic_counts_in_whatever_number_the_tale_has_it(kind: str, topic: str) -> None:
    """A tale about "a shy boy" says "shy boys", and one about children may have a child."""
    assert next(write_documents(understand(f"A GPT that writes {kind} about {topic}"), random.Random(3))).text


@pytest.mark.parametrize(("topic", "hero", "wrong"), [
    ("a shy boy", "shy boy", "she"), ("brave girls", "brave girl", "he"), ("the old woman", "old woman", "he"),
    ("a lonely old man", "lonely old man", "she"), ("an orphan", "orphan", ""), ("teenagers", "teenager", ""),
])  # fmt: skip
def test_a_person_who_is_asked_for_is_the_hero(topic: str, hero: str, wrong: str) -> None:
    request = replace(understand(f"A GPT that writes stories about {topic}"), forms=("story",))
    for document in islice(write_documents(request, random.Random(5)), 12):
        body = document.text.split("\n\n", 1)[1]
        assert re.search(rf"\b(?:an?|the) {hero}\b", body), document.text
        assert not faults_of_story(document.text), document.text
        assert not wrong or not re.search(rf"\b{wrong}\b", re.sub(r'"[^"]*"', "", body.split("\n")[0])), document.text


def told(table: object) -> Iterator[str]:
    """All strings of a table, without what is said in them."""
    if isinstance(table, str):
        yield re.sub(r'"[^"]*"', "", table)
    elif isinstance(table, (dict, list)):
        for part in table.values() if isinstance(table, dict) else table:
            yield from told(part)


def test_nobody_but_the_hero_is_he_or_she_in_a_story() -> None:
    """The tables write {he} and {his} for the hero; whoever else were "she" would be taken for the hero, or for a second one."""
    tables = [table for key, table in load_words("poetry_story").items() if key != "heroes"]
    lines = [line for table in tables for line in told(table)]
    assert len(lines) > 2000
    assert [line for line in lines if re.search(r"(?i)(?<!\{)\b(?:he|him|himself|she|her|hers|herself|his)\b(?!\})", line)] == []
