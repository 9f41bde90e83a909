"""What a prompt rules out never appears: every food, in every wording that rules it out, or may do so."""

from __future__ import annotations

import dataclasses
import itertools
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.corpus.english import plurals
from minigpt.corpus.prompt.lexicon import FOODS, TABLES, misspelt
from minigpt.corpus.prompt.understand import describe, understand
from minigpt.corpus.templates import write_documents
from minigpt.corpus.templates.left_out import word_pattern
from minigpt.errors import MinigptError

UNDERSTOOD = [
    "cookies w/o {}", "cookies W/OUT {}", "cookies w.o. {}", "no-{} cookies", "cookies with out {}", "cookies, leave out the {}",
    "leave {} out of cookies", "cookies: keep the {} out", "cookies with none of the {}", "cookies free of {}", "{}-free cookies",
    "cookies, skip the {}", "cookies, hold the {}", "cookies minus {}", "cookies -{}", "cookies \N{MINUS SIGN} {}", "cookies sans {}",
    "cookies that never have {}", "cookies except {}", "cookies but not {}", "everything but {} in my cookies", "cookies, avoid {}",
    "cookies devoid of {}", "cookies for my son, allergic to {}", "cookies with honey instead of {}", "cookies, replace {} with honey",
    "cookies without any kind of {}", "cookies without traces of {}", "cookies without salty {}", "cookies without the use of {}",
    "cookies with no need for {}", "I don't want cookies with {}", "no cookies containing {}", "please do not ever add the {} to cookies",
    'cookies without "{}"', "cookies without: {}", "cookies **without** {}", "cookies (no {})", "cookies. {}? No!", "cookies, no to {}",
    "cookies, {} are out", "cookies, {} excluded", "cookies, {} not allowed", "cookies, {} aren't allowed", "cookies, {} must not be used",
    "cookies, {} are off limits", "cookies; {} should be avoided", "cookies with the {} omitted", "forbidden: {}; cookies",
    "allergies: {}; cookies", "cookies, exclude the following ingredients: {}", "Avoid:\n- {}\n- quinces\n\ncookies",
    "cookies wihtout {}", "cookies witout {}", "cookies exept {}", "cookies, excldue {}", "cookies that doesnt have {}",
    "cookies without quince jelly, {} or honey", "cookies without honey, wine and {}", "cookies without honey/{}",
    "cookies without honey as well as {}", "cookies without sweets (honey, {})", "cookies without sweets such as {}",
    "cookies, no honey, no {}", "cookies for people who no longer eat {}",
    "cookies (excl. {})", "cookies, I gave up {}", "cookies, we ran out of {}", "cookies, {} nowhere",
    "cookies that do not mention, use or contain {}", "cookies that don't contain, use or mention {}", "cookies, {} = bad",
    "cookies (-{})", "cookies (\N{MINUS SIGN}{})", "cookies,-{}",
]  # fmt: skip
UNCLEAR = [
    "cookies bar the {}", "cookies, drop the {}", "cookies, lose the {}", "cookies; nobody here eats {}", "cookies; {} make me sick",
    "cookies; {} kill me", "{}, which I cannot eat: cookies", "cookies, {} need not apply", "cookies with fewer {}", "cookies, 🚫 {}",
    "cookies, {} ❌", "cookies, do not skip the {}", "cookies, substitute honey for {}", "cookies frobnicating the {}",
    "cookies frobnicate {}", "cookies in denial of {}",
    "cookies by a chef who refuses to cook {}", "{}? no thanks; cookies", "cookies ex. {}",
]  # fmt: skip
NAMES = sorted(FOODS)


def value(food: str) -> str:
    return str(TABLES["same food"].get(food, food))


