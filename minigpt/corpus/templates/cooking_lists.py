"""Writes menus, plans for several days and shopping lists."""

from __future__ import annotations

from minigpt.corpus.templates.cooking_dishes import dishes
from minigpt.corpus.templates.cooking_facts import agree
from minigpt.corpus.templates.cooking_foods import all_foods, are_many, round_amount, show_food
from minigpt.corpus.templates.cooking_parts import NUMBERS
from minigpt.corpus.templates.cooking_recipes import Cook, show_time
from minigpt.corpus.templates.cooking_talk import DAYS, TRIES, Talk
from minigpt.corpus.templates.grammar import Told, draw

STARTERS = ("soup", "cold_soup", "salad")
COURSES = (0, 30, 75)  # minutes after the first course


def clock_time(minutes: int) -> str:
    """Minutes after midnight as a time of day: 6:30."""
    return f"{(minutes // 60 - 1) % 12 + 1}:{minutes % 60:02d}"


def _courses(talk: Talk, mains: tuple[str, ...]) -> list[Cook]:
    """A starter, a main course and a dessert; the first two share no vegetable and no meat, if that can be had."""
    for _ in range(TRIES):
        first, main = talk.cook(STARTERS), talk.cook(mains)
        body = [{key for role in ("main", "veg") for key in cook.dish.roles.get(role, ())} for cook in (first, main)]
        if not body[0] & body[1]:
            break
    return [first, main, talk.cook((), True)]


def menu(talk: Talk) -> str:
    """Three dishes in order, and when to start each, the earliest first."""
    mains = tuple(sorted({row["form"] for row in dishes(talk.request, (), False)} - set(STARTERS)))
    courses = not talk.sweet and mains and dishes(talk.request, STARTERS) and dishes(talk.request, (), True)
    cooks = _courses(talk, mains) if courses else talk.cooks(3)
    first = talk.rng.randrange(18 * 60, 20 * 60, 15)
    hours = [first + (after if courses else 0) for after in COURSES]
    serves = NUMBERS[talk.rng.choice((2, 4, 6))]
    shared = {"serves": serves, "dish2": cooks[min(1, len(cooks) - 1)].name, "kind": "sweets" if talk.sweet else "supper"}
    looks = [
        cook.around.facts() | shared | {"hour": clock_time(hour), "clock": clock_time(hour - cook.minutes)}
        for cook, hour in zip(cooks, hours, strict=False)
    ]
    names = talk.table["courses" if courses else "courses alike"]
    lines = [f"{name}: {talk.say('course lines', look)}." for name, look in zip(names, looks, strict=False)]
    order = sorted(range(len(cooks)), key=lambda i: hours[i] - cooks[i].minutes)
    chosen = talk.rng.choice(range(len(cooks)))
    work = draw(talk.rng, talk.table["menu work"], len(order))
    ends = [
        *(talk.say([line], looks[i]) or talk.say("menu work", looks[i]) for line, i in zip(work, order, strict=True)),
        talk.say("menu ends", looks[chosen] | {"first": looks[order[0]]["clock"]}),
        *talk.closing(cooks[chosen], 1),
    ]
    title = talk.title("menu titles" if courses else "menu titles alike", looks[0])
    return Told("\n\n".join([title, "\n".join(lines), " ".join(filter(None, ends))]), f"menu: {looks[0]['dish2']}")


def plan(talk: Talk) -> str:
    """A dish a day for several days."""
    cooks = talk.cooks(talk.rng.choice((3, 4, 5, 7)))
    first = talk.rng.randrange(7)
    days = [DAYS[(first + i) % 7] for i in range(len(cooks))]
    minutes = [cook.minutes for cook in cooks]
    look = cooks[0].around.facts() | {"count": NUMBERS[len(cooks)], "first": days[0], "last": days[-1]}
    look |= {"kind": "sweets" if talk.sweet else "suppers", "total": show_time(sum(minutes)), "longest": show_time(max(minutes))}
    said = [
        talk.say([line], cook.around.facts()) for line, cook in zip(draw(talk.rng, talk.table["day lines"], len(cooks)), cooks, strict=True)
    ]
    lines = [f"{day}: {line or talk.say('day lines', cook.around.facts())}." for day, line, cook in zip(days, said, cooks, strict=True)]
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
