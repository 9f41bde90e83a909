"""Poems, songs and stories keep what they promise."""

from __future__ import annotations

import random
import re
import time
from dataclasses import replace
from itertools import islice

import pytest
from poetry_faults import check, faults_of_acrostic, faults_of_haiku, faults_of_rhyme, table

from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import FORMS, write_documents
from minigpt.corpus.templates.poetry import forms_for
from minigpt.corpus.words import load_words
from minigpt.errors import MinigptError

pytestmark = pytest.mark.filterwarnings("error")
ALL = tuple(FORMS["poetry"])
REQUESTS = [
    Request("poetry", ALL),
    Request("poetry", ("haiku", "haiku_sequence", "haibun"), season="winter"),
    Request("poetry", ALL, season="autumn", topics=("the sea",)),
    Request("poetry", ALL, topics=("dragons",), audience="children", tone="fun"),
    Request("poetry", ALL, topics=("falconry",), tone="formal"),
    Request("poetry", ALL, topics=("grandmothers", "the city"), length="short"),
    Request("poetry", ALL, topics=("space",), length="long", audience="children"),
    Request("poetry", ALL, topics=("love",), tone="formal", season="spring"),
    Request("poetry", ALL, season="summer", audience="children", tone="formal", length="long"),
    Request("poetry", ALL, topics=("beekeeping in the desert",), season="winter", audience="children"),
    Request("poetry", ALL, topics=("old trains",), tone="fun"),
    Request("poetry", ALL, topics=("life in paris",), names=("Paris",), length="short", season="spring"),
    Request("poetry", ALL, topics=("ice cream", "the moon"), season="summer"),
    Request("poetry", ALL, topics=("swords and exams",), audience="children", tone="formal"),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: "-".join(filter(None, (*r.topics, r.season, r.audience, r.tone, r.length))))
def test_documents_obey_the_request(request_: Request) -> None:
    rng, words = random.Random(5), load_words("poetry")
    forms = forms_for(request_)
    for i in range(60):
        form = forms[i % len(forms)]
        text = FORMS["poetry"][form](rng, words, request_)
        assert check(text, replace(request_, forms=(form,))) == [], text


def test_length_is_obeyed() -> None:
    def mean(form: str, length: str) -> float:
        rng, words = random.Random(2), load_words("poetry")
        texts = [FORMS["poetry"][form](rng, words, Request("poetry", (form,), length=length)) for _ in range(20)]
        return sum(len(text.split()) for text in texts) / len(texts)

    for form in ("free_verse", "prose_poem", "haiku_sequence", "haibun", "story", "scene", "song", "ballad", "lullaby"):
        assert mean(form, "long") > 1.4 * mean(form, "short"), form


def test_the_checks_can_fail() -> None:
    haiku = "Snow\n\nSnow at the door tonight now,\nthe old cat sits beside the stove.\nThe window is dark."
    assert faults_of_haiku(haiku, Request("poetry", ("haiku",)))
    assert faults_of_rhyme(["in the night", "in the night"], "AA") and faults_of_rhyme(["in the night", "by the sea"], "AA")
    assert faults_of_rhyme(["in the night", "in the light"], "AB") and not faults_of_rhyme(["in the night", "in the light"], "AA")
    assert faults_of_acrostic("Sea: an acrostic\n\nSo,\nEver,\nOver.")


@pytest.mark.parametrize("topic", ["猫", "кошки", "η θάλασσα", "les pensées", "富士山と海", "ความรัก"])
def test_a_topic_in_any_script_finds_a_line_that_it_fits_into(topic: str) -> None:
    """Its syllables are an estimate, and never none."""
    request_ = understand(f"haiku about {topic}")
    written = [document.text for document in islice(write_documents(request_, random.Random(1)), 12)]
    assert sum(any(topic in text.lower() for topic in request_.topics) for text in written) > 6


def test_a_limerick_rhymes_and_keeps_its_hero() -> None:
    rng, words, pronouns = random.Random(4), load_words("poetry"), set()
    for _ in range(200):
        lines = FORMS["poetry"]["limerick"](rng, words, Request("poetry", ("limerick",))).split("\n\n")[1].split("\n")
        assert faults_of_rhyme(lines, "AABBA") == [], lines
        found = {
            "she" if word in ("she", "her") else "he" for line in lines for word in re.findall(r"\b(?:she|her|he|his|him)\b", line.lower())
        }
        pronouns |= found
        assert len(found) <= 1 or any(re.search(r"\b(?:her|his|him)\b", line) for line in lines[:2]), lines  # an image may have its own
    assert pronouns == {"she", "he"}


def test_a_fun_request_begins_with_a_limerick_and_a_formal_one_has_none() -> None:
    assert forms_for(Request("poetry", ("free_verse",), tone="fun"))[0] == "limerick"
    assert forms_for(Request("poetry", ("limerick",), tone="formal")) == ("free_verse",)
    assert "limerick" not in forms_for(Request("poetry", ALL, tone="formal"))


def test_a_request_that_contradicts_itself_is_one_line() -> None:
    request = Request("poetry", ALL, season="winter", topics=("harvest pumpkins in autumn",))
    words, began = load_words("poetry"), time.process_time()
    for form in ALL:
        with pytest.raises(MinigptError, match="winter or autumn") as error:
            FORMS["poetry"][form](random.Random(0), words, request)
        assert "\n" not in str(error.value)
    assert time.process_time() - began < 1


def test_what_is_asked_for_is_written_whoever_and_whenever_it_is_for() -> None:
    """A topic's own words are no fault of the text: no form gives up on ice cream in winter or on wine for children."""
    for topic, season in (
        ("ice cream on the beach", "winter"),
        ("melon", "winter"),
        ("war and swords", None),
        ("snow", "summer"),
        ("my tractor", "spring"),
    ):
        request = Request("poetry", ALL, season=season, topics=(topic,), audience="children", tone="formal")
        for form in ALL:
            text = FORMS["poetry"][form](random.Random(3), load_words("poetry"), request)
            assert check(text, replace(request, forms=(form,))) == [], text


def test_rhymes_and_hooks_stand_in_the_table() -> None:
    words, sounds = load_words("poetry"), table("rhymes")
    assert sum(len(rows) for rows in words["rhymes"].values()) == len(sounds)  # a word has one sound
    for hook, sound in words["hooks"]:
        assert sounds[{"july": "July", "june": "June"}.get(hook.lower().split()[-1], hook.lower().split()[-1])] == sound, hook
