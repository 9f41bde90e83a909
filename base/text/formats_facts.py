"""Countries, elements, a chatbot's small talk and a game in a cave as readable text."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator
from typing import Any

ASKED: list[tuple[str, str, list[str]]] = [  # path in a country's file, answer, questions
    (
        "Government/Capital/name",
        "The capital of {c} is {v}.",
        ["What is the capital of {c}?", "Name the capital of {c}.", "Which city is the capital of {c}?"],
    ),
    ("Geography/Location", "{c} is in {v}.", ["Where is {c}?", "In what part of the world does {c} lie?"]),
    (
        "Geography/Land boundaries/border countries",
        "{c} borders on {v}.",
        ["Which countries border on {c}?", "What are the neighbours of {c}?"],
    ),
    ("Geography/Climate", "The climate: {v}.", ["What is the climate of {c} like?", "What is the weather like in {c}?"]),
    ("Geography/Terrain", "The land consists of {v}.", ["What does the land look like in {c}?", "Describe the landscape of {c}."]),
    (
        "Geography/Elevation extremes/highest point",
        "The highest point is {v}.",
        ["What is the highest point in {c}?", "How high is the highest place in {c}?"],
    ),
    ("Geography/Area/total", "{c} has an area of {v}.", ["How large is {c}?", "What is the area of {c}?"]),
    ("Geography/Area - comparative", "It is {v}.", ["What can the size of {c} be compared to?"]),
    ("Geography/Natural resources", "Its natural resources are {v}.", ["What natural resources does {c} have?"]),
    (
        "People and Society/Languages",
        "These languages are spoken: {v}.",
        ["What languages are spoken in {c}?", "Which language do people speak in {c}?"],
    ),
    ("People and Society/Nationality/adjective", "The adjective is {v}.", ["What is the adjective that goes with {c}?"]),
    ("Government/Independence", "The date is {v}.", ["When did {c} become independent?"]),
    ("Government/Government type", "The form of government: {v}.", ["What form of government does {c} have?"]),
    ("Government/National holiday", "The national holiday is {v}.", ["What is the national holiday of {c}?"]),
    ("Government/National symbol(s)", "The national symbols are {v}.", ["What are the national symbols of {c}?"]),
    ("Government/Flag description", "The flag: {v}.", ["What does the flag of {c} look like?", "Describe the flag of {c}."]),
    (
        "Economy/Agriculture - products",
        "Farmers there produce {v}.",
        ["What do farmers grow in {c}?", "What are the farm products of {c}?"],
    ),
    ("Economy/Industries", "Its industries are {v}.", ["What industries does {c} have?"]),
    ("Economy/Exports - commodities", "It exports {v}.", ["What does {c} export?", "What goods does {c} sell abroad?"]),
    ("Economy/Imports - commodities", "It imports {v}.", ["What does {c} import?"]),
]
TOLD: list[tuple[str, list[tuple[str, str]]]] = [  # a country's articles: title, and path and sentence of each statement
    ("The history of {c}", [("Introduction/Background", "{v}")]),
    (
        "The land of {c}",
        [
            ("Geography/Location", "{c} lies in {v}."),
            ("Geography/Area/total", "Its area is {v}"),
            ("Geography/Area - comparative", "that is {v}."),
            ("Geography/Land boundaries/border countries", "Its neighbours are {v}."),
            ("Geography/Climate", "The climate: {v}."),
            ("Geography/Terrain", "The land: {v}."),
            ("Geography/Elevation extremes/highest point", "The highest point is {v}."),
            ("Geography/Elevation extremes/lowest point", "The lowest point is {v}."),
            ("Geography/Natural resources", "It has {v}."),
            ("Geography/Natural hazards", "Natural hazards: {v}."),
            ("Geography/Environment - current issues", "Troubles of the environment: {v}."),
            ("Geography/Geography - note", "{v}."),
        ],
    ),
    (
        "The flag and the symbols of {c}",
        [
            ("Government/Flag description", "This is the flag: {v}."),
            ("Government/Flag description/note", "{v}."),
            ("Government/National symbol(s)", "The national symbols: {v}."),
            ("Government/National anthem/name", "The national anthem is called {v}."),
            ("Government/National anthem/note", "{v}."),
            ("Government/Country name/note", "{v}."),
        ],
    ),
    (
        "The government of {c}",
        [
            ("Government/Country name/conventional long form", "The full name of the country is {v}."),
            ("Government/Government type", "The form of government: {v}."),
            ("Government/Capital/name", "The capital is {v}."),
            ("Government/Independence", "Independence: {v}."),
            ("Government/National holiday", "The national holiday is {v}."),
            ("Government/Legal system", "The law: {v}."),
            ("Government/Judicial branch/highest court(s)", "The highest court is the {v}."),
            ("Government/Legislative branch/description", "The parliament: {v}."),
        ],
    ),
    (
        "The economy of {c}",
        [
            ("Economy/Economy - overview", "{v}"),
            ("Economy/Agriculture - products", "Farmers produce {v}."),
            ("Economy/Industries", "There are industries for {v}."),
            ("Economy/Exports - commodities", "The country sells {v}"),
            ("Economy/Imports - commodities", "and buys {v}."),
        ],
    ),
    (
        "Life in {c}",
        [
            ("People and Society/Languages", "The languages are {v}."),
            ("People and Society/Religions", "The religions are {v}."),
            ("People and Society/Demographic profile", "{v}"),
            ("Communications/Telephone system/general assessment", "Telephones: {v}."),
            ("Communications/Broadcast media", "Radio and television: {v}."),
        ],
    ),
]


def value(country: dict[str, Any], path: str) -> str:
    """The text at a path, tidied; empty if it is not there or says nothing."""
    at: Any = country
    for step in path.split("/"):
        at = at.get(step, {}) if isinstance(at, dict) else {}
    text = str(at.get("text") or "") if isinstance(at, dict) else ""
    text = (
        re.sub(r"\s*\((?:[^()]*\b(?:est\.|19\d\d|20\d\d)[^()]*)\)", "", text)
        if "Background" not in path and "overview" not in path
        else text
    )
    text = (
        re.sub(r"\s*\+\+\s*", "\n\n", text)
        if "Background" in path or "overview" in path or "profile" in path
        else text.replace(" ++ ", "; ")
    )
    text = re.sub(
        r"\b([A-Z]{4,})\b",
        lambda m: m[1].capitalize() if m[1] not in ("NATO", "ASEAN", "MERCOSUR", "OPEC", "NAFTA", "AIDS", "UNESCO") else m[1],
        text,
    )
    text = text.replace("\ufffd", "").replace("sq km", "square kilometres").replace(" est.", "")
    if path == "Geography/Location":
        text = re.sub(r"^(Caribbean|Middle East|Mediterranean)\b", r"the \1", text)
    if "border countries" in path:
        text = re.sub(r" (\d[\d,.]*) km\b", "", text)
    return (
        ""
        if re.match(r"(NA|none|n/a)\b", text)
        else text.strip().rstrip(".;")
        if "Background" not in path and "overview" not in path and "profile" not in path
        else text.strip()
    )


def country_name(country: dict[str, Any]) -> str:
    short, long = (value(country, f"Government/Country name/conventional {form} form") for form in ("short", "long"))
    found = re.sub(r"\s*\(.*?\)", "", short or long)
    return re.sub(
        r"^(The|Bahamas|Gambia|Netherlands|Philippines|Maldives|Seychelles|Comoros)\b",
        lambda m: "the" if m[1] == "The" else f"the {m[1]}",
        found.split(",")[0],
    ).replace("US", "the United States", found == "US")


def country_articles(name: str, data: bytes) -> Iterator[str]:
    """A country's history, land, symbols, government, economy and life, an article each."""
    country = json.loads(data)
    called = country_name(country) if isinstance(country, dict) and "Government" in country else ""
    if not called:
        return
    for title, statements in TOLD:
        said = [
            form.format(c=called, v=v if form.startswith("{v}") is False else v[:1].upper() + v[1:])
            for path, form in statements
            if (v := value(country, path))
        ]
        text = " ".join(part[:1].upper() + part[1:] if i == 0 or said[i - 1].endswith((".", "!")) else part for i, part in enumerate(said))
        text = re.sub(r"square kilometres that is", "square kilometres; that is", text)
        text = text if text.endswith((".", ")", '"')) else text + "."
        if len(text) > 200:
            yield f"{title.format(c=called)}\n\n{text}"


