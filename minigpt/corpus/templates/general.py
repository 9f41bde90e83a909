"""General documents: dialogues, business e-mails, lessons and news. In: a random generator and the general words; out: one text."""

from __future__ import annotations

import random
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form, Words, draw, fill, upper_first
from minigpt.corpus.templates.lessons import lesson


def _slots(rng: random.Random, table: dict[str, list[Any]], fields: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """One entry of each slot; the further columns of an entry become {slot.field}, as `fields` names them."""
    look: dict[str, str] = {}
    for slot, options in table.items():
        option = rng.choice(options)
        row = [option] if isinstance(option, str) else option
        look[slot] = row[0]
        look |= {f"{slot}.{field}": value for field, value in zip(fields.get(slot, ()), row[1:], strict=True)}
    return look


# the columns behind the first of the slots in general_dialogue.json
DIALOGUE_FIELDS = {
    "thing": ("do",),
    "trouble": ("do", "more"),
    "place": ("way", "minutes"),
    "item": ("is",),
    "food": ("needs", "tip"),
    "skill": ("first", "minutes"),
    "what": ("do", "done"),
    "weather": ("do",),
    "pet": ("needs", "tip"),
    "subject": ("do",),
}


def dialogue(rng: random.Random, words: Words, request: Request) -> str:
    """Two people talk: one asks, the other answers, both say goodbye."""
    a, b = draw(rng, words["people"], 2)
    script = rng.choice(words["scripts"])
    look = _slots(rng, script["slots"], DIALOGUE_FIELDS) | {"a": a, "b": b, "n": str(rng.choice(script["n"]))}
    look["order_number"] = str(rng.randint(1000, 9999))
    turns = list(rng.choice(words["hellos"])) if rng.random() < 0.6 else []
    turns += [*script["turns"], rng.choice(words["bye"]), rng.choice(words["bye back"])]
    return "\n".join(f"{(a, b)[i % 2]}: {upper_first(fill(rng, turn, look))}" for i, turn in enumerate(turns))


def email(rng: random.Random, words: Words, request: Request) -> str:
    """A business e-mail: subject, greeting, a few sentences to the point, a closing, a name."""
    first, sender = draw(rng, words["first names"], 2)
    surname, own = draw(rng, words["surnames"], 2)
    n, m = sorted(rng.sample(range(2, 13), 2), reverse=True)
    price = rng.choice((15, 20, 25, 40, 60, 75, 120))
    day, day2 = draw(rng, words["weekdays"], 2)
    look = {
        "first": first, "surname": surname, "title": rng.choice(words["titles of people"]), "day": day, "day2": day2,
        "n": str(n), "m": str(m), "price": str(price), "total": f"{n * price:,}", "total2": f"{m * price:,}",
        "date": f"{rng.choice(words['months'])} {rng.randint(1, 28)}", "month": rng.choice(words["months"]), "dom": str(rng.randint(1, 28)),
        "hour": f"{rng.choice((9, 10, 11, 2, 3, 4))} o'clock", "room": str(rng.randint(1, 30)),
        "project": rng.choice(words["projects"]), "cover": rng.choice([f for f in words["first names"] if f not in (first, sender)]),
        "invoice": f"{rng.randint(1000, 9999)}", "goods": rng.choice(words["office goods"]), "job": rng.choice(words["jobs"]),
        "season": rng.choice(words["seasons"]),
    }  # fmt: skip
    purpose = rng.choice(words["purposes"])
    subject = upper_first(fill(rng, purpose["subject"], look))
    body = " ".join(upper_first(fill(rng, sentence, look)) for sentence in [*purpose["body"], rng.choice(words["wishes"][purpose["wish"]])])
    greeting, closing = fill(rng, rng.choice(words["greetings"]), look), rng.choice(words["closings"])
    return f"Subject: {subject}\n\n{greeting}\n\n{body}\n\n{closing}\n{sender} {own}"


def news(rng: random.Random, words: Words, request: Request) -> str:
    """A short report from an invented town: headline, what happened, some details, a voice, and one sentence that sums it up."""
    event = rng.choice(words["news events"])
    town, other = draw(rng, words["news towns"], 2)
    rate, runners = rng.choice((5, 8, 10, 12, 20)), rng.randrange(60, 900, 5)
    lost, won = sorted(rng.sample(range(5), 2))
    role, small = rng.choice(words["news roles"]), rng.randint(20, 120)
    things = {slot: rng.choice(options) for slot, options in event.get("slots", {}).items()}
    look = {
        "town": town, "other": other, "day": rng.choice(words["weekdays"]), "role": role, "person": rng.choice(words["news people"]),
        "age": str(rng.randint(30, 90)), "g1": str(won), "g2": str(lost), "n": str(rng.randint(2, 9)), "min": str(rng.randint(12, 55)),
        "small": str(small), "planted": f"{small * rate:,}", "big": f"{rng.randrange(150, 3000, 10):,}",
        "thousand": str(rng.randint(4, 40)), "million": str(rng.randint(2, 12)),
        "rate": str(rate), "runners": str(runners), "total": f"{rate * runners:,}",
    }  # fmt: skip
    look |= things | {"short": event["short"]}
    sentences = [event["lead"], *rng.sample(event["more"], 2), rng.choice(event["voices"])]
    body = " ".join(upper_first(fill(rng, sentence, look)) for sentence in sentences)
    return "\n\n".join([fill(rng, event["head"], look), body, upper_first(fill(rng, rng.choice(words["news closes"]), look))])


FORMS: dict[str, Form] = {"dialogue": dialogue, "email": email, "lesson": lesson, "news": news}
