"""Lessons on whole numbers: the four operations, estimates, sequences, equations, numbers below zero."""

from __future__ import annotations

from minigpt.corpus.templates.lessons_desk import Desk, Worked, left_over


def adding(desk: Desk) -> Worked:
    low, high = (12, 60) if desk.easy else (130, 480)
    a, b = desk.number(low, high), desk.number(low, high)
    thing, first, second = desk.row("two days")
    tens, ones = b // 10 * 10, b % 10 or 10
    tens = b - ones

    def story() -> tuple[str, str]:
        (x, y), (what, here, there) = (desk.number(low, high), desk.number(low, high)), desk.row("two days")
        return desk.tell("adding exercise", who=desk.other(), x=x, y=y, what=what, here=here, there=there), str(x + y)

    return Worked(
        thing,
        [
            desk.tell("adding scene", a=a, b=b, thing=thing, first=first, second=second),
            desk.tell("adding step", thing=thing, b=b, tens=tens, ones=ones),
            f"First {a} + {tens} = {a + tens}.",
            f"Then {a + tens} + {ones} = {a + b}, so there are {a + b} {thing}.",
        ],
        f"take {b} away again: {a + b} - {b} = {a}.",
        story,
        lambda: desk.plain("+", desk.number(low, high), desk.number(low, high)),
    )


