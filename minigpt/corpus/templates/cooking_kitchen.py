"""Fills the fields of cooking templates for one dish, and tracks which foods were named.

A field is a role, optionally narrowed or asked for a fact: {main}, {veg.cook}, {carb.simmer}, {veg.cook.simmer}, {main.done}.
{aroma+spice} names both. If a field has no food, its whole sentence is unusable, so a dish without a herb gets sentences that need none.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from minigpt.corpus.english import join_and
from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_dishes import Plate, methods
from minigpt.corpus.templates.cooking_facts import PLURAL, agreeing, fields
from minigpt.corpus.templates.cooking_foods import HEAD_END, Food, all_foods, are_many, names_of, round_amount, show_food
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.words import Words

STAGE_GAP = {"fry": 4, "simmer": 6, "roast": 8}  # minutes; a food that needs this much less than the longest goes in later
CLOCKS = tuple(STAGE_GAP)
TASTES = (0.85, 0.9, 1.0, 1.0, 1.1, 1.2)  # factors on amounts: cooks differ, but not in doughs
BAKING = ("flour", "fat", "sugar", "egg", "leaven", "liquid", "main")
SEASONING = ("fat", "aroma", "spice", "sauce", "acid", "finish", "extra")  # roles that a big pot needs less of than its size suggests
MANY, LESS = 4, 0.6  # each person beyond MANY counts for LESS in the seasoning
LONG = 7  # minutes from which times vary
FIRM_OR_MEAT = frozenset(("meat", "firm"))
ANIMAL = frozenset(("meat", "fish"))
BULBS = frozenset(("onion", "red onion", "shallot"))  # these take minutes to soften; garlic alone would burn
SIGNS = {"done": "f", "full": "f", "tender": "s", "crisp": "r", "when": "s"}  # fact -> which of a food's signs it shows
SELECT: dict[str, Callable[[Food, Words], bool]] = {
    "hot": lambda food, words: not food.kinds & {"egg", "pulse"} and food.fry > 0,
    "egg": lambda food, words: "egg" in food.kinds,
    "soft": lambda food, words: food.key in words["cooked from dry"],
    "mild": lambda food, words: (
        food.key not in words["cooked from dry"] and ("pulse" in food.kinds or (not food.fry and "egg" not in food.kinds))
    ),
    "sear": lambda food, words: not food.kinds & {"egg", "pulse"} and food.fry > 0 and food.key != "edamame",
    "pod": lambda food, words: food.key == "edamame",
    "can": lambda food, words: "pulse" in food.kinds and food.key not in (*words["cooked from dry"], "edamame"),
    "cheese": lambda food, words: "cheese" in food.kinds and not food.fry,
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

    slower: Mapping[str, int] = MappingProxyType({})  # food -> minutes that it takes longer here than usual

    def __init__(self, rng: random.Random, dish: Plate, serves: int, words: Words, request: Request) -> None:
        self.rng, self.dish, self.serves, self.words = rng, dish, serves, words
        self.metric, self.brief = request.audience == "professionals", request.length == "short"
        self.short = ""  # the dish's name in the steps, once it is known
        roles = {key: role for role, keys in dish.roles.items() for key in keys}
        self.amounts = {key: round_amount(all_foods()[key], self._portion(roles[key], amount)) for key, amount in dish.amounts.items()}
        self.slower = {key: rng.choice((0, 0, 1, 1, 2) if all_foods()[key].kinds & ANIMAL else (-1, 0, 0, 1, 2)) for key in dish.amounts}
        self.used: list[str] = []  # keys in the order of first use
        self.pepper = not dish.row["sweet"] and not any(w in ("pepper", "black pepper") for w in request.without)
        *staged, clock = methods()[dish.form].get("stage", "main veg simmer").split()
        self._stage([key for role in staged for key in dish.roles.get(role, ())], clock)

    def _portion(self, role: str, amount: float) -> float:
        """An amount for everybody: exact in doughs, elsewhere to taste."""
        if self.dish.row["sweet"] and role in BAKING:
            return amount * self.serves
        few = min(self.serves, MANY) + max(0, self.serves - MANY) * (LESS if role in SEASONING and not self.dish.row["sweet"] else 1)
        return amount * few * self.rng.choice(TASTES)

    def _stage(self, foods: Sequence[str], clock: str) -> None:
        """Which foods go in first and which later, so that all are done together; meat and fish get exactly their own time."""
        table = all_foods()
        times = {key: self.time(key, clock) for key in foods if getattr(table[key], clock)}
        longest = max(times.values(), default=0)
        mains = self.dish.roles.get("main", ())
        browned = [key for key in mains if self.dish.form == "curry" and table[key].kinds & FIRM_OR_MEAT]  # turned in the spices first
        late = [key for key in times if times[key] <= longest - STAGE_GAP[clock] and key not in browned]
        both = [key for role in ("main", "veg") for key in self.dish.roles.get(role, ())]
        self.groups = {"early": [key for key in times if key not in late], "late": late, "both": both}
        animal = [times[key] for key in late if table[key].kinds & ANIMAL]
        self.rest = max(animal or [times[key] for key in late], default=0)
        lead = longest - self.rest
        self.lead = lead if lead <= 20 else -(-lead // 5) * 5  # rounded: no one sets a timer for 104 minutes

    def time(self, key: str, clock: str) -> int:
        """The minutes of a food in this kitchen: stoves and carrots differ, so long times do too."""
        usual = int(getattr(all_foods()[key], clock))
        return usual + self.slower.get(key, 0) * (usual >= LONG)

    def rename(self, name: str) -> None:
        """Note the dish's name: the steps call it by the part before "with"."""
        self.short = name.split(" with ")[0] if re.search(" of | al ", name) else HEAD_END.split(name)[0]

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
            elif word in ("bulb", "sharp"):
                foods = foods if bool(BULBS & set(foods)) == (word == "bulb") else []
            elif word == "new":
                foods = [key for key in foods if key not in self.used]
        return foods

    def can(self, template: str) -> bool:
        """Whether the plate has a food for every field."""
        smooth = "smooth" not in fields(template) or bool(self.dish.row.get("blend"))
        return smooth and all(name in ("salt", "serves", "short", "smooth") or self.find(name) for name in fields(template))

    def look(self, name: str) -> str:
        """The text of a field."""
        if name in ("serves", "short", "smooth"):
            return {"serves": str(self.serves), "short": self.short, "smooth": ""}[name]
        foods, last = self.find(name), name.split(".")[-1]
        if last in CLOCKS:
            return str(max(self.time(key, last) for key in foods))
        if last in ("lead", "rest", "whole"):
            return str(self.rest if last == "rest" else self.lead)
        if last in PLURAL:  # a word that agrees with them
            return agreeing(last, self.many(foods))
        if last in SIGNS:
            staged = [*self.groups["early"], *foods] if name.startswith("late") else foods
            said = sign(self.words, staged, foods, SIGNS[last], self.amounts, last == "full")
            return said.removeprefix("until ") if last == "when" else said
        if last in ("name", "names"):
            return self.words["short names"].get(foods[0], foods[0]) if last == "name" else all_foods()[foods[0]].general
        return self._name(name, foods)

    def many(self, foods: Sequence[str]) -> bool:
        """Whether they take a plural verb."""
        calls = names_of(foods, self.amounts)
        return len(calls) > 1 or are_many(calls[0])

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

    def cut(self, food: Food) -> str:
        """How the dish wants a food prepared, as a template."""
        special = self.words["cuts"].get(self.dish.form, {})
        role = next((role for role, keys in self.dish.roles.items() if food.key in keys), "")
        return str(special.get(food.key, special.get(f"any {role}", food.cut)))

    def _line(self, food: Food) -> str:
        cut = "" if self.brief and food.key not in self.dish.roles.get("main", ()) else fill(self.rng, self.cut(food), {})
        return show_food(food, self.amounts[food.key], self.metric) + (f", {cut}" if cut else "")


