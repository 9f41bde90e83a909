"""Writes lists of names: for pets, children, heroes of fantasy, towns, streets, planets, bands, shops, ships."""

from __future__ import annotations

import random
import re

from minigpt.corpus.english import article, singular, title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form, Told, fill
from minigpt.corpus.templates.subject_sense import bare
from minigpt.corpus.wordnet import PERSON, wordnet
from minigpt.corpus.words import Words, load_words

NUMBERS = ("four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
COUNTS = {"short": (4, 5), None: (5, 9), "long": (10, 12)}
PLAIN, OPENED = 0.25, 0.6  # shares of the lists of names alone, and of the others that begin with a sentence
ANIMALS, PLACES, OBJECTS = 5, 15, 17  # WordNet's numbers of these fields
USUAL = ("a cat", "a dog", "a baby", "a village", "a band", "a bakery", "a boat", "a wizard")  # what names are for if that is not said
HARD = re.compile(r"(.)\1\1|aa|ii|uu|house House")  # to read
FANTASY = ("fantasy", "magical")


def sort_of(thing: str) -> str:
    """The sort of a thing that has a name: "pet", "place"; "" if nothing is known of it."""
    table = {word: sort for sort, words in load_words("naming")["sorts of things"].items() for word in words.split()}
    said = [singular(word) for word in bare(thing).split()]
    if any(word in FANTASY for word in said[:-1]):
        return "hero" if table.get(said[-1], "hero") in ("person", "pet") else table.get(said[-1], "hero")
    if found := next((table[word] for word in reversed(said) if word in table), ""):
        return found
    first = next((sense for sense, _ in wordnet().senses(wordnet().base(said[-1]))), None) if said else None
    return {ANIMALS: "pet", PLACES: "place", OBJECTS: "place", PERSON: "nickname"}.get(first.file, "business") if first else ""


def able(thing: str) -> bool:
    """Whether names can be written for a thing: a cat, but no domain."""
    words = set(map(singular, bare(thing).split()))
    return not words & set(load_words("naming")["not named here"]) and bool(sort_of(thing))


def names(rng: random.Random, words: Words, request: Request) -> str:
    """Some names for one thing, most with a reason."""
    thing = rng.choice(request.topics) if request.topics else rng.choice(USUAL)
    one = " ".join([*bare(thing).split()[:-1], singular(bare(thing).split()[-1])])
    sort = sort_of(thing) or "business"
    plain = request.length != "short" and rng.random() < PLAIN
    found = _several(rng, words, sort, rng.randint(*COUNTS["long" if plain else request.length]))
    person, other = rng.sample(words["people"], 2)
    look = {"person": person, "a": f"{article(one)} {request.spell(one)}", "first": found[0], "chosen": rng.choice(found[1:])}
    look |= {"number": NUMBERS[len(found) - 4], "two": str(rng.randint(2, len(found)))}
    look |= {"count": str(rng.randint(3, 40)), "days": str(rng.randint(2, 9)), "years": str(rng.randint(30, 200))}
    look |= {"paper": rng.choice(words["papers"]), "where": rng.choice(words["wheres"]), "color": rng.choice(words["colors"])}
    reasons = rng.sample([*words["reasons"][sort], *words["reasons"]["any"]], len(found))
    told = [fill(rng, reason, look | {"person": other}) for reason in reasons]
    lines = [f"{place}. {name}" + ("" if plain else f": {why}") for place, (name, why) in enumerate(zip(found, told, strict=True), 1)]
    title = title_case(fill(rng, rng.choice(words["titles"]), look))
    opening = fill(rng, rng.choice(words["openings"]), look) if plain or rng.random() < OPENED else ""
    end = fill(rng, rng.choice(words["ends"]), look)
    text = "\n\n".join(filter(None, [title, upper_first(opening), "\n".join(lines), end]))
    return Told(text, f"names: {sort}: {found[0]}")


def _several(rng: random.Random, words: Words, sort: str, count: int) -> list[str]:
    """So many different names of a sort, no two with the same first word."""
    found: dict[str, str] = {}
    while len(found) < count:
        name = _name(rng, words, sort)
        found.setdefault(re.split(r"[ '-]", name.removeprefix("The "))[0], name)
    return list(found.values())


def _name(rng: random.Random, words: Words, sort: str) -> str:
    """A name of a sort; its parts differ."""
    said, drawn = "", list[str]()

    def part(name: str) -> str:
        drawn.append(rng.choice(words["parts"][name].split()))
        return drawn[-1]

    while not said or len(set(drawn)) < len(drawn) or HARD.search(said):
        drawn.clear()
        said = fill(rng, rng.choice(words["patterns"][sort]), part)
    return said


FORMS: dict[str, Form] = {"names": names}
