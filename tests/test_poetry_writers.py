"""Poems, songs and stories keep what they promise."""

from __future__ import annotations

import random
import re
import time
from dataclasses import replace
from itertools import islice

import pytest
from few import few
from poetry_faults import check, faults_of_acrostic, faults_of_haiku
from poetry_sound import rhymes
from verse_checks import faults_of_limerick, faults_of_lullaby, faults_of_scheme, faults_of_shanty, faults_of_song, faults_of_text

from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import FORMS, write_documents
from minigpt.corpus.templates.grammar import idea_of
from minigpt.corpus.templates.poetry import forms_for
from minigpt.corpus.templates.poetry_story_worlds import many_of
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


@pytest.mark.parametrize("count", [26, pytest.param(60, marks=pytest.mark.slow)])  # the first of them at least, always
@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: "-".join(filter(None, (*r.topics, r.season, r.audience, r.tone, r.length))))
def test_documents_obey_the_request(request_: Request, count: int) -> None:
    rng, words = random.Random(5), load_words("poetry")
    forms = forms_for(request_)
    for i in range(count):
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
    assert faults_of_scheme(["in the night", "in the night"], "AA") and faults_of_scheme(["in the night", "by the sea"], "AA")
    assert faults_of_scheme(["in the night"], "AA") and not faults_of_scheme(["in the night", "in the light"], "AA")
    assert rhymes("again", "ten") and rhymes("Maine.", "again,") and not rhymes("love", "move") and not rhymes("said", "paid")
    song = "Stay with me\n\nChorus\nStay with me\nin the night\nand not now\nin the {}"
    assert not faults_of_song(song.format("light")) and faults_of_song(song.format("dark")) and faults_of_song("Go " + song.format("light"))
    assert faults_of_text("Go\n\nA apple and and the [end") and not faults_of_text("Go\n\nAn apple and the end.")
    assert faults_of_lullaby("Go\n\nHush,\nin the night\nof the sea\nhold tight\nand shout me\n\nHush.")
    calls = "Ship\nA song.\n\nCaller: We left in the {}\nCrew: Haul!\nCaller: With our flag in the night\nCrew: {}!\n\nAll: a\nb\nc\nd"
    assert any("night" in fault for fault in faults_of_shanty(calls.format("dark", "Haul")))
    assert "the crew changes its words" not in faults_of_shanty(calls.format("light", "Haul"))
    assert faults_of_acrostic("Sea: an acrostic\n\nSo,\nEver,\nOver.")


@pytest.mark.parametrize("topic", ["猫", "кошки", "η θάλασσα", "les pensées", "富士山と海", "ความรัก"])
def test_a_topic_in_any_script_finds_a_line_that_it_fits_into(topic: str) -> None:
    """Its syllables are an estimate, and never none."""
    request_ = understand(f"haiku about {topic}")
    written = [document.text for document in islice(write_documents(request_, random.Random(1)), 12)]
    assert sum(any(topic in text.lower() for topic in request_.topics) for text in written) > 6


def test_a_limerick_rhymes_and_keeps_its_hero() -> None:
    rng, words, pronouns = random.Random(4), load_words("poetry"), set()
    for _ in range(300):
        text = FORMS["poetry"]["limerick"](rng, words, Request("poetry", ("limerick",)))
        assert faults_of_limerick(text) == [], text
        pronouns |= set(re.findall(r"\b(?:she|he)\b", text.lower()))
    assert pronouns == {"she", "he"}


@pytest.mark.parametrize(("prompt", "one"), [("miners", "miner"), ("wolves", "wolf"), ("my aunt", "aunt"), ("a nurse", "nurse")])
def test_a_ballad_of_people_or_animals_tells_of_one(prompt: str, one: str) -> None:
    for document in islice(write_documents(understand(f"ballads about {prompt}"), random.Random(3)), 40):
        body = document.text.split("\n\n", 1)[1]
        assert check(document.text, Request("poetry", ("ballad",), topics=(one,))) == [], document.text
        assert f"about {one}" not in body and len(re.findall(rf"\b{one}\b", body)) > 1, document.text


@pytest.mark.parametrize("kin", ["mother", "twin sister", "uncle"])
def test_a_story_about_a_relative_is_lived_with_one(kin: str) -> None:
    for document in islice(write_documents(understand(f"bedtime stories about my {kin}"), random.Random(5)), 30):
        assert document.origin["form"] == "story" and f"'s {kin}" in document.text, document.text
        assert check(document.text, Request("poetry", ("story",), topics=(kin,))) == [], document.text


@pytest.mark.parametrize("topic", ["heartbreak", "loneliness", "losing a friend", "tractors", "quantum physics", "my sister", "first love"])
@pytest.mark.parametrize("form", ["song", "ballad", "lullaby", "limerick"])
def test_what_is_sung_rhymes_and_suits_its_topic(form: str, topic: str) -> None:
    rng, words, request = random.Random(9), load_words("poetry"), Request("poetry", (form,), topics=(topic,))
    for _ in range(60):
        text = FORMS["poetry"][form](rng, words, request)
        assert check(text, request) == [], text


@pytest.mark.parametrize(
    ("topic", "many"),
    [("a cat", "cats"), ("cat", "cats"), ("a snowman", "snowmen"), ("losing a friend", "losing a friend"), ("my cat", "my cat")],
)
def test_a_poem_is_about_many_where_one_that_can_be_counted_was_named(topic: str, many: str) -> None:
    assert many_of(topic) == many


@pytest.mark.parametrize("form", few([form for form in ALL if form not in ("story", "fable", "scene")], 0, 3, 6))
def test_a_form_has_ideas(form: str) -> None:
    rng, words, request = random.Random(3), load_words("poetry"), Request("poetry", (form,), topics=("tractors",))
    ideas = {idea_of(FORMS["poetry"][form](rng, words, request)) for _ in range(400)}
    assert len(ideas) >= 10 and "" not in ideas, ideas


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
