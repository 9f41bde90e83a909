"""Reads technical documents without the writers. In: a text and the request it was written for; out: the list of its faults."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from math import gcd

from minigpt.corpus.request import Request

# what a document about a topic must mention at least once
SIGNS = {
    "sorting": "sort|rank|merg|passes|order", "graphs": "graph|edge|node|refer|before", "databases": "database|index|table|row|transaction",
    "caching": "cache|caching|remember|memo|hit", "recursion": "recurs|calls itself|call|disk|smaller",
    "security": "token|secret|password|hash|encrypt|lock|sign-in|certificate|valid|signature",
    "strings": "string|text|word|letter|sign|character|apostrophe", "queues": "queue|stack|heap|deque|undo",
    "concurrency": "thread|worker|lock|pool|jobs", "testing": "test|assert", "networking": "http|url|network|server|port|api|request|post|payload|/v\\d",
    "errors": "error|exception|fail|fault|wrong|closed|division|check digit",
}  # fmt: skip
CODE = ("Python code", "Solution in Python", "Corrected code", "Better code")
OUTPUT = ("Output", "It prints", "Now it prints", "Output of both")
BLOCK = re.compile(rf"(?ms)^({'|'.join(CODE + OUTPUT + ('Session',))}):\n(.*?)(?=\n\n|\Z)")


def printed(code: str) -> str:
    """What the code prints in a fresh namespace; an error is its last line."""
    lines: list[str] = []
    try:
        exec(compile(code, "<document>", "exec"), {"print": lambda *values: lines.append(" ".join(str(value) for value in values))})
    except Exception as error:
        lines.append(f"{type(error).__name__}: {error}")
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


def numbers(texts: tuple[str, ...] | str) -> list[float]:
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
        r"measured (\d+) milliseconds .* and (\d+) with .*: (\d+) milliseconds less": lambda a, b, c: a - b == c,
        r"sent (\d+) requests .* and (\d+) came back wrong .* so (\d+) were right": lambda a, b, c: a - b == c,
        r"took (\d+) minutes for .* took (\d+), that is (\d+) fewer": lambda a, b, c: a - b == c,
        r"would take (\d+) hours .* takes (\d+), which saves (\d+) hours": lambda a, b, c: a - b == c,
        r"has (\d+) [a-z]+, and one answer holds at most (\d+) of .* makes (\d+) pages, and the last one holds (\d+)": pages,
        r"list of (\d+) .* pages of (\d+)\. That makes (\d+) pages, and the last one holds (\d+)": pages,
        r"wants all (\d+) .* With (\d+) a page.* makes (\d+) pages, and the last one holds (\d+)": pages,
        r"(?:may send|allows) (\d+) requests a minute.* one every ([\d.]+) seconds": lambda rate, gap: abs(60 / rate - gap) < 0.001,
        r"update (\d+) .* At (\d+) a minute, that takes (\d+) minutes": lambda total, rate, m: -(-total // rate) == m,
        r"([\d,]+) [a-z]+ a day\. A day has 86,400 seconds, so that is ([\d,]+) a second": lambda day, s: day == s * 86_400,
        r"bytes[^.]*?, so one day adds ([\d.]+) (?:GB|MB)": lambda amount: amount > 0,
    }  # fmt: skip
    for pattern, holds in patterns.items():
        for groups in re.findall(pattern, text):
            if not holds(*numbers(groups)):
                faults.append(f"{pattern}: {groups}")
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


def check_traces(text: str) -> list[str]:
    """The answers of worked examples, found again in other ways."""
    flat = re.sub(r"\n+(?:\d+\. )?|Solution: |Hint: [^\n]*", " ", text)
    faults = []
    for a, op, b, c in re.findall(r"(?<![\d*/+=^-] )(?<![\d^(-])\b(\d+) ([*+-]|mod) ([1-9]\d*|0) = (\d+)\b(?![.,]\d)", flat):
        if {"*": int(a) * int(b), "+": int(a) + int(b), "-": int(a) - int(b), "mod": int(a) % max(int(b), 1)}[op] != int(c):
            faults.append(f"{a} {op} {b} = {c}")
    if found := re.search(r"[Ss]earch for (\d+) in (\[[\d, ]+\]).*?at position (\d+)", flat):
        faults += [] if json.loads(found[2])[int(found[3])] == int(found[1]) else [found[0]]
    if (found := re.search(r"\b[Ss]ort (\[[\d, ]+\])(.*)", flat)) and "Pseudocode" not in found[2]:
        faults += [] if str(sorted(json.loads(found[1]))) in found[2] else ["not sorted"]
    if found := re.search(r"[Tt]ake (\d+) and (\d+)\..*common divisor is (\d+)", flat):
        faults += [] if gcd(int(found[1]), int(found[2])) == int(found[3]) else [found[0]]
    if found := re.search(r"primes up to (\d+).*What is left is prime: ([\d, ]+)", flat):
        primes = [n for n in range(2, int(found[1]) + 1) if all(n % k for k in range(2, n))]
        faults += [] if list(map(int, re.findall(r"\d+", found[2]))) == primes else [found[0]]
    if found := re.search(r"[Ee]ncrypt (\w+) with the shift (\d+).*secret text is (\w+)", flat):
        shifts = {(ord(b) - ord(a)) % 26 for a, b in zip(found[1], found[3], strict=True)}
        faults += [] if shifts == {int(found[2])} else [found[0]]
    if found := re.search(r"check digit of (\d+)\..*check digit is (\d)", flat):
        digits = [int(d) for d in found[1] + found[2]][::-1]
        faults += [] if sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits)) % 10 == 0 else [found[0]]
    if found := re.search(r"[Cc]heck ([()<>]+) sign by sign.*so the text is (not )?balanced", flat):
        rest = found[1]
        while "()" in rest or "<>" in rest:
            rest = rest.replace("()", "").replace("<>", "")
        faults += [] if bool(rest) == bool(found[2]) else [found[0]]
    if found := re.search(r"[Ee]ncode (\w+)\..*letters, that is (\w+): (\d+) signs become (\d+)", flat):
        faults += [] if "".join(c * int(n) for n, c in re.findall(r"(\d+)(\D)", found[2])) == found[1] else [found[0]]
    if found := re.search(r"lengths are ([\w, -]+)\..*way from (\w) to (\w) has length (\d+)", flat):
        faults += [] if shortest(found[1], found[2], found[3]) == int(found[4]) else [found[0]]
    if found := re.search(r"[Cc]ompare (\w+) with (\w+)\. .*is the distance: (\d+)", flat):
        faults += [] if distance(found[1], found[2]) == int(found[3]) else [found[0]]
    if found := re.search(r"has (\d) places, and the questions are ([A-D ]+)\..*makes (\d+) hits? in", flat):
        faults += [] if hits(int(found[1]), found[2].split()) == int(found[3]) else [found[0]]
    if found := re.search(r"[Pp]ay (\d+) with coins of ([\d, and]+)\..*So (\d+) coins? ", flat):
        coins, sums, count = set(map(int, re.findall(r"\d+", found[2]))), {0}, 0
        while int(found[1]) not in sums:
            sums, count = {s + c for s in sums for c in coins}, count + 1
        faults += [] if count == int(found[3]) else [found[0]]
    if found := re.search(r"the rules are ([\w, ]+)\..*The order is ([\w, ]+)\.", flat):
        order = found[2].split(", ")
        faults += [rule for rule in found[1].split(", ") if order.index(rule.split(" before ")[0]) > order.index(rule.split(" before ")[1])]
    if found := re.search(r"largest sum of (\d) neighbors in (\[[\d, ]+\]).*The largest sum is (\d+)", flat):
        items, width = json.loads(found[2]), int(found[1])
        faults += [] if max(sum(items[i : i + width]) for i in range(len(items) - width + 1)) == int(found[3]) else [found[0]]
    return faults


def shortest(edges: str, start: str, end: str) -> int:
    """The shortest way by relaxing every edge as often as there are edges."""
    rows = [(a, b, int(w)) for a, b, w in re.findall(r"(\w)-(\w) (\d+)", edges)]
    best = {start: 0}
    for _ in rows:
        for a, b, w in [*rows, *((b, a, w) for a, b, w in rows)]:
            if a in best:
                best[b] = min(best.get(b, best[a] + w), best[a] + w)
    return best[end]


def distance(one: str, two: str) -> int:
    """The edit distance by its definition on the first letters."""
    if not one or not two:
        return len(one) + len(two)
    if one[0] == two[0]:
        return distance(one[1:], two[1:])
    return 1 + min(distance(one[1:], two), distance(one, two[1:]), distance(one[1:], two[1:]))


def hits(size: int, asked: list[str]) -> int:
    """Hits of a cache: a key is there if fewer than `size` other keys came since its last use."""
    count = 0
    for i, key in enumerate(asked):
        if key in asked[:i]:
            last = max(j for j in range(i) if asked[j] == key)
            count += len(set(asked[last + 1 : i])) < size
    return count


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
    low, high = {"short": (20, 180), "long": (30, 400)}.get(request.length or "", (25, 330))
    if not low <= len(text.split()) <= high:
        faults.append(f"{len(text.split())} words")
    return faults


def check(text: str, request: Request) -> list[str]:
    """Every fault of a document of the request: programs, JSON, sums, traces, constraints, plain text."""
    faults = [fault for one in (check_programs, check_json, check_sums, check_comparison, check_traces) for fault in one(text)]
    faults += check_request(text, request)
    if not text.isascii() or "`" in text or "#" in text or re.search(r"\{~|\[[a-z ]+\||\$\w", text):
        faults.append("mark-up or a hole of a template")
    return faults + ([] if text[-1] in '.!?"' else ["does not end like a sentence"])
