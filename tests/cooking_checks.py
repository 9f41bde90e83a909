"""Reads cooking documents without the writers: own lists of foods, own parsers. In: a text and its request; out: its faults."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from cooking_sense import check_sense

from minigpt.corpus.english import starts_with_vowel_sound
from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_recipes import minutes_in

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
SINGLE = "garlic spinach rice tofu chicken salmon cod pork lamb beef squid celery fennel cabbage kale basil parsley cilantro feta".split()
SEVERAL = (
    "almonds walnuts peanuts cashews onions carrots potatoes beans chickpeas lentils tomatoes mushrooms shrimp eggs peas leeks apples "
    "pears plums cherries strawberries oats noodles tortillas olives chives beets"
).split()
TELEGRAM = re.compile(r"(?:^|[.;] )(?:The|A) [\w ,]+? (?:now|next|first|to begin|on top|at the end)[,:;.]")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CLOCK = re.compile(r"\b(\d{1,2}):(\d\d)\b")
HEAVY = {"g": 1, "kg": 1000, "ml": 1, "liter": 1000, "liters": 1000}


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
    measures = {"g", "kg", "ml", "lit", "of", "and", "a", "tablespoon", "teaspoon", "handful", "clove", "sprig", "slice", "pinch", "the"}
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
    own = language_faults(text) + style_faults(text) + amount_faults(text) + order_faults(text) + arithmetic_faults(text)
    return own + constraint_faults(text, request) + recipe_faults(text, request) + check_sense(text, request)


def sentences(text: str) -> list[str]:
    """Its sentences, without the marks of lists and steps."""
    lines = [re.sub(r"^(- |\d+\. |[A-Z][a-z ]+: )", "", line) for line in text.split("\n")]
    return [sentence for line in lines for sentence in re.split(r"(?<=[.!?]) ", line) if sentence]


def style_faults(text: str) -> list[str]:
    """Sentences without a verb, words that do not agree with a food, the same thing said twice, a step that begins like the one before."""
    faults = [f"telegram: {m}" for step in parse(text)[2] for m in TELEGRAM.findall(step)]
    for food in SINGLE:
        faults += [f"agree: {m}" for m in re.findall(rf"(?<!and )(?<!, )\bthe {food} (?:are|have|take|need|keep|go|smell)\b", text)]
    for food in SEVERAL:
        faults += [
            f"agree: {m}"
            for m in re.findall(
                rf"(?<!of )(?<!to )(?<!beside )(?<!with )(?<!for )\b[Tt]he {food} (?:is|has|was|takes|needs|keeps|goes|smells)\b", text
            )
        ]
    for step in parse(text)[2]:
        for said, pronoun in re.findall(r"([^.;]*), until (it|they)\b", step):
            named = re.findall(r"\bthe ([a-z ]+?)(?= and |,| for | in | with |$)", said)
            last = named[-1].split()[-1] if named else ""
            if last in (*SINGLE, *SEVERAL) and (last in SINGLE) != (pronoun == "it"):
                faults.append(f"pronoun: {said}, until {pronoun}")
    counts = Counter(sentence for sentence in sentences(text) if len(sentence.split()) > 4)
    faults += [f"twice: {sentence}" for sentence, count in counts.items() if count > 1]
    faults += [
        f"too {m}"
        for m in re.findall(
            r"\b(?:a few|many|few) (?:" + "|".join(SINGLE) + r")\b|\b(?:much|little) (?:" + "|".join(SEVERAL) + r")\b", text
        )
    ]
    return faults + [f"number: {m}" for m in re.findall(r"\b1 (?:minutes|hours|people|glasses)\b|\blast 1\b", text)]


def amount_faults(text: str) -> list[str]:
    """What nobody eats or measures: a kilo or a crumb for each person, a handful of eggs, four digits of grams."""
    needs = parse(text)[1]
    faults = [f"digits: {need}" for need in needs if re.match(r"\d{4} (?:g|ml)\b", need)]
    serves = re.search(r"(?m)^Serves (\d+)", text)
    if not serves:
        return faults
    people, total = int(serves[1]), 0.0
    for need in needs:
        number = re.match(r"([\d.]+) (g|kg|ml|liters?)\b", need)
        grams = float(number[1]) * HEAVY[number[2]] if number else 0.0
        total += grams
        faults += [f"{grams / people:.0f} each: {need}" for _ in [0] if grams / people > 460]
        pieces = re.match(r"(\d+) (eggs?|garlic cloves?|onions?|limes?|lemons?)\b", need)
        faults += [f"pieces: {need} for {people}" for _ in [0] if pieces and int(pieces[1]) > 3 * people + 1]
    return faults + [f"{total / people:.0f} g each" for _ in [0] if total / people > 1400]


def order_faults(text: str) -> list[str]:
    """The oven is lit before something is baked; days follow each other; what starts and lasts so long is ready at the hour given."""
    steps, faults = parse(text)[2], []
    baked = [i for i, step in enumerate(steps) if re.search(r"\b(?:bake|roast for)\b", step.lower())]
    lit = [i for i, step in enumerate(steps) if re.search(r"\boven to \d+ C", step)]
    if baked and (not lit or lit[0] > baked[0]):
        faults.append("baked in a cold oven")
    days = re.findall(r"(?m)^(\w+day): ", text)
    faults += [f"{a}, {b}" for a, b in pairwise(days) if (DAYS.index(a) + 1) % 7 != DAYS.index(b)]
    for sentence in re.split(r"(?<=[.!?])\s", text):
        clocks = [int(hour) * 60 + int(minute) for hour, minute in CLOCK.findall(sentence)]
        between = max(clocks, default=0) - min(clocks, default=0) - minutes_in([sentence])  # noon may lie between
        if len(clocks) == 2 and minutes_in([sentence]) and between and between + 2 * minutes_in([sentence]) != 12 * 60:
            faults.append(f"clock: {sentence}")
    return faults
