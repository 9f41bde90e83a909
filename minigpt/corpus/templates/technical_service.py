"""A web API for the documents about one: a brand, a kind of thing, its fields and one item."""

from __future__ import annotations

import random
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import draw
from minigpt.corpus.words import Words

RATES = (30, 40, 50, 100, 120, 200, 240, 300, 600)  # requests a minute

Field = tuple[str, str, str]  # name, type, meaning


class Service(dict[str, str]):
    """The service's words and numbers, as strings for templates."""

    fields: list[Field]
    item: dict[str, Any]


def service_for(rng: random.Random, words: Words, request: Request) -> Service:
    """A random service, for the things that the request's topics name if the tables know them."""
    asked = {*request.topics, *(word for topic in request.topics for word in topic.lower().split())}
    named = [row for row in words["resources"] if {row["one"], row["many"], PLACES.get(row["one"])} & asked]
    named = named or [row for row in words["resources"] if any(word.startswith(row["one"]) for word in asked)]  # a bookshop: books
    row = rng.choice(named or words["resources"])
    one = row["one"]
    ((key, names),) = row["names"].items()
    field, label, low, high, clearer = row["number"]
    more = draw(rng, row["more"], rng.choice((1, 2)))
    service = Service(one=one, many=row["many"], field=field, label=label, clearer=clearer, second_field=more[0][0])
    service.fields = [(key, "string", f"The {key} of the {one}"), (field, "integer", f"The {label} of the {one}")]
    service.fields += [(name, kind, meaning) for name, kind, meaning, _ in more]
    name, num = rng.choice(names), rng.randint(low, high)
    service.item = {"id": rng.randrange(1, 900), key: name, field: num} | {name: rng.choice(values) for name, _, _, values in more}
    size, brand = rng.choice((10, 20, 25, 50)), rng.choice(words["api brands"])
    version = rng.choice(("v1", "v2", "v3"))
    service |= {"brand": brand, "host": f"api.{brand.lower()}", "path": f"/{version}/{row['many']}", "id": str(service.item["id"])}
    rate = rng.choice(RATES)
    total = 10 * rng.randint(rate // 10 + 8, rate // 10 + 240)
    numbers = {"rate": rate, "size": size, "most": 2 * size, "total": total, "k": rng.randint(2, 20)}
    service |= {"name": name, "num": str(num)} | {key: str(number) for key, number in numbers.items()}
    return service


PLACES = {
    "invoice": "bank",
    "book": "library", "order": "shop", "room": "hotel", "song": "music", "recipe": "cooking", "trip": "travel", "car": "car rental",
    "course": "school", "photo": "photography", "device": "smart home", "message": "chat", "parcel": "post office", "concert": "calendar",
    "station": "weather", "pet": "animal", "player": "game",
}  # fmt: skip
