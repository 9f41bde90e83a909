"""Writes worked examples of algorithms: sentences that trace them on random numbers."""

from __future__ import annotations

import random
from collections.abc import Callable

from minigpt.corpus.english import join_and

Trace = Callable[[random.Random], str]


def numbers(rng: random.Random, low: int = 1, high: int = 30, sizes: tuple[int, ...] = (4, 5)) -> list[int]:
    """Distinct numbers in random order."""
    return rng.sample(range(low, high), rng.choice(sizes))


def times(count: int, noun: str) -> str:
    """1 step, 2 steps."""
    return f"{count} {noun}" + "s" * (count != 1)


def linear_search(rng: random.Random) -> str:
    items = numbers(rng, sizes=(4, 5, 6))
    place = rng.randrange(len(items))
    looked = ", ".join(str(i) for i in items[: place + 1])
    text = f"search for {items[place]} in {items}. The search looks at {looked} and finds it at position {place}"
    return f"{text} after {times(place + 1, 'comparison')}."


def binary_search(rng: random.Random) -> str:
    items = sorted(numbers(rng, sizes=(5, 7)))
    target = rng.choice(items)
    low, high, steps = 0, len(items) - 1, []
    while True:
        middle = (low + high) // 2
        if items[middle] == target:
            steps.append(f"the middle is {items[middle]}, found at position {middle}")
            break
        side = "right" if items[middle] < target else "left"
        steps.append(f"the middle is {items[middle]}, so go {side}")
        low, high = (middle + 1, high) if side == "right" else (low, middle - 1)
    return f"search for {target} in {items}. " + _sentences(steps)


def _sentences(steps: list[str]) -> str:
    """Steps as numbered sentences: "Step 1: ... Step 2: ..."."""
    return " ".join(f"Step {i}: {step}." for i, step in enumerate(steps, 1))


def insertion_sort(rng: random.Random) -> str:
    items = numbers(rng)
    text = f"sort {items}."
    for i in range(1, len(items)):
        moved = items[i]
        items[: i + 1] = sorted(items[: i + 1])
        text += f" Insert {moved}: {items}."
    return text


def selection_sort(rng: random.Random) -> str:
    items = numbers(rng)
    text = f"sort {items}."
    for i in range(len(items) - 1):
        smallest = items.index(min(items[i:]))
        items[i], items[smallest] = items[smallest], items[i]
        text += f" Smallest is {items[i]}: {items}."
    return text


def bubble_sort(rng: random.Random) -> str:
    items = numbers(rng)
    text = f"sort {items}."
    for turn in range(1, len(items) + 1):
        swaps = 0
        for i in range(len(items) - 1):
            if items[i] > items[i + 1]:
                items[i], items[i + 1], swaps = items[i + 1], items[i], swaps + 1
        text += f" Pass {turn} makes {times(swaps, 'swap')}: {items}."
        if not swaps:
            break
    return text


