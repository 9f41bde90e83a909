"""Writes sea shanties and spells, whose lines rhyme by a table of rhyme sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minigpt.corpus.english import title_case, upper_first
from minigpt.corpus.templates.occasion_scene import Scene
from minigpt.corpus.words import Words

CALLER, CREW, ALL = "Caller: ", "Crew: ", "All: "


def shanty(scene: Scene, words: Words) -> str:
    """A title, a line of introduction, and verses of two calls that rhyme, each answered by the crew, with a chorus after some."""
    lists = words["shanty"]
    scene.fixed |= {"ship1": scene.rng.choice(lists["ships"]), "captain1": scene.rng.choice(lists["captains"])}
    refrain = [upper_first(scene.text(line)) for line in scene.rng.choice(lists["refrains"])]
    chorus = ["\n".join([ALL + lines[0], *lines[1:]]) for lines in [[scene.text(line) for line in scene.rng.choice(lists["choruses"])]]]
    pairs = [scene.rng.choice(lists["starts"])]
    pairs += couplets(scene, words["shanty lines"], scene.count(1, (2, 3), 5))
    pairs.append(scene.rng.choice(lists["ends"]))
    title = title_case(scene.said(scene.next("title")))
    parts = [f"{title}\n{scene.said(scene.next('opening'))}"]
    for number, pair in enumerate(pairs):
        turns = zip((scene.text(line) for line in pair), refrain, strict=True)
        parts.append("\n".join(line for call, answer in turns for line in (CALLER + stopped(upper_first(call)), CREW + answer)))
        if number in (1, len(pairs) - 1):
            parts += chorus
    return "\n\n".join(parts)


def couplets(scene: Scene, lines: Mapping[str, Sequence[str]], count: int) -> list[list[str]]:
    """So many pairs of templates, each of another sound."""
    sounds = scene.rng.sample(sorted(lines), count)
    return [scene.rng.sample(lines[sound], 2) for sound in sounds]


def stopped(line: str) -> str:
    """The line with a mark at its end."""
    return line if line.endswith((".", ",", ";", "!", "?", "'")) else f"{line}."


def spell(scene: Scene, words: Words) -> str:
    """What a spell is for, what goes in, what is done, words that rhyme in pairs, its effect and a warning."""
    aim, effect, warning = scene.rng.choice(words["spell"]["aims"])
    scene.fixed["aim"] = scene.text(aim)
    title = title_case(scene.said(scene.next("title")))
    source = scene.said(scene.next("source"))
    measures = scene.some("measure", scene.count(2, (3, 4), 5))
    stuff = [f"{measure} of {scene.next('stuff')}" for measure in measures]
    stuff += [scene.said(template) for template in scene.rng.sample(scene.tables["extra"], scene.count(1, (2, 2), 3))]
    scene.fixed["extra1"] = stuff[-1][0].lower() + stuff[-1][1:].split(",")[0]
    if scene.fixed["extra1"].startswith(("a ", "an ", "one ")):
        scene.fixed["extra1"] = "the " + scene.fixed["extra1"].split(" ", 1)[1]
    scene.fixed["extra1"] = scene.fixed["extra1"].split(" that ")[0].split(" borrowed ")[0].split(" found ")[0]
    steps = [f"{number}. {step}" for number, step in enumerate(scene.some("step", scene.count(2, (3, 4), 5)), 1)]
    chant = [[upper_first(scene.text(line)) for line in pair] for pair in couplets(scene, words["spell lines"], scene.count(1, (2, 2), 3))]
    lines = [mark for first, second in chant for mark in (f"{first},", f"{second}.")]
    said = "\n".join(["Ingredients:", *(f"- {item}" for item in stuff)])
    ends = f"Effect: {scene.said(effect)}\nWarning: {scene.said(warning)}"
    return "\n\n".join([f"{title}\n{source}", said, "\n".join(steps), "\n".join([scene.said(scene.next("use")), *lines]), ends])
