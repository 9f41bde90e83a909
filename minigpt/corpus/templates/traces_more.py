"""Writes worked examples of algorithms on strings, caches, queues and tables."""

from __future__ import annotations

import random
from collections import deque

from minigpt.corpus.english import join_and
from minigpt.corpus.templates.traces import Trace, numbers, times

WORDS = (
    "river", "stone", "garden", "lamp", "orange", "tiger", "cloud", "paper", "silver", "bread", "music", "island", "train", "pencil",
    "winter", "lemon", "violet", "amber", "saddle", "pillow", "button", "letter", "planet", "kitten", "basket", "copper", "meadow",
)  # fmt: skip


def brackets(rng: random.Random) -> str:
    pairs = {"(": ")", "<": ">"}
    text, open_ = "", list[str]()
    while len(text) < 8:
        if open_ and (rng.random() < 0.5 or len(text) + len(open_) >= 8):
            text += pairs[open_.pop()]
        else:
            open_.append(rng.choice("(<"))
            text += open_[-1]
    if rng.random() < 0.4:
        text = text[:-1] + rng.choice(")>")
    stack: list[str] = []
    story = f"check {text} sign by sign."
    for place, sign in enumerate(text, 1):
        if sign in pairs:
            stack.append(sign)
            story += f" Sign {place} opens, depth {len(stack)}."
        elif not stack or pairs[stack.pop()] != sign:
            return f"{story} Sign {place} does not close what is open, so the text is not balanced."
        else:
            story += f" Sign {place} closes, depth {len(stack)}."
    if stack:
        return f"{story} Something is left open, so the text is not balanced."
    return f"{story} Nothing is left open, so the text is balanced."


def run_length(rng: random.Random) -> str:
    signs = [rng.choice("bcdwxyz")]
    while len(signs) < rng.choice((4, 5, 6)):
        signs.append(rng.choice([c for c in "bcdwxyz" if c != signs[-1]]))
    counts = [rng.randint(1, 5) for _ in signs]
    text = "".join(sign * count for sign, count in zip(signs, counts, strict=True))
    code = "".join(f"{count}{sign}" for sign, count in zip(signs, counts, strict=True))
    runs = join_and([f"{times(count, 'letter')} {sign}" for sign, count in zip(signs, counts, strict=True)])
    return f"encode {text}. There are {runs}. Written as numbers and letters, that is {code}: {len(text)} signs become {len(code)}."


def caesar(rng: random.Random) -> str:
    word, shift = rng.choice(WORDS), rng.randint(2, 20)
    moved = "".join(chr((ord(c) - 97 + shift) % 26 + 97) for c in word)
    steps = ", ".join(f"{a} to {b}" for a, b in dict(zip(word, moved, strict=True)).items())
    text = f"encrypt {word} with the shift {shift}. The letters move: {steps}."
    return f"{text} The secret text is {moved}; a shift of {26 - shift} brings it back."


def luhn(rng: random.Random) -> str:
    digits = [rng.randrange(1, 10) for _ in range(6)]
    doubled = [d if i % 2 == 0 else 2 * d for i, d in enumerate(digits)]
    parts = [d - 9 if d > 9 else d for d in doubled]
    total = sum(parts)
    number = "".join(map(str, digits))
    return (
        f"find the check digit of {number}. Every second digit is doubled, and 9 is taken off what exceeds 9: "
        f"{', '.join(map(str, parts))}. "
        f"The sum is {total}, so the check digit is {-total % 10}, because {total} + {-total % 10} = {total + -total % 10} ends in 0."
    )


def lru(rng: random.Random) -> str:
    size, asked = rng.choice((2, 3)), [rng.choice("BCDE") for _ in range(rng.choice((6, 7, 8)))]
    cache: list[str] = []
    hits, text = 0, f"the cache has {size} places, and the questions are {' '.join(asked)}."
    for key in asked:
        if key in cache:
            hits += 1
            cache.remove(key)
            text += f" {key} is a hit."
        elif len(cache) == size:
            text += f" {key} is a miss and replaces {cache.pop(0)}."
        else:
            text += f" {key} is a miss."
        cache.append(key)
    return f"{text} That makes {times(hits, 'hit')} in {len(asked)} questions."


