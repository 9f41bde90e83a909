"""Writes dialogues in which the second speaker answers the first."""

from __future__ import annotations

from typing import Any

from minigpt.corpus.templates.general_facts import Pen, amounts, clock, contract, dates, known_topics, times

SHORT_TURNS = 4  # turns of a short script; each pair is a question and its answer


def dialogue(pen: Pen) -> str:
    """A dialogue: a greeting, a script of four or six turns, sometimes an aside, a farewell."""
    script = _script(pen)
    facts(pen)
    pen.slots({key: rows for key, rows in script["slots"].items() if "/" not in key})
    for key, rows in script["slots"].items():
        if "/" in key:  # two different entries of the same list
            pen.facts |= dict(zip(key.split("/"), pen.rng.sample(rows, 2), strict=True))
    if "dish.cook" in pen.facts:
        end = pen.rng.randrange(11 * 60, 20 * 60, 15)
        pen.facts |= {"end": clock(end), "begin": clock(end - int(pen.facts["dish.cook"]))}
    return _lines(pen, script["turns"])


def _script(pen: Pen) -> dict[str, Any]:
    """A script about one of the request's topics, or one that suits any topic."""
    scripts = [*pen.words["scripts"], *pen.words["talks out"], *pen.words["talks in"]]
    if not pen.request.topics:
        chosen: dict[str, Any] = pen.rng.choice(scripts)
        return chosen
    known = set(known_topics(pen.request))
    fitting = [script for script in scripts if known & set(script["topics"])]
    asked = [script for script in fitting if pen.prefer and pen.prefer.search(str(script["slots"]))]
    chosen = pen.rng.choice(asked or fitting or pen.words["talks open"])
    return chosen


def _lines(pen: Pen, script: list[str]) -> str:
    length, tone = pen.request.length, pen.request.tone
    turns: list[str] = []
    if length != "short" and (length == "long" or pen.rng.random() < 0.6):
        turns += pen.choose("hellos")
    turns += script[:SHORT_TURNS] if length == "short" else script
    if length == "long" or (length is None and pen.rng.random() < 0.25):
        turns += pen.choose("codas")
    turns += [pen.choose("bye"), pen.choose("bye back") + (" " + pen.choose("fun endings") if tone == "fun" else "")]
    lines = []
    for number, turn in enumerate(turns):
        text = pen.say(turn)
        if number % 2 and 1 < number < len(turns) - 1 and pen.rng.random() < 0.3:
            starter = pen.rng.choice(pen.words["starters"][tone or "plain"])
            if not starter.endswith(","):
                text = f"{starter} {text}"
        lines.append(f"{pen.facts['ab'[number % 2]]}: {contract(pen, text)}")
    return "\n".join(lines)


def facts(pen: Pen) -> None:
    """Draw who speaks, about whom, where and when, and consistent sums: {high} is {gap} more than {low}, {reached} is {n}0 plus {gain}."""
    rng, found = pen.rng, pen.facts
    a, b, c, d = rng.sample(pen.words["people"], 4)
    found["a.full"] = f"{a} {rng.choice(pen.words['surnames'])}"
    if pen.request.tone == "formal":
        a, b, c, d = (f"{rng.choice(('Ms.', 'Mr.', 'Dr.'))} {name}" for name in rng.sample(pen.words["surnames"], 4))
        found["a.full"] = a
    found["surname"] = rng.choice(pen.words["surnames"])
    dates(pen)
    times(pen)
    amounts(pen, range(2, 19))
    found |= {"a": a, "b": b, "c": c, "d": d}
    found |= dict(zip(("town", "town2", "town3"), rng.sample(pen.words["towns"], 3), strict=True))
    found |= dict(zip(("street", "street2"), rng.sample(pen.words["streets"], 2), strict=True))
    found |= {key: str(value) for key, value in _sums(pen).items()}


def _sums(pen: Pen) -> dict[str, int | str]:
    rng = pen.rng
    n, m, count, price, total = (int(pen.facts[key]) for key in ("n", "m", "count", "price", "total"))
    warm = {"winter": (-4, 6), "spring": (8, 18), "summer": (19, 31), "autumn": (7, 17)}[pen.facts["season"]]
    temp, minutes = rng.randint(*warm), int(pen.facts["minutes"])
    percent, pay = rng.choice((10, 20, 25, 50)), rng.randrange(20, 200, 20)
    plus, weeks, low, gap = rng.randint(1, 5), rng.randint(3, 10), rng.randint(0, 3), rng.randint(1, 3)
    pages, first, each, fee, hours = (
        rng.randint(8, 40),
        rng.randint(5, 180),
        rng.randrange(50, 160, 10),
        rng.randrange(20, 65, 5),
        rng.randint(2, 4),
    )
    left = rng.randint(2, 6)
    rent, heating, speed, monthly, months = (
        rng.randrange(420, 990, 10),
        rng.randrange(40, 110, 5),
        rng.randint(20, 45),
        rng.randrange(20, 95, 5),
        rng.randint(4, 14),
    )
    walk, gap2, adults, kids, start = (
        rng.randint(3, max(4, minutes - 3)),
        rng.randrange(10, 45, 5),
        rng.randint(4, 12),
        rng.randint(2, 6),
        rng.randrange(540, 780, 10),
    )
    walk, ahead = min(walk, minutes - 2), rng.randrange(60, 200, 10)
    return {
        "temp": temp, "warmer": temp + n, "temp2": rng.randint(16, 26), "early": clock(start), "ahead": ahead,
        "time": clock(start + ahead),
        "time2": clock(start + ahead + minutes), "walk": walk, "spare": minutes - walk,
        "time3": clock(start + ahead + int(pen.facts["later"])),
        "percent": percent, "pay": pay, "off": pay * percent // 100, "reduced": pay - pay * percent // 100, "bill": total + 7, "change": 7,
        "plus": plus, "weeks": weeks, "gain": plus * weeks, "reached": 10 * n + plus * weeks, "low": low, "high": low + gap, "gap": gap,
        "crowd": rng.randrange(310, 2900, 10), "mless": m - 1, "done": pages - left, "left": left, "pages": pages, "from": first,
        "to": first + pages - 1, "pages2": pages, "fee": fee, "hours": hours, "bill2": fee * hours, "amount": each * count, "each": each,
        "onemore": count + 2, "rent": rent, "extra2": heating, "rentall": rent + heating, "gap2": gap2, "row": n * gap2, "speed": speed,
        "readable": n * speed, "restpages": left * 17, "pages3": n * speed + left * 17, "monthly": monthly, "months": months,
        "goal2": monthly * months, "adults": adults, "kids": kids, "guests": adults + kids, "headsum": adults * price, "double": 20 * n,
        "both": 2 * minutes,
    }  # fmt: skip
