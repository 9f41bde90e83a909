"""Lessons on measures: area, speed, time, prices, maps, averages, change."""

from __future__ import annotations

from minigpt.corpus.templates.lessons_desk import Desk, Worked


def area(desk: Desk) -> Worked:
    place, job, least, most = desk.row("floors")
    b = desk.number(least, most * 3 // 4)
    a = desk.number(b + 1, most)

    def story() -> tuple[str, str]:
        where, _, low, high = desk.row("floors")
        wide = desk.number(low, high * 3 // 4)
        long = desk.number(wide + 1, high)
        which = desk.rng.choice(("area", "perimeter"))
        asked = desk.tell("area exercise", who=desk.other(), where=where, long=long, wide=wide, which=which)
        return asked, f"{long * wide} square meters" if which == "area" else f"{2 * (long + wide)} meters"

    return Worked(
        place,
        [
            desk.tell("area scene", job=job, place=place, a=a, b=b),
            desk.tell("area step", a=a, b=b, ab=a * b),
            desk.tell("area step 2", a=a, b=b, c=a + b, p=2 * (a + b)),
        ],
        f"area divided by length gives the width, and {a * b} / {a} = {b}.",
        story,
        lambda: desk.plain("x", a, b),
    )


def speed(desk: Desk) -> Worked:
    ride, least, most, longest = desk.row("rides")
    pace, hours = desk.number(least, most, 2 if most < 40 else 10), desk.number(2, longest)
    more = hours + desk.number(1, 2)
    town = desk.rng.choice(desk.words["towns"])

    def story() -> tuple[str, str]:
        what, low, high, far = desk.row("rides")
        fast, time = desk.number(low, high, 2 if high < 40 else 10), desk.number(2, far)
        if desk.rng.random() < 0.5:
            return desk.tell("speed exercise", who=desk.other(), what=what, fast=fast, time=time), f"{fast * time} kilometers"
        return desk.tell("speed exercise back", who=desk.other(), what=what, time=time, far=fast * time), f"{fast} kilometers an hour"

    return Worked(
        ride,
        [
            desk.tell("speed scene", town=town, ride=ride, pace=pace, hours=hours),
            desk.tell("speed step", pace=pace, hours=hours, d=pace * hours),
            f"If it were {more} hours, it would be {pace} * {more} = {pace * more} kilometers.",
        ],
        f"distance divided by time gives the speed, and {pace * hours} / {hours} = {pace}.",
        story,
        lambda: desk.plain("x", pace, hours),
    )


def clock(desk: Desk) -> Worked:
    does, least, most = desk.row("lasting")
    hour, minute, length = desk.number(1, 8), desk.number(5, 55, 5), desk.number(max(least, 65), most, 5)
    end, total = hour * 60 + minute + length, minute + length % 60
    hours = f"{length // 60} hour" + "s" * (length >= 120)
    carry = (
        f"That is 1 hour and {total - 60} minutes, so we carry one hour."
        if total >= 60
        else "That is less than 60, so there is nothing to carry."
    )

    def story() -> tuple[str, str]:
        doing, low, high = desk.row("lasting")
        begin, takes = desk.number(1, 8) * 60 + desk.number(0, 55, 5), desk.number(low, high, 5)
        return desk.tell("clock exercise", who=desk.other(), doing=doing, begin=_time(begin), takes=takes), _time(begin + takes)

    return Worked(
        does,
        [
            desk.tell("clock scene", does=does, begin=_time(hour * 60 + minute), length=length),
            f"An hour has 60 minutes, so {length} minutes are {hours}" + (f" and {length % 60} minutes." if length % 60 else "."),
            f"We add the minutes: {minute} + {length % 60} = {total}. {carry} It is over at {_time(end)}.",
        ],
        f"from {_time(hour * 60 + minute)} to {_time(end)} there are {length} minutes.",
        story,
        lambda: desk.plain("-", desk.number(61, 180), 60),
    )


def _time(minutes: int) -> str:
    return f"{(minutes // 60 - 1) % 12 + 1}:{minutes % 60:02d}"


def unit_price(desk: Desk) -> Worked:
    thing, least, most = desk.row("bought")
    one, few = desk.number(least, most), desk.number(3, 6)
    many = desk.number(7, 12)
    town = desk.rng.choice(desk.words["streets"])

    def story() -> tuple[str, str]:
        what, low, high = desk.row("bought")
        each, some, lots = desk.number(low, high), desk.number(2, 6), desk.number(7, 12)
        return desk.tell("unit price exercise", who=desk.other(), a=each * some, some=some, what=what, lots=lots), f"{each * lots} dollars"

    return Worked(
        thing,
        [
            desk.tell("unit price scene", street=town, few=few, thing=thing, a=one * few, many=many),
            desk.tell("unit price step", a=one * few, few=few, one=one),
            f"Then we multiply: {many} * {one} = {many * one} dollars.",
        ],
        f"{many} are more than {few}, and {many * one} dollars are more than {one * few} dollars, as it should be.",
        story,
        lambda: desk.plain("x", many, one),
    )


def scale(desk: Desk) -> Worked:
    per, cm = desk.rng.choice((2, 4, 5, 10)), desk.number(3, 14)
    start, end = desk.rng.sample(desk.words["towns"], 2)

    def story() -> tuple[str, str]:
        one, length, (a, b) = desk.rng.choice((2, 3, 5, 10)), desk.number(3, 15), desk.rng.sample(desk.words["towns"], 2)
        return desk.tell("scale exercise", one=one, a=a, b=b, length=length), f"{one * length} kilometers"

    return Worked(
        "the map",
        [
            desk.tell("scale scene", per=per, cm=cm, start=start, end=end),
            desk.tell("scale step", per=per, cm=cm, d=cm * per),
            f"And {2 * cm * per} kilometers would be {2 * cm * per} / {per} = {2 * cm} centimeters.",
        ],
        f"{cm * per} / {per} = {cm}.",
        story,
        lambda: desk.plain("x", cm, per),
    )


def average(desk: Desk) -> Worked:
    what, unit, least, most = desk.row("measured")
    count = desk.rng.choice((3, 4, 5))
    spread = max(2, (most - least) // 6)
    mean = desk.number(least + 3 * spread, most - 2 * spread)
    values = [mean + desk.number(-spread, spread) for _ in range(count - 2)]
    rest = mean * count - sum(values)
    values += [rest // 2, rest - rest // 2]
    desk.rng.shuffle(values)
    listed, total = f"{', '.join(map(str, values[:-1]))} and {values[-1]}", sum(values)

    def story() -> tuple[str, str]:
        name, measure, low, high = desk.row("measured")
        middle, gap = desk.number(low + 8, high - 8) if high - low > 20 else (low + high) // 2, desk.number(1, 4)
        return desk.tell(
            "average exercise", who=desk.other(), name=name, a=middle - gap, b=middle, c=middle + gap, unit=measure
        ), f"{middle} {measure}"

    return Worked(
        what,
        [
            desk.tell("average scene", what=what, listed=listed, unit=unit),
            desk.tell("average step", sum=" + ".join(map(str, values)), total=total),
            f"There are {count} numbers, so we divide by {count}: {total} / {count} = {mean}. The average is {mean} {unit}.",
        ],
        f"{count} times {mean} is {total}, the same sum as before.",
        story,
        lambda: desk.plain("+", values[0], values[1]),
    )


def change(desk: Desk) -> Worked:
    note = desk.rng.choice((20, 50) if desk.easy else (50, 100))
    (thing, least, most), (thing2, least2, most2) = desk.rng.sample(desk.words["lesson rows"]["bought"], 2)
    one, two = desk.number(least, most), desk.number(least2, most2)
    n = desk.number(2, max(2, min(4, (note - 6 - two) // one)))
    total = n * one + two
    single = desk.words["lesson singulars"].get(thing2, thing2.removesuffix("s"))

    def story() -> tuple[str, str]:
        what, low, high = desk.row("bought")
        each, some = desk.number(low, high), desk.number(2, 4)
        paid = next(bill for bill in (10, 20, 50, 100) if bill > each * some)
        return desk.tell("change exercise", who=desk.other(), some=some, what=what, each=each, paid=paid), f"{paid - each * some} dollars"

    return Worked(
        thing,
        [
            desk.tell("change scene", n=n, thing=thing, one=one, single=single, two=two, note=note),
            f"The {thing} cost {n} * {one} = {n * one} dollars, so together it is {n * one} + {two} = {total} dollars.",
            desk.tell("change step", note=note, total=total, back=note - total),
        ],
        f"{total} + {note - total} = {note}.",
        story,
        lambda: desk.plain("-", note, total),
    )
