"""The templates' counts, times and amounts: on either side of each line."""

from __future__ import annotations

import random
import re
from itertools import islice
from statistics import fmean
from types import SimpleNamespace

import pytest

from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import FORMS, write_documents
from minigpt.corpus.templates.cooking_dishes import some_plate
from minigpt.corpus.templates.cooking_foods import all_foods, round_amount, show_food, show_number
from minigpt.corpus.templates.cooking_kitchen import SEASONING, Kitchen
from minigpt.corpus.templates.poetry_topics import fits, topic_tables
from minigpt.corpus.words import load_words


def texts(category: str, form: str, count: int = 40, **asked) -> list[str]:
    request, rng, words = (
        Request(category, (form,), **asked),
        random.Random(1),
        load_words(category),
    )
    return [FORMS[category][form](rng, words, request) for _ in range(count)]


# --- cooking


def test_spoons_are_five_and_fifteen_milliliters() -> None:
    wet = [food for food in all_foods().values() if not food.kinds & {"spice", "herb", "aromatic"}]
    large = next(food for food in wet if food.unit == "tablespoon")
    small = next(food for food in wet if food.unit == "teaspoon")
    assert show_food(large, 2, metric=True).startswith("30 ml")
    assert show_food(small, 2, metric=True).startswith("10 ml")
    assert show_food(large, 8, metric=False).startswith("120 ml")
    assert [show_number(n) for n in (0.25, 0.5, 1.75)] == ["1/4", "1/2", "1 3/4"]


def test_what_is_small_is_used_whole() -> None:
    """An egg of 60 grams; half an onion is an amount."""
    pieces = [food for food in all_foods().values() if food.unit == ""]
    assert {round_amount(food, 0.5) for food in pieces if food.grams < 65} == {1}
    assert {round_amount(food, 0.5) for food in pieces if food.grams > 85} == {0.5}
    assert len([food for food in pieces if 65 <= food.grams <= 85]) < len(pieces) / 3


@pytest.mark.parametrize(
    ("clock", "together", "apart"),
    [
        ("fry", 3, 8),
        ("simmer", 5, 15),
        ("roast", 5, 15),
    ],
)
def test_what_takes_much_less_goes_in_later(clock: str, together: int, apart: int) -> None:
    kitchen = object.__new__(Kitchen)
    kitchen.dish = SimpleNamespace(roles={})
    foods = {getattr(food, clock): key for key, food in all_foods().items() if getattr(food, clock)}
    pairs = [(fast, slow) for fast in foods for slow in foods if fast < slow]
    late = {b - a: goes_in_later(kitchen, foods[a], foods[b], clock) for a, b in pairs}
    assert {is_late for gap, is_late in late.items() if gap <= together} == {False}
    assert {is_late for gap, is_late in late.items() if gap >= apart} == {True}


def goes_in_later(kitchen: Kitchen, fast: str, slow: str, clock: str) -> bool:
    """Whether the food that takes less time goes in later than the other."""
    kitchen._stage([slow, fast], clock)
    return bool(kitchen.groups["late"] == [fast])


def test_cooks_differ_a_little_and_not_in_what_makes_a_dough() -> None:
    rng, request = random.Random(2), Request("cooking", ("recipe",))
    ratios = []
    for _ in range(150):
        dish = some_plate(rng, request)
        kitchen = Kitchen(rng, dish, 8, load_words("cooking"), request)
        seasoning = {key for role in SEASONING if not dish.row["sweet"] for key in dish.roles.get(role, ())}
        usual = {key: 8 * amount for key, amount in dish.amounts.items() if 8 * amount > 200 and key not in seasoning}
        ratios += [kitchen.amounts[key] / amount for key, amount in usual.items()]
    assert 0.8 < min(ratios) < 0.9 and 1.15 < max(ratios) <= 1.25  # 1.2, and rounded to 100 g from a kilo on
    assert 0.97 < fmean(ratios) < 1.04
    assert 0.2 < sum(0.97 < ratio < 1.03 for ratio in ratios) / len(ratios) < 0.6