@pytest.mark.parametrize("pattern", UNDERSTOOD)
@pytest.mark.parametrize("food", ["nuts", "peanut butter"])
def test_a_wording_that_rules_a_food_out_is_obeyed(pattern: str, food: str) -> None:
    request = understand(pattern.format(food))
    assert food.removesuffix("s") in request.without and food.removesuffix("s") not in request.ingredients
    assert request.category == "cooking"


@pytest.mark.parametrize("pattern", UNCLEAR)
def test_a_wording_that_nobody_understands_is_no_wish_and_the_plan_says_so(pattern: str) -> None:
    request = understand(pattern.format("nuts"))
    assert "nut" not in request.ingredients and not any("nut" in topic for topic in request.topics)
    (line,) = [line for line in describe(request) if line.startswith("not understood")]
    assert "nuts" in line and '"without' in line


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(NAMES), st.booleans(), st.sampled_from([*UNDERSTOOD, *UNCLEAR]))
def test_no_food_that_is_ruled_out_becomes_a_wish(food: str, plural: bool, pattern: str) -> None:
    request = understand(pattern.format(plurals(food)[0] if plural else food))
    assert value(food) not in request.ingredients
    assert value(food) in request.without or request.diets or request.unclear


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(NAMES), min_size=2, max_size=5, unique_by=value), st.sampled_from(["and", "or", "and also", "as well as", "&"])
)
def test_a_list_is_ruled_out_to_its_end(foods: list[str], joint: str) -> None:
    *first, last = foods
    for pattern in ("cookies without {}", "cookies free from any kind of {}", "cookies, avoid {}, please"):
        assert understand(pattern.format(f"{', '.join(first)} {joint} {last}")).ingredients == ()


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("cookies topped with nuts", ("nut",)),
        ("cookies with nuts but without eggs", ("nut",)),
        ("no eggs, but plenty of chocolate: cookies", ("chocolate",)),
        ("no pickles, extra cheese: burgers", ("cheese",)),
        ("recipes with chicken that never take long", ("chicken",)),
        ("recipes for people who don't have much time, with chicken", ("chicken",)),
        ("curry using leftover turkey", ("turkey",)),
        ("a GPT that loves mushrooms and writes recipes", ("mushroom",)),
        ("recipes in which chicken is the star", ("chicken",)),
        ("nothing but chicken recipes", ("chicken",)),
        ("don't forget the garlic: pasta recipes", ("garlic",)),
        ("no meat, eggs are fine: dinners", ("egg",)),
        ("recipes for someone who hates mushrooms and loves cheese", ("cheese",)),
        ("don't worry, use chicken: dinners", ("chicken",)),
        ("nuts: no eggs: yes; recipes", ("egg",)),
        ("my son can't have nuts, and I love mushrooms: recipes", ("mushroom",)),
        ("no-nut chocolate cookies", ("chocolate",)),
        ("honey glazed ham recipes", ("honey", "ham")),
        ("Rezepte mit frischem Kürbis", ("pumpkin",)),
    ],
)
def test_a_wish_stays_one(prompt: str, wanted: tuple[str, ...]) -> None:
    request = understand(prompt)
    assert (request.ingredients, request.unclear) == (wanted, ())


@pytest.mark.parametrize(
    "prompt",
    [
        "gâteaux sauf les noix", "gâteaux exempts de noix", "évitez les noix dans les gâteaux", "Kuchen außer Nüssen",
        "Kuchen, Nüsse weglassen",
        "Kuchen, keinerlei Nüsse", "galletas excepto nueces", "galletas libres de nueces", "torte tranne noci", "torte prive di noci",
        "bolos exceto nozes", "taart behalve noten", "торты кроме орехов", "卵、ナッツ抜きのケーキ", "ナッツアレルギーのケーキ",
        "坚果过敏的蛋糕",
        "견과류를 넣지 않은 케이크", "cookies ohne nuts", "cookies sans nuts", "cookies senza nuts",
        "Kuchen, die auf Nüsse verzichten", "Kuchen mit Ausnahme von Nüssen", "ich hasse Nüsse: Kuchen", "Nüsse sind tabu: Kuchen",
        "je déteste les noix : gâteaux", "gâteaux sans utiliser de noix", "odio las nueces: galletas", "torte ad eccezione di noci",
        "торты, в которых нет орехов", "торты за исключением орехов", "ciasta z wyjątkiem orzechów", "taart met uitzondering van noten",
        "cevizsiz kek", "безореховый торт", "notenvrije taart", "मेवे रहित केक", "견과류가 들어가지 않는 케이크",
    ],
)  # fmt: skip
def test_other_languages_have_more_than_one_word_for_without(prompt: str) -> None:
    request = understand(prompt)
    assert "nut" in request.without and request.ingredients == ()


