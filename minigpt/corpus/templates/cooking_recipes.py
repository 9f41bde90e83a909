"""Recipes. In: a plate, a random generator and a request; out: the text of a recipe, as a list with numbered steps or in prose.

A recipe's list of ingredients is not written anywhere: it is collected from the steps, in the order in which the steps first name them.
So the steps use every ingredient on the list, and none that is not on it. The time on top is likewise the sum of the times in the steps.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_dishes import Plate, methods, slots
from minigpt.corpus.templates.cooking_foods import Food, all_foods, allowed, names_of, round_amount, show_food
from minigpt.corpus.templates.grammar import FIELD, Words, fill, join_and, title_case, upper_first

MINUTES = re.compile(r"(\d+) (minute|hour)s?( on each side)?")
ONE = re.compile(r"\b1 minutes")
STAGE_GAP = 8  # minutes: what needs so much less than the longest goes in later
RAW_SOUP = frozenset(("lemongrass",))
BROWNED = frozenset(("meat", "firm"))
SELECT: dict[str, Callable[[Food, Words], bool]] = {
    "hot": lambda food, words: not food.kinds & {"egg", "pulse"} and food.fry > 0 and food.key != "anchovy",
    "egg": lambda food, words: "egg" in food.kinds,
    "soft": lambda food, words: food.key in words["cooked from dry"],
    "mild": lambda food, words: (
        food.key not in words["cooked from dry"] and ("pulse" in food.kinds or (not food.fry and "egg" not in food.kinds) or food.key == "anchovy")
    ),
    "brown": lambda food, words: bool(food.kinds & BROWNED),
    "meat": lambda food, words: "meat" in food.kinds,
    "cook": lambda food, words: food.key in words["never raw"],
    "raw": lambda food, words: food.key not in RAW_SOUP,
    "boil": lambda food, words: food.simmer > 0,
    "warm": lambda food, words: not food.simmer,
    "mix": lambda food, words: "noodle" in food.key or food.key == "udon",
    "under": lambda food, words: "noodle" not in food.key and food.key != "udon" and food.simmer > 0,
}


class Kitchen:
    """One plate for so many people: answers the fields of the templates, and remembers which foods the steps have named."""

    def __init__(self, dish: Plate, serves: int, words: Words, request: Request) -> None:
        self.dish, self.serves, self.words = dish, serves, words
        self.metric = request.audience == "professionals"
        self.amounts = {key: round_amount(amount * serves, all_foods()[key].unit) for key, amount in dish.amounts.items()}
        self.used: list[str] = []
        self.pepper = not dish.row["sweet"] and not any(w in ("pepper", "black pepper") for w in request.without)
        self._stage()

    def _stage(self) -> None:
        """What goes in first and what later, so that all is done at the same time."""
        *roles, clock = methods()[self.dish.form].get("stage", "simmer").split()
        self.clock = clock
        foods = [key for role in roles for key in self.dish.roles.get(role, ()) if getattr(all_foods()[key], clock)]
        longest = max([getattr(all_foods()[key], clock) for key in foods], default=0)
        late = [key for key in foods if getattr(all_foods()[key], clock) <= longest - STAGE_GAP]
        if clock == "fry":
            late = [key for key in foods if getattr(all_foods()[key], clock) <= longest - STAGE_GAP // 2]
        early = [key for key in foods if key not in late]
        both = [key for role in ("main", "veg") for key in self.dish.roles.get(role, ())]
        self.groups = {"early": early, "late": late, "both": both}
        self.rest = max([getattr(all_foods()[key], clock) for key in late], default=0)
        self.lead = longest - self.rest

    def find(self, name: str) -> list[str]:
        """The foods behind a field; none: no sentence with this field can be written."""
        role, *more = name.split(".")
        keys = self.groups.get(role) if role in self.groups else self.dish.roles.get(role)
        foods = list(keys or [])
        if more and more[0] in SELECT:
            if more[0] == "mix" and self.dish.row.get("mix"):
                return foods
            if more[0] == "under" and self.dish.row.get("mix"):
                return []
            foods = [key for key in foods if SELECT[more[0]](all_foods()[key], self.words)]
        last = more[-1] if more else ""
        if last in ("lead", "rest") and not self.groups["late"] or last == "whole" and self.groups["late"]:
            return []
        if last in ("fry", "simmer", "roast") and not any(getattr(all_foods()[key], last) for key in foods):
            return []
        return foods

    def can(self, template: str) -> bool:
        """Whether the plate has a food for every field."""
        names = [name[0].lower() + name[1:] for name in fields(template)]
        return all(name in ("salt", "serves") or self.find(name) for name in names)

    def look(self, name: str) -> str:
        """The text of a field."""
        if name == "serves":
            return str(self.serves)
        if name == "salt":
            if "salt" not in self.used:
                self.used.append("salt")
            return "salt and pepper" if self.pepper else "salt"
        foods, last = self.find(name), name.split(".")[-1]
        if last in ("fry", "simmer", "roast"):
            return str(max(getattr(all_foods()[key], last) for key in foods))
        if last in ("lead", "rest", "whole"):
            return str(self.rest if last == "rest" else self.lead)
        if last in ("done", "tender"):
            return self._done(foods, last)
        if last == "name":
            return foods[0]
        self.used += [key for key in foods if key not in self.used]
        return "the " + join_and(names_of(foods, self.amounts))

    def _done(self, foods: Sequence[str], table: str) -> str:
        """How one sees that it is done; where there is meat or fish, the meat decides."""
        kinds = [kind for key in foods for kind in self.words[table] if kind in all_foods()[key].kinds]
        order = [kind for kind in self.words[table] if kind in kinds] or ["other" if table == "tender" else "vegetable"]
        return "[" + "|".join(_flat(self.words[table][order[0]])) + "]"

    def listing(self) -> list[str]:
        """The lines of the list of ingredients."""
        salt = "Salt and black pepper" if self.pepper else "A pinch of salt"
        return [salt if key == "salt" else show_food(all_foods()[key], self.amounts[key], self.metric) for key in self.used]


def _flat(texts: Sequence[str]) -> list[str]:
    return [text for text in texts]


@lru_cache(maxsize=8192)
def fields(template: str) -> tuple[str, ...]:
    """The names of a template's fields, without those of shared lists."""
    return tuple(name for name in FIELD.findall(template) if not name.startswith("~"))


