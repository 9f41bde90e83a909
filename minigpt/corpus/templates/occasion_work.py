"""Writes reviews, questions with answers, instructions, lists of changes and weather reports: texts that must agree with themselves."""

from __future__ import annotations

from datetime import date, timedelta

from minigpt.corpus.english import title_case, upper_first
from minigpt.corpus.templates.occasion_scene import Scene
from minigpt.corpus.words import Words

FIRST_DAY, DAYS = date(2015, 1, 1), 3600  # of the dates of a list of changes
STARS = (5, 5, 4, 4, 3, 3, 2, 1)


def review(scene: Scene, words: Words) -> str:
    """A product with stars, what was good and what was not in a proportion that fits them, and a verdict."""
    stars = scene.rng.choice(STARS)
    thing = product(scene)
    scene.fixed["thing0"] = thing
    name = f"{scene.next('brand')} {scene.next('model')} {thing}"
    name += "" if thing == scene.subject.short else f", for {scene.subject.topic}"
    good = {5: 3, 4: 2, 3: 2, 2: 1, 1: 0}[stars]
    bad = {5: 0, 4: 1, 3: 1, 2: 2, 1: 3}[stars]
    bad += 1 if stars == 5 and scene.rng.random() < 0.4 else 0
    if scene.request.length == "short":
        good, bad = min(good, 1), min(bad, 1)
    head = f"{name}: {scene.said(scene.next(f'head{stars}'))}"
    bought = scene.said(scene.next("bought"))
    parts = [bought]
    parts += [f"What was good: {' '.join(scene.some(f'good{stars}', good))}"] if good else []
    parts += [f"What was not: {' '.join(scene.some(f'bad{stars}', bad))}"] if bad else []
    verdict = scene.said(scene.next(f"verdict{stars}"))
    return "\n\n".join([f"{head}\n{stars} of 5 stars", *parts, verdict])


def product(scene: Scene) -> str:
    """What is reviewed: the topic itself if it is a thing, else a thing of its field."""
    short = scene.subject.short
    itself = short in scene.tables["thing"] or (scene.subject.field == "any" and scene.subject.many and short)
    return short if itself else scene.text("{thing}")


def faq(scene: Scene, words: Words) -> str:
    """Questions with answers, between an introduction and an end that name the topic."""
    title, opening = title_case(scene.said(scene.next("title"))), scene.said(scene.next("opening"))
    pairs = []
    for question, answer in scene.rng.sample(words["questions"], scene.count(2, (4, 5), 8)):
        scene.forget()
        pairs.append(f"Q: {scene.said(question)}\nA: {scene.said(answer)}")
    return "\n\n".join([title, opening, *pairs, scene.said(scene.next("end"))])


def howto(scene: Scene, words: Words) -> str:
    """What it is for, materials, numbered steps, a check and a tip."""
    project = scene.rng.choice(words["projects"])
    title = f"How to {title_case(scene.said(project['aim']))}"
    things = "\n".join(f"- {scene.said(thing)}" for thing in project["things"])
    left = len(project["steps"]) - scene.rng.randint(0, 1)
    kept = sorted(scene.rng.sample(range(len(project["steps"])), left))
    steps = "\n".join(f"{number}. {scene.said(project['steps'][place])}" for number, place in enumerate(kept, 1))
    check, tip = f"Check: {scene.said(project['check'])}", scene.said(scene.next("tip"))
    ends = [check] if scene.request.length == "short" else [check, tip]
    return "\n\n".join([title, scene.said(scene.next("intro")), f"You need:\n{things}", steps, *ends])


def changelog(scene: Scene, words: Words) -> str:
    """Versions from the newest to the oldest, whose numbers and dates both fall."""
    name, what = scene.next("name"), scene.text(scene.next("what"))
    day = FIRST_DAY + timedelta(days=scene.rng.randrange(DAYS))
    major, minor, patch = scene.rng.randint(0, 4), scene.rng.randint(0, 9), 0
    entries = []
    for _ in range(scene.count(2, (2, 3), 5)):
        step = scene.rng.choice(("minor", "minor", "patch", "patch", "major"))
        major, minor, patch = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0), "patch": (major, minor, patch + 1)}[step]
        day += timedelta(days=scene.rng.randint(4, 120))
        kinds = {"major": ("added", "changed", "removed"), "minor": ("added", "changed"), "patch": ("fixed",)}[step]
        lines = [f"Version {major}.{minor}.{patch} ({day.isoformat()})"]
        for kind in (*kinds, *(("fixed",) if step != "patch" and scene.rng.random() < 0.6 else ())):
            lines += [f"- {kind.capitalize()}: {line}." for line in scene.some(kind, scene.rng.randint(1, 2))]
        entries.append("\n".join(lines))
    head = f"Changelog of {name}, {what}"
    thanks = scene.said(scene.next("thanks"))
    return "\n\n".join([head, *entries[::-1], f"{thanks} {name} {version(scene, major, minor)}"])


def version(scene: Scene, major: int, minor: int) -> str:
    """What comes next."""
    return (
        f"{major}.{minor + 1}.0 will bring more about {scene.subject.topic}{scene.rng.choice((', one hopes', '', ' and fewer surprises'))}."
    )


def commits(scene: Scene, words: Words) -> str:
    """A log of conventional commits, each "type(scope): what it does", some with a reason."""
    scene.fixed["name0"] = scene.rng.choice(words["changelog"]["name"])
    lines = []
    count = scene.count(4, (6, 8), 11)
    for number in range(count):
        scene.forget()
        kind = scene.rng.choice(("feat", "feat", "fix", "fix", "docs", "refactor", "test", "chore"))
        mark = f"{scene.rng.getrandbits(28):07x}"
        lines.append(f"{mark} {kind}({scene.next('scope')}): {scene.text(scene.next(kind))}")
        if number % 3 == 1:
            lines.append(f"    {scene.said(scene.next('body'))}")
    scene.fixed["count"] = str(count)
    scene.fixed["name0"] = scene.rng.choice(words["changelog"]["name"])
    title = scene.text(scene.next("title"))
    return "\n\n".join([upper_first(title), "\n".join(lines), scene.said(scene.next("end"))])


def weather(scene: Scene, words: Words) -> str:
    """Morning, noon, afternoon, wind, advice for the topic, night and outlook; temperatures and advice agree."""
    low = scene.rng.randint(5, 14)
    high, night = low + scene.rng.randint(4, 12), low + scene.rng.randint(-3, 2)
    scene.fixed |= {"low": str(low), "high": str(high), "night": str(night)}
    kind = scene.rng.choice(("wet", "dry"))

    def said(*names: str) -> str:
        return " ".join(scene.said(scene.next(name)) for name in names)

    parts = [said("title"), said("morning", kind, "warm", "wind"), said(f"{kind} advice"), said("night", "outlook", "forecaster")]
    return "\n\n".join(parts)