@pytest.mark.parametrize(
    "prompt", ["Kuchen, wobei Nüsse stören", "Kuchen, die auf Nüsse pfeifen", "gâteaux qui boudent les noix", "absence de noix : gâteaux"]
)
def test_an_unknown_word_of_another_language_makes_no_wish_of_the_food_beside_it(prompt: str) -> None:
    request = understand(prompt)
    assert request.ingredients == () and ("nut" in request.without or request.unclear)


@pytest.mark.parametrize(
    ("prompt", "food"),
    [
        ("Rezepte mit frischem Kürbis", "pumpkin"), ("recettes à base de lentilles", "lentil"), ("recettes de poulet rôti", "chicken"),
        ("sopa de calabaza casera", "pumpkin"), ("ricette con funghi freschi", "mushroom"), ("soy vegano: sopas con arroz", "rice"),
    ],
)  # fmt: skip
def test_a_wish_in_another_language_stays_one(prompt: str, food: str) -> None:
    request = understand(prompt)
    assert (request.ingredients, request.unclear) == ((food,), ())


# ---- what is no food -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prompt",
    [
        "stories without dragons", "stories w/o dragons", "no-dragons stories", "dragon-free stories", "dragonless stories",
        "stories, leave out the dragons", "no stories about dragons", "stories free of dragons", "stories, dragons not allowed",
        "stories, dragons are out", "stories with neither wizards nor dragons", "stories without wizards, castles or dragons",
        "stories about knights and no dragons", "Geschichten ohne Dragons",
    ],
)  # fmt: skip
def test_a_subject_that_is_ruled_out_is_left_out(prompt: str) -> None:
    request = understand(prompt)
    assert {"dragon", "dragons"} & set(request.without) and not any("dragon" in topic for topic in request.topics)
    assert any('the word "' in line and "dragon" in line for line in describe(request))


@pytest.mark.parametrize("prompt", ["letters to a chef, no nuts", "poems without nuts", "songs about cheese but without nuts"])
def test_a_food_that_is_ruled_out_is_left_out_of_other_texts_too(prompt: str) -> None:
    request = understand(prompt)
    assert request.category != "cooking" and request.without == ("nut",)
    texts = [document.text for document in itertools.islice(write_documents(request, random.Random(1)), 20)]
    assert len(texts) == 20
    assert not any(re.search(r"\bnuts?\b", text, re.IGNORECASE) for text in texts)


@pytest.mark.parametrize(
    "prompt", ["don't tell stories about dragons", "stories, but not about dragons", "stories where dragons do not appear"]
)
def test_a_subject_that_is_denied_is_no_topic(prompt: str) -> None:
    assert understand(prompt).topics == ()


