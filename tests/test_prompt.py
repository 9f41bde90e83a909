"""What a prompt is understood as."""

from __future__ import annotations

import dataclasses

import pytest

from minigpt.corpus.prompt import PRESETS, TABLES, same_stem, understand
from minigpt.corpus.templates import FORMS
from minigpt.errors import MinigptError


@pytest.mark.parametrize(
    ("prompt", "category", "matched"),
    [
        ("A fun GPT that generates cooking recipes", "cooking", ("cooking", "recipes")),
        ("haiku about autumn", "poetry", ("haiku", "autumn")),
        ("Stories about a chef", "poetry", ("stories",)),
        ("a poem about baking bread", "poetry", ("poem",)),
        ("Explain Python algorithms", "technical", ("python", "algorithms")),
        ("polite business e-mails", "general", ("e-mails", "business")),
        ("purple elephants", "general", ()),
        ("", "general", ()),
    ],
)
def test_category_and_the_words_that_decided(prompt: str, category: str, matched: tuple[str, ...]) -> None:
    request = understand(prompt)
    assert (request.category, set(request.matched)) == (category, set(matched))
    assert request.preset is None and request.forms


def test_whole_words_only() -> None:
    """ "codebase" is not "code", so that food decides; "scooking", "restful" and "newsagent" are nothing at all."""
    request = understand("A GPT for customer support of my food delivery codebase")
    assert request.category == "cooking" and "food" in request.matched
    assert understand("scooking restful newsagent apiary").matched == ()


@pytest.mark.parametrize(
    ("word", "key", "same"),
    [
        ("recipes", "recipe", True), ("baking", "bake", True), ("baker", "bake", True), ("stories", "story", True), ("cooks", "cook", True),
        ("dishes", "dish", True), ("chef's", "chef", True), ("codebase", "code", False), ("cookies", "cook", False),
    ],
)  # fmt: skip
def test_stems(word: str, key: str, same: bool) -> None:
    assert same_stem(word, key) is same


@pytest.mark.parametrize(
    ("prompt", "forms"),
    [
        ("haiku about autumn", ("haiku",)),
        ("tell me fantasy stories", ("story",)),
        ("love songs and ballads", ("song",)),
        ("vegan soup recipes", ("vegan",)),  # a diet beats a dish: the soups of the form "soup" may contain meat or cream
        ("cookie recipes", ("cookies",)),  # a dish beats "recipe"
        ("news headlines", ("news",)),
        ("REST API reference", ("endpoint",)),
    ],
)
def test_words_narrow_the_forms(prompt: str, forms: tuple[str, ...]) -> None:
    assert understand(prompt).forms == forms


def test_the_demo_writes_recipes_only() -> None:
    forms = understand("A fun GPT that generates cooking recipes").forms
    assert len(forms) >= 10 and not {"question", "technique", "menu"} & set(forms)


def test_other_scripts_have_no_spaces() -> None:
    assert understand("俳句を書くGPT").forms == ("haiku",)
    assert understand("料理のレシピ").category == "cooking"


def test_presets() -> None:
    assert len(PRESETS) == 16
    for key, preset in PRESETS.items():
        request = understand("anything, even cooking", key)
        assert (request.category, request.preset, request.forms, request.matched) == (preset.category, key, preset.forms, ())
        assert set(request.forms) <= set(FORMS[preset.category])
        assert preset.prompt.endswith(".") and understand(preset.prompt).category == preset.category
    assert sorted(dict.fromkeys(p.category for p in PRESETS.values())) == sorted(FORMS)
    assert understand("", "haiku_master").forms == ("haiku", "haiku_sequence", "haibun")


def test_unknown_preset_names_the_valid_ones() -> None:
    with pytest.raises(MinigptError, match=r"'haiku'.*haiku_master.*news_summarizer"):
        understand("", "haiku")


def test_all_forms_in_the_tables_exist() -> None:
    for category, forms in TABLES["default forms"].items():
        assert forms and set(forms) <= set(FORMS[category])
    for category, tables in TABLES["narrow"].items():
        for table in tables:
            for key, forms in table.items():
                assert forms and set(forms) <= set(FORMS[category]), key


def test_a_request_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        understand("soup").category = "poetry"  # type: ignore[misc]
