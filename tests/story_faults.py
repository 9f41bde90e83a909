"""Stories, fables and scenes in; out come their faults, found by reading them, without the writers' tables."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

NAMES = """Mara Tomas Ines Otto Lila Emil Nora Jonah Yuki Pablo Freya Amir Clara Hugo Zora Felix Ada Milo Rosa Kofi Nia Bruno Tilda Ravi
Greta Oskar Leila Casper Hana Diego Alma Anton Beata Boris Cora Daniel Edith Elias Fanny Gustav Helga Igor Ida Jasper Karla
Leon Maya Nils Olga Paul Priya Quentin Ruth Samir Stella Theo Una Viktor Wanda Yusuf Anna Ben Carl David Ella Frank Hans Jack
Julia Lena Lucas Maria Max Mia Peter Sara Sophie Tom""".split()
SHE, HE = re.compile(r"\b(?:she|her|hers|herself)\b", re.I), re.compile(r"\b(?:he|his|him|himself)\b", re.I)
QUOTED = re.compile(r'"[^"]*"')
ARTICLE = re.compile(r"\b(?:[Aa] (?!one\b|once\b|uni|use|usu|eu)[aeiou]\w*|[Aa]n (?!hour|honest|heir)[^aeiouAEIOU\W]\w*)")
SLIPS = {
    "a contraction at the end": r"\b(?:I'm|I've|it's|that's|there's|what's|[Yy]ou're)(?=[,.?\"])",
    "a small letter after a full stop": r"(?<![A-Z][.])(?<=[.?] )[a-z]",
    "a comma before a stop": r",[.?]",
    "a plural that was": r"\bthere was (?:\w+ )?(?:pancakes|dumplings|chestnuts|bananas|rolls|waffles|apples|noodles|buns)\b",
    "the same word twice": r"(?i)\b([a-z]+) \1\b",
    "the name twice": r"\b([A-Z][a-z]+),? \1\b",
    "something unfilled": r"[{}\[\]|]|a\(n\)",
    "two spaces": r"  ",
}
SPOONED = r"(?:soup|stew|porridge|pudding|semolina)"
CARRIED = re.compile(rf"\b{SPOONED} (?:as they could carry|under one arm)|\b{SPOONED}\b[^.]*\.[^.]*\bone basket\b")
AWAY = re.compile(r"\b([Tt]he [a-z' -]+?) (?:had followed|was on the way|had not come home|was asleep|was still out)\b")
SHORTEST, LONGEST = 90, 560  # words of a story; of a short and of a long one
TWICE_TOLD = {  # what the beginning mentions, the end answers
    r"notebook": r"notebook|pages|cover",
    r"one song": r"singing|sang",
    r"for luck": r"pocket",
    r"a bell beside": r"bell",
    r"a dreamer|dreamed too much": r"dreamer",
    r"wanted to be famous": r"famous",
    r"wished that something would happen": r"wish",
    r"for this work": r"once told you",
}


def slips(text: str) -> list[str]:
    """Faults of language that any reader sees."""
    faults = [f"{fault}: {found[0]!r}" for fault, pattern in SLIPS.items() if (found := re.search(pattern, text))]
    faults += [f"article: {found[0]!r}" for found in ARTICLE.finditer(text)]
    for paragraph in text.split("\n"):
        faults += [f"quotes: {paragraph!r}"] * (paragraph.count('"') % 2)
        faults += [f"no end: {paragraph!r}"] * (bool(paragraph) and paragraph != text.split("\n")[0] and paragraph[-1] not in '.?!"')
    return faults


def names_in(text: str) -> Counter[str]:
    """How often each first name stands in the text."""
    return Counter(word for word in re.findall(r"\b[A-Z][a-z]+\b", text) if word in NAMES)


def faults_of_story(text: str) -> list[str]:
    """One hero, in the title and from the beginning to the end, with one pronoun; title and text agree, and so do beginning and end."""
    title, body = text.split("\n\n", 1)
    names, paragraphs = names_in(text), body.split("\n")
    if len(names) != 1:
        return [f"heroes {dict(names)}"]
    hero = next(iter(names))
    faults = [f"{hero} is not in {where!r}" for where in (title, paragraphs[0], " ".join(paragraphs[-2:])) if hero not in where]
    faults += [f"{hero} is forgotten"] * (sum(hero in paragraph for paragraph in paragraphs) < 0.7 * len(paragraphs))
    told = QUOTED.sub("", body)
    faults += ["he and she"] * bool(SHE.search(told) and HE.search(told))
    faults += [f"{len(body.split())} words"] * (not SHORTEST <= len(body.split()) <= LONGEST)
    if found := re.fullmatch(rf"{hero} and the (?:.* )?([a-z]+)", title.lower().replace(hero.lower(), hero)):
        faults += [f"{title!r}: no {found[1]}"] * (found[1].rstrip("s") not in body.lower())
    for first, last in TWICE_TOLD.items():
        if re.search(first, paragraphs[0]) and not re.search(last, " ".join(paragraphs[-2:])):
            faults.append(f"{first!r} is not answered")
    return faults + slips(text) + faults_of_what_is_found(body) + faults_of_who_is_away(body)


def faults_of_who_is_away(body: str) -> list[str]:
    """Whoever is lost outside says nothing at home until they are back."""
    away = AWAY.search(body)
    if away is None:
        return []
    until = re.search(r"\b(?:came|come|returned|woke|rolled)\b", body[away.end() :])
    said = body[away.end() :][: until.start() if until else None]
    return [f"{away[1]} is away and speaks"] if re.search(rf"(?i)\bsaid {away[1]}\b|\b{away[1]} (?:said|called)\b", said) else []


LOST = r"precious thing: an? ([\w' -]+?) that|{name} kept an? ([\w' -]+?) that"
FOUND = r"(?:lay|lies) the ([\w' -]+?)\."


def faults_of_what_is_found(body: str) -> list[str]:
    """What was lost is what is found: the thing has the same noun where it is missed and where it is seen again."""
    hero = next(iter(names_in(body)), "")
    lost = re.search(LOST.replace("{name}", hero), body)
    if lost is None:
        return []
    thing = next(filter(None, lost.groups()))
    found = re.search(FOUND, body)
    if found is None:
        return ["lost and never found"]
    return [] if found[1].split()[-1] in thing else [f"lost: {thing}, found: {found[1]}"]


def faults_of_fable(text: str) -> list[str]:
    """Two animals, named in the title and in every paragraph, at least one of them; a moral of one line."""
    title, body, *last = text.split("\n\n")
    pair = re.fullmatch(r"(the .+?) and (the .+)", title.lower())
    if not pair or len(last) != 1 or not re.fullmatch(r"Moral: [A-Z][^\n]+\.", last[0]):
        return [f"no fable: {title!r}, {last!r}"]
    low = body.lower()
    faults = [f"one animal: {title!r}"] if pair[1] == pair[2] else []
    faults += [f"{animal!r} is hardly there" for animal in pair.groups() if len(re.findall(rf"\b{animal}\b", low)) < 3]
    faults += [f"neither of them: {line!r}" for line in low.split("\n") if pair[1] not in line and pair[2] not in line]
    faults += [f"a person: {dict(names_in(body))}"] * bool(names_in(body))
    faults += ["he or she"] * bool(re.search(r"\b(?:he|she|his|her|him)\b", QUOTED.sub("", low)))
    faults += [f"carried: {found[0]!r}"] if (found := CARRIED.search(low)) else []
    return faults + slips(text)


def faults_of_scene(text: str) -> list[str]:
    """Two people, named in the title, who speak by turns, and nobody else."""
    title, stage, talk = text.split("\n\n", 2)
    speakers = [line.split(":")[0] for line in talk.split("\n")]
    regular = len(set(speakers)) == 2 and all(a != b for a, b in pairwise(speakers)) and len(speakers) % 2 == 0
    faults = [] if regular else [f"turns {speakers}"]
    faults += [f"{who} is not in {where!r}" for who in set(speakers) for where in (title, stage) if who not in where]
    faults += [f"people {dict(names_in(text))}"] * (set(names_in(text)) != set(speakers))
    return faults + slips(text)
