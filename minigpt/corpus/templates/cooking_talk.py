"""Writes about cooking other than recipes: questions, techniques, menus, plans, lists, notes, swaps.

All foods and dishes come from plates that the request allows, all numbers from the same tables as in recipes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from minigpt.corpus.english import title_case
from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_dishes import dishes
from minigpt.corpus.templates.cooking_foods import all_foods, asked_foods, round_amount, show_food
from minigpt.corpus.templates.cooking_kitchen import CLOCKS, done, fields
from minigpt.corpus.templates.cooking_recipes import Cook, Facts, cook_some, named, show_time, tell
from minigpt.corpus.templates.grammar import draw
from minigpt.corpus.words import Words

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven")
STARTERS = ("soup", "cold_soup", "salad")
TRIES = 12  # most plates drawn for one that suits the text


class Talk:
    """Plates and sentences for one text."""

    def __init__(self, rng: random.Random, words: Words, request: Request, sweet: bool) -> None:
        self.rng, self.words, self.request, self.sweet, self.table = rng, words, request, sweet, words["talk"]

    def cook(self, forms: tuple[str, ...] = (), sweet: bool | None = None) -> Cook:
        """A dish that the request allows, as a written-out recipe."""
        return cook_some(self.rng, self.words, self.request, forms, self.sweet if sweet is None else sweet)

    def cooks(self, count: int) -> list[Cook]:
        """`count` dishes with different names, or as many as there are."""
        found: dict[str, Cook] = {}
        for _ in range(4 * count):
            cook = self.cook()
            found.setdefault(cook.name, cook)
            if len(found) == count:
                break
        return list(found.values())

    def say(self, templates: str | Sequence[str], look: Facts) -> str:
        """A filled template, from a list or the table of that name."""
        return tell(self.rng, self.words, self.table[templates] if isinstance(templates, str) else templates, look)

    def title(self, name: str, look: Facts) -> str:
        """A title."""
        return title_case(self.say(name, look))

    def heat(self, key: str) -> Facts:
        """How a food is cooked, for how long, and how to tell that it is done."""
        food = all_foods()[key]
        clock = self.rng.choice([clock for clock in CLOCKS if getattr(food, clock)])
        minutes = getattr(food, clock)
        return named("food", key) | {
            "clock": clock, "n": str(minutes), "early": str(max(1, minutes * 2 // 3)), "cut": food.cut or "ready to use",
            "do": self.rng.choice(self.table["do"][clock]), "way": self.rng.choice(self.table["ways"][clock]),
            "done": done(self.words, [key], "done" if clock == "fry" else "tender"),
        }  # fmt: skip

    def closing(self, cook: Cook, count: int) -> list[str]:
        """Closing sentences: `count` details, and what season, audience and tone ask for."""
        count += {"short": -1, "long": 2}.get(self.request.length or "", 0)
        looks = [cook.facts() for _ in range(max(count, 0))]
        usable = [template for template in self.table["more"] if all(name in look for look in looks for name in fields(template))]
        said = [
            self.say([template], look) for template, look in zip(draw(self.rng, usable, min(len(usable), len(looks))), looks, strict=False)
        ]
        if self.request.season:
            said.append(self.say(self.words["intros"]["season"], cook.facts()))
        if self.request.audience == "children":
            said.append(self.say("children end", {}))
        if self.request.tone == "fun":
            said.append(self.say(self.words["cheers"], {}))
        return [text for text in said if text]


def heated(cook: Cook) -> list[str]:
    """The foods of a dish that have a cooking time; only the requested ones, if there are any."""
    keys = [key for key in cook.foods if any(getattr(all_foods()[key], clock) for clock in CLOCKS)]
    asked = asked_foods(cook.request)
    return [key for key in keys if key in asked] or keys


def question(talk: Talk) -> str:
    """A question and its answer."""
    cook = talk.cook()
    look = cook.facts() | {"weekday": talk.rng.choice(DAYS)}
    foods = all_foods()
    hot = heated(cook)
    weighed = [key for key in cook.foods if foods[key].unit == "g" and foods[key].amount >= 20]
    kind = talk.rng.choice(["dish", "pair", *["time", "done"] * bool(hot), *["scale"] * bool(weighed)])
    if kind in ("time", "done"):
        look |= talk.heat(talk.rng.choice(hot))
    if kind == "scale":
        a, b = draw(talk.rng, range(2, 13), 2)
        each = talk.rng.randrange(30, 160, 5)
        look |= named("food", talk.rng.choice(weighed))
        look |= {"a": str(a), "b": str(b), "each": str(each), "x": str(a * each), "total": str(b * each)}
    answer = [talk.say(f"{kind} answers", look)]
    if kind in ("time", "done", "scale"):
        answer.append(talk.say("pair answers", look))
    return f"Question: {talk.say(f'{kind} questions', look)}\n\nAnswer: {' '.join(filter(None, [*answer, *talk.closing(cook, 2)]))}"


def technique(talk: Talk) -> str:
    """How to cook a food in one way, and the result; for a dish without heat, how to make it."""
    cook = talk.cook()
    hot = heated(cook)
    if not hot:
        title = talk.title("craft titles", cook.facts())
        return "\n\n".join([title, " ".join([cook.intro(), *cook.steps]), " ".join(talk.closing(cook, 2))])
    key = talk.rng.choice(hot)
    look = {"fat": "a little of the fat"} | cook.facts(key) | talk.heat(key)
    parts = talk.table["technique"]
    body = [talk.say(parts[part], look) for part in ("start", look["clock"], "end", "use")]
    return "\n\n".join([talk.title("technique titles", look), " ".join(body), " ".join(talk.closing(cook, 3))])


def _clock(minutes: int) -> str:
    return f"{(minutes // 60 - 1) % 12 + 1}:{minutes % 60:02d}"


def menu(talk: Talk) -> str:
    """Three dishes in order, and when to start each, the longest first."""
    mains = tuple(sorted({row["form"] for row in dishes(talk.request, (), False)} - set(STARTERS)))
    courses = not talk.sweet and mains and dishes(talk.request, STARTERS) and dishes(talk.request, (), True)
    cooks = [talk.cook(STARTERS), talk.cook(mains), talk.cook((), True)] if courses else talk.cooks(3)
    hour = talk.rng.randrange(17 * 60, 21 * 60, 15)
    serves = str(cooks[0].kitchen.serves)
    looks = [cook.facts() | {"hour": _clock(hour), "clock": _clock(hour - cook.minutes), "serves": serves} for cook in cooks]
    names = talk.table["courses"] if courses else talk.rng.choice(talk.table["courses alike"])
    lines = [f"{talk.say([name], look)}: {talk.say('course lines', look)}." for name, look in zip(names, looks, strict=False)]
    order = sorted(range(len(cooks)), key=lambda i: -cooks[i].minutes)
    work = [talk.say("menu work", looks[i]) for i in order]
    ends = [*work, talk.say("menu ends", looks[0]), *talk.closing(talk.rng.choice(cooks), 1)]
    return "\n\n".join([talk.title("menu titles", looks[0]), "\n".join(lines), " ".join(ends)])


def plan(talk: Talk) -> str:
    """A dish a day for several days."""
    cooks = talk.cooks(talk.rng.choice((3, 4, 5)))
    first = talk.rng.randrange(7)
    days = [DAYS[(first + i) % 7] for i in range(len(cooks))]
    minutes = [cook.minutes for cook in cooks]
    look = cooks[0].facts() | {"count": NUMBERS[len(cooks)], "first": days[0], "last": days[-1]}
    look |= {"kind": "sweets" if talk.sweet else "suppers", "total": show_time(sum(minutes)), "longest": show_time(max(minutes))}
    lines = [f"{day}: {talk.say('day lines', cook.facts())}." for day, cook in zip(days, cooks, strict=True)]
    ends = [talk.say("plan ends", look), *talk.closing(cooks[-1], 1)]
    return "\n\n".join([talk.title("plan titles", look), "\n".join(lines), " ".join(ends)])


def shopping(talk: Talk) -> str:
    """One shopping list for two dishes, with amounts added up."""
    one, two = (talk.cooks(2) * 2)[:2]
    foods = all_foods()
    total: dict[str, float] = {}
    for cook in (one, two):
        for key in cook.foods:
            total[key] = total.get(key, 0) + cook.kitchen.amounts[key]
    look = one.facts() | {"dish2": two.name, "serves2": str(two.kitchen.serves)}
    metric = talk.request.audience == "professionals"
    lines = [show_food(foods[key], round_amount(foods[key], total[key]), metric) for key in sorted(total)]
    ends = [talk.say("list ends", look), *talk.closing(two, 1)]
    listed = "\n".join(f"- {line}" for line in lines)
    return "\n\n".join([talk.title("list titles", look), talk.say("list starts", look), listed, " ".join(ends)])


def notes(talk: Talk) -> str:
    """A cook's notes on one dish: when to start, what matters, what can be changed."""
    cook = talk.cook()
    hour = talk.rng.randrange(12 * 60, 21 * 60, 15)
    look = cook.facts() | {"hour": _clock(hour), "clock": _clock(hour - cook.minutes)}
    first = " ".join([cook.intro(), talk.say("dish answers", look)])
    last = [talk.say("note clock", look), *cook.notes(), *talk.closing(cook, 2)]
    return "\n\n".join([talk.title("note titles", look), first, " ".join(dict.fromkeys(last))])


