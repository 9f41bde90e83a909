"""Foods with amounts, cooking times and properties, and which of them a request allows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from minigpt.corpus.request import Request
from minigpt.corpus.words import load_words
from minigpt.errors import MinigptError

FRACTIONS = {0.25: "1/4", 0.5: "1/2", 0.75: "3/4"}
WORD = re.compile(r"[a-z]+")
HEAD_END = re.compile(r" of | with | in | on | al | layered |,")
MILLILITERS = {"tablespoon": 15, "teaspoon": 5}
OF = ("slice", "pinch")
AFTER = ("clove", "sprig")  # these follow the food: 2 garlic cloves
HALVED = 70  # grams; lighter pieces are used whole
PLURALS = ("shrimp", "edamame", "shiitake")  # plural without an s
LARGE = 1000  # g or ml from which an amount is given in kg or liters


@dataclass(frozen=True)
class Food:
    """One row of the table. `amount` is for one person, in `unit`; "" means pieces of `grams` each."""

    key: str  # its name in titles
    kinds: frozenset[str]  # meat, dairy, gluten...: what a diet or a `without` can exclude
    role: str  # its role in a dish, if it is requested
    amount: float
    unit: str
    noun: str
    plural: str
    cut: str  # a template: how the ingredient list describes it
    call: str  # its name in the steps, if not its noun
    grams: float
    fry: int = 0  # minutes; 0: never cooked this way
    simmer: int = 0
    roast: int = 0

    def name(self, amount: float) -> str:
        """Its name in the steps, for this amount."""
        return self.call or (self.noun if amount <= 1 else self.plural)

    @property
    def general(self) -> str:
        """Its name without an amount: carrots, chicken, soy sauce."""
        return self.call or self.plural

    @property
    def is_plural(self) -> bool:
        """Whether its name takes a plural verb: the carrots are, the asparagus is."""
        return are_many(self.general)

    def matches(self, asked: str) -> bool:
        """Whether the food matches a word ("pepper", "nuts", "meat") by its name or its kind."""
        words = [singular(w) for w in WORD.findall(asked.lower())]
        names = [singular(w) for w in WORD.findall(f"{self.key} {self.noun} {self.call}".lower())]
        return any(names[i : i + len(words)] == words for i in range(len(names))) or "".join(words) in self.kinds


def are_many(name: str) -> bool:
    """Whether a name takes a plural verb, by its head: "slices of bread", "tacos with cod"."""
    head = HEAD_END.split(name)[0]
    return head in PLURALS or (head.endswith("s") and not head.endswith(("ss", "us")))


def means(asked: str, food: Food) -> bool:
    """Whether a person who asks for it means this food: "rice" is basmati rice, but neither rice vinegar nor rice noodles."""
    words = [singular(w) for w in WORD.findall(asked.lower())]
    name = [singular(w) for w in WORD.findall(food.key)]
    return name[-len(words) :] == words or "".join(words) in food.kinds


def singular(word: str) -> str:
    """tomatoes -> tomato, berries -> berry, leaves -> leaf; good enough for comparing words."""
    for end, short in (("ies", "y"), ("leaves", "leaf"), ("oes", "o"), ("shes", "sh"), ("ches", "ch")):
        if word.endswith(end) and len(word) > len(end):
            return word[: -len(end)] + short
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


@lru_cache
def all_foods() -> dict[str, Food]:
    """Key -> food, sweet and savory."""
    words = load_words("cooking")
    foods = {}
    for group in (*words["foods"], *words["sweet foods"]):
        for key, amount, unit, noun, cut, *more in group["rows"]:
            one, _, many = noun.partition("/")
            call, grams = (more[0] if more else ""), (float(more[1]) if len(more) > 1 else 1.0)
            times = words["times"].get(key, (0, 0, 0))
            foods[key] = Food(key, frozenset(group["is"].split()), group["role"], amount, unit, one, many or one, cut, call, grams, *times)
    return foods


@lru_cache(maxsize=64)
def allowed(request: Request) -> frozenset[str]:
    """The keys of the foods that the request does not exclude by diet, `without`, audience or season."""
    words = load_words("cooking")
    unknown = [diet for diet in request.diets if diet not in words["diet bans"]]
    if unknown:
        raise MinigptError(f"the cooking templates do not know the diet {unknown[0]!r}; they know: {', '.join(words['diet bans'])}")
    banned = {kind for diet in request.diets for kind in words["diet bans"][diet]}
    if request.audience == "children":
        banned.add("alcohol")
    seasonal = {food for foods in words["seasons"].values() for food in foods}
    ripe = set(words["seasons"].get(request.season or "", seasonal))
    keys = set()
    for key, food in all_foods().items():
        late = key in seasonal and key not in ripe and not any(means(asked, food) for asked in request.ingredients)
        if not (food.kinds & banned or late or any(food.matches(thing) for thing in request.without)):
            keys.add(key)
    return frozenset(keys)


def meant(request: Request) -> list[str]:
    """The keys of the foods that the request asks for, allowed or not."""
    return [key for key, food in all_foods().items() if any(means(asked, food) for asked in request.ingredients)]


@lru_cache(maxsize=64)
def asked_foods(request: Request) -> tuple[str, ...]:
    """The foods that the request both asks for and allows; MinigptError if it asks for some but none is left."""
    known = meant(request)
    usable = tuple(key for key in known if key in allowed(request))
    if request.ingredients and not usable:
        names = " or ".join(request.ingredients)
        limits = ", ".join((*request.diets, *(f"without {w}" for w in request.without), *([request.season] if request.season else [])))
        why = f"does not go with: {limits}" if known and limits else "is not a food that the cooking tables know"
        raise MinigptError(f"{names} {why}; ask for another ingredient, or give recipes of your own with --data")
    return usable


def round_amount(food: Food, value: float) -> float:
    """Round to a quantity that a cook can measure: 187.5 g to 190 g, 3.2 tablespoons to 3, half an egg to one."""
    unit = food.unit
    if unit in ("g", "ml"):
        step = 0.1 if value < 1 else 1 if value < 10 else 5 if value < 100 else 10 if value < 250 else 25 if value < 500 else 50
        step = 100 if value >= LARGE else step
        return max(step, round(value / step) * step)
    if unit in MILLILITERS:
        step = 0.25 if value < 1 else 0.5 if value < (3 if "pantry" not in food.kinds else 1) else 1
        return max(step, round(value / step) * step)
    if unit == "" and food.grams >= HALVED and value < 1:
        return max(0.5, round(value * 2) / 2)
    return max(1, round(value))


def show_number(value: float) -> str:
    """0.5 as 1/2, 1.5 as 1 1/2, 400.0 as 400, 0.2 as 0.2."""
    whole, part = int(value), value - int(value)
    if not part:
        return str(whole)
    if part not in FRACTIONS:
        return f"{value:.1f}"
    return f"{whole} {FRACTIONS[part]}" if whole else FRACTIONS[part]


def show_food(food: Food, amount: float, metric: bool) -> str:
    """A food with its amount; `metric`: only in grams and milliliters."""
    unit, noun = food.unit, food.noun if amount <= 1 else food.plural
    if metric and unit not in ("g", "ml"):
        dry = bool({"spice", "herb", "aromatic"} & food.kinds)
        amount *= (2.5 if unit == "teaspoon" else 6) if unit in MILLILITERS and dry else MILLILITERS.get(unit, food.grams)
        unit, noun = "ml" if unit in MILLILITERS and not dry else "g", food.plural
        amount = max(0.1, round(amount, 1)) if amount < 1 else round(amount / 5) * 5 if amount > 10 else round(amount)
    if unit == "teaspoon" and amount >= 3:
        amount, unit = round(amount / 3 * 2) / 2, "tablespoon"
    if unit == "tablespoon" and amount >= 8:
        amount, unit = amount * MILLILITERS[unit], "ml"
    if unit == "":
        return f"{show_number(amount)} {noun}"
    if unit in ("g", "ml") and amount >= LARGE:
        unit, amount = "kg" if unit == "g" else "liters" if amount > LARGE else "liter", amount / LARGE
        return f"{amount:g} {unit} {noun}"
    if unit in ("g", "ml"):
        return f"{show_number(amount)} {unit} {noun}"
    many = unit + (plural_end(unit) if amount > 1 else "")
    if unit in AFTER:
        return f"{show_number(amount)} {noun} {many}"
    return f"{show_number(amount)} {many}{' of' if unit in OF else ''} {noun}"


def plural_end(unit: str) -> str:
    """The ending of a unit's plural: cloves, pinches."""
    return "es" if unit.endswith("ch") else "s"


def names_of(keys: Sequence[str], amounts: dict[str, float]) -> list[str]:
    """The foods' names in the steps, without duplicates."""
    return list(dict.fromkeys(all_foods()[key].name(amounts[key]) for key in keys))
