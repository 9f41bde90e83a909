"""How much of a prompt is read, and what weighs more than what: on either side of each line."""

from __future__ import annotations

import pytest

from minigpt.corpus.prompt import genres, keywords
from minigpt.corpus.prompt.language import glossaries, language_of_text
from minigpt.corpus.prompt.lexicon import keys
from minigpt.corpus.prompt.understand import understand


def test_names_and_keys_are_looked_for_at_their_whole_length() -> None:
    """And not at a greater one."""
    assert max(len(key.split()) for key in keys()) == keywords.LONGEST
    foreign = [word for glossary in glossaries().values() for word in glossary.words]
    assert max(len(word.split()) for word in foreign) == keywords.LONGEST
    longest = max(len(name.split()) for name in genres.unwritten())
    assert longest <= genres.LONGEST <= keywords.LONGEST


@pytest.mark.parametrize(("letters", "read"), [(1500, True), (3500, False)])
def test_the_beginning_of_a_prompt_is_read(letters: int, read: bool) -> None:
    prompt = f"A GPT that writes {'very ' * (letters // 5)}long haiku"
    assert ("haiku" in understand(prompt).forms) == read


def test_a_prompt_has_a_handful_of_topics_of_a_few_words_each() -> None:
    things = "rivers, castles, lanterns, deserts, glaciers, volcanoes, islands, comets, mills"
    assert 3 <= len(understand(f"A GPT that writes poems about {things}").topics) <= 8
    adjectives = "red old broken heavy wooden square narrow hollow painted Flemish"
    (topic, *_) = understand(f"Poems about {adjectives} shutters").topics
    assert 4 <= len(topic.split()) <= 10


@pytest.mark.parametrize(
    ("prompt", "category"),
    [
        ("A GPT about chefs and poems", "poetry"),
        ("Something about recipes", "cooking"),
        ("Letters for poets", "general"),
        ("Letters for programmers", "general"),
        ("A GPT for programmers", "technical"),
    ],
)
def test_what_a_text_is_about_or_for_counts_less_than_what_it_is(
    prompt: str,
    category: str,
) -> None:
    """But it counts where nothing else speaks."""
    assert understand(prompt).category == category


def test_a_word_is_the_surer_the_more_it_weighs() -> None:
    """A recipe is a text about cooking for certain, a kitchen nearly so, a menu perhaps; and so is
    what a text is about."""
    prompts = ("recipes", "for the kitchen", "a restaurant", "something about cooking")
    recipe, kitchen, menu, about = (understand(prompt).confidence for prompt in prompts)
    assert 0.9 <= recipe < 0.98
    assert understand("", "haiku_master").confidence == 1
    assert 0.6 <= kitchen < 0.9
    assert 0.25 <= menu == about < 0.6


def test_the_language_of_a_text_is_told_by_several_small_words() -> None:
    """Five at least, and one word in ten: names and loanwords alone say nothing."""
    german = "der sind war auf zum nicht".split()
    names = [f"Zxq{number}" for number in range(200)]
    assert language_of_text(" ".join([*german, *names[:10]])) == "de"
    assert language_of_text(" ".join([*german[:3], *names[:6]])) == ""
    assert language_of_text(" ".join(german * 2 + names[:70])) == "de"
    assert language_of_text(" ".join(german * 2 + names)) == ""


@pytest.mark.parametrize(("letters", "parts"), [(60, 2), (100, 1)])
def test_what_is_longer_than_words_is_not_taken_apart(letters: int, parts: int) -> None:
    """It would be tried at every letter."""
    german = glossaries()["de"]
    assert len(german.parts("x" * letters + "suppe")) == parts
    assert len(german.parts("k\u00fcrbissuppe")) == 2


def test_the_last_part_of_a_compound_has_four_letters() -> None:
    """Shorter ones stand at the end of words that have nothing to do with them."""
    german = glossaries()["de"]
    words = [word for word, english in german.words.items() if english and word.isalpha()]
    short, long = (next(word for word in words if len(word) == letters) for letters in (3, 4))
    assert len(german.parts(f"xqxq{short}")) == 1
    assert len(german.parts(f"xqxq{long}")) == 2


def test_a_word_that_certainly_means_a_kind_of_text_decides_what_is_written() -> None:
    """A chef's poems and recipes are subjects; a tasty one's are what is written. What is cooked
    stays a dish where nuts are ruled out, a menu alone is no dish."""
    chef, tasty = (understand(f"A {word} GPT about poems and recipes") for word in ("chef", "tasty"))
    assert [part.kind for part in chef.parts] == [""]
    assert [part.kind for part in tasty.parts] == ["poems", "recipes"]
    assert understand("no cookery with nuts").category == "cooking"
    assert understand("no menu with nuts").category == "general"
