"""Writes short news reports from invented towns: what happened, why, who says what, and what comes of it."""

from __future__ import annotations

from minigpt.corpus.english import upper_first
from minigpt.corpus.templates.general_facts import Pen
from minigpt.corpus.templates.general_scene import Scene, choose_scene, set_scene, told
from minigpt.corpus.words import Words


def news(pen: Pen) -> str:
    """A report: headline, the event with its cause, a quotation and a consequence, and a summary sentence."""
    scene = choose_scene(pen, scenes(pen.words))
    set_scene(pen, scene)
    head = upper_first(pen.say(pen.pick(scene["head"])))
    body = pen.tell(*told(pen, scene["body"]))
    pen.facts["short"] = pen.pick(scene["short"])
    return "\n\n".join([head, body, pen.some("news closes")])


def scenes(words: Words) -> list[Scene]:
    """All that can happen in the invented towns."""
    return [*words["news scenes"], *words["news scenes more"]]