def round_robin(rng: random.Random) -> str:
    jobs = deque(zip(rng.sample("PQRSTU", 3), rng.sample(range(2, 10), 3), strict=True))
    part, now = rng.choice((2, 3)), 0
    text = f"the jobs need {join_and([f'{name} {need}' for name, need in jobs])} seconds, and each turn lasts {part} seconds."
    while jobs:
        name, need = jobs.popleft()
        used = min(part, need)
        now += used
        if need > used:
            jobs.append((name, need - used))
            text += f" {name} runs until {now}."
        else:
            text += f" {name} ends at {now}."
    return f"{text} All jobs are done after {now} seconds."


def hash_table(rng: random.Random) -> str:
    size, items = rng.choice((5, 7)), numbers(rng, 10, 60, (4, 5))
    buckets: dict[int, list[int]] = {}
    text = f"put {join_and([str(i) for i in items])} into {size} buckets."
    for item in items:
        bucket = buckets.setdefault(item % size, [])
        text += f" {item} mod {size} = {item % size}" + (f", a bucket that holds {join_and([str(i) for i in bucket])}." if bucket else ".")
        bucket.append(item)
    longest = max(len(bucket) for bucket in buckets.values())
    return f"{text} The longest bucket holds {times(longest, 'number')}."


def sliding_window(rng: random.Random) -> str:
    items, width = numbers(rng, 1, 20, (5, 6)), rng.choice((2, 3))
    here = sum(items[:width])
    sums, text = [here], f"find the largest sum of {width} neighbors in {items}. The first window has the sum {here}."
    for i in range(width, len(items)):
        text += f" Add {items[i]} and drop {items[i - width]}: {here + items[i] - items[i - width]}."
        here += items[i] - items[i - width]
        sums.append(here)
    return f"{text} The largest sum is {max(sums)}."


def coin_change(rng: random.Random) -> str:
    coins, amount = (1, *sorted(rng.sample((3, 4, 5, 6, 7), 2))), rng.randint(9, 14)
    best = [0]
    for value in range(1, amount + 1):
        best.append(1 + min(best[value - coin] for coin in coins if coin <= value))
    table = ", ".join(map(str, best[1:]))
    return (
        f"pay {amount} with coins of {join_and([str(c) for c in coins])}. The fewest coins for the amounts from 1 to {amount} are {table}. "
        f"So {times(best[amount], 'coin')} are enough."
    )


def edit_distance(rng: random.Random) -> str:
    one = rng.choice(WORDS)
    two = list(one)
    two[rng.randrange(len(two))] = rng.choice("aeiou")
    if rng.random() < 0.7:
        two.insert(rng.randrange(len(two)), rng.choice("rstln"))
    other = "".join(two)
    row, text = list(range(len(other) + 1)), f"compare the word {one} with {other}. The first row is {list(range(len(other) + 1))}."
    for i, a in enumerate(one, 1):
        row = _next_row(row, i, a, other)
        text += f" After {a}: {row}."
    return f"{text} The last number is the distance: {row[-1]}."


def _next_row(row: list[int], i: int, sign: str, other: str) -> list[int]:
    """The next row of the edit-distance table."""
    new = [i]
    for j, b in enumerate(other, 1):
        new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (sign != b)))
    return new


def hanoi(rng: random.Random) -> str:
    disks = rng.randint(3, 8)
    moves, text = 1, f"move {disks} disks. One disk takes 1 move."
    for size in range(2, disks + 1):
        text += f" {size} disks take 2 * {moves} + 1 = {2 * moves + 1} moves."
        moves = 2 * moves + 1
    return f"{text} That is 2^{disks} - 1."


MORE: tuple[Trace, ...] = (
    brackets, run_length, caesar, luhn, lru, round_robin, hash_table, sliding_window, coin_change, edit_distance, hanoi,
)  # fmt: skip
