"""Finds the answers of worked examples again, in other ways than the writers. In: a technical document; out: the list of its faults."""

from __future__ import annotations

import json
import re
from math import gcd


def check_traces(text: str) -> list[str]:
    """The faults of all worked examples of a document."""
    return [fault for example in text.split("Another example:") for fault in check_trace(example)]


def check_trace(text: str) -> list[str]:
    """The answer of a worked example, found again in another way."""
    flat = re.sub(r"\n+(?:\d+\. )?|Solution: |Hint(?: from \w+)?: [^\n]*", " ", text)
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
    if found := re.search(r"[Cc]ompare the word (\w+) with (\w+)\. .*is the distance: (\d+)", flat):
        faults += [] if distance(found[1], found[2]) == int(found[3]) else [found[0]]
    if found := re.search(r"has (\d) places, and the questions are ([B-E ]+)\..*makes (\d+) hits? in", flat):
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