@pytest.mark.parametrize("season", ["spring", "summer", "autumn", "winter"])
def test_nearly_every_dish_of_a_season_has_a_food_of_it(season: str) -> None:
    """Foods are drawn until one is; where the dish has no place for one, it stays as it is."""
    foods = load_words("cooking")["seasons"][season]
    recipes = [text.lower() for text in texts("cooking", "recipe", 60, season=season)]
    assert sum(any(food in text for food in foods) for text in recipes) >= 49


# --- talk and news


@pytest.mark.parametrize(
    ("length", "least", "most"),
    [
        ("short", 3, 7),
        (None, 3, 10),
        ("long", 5, 11),
    ],
)
def test_news_have_as_many_sentences_as_the_length_asks_for(length: str | None, least: int, most: int) -> None:
    bodies = [text.split("\n\n")[1] for text in texts("general", "news", length=length)]
    counts = [len(re.findall(r"[.?!]\"?(?= [A-Z\"]|$)", body)) for body in bodies]
    assert least <= min(counts) < max(counts) <= most


def test_a_short_dialogue_is_three_or_four_questions_long() -> None:
    """Of the pairs of turns of a talk, only those that it needs."""
    lines = [text.count("\n") + 1 for text in texts("general", "dialogue", length="short")]
    assert set(lines) <= {6, 8} and lines.count(6) > lines.count(8)
    assert fmean(text.count("\n") + 1 for text in texts("general", "dialogue")) > fmean(lines) + 1


@pytest.mark.parametrize(
    ("length", "least", "most"),
    [
        ("short", 3, 4),
        (None, 4, 6),
        ("long", 6, 9),
    ],
)
def test_a_plan_has_as_many_steps_as_the_length_asks_for(
    length: str | None,
    least: int,
    most: int,
) -> None:
    plans = texts("topic", "plan", topics=("chess",), length=length)
    steps = [sum("minutes)." in line for line in text.split("\n")) for text in plans]
    assert least <= min(steps) < max(steps) <= most


# --- verse


def test_a_topic_is_named_and_does_not_become_a_refrain() -> None:
    stream = write_documents(understand("free verse about lighthouses"), random.Random(1))
    poems = [document.text.lower() for document in islice(stream, 60)]
    times = [poem.split("\n\n", 1)[1].count("lighthouse") for poem in poems]
    assert min(times) >= 1
    assert 4 <= max(times) <= 7


@pytest.mark.parametrize(("words", "shown"), [(30, True), (100, False)])
def test_a_short_text_may_show_its_topic_by_another_word(words: int, shown: bool) -> None:
    table = load_words("poetry")
    rows = [(name, row) for name, row in topic_tables(table).items() if " " not in name]
    name, row = next((name, row) for name, row in rows if len(row["keys"]) > 2)
    request = Request("poetry", ("haiku",), topics=(name,))
    other = next(key for key in row["keys"] if key != name and name not in key)
    assert fits(table, request, f"Title\n\n{other} {'and then ' * (words // 2)}") == shown


@pytest.mark.parametrize("form", sorted(FORMS["poetry"]))
def test_every_topic_that_has_a_table_can_be_written_of(form: str) -> None:
    for name in topic_tables(load_words("poetry")):
        stream = write_documents(Request("poetry", (form,), topics=(name,)), random.Random(1))
        assert len(list(islice(stream, 2))) == 2, name


# --- all of them


def test_no_text_of_a_long_stream_is_taken_for_another() -> None:
    """A mark of a few bytes would do that."""
    with pytest.MonkeyPatch.context() as patch:
        number = iter(range(10**6))
        patch.setitem(FORMS, "topic", {"many": lambda rng, words, request: f"text {next(number)}"})
        stream = islice(write_documents(Request("topic", ("many",)), random.Random(1)), 20_000)
        assert sum(1 for _ in stream) == 20_000
        assert next(number) == 20_000
