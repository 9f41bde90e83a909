"""Sets the scene of a general document: who, where, when, and figures of the size that fits what they count.

A scene of the tables holds

    slots     "goods use": rows of things that belong together, or the name of a list of rows; "plan/plan2": two different rows
    numbers   "12-40/2" draws a multiple, "@9:00-11:30/15" a time of day, "= count * price" computes from left to right;
              a slot's field may hold a range too: what a desk costs is no price for a pencil
    body      sentences (turns: pairs of what is said and answered), in order; those that begin with "?" may be left out
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from minigpt.corpus.templates.general_facts import SEASONS, Pen, Unfit

Scene = Mapping[str, Any]

SPEC = re.compile(r"@?\d[\d,:]*-\d[\d,:]*(?:/\d+)?|[=@] ?[\w.]+(?: [-+*/] [\w.]+)+")
SMALL = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
PLAIN = ("number", "room")  # numbers that count nothing, written without a comma
FIELD = re.compile(r"\{[^}]*\}")
ASIDE = ("cause", "place", "where", "last", "reason", "why")  # slots of what is said in passing: a drill that ends in the parking lot
OPTIONAL = {"short": 0.0, "long": 1.0}  # share of a scene's optional sentences that are told; otherwise about half
GAPS = (("past", -6, -2), ("today", 0, 0), ("soon", 2, 6), ("when", 8, 16), ("late", 22, 40))  # days from today, in order


def set_scene(pen: Pen, scene: Scene) -> None:
    """Draw everything that the scene's sentences share; its first slot and its name are the document's idea."""
    calendar(pen, scene.get("seasons", tuple(SEASONS)))
    cast(pen)
    chosen = rows(pen, scene.get("slots", {}))
    figures(pen, scene.get("numbers", {}))
    pen.idea = ": ".join([scene["name"], *chosen[:1]])


def choose_scene(pen: Pen, scenes: Sequence[Scene], *, topical: bool = True) -> Scene:
    """A scene in the request's season; if topical, one that names its topic or is open to all topics."""
    season = pen.request.season
    fit = [scene for scene in scenes if season is None or season in scene.get("seasons", SEASONS)]
    if pen.request.audience == "children":
        fit = [scene for scene in fit if not scene.get("adult")]
    if pen.prefer and topical:
        named, free = [s for s in fit if names(s, pen.prefer)], [s for s in fit if s.get("open")]
        fit = [*named, *free] or fit
    if not fit:
        raise Unfit
    chosen: Scene = pen.rng.choice(fit)
    return chosen


def names(scene: Scene, topic: re.Pattern[str]) -> bool:
    """Whether the scene's own words, not its fields, name the topic, and not just once in passing: a cup in the baker's window."""
    slots = (slot for key, slot in scene.get("slots", {}).items() if key.split()[0] not in ASIDE)
    own, body = (FIELD.sub("", str(part)) for part in ([scene.get("turns", []), *slots, *scene.get("head", [])], scene.get("body", [])))
    return bool(topic.search(own)) or len(topic.findall(body)) > 1


def calendar(pen: Pen, seasons: Sequence[str] = tuple(SEASONS)) -> None:
    """Five weekdays of one year and season, in order: {past}, {today}, {soon}, {when} and {late}."""
    wanted = [pen.request.season] if pen.request.season else list(seasons)
    months = SEASONS[pen.rng.choice(wanted)]
    while True:
        start = date(pen.rng.randint(2024, 2031), pen.rng.choice(months), pen.rng.randint(1, 28))
        days = {key: start + timedelta(days=pen.rng.randint(least, most)) for key, least, most in GAPS}
        if all(day.weekday() < 5 and day.month in months and day.year == start.year for day in days.values()):
            break
    for key, day in days.items():
        name, on = f"{day:%A}", f"{day:%B} {day.day}"
        pen.facts |= {key: f"{name}, {on}", f"{key}.day": name, f"{key}.date": on, f"{key}.month": f"{day:%B}"}
    pen.numbers["year"] = start.year
    pen.facts |= {"year": str(start.year), "season": next(name for name, of in SEASONS.items() if start.month in of)}


