"""Writes stories, fables and dialogue scenes with consistent characters."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from minigpt.corpus.english import title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import draw, fill
from minigpt.corpus.templates.poetry_topics import PRONOUNS, Images, finder, images_for, obedient, scaled, short_name, titled
from minigpt.corpus.words import Words

ALONE = {"their": "his", "them": "him", "they": "he", "themselves": "himself"}
OTHERS = re.compile(r"\b(their|them|they|themselves|each other)\b")


def cast(rng: random.Random, words: Words, images: Images) -> Callable[[str], str]:
    """A look-up for a story's templates: people, object, saying and sight stay the same, other images are drawn anew."""
    name, pronoun = rng.choice(words["heroes"])
    held = {"name": name, "elder": rng.choice(words["elders"])} | PRONOUNS[pronoun]
    for key in ("friend", "town"):  # "a tame goose", later "the goose"
        held[key], held[f"{key}.the"] = (images.fill(text) for text in images.draw(f"{key}s"))
    held["trade"], treasure = rng.choice(words["trades"]), images.get("treasures")
    held |= {"trade.a": f"a(n) {held['trade']}", "treasure.a": f"a(n) {treasure}", "treasure": bare(treasure, images.name)}
    held["riddle"], held["answer"] = rng.choice(words["riddles"])
    look = finder(images)
    held["saying"], held["sight"] = look("clause"), look("see")

    def find(key: str) -> str:
        if key == "alone":  # like {they}, but about the hero
            return OTHERS.sub(lambda m: held[ALONE[m[0]]] if m[0] in ALONE else "an old friend", look("they"))
        return held[key] if key in held else look(key)

    return find


def bare(treasure: str, name: str) -> str:
    """The treasure without its topic: "the book" for "a book about falconry"."""
    return re.sub(rf" (?:about|of) (?:{re.escape(name)}|{re.escape(short_name(name))})$", "", treasure)


def story(rng: random.Random, words: Words, request: Request) -> str:
    """A short tale with a hero, a friend and a treasure: a beginning, the scenes of one plot, its ending, a last thought."""
    return obedient(words, request, lambda: _story(rng, words, request))


def _story(rng: random.Random, words: Words, request: Request) -> str:
    images = images_for(rng, words, request)
    find = cast(rng, words, images)
    scenes = draw(rng, words["story scenes"], len(words["story scenes"]))
    special: dict[str, Callable[[], str]] = {
        "SCENE": scenes.pop,
        "RIDDLE": lambda: rng.choice(words["riddle asks"]),
        "ANSWER": lambda: rng.choice(words["riddle answers"]),
    }
    details = draw(rng, words["story details"], scaled(rng, request, 0, (1, 1), 3))
    beats = [" ".join((rng.choice(words["story openings"]), *details))]
    for choices in rng.choice(list(words["story plots"].values())):
        choice = rng.choice(choices)
        beats.append(special[choice]() if choice in special else choice)
    if request.length != "short":
        beats.append(rng.choice(words["story morals"]))
    told = [upper_first(fill(rng, beat, find)) for beat in beats]
    titles = words["topic story titles" if request.topics or request.season else "story titles"]
    return title_case(fill(rng, rng.choice(titles), titled(images, find))) + "\n\n" + "\n".join(told)


def fable(rng: random.Random, words: Words, request: Request) -> str:
    """A fable: two animals, what happened between them, and the moral."""

    def write() -> str:
        images = images_for(rng, words, request)
        find = cast(rng, words, images)
        first, second = draw(rng, words["fable animals"], 2)
        (trouble, end), moral = rng.choice(words["fables"])
        beats = (rng.choice(words["fable openings"]), trouble, rng.choice(words["fable asides"]), end)

        def look(key: str) -> str:
            return {"a": first, "b": second}.get(key) or find(key)

        told = [upper_first(fill(rng, text, look)) for text in beats]
        about = f": a fable of {images.name}" if request.topics or request.season else ""
        return title_case(f"{first} and {second}{about}") + "\n\n" + "\n".join(told) + f"\n\nMoral: {fill(rng, moral, {})}"

    return obedient(words, request, write)


def scene(rng: random.Random, words: Words, request: Request) -> str:
    """A dialogue between two people; each second line answers the one before."""

    def write() -> str:
        images = images_for(rng, words, request)
        find = cast(rng, words, images)
        (one, _), (two, _) = draw(rng, words["heroes"], 2)

        def look(key: str) -> str:
            return {"name": one, "other": two}.get(key) or find(key)

        turns = [*draw(rng, words["scene lines"], scaled(rng, request, 2, (3, 4), 7)), rng.choice(words["scene ends"])]
        lines = [f"{who}: {upper_first(fill(rng, text, look))}" for turn in turns for who, text in zip((one, two), turn, strict=True)]
        about = f" about {images.name}" if request.topics or request.season else ""
        title = title_case(fill(rng, "{name} and {other}" + about + ": a scene", look))
        return f"{title}\n\n{upper_first(fill(rng, rng.choice(words['scene openings']), look))}\n\n" + "\n".join(lines)

    return obedient(words, request, write)