@pytest.mark.parametrize(
    ("prompt", "without"),
    [
        ("stories, but not about dragons", ("dragon",)), ("poems not about love", ("love",)),
        ("songs that never mention death", ("death",)),
        ("poems not about winter", ("winter",)), ("stories without children", ("child",)), ("stories with no witches", ("witch",)),
        ("stories without wolves, heroes or boxes", ("wolf", "hero", "box")), ("code not in Python", ("python",)),
        ("stories about cats, not dogs", ("dog",)), ("haiku about nature but never snow", ("snow",)), ("poems on cats not dogs", ("dog",)),
        ("stories about cats but not about black cats", ("black",)), ("stories, never sad", ()),
        ("winter recipes without Christmas", ("christmas",)), ("stories that are never sad", ()), ("stories not for children", ()),
    ],
)  # fmt: skip
def test_what_no_text_is_about_or_contains_is_left_out_and_what_it_is_not_is_no_word(prompt: str, without: tuple[str, ...]) -> None:
    assert understand(prompt).without == without


@pytest.mark.parametrize(
    ("prompt", "absent", "present"),
    [
        ("poems, but no haiku", "haiku", "free_verse"), ("recipes except soups", "soup", "salad"), ("recipes, no desserts", "cake", "soup"),
        ("poems except sonnets", "limerick", "free_verse"), ("stories, but no fairy tales", "song", "story"),
    ],
)  # fmt: skip
def test_a_form_that_is_ruled_out_is_not_written_unless_there_is_no_other(prompt: str, absent: str, present: str) -> None:
    forms = understand(prompt).forms
    assert absent not in forms and present in forms


@pytest.mark.parametrize("thing", ["wolf", "child", "witch", "city", "ghost"])
def test_both_numbers_of_a_word_are_left_out(thing: str) -> None:
    pattern = word_pattern(dataclasses.replace(understand("stories"), without=(thing,)))
    plural = {"wolf": "wolves", "child": "children"}.get(thing) or plurals(thing)[0]
    assert pattern and all(pattern.search(f"Two {word} came.") for word in (thing, plural)) and not pattern.search("Two dogs came.")


@pytest.mark.parametrize(
    ("prompt", "field"),
    [
        ("stories unsuitable for children", "audience"),
        ("stories not meant for kids", "audience"),
        ("stories for everyone except children", "audience"),
        ("poems, not in French", "language"),
        ("poems without winter", "season"),
        ("non-vegan recipes", "diets"),
        ("recipes, anything but Italian", "cuisines"),
        ("stories that are not formal", "tone"),
    ],
)
def test_no_field_is_set_by_its_denial(prompt: str, field: str) -> None:
    request = understand(prompt)
    assert getattr(request, field) == ("en" if field == "language" else () if field in ("diets", "cuisines") else None)


@pytest.mark.parametrize("prompt", ["stories without the sea, kings or foxes", "poems without winter or snow", "recipes without an oven"])
def test_templates_leave_the_word_out(prompt: str) -> None:
    request = understand(prompt)
    pattern = re.compile(rf"\b(?:{'|'.join(request.without)})(?:s|es)?\b", re.IGNORECASE)
    texts = [document.text for document in itertools.islice(write_documents(request, random.Random(1)), 60)]
    open_texts = itertools.islice(write_documents(understand(prompt.split(" without")[0]), random.Random(1)), 60)
    assert len(texts) == 60 and not any(map(pattern.search, texts))
    assert any(pattern.search(document.text) for document in open_texts)  # else this proves nothing


def test_a_word_that_every_template_needs_is_refused() -> None:
    request = dataclasses.replace(understand("stories"), without=("the",))
    with pytest.raises(MinigptError, match="without the"):
        next(write_documents(request, random.Random(0)))


# ---- slips of the pen ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slip", ["wihtout", "withut", "withoutt", "wothout", "ecxept"])
def test_one_slip_is_forgiven(slip: str) -> None:
    assert misspelt(slip) in TABLES["negators"]


def test_a_lost_hyphen_is_forgiven() -> None:
    assert understand("nonuts cookies, withoutsugar").without == ("nut", "sugar")
    assert understand("cookies for nobles").without == ()


@pytest.mark.parametrize("word", ["within", "accept", "packing", "avid", "expect", "outwith", "preclude"])
def test_another_word_is_no_slip(word: str) -> None:
    assert misspelt(word) == word
