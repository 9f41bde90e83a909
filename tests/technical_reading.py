"""Reads technical documents as a reader does, without the writers. In: a document; out: the list of what would make a reader stumble."""

from __future__ import annotations

import re

from minigpt.corpus.english import starts_with_vowel_sound
from minigpt.corpus.words import load_words

CODE = re.compile(r"(?ms)^(?:Python code|Solution in Python|Corrected code|Better code):\n(.*?)(?=\n\n|\Z)")
BLOCK = re.compile(
    r"(?ms)^(?:Python code|Solution in Python|Corrected code|Better code|Output|It prints|Now it prints|Output of both|Session|Pseudocode"
    r"|Request body|Request|Response \d.*?|Payload|Before|After|First request|Second request|In numbers):\n.*?(?=\n\n|\Z)"
)
EMPTY = {"[]", "None", "0", '""', "{}"}
MONTHS = "January February March April May June July August September October November December".split()


def check_reading(text: str) -> list[str]:
    """Every fault of a document that can be seen without knowing what it was written from."""
    checks = (check_shape, check_words, check_names, check_examples, check_order, check_sense)
    return [fault for one in checks for fault in one(text)]


def prose_of(text: str) -> str:
    return BLOCK.sub("", text)


def check_shape(text: str) -> list[str]:
    """Lines that do not end, holes of templates, a title without a text."""
    faults = []
    if "sign by sign" not in text and re.search(
        r"[\x01-\x08]|<<|>>(?!> )|\{[a-z_]+\}(?!\")", re.sub(r"(?m)^>>> .*$|f\".*?\"|f'.*?'|/\{id\}", "", text)
    ):
        faults.append("a hole of a template")
    title, *lines = [line for line in prose_of(text).split("\n") if line]
    if title[0].islower() or title.endswith("."):
        faults.append(f"the title {title!r}")
    for line in lines:
        if line[-1] not in ".?!:\"'" and not re.match(r"https?:", line):
            faults.append(f"no end: {line!r}")
        if ".." in line.replace("...", "") or re.search(r"::| \.|[!?]\.", line):
            faults.append(f"marks: {line!r}")
    return faults


def check_words(text: str) -> list[str]:
    """Doubled words, articles, plurals, explained words that do not occur."""
    prose = prose_of(text)
    faults = [found[0] for found in re.finditer(r"\b(?!(?:knock|that|had|log)\b)([a-z]{2,}) \1\b", prose.lower())]
    faults += [found for found in re.findall(r"(?<![-*+] )(?<!\.)\b1 (?:minutes|seconds|servers|steps|requests|hours)\b", prose)]
    known = re.search(r'Word to know: .*?"([^"]+)"', text)
    if (
        known
        and "\n\nSome words" not in text
        and not re.search(r"(?m)^[A-Z][\w ]+: .+(?:; for example|\. (?:An example|For example)|, as here)", text)
    ):
        term = known[1].lower()
        stem = term[:-1] if term.endswith("e") else term
        rest = text.replace(known[0], "").lower()
        heard = stem.split()[-1] in rest or "def " in text or re.search(rf"\b{re.escape(stem)}", rest)
        faults += [] if heard else [f"an explained word that does not occur: {term}"]
    return faults


def check_sense(text: str) -> list[str]:
    """A keyword that reads like a word of the sentence, advice against a status, an explainer from nowhere, figures one cannot follow."""
    prose = prose_of(text)
    faults = [f"no quotes: {found}" for found in re.findall(r"\b[Tt]he word in (?:asks|you|Python|is|replaces?)|; with releases", prose)]
    faults += [
        f"article: {a} {word}"
        for a, word in re.findall(r"\b([Aa]n?) (?!and\b|is\b|in\b|at\b|or\b|as\b)([A-Z]?[a-z]{2,})\b", prose)
        if (a.lower() == "an") != starts_with_vowel_sound(word)
    ]
    if "too_many_requests" in text and "the others come back" in text and not re.search(r"429 (?:after|when)", text):
        faults.append("429 may be repeated, too")
    known, people = re.search(r"(?m)^Word to know: .*$", text), load_words("technical")["people"]
    rest = text.replace(known[0], "") if known else text
    here = [name for name in people if re.search(rf"\b{name}\b", rest)]
    faults += [f"{name} comes from nowhere" for name in people if known and here and name in known[0] and name not in here]
    rates = [int(n) for n in re.findall(r"\b(\d+) \* 86,400", prose)]
    return faults + [f"{n} a second" for n in rates if n >= 100 and n % 50]