def swap(talk: Talk) -> str:
    """A substitute for a food in a dish, its amount, and how the time changes."""
    for _ in range(TRIES):
        cook = talk.cook()
        pair = cook.swap()
        if pair:
            break
    else:
        return notes(talk)
    old, new = (all_foods()[key] for key in pair)
    look = cook.facts() | named("old", old.key) | named("new", new.key)
    look["line"] = show_food(new, round_amount(new, new.amount * cook.kitchen.serves), cook.kitchen.metric)
    body = [talk.say("dish answers", look), talk.say(talk.words["swap lines"], look), talk.say("swap amount", look)]
    clock = talk.rng.choice(CLOCKS)
    if getattr(old, clock) and getattr(new, clock):
        body.append(talk.say("swap time", look | {"a": str(getattr(old, clock)), "b": str(getattr(new, clock))}))
    return "\n\n".join([talk.title("swap titles", look), " ".join(body), " ".join(talk.closing(cook, 3))])


def write(rng: random.Random, words: Words, request: Request, sweet: bool, text: Callable[[Talk], str]) -> str:
    """A text of one kind, savory or sweet; if an ingredient is requested, one that mentions it."""
    names = {name for key in asked_foods(request) for name in (key, all_foods()[key].general)}
    for _ in range(TRIES):
        said = text(Talk(rng, words, request, sweet))
        if not names or any(name in said.lower() for name in names):
            break
    return said


KINDS: dict[str, Callable[[Talk], str]] = {
    "question": question, "technique": technique, "menu": menu, "meal_plan": plan, "shopping_list": shopping, "chef_notes": notes,
    "substitution": swap,
}  # fmt: skip
FORMS: dict[str, Any] = {name: partial(write, text=kind) for name, kind in KINDS.items()}
