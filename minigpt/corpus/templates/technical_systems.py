"""Writes about system design: notes, estimates, failures, decisions, runbooks, with computed figures."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import draw, fill
from minigpt.corpus.templates.technical_parts import Scene, one_of, page, pick, scene, sentence, topic_for, topics_of
from minigpt.corpus.words import Words

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
DAY = 86_400  # seconds
OWNERS = ("company", "university", "city", "bank", "publisher", "start-up", "ministry", "broadcaster")  # of systems without a scene
GENERAL = ("performance", "monitoring", "databases", "networking")  # topics that every system touches


def _system(rng: random.Random, words: Words, request: Request, about: Sequence[str] = ()) -> tuple[dict[str, Any], Scene, str]:
    """A random system (about these topics, if possible), its scene, and the topic to name."""
    look = scene(rng, words, request)
    local = words["place systems"]
    if about or topics_of(request, words) or rng.random() < 0.75:
        fitting = [entry for entry in local if set(about) & set(entry["topics"])]
        system = pick(rng, fitting or local, request, words)
    else:
        system = {"topics": list(GENERAL), **rng.choice(words["systems"])}
        look |= {"place": rng.choice(OWNERS), "one": "customer", "many": "customers"}
    filled = {key: fill(rng, system[key], look) for key in ("name", "unit", "goal", "hot", "data")}
    filled["store"] = fill(rng, rng.choice(system["store"]), look)
    look |= filled | {"size": str(rng.randint(20, 480)), "total": f"{rng.randint(20, 900) * 100:,}", "month": rng.choice(MONTHS)}
    look["minutes"] = str(rng.randint(10, 45))
    look["rate"] = str(rng.randint(min(system["rates"]), max(system["rates"])))
    return system, look, topic_for(rng, system["topics"], request, words)


def _part(rng: random.Random, words: Words, kind: str, look: Scene) -> str:
    """A sentence or two about one part of a system, with numbers."""
    numbers = {"s": rng.randint(3, 16), "m": rng.randint(5, 58), "q": rng.randint(60, 970), "g": rng.randrange(16, 500, 4)}
    numbers["pc"] = rng.randint(55, 96)
    return fill(rng, rng.choice(words[kind]), look | {key: str(number) for key, number in numbers.items()})


def _bytes(count: int) -> str:
    """A number of bytes, in GB or MB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def system_design(rng: random.Random, words: Words, request: Request) -> str:
    """A note on how to build a service: goal, computed load, parts, storage, a failure, a trade-off."""
    _, look, topic = _system(rng, words, request)
    per_second, peak, size = int(look["rate"]), rng.randint(3, 12), rng.randint(120, 1500)
    day = per_second * DAY
    sums = {"avg": per_second, "peak": peak, "busy": per_second * peak, "bytes": size, "hour": rng.randint(6, 22)}
    look |= {key: f"{value:,}" for key, value in sums.items()} | {"day": f"{day:,}", "adds": _bytes(day * size)}
    load, store = rng.choice(words["load lines"]), rng.choice(words["store lines"])
    parts = f"Design: {_part(rng, words, 'system parts', look)} [Most reads concern|The busiest part is] {{hot}}."
    rest = [f"Failure: {_part(rng, words, 'system failures', look)}", f"Trade-off: {_part(rng, words, 'system tradeoffs', look)}"]
    rest.append(f"Watching: {_part(rng, words, 'system watches', look)}")
    opening = rng.choice(("Goal: {goal}.", "Goal: {person} and {other} want to {goal}.", "Goal: at the {place}, {goal}."))
    if "at the {place}" in opening:
        opening = "Goal: {goal}. [It is built for|The first user is] a(n) {place} with {size} {many}."
    lines = [fill(rng, line, look) for line in (opening, load, store, *([rest[0]] if request.length == "short" else [parts, *rest]))]
    title = fill(rng, rng.choice(words["design titles"]), look)
    return page(rng, words, request, topic, title, [lines[0], "\n".join(lines[1:])])


