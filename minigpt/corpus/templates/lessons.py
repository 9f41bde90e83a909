"""Writes arithmetic lessons with worked examples whose numbers are all computed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from minigpt.corpus.english import upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.words import Words

# Each lesson returns the topic, the steps of the worked example, and the check.
Parts = tuple[str, list[str], str]


def lesson(rng: random.Random, words: Words, request: Request) -> str:
    """A lesson: its subject, a problem, the solution step by step, a check, a closing remark."""
    topic, steps, check = rng.choice(taught(request) or tuple(LESSONS))(rng, words)
    look = {"topic": topic}
    intro = fill(rng, rng.choice(words["lesson intros"]), look)
    proof = fill(rng, rng.choice(words["lesson checks"]), look) + check
    end = fill(rng, rng.choice(words["lesson ends"]), look)
    return "\n\n".join([f"Lesson: {topic}", f"{intro} {' '.join(steps)}", f"{proof} {end}", practice(rng, words)])


def practice(rng: random.Random, words: Words) -> str:
    """A few exercises, mostly word problems, and their answers."""
    asked, answers = [], []
    for number in range(1, rng.randint(4, 6) + 1):
        task, a, b = rng.choice(words["practice"]), rng.randint(12, 298), rng.randint(3, 11)
        results = {"sum": a + b, "difference": a - b, "product": a * b}
        found = {"a": str(a), "b": str(b), "name": rng.choice(words["people"]), "thing": rng.choice(words["things to count"])}
        asked.append(f"{number}. {upper_first(fill(rng, task['ask'], found))}")
        answers.append(f"{number}: {results[task['answer']]}")
    return "\n".join([rng.choice(words["practice heads"]), *asked, f"{rng.choice(words['answer heads'])} {', '.join(answers)}."])


def sharing(rng: random.Random, words: Words) -> Parts:
    count, size = rng.randint(3, 12), rng.randint(4, 15)
    left = rng.randrange(0, size)
    total, thing, box = count * size + left, rng.choice(words["things to count"]), rng.choice(words["boxes"])
    name, he, his = rng.choice(words["students"])
    rest = f"and {left} {'is' if left == 1 else 'are'} left over" if left else "and nothing is left over"
    return (
        "division with a remainder",
        [
            f"{name} has {total} {thing} and puts {size} into each of {his} {box}.",
            f"How many {box} can {he} fill? We divide: {total} / {size}.",
            f"Since {count} * {size} = {count * size}, {he} fills {count} {box}.",
            f"Then {total} - {count * size} = {left}, {rest}.",
        ],
        f"{count} * {size} + {left} = {total}.",
    )


def percent(rng: random.Random, words: Words) -> Parts:
    rate, price = rng.choice((5, 10, 15, 20, 25, 30, 40, 50)), rng.randrange(20, 400, 20)
    off = price * rate // 100
    article = rng.choice(words["articles"])
    return (
        "percentages and discounts",
        [
            f"The price of {article} is {price} dollars, and the shop takes off {rate} percent.",
            f"Percent means out of one hundred, so {rate} percent of {price} is {price} * {rate} / 100 = {off}.",
            f"The new price is {price} - {off} = {price - off} dollars.",
        ],
        f"we pay {100 - rate} percent, and {price} * {100 - rate} / 100 = {price - off}.",
    )


def area(rng: random.Random, words: Words) -> Parts:
    a, b = sorted(rng.sample(range(3, 30), 2), reverse=True)
    floor = rng.choice(words["floors"])
    return (
        "the area and the perimeter of a rectangle",
        [
            f"A {floor} is {a} meters long and {b} meters wide.",
            f"The area is length times width: {a} * {b} = {a * b} square meters.",
            f"The perimeter is the way around it: 2 * ({a} + {b}) = 2 * {a + b} = {2 * (a + b)} meters.",
        ],
        f"the area divided by the length gives the width, and {a * b} / {a} = {b}.",
    )


def average(rng: random.Random, words: Words) -> Parts:
    count, mean = rng.choice((3, 4, 5)), rng.randint(26, 70)  # large enough that the last value, which makes up the rest, stays positive
    values = [mean + rng.randint(-6, 6) for _ in range(count - 1)]
    values.append(mean * count - sum(values))
    rng.shuffle(values)
    total, what = sum(values), rng.choice(words["measured"])
    return (
        "the average",
        [
            f"Suppose that the {what} are {', '.join(map(str, values[:-1]))} and {values[-1]}.",
            f"First we add them: {' + '.join(map(str, values))} = {total}.",
            f"There are {count} numbers, so we divide by {count}: {total} / {count} = {mean}. The average is {mean}.",
        ],
        f"{count} times {mean} is {total}, the same sum as before.",
    )


def fractions(rng: random.Random, words: Words) -> Parts:
    b, d = rng.sample((2, 3, 4, 5, 6, 8, 10), 2)
    a, c = rng.randrange(1, b), rng.randrange(1, d)
    common = math.lcm(b, d)
    x, y = a * common // b, c * common // d
    short = math.gcd(x + y, common)
    final = f"{(x + y) // short}/{common // short}" if common // short > 1 else str((x + y) // short)
    reduce = f" Both can be divided by {short}, which gives {final}." if short > 1 else ""
    return (
        "adding fractions",
        [
            f"What is {a}/{b} + {c}/{d}? The denominators differ, so we look for a common one.",
            f"The least common multiple of {b} and {d} is {common}.",
            f"We write {a}/{b} as {x}/{common}, and {c}/{d} as {y}/{common}.",
            f"Now we add the numerators: {x} + {y} = {x + y}. The sum is {x + y}/{common}.{reduce}",
        ],
        f"as decimals, {a / b:.2f} and {c / d:.2f} add up to about {a / b + c / d:.2f}.",
    )


def speed(rng: random.Random, words: Words) -> Parts:
    ride = rng.choice(words["rides"])
    fast = {"cyclist": (12, 15, 18, 20), "boat": (10, 16, 24, 30)}.get(ride, (40, 50, 60, 80, 90))
    pace, hours = rng.choice(fast), rng.randint(2, 6)
    late = hours + rng.randint(2, 5)
    return (
        "speed, distance and time",
        [
            f"A {ride} travels at {pace} kilometers an hour for {hours} hours.",
            f"Distance is speed times time: {pace} * {hours} = {pace * hours} kilometers.",
            f"How far does it get in {late} hours? Now the distance is {pace} * {late} = {pace * late} kilometers.",
        ],
        f"distance divided by time gives the speed, and {pace * hours} / {hours} = {pace}.",
    )


def unit_price(rng: random.Random, words: Words) -> Parts:
    one, few, many = rng.randint(2, 9), rng.randint(3, 8), rng.randint(9, 20)
    thing = rng.choice(words["things to count"])
    return (
        "prices and the rule of three",
        [
            f"If {few} {thing} cost {one * few} dollars, what do {many} {thing} cost?",
            f"First find the price of one: {one * few} / {few} = {one} dollars.",
            f"Then multiply by {many}: {many} * {one} = {many * one} dollars.",
        ],
        f"{many} is more than {few}, and {many * one} dollars is more than {one * few} dollars, as it should be.",
    )


def equation(rng: random.Random, words: Words) -> Parts:
    a, x, b = rng.randint(2, 12), rng.randint(2, 15), rng.randint(1, 30)
    return (
        "solving an equation",
        [
            f"Find x in {a}x + {b} = {a * x + b}. We want x alone on one side.",
            f"First subtract {b} on both sides: {a}x = {a * x + b} - {b} = {a * x}.",
            f"Then divide both sides by {a}: x = {a * x} / {a} = {x}.",
        ],
        f"put {x} in place of x, and {a} * {x} + {b} = {a * x + b}.",
    )


def clock(rng: random.Random, words: Words) -> Parts:
    hour, minute, length = rng.randint(1, 8), rng.randrange(5, 60, 5), rng.randrange(65, 215, 5)
    name, he, _ = rng.choice(words["students"])
    end = hour * 60 + minute + length
    total, hours = minute + length % 60, f"{length // 60} hour" + "s" * (length >= 120)
    carry = "That is less than 60, so there is nothing to carry."
    if total >= 60:
        carry = f"That is 1 hour and {total - 60} minutes, so we carry one hour."
    return (
        "adding times",
        [
            f"{name} starts reading at {hour}:{minute:02d} and reads for {length} minutes. When does {he} stop?",
            f"An hour has 60 minutes, so {length} minutes are {hours} and {length % 60} minutes.",
            f"We add the minutes: {minute} + {length % 60} = {total}. {carry} The end is at {end // 60}:{end % 60:02d}.",
        ],
        f"from {hour}:{minute:02d} to {end // 60}:{end % 60:02d} there are {length} minutes.",
    )


def multiply(rng: random.Random, words: Words) -> Parts:
    a, b = 10 * rng.randint(1, 9) + rng.randint(1, 9), rng.randint(3, 9)
    tens, ones = a // 10 * 10, a % 10
    box, thing = rng.choice(words["boxes"]), rng.choice(words["things to count"])
    return (
        "multiplying in your head",
        [
            f"There are {b} {box} with {a} {thing} in each, and we want {b} * {a}.",
            f"Split {a} into {tens} and {ones}. Then {b} * {tens} = {b * tens}, and {b} * {ones} = {b * ones}.",
            f"Together that is {b * tens} + {b * ones} = {a * b} {thing}.",
        ],
        f"{a * b} / {b} = {a}.",
    )


Lesson = Callable[[random.Random, Words], Parts]
LESSONS: dict[Lesson, str] = {  # lesson -> the words by which a request may name it
    sharing: "division dividing remainder", percent: "percentage discount", area: "area perimeter rectangle geometry",
    average: "average mean statistics", fractions: "fraction denominator", speed: "speed distance", unit_price: "price proportion",
    equation: "equation algebra", clock: "time clock hour minute", multiply: "multiplication multiplying times table",
}  # fmt: skip
ALL = "math maths mathematics arithmetic number calculation".split()


def taught(request: Request) -> tuple[Lesson, ...]:
    """The lessons about a request's topics; empty if a topic is not arithmetic."""
    asked = [{word.removesuffix("s") for word in topic.lower().split()} for topic in request.topics]
    if any(words & set(ALL) for words in asked):
        return tuple(LESSONS)
    if not all(any(name.startswith(word) for names in LESSONS.values() for name in names.split() for word in words) for words in asked):
        return ()
    words = set().union(*asked)
    return tuple(lesson for lesson, names in LESSONS.items() if any(name.startswith(word) for word in words for name in names.split()))
