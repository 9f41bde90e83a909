"""Writes about system design: notes, estimates, failures, decisions, runbooks, with computed figures."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from minigpt.corpus.english import upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Told, draw, fill
from minigpt.corpus.templates.technical_parts import one_of, page, pick, topic_for, topics_of
from minigpt.corpus.words import Words

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
DAY = 86_400  # seconds
ROOM = 3  # a large server is tested with this many times the usual peak

PEAKS = (2, 3, 4, 5, 8, 10)  # the busiest hour, in average hours

Look = dict[str, str]


def _round(number: int) -> int:
    """The number with few digits that count, so that its products can be followed: 37 as 35, 148 as 150."""
    step = 1 if number < 10 else 5 if number < 100 else 50
    return max(1, round(number / step) * step)


def _system(rng: random.Random, words: Words, request: Request, about: Sequence[str] = ()) -> tuple[dict[str, Any], Look]:
    """A random system (about these topics, if possible) and the words and numbers for templates."""
    rows = words["systems"]
    asked = {*request.topics, *(word for topic in request.topics for word in topic.lower().split())}
    named = [row for row in rows if {row["thing"], row["things"], row["name"].split()[1]} & asked]
    fitting = [row for row in rows if set(about) & set(row["topics"])] or rows
    shared = [len(topics_of(request, words) & set(row["topics"])) for row in fitting]
    closest = [row for row, count in zip(fitting, shared, strict=True) if count == max(shared)]
    row = rng.choice(named or closest)
    person, other = rng.sample(words["people"], 2)
    rate, peak = _round(rng.randint(row["rates"][0], row["rates"][-1])), rng.choice(PEAKS)
    busy = rate * peak
    month = rng.randrange(12)
    numbers: dict[str, object] = {
        "avg": rate,
        "peak": peak,
        "busy": busy,
        "bytes": _round(rng.randint(row["bytes"][0], row["bytes"][1])),
    }
    one = rng.choice(
        [n for n in (10, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500) if busy / 12 <= n <= busy] or [10]
    )
    servers = -(-busy // one)
    numbers |= {"one": one, "servers": servers, "spare": servers + 1, "grown": -(-busy * 3 // (2 * one)), "room": busy * ROOM}
    numbers |= {"k": rng.randint(3, 15), "little": rng.randint(4, 40), "big": rng.randrange(300, 5000, 50), "errs": rng.randint(2, 12)}
    numbers |= {"much": rng.randrange(300, 5000, 100), "ms": rng.randrange(300, 3000, 100), "stock": f"{rng.randint(2, 90) * 10},000"}
    numbers |= {"block": rng.choice((50, 100, 200, 500)), "hold": rng.choice((5, 8, 10, 15)), "keep": rng.choice((7, 14, 30, 60))}
    numbers |= {"tries": rng.randint(3, 6), "best": rng.choice((10, 20, 50)), "km": rng.choice((2, 3, 5, 10)), "switch": rng.randint(5, 40)}
    numbers |= {
        "hash": rng.choice((100, 150, 200, 300)),
        "hour": rng.randint(8, 21),
        "minutes": rng.randint(15, 45),
        "hits": rng.randint(2, 3),
        "month": MONTHS[month],
        "later": MONTHS[(month + 4) % 12],
    }
    look = {key: row[key] for key in ("name", "thing", "things", "unit", "goal", "hot", "data")} | {"person": person, "other": other}
    look |= {key: str(value) for key, value in numbers.items()}
    look |= {"day": f"{rate * DAY:,}"}
    if about:  # something that happened to a system that exists
        look["name"] = "the " + row["name"].split(" ", 1)[1]
    look |= {key: fill(rng, look[key], look) for key in ("goal", "hot", "data")} | {"store": fill(rng, rng.choice(row["store"]), look)}
    return row, look


def _asked(rng: random.Random, words: Words, request: Request, row: dict[str, Any], look: Look) -> list[str]:
    """A line about each topic that the request names and the system has, or about all that it names if it has none."""
    wanted, lines = topics_of(request, words), words["system topics"]
    return [fill(rng, lines[topic], look) for topic in sorted(wanted & set(row["topics"]) or wanted) if topic in lines]


def _bytes(count: int) -> str:
    """A number of bytes, in GB or MB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _page(
    rng: random.Random,
    words: Words,
    request: Request,
    topics: Sequence[str],
    title: str,
    core: list[str],
    extras: Sequence[str] = (),
    *,
    idea: str,
) -> Told:
    topic = topic_for(rng, topics, request, words)
    return Told(page(rng, words, request, topic, title, core, extras, picture=rng.choice(words["system pictures"])), idea)


def system_design(rng: random.Random, words: Words, request: Request) -> str:
    """A note on how to build a service: goal, computed load, storage, parts, a failure, a trade-off."""
    row, look = _system(rng, words, request)
    look["adds"] = _bytes(int(look["avg"]) * DAY * int(look["bytes"]))
    look["part"] = fill(rng, rng.choice(row["parts"]), look)
    lines = [fill(rng, rng.choice(words[key]), look) for key in ("load lines", "store lines")]
    look |= {"failure": fill(rng, rng.choice(row["failures"]), look), "tradeoff": fill(rng, rng.choice(row["tradeoffs"]), look)}
    failure = fill(rng, rng.choice(words["failure lines"]), look)
    rest = [
        fill(rng, rng.choice(words["part lines"]), look),
        fill(rng, rng.choice(words["server lines"]), look),
        failure,
        fill(rng, rng.choice(words["tradeoff lines"]), look),
        fill(rng, rng.choice(words["system watches"]), look),
    ]
    lines += _asked(rng, words, request, row, look)
    goal = fill(rng, rng.choice(words["design goals"]), look)
    title = fill(rng, rng.choice(words["design titles"]), look)
    core = [goal, "\n".join([*lines, *([failure] if request.length == "short" else rest)])]
    return _page(rng, words, request, row["topics"], title, core, idea=f"design of {row['name']}")


