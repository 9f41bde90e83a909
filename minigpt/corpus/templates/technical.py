"""Technical documents: concepts, functions, endpoints, algorithms and system designs. In: a random generator and the technical words."""

from __future__ import annotations

import json
import random
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form, Words, draw, fill, upper_first
from minigpt.corpus.templates.technical_code import algorithm, function


def concept(rng: random.Random, words: Words, request: Request) -> str:
    """What an idea of programming means, a comparison, an example, a warning."""
    entry = rng.choice([*words["basic concepts"], *words["further concepts"]])
    title = fill(rng, rng.choice(words["concept asks"]), {"a": entry["a"]})
    bridge = fill(rng, rng.choice(words["concept bridges"]), {})
    parts = [
        upper_first(rng.choice(entry["def"])) + ".",
        bridge + rng.choice(entry["like"]) + ".",
        rng.choice(("For example, ", "As an example, ", "Here is an example: ")) + rng.choice(entry["example"]) + ".",
        *draw(rng, entry["care"], rng.choice((1, 2))),
        fill(rng, rng.choice(words["concept closes"]), {}),
    ]
    return title + "\n\n" + " ".join(parts)


def endpoint(rng: random.Random, words: Words, request: Request) -> str:
    """One call of a web API: its line, its parameters, an answer in JSON, the errors, a note."""
    resource, kind = rng.choice(words["resources"]), rng.choice(tuple(CALLS))
    method, tail, purpose, status, errors = CALLS[kind]
    look = {"one": resource["one"], "many": resource["many"], "version": rng.choice(("v1", "v2"))}
    item, fields = {"id": rng.randrange(1, 1000)}, draw(rng, resource["fields"], 3)
    for name, _, _, examples in fields:
        item[name] = rng.choice(examples)
    sent = _sent(rng, kind, fields)
    answer = {
        "list": {"items": [item], "next": rng.choice((None, "c" + str(rng.randrange(100, 1000))))},
        "delete": None,
    }.get(kind, item)
    lines = [f"{method} /{look['version']}/{look['many']}{tail}", "", fill(rng, purpose, look), "", "Parameters:"]
    lines += [fill(rng, row, look) for row in sent]
    if kind in ("create", "update"):
        body = {name: item[name] for name, *_ in (fields if kind == "create" else fields[:1])}
        lines += ["", "Request body:", json.dumps(body)]
    lines += ["", f"Response {status}:", json.dumps(answer) if answer is not None else "There is no body.", "", "Errors:"]
    lines += ["- " + fill(rng, rng.choice(words["api errors"][code]), look) for code in ("401", *sorted(draw(rng, errors, 2)))]
    return "\n".join([*lines, "", "Note: " + fill(rng, rng.choice(words["api notes"][kind]), look)])


# method, path after the collection, purpose, status, errors beside 401
CALLS: dict[str, tuple[str, str, str, str, tuple[str, ...]]] = {
    "list": ("GET", "", "[Returns|Lists] the {many} [the caller may see|of the account], page by page.", "200 OK", ("403", "422", "429")),
    "get": ("GET", "/{id}", "Returns [one|a single] {one}.", "200 OK", ("403", "404", "429")),
    "create": ("POST", "", "Creates a new {one} [and returns it|and returns it with its id].", "201 Created", ("403", "422", "429")),
    "update": ("PATCH", "/{id}", "Changes [some fields|one or more fields] of a(n) {one}.", "200 OK", ("403", "404", "422")),
    "delete": ("DELETE", "/{id}", "[Deletes|Removes] a(n) {one} [for good|from the account].", "204 No Content", ("403", "404", "429")),
}


def _sent(rng: random.Random, kind: str, fields: list[Any]) -> list[str]:
    """The lines that describe what a caller sends."""
    if kind == "list":
        name, type_, meaning, _ = fields[0]
        most = rng.choice((50, 100, 200))
        return [
            f"- limit (integer, optional): How many {{many}} to return, at most {most}. The default is {rng.choice((10, 20, 25))}.",
            f"- {name} ({type_}, optional): Filter by this field. {meaning}.",
            "- cursor (string, optional): [Where the next page begins|The value of next from the page before].",
        ]
    path = [] if kind == "create" else ["- id (integer, required): [The id|The number] of the {one}."]
    rows = {"create": fields, "update": fields[:2]}.get(kind, [])
    need = "required" if kind == "create" else "optional"
    return path + [f"- {name} ({type_}, {need}): {meaning}." for name, type_, meaning, _ in rows]


def system_design(rng: random.Random, words: Words, request: Request) -> str:
    """A note on how to build a service: goal, load with the sum done, parts, storage, one failure, one trade-off."""
    system = rng.choice(words["systems"])
    per_second = rng.choice(system["rates"])
    peak, size = rng.choice((3, 4, 5, 10)), rng.choice((200, 250, 400, 500, 1000))
    day = per_second * 86_400
    look = {"name": system["name"], "unit": system["unit"], "goal": system["goal"], "hot": system["hot"], "data": system["data"]}
    load = (
        f"Load: we expect {day:,} {{unit}} a day. A day has 86,400 seconds, so that is {per_second} a second on average. "
        f"We plan for peaks of {peak} times as much, which is {per_second * peak:,} a second."
    )
    growth = f"so one day adds {day * size / 1e9:.1f} GB" if day * size >= 1e9 else f"so one day adds {day * size / 1e6:.0f} MB"
    store = f"Storage: each record holds {{data}}, [about|roughly] {size} bytes[| in all], {growth}. We use {rng.choice(system['store'])}."
    parts = f"Design: {rng.choice(words['system parts'])} [Most reads concern|The busiest part is] {{hot}}."
    rest = [f"Failure: {rng.choice(words['system failures'])}", f"Trade-off: {rng.choice(words['system tradeoffs'])}"]
    rest.append(f"Watching: {rng.choice(words['system watches'])}")
    title = rng.choice(("Design note: {name}", "How to build {name}", "Architecture of {name}"))
    lines = [title, "", "Goal: {goal}.", load, store, parts, *rest]
    return "\n".join(fill(rng, line, look) for line in lines)


FORMS: dict[str, Form] = {
    "concept": concept,
    "function": function,
    "endpoint": endpoint,
    "algorithm": algorithm,
    "system_design": system_design,
}