def country_questions(name: str, data: bytes) -> Iterator[str]:
    """Questions about a country with their answers, in three forms."""
    country = json.loads(data)
    called = country_name(country) if isinstance(country, dict) and "Government" in country else ""
    known = [
        (random.Random(called + path).choice(questions), form, v)
        for path, form, questions in ASKED
        if called and (v := value(country, path)) and len(v) < 400
    ]
    pairs = [(question.format(c=called), form.format(c=called, v=v)) for question, form, v in known]
    for i, (ask, answer) in enumerate((("Question", "Answer"), ("User", "Assistant"), ("Teacher", "Pupil"))):
        chosen = random.Random(f"{called}{i}").sample(pairs, len(pairs) // 2)
        if chosen:
            yield "\n\n".join(f"{ask}: {question}\n{answer}: {said[:1].upper()}{said[1:]}" for question, said in chosen)


def elements(name: str, data: bytes) -> Iterator[str]:
    """The chemical elements up to the last natural ones: what each is, and questions about some of them."""
    text = gzip.decompress(data).decode("utf-8", "replace")
    text = re.sub(r"[{}]", "", text).replace("Socket silvery", "Soft silvery").replace("Used a reducing", "Used as a reducing")
    found = re.findall(r"(?m)^(\w+)\nSymbol: (\w+)\nAtomic number: (\d+)\nAtomic weight: ([\d.()\[\]]+)\n((?:.+\n)+)", text)
    known = [
        (word, symbol, number, weight, re.sub(r"\s+", " ", about).strip())
        for word, symbol, number, weight, about in found
        if int(number) < 104
    ]
    for at in range(0, len(known), 4):
        run = known[at : at + 4]
        yield "\n\n".join(
            f"{word.capitalize()} is the chemical element with the symbol {symbol} and the atomic number {number}. {about}"
            for word, symbol, number, _, about in run
        )
        asked = [(f"What is the symbol of {w}?", f"The symbol of {w} is {s}.") for w, s, *_ in run] + [
            (f"Which element has the symbol {s}?", f"It is {w}.") for w, s, *_ in run
        ]
        asked += [(f"What is the atomic number of {w}?", f"{w.capitalize()} has the atomic number {n}.") for w, _, n, *_ in run] + [
            (f"What is {w}?", about) for w, *_, about in run
        ]
        random.Random(at).shuffle(asked)
        yield "\n\n".join(f"Question: {question}\nAnswer: {answer}" for question, answer in asked)


def chat(name: str, data: bytes, alternatives: bool = False) -> Iterator[str]:
    """Conversations of a chatbot's YAML; with `alternatives`, the lines after the first are several answers to it."""
    text = re.sub(r"\n    +", " ", data.decode("utf-8").split("conversations:", 1)[1])
    talks = [
        [turn for turn in [unquoted(re.sub(r"^\s*- ", "", line)) for line in talk.split("\n")] if turn]
        for talk in re.split(r"(?m)^- (?=- )", text)
    ]
    seen = dict.fromkeys(tuple(talk) for talk in talks if len(talk) > 1)
    if alternatives:
        seen = dict.fromkeys((talk[0], random.Random(f"{i}{talk}").choice(talk[1:])) for i in range(3) for talk in seen)
    chosen, at = list(seen), 0
    while at < len(chosen):
        rng = random.Random(chosen[at][0])
        size = rng.randint(5, 9) if alternatives or len(chosen[at]) == 2 else 2
        one, two = rng.choice([("A", "B"), ("User", "Bot"), ("Human", "Computer"), ("Question", "Answer"), ("Anna", "Tom"), ("You", "Me")])
        yield "\n\n".join("\n".join(f"{(one, two)[i % 2]}: {turn}" for i, turn in enumerate(talk)) for talk in chosen[at : at + size])
        at += size


def unquoted(text: str) -> str:
    text = text.strip()
    text = text[1:-1].replace("''", "'").strip() if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
    return re.sub(r"\s+", " ", re.sub(r"\bi\b(?=[' ])", "I", text[:1].upper() + text[1:]))


def sentence_case(text: str) -> str:
    """Text in capitals as a person would type it."""
    lowered = re.sub(r"(^|[.!?]\"?\s+|\n)(\"?)([a-z])", lambda m: m[1] + m[2] + m[3].upper(), text.lower())
    return re.sub(r"\bi\b(?=[' ,.])", "I", lowered)


def cave_game(name: str, data: bytes) -> Iterator[str]:
    """A session of a text adventure, written as doctest: the player's commands after ">", the game's answers unwrapped."""
    turns: list[str] = []
    for part in re.split(r"(?m)^>>> ", data.decode("utf-8"))[1:]:
        command, _, answer = part.partition("\n")
        command = command.split("#")[0].strip()
        if re.search(r"[=._]|import|for |def ", command) or "..." in answer or not answer.strip() or "Traceback" in answer:
            continue
        command = re.sub(r"\s*[(,]\s*|\)", " ", command).strip().replace("'", "")
        blocks = re.split(r"<BLANKLINE>|\n\n", answer)
        said = [block.strip() if max(map(len, block.split("\n"))) < 40 else re.sub(r"\s+", " ", block).strip() for block in blocks]
        turns.append(f"> {command}\n" + "\n".join(sentence_case(block) if block.isupper() else block for block in said if block))
    at = 0
    while at < len(turns):
        run = turns[at : at + 20]
        if len(set(run)) > 14:  # not one of the long fights with dwarves
            yield "\n\n".join(run)
        at += 20


QUIZZES = {  # files of bsdgames' quiz: questions about one line, of its fields
    "babies": ["What is the young of a {1} called? | It is called a {0}.", "Which animal's young is called a {0}? | The {1}'s."],
    "collectives": ["What do you call a group of {0}? | A {1} of {0}.", "Give me the word for many {0} together. | A {1}."],
    "sexes": ['What is the female of the word "{0}"? | {1}.', 'What is the male of the word "{1}"? | {0}.'],
    "bard": ["What line of Shakespeare comes after this one: {0} | {1}", "Where does this line come from: {0} {1} | From {2}."],
    "state": [
        "What is the capital of {0}? | {1}.",
        "Which state has {1} as its capital? | {0}.",
        "What is the flower of the state of {0}? | The {3}.",
    ],
    "province": ["What is the capital of {0}? | {1}."],
    "europe": ["What is the capital of {0}? | {1}."],
    "flowers": ["What does the flower {0} stand for? | {1}.", "Which flower stands for {1}? | The {0}."],
    "latin": ["What does the Latin word {0} mean? | {1}.", 'How do you say "{1}" in Latin? | {0}.'],
}


def plain(field: str) -> str:
    """A field of a quiz with its optional parts in and the first of its alternatives."""
    while (found := re.sub(r"\[([^\[\]|]*)(\|[^\[\]]*)?\]", r"\1", re.sub(r"\{([^{}|]*)(\|[^{}]*)?\}", r"\1", field))) != field:
        field = found
    return re.sub(r"\s+", " ", field.split("|")[0]).strip()


def quiz(name: str, data: bytes) -> Iterator[str]:
    """Questions and answers of a quiz of bsdgames."""
    forms = QUIZZES[name.rsplit("/", 1)[-1]]
    rows = [[plain(field) for field in line.split(":")] for line in data.decode("latin-1").replace("\\\n", "").splitlines()]
    for form in forms:
        need = max(int(n) for n in re.findall(r"\{(\d)\}", form))
        turns = [
            form.format(*row).split(" | ")
            for row in rows
            if len(row) > need and all(len(part) > 1 and part.isascii() and not re.search(r"[{}\\\\]", part) for part in row[: need + 1])
        ]
        for at in range(0, len(turns), 8):
            ask, answer = random.Random(f"{form}{at}").choice([("Question", "Answer"), ("Q", "A"), ("Teacher", "Pupil")])
            yield "\n\n".join(
                f"{ask}: {with_an(question)}\n{answer}: {with_an(said[:1].upper() + said[1:])}" for question, said in turns[at : at + 8]
            )


def with_an(text: str) -> str:
    return re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", text)