def capacity(rng: random.Random, words: Words, request: Request) -> str:
    """How many servers and how much storage a system needs, calculated step by step."""
    row, look = _system(rng, words, request)
    rate, busy, size = (int(look[key]) for key in ("avg", "busy", "bytes"))
    days, copies = rng.choice((30, 60, 90, 180, 365)), rng.choice((2, 3))
    look |= {"days": str(days), "copies": str(copies)}
    look |= {"stored": f"{rate * DAY * size * days * copies / 1e9:,.1f}", "sent": f"{busy * size / 1000:,.1f}"}
    kinds = ("traffic", "servers", "records", "storage", "network")[: 4 if request.length == "short" else 5]
    lines = [fill(rng, rng.choice(words["capacity lines"][kind]), look) for kind in kinds]
    lines += _asked(rng, words, request, row, look)
    core = [one_of(rng, words["capacity opens"], look), "\n".join(lines)]
    notes = [note for note in words["capacity notes"] if "{grown}" not in note or look["grown"] != look["servers"]]
    extras = [one_of(rng, [note], look) for note in draw(rng, notes, 2)]
    title = fill(rng, rng.choice(words["capacity titles"]), look)
    return _page(rng, words, request, [*row["topics"], "performance"], title, core, extras, idea=f"capacity of {row['name']}")


def failure_analysis(rng: random.Random, words: Words, request: Request) -> str:
    """An incident: a timeline, its duration, the cause, the fix, and the share of the month's error budget it used."""
    cause = pick(rng, words["failure causes"], request, words)
    _, look = _system(rng, words, request, cause["topics"])
    start, found, mended = rng.randint(0, 1200), rng.randint(3, 25), rng.randint(8, 60)
    look |= {key: fill(rng, cause[key], look) for key in ("cause", "seen", "fix", "mend")}
    clock = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in (start, start + found, start + found + mended)]
    goal, left = rng.choice((("99.5", 216.0), ("99.8", 86.4), ("99.9", 43.2), ("99.95", 21.6)))  # percent, minutes of downtime in 30 days
    look |= {"found": str(found), "mended": str(mended), "minutes": str(found + mended)}
    look |= {"goal_percent": goal, "left": f"{left:g}", "share": f"{(found + mended) / left:.0%}"}
    lines = [
        f"{clock[0]} {upper_first(look['seen'])}.",
        f"{clock[1]} {one_of(rng, words['failure noticed'], look)}",
        f"{clock[2]} {one_of(rng, words['failure mended'], look)}",
    ]
    core = [one_of(rng, words["failure openings"], look), "\n".join(lines)]
    core += [one_of(rng, words["failure sums"], look), one_of(rng, words["failure repairs"], look)]
    extras = [one_of(rng, [end], look) for end in draw(rng, words["failure ends"], 2)]
    title = upper_first(fill(rng, rng.choice(words["failure titles"]), look))
    return _page(rng, words, request, cause["topics"], title, core, extras, idea=cause["short"])


def decision(rng: random.Random, words: Words, request: Request) -> str:
    """A decision record: context, two options, the decision, a test, its reason and its cost."""
    entry = pick(rng, words["decisions"], request, words)
    _, look = _system(rng, words, request, entry["topics"])
    look |= {"no": str(rng.randint(2, 98))}
    look |= {"choice": fill(rng, entry["choice"], look), "other_way": fill(rng, entry["other"], look)}
    look |= {"test": fill(rng, entry["test"], look)}
    status = fill(rng, rng.choice(words["decision status"]), look)
    core = [
        fill(rng, f"Status: {status}[, written by|; author:] {{person}}.", look),
        one_of(rng, words["decision context"], look),
        fill(rng, rng.choice(words["decision options"]), look),
        one_of(rng, words["trial lines"], look),
        fill(rng, rng.choice(words["decision reasons"]), look | {key: fill(rng, entry[key], look) for key in ("why", "price")}),
    ]
    extras = [one_of(rng, [end], look) for end in draw(rng, words["decision ends"], 2)]
    title = fill(rng, rng.choice(words["decision titles"]), look)
    return _page(rng, words, request, entry["topics"], title, core, extras, idea=f"{entry['choice']} or {entry['other']}")


def runbook(rng: random.Random, words: Words, request: Request) -> str:
    """What to do about an alert: its meaning, the steps in order, when it is resolved."""
    entry = pick(rng, words["runbooks"], request, words)
    _, look = _system(rng, words, request, entry["topics"])
    look |= {"alert": fill(rng, entry["alert"], look), "calm": fill(rng, entry["calm"], look)}
    checks = entry["checks"][:3] if request.length == "short" else entry["checks"]
    steps = "\n".join(f"{i}. {fill(rng, text, look)}." for i, text in enumerate(checks, 1))
    core = [one_of(rng, words["runbook opens"], look), steps, one_of(rng, words["runbook ends"], look)]
    extras = [one_of(rng, words["runbook reasons"], look)]
    title = fill(rng, rng.choice(words["runbook titles"]), look)
    return _page(rng, words, request, entry["topics"], title, core, extras, idea=entry["alert"])