def cast(pen: Pen) -> None:
    """Six people with different names, {p1} to {p6}; {p1.her} book, {p1.obj} for "her" or "him"; three towns and three streets."""
    firsts, lasts = pen.rng.sample(pen.words["people"], 6), pen.rng.sample(pen.words["surnames"], 6)
    for number, (first, last) in enumerate(zip(firsts, lasts, strict=True), 1):
        pronouns = ("she", "her", "her") if first in pen.words["women"] else ("he", "his", "him")
        pen.facts |= {f"p{number}": f"{first} {last}", f"p{number}.first": first, f"p{number}.last": last}
        pen.facts |= {f"p{number}.{word}": value for word, value in zip(("she", "her", "obj"), pronouns, strict=True)}
    for key, names in (("town", "towns"), ("street", "streets")):
        pen.facts |= dict(zip((key, f"{key}2", f"{key}3"), pen.rng.sample(pen.words[names], 3), strict=True))


def rows(pen: Pen, table: Mapping[str, Any]) -> list[str]:
    """Turn a row of each slot into facts: {pet}, {pet.needs} and {pet.tip} for "pet needs tip"; returns the first word of each."""
    first = []
    for key, listed in table.items():
        options = pen.words[listed] if isinstance(listed, str) else listed
        slots, fields = key.split()[0].split("/"), key.split()[1:]
        drawn = [pen.pick(options)] if len(slots) == 1 else pen.rng.sample(list(options), len(slots))
        for slot, option in zip(slots, drawn, strict=True):
            row = [option] if isinstance(option, str) else option
            for name, value in zip([slot, *(f"{slot}.{field}" for field in fields)], row, strict=True):
                if SPEC.fullmatch(value):
                    figures(pen, {name: value})
                else:
                    pen.facts[name] = value
                    pen.numbers |= {name: int(value)} if value.isdigit() else {}
            first.append(row[0])
    return first


def figures(pen: Pen, table: Mapping[str, str]) -> None:
    """Draw or compute each number: {total} in figures, {total.word} in words up to twelve."""
    for name, spec in table.items():
        if spec.startswith(("= ", "@ ")):
            value = compute(spec[2:], pen.numbers)
        else:
            least, most, step = re.fullmatch(r"@?([\d,:]+)-([\d,:]+)(?:/(\d+))?", spec).groups()  # type: ignore[union-attr]
            value = pen.rng.randrange(_number(least), _number(most) + 1, int(step or 1))
        pen.numbers[name] = value
        pen.facts[name] = clock(value) if spec.startswith("@") else str(value) if name in PLAIN else f"{value:,}"
        pen.facts[f"{name}.word"] = SMALL[value] if 0 <= value < len(SMALL) else pen.facts[name]


def compute(formula: str, known: Mapping[str, int]) -> int:
    """The value of "a + b * c", from left to right; quotients are whole."""
    first, *rest = formula.split()
    value = known[first] if first in known else int(first)
    for sign, name in zip(rest[::2], rest[1::2], strict=True):
        other = known[name] if name in known else int(name)
        value = {"+": value + other, "-": value - other, "*": value * other, "/": value // (other or 1)}[sign]
    return value


def clock(minutes: int) -> str:
    """Minutes after midnight as 12-hour time: "4:05"."""
    return f"{(minutes // 60 - 1) % 12 + 1}:{minutes % 60:02d}"


def _number(text: str) -> int:
    """ "1,200" -> 1200; "9:30" -> 570 minutes."""
    hours, colon, minutes = text.replace(",", "").partition(":")
    return 60 * int(hours) + int(minutes) if colon else int(hours)


def told(pen: Pen, body: Sequence[Any]) -> list[Any]:
    """The scene's sentences or pairs of turns that this document tells, in order; the mark of the optional ones is gone."""
    share = OPTIONAL.get(pen.request.length or "", 0.6)
    kept = []
    for part in body:
        mark = part if isinstance(part, str) else part[0]
        if not mark.startswith("?"):
            kept.append(part)
        elif pen.rng.random() < share:
            kept.append(part[1:] if isinstance(part, str) else [part[0][1:], *part[1:]])
    return kept
