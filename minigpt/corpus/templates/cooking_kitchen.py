"""Fills the fields of cooking templates for one dish, and tracks which foods were named.

A field is a role, optionally narrowed or asked for a fact: {main}, {veg.cook}, {carb.simmer}, {veg.cook.simmer}, {main.done}.
{aroma+spice} names both. If a field has no food, its whole sentence is unusable, so a dish without a herb gets sentences that need none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import lru_cache

from minigpt.corpus.english import join_and
from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_dishes import Plate, methods
from minigpt.corpus.templates.cooking_foods import Food, all_foods, names_of, round_amount, show_food
from minigpt.corpus.templates.grammar import FIELD, fill
from minigpt.corpus.words import Words

STAGE_GAP = {"fry": 4, "simmer": 8, "roast": 8}  # minutes; a food that needs this much less than the longest goes in later
CLOCKS = tuple(STAGE_GAP)
TASTES = (0.85, 0.9, 1.0, 1.0, 1.1, 1.2)  # factors on amounts: cooks differ, but not in doughs
BAKING = ("flour", "fat", "sugar", "egg", "leaven", "liquid", "main")
FIRM_OR_MEAT = frozenset(("meat", "firm"))
ANIMAL = frozenset(("meat", "fish"))
SELECT: dict[str, Callable[[Food, Words], bool]] = {
    "hot": lambda food, words: not food.kinds & {"egg", "pulse"} and food.fry > 0,
    "egg": lambda food, words: "egg" in food.kinds,
    "soft": lambda food, words: food.key in words["cooked from dry"],
    "mild": lambda food, words: (
        food.key not in words["cooked from dry"] and ("pulse" in food.kinds or (not food.fry and "egg" not in food.kinds))
    ),
    "brown": lambda food, words: bool(food.kinds & FIRM_OR_MEAT),
    "meat": lambda food, words: "meat" in food.kinds,
    "cook": lambda food, words: food.key in words["never raw"],
    "raw": lambda food, words: food.key not in words["never whole"],
    "boil": lambda food, words: food.simmer > 0,
    "warm": lambda food, words: not food.simmer,
    "mix": lambda food, words: "noodle" in food.key or food.key == "udon",
    "under": lambda food, words: "noodle" not in food.key and food.key != "udon" and food.simmer > 0,
}


class Kitchen:
    """One plate for a number of people: fills template fields and remembers which foods the steps have named."""

    def __init__(self, rng: random.Random, dish: Plate, serves: int, words: Words, request: Request) -> None:
        self.rng, self.dish, self.serves, self.words = rng, dish, serves, words
        self.metric, self.brief = request.audience == "professionals", request.length == "short"
        exact = {key for role in BAKING * dish.row["sweet"] for key in dish.roles.get(role, ())}
        taste = {key: 1.0 if key in exact else rng.choice(TASTES) for key in dish.amounts}
        self.amounts = {key: round_amount(all_foods()[key], amount * serves * taste[key]) for key, amount in dish.amounts.items()}
        self.used: list[str] = []  # keys in the order of first use
        self.pepper = not dish.row["sweet"] and not any(w in ("pepper", "black pepper") for w in request.without)
        *roles, clock = methods()[dish.form].get("stage", "main veg simmer").split()
        self._stage([key for role in roles for key in dish.roles.get(role, ())], clock)

    def _stage(self, foods: Sequence[str], clock: str) -> None:
        """Which foods go in first and which later, so that all are done together; meat and fish get exactly their own time."""
        table = all_foods()
        times = {key: getattr(table[key], clock) for key in foods if getattr(table[key], clock)}
        longest = max(times.values(), default=0)
        late = [key for key in times if times[key] <= longest - STAGE_GAP[clock]]
        both = [key for role in ("main", "veg") for key in self.dish.roles.get(role, ())]
        self.groups = {"early": [key for key in times if key not in late], "late": late, "both": both}
        animal = [times[key] for key in late if table[key].kinds & ANIMAL]
        self.rest = max(animal or [times[key] for key in late], default=0)
        lead = longest - self.rest
        self.lead = lead if lead <= 20 else -(-lead // 5) * 5  # rounded: no one sets a timer for 104 minutes

    def find(self, name: str) -> list[str]:
        """The foods of a field; if empty, sentences with this field are unusable."""
        parts = name.split("+")
        if len(parts) > 1:
            found = [self.find(part) for part in parts if part != "salt"]
            return [key for keys in found for key in keys] if all(found) else []
        role, *more = name.split(".")
        foods = list(self.groups[role] if role in self.groups else self.dish.roles.get(role, ()))
        for word in more:
            if word in ("mix", "under") and self.dish.row.get("mix"):
                foods = foods if word == "mix" else []
            elif word in SELECT:
                foods = [key for key in foods if SELECT[word](all_foods()[key], self.words)]
            elif word in CLOCKS:
                foods = foods if any(getattr(all_foods()[key], word) for key in foods) else []
            elif word in ("lead", "rest", "whole"):
                foods = foods if bool(self.groups["late"]) == (word != "whole") else []
            elif word in ("one", "many"):
                foods = foods if (len(names_of(foods, self.amounts)) > 1) == (word == "many") else []
        return foods

    def can(self, template: str) -> bool:
        """Whether the plate has a food for every field."""
        return all(name in ("salt", "serves") or self.find(name) for name in fields(template))

    def look(self, name: str) -> str:
        """The text of a field."""
        if name == "serves":
            return str(self.serves)
        foods, last = self.find(name), name.split(".")[-1]
        if last in CLOCKS:
            return str(max(getattr(all_foods()[key], last) for key in foods))
        if last in ("lead", "rest", "whole"):
            return str(self.rest if last == "rest" else self.lead)
        if last in ("s", "es"):  # a verb ending that agrees with them
            return "" if len(names_of(foods, self.amounts)) > 1 or all_foods()[foods[0]].is_plural else last
        if last in ("done", "tender"):
            staged = [*self.groups["early"], *foods] if name.startswith("late") else foods
            return done(self.words, staged, last)
        if last in ("name", "names"):
            return foods[0] if last == "name" else all_foods()[foods[0]].general
        return self._name(name, foods)

    def _name(self, name: str, foods: Sequence[str]) -> str:
        """The names of the foods, which count as used from then on."""
        calls = names_of(foods, self.amounts)
        text = "the " if calls else ""
        if "salt" in name.split("+"):
            calls += ["salt", "pepper"] if self.pepper else ["salt"]
            foods = [*foods, "salt"]
        self.used += [key for key in foods if key not in self.used]
        return text + join_and(calls)

    def listing(self) -> list[str]:
        """The lines of the ingredient list."""
        return [self._salt() if key == "salt" else self._line(all_foods()[key]) for key in self.used]

    def _salt(self) -> str:
        kind = "pepper" if self.pepper else "sweet" if self.dish.row["sweet"] else "salt"
        return str(self.rng.choice(self.words["salt lines"][kind]))

    def _line(self, food: Food) -> str:
        cut = "" if self.brief else fill(self.rng, food.cut, {})
        return show_food(food, self.amounts[food.key], self.metric) + (f", {cut}" if cut else "")


def done(words: Words, foods: Sequence[str], table: str) -> str:
    """A template for how to tell that they are done; meat or fish decides."""
    kinds = {kind for key in foods for kind in all_foods()[key].kinds}
    first = next((kind for kind in words[table] if kind in kinds), "other" if table == "tender" else "vegetable")
    return "[" + "|".join(words[table][first]) + "]"


@lru_cache(maxsize=8192)
def fields(template: str) -> tuple[str, ...]:
    """The names of a template's fields, except shared lists."""
    return tuple(name[0].lower() + name[1:] for name in FIELD.findall(template) if not name.startswith("~"))
