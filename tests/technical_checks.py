"""Reads technical documents without the writers. In: a text and the request it was written for; out: the list of its faults."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from technical_reading import check_reading
from technical_traces import check_traces

from minigpt.corpus.request import Request

# what a document about a topic must mention at least once
SIGNS = {
    "sorting": "sort|rank|merg|passes|order", "graphs": "graph|edge|node|refer|before", "databases": "database|index|table|row|transaction",
    "caching": "cache|caching|remember|memo|hit", "recursion": "recurs|calls itself|call|disk|smaller",
    "security": "token|secret|password|hash|encrypt|lock|sign-in|certificate|valid|signature",
    "strings": "string|text|word|letter|sign|character|apostrophe", "queues": "queue|stack|heap|deque|undo",
    "concurrency": "thread|worker|lock|pool|jobs", "testing": "test|assert",
    "networking": "http|url|network|server|port|api|request|post|payload|/v[123]",
    "errors": "error|exception|fail|fault|wrong|closed|division|check digit",
}  # fmt: skip
CODE = ("Python code", "Solution in Python", "Corrected code", "Better code")
OUTPUT = ("Output", "It prints", "Now it prints", "Output of both")
BLOCK = re.compile(rf"(?ms)^({'|'.join(CODE + OUTPUT + ('Session',))}):\n(.*?)(?=\n\n|\Z)")


def printed(code: str) -> str:
    """What the code prints in a fresh namespace; an error is its last line."""
    lines: list[str] = []
    names: dict[str, Any] = {"print": lambda *values: lines.append(" ".join(str(value) for value in values))}
    try:
        exec(compile(code, "<document>", "exec"), names)
    except Exception as error:
        lines.append(f"{type(error).__name__}: {error}")
    for connection in (value for value in names.values() if isinstance(value, sqlite3.Connection)):
        connection.close()
    return "\n".join(lines)


def programs(text: str) -> list[tuple[str, str]]:
    """(code, claimed output) of a document."""
    blocks = BLOCK.findall(text)
    return [(code, out) for (label, code), (after, out) in pairwise(blocks) if label in CODE and after in OUTPUT]


# ---- one check for each kind of claim: text -> faults --------------------------------------------------------------------------------


def check_programs(text: str) -> list[str]:
    faults = [f"prints {printed(code)!r}, not {out!r}" for code, out in programs(text) if printed(code) != out]
    blocks = BLOCK.findall(text)
    if len(bodies := [code for label, code in blocks if label in CODE]) == 2:
        first, second = (printed(code) for code in bodies)
        if ("Output of both" in text) != (first == second):
            faults.append(f"two programs print {first!r} and {second!r}")
    for label, session in blocks:
        for call, out in re.findall(r">>> (.*)\n(.*)", session) if label == "Session" else []:
            if printed(f"{blocks[0][1]}\n{call}") != out:
                faults.append(f"{call} does not print {out}")
    for call, value in re.findall(r"(?:Example: |And )(\w+\(.*?\)) returns (.*?)\.(?= And |$|\n)", text):
        if eval(printed(f"{blocks[0][1]}\nprint(repr({call}))")) != eval(value):
            faults.append(f"{call} does not return {value}")
    return faults


def check_json(text: str) -> list[str]:
    bodies = [json.loads(line) for line in text.splitlines() if line.startswith('{"')]
    faults = []
    kinds: dict[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list}
    items = [*bodies, *(item for body in bodies for item in body.get("items", []))]
    for name, kind in re.findall(r"(?m)^- (\w+) \((\w+), \w+\):", text):
        faults += [f"{name} is no {kind}" for item in items if name in item and not isinstance(item[name], kinds[kind])]
    for status, reason in re.findall(r"(?m)^Response (\d+) ([\w ]+)(?:, .*)?:$", text):
        if {"200": "OK", "201": "Created", "204": "No Content"}.get(status, reason) != reason:
            faults.append(f"{status} {reason}")
        if status[0] == "4" and bodies[-1]["status"] != int(status):
            faults.append("the body has another status")
    if found := re.match(r"(GET|POST|PATCH|DELETE) /v\d/[a-z]+(/\{id\})?\n", text):
        wanted = {"GET": "200", "POST": "201", "PATCH": "200", "DELETE": "204"}[found[1]]
        faults += [] if f"Response {wanted}" in text else [f"{found[1]} answers otherwise than {wanted}"]
    method = re.search(r"\b(GET|DELETE) (?:/v|on a)", text.split("\n")[0])
    if "Errors:\n" in text and method and re.search(r"(?m)^- (400|413)", text):
        faults.append("an error about a body that is not there")
    if "\nBefore:\n" in text:
        before, after = bodies
        old, new = (set(a) - set(b) for a, b in ((before, after), (after, before)))
        if list(before.values()) != list(after.values()) or (len(old), len(new)) != (1, 1):
            faults.append("before and after differ in more than a name")
    return faults


def numbers(texts: Sequence[str]) -> list[float]:
    return [float(text.replace(",", "")) for text in ([texts] if isinstance(texts, str) else texts)]


def check_sums(text: str) -> list[str]:
    faults = []
    for left, right in re.findall(r"((?:[\d,]+(?: bytes| days| copies)? \* )+[\d,]+(?: bytes| days| copies)?) = ([\d,.]*\d)", text):
        product = 1.0
        for number in re.findall(r"[\d,]*\d", left):
            product *= numbers(number)[0]
        scale = 1e9 if "GB" in text.split(f"{left} = {right}")[1][:4] else 1000 if "kB" in text.split(f"{left} = {right}")[1][:4] else 1
        faults += [] if abs(product / scale - numbers(right)[0]) <= (0.051 if scale > 1 else 0) else [f"{left} = {right}"]
    for busy, one, servers in re.findall(r"(\d+) / (\d+), rounded up(?:, makes|, is|:) (\d+)", text):
        faults += [] if -(-int(busy) // int(one)) == int(servers) else [f"{busy} / {one}"]
    patterns: dict[str, Callable[..., bool]] = {
        r"(\d+) minutes to notice and (\d+) minutes to mend, (\d+) minutes": lambda a, b, c: a + b == c,
        r"(\d+) minutes passed .* and (\d+) more until the end: (\d+) minutes": lambda a, b, c: a + b == c,
        r"(\d+) minutes in all were lost, (\d+) of them unnoticed and (\d+) during": lambda a, b, c: a == b + c,
        r"would take (\d+) hours .* takes (\d+), which saves (\d+) hours": lambda a, b, c: a - b == c,
        r"counts (\d+) hours .* and (\d+) for .*, (\d+) hours less": lambda a, b, c: a - b == c,
        r"had (\d+) complaints .* there were (\d+), (\d+) fewer": lambda a, b, c: a - b == c,
        r"found (\d+) reports .* and (\d+) on .* a difference of (\d+)": lambda a, b, c: a - b == c,
        r"has (\d+) [a-z]+, and one answer holds at most (\d+) of .* makes (\d+) pages, and the last one holds (\d+)": pages,
        r"list of (\d+) .* pages of (\d+)\. That makes (\d+) pages, and the last one holds (\d+)": pages,
        r"wants all (\d+) .* With (\d+) a page.* makes (\d+) pages, and the last one holds (\d+)": pages,
        r"(?:may send|allows) (\d+) requests a minute.* one every ([\d.]+) seconds": lambda rate, gap: abs(60 / rate - gap) < 0.001,
        r"update (\d+) .* At (\d+) a minute, that takes (\d+) minutes": lambda total, rate, m: -(-total // rate) == m,
        r"([\d,]+) [a-z]+ a day\. A day has 86,400 seconds, so that is ([\d,]+) a second": lambda day, s: day == s * 86_400,
    }  # fmt: skip
    for pattern, holds in patterns.items():
        for groups in re.findall(pattern, text):
            if not holds(*numbers(groups)):
                faults.append(f"{pattern}: {groups}")
    if found := re.search(r"adds? ([\d.]+) (GB|MB)", text):
        amount, size = numbers(found[1])[0], numbers(re.findall(r"([\d,]+) bytes", text))[0]
        days = [day for day in numbers(re.findall(r"\d[\d,]*\d", text)) if day >= 86_400 and day % 86_400 == 0]
        if not any(abs(day * size / {"GB": 1e9, "MB": 1e6}[found[2]] - amount) <= 0.51 for day in days):
            faults.append(found[0])
    for waits, total in re.findall(r"([\d, and]+) seconds(?:\. After|, together|; the last attempt comes) (\d+) seconds", text):
        faults += [] if sum(map(int, re.findall(r"\d+", waits))) == int(total) else [f"{waits}: {total}"]
    if found := re.search(r"([\d.]+) percent.*?([\d.]+) minutes.*?(\d+)%", text.split("minutes in all")[-1]):
        goal, left, share = numbers(found.groups())
        lost = float(re.search(r"(\d+) minutes in all", text)[1])  # type: ignore[index]
        if abs(30 * 1440 * (100 - goal) / 100 - left) > 0.01 or abs(lost / left * 100 - share) > 0.6:
            faults.append(found[0])
    return faults


def pages(total: float, size: float, count: float, last: float) -> bool:
    return (count - 1) * size + last == total and 0 < last <= size


def check_comparison(text: str) -> list[str]:
    costs: dict[str, Callable[[int], int]] = {
        "n": lambda n: n, "log2(n), rounded down, plus 1": lambda n: len(f"{n:b}"), "n * (n - 1) / 2": lambda n: n * (n - 1) // 2,
        "n * log2(n), rounded up": lambda n: n * len(f"{n - 1:b}"), "2 * n * log2(n), rounded up": lambda n: 2 * n * len(f"{n - 1:b}"),
        "1": lambda n: 1, "0": lambda n: 0, "n - 1": lambda n: n - 1, "n * n": lambda n: n * n, "5 * n": lambda n: 5 * n,
        "2 * log2(n), rounded down": lambda n: 2 * len(f"{n:b}") - 2, "n / 4, rounded up": lambda n: (n + 3) // 4,
        "fib(n + 1) - 1": lambda n: additions(n),
    }  # fmt: skip
    line = re.search(r"(?m)^(?:.*): (.*); (.*)\.\n\nIn numbers:\n((?:n = .*\n)+)", text)
    if line is None:
        return []
    chosen = []
    for half in (line[1], line[2]):
        chosen.append(costs[max((name for name in costs if half.endswith(" " + name)), key=len)])
    rows = re.findall(r"n = (\d+): (\d+) against (\d+)", line[3])
    return [f"n = {n}" for n, x, y in rows if (chosen[0](int(n)), chosen[1](int(n))) != (int(x), int(y)) or int(y) >= int(x)]


def additions(n: int) -> int:
    """The additions that plain recursion makes for the Fibonacci number with the index n."""
    made = [0, 0]
    for i in range(2, n + 1):
        made.append(made[i - 1] + made[i - 2] + 1)
    return made[n]


def check_request(text: str, request: Request) -> list[str]:
    faults = []
    prose = BLOCK.sub("", text)
    wanted = [SIGNS[topic] for topic in request.topics if topic in SIGNS]
    if wanted and not any(re.search(sign, text.lower()) for sign in wanted):
        faults.append(f"not about {request.topics}")
    if "library" in request.topics and "book" not in text:
        faults.append("no books")
    if {"javascript", "rust"} & set(request.topics) and re.search(r"(?m)^def |^import |^print\(|Python code", text):
        faults.append("Python where another language was asked for")
    if (request.audience == "beginners") != ("Word to know: " in text):
        faults.append("an explained word")
    if request.audience == "children" and not re.search(r"imagine|Imagine|Think of it|picture", text):
        faults.append("no comparison for children")
    if request.audience == "professionals" and re.search(r"It is like |imagine", text):
        faults.append("a comparison for professionals")
    if request.tone == "formal" and re.search(r"!(?!=)|n't\b", prose):
        faults.append("not formal")
    if request.tone == "fun" and not re.search(r"!|\?", prose[-120:]):
        faults.append("no fun")
    low, high = {"short": (20, 200), "long": (30, 400)}.get(request.length or "", (25, 330))
    if not low <= len(text.split()) <= high:
        faults.append(f"{len(text.split())} words")
    return faults


def check(text: str, request: Request) -> list[str]:
    """Every fault of a document of the request: programs, JSON, sums, traces, constraints, plain text."""
    faults = [
        fault for one in (check_programs, check_json, check_sums, check_comparison, check_traces, check_reading) for fault in one(text)
    ]
    faults += check_request(text, request)
    if not text.isascii() or "`" in text or "#" in text or re.search(r"\{~|\[[a-z ]+\||\$\w", text):
        faults.append("mark-up or a hole of a template")
    return faults + ([] if text[-1] in '.!?"' else ["does not end like a sentence"])
