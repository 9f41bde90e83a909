"""Writes riddles, jokes, horoscopes and raps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import cycle

from minigpt.corpus.english import article, title_case, upper_first
from minigpt.corpus.templates.grammar import Told
from minigpt.corpus.templates.occasion_scene import Scene
from minigpt.corpus.templates.occasion_subjects import single
from minigpt.corpus.words import Words

LETTERS = (4, 9)  # of a word that is spelled out in a riddle
SPELLED = 0.4  # share of riddles that spell out a word
ITSELF = 0.15  # share of the others whose answer is the topic itself, where the table has it
UNCOUNTED = ("stairs", "bread", "silence", "dice")  # answers without an article
BATTLE = 0.4  # share of raps in which two people rap against each other
ASKING = re.compile(r"(?:How many|How long|Why|What|How|Where|Who|Which) .*\?$")


def riddle(scene: Scene, words: Words) -> Told:
    """Clues, a question, a wrong guess, the answer and what came of it."""
    short = scene.subject.short
    known = [row for row in words["riddles"] if scene.subject.field in row["fields"]] or words["riddles"]
    named = [row for row in words["riddles"] if row["answer"] == short]
    row = scene.rng.choice(named if named and scene.rng.random() < ITSELF else known)
    spelled = spelled_out(scene) if scene.rng.random() < SPELLED else ""
    answer = spelled or row["answer"]
    guesses = [other["answer"] for other in words["riddles"] if other["answer"] not in (answer, *UNCOUNTED)]
    guesses = [guess for guess in guesses if single(guess) == guess]
    scene.fixed |= {"guess1": scene.rng.choice(guesses), "guess2": scene.rng.choice(guesses)}
    said = f"{article(answer)} {answer}" if single(answer) == answer and answer not in UNCOUNTED else answer
    scene.fixed["answer"] = said
    title, asker = title_case(scene.said(scene.next("title"))), scene.said(scene.next("asker"))
    lines = [*letters(scene, words, answer), scene.said(scene.next("all"))] if spelled else clues(scene, row["clues"])
    guess = " ".join(scene.some("first guess", 2 if scene.request.length == "long" else 1))
    parts = [
        title,
        asker,
        "\n".join(lines),
        scene.said(scene.next("question")),
        guess,
        f"Answer: {said}. {scene.said(scene.next('after'))}",
    ]
    return Told("\n\n".join(parts), f"riddle: {answer}")


def clues(scene: Scene, rows: Sequence[str]) -> list[str]:
    """Lines of one or two clues each."""
    some = [scene.said(clue) for clue in scene.rng.sample(rows, scene.count(2, (3, 4), 5))]
    if len(some) == 2:
        return some
    joined = [f"{one.removesuffix('.')}; {lower_first(two)}" for one, two in zip(some[::2], some[1::2], strict=False)]
    return joined + some[2 * len(joined) :]


def lower_first(text: str) -> str:
    """The text without a capital at its beginning, unless that is the word I."""
    return text if re.match(r"I\b", text) else text[:1].lower() + text[1:]


def spelled_out(scene: Scene) -> str:
    """A thing of the subject whose letters a riddle can give one by one; of a topic that no table knows, its own word; "" if none fits."""
    things = [scene.subject.short] if scene.subject.field == "any" else scene.tables["thing"]
    fit = [thing for thing in things if thing.isalpha() and thing.islower() and LETTERS[0] <= len(thing) <= LETTERS[1]]
    return str(scene.rng.choice(fit)) if fit else ""


def letters(scene: Scene, words: Words, answer: str) -> list[str]:
    """A line for each letter, with a word that has it and one that does not."""
    pool = [word for word in words["letter words"] if word != answer]
    lines = []
    for number, letter in zip(words["ordinals"], answer, strict=False):
        inside = scene.rng.choice([word for word in pool if letter in word])
        outside = scene.rng.choice([word for word in pool if letter not in word])
        lines.append(f'My {number} is in "{inside}", but not in "{outside}".')
    return lines


def joke(scene: Scene, words: Words) -> Told:
    """Two people tell each other jokes; they speak in turn, and each punch line is answered."""
    own = words["field jokes"].get(scene.subject.field, [])
    some = scene.rng.sample(own, min(len(own), scene.rng.choice((0, 0, 1))))
    some += scene.rng.sample(words["jokes"], scene.count(2, (3, 4), 6) - len(some))
    scene.rng.shuffle(some)
    scene.fixed["number"] = words["numbers"][len(some)]
    scene.always = dict(scene.fixed)
    title = title_case(scene.said(scene.next("title")))
    turns = [scene.said(scene.next("start")), scene.said(scene.next("ready"))]
    for number, told in enumerate(some):
        asking = ASKING.match(told[0]) if len(told) == 2 else None
        if asking:
            scene.fixed["why"] = re.match(r"How (?:many|long)|\w+", told[0])[0].lower()  # type: ignore[index]
        said = [scene.said(line) for line in ([told[0], scene.next("do not know"), told[1]] if asking else told)]
        if number:
            turns[-1] = f"{turns[-1]} {scene.text(scene.next('turn'))}{said[0]}"
            said = said[1:]
        turns += said
        scene.forget()
        turns.append(scene.said(scene.next("groan")))
    turns += [scene.said(scene.next("last")), scene.said(scene.next("bye"))]
    return Told("\n".join([title, "", *spoken(scene, turns)]), f"joke: {some[0][0] if len(some[0]) < 5 else some[0][2]}")


def spoken(scene: Scene, turns: Sequence[str]) -> list[str]:
    """The turns with their speakers, who alternate; whoever is addressed in a turn is the other one."""
    names = scene.fixed["name1"], scene.fixed["name2"]
    lines = []
    for speaker, other, turn in zip(cycle(names), cycle(names[::-1]), turns, strict=False):
        addressed = re.sub(rf"\b{speaker}\b", other, turn)
        lines.append(f"{speaker}: {addressed}")
    return lines


def horoscope(scene: Scene, words: Words) -> Told:
    """All twelve signs under one sky, for one day."""
    sky = scene.rng.choice(words["skies"])
    scene.fixed["date1"] = scene.text("{weekday}, {month} {1-28}")
    title, opening = scene.said(scene.next("title")), scene.said(sky["opening"])
    end = scene.said(sky["end"])
    scene.always = dict(scene.fixed)
    lines = []
    second = {"short": 0.0, "long": 0.9}.get(scene.request.length or "", 0.04)
    for sign, _ in words["signs"]:
        scene.forget()
        more = f" {scene.said(scene.next('fate'))}" if scene.rng.random() < second else ""
        lines.append(f"{sign}: {scene.said(scene.next('fate'))}{more}")
    return Told("\n\n".join([title, opening, "\n".join(lines), end]), f"horoscope: {sky['idea']}")


def rap(scene: Scene, words: Words) -> Told:
    """Verses of rhymed pairs with a hook, or two people who rap against each other."""
    hook = scene.rng.choice(words["rap hooks"])
    battle = scene.rng.random() < BATTLE
    scene.always = dict(scene.fixed)
    title = title_case(scene.said(scene.next("battle title" if battle else "title")))
    verses = scene.count(1, (2, 2), 3)
    chorus = "Hook:\n" + "\n".join(rhymed(scene, hook))
    own = scene.rng.sample(words["rap couplets"], 3 * verses)
    against = scene.rng.sample(words["rap battles"], 2 * verses)
    parts = [title] if battle else [title, scene.said(scene.next("start"))]
    for verse in range(verses):
        mine = own[3 * verse : 3 * verse + 3]
        if battle:
            for speaker, other, pairs in (
                ("name1", "name2", [mine[0], against[2 * verse]]),
                ("name2", "name1", [against[2 * verse + 1], mine[1]]),
            ):
                scene.fixed["other"] = scene.fixed[other]
                parts.append(f"{scene.fixed[speaker]}:\n" + "\n".join(line for pair in pairs for line in rhymed(scene, pair)))
        else:
            parts.append(f"Verse {verse + 1}:\n" + "\n".join(line for pair in mine for line in rhymed(scene, pair)))
        if verse == 0 or not battle:
            parts.append(chorus)
    parts.append(scene.said(scene.next("judge" if battle else "close")))
    return Told("\n\n".join(parts), f"rap: {hook[0]}")


def rhymed(scene: Scene, lines: Sequence[str]) -> list[str]:
    """The lines filled, with a comma at the end of every odd one and a stop at the end of every even one."""
    texts = [upper_first(scene.text(line)) for line in lines]
    ends = [text if text[-1] in ',.!?"' else text + (",", ".")[number % 2] for number, text in enumerate(texts)]
    return [re.sub(r'([^,.!?])"$', r'\1."' if number % 2 else r'\1,"', text) for number, text in enumerate(ends)]
