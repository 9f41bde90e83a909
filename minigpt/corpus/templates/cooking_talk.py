"""Writes about cooking other than recipes: questions, techniques, menus, plans, lists, notes, swaps.

All foods and dishes come from plates that the request allows, all numbers from the same tables as in recipes.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from minigpt.corpus.english import title_case
from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_dishes import dishes
from minigpt.corpus.templates.cooking_facts import Facts, agree, named, tell
from minigpt.corpus.templates.cooking_foods import all_foods, are_many, asked_foods, round_amount, show_food
from minigpt.corpus.templates.cooking_kitchen import ANIMAL, CLOCKS, sign
from minigpt.corpus.templates.cooking_recipes import Cook, cook_some, show_time
from minigpt.corpus.templates.cooking_words import NUMBERS
from minigpt.corpus.templates.grammar import Told, draw, fill, idea_of
from minigpt.corpus.words import Words

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
STARTERS = ("soup", "cold_soup", "salad")
COURSES = (0, 30, 75)  # minutes after the first course
LETTERS = {"fry": "f", "simmer": "s", "roast": "r"}  # clock -> the signs that belong to it
CUT = re.compile(r"(peeled|cut|sliced|thinly sliced|halved|quartered|shredded|diced|torn|trimmed|washed and (sliced|trimmed))\b")
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

    def heat(self, key: str, clock: str) -> Facts:
        """How a food is cooked, for how long, and how to tell that it is done."""
        food, minutes = all_foods()[key], getattr(all_foods()[key], clock)
        kinds = ("carb" if food.role == "carb" else "fish" if food.kinds & {"fish"} else "meat" if food.kinds & ANIMAL else "other") if clock == "simmer" else clock
        until = sign(self.words, [key], [key], LETTERS[clock], {})
        look = Facts({"n": str(minutes), "early": str(max(1, minutes * 2 // 3)), "sign": until, "when": until.removeprefix("until ")})
        look |= {"do": self.rng.choice(self.table["do"][kinds]), "way": self.rng.choice(self.table["ways"][kinds])}
        cut = fill(self.rng, food.cut, {})
        return look | named("food", key) | ({"cut": cut} if CUT.match(cut) else {})

    def closing(self, cook: Cook, count: int) -> list[str]:
        """Closing sentences: `count` things worth knowing, and what season, audience and tone ask for."""
        cook.around.title = False
        around, count = cook.around, count + {"short": -1, "long": 2}.get(self.request.length or "", 0)
        others = [around.swap_line, around.lore, lambda: around.advice("tips"), around.lore]
        others = others[1:2] if "old" in around.said else others
        others += [lambda: around.advice("serve"), lambda: around.advice("keep")]
        said = [line() for line in self.rng.sample(others, min(max(count, 0), len(others)))]
        if self.request.season:
            said.append(around.season())
        if self.request.audience == "children":
            said.append(self.say("children end", around.facts(around.lead)))
        if self.request.tone == "fun":
            said += [around.joke(), around.say(self.words["cheers"], around.lead)]
        return [text for text in said if text]


def heated(cook: Cook) -> list[tuple[str, str]]:
    """(food, clock): the foods of a dish that can be cooked by themselves; only the requested ones, if there are any."""
    signs, foods, roles = cook.words["signs"], all_foods(), cook.around.roles
    *staged, last = ("", "") if cook.method.get("fire") == "no" else cook.method.get("stage", "").split() or ("", "")
    pairs = [
        (key, clock)
        for key in cook.foods
        for clock in CLOCKS
        if getattr(foods[key], clock) > 2
        and ((roles[key] in staged and clock == last) or (roles[key] == "carb" and clock == "simmer"))
        and (signs.get(key, {}).get(LETTERS[clock]) or foods[key].role == "carb")
        and not (clock == "simmer" and "pulse" in foods[key].kinds and key not in cook.words["cooked from dry"])
    ]
    asked = asked_foods(cook.request)
    return [pair for pair in pairs if pair[0] in asked] or pairs


def question(talk: Talk) -> str:
    """A question and its answer."""
    cook, rng = talk.cook(), talk.rng
    around, foods, hot = cook.around, all_foods(), heated(cook)
    look = around.facts() | {"weekday": rng.choice(DAYS)}
    asked = [key for key in asked_foods(talk.request) if key in cook.foods]
    known = [key for key in asked or cook.foods if around.known(key)]
    weighed = [key for key in cook.foods if foods[key].unit == "g" and foods[key].amount >= 20]
    pair = around.swap()
    kinds = ["dish", "pair", "keep", *["time", "done"] * bool(hot), *["scale"] * bool(weighed), *["lore"] * bool(known)]
    kinds += ["side"] * ("side" in look) + ["old"] * bool(pair)
    kind = rng.choice(kinds)
    subject, asks = cook.name, f"{kind} questions"
    if kind in ("time", "done"):
        subject, clock = rng.choice(hot)
        look |= talk.heat(subject, clock)
        answer = [talk.say(f"{kind} answers", look), around.lore(subject) if around.known(subject) else "", talk.say("pair answers", look | around.facts(subject))]
    elif kind == "scale":
        a, b = draw(rng, range(2, 13), 2)
        key = rng.choice(weighed)
        each = max(5, round(foods[key].amount * rng.choice((0.8, 1, 1.2)) / 5) * 5)
        subject, look = key, look | named("food", key)
        look |= {"a": str(a), "b": str(b), "each": str(each), "x": str(a * each), "total": str(b * each)}
        answer = [talk.say("scale answers", look)]
    elif kind == "lore":
        subject = rng.choice(known)
        look |= named("food", subject)
        answer = [around.lore(subject), talk.say("pair answers", around.facts(subject))]
    elif kind == "old" and pair:
        subject = pair[0]
        look |= named("old", pair[0]) | named("new", pair[1])
        answer = swap_answer(talk, cook, pair)
        around.said |= {"old", pair[0]}
    elif kind in ("keep", "side"):
        asks = "keep questions plural" if kind == "keep" and are_many(cook.name) else asks
        answer = [around.advice("keep" if kind == "keep" else "serve")]
    else:
        answer = [talk.say(f"{kind} answers", look if kind == "pair" else look | around.facts(around.lead))]
    text = " ".join(dict.fromkeys(filter(None, [*answer, *talk.closing(cook, 2)])))
    return Told(f"Question: {talk.say(asks, look)}\n\nAnswer: {text}", f"{kind} question: {subject}")


def technique(talk: Talk) -> str:
    """How to cook a food in one way, and the result; for a dish without heat, how to make it."""
    cook = talk.cook()
    hot = heated(cook)
    if not hot:
        title = talk.title("craft titles", cook.around.facts())
        return Told("\n\n".join([title, " ".join([cook.around.intro(), *cook.steps]), " ".join(talk.closing(cook, 2))]), cook.idea)
    key, clock = talk.rng.choice(hot)
    look = Facts({"fat": "oil"}) | cook.around.facts(key) | talk.heat(key, clock)
    fat = next((food for food in cook.foods if cook.around.roles[food] == "fat"), "")
    look |= {"fat": all_foods()[fat].general if fat else "a little oil"}
    parts = talk.table["technique"]
    order = ("start" if "cut" in look else "plain start", "carb" if all_foods()[key].role == "carb" else clock, "end")
    body = [*(talk.say(parts[part], look) for part in order), cook.around.lore(key) if cook.around.known(key) else "", talk.say(parts["use"], look)]
    text = [talk.title("technique titles", look), " ".join(filter(None, body)), " ".join(talk.closing(cook, 2))]
    return Told("\n\n".join(filter(None, text)), f"{clock}: {key}")


def _clock(minutes: int) -> str:
    return f"{(minutes // 60 - 1) % 12 + 1}:{minutes % 60:02d}"


def menu(talk: Talk) -> str:
    """Three dishes in order, and when to start each, the earliest first."""
    mains = tuple(sorted({row["form"] for row in dishes(talk.request, (), False)} - set(STARTERS)))
    courses = not talk.sweet and mains and dishes(talk.request, STARTERS) and dishes(talk.request, (), True)
    cooks = [talk.cook(STARTERS), talk.cook(mains), talk.cook((), True)] if courses else talk.cooks(3)
    first = talk.rng.randrange(17 * 60, 20 * 60, 15)
    hours = [first + (after if courses else 0) for after in COURSES]
    serves = NUMBERS[talk.rng.choice((2, 4, 6))]
    shared = {"serves": serves, "dish2": cooks[min(1, len(cooks) - 1)].name, "kind": "sweets" if talk.sweet else "supper"}
    looks = [
        cook.around.facts() | shared | {"hour": _clock(hour), "clock": _clock(hour - cook.minutes)} for cook, hour in zip(cooks, hours, strict=False)
    ]
    names = talk.table["courses" if courses else "courses alike"]
    lines = [f"{name}: {talk.say('course lines', look)}." for name, look in zip(names, looks, strict=False)]
    order = sorted(range(len(cooks)), key=lambda i: hours[i] - cooks[i].minutes)
    chosen = talk.rng.choice(range(len(cooks)))
    ends = [*(talk.say("menu work", looks[i]) for i in order), talk.say("menu ends", looks[chosen]), *talk.closing(cooks[chosen], 1)]
    title = talk.title("menu titles" if courses else "menu titles alike", looks[0])
    return Told("\n\n".join([title, "\n".join(lines), " ".join(filter(None, ends))]), f"menu: {looks[0]['dish2']}")


def plan(talk: Talk) -> str:
    """A dish a day for several days."""
    cooks = talk.cooks(talk.rng.choice((3, 4, 5)))
    first = talk.rng.randrange(7)
    days = [DAYS[(first + i) % 7] for i in range(len(cooks))]
    minutes = [cook.minutes for cook in cooks]
    look = cooks[0].around.facts() | {"count": NUMBERS[len(cooks)], "first": days[0], "last": days[-1]}
    look |= {"kind": "sweets" if talk.sweet else "suppers", "total": show_time(sum(minutes)), "longest": show_time(max(minutes))}
    lines = [f"{day}: {talk.say('day lines', cook.around.facts())}." for day, cook in zip(days, cooks, strict=True)]
    ends = [talk.say("plan ends", look), *talk.closing(cooks[-1], 1)]
    return Told("\n\n".join([talk.title("plan titles", look), "\n".join(lines), " ".join(ends)]), f"plan: {cooks[0].name}")


def shopping(talk: Talk) -> str:
    """One shopping list for two dishes, with amounts added up."""
    one, two = (talk.cooks(2) * 2)[:2]
    foods = all_foods()
    total: dict[str, float] = {}
    for cook in (one, two):
        for key in cook.foods:
            total[key] = total.get(key, 0) + cook.kitchen.amounts[key]
    look = one.around.facts() | agree("dish2", two.name, are_many(two.name))
    served = not (one.method.get("makes") or two.method.get("makes"))
    look |= {"serves2": NUMBERS[two.kitchen.serves]} if served else {}
    metric = talk.request.audience == "professionals"
    lines = [show_food(foods[key], round_amount(foods[key], total[key]), metric) for key in sorted(total)]
    ends = [talk.say("list ends", look | {"count": str(len(one.foods))}), *talk.closing(two, 1)]
    listed = "\n".join(f"- {line}" for line in lines)
    start = talk.say("list starts" if served else "list starts makes", look)
    return Told("\n\n".join([talk.title("list titles", look), start, listed, " ".join(ends)]), f"shopping: {one.name}")


def notes(talk: Talk) -> str:
    """A cook's notes on one dish: when to start, what matters, what can be changed."""
    cook = talk.cook()
    hour = talk.rng.randrange(12 * 60, 20 * 60, 15)
    look = cook.around.facts(cook.around.lead) | {"hour": _clock(hour), "clock": _clock(hour - cook.minutes)}
    first = " ".join(filter(None, [cook.around.intro(), talk.say("dish answers", look)]))
    last = [talk.say("note clock sweet" if talk.sweet else "note clock", look), *cook.around.notes(), *talk.closing(cook, 1)]
    return Told("\n\n".join([talk.title("note titles", look), first, " ".join(dict.fromkeys(last))]), f"notes: {cook.name}")