def sign(words: Words, staged: Sequence[str], foods: Sequence[str], kind: str, amounts: dict[str, float], full: bool = False) -> str:
    """A template for how to tell that foods are done: poultry decides, then other meat and fish, then what takes longest."""
    table = all_foods()
    order = sorted(staged, key=lambda key: ("poultry" not in table[key].kinds, not table[key].kinds & ANIMAL, -_longest(table[key], kind)))
    first = order[0] if table[order[0]].kinds & ANIMAL else max(foods, key=lambda key: _longest(table[key], kind))
    name = table[first].name(amounts.get(first, 2))
    known = words["signs"].get(first, {}).get(kind) or words["other signs"]
    if are_many(name) != are_many(table[first].general):  # one pepper: the sign speaks of many
        known = words["other signs"]
    if list(foods) == [first] and not full:  # what was just named need not be named again
        same = "|".join(re.escape(word) for word in table[first].general.split())
        known = re.sub(rf"^until (the ({same})( ({same}))*|\{{n\}})(?= )", "until they" if are_many(name) else "until it", str(known))
    for field, word in (("{n}", f"the {name}"), ("{is}", "is"), ("{s}", "s")):
        known = known.replace(field, word if field == "{n}" else agreeing(word, are_many(name)))
    return str(known)


def _longest(food: Food, kind: str) -> int:
    return int({"f": food.fry, "s": food.simmer, "r": food.roast}[kind])
