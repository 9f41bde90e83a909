"""The cooking writers, held by a reader of their documents that knows nothing of how they are written: own lists of foods, own parsers.

`check(text, request)` returns the faults of one document; REQUESTS are the requests that the tests ask for.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from itertools import islice

import pytest

from minigpt.corpus.english import starts_with_vowel_sound
from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import write_documents
from minigpt.corpus.templates.cooking import forms_for
from minigpt.corpus.templates.cooking_recipes import minutes_in, show_time
from minigpt.errors import MinigptError

pytestmark = pytest.mark.filterwarnings("error")

MEAT = (
    r"chicken|turkey|duck|beef|steaks?|veal|lamb|mutton|pork|bacon|ham|chorizo|sausages?|salami|prosciutto|lard|"
    r"gelatine?|meat|boar|rabbit|goose|ribs"
)
PORK = r"pork|bacon|ham|chorizo|sausages?|salami|prosciutto|lard|pancetta"
FISH = (
    r"fish|salmon|cod|bass|tuna|anchov\w+|shrimps?|prawns?|squid|mussels?|clams?|scallops?|crab|dashi|oyster|"
    r"worcestershire|sardines?|trout|seafood"
)
DAIRY = (
    r"milk|butter|ghee|cream|yogurt|cheese|parmesan|mozzarella|ricotta|feta|cheddar|gruyere|mascarpone|paneer|"
    r"halloumi|buttermilk|whey|white chocolate"
)
GLUTEN = (
    r"flour|spaghetti|penne|rigatoni|linguine|orecchiette|tagliatelle|orzo|pasta|udon|couscous|bulgur|bread|"
    r"breadcrumbs|pita|tortillas?|noodles?|soy sauce|hoisin|miso|oyster sauce|beer|barley|seitan|oats|panko|wheat|"
    r"rye|semolina|crackers"
)
NUTS = r"nuts?|almonds?|walnuts?|hazelnuts?|cashews?|peanuts?|pistachios?|pecans?|pine nuts?|macadamias?|marzipan|praline|satay sauce"
ALCOHOL = r"wine|sake|mirin|rum|beer|brandy|sherry|cognac|vodka|marsala|liqueur|vanilla extract|shaoxing|cider"
BANNED = {
    "vegan": [MEAT, FISH, DAIRY, r"eggs?|omelettes?|honey"],
    "vegetarian": [MEAT, FISH],
    "pescatarian": [MEAT],
    "gluten-free": [GLUTEN],
    "dairy-free": [DAIRY],
    "nut-free": [NUTS],
    "halal": [PORK, ALCOHOL, "gelatine?"],
}
HARMLESS = (  # what sounds like a food of the lists above and is none
    r"(coconut|soy|plant-based|peanut) (milk|cream|yogurt|butter)|gluten-free (flour( blend)?|penne|spaghetti|oats)|"
    r"(rice|buckwheat) noodles?|corn tortillas?|chili flakes|ground almonds|butternut squash"
)
OTHER_WORDS = {  # wordings in which a gluten word means an allowed food that the list names in full
    "gluten-free": r"tortilla soup|sopa de tortilla|noodle soup|noodles with|and noodles|penne alla norma",
}
FOODS = (  # a cook's list, one word each, against which lists of ingredients and steps are read
    "chicken turkey duck beef lamb pork chorizo bacon salmon cod bass tuna shrimp squid anchovies eggs egg paneer halloumi "
    "parmesan mozzarella ricotta feta cheddar gruyere mascarpone butter ghee cream yogurt milk tofu tempeh chickpeas lentils "
    "edamame carrots carrot parsnips parsnip potatoes squash pumpkin cauliflower broccoli beets celery fennel zucchini eggplant "
    "eggplants mushrooms asparagus peas corn spinach kale cabbage leeks leek tomatoes tomato cucumber radishes lettuce arugula "
    "avocado avocados artichokes okra daikon onion onions shallots scallions garlic ginger lemongrass basil parsley cilantro mint "
    "dill chives thyme rosemary oregano cumin turmeric paprika cinnamon saffron nutmeg cardamom capers olives mustard tahini "
    "harissa honey raisins apricots dates almonds walnuts hazelnuts cashews peanuts pistachios pecans spaghetti penne rigatoni "
    "linguine orzo udon couscous bulgur bread rice quinoa noodles tortillas flour oats sugar chocolate cocoa vanilla coffee "
    "coconut rum apples apple pears pear plums peaches cherries raspberries blueberries blackberries strawberries rhubarb figs "
    "bananas banana mangoes oranges pineapple "
).split()
SIGNATURES = {
    "italian": "risotto|minestrone|ribollita|caprese|cacciatore|caponata|puttanesca|biscotti",
    "french": "ratatouille|bourguignon|blanquette|cassoulet|nicoise|pistou|gateau|crepes",
    "spanish": "paella|gazpacho|fabada|pisto|chilindron|polvorones|ajillo",
    "greek": "souvlaki|briam|gigantes|horiatiki|stifado|fasolakia|rizogalo|revani",
    "mexican": "tacos|pozole|fajitas|tinga|burrito|huevos",
    "indian": "masala|dal|korma|biryani|tikka|saag|lassi|kheer|sabzi|rajma",
    "chinese": "kung pao|chow mein|red-braised|hot and sour",
    "japanese": "donburi|teriyaki|yakitori|udon|nimono|sunomono",
    "thai": "tom yum|tom kha|pad thai|laab|satay|massaman|krapow",
    "moroccan": "tagine|harira|chermoula|zaalouk|brochettes|ghriba",
    "american": "chowder|cobb|jambalaya|slaw|crisp with",
}
OUT_OF_SEASON = {
    "winter": r"asparagus|zucchini|eggplants?|strawberr\w+|cherr\w+|peach\w*|raspberr\w+|cucumbers?|corn kernels|radish\w*",
    "summer": r"parsnips?|brussels sprouts?|pumpkin(?! seeds)|leeks?|kale|beets?|rhubarb",
    "spring": r"pumpkin(?! seeds)|eggplants?|brussels sprouts?|parsnips?|cauliflower|peach\w*|plums?|zucchini",
    "autumn": r"asparagus|radish\w*|strawberr\w+|rhubarb|cherr\w+|artichokes?|snow peas",
}
HOT_OR_SHARP = re.compile(r"\b(oven|boil|simmer|fry|stir-fry|sear|roast|bake|grill|stove|saucepan|skillet|wok|knife)\b", re.I)
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


def parse(text: str) -> tuple[str, list[str], list[str]]:
    """Title, lines of the list of ingredients, numbered steps."""
    return text.split("\n")[0], re.findall(r"(?m)^- (.+)$", text), re.findall(r"(?m)^\d+\. (.+)$", text)


def stem(word: str) -> str:
    """tomatoes, tomato -> tomato; limes, lime -> lim; berries, berry -> berry."""
    return re.sub(r"oes$", "o", re.sub(r"ies$", "y", word.lower())).removesuffix("s").removesuffix("e")


def language_faults(text: str) -> list[str]:
    """Mark-up, leftovers of templates, broken sentences, wrong articles."""
    faults = [f"left over: {m}" for m in re.findall(r"[{}\[\]|#`_]|a\(n\)|  +| [,.;:?!]|\.\.|,,|,\.|:\.|\n\n\n|None", text)]
    faults += [f"doubled: {m}" for m in re.findall(r"\b([a-z]+) \1\b", text.lower())]
    articles = re.findall(r"\b([Aa]n?) ([a-z]{3,})", text)
    faults += [f"article: {a} {w}" for a, w in articles if (a.lower() == "an") != starts_with_vowel_sound(w)]
    faults += [f"small letter: {m}" for m in re.findall(r"[.?!] [a-z]\w*", text)]
    faults += [] if text.isascii() and text == text.strip() and text[-1] in ".!?" else ["end"]
    return faults


def constraint_faults(text: str, request: Request) -> list[str]:
    """What the request forbids and the text names, or demands and the text lacks."""
    low = text.lower()
    plain = re.sub(rf"\b({HARMLESS})\b", "_", low)
    faults = []
    for diet in request.diets:
        allowed = re.sub(OTHER_WORDS.get(diet, r"$^"), "_", plain)
        if diet == "nut-free":
            allowed = re.sub(rf"\b({HARMLESS})\b".replace("|ground almonds", "").replace("|peanut", ""), "_", low)
        faults += [f"{diet}: {m}" for pattern in BANNED[diet] for m in re.findall(rf"\b(?:{pattern})\b", allowed)]
    faults += [f"without: {word}" for word in request.without if re.search(rf"\b{word}(s|es)?\b", low)]
    if request.ingredients and not any(re.search(rf"\b{word}(s|es)?\b", low) for word in request.ingredients):
        faults.append("no asked ingredient")
    if request.season:
        faults += [] if request.season in low else ["season not named"]
        late = re.findall(rf"\b(?:{OUT_OF_SEASON[request.season]})\b", low.replace("cherry tomato", ""))
        faults += [f"out of season: {m}" for m in late if not any(m.startswith(word[:-1]) for word in request.ingredients)]
    if request.cuisines:
        others = [pattern for cuisine, pattern in SIGNATURES.items() if cuisine not in request.cuisines]
        faults += [f"other cuisine: {m}" for m in re.findall(rf"\b(?:{'|'.join(others)})\b", low)]
    if request.tone == "fun" and "!" not in text:
        faults.append("not fun")
    if request.tone == "formal":
        faults += [f"not formal: {m}" for m in re.findall(r"!|\w+'(?:t|re|ve|ll)\b", text)]
    words = len(text.split())
    longest = 320 if request.audience in ("children", "beginners") else 260  # these need a word more to each step
    if (request.length == "short" and words > longest) or (request.length == "long" and words < 60):
        faults.append(f"{words} words")
    if request.audience == "children":
        faults += [f"children: {m}" for m in re.findall(rf"\b(?:{ALCOHOL})\b", low)] + ([] if "grown-up" in low else ["no grown-up"])
    return faults


def recipe_faults(text: str, request: Request) -> list[str]:
    """A card is consistent: list and steps name the same foods, the time covers the steps, the title says what is in it."""
    title, needs, steps = parse(text)
    if not needs or not steps:
        return []
    listed, method = " | ".join(needs).lower(), " ".join(steps).lower()
    here = {stem(word) for word in re.findall(r"[a-z]+", listed)}
    faults = [f"not listed: {food}" for food in FOODS if re.search(rf"\b{food}\b", f"{method} {title.lower()}") and stem(food) not in here]
    used = {stem(word) for word in re.findall(r"[a-z]+", method)}
    measures = {"g", "ml", "of", "and", "a", "tablespoon", "teaspoon", "handful", "clove", "sprig", "slice", "pinch", "the"}
    for need in needs:
        names = {stem(word) for word in re.findall(r"[a-z]+", need.lower().split(",")[0])} - measures
        faults += [] if names & used else [f"not used: {need}"]
    stated = minutes_in(re.findall(r"(?m)^(?:Serves|Makes) .*$", text))
    faults += [] if minutes_in(steps) <= stated <= minutes_in(steps) + 25 else [f"{stated} minutes for {minutes_in(steps)}"]
    faults += ["raw poultry"] if re.search(r"chicken|turkey", listed) and "stock" not in listed and "cooked through" not in method else []
    if request.audience == "children":
        faults += [f"alone: {step}" for step in steps if HOT_OR_SHARP.search(step) and "grown-up" not in step]
    if request.audience == "professionals":
        faults += [f"not metric: {need}" for need in needs if re.search(r"spoon|handful|\bcups?\b|sprig|clove", need.split(",")[0])]
    return faults


def arithmetic_faults(text: str) -> list[str]:
    """Divisions, products and times of day are right."""
    faults = [m[0] for m in re.finditer(r"(\d+) / (\d+) = (\d+)", text) if int(m[1]) != int(m[2]) * int(m[3])]
    faults += [m[0] for m in re.finditer(r"(\d+) \* (\d+) = (\d+)", text) if int(m[1]) * int(m[2]) != int(m[3])]
    days = re.findall(r"(?m)^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day: (.+)$", text)
    total = re.search(r"(?:that is|dishes take) (\d+ (?:hour|minute)s?(?: \d+ minutes)?)", text)
    if days and total and minutes_in([total[1]]) != sum(minutes_in([day]) for day in days):
        faults.append(f"sum of {days}")
    return faults


def check(text: str, request: Request) -> list[str]:
    """All faults of one document."""
    return language_faults(text) + constraint_faults(text, request) + recipe_faults(text, request) + arithmetic_faults(text)


@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_documents_obey_their_request(number: int) -> None:
    request = REQUESTS[number]
    for form, text in documents(request, 60):
        assert check(text, request) == [], f"{form}\n{text}"


def test_short_is_shorter_and_long_is_longer() -> None:
    means = []
    for length in ("short", None, "long"):
        texts = [text for _, text in documents(Request("cooking", ("recipe", "question", "chef_notes"), length=length), 60)]
        means.append(sum(len(text.split()) for text in texts) / len(texts))
    assert means[0] * 1.15 < means[1] and means[1] * 1.1 < means[2], means


@pytest.mark.parametrize("cuisine", list(SIGNATURES))
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


@pytest.mark.parametrize("preset", [preset for preset in PRESETS if PRESETS[preset].category == "cooking"])
def test_a_preset_is_varied(preset: str) -> None:
    """Of 60,000 words no document comes twice, none is nearly another, and few four-word sequences return."""
    texts, words, seen = [], 0, set()
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
