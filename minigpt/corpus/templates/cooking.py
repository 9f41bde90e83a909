"""Cooking documents: recipes from dish families, menus, kitchen questions and techniques. In: a random generator and the cooking words.

A recipe's list of ingredients is not written anywhere: it is collected from the steps, in the order in which the steps first name them.
So the steps use every ingredient on the list, and none that is not on it. The time on top is likewise the sum of the times in the steps.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form, Words, fill, title_case, upper_first

AMOUNT = re.compile(r"#(\d+(?:\.\d+)?)")
PLURAL = re.compile(r"\(([^()|]*)\|([^()|]*)\)")  # (onion|onions): the first for an amount up to one, else the second
MINUTES = re.compile(r"(\d+) (minute|hour)s?( on each side)?")
ONE = re.compile(r"\b1 minutes")
FRACTIONS = {0.25: "1/4", 0.5: "1/2", 0.75: "3/4"}


class Pantry:
    """The ingredients of one recipe: answers the template's fields, and remembers what the steps have asked for."""

    def __init__(self, rng: random.Random, words: Words, slots: dict[str, list[Any]], factor: float, without: Sequence[str] = ()) -> None:
        self.foods = {**words["ingredients"], **words["baking ingredients"]}
        self.factor = factor
        self.slots: dict[str, dict[str, str]] = {}
        self.used: list[str] = []  # keys in the order of first use
        taken: list[str] = list(without)
        for slot, options in slots.items():
            free = [o for o in options if _key(o) not in taken]
            option = rng.choice(free)
            self.slots[slot] = option if isinstance(option, dict) else {"is": option}
            taken.append(_key(option))

    def look(self, name: str) -> str:
        """The value of a field: {slot} and {ingredient} as the steps call them, {slot.name} and
        {slot.names} as a title does (carrot, carrots), {slot.other} from the table."""
        slot, _, field = name.partition(".")
        key = self.slots[slot]["is"] if slot in self.slots else slot
        if field == "name":
            return str((*self.foods[key], key)[2])
        if field == "names":
            return PLURAL.sub(lambda m: m[2], self.foods[key][1])
        if field:
            return self.slots[slot][field]
        if key not in self.used:
            self.used.append(key)
        return self.amount(key, 1)

    def amount(self, key: str, column: int) -> str:
        """The ingredient for this many people: column 0 is its line in the list, column 1 its name in the steps."""
        line, call = self.foods[key][:2]
        number = AMOUNT.search(line)
        value = float(number[1]) * self.factor if number else 2.0
        text = AMOUNT.sub(show_amount(value), line) if column == 0 else call
        return PLURAL.sub(lambda m: m[1] if value <= 1 else m[2], text)

    def listing(self) -> list[str]:
        """The lines of the list of ingredients."""
        return [self.amount(key, 0) for key in self.used]


def _key(option: str | dict[str, str]) -> str:
    return option["is"] if isinstance(option, dict) else option


def show_amount(value: float) -> str:
    """0.5 as 1/2, 1.5 as 1 1/2, 400.0 as 400."""
    whole, part = int(value), value - int(value)
    if not part:
        return str(whole)
    return f"{whole} {FRACTIONS[part]}" if whole else FRACTIONS[part]


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


def families(words: Words) -> list[dict[str, Any]]:
    """All dish families, savory and sweet."""
    return [family for key, table in words.items() if key.endswith(" dishes") for family in table]


def recipe(rng: random.Random, words: Words, request: Request, form: str) -> str:
    """A recipe of one dish family."""
    return write_recipe(rng, words, rng.choice([f for f in families(words) if f["form"] == form]))


def meatless(rng: random.Random, words: Words, request: Request, diet: str) -> str:
    """A recipe of any family that can be made without what the diet ("vegetarian" or "vegan") leaves out."""
    return write_recipe(rng, words, rng.choice([f for f in families(words) if diet in f["diets"]]), words[diet + " avoids"])


def write_recipe(rng: random.Random, words: Words, family: dict[str, Any], without: Sequence[str] = ()) -> str:
    """The text of a recipe: title, a line to please, yield and time, ingredients, steps, a tip."""
    people = rng.choice(family.get("serves", [2]))
    pantry = Pantry(rng, words, family["slots"], people / 2, without)
    lists = words["phrases"]

    def say(template: str) -> str:
        return ONE.sub("1 minute", fill(rng, template, pantry.look, lists))

    title = title_case(say(rng.choice(family["titles"])))
    steps = [upper_first(say(step)) for step in family["steps"]]
    needs = pantry.listing()
    time = -(-(rng.choice(family["prep"]) + minutes_in(steps)) // 5) * 5  # up to the next five minutes
    made = say(family["makes"]) if "makes" in family else f"Serves {people}."
    lines = [title, "", say(rng.choice(family["lines"])), f"{made} Ready in {show_time(time)}.", "", "Ingredients:"]
    lines += [f"- {need}" for need in needs] + ["", "Steps:"]
    lines += [f"{i}. {step}" for i, step in enumerate(steps, 1)]
    return "\n".join([*lines, "", "Tip: " + say(rng.choice(family["tips"]))])


def question(rng: random.Random, words: Words, request: Request, topic: str = "") -> str:
    """A kitchen question and its answer, from a table of things that share the same question."""
    kinds = [k for k in words["questions"] if not topic or k["topic"] == topic]
    kind = rng.choice(kinds)
    thing = dict(zip(kind["columns"], rng.choice(kind["rows"]), strict=True))
    ask, answer = (fill(rng, rng.choice(kind[part]), thing, words["phrases"]) for part in ("ask", "answer"))
    return f"Question: {upper_first(ask)}\n\nAnswer: {upper_first(answer)} {fill(rng, rng.choice(words['sign off']), {}, words['phrases'])}"


def technique(rng: random.Random, words: Words, request: Request, topic: str = "") -> str:
    """How to do one thing in the kitchen, in a few sentences."""
    entry = rng.choice([t for t in words["techniques"] if not topic or t["topic"] == topic])
    parts = [fill(rng, part, {}, words["phrases"]) for part in (rng.choice(words["why"]), *entry["how"], rng.choice(words["cheer"]))]
    return title_case("how to " + fill(rng, entry["title"], {})) + "\n\n" + " ".join(upper_first(part) for part in parts)


def menu(rng: random.Random, words: Words, request: Request) -> str:
    """A menu of three courses for an occasion, with the order of work."""
    table = words["menus"]
    theme = rng.choice(table["themes"])
    courses = {course: rng.choice(theme[course]) for course in ("starter", "main", "dessert")}
    look = {name: dish[0] for name, dish in courses.items()} | {f"{name}.do": dish[1] for name, dish in courses.items()}
    look |= {"guests": rng.choice(table["guests"]), "occasion": rng.choice(theme["occasions"])}
    return "\n".join(fill(rng, rng.choice(line) if line else "", look, words["phrases"]) for line in table["shape"])


SAVORY = ("soup", "pasta", "stir_fry", "salad", "curry", "omelette", "traybake", "tacos", "rice_bowl")
CHEF = ("seared", "risotto")
SWEET = ("pancakes", "cookies", "cake", "crumble", "smoothie", "parfait")

FORMS: dict[str, Form] = {name: partial(recipe, form=name) for name in (*SAVORY, *CHEF, *SWEET)}
FORMS |= {diet: partial(meatless, diet=diet) for diet in ("vegetarian", "vegan")}
FORMS |= {"question": question, "technique": technique, "menu": menu}
FORMS |= {"baking_question": partial(question, topic="baking"), "baking_technique": partial(technique, topic="baking")}
