"""Reads the named kinds of text without their writers. In: a text and the request it was written for; out: the list of its faults."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from minigpt.corpus.english import starts_with_vowel_sound
from minigpt.corpus.request import Request

NUMBERS = {word: number for number, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}
COUNTED = re.compile(
    r"(?i)\b(three|four|five|six|seven|eight|nine|ten)\b"
    r"(?= (?:\w+[- ]){0,2}(?:lines|cookies|affirmations|twisters|questions|excuses|slogans|captions)\b)"
)
OLDEST, YOUNGEST = 105, 40  # years that somebody in an obituary may have lived


def check_marks(text: str) -> list[str]:
    faults = [f"mark {found!r}" for found in re.findall(r"[{}\[\]|~<>]|a\(n\)|(?:^|\s)\?[A-Z]|\S  \S| [,;.](?=\s)|\.\.", text)]
    return faults + [f"empty line twice after {text[: found.start()][-30:]!r}" for found in re.finditer(r"\n{3,}", text)]


def check_words(text: str) -> list[str]:
    faults = [f"twice: {word}" for word in re.findall(r"\b([a-z]+) \1\b", text)]
    wrong = [(a, word) for a, word in re.findall(r"\b([Aa]n?) ([a-z]{3,})", text) if (a.lower() == "an") != starts_with_vowel_sound(word)]
    faults += [f"{a} {word}" for a, word in wrong]
    faults += [f"1 {many}" for many in re.findall(r"(?<![\d.,:/-])\b1 ([a-z]+[a-rt-z]s)\b", text)]
    return faults + [f"a small letter: {found!r}" for found in re.findall(r"(?<=[a-z]{3}[.!?]) [a-z]\w*", text)]


def check_count(text: str) -> list[str]:
    """A title that counts lines agrees with their number, and they are numbered from 1."""
    lines = [int(number) for number in re.findall(r"(?m)^(\d+)\. ", text)]
    said = COUNTED.search(text.split("\n")[0])
    faults = [] if lines == list(range(1, len(lines) + 1)) else [f"numbered {lines}"]
    return faults + (
        [f"{said[0]} lines in the title, {len(lines)} in the text"] if said and lines and NUMBERS[said[1].lower()] != len(lines) else []
    )


def check_dates(text: str) -> list[str]:
    """Versions fall from the newest to the oldest; a life ends after it began."""
    days = re.findall(r"(?m)^Version [\d.]+ \((\d{4}-\d\d-\d\d)\)$", text)
    faults = [f"{newer} above {older}" for newer, older in pairwise(days) if newer <= older]
    life = re.search(r"\A.*, (1[89]\d\d) to ((?:19|20)\d\d)\n", text)
    if life and not YOUNGEST <= int(life[2]) - int(life[1]) <= OLDEST:
        faults.append(f"lived from {life[1]} to {life[2]}")
    return faults


def check_stars(text: str) -> list[str]:
    stars = re.search(r"\n(\d) of 5 stars\n", text)
    said = re.findall(r"\b(One|Two|Three|Four|Five) stars?\b", text.split("\n\n")[-1]) if stars else []
    return [f"{stars[1]} stars, said {said}"] if stars and [NUMBERS[word.lower()] for word in said] != [int(stars[1])] else []


def check_signature(text: str) -> list[str]:
    """Who writes a letter is not whom it is written to."""
    to = re.match(r"(?:.*\n\n)?(?:Dear|Dearest|My dear|My dearest) ([A-Z]\w+),\n", text)
    ends = [line for line in text.split("\n") if re.fullmatch(r"[A-Z]\w+", line)]
    return [f"{to[1]} writes to {to[1]}"] if to and to[1] in ends else []


def check_invitation(text: str) -> list[str]:
    """An answer is wanted before the feast, in the same month."""
    feast = re.search(r"\b(?:[A-Z]\w+day, )([A-Z]\w+) (\d+)\b", text)
    reply = re.search(r"\bby ([A-Z]\w+) (\d+)\b", text) if re.search(r"(?m)^(?:Dear|Hello) ", text) else None
    if not feast or not reply or "invit" not in text.lower():
        return []
    return [] if feast[1] == reply[1] and int(reply[2]) < int(feast[2]) else [f"answer by {reply.groups()}, feast on {feast.groups()}"]


def check_distance(text: str) -> list[str]:
    """Noon and midnight are half the world apart."""
    far = re.search(r"\b(\d+) kilometers", text)
    return [f"midnight {far[1]} kilometers away"] if far and "midnight where you are" in text and int(far[1]) < 7000 else []


def check_people(text: str, request: Request) -> list[str]:
    """A text to my wife is not about wives."""
    nouns = [topic.split()[-1] for topic in request.topics if re.match(r"an? ", topic)]
    many = "|".join("wives" if noun == "wife" else f"{noun}s" for noun in nouns if noun in NEAR)
    return [f"about {found}" for found in re.findall(rf"\babout ({many})\b", text)] if many else []


def check_sense(text: str) -> list[str]:
    """What one sentence says, another does not take back."""
    faults = []
    owned = re.search(r"\bhad it for (\d+) months", text)
    later = re.search(r"\bafter (\d+) months it", text)
    if owned and later and int(later[1]) > int(owned[1]):
        faults.append(f"owned for {owned[1]} months, as new after {later[1]}")
    if found := re.search(r"\b[Aa] call\b[^.\n]*\bread it\b", text):
        faults.append(f"a call that is read: {found[0]!r}")
    if "Good afternoon" in text and (found := re.search(r"\b(?:this evening|tonight|this morning)\b", text.split("\n\n")[1])):
        faults.append(f"an afternoon, and {found[0]}")
    wrong = re.findall(r"\bthe wrong (ferry|bus|train)\b", text)
    faults += [f"the wrong {' and '.join(wrong)}"] if len(set(wrong)) > 1 else []
    if "until sunrise" in text and re.search(r"\bbread for \d+ days", text):
        faults.append("bread for days, and a night's watch")
    if found := re.search(r"\b(?:have|has|had) (?:\w+ly )?(?:spoke|went|took|gave|wrote|began)\b", text):
        faults.append(f"no participle: {found[0]!r}")
    if found := re.search(r", a (?:headphone|scissor|trouser|glove)\b(?!s)", text):
        faults.append(f"half of a pair: {found[0]!r}")
    return faults


NEAR = "father mother wife husband grandmother grandfather sister brother girlfriend boyfriend teacher".split()
CHECKS: tuple[Callable[[str], list[str]], ...] = (
    check_marks,
    check_words,
    check_count,
    check_dates,
    check_stars,
    check_signature,
    check_invitation,
    check_distance,
    check_sense,
)


def check(text: str, request: Request) -> list[str]:
    """The faults of a document."""
    if request.forms[0] == "commits":
        return []
    low = text.lower()
    missing = (
        [] if not request.topics or any(topic.lower().split()[-1].rstrip("s")[:-1] in low for topic in request.topics) else ["no topic"]
    )
    missing = [] if any(topic.split()[-1] in NEAR for topic in request.topics) else missing
    return [fault for one in CHECKS for fault in one(text)] + check_people(text, request) + missing