def minutes_in(steps: Sequence[str]) -> int:
    """All the minutes that the steps name, added up."""
    total = 0
    for number, unit, sides in MINUTES.findall(" ".join(steps)):
        total += int(number) * (60 if unit == "hour" else 1) * (2 if sides else 1)
    return total


def show_time(minutes: int) -> str:
    """35 as "35 minutes", 95 as "1 hour 35 minutes"."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} hour" + "s" * (hours > 1)] * (hours > 0) + [f"{rest} minutes"] * (rest > 0)
    return " ".join(parts)


class Cook:
    """A written-out recipe: title, yield, time, ingredients and steps of one plate."""

    def __init__(self, rng: random.Random, words: Words, request: Request, dish: Plate) -> None:
        self.rng, self.words, self.request = rng, words, request
        method = methods()[dish.form]
        self.method = method
        self.kitchen = Kitchen(dish, rng.choice(method.get("serves", (2, 3, 4, 5, 6, 8))), words, request)
        self.name = self.say(dish.name)
        self.title = title_case(self.name)
        self.steps = [step for sentences in method["steps"] if (step := self._step(sentences))]
        self.needs = self.kitchen.listing()
        self.minutes = -(-(rng.choice(method["prep"]) + minutes_in(self.steps)) // 5) * 5  # up to the next five minutes

    def say(self, template: str) -> str:
        """The template, filled from this kitchen."""
        return ONE.sub("1 minute", fill(self.rng, template, self.kitchen.look, self.words["phrases"]))

    def choose(self, templates: Sequence[str]) -> str:
        """One of the templates that this plate can fill; empty if none is."""
        usable = [template for template in templates if self.kitchen.can(template)]
        return upper_first(self.say(self.rng.choice(usable))) if usable else ""

    def _step(self, sentences: Sequence[Sequence[str]]) -> str:
        said = [text for choices in sentences if (text := self.choose(choices))]
        extra = self.words["asides"].get(self.request.audience or "", {})
        for word in sorted(extra):
            if said and re.search(word, " ".join(said)) and (self.request.audience == "children" or self.rng.random() < 0.7):
                said.append(self.say(self.rng.choice(extra[word])))
                break
        text = " ".join(said)
        return re.sub(r"(?<=[a-z] )the (?!pan|pot|heat|oven|bowl|water)", "", text) if self.request.audience == "professionals" else text

    def yields(self) -> str:
        """How many it serves, or what it makes."""
        made = self.method.get("makes")
        return f"Makes {self.kitchen.serves} {made}." if made else f"Serves {self.kitchen.serves}."

    def swap(self) -> str:
        """What could stand in for one of the foods, from the same place in the dish."""
        dish, free = self.kitchen.dish, allowed(self.request)
        pairs = [
            (key, other)
            for role in ("main", "veg", "fruit", "finish", "carb")
            for groups, _ in (slots(dish.row[role]) if role in dish.row else ())
            for group in groups
            for key, _ in group
            if key in self.kitchen.used
            for other, _ in group
            if other != key and other in free and other not in dish.amounts
        ]
        if not pairs:
            return ""
        key, other = self.rng.choice(pairs)
        look = {"old": key, "new": other}
        return fill(self.rng, self.rng.choice(self.words["swap lines"]), look, self.words["phrases"])

    def intro(self) -> str:
        """A sentence or two before the recipe, in the register of the request."""
        request, lines = self.request, self.words["intros"]
        keys = [key for key in (request.audience, request.tone) if key in lines]
        first = self.rng.choice(keys) if keys else "plain"
        texts = [self._about(lines[first])]
        if request.season:
            texts.append(self._about(lines["season"]))
        if request.length != "short" and (not request.season or request.length == "long"):
            texts.append(self._about(lines["detail"]))
        return " ".join(texts)

    def _about(self, templates: Sequence[str]) -> str:
        dish = self.kitchen.dish
        place = self.words["places"].get(dish.row["of"], self.words["places"]["any"])
        look: dict[str, Any] = {"dish": self.name, "verb": self.rng.choice(self.method["verb"]), "place": self.rng.choice(place)}
        look |= {"season": self.request.season or "", "minutes": show_time(self.minutes), "count": str(len(self.needs)), "serves": str(self.kitchen.serves)}
        heroes = [key for role in ("main", "veg", "fruit", "flavor", "carb") for key in dish.roles.get(role, ()) if key in self.kitchen.used]
        look["hero"] = self.rng.choice(heroes or [dish.foods()[0]])
        others = [key for key in self.kitchen.used if key not in ("salt", look["hero"])]
        look["other"], look["third"] = self.rng.sample(others, 2)
        return upper_first(ONE.sub("1 minute", fill(self.rng, self.rng.choice(templates), look, self.words["phrases"])))

    def notes(self) -> list[str]:
        """What stands below a recipe: a tip, a swap, how to serve and how to keep it; more of it where the request says long."""
        tips = self.say(self.rng.choice(self.method["tips"]))
        serve = self._about(self.words["serve lines"])
        keep = self._about(self.words["keep lines"])
        pool = [text for text in (self.swap(), serve, keep) if text]
        count = {"short": 0, "long": 3}.get(self.request.length or "", self.rng.choice((1, 1, 2)))
        chosen = [tips, *self.rng.sample(pool, min(count, len(pool)))]
        if self.request.tone == "fun" or (self.request.audience == "children" and self.request.tone != "formal"):
            chosen.append(self.say(self.rng.choice(self.words["cheers"])))
        return [upper_first(text) for text in chosen]


def card(rng: random.Random, words: Words, request: Request, dish: Plate) -> str:
    """A recipe as a card: title, what to expect, ingredients, numbered steps, notes."""
    cook = Cook(rng, words, request, dish)
    need, do = rng.choice((("Ingredients:", "Steps:"), ("Ingredients:", "Method:"), ("You need:", "How to make it:"), ("Shopping basket:", "In the kitchen:")))
    time = rng.choice(("Ready in {}.", "Ready in {}.", "Time: {}.", "Allow {}.")).format(show_time(cook.minutes))
    lines = [cook.title, "", cook.intro(), f"{cook.yields()} {time}", "", need]
    lines += [f"- {need}" for need in cook.needs] + ["", do]
    lines += [f"{i}. {step}" for i, step in enumerate(cook.steps, 1)]
    return "\n".join([*lines, "", rng.choice(("Tip: ", "Note: ", "Good to know: ")) + " ".join(cook.notes())])


def prose(rng: random.Random, words: Words, request: Request, dish: Plate) -> str:
    """A recipe told in paragraphs, as one cook would write it to another."""
    cook = Cook(rng, words, request, dish)
    needs = join_and([need[0].lower() + need[1:] if need.startswith(("Salt", "A ")) else need.split(",")[0] for need in cook.needs])
    opening = fill(rng, rng.choice(words["prose openings"]), {"dish": cook.name, "serves": str(cook.kitchen.serves), "needs": needs, "minutes": show_time(cook.minutes)})
    return "\n\n".join([cook.title, f"{cook.intro()} {upper_first(opening)}", " ".join(cook.steps), " ".join(cook.notes())])
