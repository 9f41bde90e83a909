"""Kitchen talk that is no recipe: questions, techniques, menus, plans, lists, notes, swaps. In: words and a request; out: one text.

Every food and dish in them comes from plates that the request allows, every number from the same tables as the recipes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_dishes import slots, some_plate
from minigpt.corpus.templates.cooking_foods import all_foods, allowed, asked_foods, round_amount, show_food
from minigpt.corpus.templates.cooking_recipes import ONE, Cook, show_time
from minigpt.corpus.templates.grammar import Words, draw, fill, join_and, title_case, upper_first

Facts = dict[str, str]
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven")
CLOCKS = ("fry", "simmer", "roast")


def with_diet(request: Request, diet: str) -> Request:
    """The request under one more diet."""
    return request if diet in request.diets else replace(request, diets=(*request.diets, diet))


class Talk:
    """One text in the making: plates, facts about them, and sentences from the tables."""

    def __init__(self, rng: random.Random, words: Words, request: Request, sweet: bool) -> None:
        self.rng, self.words, self.request, self.sweet, self.table = rng, words, request, sweet, words["talk"]

    def cook(self, forms: tuple[str, ...] = ()) -> Cook:
        """A dish that the request allows, written out."""
        return Cook(self.rng, self.words, self.request, some_plate(self.rng, self.request, forms, self.sweet))

    def dishes(self, count: int) -> list[Cook]:
        """So many dishes of different names, or fewer if there are not so many."""
        found: dict[str, Cook] = {}
        for _ in range(4 * count):
            cook = self.cook()
            found.setdefault(cook.name, cook)
            if len(found) == count:
                break
        return list(found.values())

    def facts(self, cook: Cook, hero: str = "") -> Facts:
        """What can be said of a dish."""
        dish = cook.kitchen.dish
        used = [key for key in cook.kitchen.used if key != "salt"]
        heroes = [key for role in ("main", "veg", "fruit", "flavor") for key in dish.roles.get(role, ()) if key in used]
        asked = [key for key in asked_foods(self.request) if key in used]
        hero = hero or self.rng.choice(asked or heroes or used)
        others = self.rng.sample([key for key in used if key != hero], min(5, len(used) - 1))
        some = self.rng.choice([key for key in used if all_foods()[key].kinds.isdisjoint(("spice",))])
        return {
            "dish": cook.name, "hero": hero, "other": others[0], "third": others[1], "list": join_and(others[: self.rng.randint(2, 5)]),
            "verb": self.rng.choice(cook.method["verb"]), "minutes": show_time(cook.minutes), "serves": str(cook.kitchen.serves),
            "place": self.rng.choice(self.words["places"].get(dish.row["of"], self.words["places"]["any"])),
            "line": show_food(all_foods()[some], cook.kitchen.amounts[some], cook.kitchen.metric).split(",")[0], "fat": (dish.roles.get("fat") or [""])[0],
        }  # fmt: skip

    def say(self, templates: str | Sequence[str], look: Facts) -> str:
        """One of the templates (or of the table of that name), filled."""
        choices = self.table[templates] if isinstance(templates, str) else templates
        return upper_first(ONE.sub("1 minute", fill(self.rng, self.rng.choice(choices), look, self.words["phrases"])))

    def title(self, name: str, look: Facts) -> str:
        return title_case(self.say(name, look))

    def heat(self, key: str) -> Facts:
        """How a food is cooked, for how long, and how one sees that it is done."""
        food = all_foods()[key]
        clock = self.rng.choice([clock for clock in CLOCKS if getattr(food, clock)])
        minutes = getattr(food, clock)
        table = "done" if clock == "fry" else "tender"
        kind = next((kind for kind in self.words[table] if kind in food.kinds), "other" if table == "tender" else "vegetable")
        return {
            "food": key, "clock": clock, "n": str(minutes), "early": str(max(1, minutes * 2 // 3)), "cut": food.cut or "ready to use",
            "do": self.rng.choice(self.table["do"][clock]), "way": self.rng.choice(self.table["ways"][clock]), "done": self.rng.choice(self.words[table][kind]),
        }  # fmt: skip

    def closing(self, look: Facts, count: int) -> list[str]:
        """Sentences that end a text: so many details, and what the audience and the tone ask for."""
        count += {"short": -1, "long": 2}.get(self.request.length or "", 0)
        said = [self.say([template], look) for template in draw(self.rng, self.table["more"], max(count, 0))]
        if self.request.season:
            said.append(self.say(self.words["intros"]["season"], look | {"season": self.request.season}))
        if self.request.audience == "children":
            said.append(self.say("children end", look))
        if self.request.tone == "fun":
            said.append(self.say(self.words["cheers"], look))
        return said


def question(talk: Talk) -> str:
    """A question and its answer."""
    cook = talk.cook()
    look = talk.facts(cook)
    heated = [key for key in cook.kitchen.used if key != "salt" and any(getattr(all_foods()[key], clock) for clock in CLOCKS)]
    weighed = [key for key in cook.kitchen.used if key != "salt" and all_foods()[key].unit == "g" and all_foods()[key].amount >= 20]
    kinds = ["dish", "pair"] + ["time", "done"] * bool(heated) + ["scale"] * bool(weighed)
    kind = talk.rng.choice(kinds)
    if kind in ("time", "done"):
        look |= talk.heat(talk.rng.choice([key for key in heated if key == look["hero"]] or heated))
    if kind == "scale":
        a, b = draw(talk.rng, range(2, 13), 2)
        each = talk.rng.randrange(30, 160, 5)
        look |= {"food": talk.rng.choice(weighed), "a": str(a), "b": str(b), "each": str(each), "x": str(a * each), "total": str(b * each)}
    ask = talk.say(f"{kind} questions", look)
    answer = [talk.say(f"{kind} answers", look)]
    if kind in ("time", "done", "scale"):
        answer.append(talk.say("pair answers", look))
    return f"Question: {ask}\n\nAnswer: {' '.join([*answer, *talk.closing(look, 2)])}"


def technique(talk: Talk) -> str:
    """How one food is cooked in one way, and what becomes of it."""
    while True:
        cook = talk.cook()
        heated = [key for key in cook.kitchen.used if key != "salt" and any(getattr(all_foods()[key], clock) for clock in CLOCKS)]
        if heated or talk.sweet:
            break
    look = talk.facts(cook)
    if not heated:  # sweets: the steps of the dish are the lesson
        return "\n\n".join([title_case(f"the craft of {cook.name}"), " ".join([cook.intro(), *cook.steps]), " ".join(talk.closing(look, 2))])
    asked = [key for key in heated if key in asked_foods(talk.request)]
    look = talk.facts(cook, talk.rng.choice(asked or heated))
    look |= talk.heat(look["hero"])
    look["fat"] = look["fat"] or "a little water"
    parts = talk.table["technique"]
    body = [talk.say(parts[part], look) for part in ("start", look["clock"], "end", "use")]
    return "\n\n".join([talk.title("technique titles", look), " ".join(body), " ".join(talk.closing(look, 2))])


def _clock(minutes: int) -> str:
    return f"{(minutes // 60 - 1) % 12 + 1}:{minutes % 60:02d}"


def menu(talk: Talk) -> str:
    """Three dishes in order, and when to start each of them."""
    cooks = talk.dishes(3)
    hour = talk.rng.choice((18 * 60, 18 * 60 + 30, 19 * 60, 19 * 60 + 30, 20 * 60))
    serves = str(talk.rng.choice((2, 3, 4, 5, 6, 8)))
    looks = [talk.facts(cook) | {"hour": _clock(hour), "clock": _clock(hour - cook.minutes), "serves": serves} for cook in cooks]
    names = talk.table["courses"] if len(cooks) == 3 and not talk.sweet else ["[First|Next|Also]", "[Then|After that|Beside it]", "[Last|Finally|And]"]
    lines = [f"{talk.say([name], look)}: {talk.say('course lines', look)}." for name, look in zip(names, looks, strict=False)]
    work = [talk.say("menu work", look) for _, look in sorted(zip([-cook.minutes for cook in cooks], looks, strict=True), key=lambda pair: pair[0])]
    title = talk.title("menu titles", looks[0] | {"minutes": show_time(max(cook.minutes for cook in cooks))})
    return "\n\n".join([title, "\n".join(lines), " ".join([*work, talk.say("menu ends", looks[0]), *talk.closing(looks[-1], 1)])])


def plan(talk: Talk) -> str:
    """A dish for each of some days."""
    cooks = talk.dishes(talk.rng.choice((3, 4, 5)))
    first = talk.rng.randrange(7)
    days = [DAYS[(first + i) % 7] for i in range(len(cooks))]
    looks = [talk.facts(cook) for cook in cooks]
    minutes = [cook.minutes for cook in cooks]
    more = {"count": NUMBERS[len(cooks)], "first": days[0], "last": days[-1], "kind": "sweets" if talk.sweet else "suppers"}
    more |= {"total": show_time(sum(minutes)), "longest": show_time(max(minutes))}
    lines = [f"{day}: {talk.say('day lines', look)}." for day, look in zip(days, looks, strict=True)]
    ends = [talk.say("plan ends", looks[0] | more), *talk.closing(looks[-1], 1)]
    return "\n\n".join([talk.title("plan titles", looks[0] | more), "\n".join(lines), " ".join(ends)])


def shopping(talk: Talk) -> str:
    """One list of everything that two dishes need, the amounts added up."""
    cooks = (talk.dishes(2) * 2)[:2]
    total: dict[str, float] = {}
    for cook in cooks:
        for key in cook.kitchen.used:
            total[key] = total.get(key, 0) + cook.kitchen.amounts.get(key, 0)
    look = talk.facts(cooks[0]) | {"dish2": cooks[1].name, "serves2": str(cooks[1].kitchen.serves)}
    metric = talk.request.audience == "professionals"
    lines = [f"- {show_food(all_foods()[key], round_amount(value, all_foods()[key].unit), metric).split(',')[0]}" for key, value in sorted(total.items()) if key != "salt"]
    ends = [talk.say("list ends", look), *talk.closing(look, 1)]
    return "\n\n".join([talk.title("list titles", look), talk.say("list starts", look), "\n".join(lines), " ".join(ends)])


def notes(talk: Talk) -> str:
    """A cook's notes on one dish: when to start, what matters, what can be changed."""
    cook = talk.cook()
    hour = talk.rng.randrange(12 * 60, 21 * 60, 15)
    look = talk.facts(cook) | {"hour": _clock(hour), "clock": _clock(hour - cook.minutes)}
    first = " ".join([cook.intro(), talk.say("dish answers", look)])
    return "\n\n".join([talk.title("note titles", look), first, " ".join([talk.say("note clock", look), *cook.notes(), *talk.closing(look, 2)])])