def merge(rng: random.Random) -> str:
    items = numbers(rng, sizes=(4, 6))
    left, right = sorted(items[: len(items) // 2]), sorted(items[len(items) // 2 :])
    text, taken = f"merge {left} and {right}.", 0
    while left and right:
        taken += 1
        first, second = left[0], right[0]
        smaller = (left if first < second else right).pop(0)
        text += f" Compare {first} and {second}, take {smaller}."
    return text + f" One list is empty, so append {left or right}. The result is {sorted(items)}, after {times(taken, 'comparison')}."


def euclid(rng: random.Random) -> str:
    common = rng.choice((2, 3, 4, 5, 6))
    a, b = (common * k for k in sorted(rng.sample(range(2, 12), 2), reverse=True))
    text = f"take {a} and {b}."
    while b:
        text += f" {a} divided by {b} leaves {a % b}."
        a, b = b, a % b
    return text + f" The remainder is zero, so the greatest common divisor is {a}."


def sieve(rng: random.Random) -> str:
    limit = rng.randrange(12, 31)
    left, text = list(range(2, limit + 1)), f"find the primes up to {limit}."
    for prime in (2, 3, 5, 7):
        if prime * prime <= limit:
            gone = [n for n in left if n >= prime * prime and n % prime == 0]
            left = [n for n in left if n not in gone]
            text += f" {prime} crosses out {times(len(gone), 'number')}{', starting with ' + str(gone[0]) if gone else ''}."
    return text + f" What is left is prime: {', '.join(map(str, left))}."


def binary_digits(rng: random.Random) -> str:
    number = rng.randrange(5, 70)
    text, n = f"convert {number}.", number
    while n:
        text += f" {n} / 2 is {n // 2}, remainder {n % 2}."
        n //= 2
    return text + f" Read upward, the digits are {number:b}."


def power(rng: random.Random) -> str:
    base, exponent = rng.choice((2, 3, 5)), rng.randrange(3, 8)
    text, result, square, n = f"compute {base} to the power of {exponent}.", 1, base, exponent
    while n:
        if n % 2:
            result *= square
            text += f" The exponent {n} is odd, so the result becomes {result}."
        else:
            text += f" The exponent {n} is even, so the result stays {result}."
        n //= 2
        if n:
            square *= square
            text += f" Square the base to {square}."
    return text + f" The answer is {result}."


def prefix_sums(rng: random.Random) -> str:
    items = numbers(rng, 1, 30, (5, 6))
    sums = [sum(items[:i]) for i in range(len(items) + 1)]
    first, last = sorted(rng.sample(range(1, len(items) + 1), 2))
    return (
        f"for {items} the running totals, with a zero in front, are {sums}. The sum of items {first} to {last}, counted from one, "
        f"is {sums[last]} - {sums[first - 1]} = {sums[last] - sums[first - 1]}."
    )


def two_pointers(rng: random.Random) -> str:
    items = sorted(numbers(rng, 1, 30, (5, 6)))
    low, high = 0, len(items) - 1
    target = sum(rng.sample(items, 2))
    text = f"find two numbers in {items} with the sum {target}."
    while items[low] + items[high] != target:
        total = items[low] + items[high]
        text += f" {items[low]} + {items[high]} = {total} is too {'small' if total < target else 'large'}."
        low, high = (low + 1, high) if total < target else (low, high - 1)
    return text + f" {items[low]} + {items[high]} = {target} is the answer."


def kadane(rng: random.Random) -> str:
    items = [rng.choice((-1, 1)) * rng.randint(1, 9) for _ in range(rng.choice((5, 6)))]
    here, best, sums = items[0], items[0], [items[0]]
    for item in items[1:]:
        here = max(item, here + item)
        best = max(best, here)
        sums.append(here)
    return f"for {items} the best sums that end at each position are {sums}. The largest of them is {best}, so that is the answer."


def counting_sort(rng: random.Random) -> str:
    items = [rng.randint(0, 5) for _ in range(rng.choice((5, 6, 7)))]
    counts = [f"{value} occurs {times(items.count(value), 'time')}" for value in sorted(dict.fromkeys(items))]
    return f"sort {items}. The counts: {join_and(counts)}. Written out in order, that is {sorted(items)}."


def majority(rng: random.Random) -> str:
    winner, others = rng.choice("BCDH"), rng.choices("EFG", k=2)
    votes = [winner] * rng.choice((3, 4)) + others
    rng.shuffle(votes)
    candidate, count, states = "", 0, []
    for vote in votes:
        if count == 0:
            candidate = vote
        count += 1 if vote == candidate else -1
        states.append(f"{candidate}{count}")
    text = f"for the votes {' '.join(votes)} the candidate and its counter are, in turn, {', '.join(states)}."
    return f"{text} So {candidate} wins, with {votes.count(winner)} of {len(votes)} votes."


def horner(rng: random.Random) -> str:
    a, b, c, x = (rng.randint(2, 9) for _ in range(4))
    first = a * x + b
    text = f"compute {a}x^2 + {b}x + {c} for x = {x}. Start with {a}. Then {a} * {x} + {b} = {first}."
    return f"{text} Then {first} * {x} + {c} = {first * x + c}, which is the value."


ALL: tuple[Trace, ...] = (
    linear_search, binary_search, insertion_sort, selection_sort, bubble_sort, merge, euclid, sieve,
    binary_digits, power, prefix_sums, two_pointers, kadane, counting_sort, majority, horner,
)  # fmt: skip
