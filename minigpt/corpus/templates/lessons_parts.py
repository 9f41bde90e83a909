"""Lessons on parts of a whole: fractions, percentages, ratios."""

from __future__ import annotations

import math

from minigpt.corpus.templates.lessons_desk import Desk, Worked

ORDINALS = {
    2: ("half", "halves"),
    3: ("third", "thirds"),
    4: ("quarter", "quarters"),
    5: ("fifth", "fifths"),
    6: ("sixth", "sixths"),
    8: ("eighth", "eighths"),
    10: ("tenth", "tenths"),
}
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _lowest(desk: Desk, least: int = 2, most: int = 10) -> tuple[int, int]:
    """A proper fraction in lowest terms."""
    bottom = desk.rng.choice([b for b in (2, 3, 4, 5, 6, 8, 10) if least <= b <= most])
    return desk.rng.choice([top for top in range(1, bottom) if math.gcd(top, bottom) == 1]), bottom


def _sum(a: int, b: int, c: int, d: int) -> str:
    """a/b + c/d in lowest terms: "5/6", "2"."""
    top, bottom = a * d + c * b, b * d
    shared = math.gcd(top, bottom)
    return f"{top // shared}/{bottom // shared}" if bottom // shared > 1 else str(top // shared)


def same_bottom(desk: Desk) -> Worked:
    cake = desk.row("cut")
    bottom = desk.rng.choice((4, 5, 6, 8, 10))
    a, c = desk.number(1, bottom - 2), 1
    c = desk.number(1, bottom - 1 - a)
    friend, many, rest = desk.other(), ORDINALS[bottom][1], bottom - a - c

    def story() -> tuple[str, str]:
        b = desk.rng.choice((4, 5, 6, 8, 10))
        x = desk.number(1, b - 2)
        y = desk.number(1, b - 1 - x)
        return desk.tell("same bottom exercise", who=desk.other(), other=desk.other(), cake=desk.row("cut"), x=x, y=y, b=b), _sum(
            x, b, y, b
        )

    last = (
        f" Both numbers can be divided by {math.gcd(a + c, bottom)}, so we may also write {_sum(a, bottom, c, bottom)}."
        if math.gcd(a + c, bottom) > 1
        else ""
    )
    return Worked(
        cake,
        [
            desk.tell("same bottom scene", cake=cake, n=bottom, a=a, c=c, friend=friend),
            desk.tell("same bottom step", cake=cake, many=many, a=a, c=c, s=a + c),
            f"That makes {a + c}/{bottom}.{last}",
            desk.tell("same bottom step 2"),
        ],
        f"{bottom} - {a + c} = {rest} of the {bottom} pieces {'are' if rest > 1 else 'is'} left, and {a + c} + {rest} = {bottom}.",
        story,
        lambda: (f"What is {a}/{bottom} + {rest}/{bottom}?", _sum(a, bottom, rest, bottom)),
    )


def unlike_bottoms(desk: Desk) -> Worked:
    most = 6 if desk.easy else 10
    (a, b), (c, d) = _lowest(desk, 2, most), _lowest(desk, 2, most)
    while b == d:
        c, d = _lowest(desk, 2, most)
    common = math.lcm(b, d)
    x, y = a * common // b, c * common // d
    shared = math.gcd(x + y, common)
    reduce = f" Both can be divided by {shared}, which gives {_sum(a, b, c, d)}." if shared > 1 else ""
    vessel, food = desk.row("cups")
    sizes = f"{ORDINALS[b][1].capitalize()} and {ORDINALS[d][1]}"

    def story() -> tuple[str, str]:
        (p, q), (r, s), (into, stuff) = _lowest(desk, 2, most), _lowest(desk, 2, most), desk.row("cups")
        return desk.tell("unlike bottoms exercise", who=desk.other(), p=p, q=q, r=r, s=s, stuff=stuff, into=into), _sum(p, q, r, s)

    return Worked(
        food,
        [
            desk.tell("unlike bottoms scene", vessel=vessel, food=food, a=a, b=b, c=c, d=d),
            desk.tell("unlike bottoms step", a=a, b=b, c=c, d=d, sizes=sizes),
            f"The least common multiple of {b} and {d} is {common}.",
            f"We write {_as(a, b, common)}, and {_as(c, d, common)}.",
            f"Now we add the numerators: {x} + {y} = {x + y}. The sum is {x + y}/{common}.{reduce}",
        ],
        f"as decimals, {_decimal(a, b)} and {_decimal(c, d)} add up to {_decimal(a * d + c * b, b * d)}.",
        story,
        lambda: desk.plain("x", b, d),
    )


def part_of(desk: Desk) -> Worked:
    top, bottom = _lowest(desk, 2, 6 if desk.easy else 10)
    each = desk.number(3, 9 if desk.easy else 18)
    total, part = bottom * each, top * each
    thing, verb, _ = desk.row("using up")
    one, many = ORDINALS[bottom]

    def story() -> tuple[str, str]:
        (t, b), unit, (what, done, _) = _lowest(desk, 2, 10), desk.number(2, 12), desk.row("using up")
        return desk.tell("part of exercise", who=desk.other(), n=b * unit, what=what, done=done, t=t, b=b), str(t * unit)

    return Worked(
        thing,
        [
            desk.tell("part of scene", total=total, thing=thing, verb=verb, top=top, bottom=bottom),
            desk.tell("part of step", one=one, total=total, bottom=bottom, each=each),
            f"One {one} is {each} already, so that is the answer: {each} {thing}."
            if top == 1
            else f"We need {COUNTS[top]} {many}, so {top} * {each} = {part} {thing}.",
            f"{total} - {part} = {total - part} are left.",
        ],
        f"{bottom} * {each} = {total}, so the {many} fit together again.",
        story,
        lambda: desk.plain("x", each, bottom),
    )