def check_names(text: str) -> list[str]:
    """A function's name keeps its small letters; title and code name the same function; nobody talks to himself."""
    faults = []
    functions = re.findall(r"(?m)^ *def (\w+)\(", text)
    for name in functions:
        if name.strip("_") == name and "_" in name and re.search(rf"\b{name[0].upper()}{name[1:]}\b", text):
            faults.append(f"{name} with a capital")
    if (found := re.match(r"Function: (\w+)\n", text)) and functions[:1] != [found[1]]:
        faults.append("another function than in the title")
    faults += [f"{one} and {two}" for one, two in re.findall(r"\b([A-Z][a-z]+) and ([A-Z][a-z]+)\b", prose_of(text)) if one == two]
    asked = re.match(r"(?:A question from (\w+) about|(\w+) asks about) .*: .*\?\n", text)
    spoken = re.search(r"(?m)^To .*, ([A-Z]\w+), (?:run|try) this\.$|^(?:This|The) program (?:below )?shows (\w+) how to ", text)
    if asked and spoken and (asked[1] or asked[2]) != (spoken[1] or spoken[2]):
        faults.append(f"{asked[1] or asked[2]} asked and {spoken[1] or spoken[2]} is answered")
    if (found := re.search(r"(\w+) (?:looked|read) again and found something to improve in the lines of (\w+)", text)) and found[
        1
    ] == found[2]:
        faults.append("a review of one's own code")
    return faults


def check_examples(text: str) -> list[str]:
    """Examples that show nothing, numbers that are too large to follow, lines that are too long to read."""
    faults = []
    values = re.findall(r"(?:Example: |And )\w+\(.*?\) returns (.*?)\.(?= And |$|\n)", text)
    if values and (values[0] in EMPTY or len(values) != 2 or values[0] == values[1]):
        faults.append(f"examples that show nothing: {values}")
    for code in CODE.findall(text):
        faults += [f"the number {n}" for n in re.findall(r"(?<![\w.])\d{4,}\b", code)]
        faults += [f"a long line: {line}" for line in code.split("\n") if len(line) > 100]
        if len(code.split("\n")) > 14:
            faults.append("a long program")
    return faults


def check_order(text: str) -> list[str]:
    """Steps, clocks and months in order; figures of systems that can be believed."""
    faults = []
    steps = [int(n) for n in re.findall(r"(?m)^(\d+)\. ", text)]
    if steps != list(range(1, len(steps) + 1)):
        faults.append(f"steps {steps}")
    clock = re.findall(r"(?m)^(\d\d):(\d\d) ", text)
    minutes = [60 * int(hour) + int(minute) for hour, minute in clock]
    if minutes != sorted(set(minutes)):
        faults.append(f"times {clock}")
    months = re.findall(rf"(?:From|until|before) ({'|'.join(MONTHS)}) \d+", text)
    if [MONTHS.index(month) for month in months] != sorted(MONTHS.index(month) for month in months):
        faults.append(f"months {months}")
    for days, hour in re.findall(r"(\d+) days.*? at (\d+) o'clock", text):
        faults += [] if int(days) <= 366 and int(hour) < 24 else [f"{days} days, {hour} o'clock"]
    for servers in re.findall(r"rounded up(?:, makes|, is|:) (\d+)[;.,]", text):
        if int(servers) > 100 and "servers" in text:
            faults.append(f"{servers} servers")
    return faults
