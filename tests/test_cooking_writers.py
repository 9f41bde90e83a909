"""The cooking writers, held by a reader of their documents that knows nothing of how they are written (cooking_checks.py).

REQUESTS are the requests that the tests ask for.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from cooking_checks import SIGNATURES, amount_faults, check, order_faults, parse, recipe_faults, sentences, style_faults
from cooking_sense import check_sense

from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import write_documents
from minigpt.corpus.templates.cooking import FORMS, forms_for
from minigpt.corpus.templates.cooking_recipes import minutes_in, show_time
from minigpt.corpus.templates.grammar import idea_of
from minigpt.corpus.words import load_words
from minigpt.errors import MinigptError

pytestmark = pytest.mark.filterwarnings("error")

# A document takes ten milliseconds: the quick tests draw fewer of them, or for some of the cuisines and presets; make slow has them all.
slow = pytest.mark.slow
QUICK = ("italian", "japanese", "simple_cooking_recipes", "recipe", "dessert", "menu", "question", "technique", "substitution")


def few(names: Iterable[str]) -> list[Any]:
    """The quick ones, and the others for make slow."""
    return [name if name in QUICK else pytest.param(name, marks=slow) for name in names]


REQUESTS = [
    *(understand("", preset) for preset in PRESETS if PRESETS[preset].category == "cooking"),
    Request("cooking", ("recipe", "question", "menu"), cuisines=("italian",), diets=("vegan",), audience="children"),
    Request("cooking", ("recipe", "told_recipe", "meal_plan"), cuisines=("japanese", "thai"), diets=("gluten-free",)),
    Request("cooking", ("cake", "cookies", "baking_question"), diets=("vegan", "nut-free"), tone="fun"),
    Request("cooking", ("recipe", "shopping_list", "substitution"), cuisines=("moroccan", "indian"), diets=("halal",), length="long"),
    Request("cooking", ("soup", "recipe", "chef_notes"), season="winter", ingredients=("lentil", "pumpkin"), audience="beginners"),
    Request(
        "cooking", ("recipe", "technique", "menu"), diets=("vegetarian",), without=("garlic", "mushroom"), tone="formal", length="short"
    ),
    Request("cooking", ("seared", "chef_notes", "technique", "menu"), cuisines=("french",), audience="professionals"),
    Request("cooking", ("dessert", "told_dessert", "baking_menu"), diets=("gluten-free", "dairy-free"), season="autumn"),
    Request(
        "cooking",
        ("recipe", "told_recipe", "question"),
        ingredients=("salmon", "shrimp"),
        diets=("pescatarian", "dairy-free"),
        season="summer",
    ),
    Request(
        "cooking",
        ("tacos", "recipe", "question"),
        cuisines=("mexican",),
        without=("onion",),
        diets=("vegetarian", "nut-free"),
        tone="fun",
        length="short",
    ),
    Request("cooking", ("recipe", "menu", "shopping_list"), cuisines=("spanish", "greek"), diets=("dairy-free", "halal"), season="spring"),
    Request("cooking", ("recipe", "question"), cuisines=("chinese", "american"), diets=("nut-free",), audience="children", tone="fun"),
]


def documents(request: Request, count: int, seed: int = 11) -> list[tuple[str, str]]:
    """(form, text) of so many documents, of the forms that fit the request."""
    stream = write_documents(replace(request, forms=forms_for(request)), random.Random(seed))
    found = [(d.origin["form"], d.text) for d in islice(stream, count)]
    assert len(found) == count
    return found


@pytest.mark.parametrize("count", [15, pytest.param(60, marks=slow)])
@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_documents_obey_their_request(number: int, count: int) -> None:
    request = REQUESTS[number]
    for form, text in documents(request, count):
        assert check(text, request) == [], f"{form}\n{text}"


def test_short_is_shorter_and_long_is_longer() -> None:
    means: list[float] = []
    for length in ("short", None, "long"):
        texts = [text for _, text in documents(Request("cooking", ("recipe", "question", "chef_notes"), length=length), 60)]
        means.append(sum(len(text.split()) for text in texts) / len(texts))
    assert means[0] * 1.15 < means[1] and means[1] * 1.1 < means[2], means


@pytest.mark.parametrize("cuisine", few(SIGNATURES))
def test_every_cuisine_has_dishes_of_its_own_even_for_vegans(cuisine: str) -> None:
    """At least eight differently named dishes of one cuisine, six of them without anything from an animal."""
    for diets, least in (((), 8), (("vegan",), 6), (("gluten-free",), 6), (("halal",), 8)):
        request = Request("cooking", ("recipe",), cuisines=(cuisine,), diets=diets)
        titles = {re.sub(r" with .*", "", text.split("\n")[0]) for _, text in documents(request, 60)}
        assert len(titles) >= least, (diets, titles)


def test_an_asked_ingredient_is_cooked_whatever_it_is() -> None:
    for food in ("lentil", "salmon", "mushroom", "basil", "tofu", "rice", "apple", "chocolate", "zucchini", "goat cheese", "peanut"):
        request = Request("cooking", ("recipe", "dessert", "question"), ingredients=(food,))
        for form, text in documents(request, 12):
            assert re.search(rf"\b{food}", text.lower()), f"{food} {form}\n{text}"
            assert recipe_faults(text, request) == [], text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Soup\n\n1. The oregano and cumin now: wait 1 minute.", "telegram"),
        ("X\n\n1. Toast the almonds for 3 minutes, until they smell toasty.", ""),
        ("X\n\n1. Toast the almonds for 3 minutes, until it smells toasty.", "pronoun"),
        ("The beans is done.", "agree"),
        ("A soup.\nServes 2.\n- 1650 ml stock", "digits"),
        ("A soup.\nServes 2.\n- 1.8 kg potatoes", "each"),
        ("X\n\n1. Bake for 20 minutes.", "cold oven"),
        ("Monday: Soup.\nWednesday: Stew.", "Monday, Wednesday"),
        ("Start at 5:15, for it takes 50 minutes and is served at 6:00.", "clock"),
        ("Let the soup cool for 1 hours.", "number"),
        ("Add a few kale and much beans.", "too"),
        ("Keep the rest in a box. Keep the rest in a box.", "twice"),
    ],
)
def test_the_reader_sees_a_fault(text: str, fault: str) -> None:
    found = style_faults(text) + amount_faults(text) + order_faults(text)
    assert any(fault in one for one in found) if fault else not found


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Question: Is bread hard to make?\n\nAnswer: You need flour.", "another answer"),
        ("Question: What goes into bread?\n\nAnswer: You need flour.", ""),
        ("Orange Cake\n\n- 1 orange\nLemon zest can take the place of the orange zest in the cake.", "orange zest is in the name"),
        ("X\n\n1. Cook the penne in boiling water and save a cup of the water.\n2. Fry.\n3. Simmer.\n4. Toss.", "the pasta waits"),
        ("X\n\n1. Drain the beans, because steam burns.", "steam from what is cold"),
        ("X\nServes 2; ready in 2 hours 10 minutes.", "130 minutes"),
    ],
)
def test_the_reader_sees_what_a_cook_would_smile_at(text: str, fault: str) -> None:
    found = check_sense(text, Request("cooking", ("recipe",), length="short"))
    assert any(fault in one for one in found) if fault else not found


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Request("cooking", ("recipe",), diets=("vegan",), ingredients=("beef",)), "beef does not go with: vegan"),
        (Request("cooking", ("recipe",), ingredients=("granite",)), "granite is not a food that the cooking tables know"),
        (Request("cooking", ("recipe",), diets=("paleo",)), "do not know the diet 'paleo'"),
        (Request("cooking", ("recipe",), without=("plant", "meat", "fish", "dairy", "egg")), "no dish is left"),
    ],
)
def test_what_cannot_be_cooked_is_said_in_one_line(request_: Request, says: str) -> None:
    with pytest.raises(MinigptError) as caught:
        documents(request_, 1)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_forms_that_cannot_obey_give_way() -> None:
    assert "omelette" not in forms_for(Request("cooking", ("omelette", "soup"), diets=("vegan",)))
    assert forms_for(Request("cooking", ("omelette",), diets=("vegan",))) == ("recipe", "told_recipe")
    assert forms_for(Request("cooking", ("tacos", "curry"), cuisines=("japanese",))) == ("curry",)
    assert forms_for(Request("cooking", ("pasta",), cuisines=("japanese",)))
    assert forms_for(Request("cooking", ("crumble",), season="spring"))[0] == "dessert"
    preset = understand("", "desserts_specialist")
    assert forms_for(preset) == preset.forms


def test_no_meat_in_the_pudding() -> None:
    """An asked food takes a place only in dishes of its own kind."""
    for food, other in (("chicken", "sugar"), ("tofu", "chocolate"), ("mushroom", "vanilla")):
        for _, text in documents(Request("cooking", ("dessert", "recipe"), ingredients=(food,)), 30):
            assert other not in " ".join(parse(text)[1]), text


def test_amounts_fit_what_is_counted() -> None:
    """No half eggs, no spoons by the dozen, nothing under what a scale can weigh."""
    for _, text in documents(Request("cooking", ("recipe", "dessert")), 200):
        for need in parse(text)[1]:
            assert not re.match(r"\d* ?\d/\d eggs?\b", need), need
            assert not re.match(r"(\d\d|9|8) tablespoons|\d\d teaspoons", need), need
            assert not re.match(r"0 ", need), need
    assert [show_time(m) for m in (35, 60, 95, 120)] == ["35 minutes", "1 hour", "1 hour 35 minutes", "2 hours"]
    assert minutes_in(["Cook for 3 minutes on each side.", "Rest 1 hour.", "Wait for 1 minute."]) == 6 + 60 + 1


@pytest.mark.parametrize("form", few(FORMS))
def test_every_document_knows_its_idea(form: str) -> None:
    """Each form returns a text with an idea; there are many."""
    words = load_words("cooking")
    told = [FORMS[form](random.Random(seed), words, Request("cooking", (form,))) for seed in range(30)]
    assert all(idea_of(text) for text in told), form
    assert len({idea_of(text) for text in told}) >= 8, form


@slow
def test_two_recipes_of_one_idea_tell_of_one_dish_in_other_words() -> None:
    dishes: dict[str, set[str]] = {}
    for document in islice(write_documents(Request("cooking", ("recipe", "dessert")), random.Random(5)), 600):
        dishes.setdefault(str(document.origin["idea"]), set()).add(document.text)
    assert len(dishes) >= 150
    pairs = [list(texts)[:2] for texts in dishes.values() if len(texts) > 1]
    alike = [len(set(sentences(one)) & set(sentences(two))) / len(set(sentences(one))) for one, two in pairs]
    assert len(pairs) > 50 and sum(alike) / len(alike) < 0.25


@pytest.mark.parametrize(
    ("preset", "most"),
    [
        ("simple_cooking_recipes", 0.12),
        pytest.param("healthy_diet_recipes", 0.12, marks=slow),
        pytest.param("desserts_specialist", 0.18, marks=slow),
    ],
)
def test_few_sentences_of_fresh_documents_were_written_before(preset: str, most: float) -> None:
    """Of the sentences of other documents for the same request (lists of ingredients apart), few stand word for word in 250 documents."""
    request = understand("", preset)

    def told(seed: int, count: int) -> list[str]:
        texts = [re.sub(r"(?m)^- .*$", "", text) for _, text in documents(request, count, seed)]
        return [sentence for text in texts for sentence in sentences(text) if len(sentence.split()) >= 5]

    known, fresh = set(told(1, 250)), told(2, 120)
    assert sum(sentence in known for sentence in fresh) / len(fresh) <= most


@pytest.mark.parametrize("preset", few(preset for preset in PRESETS if PRESETS[preset].category == "cooking"))
def test_a_preset_is_varied(preset: str) -> None:
    """Of 60,000 words no document comes twice, none is nearly another, and few four-word sequences return."""
    texts: list[str] = []
    seen: set[str] = set()
    words = 0
    grams: dict[tuple[str, ...], int] = {}
    for _, text in documents(understand("", preset), 330):
        assert text not in seen
        seen.add(text)
        own = text.split()
        five = {tuple(own[i : i + 5]) for i in range(len(own) - 4)}
        shared: dict[int, int] = {}
        for gram in five:
            if gram in grams:
                shared[grams[gram]] = shared.get(grams[gram], 0) + 1
            grams[gram] = len(texts)
        assert all(count / len(five) < 0.8 for count in shared.values()), text
        texts.append(text)
        words += len(own)
    flat = " ".join(texts).split()
    fours = [tuple(flat[i : i + 4]) for i in range(len(flat) - 3)]
    assert words > 45_000 and len(set(fours)) / len(fours) >= 0.45


@pytest.mark.parametrize(
    ("prompt", "dishes"),
    [
        ("vegan dessert recipes", r"\b(?:sugar|honey|syrup)\b"),
        ("vegetarian tacos", r"Tacos"),
        ("vegan curry recipes", r"(?i)curry|masala|dal|korma|saag|rajma|sabzi|aloo|kare"),
    ],
)
def test_a_dish_named_beside_a_diet_is_what_is_cooked(prompt: str, dishes: str) -> None:
    texts = [text for _, text in documents(understand(f"A GPT that writes {prompt}"), 40)]
    assert [text.split("\n")[0] for text in texts if not re.search(dishes, text)] == []


MADE_OF = {"Saag": "spinach|kale", "Ratatouille": "eggplant", "Dal": "lentil", "Rajma": "kidney bean", "Caponata": "eggplant"}


def test_what_makes_a_dish_stays_in_it_whatever_is_asked_for() -> None:
    """A requested mushroom takes the place of one of many vegetables, not of the spinach of a saag or the eggplant of a ratatouille."""
    for food in ("mushroom", "carrot", "chicken", "tofu"):
        for _, text in documents(Request("cooking", ("recipe",), ingredients=(food,)), 120):
            title, needs = text.split("\n")[0], " ".join(parse(text)[1])
            for dish, made in MADE_OF.items():
                assert not re.search(rf"\b{dish}\b", title) or re.search(made, needs), text
