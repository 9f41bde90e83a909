"""Writes sea shanties, each of one tale, and spells, whose lines rhyme in pairs."""

from __future__ import annotations

import re

from minigpt.corpus.english import title_case, upper_first
from minigpt.corpus.templates.grammar import Told
from minigpt.corpus.templates.occasion_scene import Scene
from minigpt.corpus.templates.plots import stanzas
from minigpt.corpus.words import Words

CALLER, CREW, ALL = "Caller: ", "Crew: ", "All: "


def shanty(scene: Scene, words: Words) -> str:
    """A title, a line of introduction, and a tale in pairs of calls that rhyme, each answered by the crew, and a chorus.

    A short one lacks the chorus; a long one has more pairs, and the chorus in its middle too.
    """
    lists, rng = words["shanty"], scene.rng
    scene.fixed |= {"ship1": rng.choice(lists["ships"]), "captain1": rng.choice(lists["captains"]), "place0": rng.choice(lists["place0"])}
    refrain = [upper_first(scene.text(line)) for line in rng.choice(lists["refrains"])]
    chorus = "\n".join(upper_first(scene.text(line)) for line in rng.choice(lists["choruses"]))
    plot = rng.choice(words["shanty plots"])
    length = scene.request.length
    pairs = [pair for _, pair in stanzas(rng, plot, "Vv", 9 if length == "long" else 0)]
    sung = {"short": (), "long": (1, len(pairs) - 1)}.get(length or "", (len(pairs) - 1,))  # the pairs before a chorus
    title = title_case(upper_first(scene.text(rng.choice(plot["titles"]))))
    about = "" if scene.subject.topic.lower() in title.lower() else f": {title_case(f'a shanty of {scene.subject.topic}')}"
    parts = [f"{title}{about}\n{scene.said(scene.next('opening'))}"]
    for number, pair in enumerate(pairs):
        turns = zip((scene.text(line) for line in pair), refrain, strict=True)
        parts.append("\n".join(line for call, answer in turns for line in (CALLER + upper_first(call), CREW + answer)))
        if number in sung:
            parts.append(ALL + chorus)
    return Told("\n\n".join(parts), f"shanty: {plot['name']}, {scene.fixed['captain1']}")


AIMS = {"sleep": "rest", "rest": "rest", "courage": "courage", "bravery": "courage", "wisdom": "understand",
        "knowledge": "understand", "secrets": "secret", "joy": "joy", "happiness": "joy"}  # fmt: skip  # what some spells are for


def spell(scene: Scene, words: Words) -> str:
    """What a spell is for, what goes in, what is done, words that rhyme in pairs, its effect and a warning."""
    rng = scene.rng
    wanted = AIMS.get(scene.subject.topic.lower(), "")
    spell = rng.choice(
        [row for row in words["spell aims"] if row["name"] == wanted]
        or [row for row in words["spell aims"] if row["name"] != scene.subject.topic]
    )
    scene.fixed["aim"] = scene.text(spell["aim"])
    title = title_case(scene.said(scene.next("title")))
    source = scene.said(scene.next("source"))
    measures = scene.some("measure", scene.count(2, (3, 4), 5))
    stuff = [f"{measure} of {scene.text(scene.next('stuff'))}" for measure in measures]
    stuff += [scene.said(template) for template in rng.sample(scene.tables["extra"], scene.count(1, (2, 2), 3))]
    scene.fixed["extra1"] = _short(stuff[-1])
    rows = scene.tables["step"]  # in the order of the work
    drawn = sorted(rng.sample(range(len(rows)), scene.count(2, (3, 4), 6)))
    steps = [f"{number}. {scene.said(rows[row])}" for number, row in enumerate(drawn, 1)]
    general = rng.sample(words["spell words"], 2 if scene.request.length == "long" else 0)
    pairs = [[upper_first(scene.text(line)).rstrip(",.") for line in pair] for pair in (*spell["words"], *general)]
    chant = [mark for first, second in pairs for mark in (f"{first},", f"{second}.")]
    said = "\n".join(["Ingredients:", *(f"- {item}" for item in stuff)])
    ends = f"Effect: {scene.said(rng.choice(spell['effects']))}\nWarning: {scene.said(spell['warning'])}"
    text = "\n\n".join([f"{title}\n{source}", said, "\n".join(steps), "\n".join([scene.said(scene.next("use")), *chant]), ends])
    return Told(text, f"spell: {spell['name']}, {_short(stuff[0])}")


def _short(item: str) -> str:
    """How a step speaks of an ingredient: "the button" for "A button from the coat of a baker"."""
    bare = re.split(r",| that | borrowed | from | in the | made ", item)[0]
    return re.sub(r"^(?:An?|One|The) ", "the ", bare).replace("Three ", "the three ")
