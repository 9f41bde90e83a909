"""Answers questions, teaches techniques, notes what matters about a dish and what can replace a food."""

from __future__ import annotations

from minigpt.corpus.templates.cooking_facts import Facts, named
from minigpt.corpus.templates.cooking_foods import all_foods, are_many, asked_foods, round_amount, show_food
from minigpt.corpus.templates.cooking_lists import clock_time
from minigpt.corpus.templates.cooking_recipes import Cook
from minigpt.corpus.templates.cooking_talk import DAYS, TRIES, Talk, heated
from minigpt.corpus.templates.grammar import Told, draw


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


def question(talk: Talk) -> str:
    """A question and its answer."""
    return next(filter(None, (_question(talk) for _ in range(TRIES))), None) or notes(talk)


def _question(talk: Talk) -> str:
    """A question about a new dish and its answer; "" if no template can answer it, as one that wants a food that the dish lacks."""
    cook, rng = talk.cook(), talk.rng
    around, foods, hot = cook.around, all_foods(), heated(cook)
    look = around.facts() | {"weekday": rng.choice(DAYS)}
    asked = [key for key in asked_foods(talk.request) if key in cook.foods]
    known = [key for key in asked or cook.foods if around.known(key)]
    weighed = [key for key in cook.foods if foods[key].unit == "g" and foods[key].amount >= 20]
    pair = around.swap()
    kinds = [
        "dish",
        "way",
        "hard",
        "able",
        "pair",
        "keep",
        *["time", "done"] * bool(hot),
        *["scale"] * bool(weighed),
        *["lore"] * bool(known),
    ]
    kinds += ["side"] * ("side" in look) + ["old"] * bool(pair)
    kind = rng.choice(kinds)
    subject, asks = cook.name, f"{kind} questions"
    if kind in ("time", "done"):
        subject, clock = rng.choice(hot)
        look |= talk.heat(subject, clock)
        answer = [
            talk.say(f"{kind} answers", look),
            around.lore(subject, named=False) if around.known(subject) else "",
            talk.say("next answers", look | around.facts(subject)),
        ]
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
        answer = [around.lore(subject, named=False), talk.say("use answers", around.facts(subject))]
    elif kind == "old" and pair:
        subject = pair[0]
        look |= named("old", pair[0]) | named("new", pair[1])
        answer = swap_answer(talk, cook, pair)
        around.said |= {"old", pair[0]}
    elif kind in ("keep", "side"):
        around.title = False
        asks = "keep questions plural" if kind == "keep" and are_many(cook.name) else asks
        answer = [around.advice("keep" if kind == "keep" else "serve")]
    else:
        answer = [talk.say(f"{kind} answers", look if kind == "pair" else look | around.facts(around.lead))]
    if not any(answer):
        return ""
    text = " ".join(dict.fromkeys(filter(None, [*answer, *talk.closing(cook, 2)])))
    return Told(f"Question: {talk.say(asks, look)}\n\nAnswer: {text}", f"{kind} question: {subject}")


def technique(talk: Talk) -> str:
    """How to cook a food in one way, and the result; for a dish without heat, how to make it."""
    cook = talk.cook()
    hot = heated(cook)
    if not hot:
        title = talk.title("craft titles", cook.around.facts())
        text = [title, " ".join(filter(None, [cook.around.intro(), *cook.steps])), " ".join(talk.closing(cook, 2))]
        return Told("\n\n".join(filter(None, text)), cook.idea)
    key, clock = talk.rng.choice(hot)
    look = Facts({"fat": "oil"}) | cook.around.facts(key) | talk.heat(key, clock)
    fat = next((food for food in cook.foods if cook.around.roles[food] == "fat"), "")
    look |= {"fat": all_foods()[fat].general if fat else "a little oil"}
    parts = talk.table["technique"]
    carb = all_foods()[key].role == "carb"
    order = ("carb", "end") if carb else ("start" if "cut" in look else "plain start", clock, "end")
    body = [
        *(talk.say(parts[part], look) for part in order),
        cook.around.lore(key, named=False) if cook.around.known(key) and not carb else "",
        talk.say(parts["use"], look),
    ]
    text = [talk.title("technique titles", look), " ".join(filter(None, body)), " ".join(talk.closing(cook, 2))]
    return Told("\n\n".join(filter(None, text)), f"{clock}: {key}")


def notes(talk: Talk) -> str:
    """A cook's notes on one dish: when to start, what matters, what can be changed."""
    cook = talk.cook()
    hour = talk.rng.randrange(12 * 60, 20 * 60, 15)
    look = cook.around.facts(cook.around.lead) | {"hour": clock_time(hour), "clock": clock_time(hour - cook.minutes)}
    first = " ".join(filter(None, [cook.around.intro(), talk.say("dish answers", look)]))
    last = [talk.say("note clock sweet" if talk.sweet else "note clock", look), *cook.around.notes(), *talk.closing(cook, 1)]
    return Told("\n\n".join([talk.title("note titles", look), first, " ".join(dict.fromkeys(last))]), f"notes: {cook.name}")


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
    plain = talk.request.audience != "children" and talk.request.tone != "fun" and talk.request.length != "long"
    closing = [line for line in dict.fromkeys(talk.closing(cook, 3)) if not (plain and all_foods()[pair[0]].general in line)]
    text = [talk.title("swap titles", look), " ".join(filter(None, body)), " ".join(closing)]
    return Told("\n\n".join(filter(None, text)), f"swap: {pair[1]} for {pair[0]}")
