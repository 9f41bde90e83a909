"""Writes API documentation: endpoints, quick starts, errors, paging, changelogs, webhooks, rate limits."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

from minigpt.corpus.english import join_and, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Told, draw, fill
from minigpt.corpus.templates.technical_parts import block, one_of, page, topic_for
from minigpt.corpus.templates.technical_service import Service, service_for
from minigpt.corpus.words import Words

MONTHS = ("January", "March", "May", "July", "September", "November")
LATER = ("February", "April", "June", "August", "October", "December")
# method, path after the collection, status, errors other than 401
CALLS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "list": ("GET", "", "200 OK", ("403", "429")),
    "get": ("GET", "/{id}", "200 OK", ("403", "404", "429")),
    "create": ("POST", "", "201 Created", ("403", "422", "429")),
    "update": ("PATCH", "/{id}", "200 OK", ("403", "404", "422")),
    "delete": ("DELETE", "/{id}", "204 No Content", ("403", "404", "429")),
}
REASONS = {
    "400": "Bad Request", "401": "Unauthorized", "403": "Forbidden", "404": "Not Found", "409": "Conflict", "413": "Content Too Large",
    "422": "Unprocessable Content", "429": "Too Many Requests", "500": "Internal Server Error", "503": "Service Unavailable",
}  # fmt: skip

ERRORS = {  # method -> its possible errors on one object
    "GET": ("401", "403", "404", "429", "500", "503"),
    "DELETE": ("401", "403", "404", "409", "429", "500", "503"),
    "PATCH": tuple(REASONS),
}


def _title(rng: random.Random, words: Words, kind: str, service: Service) -> str:
    return upper_first(fill(rng, rng.choice(words[f"{kind} titles"]), service))


def _page(
    rng: random.Random,
    words: Words,
    request: Request,
    service: Service,
    title: str,
    core: list[str],
    extras: Sequence[str] = (),
    *,
    idea: str,
    more: str = "networking",
) -> Told:
    """The document, whose idea is the call and the things that it is about."""
    topic = topic_for(rng, ["networking", more], request, words)
    picture = rng.choice(words["api pictures"])
    return Told(page(rng, words, request, topic, title, core, extras, picture=picture), f"{idea} {service['many']}")


def endpoint(rng: random.Random, words: Words, request: Request) -> str:
    """One call of a web API: method and path, parameters, a JSON response, errors, a note."""
    service, kind = service_for(rng, words, request), rng.choice(tuple(CALLS))
    method, tail, status, errors = CALLS[kind]
    item = service.item
    answer = {"list": {"items": [item], "next": rng.choice((None, f"c{rng.randrange(100, 1000)}"))}, "delete": None}.get(kind, item)
    purpose = fill(rng, rng.choice(words["api purposes"][kind]), service)
    lines = [purpose, "", "Parameters:", *_sent(rng, kind, service)]
    if kind in ("create", "update"):
        body = {name: item[name] for name, _, _ in (service.fields if kind == "create" else service.fields[1:2])}
        lines += ["", block("Request body", json.dumps(body))]
    lines += ["", block(f"Response {status}", json.dumps(answer) if answer is not None else "There is no body.")]
    known = ("401", *sorted(draw(rng, errors, {"short": 1}.get(request.length or "", 2))))
    lines += ["", "Errors:", *("- " + fill(rng, rng.choice(words["api errors"][code]), service) for code in known)]
    note = "Note: " + fill(rng, rng.choice(words["api notes"][kind]), service)
    title = f"{method} {service['path']}{tail}"
    return _page(rng, words, request, service, title, ["\n".join(lines), note], idea=kind, more="security")


def _sent(rng: random.Random, kind: str, service: Service) -> list[str]:
    """The lines that describe the request's content."""
    if kind == "list":
        name, type_, meaning = service.fields[1]
        return [
            fill(rng, "- limit (integer, optional): How many {many} to return, at most {most}. The default is {size}.", service),
            f"- {name} ({type_}, optional): Filter by this field. {meaning}.",
            fill(rng, "- cursor (string, optional): Where the next page of {many} begins[, taken from next|]; {brand} sends it.", service),
        ]
    path = (
        []
        if kind == "create"
        else [fill(rng, "- id (integer, required): [The id|The number] of the {one}[ in {brand}|, as given by {brand}].", service)]
    )
    rows = {"create": service.fields, "update": service.fields[:2]}.get(kind, [])
    need = "required" if kind == "create" else "optional"
    return path + [f"- {name} ({type_}, {need}): {meaning}." for name, type_, meaning in rows]


def quick_start(rng: random.Random, words: Words, request: Request) -> str:
    """From a token to the first object: a request, its response, what to do next."""
    service = service_for(rng, words, request)
    body = {name: service.item[name] for name, *_ in service.fields}
    core = [
        one_of(rng, words["quickstart opens"], service) + "\n" + one_of(rng, words["quickstart tokens"], service),
        one_of(rng, words["quickstart sends"], service),
        block("Request", f"POST {service['path']}\nAuthorization: Bearer YOUR_TOKEN\nContent-Type: application/json"),
        block("Request body", json.dumps(body)),
        block("Response 201 Created", json.dumps(service.item)),
        one_of(rng, words["quickstart reads"], service),
        one_of(rng, words["quickstart ends"], service),
    ]
    return _page(rng, words, request, service, _title(rng, words, "quickstart", service), core, idea="start with", more="security")


