"""Writes dialogues: two people, a small matter that develops, and an end."""

from __future__ import annotations

from minigpt.corpus.templates.general_facts import Pen, contract, known_topics
from minigpt.corpus.templates.general_scene import Scene, choose_scene, names, set_scene, told
from minigpt.corpus.templates.wording import CALLED, calling, joined
from minigpt.corpus.words import Words

TITLES = {"she": "Ms.", "he": "Mr."}


def talks(words: Words) -> list[Scene]:
    """All that people talk about; each pair of turns of a talk is what one says and what the other answers."""
    return [*words["talks out"], *words["talks in"], *words["talks work"], *words["talks home"], *words["talks more"]]


def dialogue(pen: Pen) -> str:
    """A dialogue of three to six pairs of turns, each line with its speaker."""
    scene = _choose(pen)
    set_scene(pen, scene)
    for letter, number in zip("abcd", range(1, 5), strict=True):
        pen.facts[letter] = _called(pen, number)
    pairs = [[joined(pen.rng, pen.say(turn), spoken=True) for turn in pair] for pair in told(pen, scene["turns"])]
    for pair in pairs:
        for turn in range(2):
            if not scene.get("strangers") and pen.rng.random() < CALLED:
                pair[turn] = calling(pen.rng, pair[turn], pen.facts["ba"[turn]])
    if pen.request.tone == "fun":
        pairs[-1][1] += " " + pen.say(pen.pick(pen.words["fun endings"]["any"]))
    lines = [f"{pen.facts['ab'[turn]]}: {contract(pen, text)}" for pair in pairs for turn, text in enumerate(pair)]
    return "\n".join(lines)


def _called(pen: Pen, number: int) -> str:
    """The first name; in a formal talk the last name with its title."""
    facts = pen.facts
    formal = pen.request.tone == "formal"
    return f"{TITLES[facts[f'p{number}.she']]} {facts[f'p{number}.last']}" if formal else facts[f"p{number}.first"]


def _choose(pen: Pen) -> Scene:
    """A talk about one of the request's topics; if some have a slot for it, such as "dog" for dogs, one of those."""
    every = talks(pen.words)
    known = set(known_topics(pen.request))
    fitting = [talk for talk in every if known & set(talk["topics"])] or every
    named = [talk for talk in fitting if pen.prefer and names({"body": [], "slots": _firsts(talk)}, pen.prefer)]
    return choose_scene(pen, named or fitting, topical=False)


def _firsts(talk: Scene) -> dict[str, list[str]]:
    return {key: [row if isinstance(row, str) else row[0] for row in rows] for key, rows in talk["slots"].items()}