def subtracting(desk: Desk) -> Worked:
    low, high = (30, 90) if desk.easy else (210, 690)
    a = desk.number(low, high)
    b = desk.number(low // 3, low - 4)
    up = -b % 10 or 10
    thing, verb, _ = desk.row("using up")

    def story() -> tuple[str, str]:
        x, y, (what, done, left) = desk.number(low, high), desk.number(low // 3, low - 4), desk.row("using up")
        return desk.tell("subtracting exercise", who=desk.other(), x=x, y=y, what=what, done=done, left=left), str(x - y)

    rest = a - b - up
    return Worked(
        thing,
        [
            desk.tell("subtracting scene", a=a, b=b, thing=thing, verb=verb),
            desk.tell("subtracting step", a=a, b=b, up=up, c=b + up),
            f"From {b + up} to {a} it is {a} - {b + up} = {rest}.",
            f"Together that is {up} + {rest} = {a - b}, so {a - b} {thing} are left.",
        ],
        f"{a - b} + {b} = {a}, as many as in the beginning.",
        story,
        lambda: desk.plain("-", desk.number(low, high), desk.number(low // 3, low - 4)),
    )


def multiplying(desk: Desk) -> Worked:
    box, thing, least, most = desk.row("packs")
    a, b = desk.number(max(least, 11), max(most, 15)) if desk.easy else desk.number(13, 58), desk.number(3, 9)
    a += a % 10 == 0
    tens, ones = a // 10 * 10, a % 10

    def story() -> tuple[str, str]:
        (where, what, low, high), count = desk.row("packs"), desk.number(3, 9)
        each = desk.number(low, high)
        return desk.tell("multiplying exercise", who=desk.other(), count=count, where=where, each=each, what=what), str(each * count)

    return Worked(
        thing,
        [
            desk.tell("multiplying scene", a=a, b=b, box=box, thing=thing),
            desk.tell("multiplying step", a=a, tens=tens, ones=ones),
            f"{b} * {tens} = {b * tens}, and {b} * {ones} = {b * ones}.",
            f"Together that is {b * tens} + {b * ones} = {a * b} {thing}.",
        ],
        f"divide again: {a * b} / {b} = {a}.",
        story,
        lambda: desk.plain("x", desk.number(12, 49), desk.number(3, 9)),
    )


def sharing(desk: Desk) -> Worked:
    box, thing, least, most = desk.row("packs")
    one = desk.words["lesson singulars"].get(thing, thing.removesuffix("s"))
    size, count = desk.number(max(least, 3), most), desk.number(3, 9 if desk.easy else 19)
    left = desk.number(0, size - 1)
    total = count * size + left

    def story() -> tuple[str, str]:
        where, what, low, high = desk.row("packs")
        each, full = desk.number(max(low, 3), high), desk.number(3, 9 if desk.easy else 19)
        rest = desk.number(0, each - 1)
        asked = desk.tell("sharing exercise", who=desk.other(), n=each * full + rest, what=what, where=where, each=each)
        return asked, f"{full} and {rest} left"

    return Worked(
        thing,
        [
            desk.tell("sharing scene", total=total, thing=thing, box=box, size=size),
            desk.tell("sharing step", box=box, size=size, total=total),
            f"{count} * {size} = {count * size}, and one more would be too many, so {desk.he} fills {count} {box}.",
            f"{total} - {count * size} = {left}, {left_over(left, thing, one)}.",
        ],
        f"{count} * {size} + {left} = {total}.",
        story,
        lambda: desk.plain("x", desk.number(3, 12), desk.number(4, 12)),
    )


def estimating(desk: Desk) -> Worked:
    base = 10 if desk.easy else 100
    a, b = (desk.number(2, 8) * base + desk.number(1, base - 1) for _ in range(2))
    thing, first, second = desk.row("two days")
    x, y = _round(a, base), _round(b, base)

    def story() -> tuple[str, str]:
        n, (what, here, _) = desk.number(2, 9) * base + desk.number(1, base - 1), desk.row("two days")
        return desk.tell("estimating exercise", who=desk.other(), n=n, what=what, here=here, base=base), str(_round(n, base))

    return Worked(
        thing,
        [
            desk.tell("estimating scene", a=a, b=b, thing=thing, first=first, second=second),
            f"Rounded to the nearest {base}, {a} becomes {x}, and {b} becomes {y}.",
            f"{x} + {y} = {x + y}, so there are about {x + y} {thing}.",
            f"The exact answer is {a} + {b} = {a + b}.",
        ],
        desk.tell("estimating step", gap=abs(a + b - x - y), base=base),
        story,
        lambda: desk.plain("+", x, y),
    )


def _round(n: int, base: int) -> int:
    return (n + base // 2) // base * base


def sequences(desk: Desk) -> Worked:
    start, step = desk.number(2, 20), desk.number(3, 9 if desk.easy else 17)
    terms = [start + step * i for i in range(5)]
    saved, unit, when = desk.row("growing")

    def story() -> tuple[str, str]:
        first, gap = desk.number(1, 30), desk.number(3, 12)
        shown = f"{first}, {first + gap}, {first + 2 * gap} and {first + 3 * gap}"
        return desk.tell("sequences exercise", shown=shown), str(first + 4 * gap)

    return Worked(
        saved,
        [
            desk.tell("sequences scene", saved=saved, when=when, unit=unit, terms=", ".join(map(str, terms[:4]))),
            desk.tell("sequences step", a=terms[0], b=terms[1], c=terms[2], step=step),
            f"Each number is {step} more than the one before.",
            f"So the next is {terms[3]} + {step} = {terms[4]} {unit}.",
        ],
        f"from the first to the fifth there are 4 steps, and {start} + 4 * {step} = {terms[4]}.",
        story,
        lambda: desk.plain("+", terms[4], step),
    )


def equations(desk: Desk) -> Worked:
    a, x, b = desk.number(2, 6), desk.number(3, 9), desk.number(3, 12)
    (thing, extra), who, total = desk.row("bill"), desk.other(), a * x + b

    def story() -> tuple[str, str]:
        factor, value, more = desk.number(2, 9), desk.number(2, 12), desk.number(1, 20)
        return f"Find x in {factor}x + {more} = {factor * value + more}.", str(value)

    return Worked(
        thing,
        [
            desk.tell("equations scene", total=total, a=a, thing=thing, extra=extra, b=b, who=who),
            desk.tell("equations step", a=a, b=b, total=total),
            f"First we take {b} away on both sides: {a}x = {total} - {b} = {a * x}.",
            f"Then we divide both sides by {a}: x = {a * x} / {a} = {x}. One costs {x} dollars.",
        ],
        f"{a} * {x} + {b} = {total}, just what {desk.he} paid.",
        story,
        lambda: desk.plain("x", a, x),
    )


def below_zero(desk: Desk) -> Worked:
    night, rise = desk.number(2, 12), desk.number(4, 19)
    while abs(rise - night) == 1:  # no "1 degrees"
        rise = desk.number(4, 19)
    day = rise - night
    town = desk.rng.choice(desk.words["towns"])

    def story() -> tuple[str, str]:
        cold, up, where = desk.number(2, 11), desk.number(3, 18), desk.rng.choice(desk.words["towns"])
        return desk.tell("below zero exercise", where=where, cold=cold, up=up), str(up - cold)

    over = [
        f"From -{night} up to zero it takes {night} of the {rise} degrees.",
        f"What is left goes above zero: {rise} - {night} = {day}. It is {day} degrees in {town} then.",
    ]
    under = [
        f"From -{night} up to zero it would take {night} degrees, but there are only {rise}.",
        f"We stay below zero: {night} - {rise} = {night - rise} degrees are missing, so it is {day} degrees in {town} then.",
    ]
    return Worked(
        "the thermometer",
        [
            desk.tell("below zero scene", town=town, night=night, rise=rise),
            *(["It gets exactly as warm as zero."] if day == 0 else over if day > 0 else under),
        ],
        f"go back down, and {rise} degrees below {day} it is -{night} again.",
        story,
        lambda: desk.plain("-", desk.number(20, 60), desk.number(3, 19)),
    )