def swap_answer(talk: Talk, cook: Cook, pair: tuple[str, str]) -> list[str]:
    """What to use instead, how much of it, and for how long."""
    old, new = (all_foods()[key] for key in pair)
    look, times = cook.around.facts() | named("old", old.key) | named("new", new.key), cook.around.clock(*pair)
    look |= {"line": show_food(new, round_amount(new, new.amount * cook.kitchen.serves), cook.kitchen.metric)}
    lines = [line for line in talk.words["swap lines"] if not (times and ";" in line)]
    body = [talk.say(lines, look)]
    body += [talk.say("swap amount", look)] * (cook.around.roles[old.key] in ("main", "veg", "carb"))
    if times:
        look |= {"a": str(times[0]), "b": str(times[1])}
        body.append(talk.say("swap same" if times[0] == times[1] else "swap time", look))
    return body


def swap(talk: Talk) -> str:
    """A substitute for a food in a dish, its amount, and how the time changes."""
    for _ in range(TRIES):
        cook = talk.cook()
        pair = cook.around.swap()
        if pair and all_foods()[pair[0]].general not in cook.name and pair[0] not in cook.name:
            break
    else:
        return notes(talk)
    look = cook.around.facts() | named("old", pair[0]) | named("new", pair[1])
    body = [talk.say("swap starts", look), *swap_answer(talk, cook, pair)]
    body += [cook.around.lore(pair[1])] if cook.around.known(pair[1]) else []
    cook.around.said |= {"old", pair[0]}
    text = [talk.title("swap titles", look), " ".join(filter(None, body)), " ".join(dict.fromkeys(talk.closing(cook, 2)))]
    return Told("\n\n".join(filter(None, text)), f"swap: {pair[1]} for {pair[0]}")


def write(rng: random.Random, words: Words, request: Request, sweet: bool, text: Callable[[Talk], str]) -> str:
    """A text of one kind, savory or sweet; if an ingredient is requested, one that mentions it."""
    names = {name for key in asked_foods(request) for name in (key, all_foods()[key].general)}
    for _ in range(TRIES):
        said = text(Talk(rng, words, request, sweet))
        if not names or any(name in said.lower() for name in names):
            break
    return Told(str(said), idea_of(said))


KINDS: dict[str, Callable[[Talk], str]] = {
    "question": question, "technique": technique, "menu": menu, "meal_plan": plan, "shopping_list": shopping, "chef_notes": notes,
    "substitution": swap,
}  # fmt: skip
FORMS: dict[str, Any] = {name: partial(write, text=kind) for name, kind in KINDS.items()}