def capacity(rng: random.Random, words: Words, request: Request) -> str:
    """How many servers and how much storage a system needs, calculated step by step."""
    _, look, topic = _system(rng, words, request)
    per_second, peak, size = int(look["rate"]), rng.randint(3, 12), rng.randint(100, 3000)
    one, days, copies = rng.randint(12, 130), rng.choice((30, 60, 90, 120, 180, 365)), rng.choice((2, 3, 4))
    busy = per_second * peak
    servers = -(-busy // one)
    grown = -(-busy * 3 // (2 * one))
    day = per_second * DAY
    sums = {"avg": per_second, "peak": peak, "busy": busy, "one": one, "servers": servers, "spare": servers + 1, "grown": grown}
    sums |= {"bytes": size, "days": days, "copies": copies}
    look |= {key: str(value) for key, value in sums.items()} | {"day": f"{day:,}"}
    look |= {"stored": f"{day * size * days * copies / 1e9:,.1f}", "sent": f"{busy * size / 1000:,.1f}"}
    kinds = ("traffic", "servers", "records", "storage", "network")[: 4 if request.length == "short" else 5]
    lines = [fill(rng, rng.choice(words["capacity lines"][kind]), look) for kind in kinds]
    core = [one_of(rng, words["capacity opens"], look), "\n".join(lines)]
    extras = [one_of(rng, [note], look) for note in draw(rng, words["capacity notes"], 2)]
    return page(rng, words, request, topic, fill(rng, rng.choice(words["capacity titles"]), look), core, extras)


def failure_analysis(rng: random.Random, words: Words, request: Request) -> str:
    """An incident: a timeline, its duration, the cause, the fix, and the share of the month's error budget it used."""
    cause = pick(rng, words["failure causes"], request, words)
    _, look, _ = _system(rng, words, request, cause["topics"])
    little, big = rng.randint(3, 40), rng.randint(200, 5000)
    start, found, mended = rng.randint(0, 1200), rng.randint(3, 25), rng.randint(8, 60)
    look |= {"little": str(little), "big": str(big), "minutes": str(found + mended)}
    look |= {key: fill(rng, cause[key], look) for key in ("cause", "seen", "fix")}
    clock = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in (start, start + found, start + found + mended)]
    goal, left = rng.choice((("99.5", 216.0), ("99.8", 86.4), ("99.9", 43.2), ("99.95", 21.6)))  # percent, minutes of downtime in 30 days
    look |= {"found": str(found), "mended": str(mended)}
    look |= {"goal_percent": goal, "left": f"{left:g}", "share": f"{(found + mended) / left:.0%}"}
    lines = [
        f"{clock[0]} {sentence(rng, look['seen'], look)}",
        f"{clock[1]} {one_of(rng, words['failure noticed'], look)}",
        f"{clock[2]} {one_of(rng, words['failure mended'], look)}",
    ]
    total = one_of(rng, words["failure sums"], look)
    cause_line = one_of(rng, words["failure openings"], look)
    core = [cause_line, "\n".join(lines), total, one_of(rng, words["failure repairs"], look)]
    extras = [one_of(rng, [end], look) for end in draw(rng, words["failure ends"], 2)]
    topic = topic_for(rng, cause["topics"], request, words)
    return page(rng, words, request, topic, fill(rng, rng.choice(words["failure titles"]), look), core, extras)


def decision(rng: random.Random, words: Words, request: Request) -> str:
    """A decision record: context, two options, the decision, its reason and its cost."""
    entry = pick(rng, words["decisions"], request, words)
    _, look, _ = _system(rng, words, request, entry["topics"])
    look |= {"no": str(rng.randint(2, 98))}
    look |= {"choice": fill(rng, entry["choice"], look), "other_way": entry["other"]}
    status = rng.choice(("accepted", "proposed", "accepted after a trial", "in force since {month}"))
    old = rng.randint(40, 900)
    new = rng.randint(5, old - 10)
    look |= {"trial": str(rng.randint(3, 60)), "old": str(old), "new": str(new), "saved": str(old - new)}
    core = [
        fill(rng, f"Status: {status}. [Written by|Author:] {{person}}.", look),
        one_of(rng, words["decision context"], look),
        fill(rng, "[Options|The options]: {choice}, or {other_way}.\n[Decision|We decided]: {choice}.", look),
        one_of(rng, words["trial lines"], look),
        f"Reason: {fill(rng, entry['why'], look)}.\nPrice: {fill(rng, entry['price'], look)}.",
    ]
    extras = [one_of(rng, [end], look) for end in draw(rng, words["decision ends"], 2)]
    topic = topic_for(rng, entry["topics"], request, words)
    return page(rng, words, request, topic, fill(rng, rng.choice(words["decision titles"]), look), core, extras)


def runbook(rng: random.Random, words: Words, request: Request) -> str:
    """What to do about an alert: its meaning, the steps in order, when it is resolved."""
    entry = pick(rng, words["runbooks"], request, words)
    _, look, _ = _system(rng, words, request, entry["topics"])
    look |= {"alert": entry["alert"], "calm": fill(rng, entry["calm"], look)}
    checks = entry["checks"][:3] if request.length == "short" else entry["checks"]
    lines = []
    for i, text in enumerate(checks, 1):
        numbers = {"k": str(rng.randint(3, 20)), "size": str(rng.randint(20, 800))}
        lines.append(f"{i}. {fill(rng, text, look | numbers)}.")
    opening = one_of(rng, words["runbook opens"], look)
    core = [f"{opening} {_part(rng, words, 'runbook reasons', look)}", "\n".join(lines), one_of(rng, words["runbook ends"], look)]
    topic = topic_for(rng, entry["topics"], request, words)
    extras = [_part(rng, words, "system watches", look)]
    return page(rng, words, request, topic, fill(rng, rng.choice(words["runbook titles"]), look), core, extras)
