"""Reads general documents without the writers. In: a text and its form; out: the list of its faults: dates, sizes, names, sums."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations

MONTHS = "January February March April May June July August September October November December".split()
DATE = re.compile(rf"\b({'|'.join(MONTHS)}) (\d{{1,2}})\b")
ASKED = (
    r"(?:let (?:us|me) know|tell (?:us|me)|sign up|confirm|count on you|whether you can come)[^.?!]*?"
    r"(?:by|before|until) (?:[A-Z][a-z]+day, )?"
)
CLOCK = re.compile(r"\b(\d{1,2}):(\d\d)\b")
NAME = re.compile(r"\b([A-Z][a-z]+) ([A-Z][a-z]+)\b")
FIRST = set(
    (
        "Aisha Albert Anna Bella Ben Boris Carla Clara Conor David Dora Edgar Elena Emma Farid Felix Fiona Grace Gus "
        "Hannah Hiro Igor Ines Iris Jamal Jonas Julia Karim Kate Laura Leo Linus Mara Maya Milo Nils Nina Olivia Oscar "
        "Pedro Petra Quinn Ravi Rosa Ruth Sami Simon Stella Tara Tim Ursula Victor Vito Wanda Wendy Xenia Yara Yusuf "
        "Zoe Zora "
    ).split()
)
PRICES = {  # what one of them may cost, in dollars
    "desk lamps": (15, 90), "office chairs": (90, 500), "monitors": (100, 500), "whiteboards": (40, 300), "headsets": (20, 150),
    "filing cabinets": (80, 400), "standing desks": (200, 900), "printers": (80, 600), "projectors": (200, 1200),
    "folding tables": (40, 250),
    "work jackets": (25, 150), "keyboards": (15, 120), "safety helmets": (10, 80), "scanners": (80, 700), "garden benches": (60, 500),
    "bookshelves": (40, 300), "solar lamps": (10, 80), "reading tablets": (80, 400), "lesson": (10, 60), "a night": (40, 200),
}  # fmt: skip
SIZES = (  # (pattern, least, most)
    (r"(\d[\d,]*) million dollars", 1, 15),
    (r"(\d[\d,]*) years old", 3, 150),
    (r"(\d[\d,]*) degrees", 0, 40),
    (r"(\d[\d,]*) kilometers an hour", 3, 140),
    (r"warranty is (\d+) months", 12, 60),
    (r"(\d+) percent off|takes? off (\d+) percent", 5, 50),
    (r"ticket costs (\d+) dollars", 1, 80),
    (r"(\d+) centimeters of snow", 20, 150),
    (r"ran it for (\d+) years", 1, 50),
)


def number(text: str) -> int:
    return int(text.replace(",", ""))


def day(found: tuple[str, str]) -> int:
    """A date as a number that grows with it."""
    return 31 * MONTHS.index(found[0]) + int(found[1])


# ---- one check for each kind of fault: text -> faults ----------------------------------------------------------------------------------


def check_answers_in_time(text: str) -> list[str]:
    """Who is asked for an answer by a day has it before the latest day that the text speaks of."""
    days = [day(found) for found in DATE.findall(text)]
    faults = []
    for found in re.findall(ASKED + DATE.pattern, text):
        if len(set(days)) > 1 and day(found) >= max(days):
            faults.append(f"an answer by {' '.join(found)} is too late")
    return faults


def check_times(text: str) -> list[str]:
    """What begins at one time and ends at another takes between a quarter of an hour and four hours."""
    faults = []
    for a, b, c, d in re.findall(r"(?:begin|start|leave)s? at (\d+):(\d\d) and (?:finish|end|arrive)(?:es|s)? at (\d+):(\d\d)", text):
        takes = ((int(c) * 60 + int(d)) - (int(a) * 60 + int(b))) % 720
        faults += [] if 15 <= takes <= 240 else [f"{a}:{b} to {c}:{d} takes {takes} minutes"]
    return faults + [f"{h}:{m} is no time" for h, m in CLOCK.findall(text) if not (1 <= int(h) <= 12 and int(m) < 60)]


def check_sizes(text: str) -> list[str]:
    faults = []
    for thing, (least, most) in PRICES.items():
        for price in re.findall(rf"\b{thing} (?:at|for|cost) (\d[\d,]*) dollars (?:each|apiece)", text):
            faults += [] if least <= number(price) <= most else [f"{thing} at {price} dollars"]
    for pattern, least, most in SIZES:
        for found in re.finditer(pattern, text):
            value = next((group for group in found.groups() if group), None)
            if value and not least <= number(value) <= most:
                faults.append(f"{found[0]!r}")
    return faults


def check_names(text: str) -> list[str]:
    """Nobody shares a first or a last name with somebody else."""
    people = {(first, last) for first, last in NAME.findall(text) if first in FIRST}
    return [f"{a} and {b} share a name" for a, b in combinations(sorted(people), 2) if a[0] == b[0] or a[1] == b[1]]


def check_clean(text: str) -> list[str]:
    """Sentences end, words are not doubled, and a statement does not run into the next."""
    faults = [f"repeats {word!r}" for word in re.findall(r"\b([a-z]+) \1\b(?! la\b)", text) if word not in ("la", "had", "that")]
    faults += [f"{found!r}" for found in re.findall(r"\.\.|[.?!]{2,}(?!\")|[;:,][.;:,?!]|[?!][;:,]|\(\)| $", text)]
    lines = [line for line in text.split("\n") if len(line.split()) > 12 and not line.startswith("Subject: ")]
    faults += [f"ends with {line[-20:]!r}" for line in lines if line[-1] not in '.?!":,']
    return faults


def check_voices(text: str) -> list[str]:
    """In a dialogue nobody calls the other by the own name."""
    faults = []
    for speaker, said in re.findall(r"(?m)^([A-Z][\w. ]{0,20}): (.*)$", text):
        if re.search(rf", {re.escape(speaker)}[.?!]|^{re.escape(speaker)},", said):
            faults.append(f"{speaker} calls {speaker}")
    return faults


def check_letter(text: str) -> list[str]:
    """The sender is somebody else than the addressee, and does not speak of himself as of a third person."""
    if not text.startswith("Subject: "):
        return []
    sender = re.search(r",\n([A-Z]\w+ [A-Z]\w+)(?:\n|$)", text)
    greeting = re.search(r"\n\n(?:Dear|Hello) (.*),\n\n", text)
    body = text[: sender.start()] if sender else text
    faults = [] if sender else ["has no sender"]
    if sender and greeting and any(part in sender[1].split() for part in greeting[1].split()):
        faults.append("is from and to the same person")
    named = re.sub(r"[Mm]y name is [A-Z]\w+ [A-Z]\w+", "", body)
    return faults + ([f"{sender[1]} speaks of {sender[1]}"] if sender and sender[1] in named else [])


def check_headline(text: str) -> list[str]:
    """The numbers and the places of a headline are in the report."""
    head, _, rest = text.partition("\n\n")
    if "\n\n" not in rest or text.startswith(("Subject", "To:", "Lesson")):
        return []
    faults = [f"{found} only in the headline" for found in re.findall(r"\d[\d,]*\d|\d", head) if found not in rest]
    return faults + [f"{town} only in the headline" for town in re.findall(r"(?<= in )([A-Z][a-z]+)", head) if town not in rest]


EXERCISES: tuple[tuple[str, Callable[..., int]], ...] = (  # word problems and their answers, read anew
    (r"costs (\d+) dollars, and the shop takes off (\d+) percent", lambda full, off: full - full * off // 100),
    (r"pays (\d+) dollars for (\d+) [a-z ]+\. What do (\d+) cost", lambda paid, some, many: paid // some * many),
    (r"buys (\d+) [a-z ]+ at (\d+) dollars each and pays with (\d+)", lambda some, each, paid: paid - some * each),
    (r"at (\d+) kilometers an hour\. How far is that in (\d+) hours", lambda fast, hours: fast * hours),
    (r"1 centimeter is (\d+) kilometers\. From .* it is (\d+) centimeters", lambda one, far: one * far),
    (r"^Of (\d+) [a-z ]+, (\d+) .*What percentage", lambda whole, part: 100 * part // whole),
    (r"(?:comes|follows) after (\d+), (\d+), (\d+) and (\d+)", lambda a, b, c, d: d + d - c),
    (r"Find x in (\d+)x \+ (\d+) = (\d+)", lambda a, b, c: (c - b) // a),
)


def check_exercises(text: str) -> list[str]:
    if not text.startswith("Lesson: "):
        return []
    wrong = re.search(r"\b1 (?:of the \d+ pieces )?are left|there are \d+ percent|can (?:swim|read music), and .* do not", text)
    answers = dict(re.findall(r"\b(\d): (-?\d+)", text.rsplit("\n", 1)[-1]))
    faults = []
    for asked, question in re.findall(r"(?m)^(\d)\. (.*)$", text):
        for pattern, solve in EXERCISES:
            if (found := re.search(pattern, question)) and solve(*map(int, found.groups())) != int(answers.get(asked, "-999")):
                faults.append(f"answer {asked} is wrong")
    return faults + ([f"does not agree: {wrong[0]}"] if wrong else [])


CHECKS = (
    check_answers_in_time, check_times, check_sizes, check_names, check_clean, check_voices, check_letter, check_headline, check_exercises,
)  # fmt: skip


def faults_of(text: str) -> list[str]:
    """What is wrong with a general document of any form."""
    return [fault for check in CHECKS for fault in check(text)]