def _decimal(top: int, bottom: int) -> str:
    """The fraction as a decimal of at most three places: "0.25", "about 0.667"."""
    return f"{'about ' if 1000 * top % bottom else ''}{round(top / bottom, 3)}"


def _as(top: int, bottom: int, common: int) -> str:
    """A fraction over another denominator: 1/2 as 3/6."""
    return f"{top}/{bottom}" + (" as it is" if bottom == common else f" as {top * common // bottom}/{common}")


def _cut(top: int, bottom: int, common: int) -> str:
    """What becomes of a fraction that is cut finer: 1/2 becomes 3/6."""
    return f"{top}/{bottom} " + ("stays as it is" if bottom == common else f"becomes {top * common // bottom}/{common}")


def comparing(desk: Desk) -> Worked:
    (a, b), (c, d) = _lowest(desk), _lowest(desk)
    while b == d:
        c, d = _lowest(desk)
    friend, cake, common = desk.other(), desk.row("cut"), math.lcm(b, d)
    x, y = a * common // b, c * common // d
    winner = desk.name if x > y else friend

    def story() -> tuple[str, str]:
        (p, q), (r, s) = _lowest(desk), _lowest(desk)
        while q == s:
            r, s = _lowest(desk)
        return f"Which is more, {p}/{q} or {r}/{s}?", f"{p}/{q}" if p * s > r * q else f"{r}/{s}"

    return Worked(
        cake,
        [
            desk.tell("comparing scene", a=a, b=b, c=c, d=d, cake=cake, friend=friend),
            desk.tell("comparing step", common=common, b=b, d=d),
            f"Then {_cut(a, b, common)}, and {_cut(c, d, common)}.",
            f"{max(x, y)} pieces are more than {min(x, y)}, so {winner} has eaten more.",
        ],
        f"as decimals they are {'about ' if 100 * a % b or 100 * c % d else ''}{a / b:.2f} and {c / d:.2f}.",
        story,
        lambda: desk.plain("x", b, d),
    )


def discount(desk: Desk) -> Worked:
    thing, least, most = desk.row("prices")
    rate, price = desk.rng.choice((10, 20, 25, 30, 40, 50)), desk.number(least, most, 20)
    off = price * rate // 100
    friend = desk.other()

    def story() -> tuple[str, str]:
        (what, low, high), share = desk.row("prices"), desk.rng.choice((5, 10, 15, 20, 25, 50))
        full = desk.number(low, high, 20)
        return desk.tell("discount exercise", what=what, full=full, share=share, who=desk.other()), f"{full - full * share // 100} dollars"

    return Worked(
        thing,
        [
            desk.tell("discount scene", thing=thing.lower(), price=price, rate=rate, friend=friend),
            desk.tell("discount step", rate=rate, price=price, off=off),
            f"The new price is {price} - {off} = {price - off} dollars.",
        ],
        f"{desk.name} pays {100 - rate} percent, and {price} * {100 - rate} / 100 = {price - off}.",
        story,
        lambda: desk.plain("-", price, off),
    )


def share(desk: Desk) -> Worked:
    group, does, others, least, most = desk.row("groups")
    rate, total = desk.rng.choice((20, 25, 30, 40, 60, 70, 75, 80)), desk.number(least, most, 20)
    part = total * rate // 100

    def story() -> tuple[str, str]:
        (who, doing, _, low, high), share_ = desk.row("groups"), desk.rng.choice((10, 20, 30, 40, 50, 60, 70, 80, 90))
        n = desk.number(low, high, 20)
        return desk.tell("share exercise", n=n, who=who, k=n * share_ // 100, doing=doing), f"{share_} percent"

    return Worked(
        group,
        [
            desk.tell("share scene", total=total, group=group, part=part, does=does),
            desk.tell("share step", part=part, total=total, rate=rate),
            f"So {rate} percent of the {group} {does}, and 100 - {rate} = {100 - rate} percent {others}.",
        ],
        f"{rate} percent of {total} is {total} * {rate} / 100 = {part}.",
        story,
        lambda: desk.plain("-", total, part),
    )


def ratio(desk: Desk) -> Worked:
    drink, first, second, unit = desk.row("mixes")
    a, b = desk.rng.choice(((1, 2), (1, 3), (2, 3), (1, 4), (2, 5), (3, 4), (3, 5)))
    times = desk.number(2, 6)

    def story() -> tuple[str, str]:
        (what, one, two, measure), (p, q), k = (
            desk.row("mixes"),
            desk.rng.choice(((1, 2), (1, 3), (2, 3), (3, 4), (2, 5))),
            desk.number(2, 6),
        )
        return desk.tell("ratio exercise", what=what, p=p, q=q, one=one, two=two, n=p * k, measure=measure).replace(
            "takes 1 parts", "takes 1 part"
        ), f"{q * k} {measure}"

    parts = f"{a} part" if a == 1 else f"{a} parts"
    return Worked(
        drink,
        [
            desk.tell("ratio scene", drink=drink.lower(), parts=parts, first=first, b=b, second=second, n=a * times, unit=unit),
            desk.tell("ratio step", second=second, n=a * times, a=a, times=times, unit=unit).replace("One part is:", "One part:"),
            f"The {second} takes {b} parts, so {b} * {times} = {b * times} {unit}.",
            f"That makes {a * times} + {b * times} = {(a + b) * times} {unit} in all.",
        ],
        f"{a} and {b} are {a + b} parts, and {a + b} * {times} = {(a + b) * times}.",
        story,
        lambda: desk.plain("x", b, times),
    )