def swap(talk: Talk) -> str:
    """What can take the place of one food in a dish, how much of it, and what that does to the time."""
    for _ in range(20):
        cook = talk.cook()
        dish, free = cook.kitchen.dish, allowed(talk.request)
        groups = [
            [key for key, _ in group] for role in ("main", "veg", "fruit", "flavor", "finish") for slot, _ in (slots(dish.row[role]) if role in dish.row else ()) for group in slot
        ]
        pairs = [(a, b) for group in groups for a in group for b in group if a in cook.kitchen.used and b in free and b not in dish.amounts]
        if pairs:
            break
    else:
        return notes(talk)
    old, new = talk.rng.choice(pairs)
    foods = all_foods()
    look = talk.facts(cook) | {"old": old, "new": new}
    look["line"] = show_food(foods[new], round_amount(foods[new].amount * cook.kitchen.serves, foods[new].unit), cook.kitchen.metric).split(",")[0]
    body = [talk.say(talk.words["swap lines"], look), talk.say("swap amount", look) + f" That is for {look['serves']}."]
    clock = talk.rng.choice(CLOCKS)
    if getattr(foods[old], clock) and getattr(foods[new], clock):
        body.append(talk.say("swap time", look | {"a": str(getattr(foods[old], clock)), "b": str(getattr(foods[new], clock))}))
    return "\n\n".join([talk.title("swap titles", look), " ".join([talk.say("dish answers", look), *body]), " ".join(talk.closing(look, 2))])


def write(rng: random.Random, words: Words, request: Request, sweet: bool, text: Callable[[Talk], str]) -> str:
    """The text of one kind, savory or sweet."""
    return text(Talk(rng, words, request, sweet))


KINDS: dict[str, Callable[[Talk], str]] = {
    "question": question, "technique": technique, "menu": menu, "meal_plan": plan, "shopping_list": shopping, "chef_notes": notes, "substitution": swap,
}  # fmt: skip
FORMS: dict[str, Any] = {name: partial(write, text=kind) for name, kind in KINDS.items()}
