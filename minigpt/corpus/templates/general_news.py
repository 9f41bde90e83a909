"""Writes short news reports from invented towns, with consistent names, days and sums."""

from __future__ import annotations

from minigpt.corpus.english import upper_first
from minigpt.corpus.templates.general_facts import Pen, dates, times

DETAILS = {"short": (1, 2), "long": (7, 8)}  # sentences besides the event's own; default 5 or 6


def news(pen: Pen) -> str:
    """A report: headline, event, details, a quotation, background, and a summary sentence."""
    rng, words = pen.rng, pen.words
    event = pen.pick(words["news events"])
    facts(pen)
    pen.slots(event.get("slots", {}))
    pen.facts["short"] = event["short"]
    details = rng.sample(words["news details"], rng.choice(DETAILS.get(pen.request.length or "", (5, 6))))
    sentences = [event["lead"], *rng.sample(event["more"], 2), rng.choice(event["voices"]), *details]
    head, close = upper_first(pen.say(event["head"])), pen.some("news closes")
    return "\n\n".join([head, pen.tell(*sentences), close])


def facts(pen: Pen) -> None:
    """Draw where, when, who and how many: {small} people plant {rate} trees each, {planted} in all; {cash} and {cash2} make {cashsum}."""
    rng, words, found = pen.rng, pen.words, pen.facts
    dates(pen)
    times(pen)
    found["day"] = found["past.day"]
    found |= dict(zip(("town", "other"), rng.sample(words["news towns"], 2), strict=True))
    found |= dict(zip(("street", "street2"), rng.sample(words["streets"], 2), strict=True))
    names = (f"{first} {last}" for first, last in zip(rng.sample(words["people"], 6), rng.sample(words["surnames"], 6), strict=True))
    found |= dict(zip(("person", "name", "name2", "name3", "name4", "name5"), names, strict=True))
    found |= {"role": rng.choice(words["news roles"]), "relative": rng.choice(words["relatives"])}
    lost, won = sorted(rng.sample(range(5), 2))
    rate, small, runners = rng.choice((5, 8, 10, 12, 20)), rng.randint(20, 120), rng.randrange(60, 900, 5)
    cash, cash2, years = 100 * rng.randint(11, 480), 100 * rng.randint(11, 480), rng.randint(11, 58)
    numbers = {
        "age": rng.randint(30, 90), "age2": rng.randint(years + 8, 88), "years": years, "g1": won, "g2": lost, "n": rng.randint(2, 9),
        "min": rng.randint(12, 55), "small": small, "planted": small * rate, "big": rng.randrange(150, 3000, 10),
        "thousand": rng.randint(4, 40), "million": rng.randint(2, 12), "rate": rate, "runners": runners, "total": rate * runners,
        "people": 100 * rng.randint(31, 480), "km": rng.randint(6, 74), "number": rng.randint(2, 98), "helpers": rng.randint(12, 97),
        "percent": rng.randint(52, 94), "cash": cash, "cash2": cash2, "cashsum": cash + cash2,
    }  # fmt: skip
    found |= {name: f"{value:,}" for name, value in numbers.items()} | {"year0": str(int(found["year"]) - years)}