def error_guide(rng: random.Random, words: Words, request: Request) -> str:
    """The errors of a call: status, code, meaning and remedy, and one of them as the server sends it."""
    service = service_for(rng, words, request)
    method = rng.choice(tuple(ERRORS))
    codes = sorted(draw(rng, ERRORS[method], 3 if request.length == "short" else rng.choice((4, 5))))
    service |= {"rows": {3: "three", 4: "four", 5: "five"}[len(codes)], "method": method}
    rows = {code: [fill(rng, text, service) for text in words["error rows"][code]] for code in codes}
    lines = [f"- {code} {REASONS[code]} ({key}): {upper_first(why)}. {remedy}." for code, (key, why, remedy) in rows.items()]
    shown = rng.choice(codes)
    sample = {"status": int(shown), "code": rows[shown][0], "message": upper_first(rows[shown][1])}
    sample |= {"request_id": f"r{rng.randrange(100, 1000)}"}
    service |= {"shown": rows[shown][0], "rid": str(sample["request_id"])}
    core = [
        one_of(rng, words["error opens"], service),
        block("Errors", "\n".join(lines)),
        block(f"Response {shown} {REASONS[shown]}", json.dumps(sample)),
        one_of(rng, words["error ends"], service),
    ]
    return _page(rng, words, request, service, _title(rng, words, "error", service), core, idea=f"{method} errors of", more="errors")


def paging(rng: random.Random, words: Words, request: Request) -> str:
    """How to page through a long list: the number of pages, the first request, its response, the last page."""
    service = service_for(rng, words, request)
    size, total = int(service["size"]), int(service["total"])
    pages = -(-total // size)
    cursor = f"c{rng.randrange(100, 1000)}"
    service["cursor"] = cursor
    answer = {"total": total, "items": [service.item], "next": cursor}
    core = [
        one_of(rng, words["paging opens"], service) + f" That makes {pages} pages, and the last one holds {total - size * (pages - 1)}.",
        block("First request", f"GET {service['path']}?limit={size}"),
        block(rng.choice(("Response 200 OK, one item shown", "Response 200 OK, shortened to its first item")), json.dumps(answer)),
        block("Second request", f"GET {service['path']}?limit={size}&cursor={cursor}"),
        one_of(rng, words["paging ends"], service),
    ]
    return _page(rng, words, request, service, _title(rng, words, "paging", service), core, idea="pages of")


def changelog(rng: random.Random, words: Words, request: Request) -> str:
    """A version's changes: a renamed field, before and after in JSON, and what else is new."""
    service = service_for(rng, words, request)
    old = service["field"]
    new = service["clearer"]
    month = rng.randrange(len(MONTHS))
    service |= {"old": old, "new": new, "month": MONTHS[month], "month2": LATER[month], "day": str(rng.randint(2, 28))}
    service["version"] = f"{rng.randint(2, 6)}.{rng.randint(0, 14)}"
    after = {new if key == old else key: value for key, value in service.item.items()}
    core = [
        one_of(rng, words["change opens"], service),
        block("Before", json.dumps(service.item)),
        block("After", json.dumps(after)),
        one_of(rng, words["change added"], service) + "\n" + one_of(rng, words["change fixed"], service),
        one_of(rng, words["change ends"], service),
    ]
    return _page(rng, words, request, service, _title(rng, words, "change", service), core, idea="changes of")


def webhook(rng: random.Random, words: Words, request: Request) -> str:
    """An event that the server sends: its payload, its signature, the retry delays and their sum."""
    service = service_for(rng, words, request)
    verb = rng.choice(("created", "updated", "deleted", "archived", "restored"))
    first, factor = rng.choice((5, 10, 15, 20, 30)), rng.choice((2, 3))
    waits = [first * factor**i for i in range(rng.choice((3, 4)))]
    event = f"evt_{rng.randrange(100, 1000)}"
    service |= {"verb": verb, "event": f"{service['one']}.{verb}", "eid": event}
    service |= {"waits": join_and([str(wait) for wait in waits]), "sum": str(sum(waits))}
    payload = {"id": event, "type": service["event"], "data": service.item}
    core = [
        one_of(rng, words["hook opens"], service),
        block("Payload", json.dumps(payload)),
        one_of(rng, words["hook signs"], service),
        one_of(rng, words["hook retries"], service),
    ]
    extras = draw(rng, [one_of(rng, [end], service) for end in words["hook ends"]], 2)
    title = _title(rng, words, "hook", service)
    return _page(rng, words, request, service, title, core, extras, idea=f"{verb}", more="security")


def rate_limit(rng: random.Random, words: Words, request: Request) -> str:
    """How many requests are allowed, what that means for a job, and the response to one too many."""
    service = service_for(rng, words, request)
    rate, total = int(service["rate"]), int(service["total"])
    service |= {"gap": f"{60 / rate:g}", "minutes": str(-(-total // rate))}
    wait = rng.randint(2, 59)
    service["wait"] = str(wait)
    sample = {"status": 429, "code": "too_many_requests", "retry_after": wait}
    core = [
        one_of(rng, words["rate opens"], service),
        one_of(rng, words["rate jobs"], service),
        block("Response 429 Too Many Requests", json.dumps(sample)),
        one_of(rng, words["rate waits"], service),
    ]
    extras = draw(rng, [one_of(rng, [end], service) for end in words["rate ends"]], 2)
    return _page(rng, words, request, service, _title(rng, words, "rate", service), core, extras, idea="limits of")
