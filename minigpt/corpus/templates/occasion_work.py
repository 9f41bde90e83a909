"""Writes reviews, questions with answers, lists of changes and weather reports: texts that must agree with themselves."""

from __future__ import annotations

from datetime import date, timedelta

from minigpt.corpus.english import title_case, upper_first
from minigpt.corpus.templates.grammar import Told
from minigpt.corpus.templates.occasion_prose import chosen, spell_out
from minigpt.corpus.templates.occasion_scene import Scene
from minigpt.corpus.templates.occasion_subjects import PAIRS, sort_of, worn
from minigpt.corpus.words import Words

FIRST_DAY, DAYS = date(2015, 1, 1), 3600  # of the dates of a list of changes
STARS = (5, 5, 4, 4, 3, 3, 2, 1)
GOOD, BAD = {5: 3, 4: 2, 3: 2, 2: 1, 1: 0}, {5: 0, 4: 1, 3: 1, 2: 2, 1: 3}  # stars -> sentences


def review(scene: Scene, words: Words) -> Told:
    """A thing with stars, what was good and what was not in a proportion that fits them, and a verdict."""
    stars = scene.rng.choice(STARS)
    good, bad = GOOD[stars], BAD[stars]
    if scene.request.length == "short":
        good, bad = min(good, 1), min(bad, 1)
    asked = " ".join((*scene.request.matched, *scene.request.topics)).lower()
    named = [idea for word, idea in words["reviewed"].items() if word in asked]
    ideas = words["review ideas"]
    idea = next((row for row in ideas if row["idea"] in named), None) or chosen(scene, ideas, scene.subject.sort)
    kind = words["judged by"].get(idea["idea"], "media")
    pair = scene.subject.short in PAIRS
    one, ones = (
        (f"pair of {scene.subject.topic}", f"pairs of {scene.subject.topic}") if pair else (scene.subject.short, scene.subject.topic)
    )
    scene.fixed |= {"stars": str(stars), "one": one, "ones": ones, "months": str(scene.rng.randint(3, 11))}
    scene.text("{brand1}{cafe1}")
    scene.fixed |= {"brand": scene.fixed["brand1"]}
    scene.fixed["book1"] = title_case(scene.text("{book}"))
    scene.fixed["head"] = scene.text(scene.next(head if (head := f"head{stars} {kind}") in scene.tables else f"head{stars}"))
    verdict = f"verdict{stars} {kind}" if f"verdict{stars} {kind}" in scene.tables else f"verdict{stars}"
    scene.fixed["verdict"] = " ".join(scene.said(scene.next(name)) for name in (verdict, "reviewer"))
    kind = "worn" if kind == "things" and worn(scene.subject.topic) else kind
    scene.fixed["good"] = f"What was good: {' '.join(scene.some(f'good {kind}', good))}" if good else ""
    flaws = name if (name := f"bad{stars} {kind}") in scene.tables else f"bad {kind}"
    scene.fixed["bad"] = f"What was not: {' '.join(scene.some(flaws, bad))}" if bad else ""
    told = spell_out(scene, idea)
    return Told(str(told), f"{told.idea}, {stars} stars")


def faq(scene: Scene, words: Words) -> Told:
    """Questions with answers, between an introduction and an end that name the topic."""
    title, opening = title_case(scene.said(scene.next("title"))), scene.said(scene.next("opening"))
    scene.always = dict(scene.fixed)
    pairs = []
    asked = scene.rng.sample(words["questions"], scene.count(2, (4, 5), 8))
    for question, answer in asked:
        scene.forget()
        for number in (1, 2, 3):
            scene.meet(number)
        pairs.append(f"Q: {scene.said(question)}\nA: {scene.said(answer)}")
    scene.forget()
    return Told("\n\n".join([title, opening, *pairs, scene.said(scene.next("end"))]), f"faq: {asked[0][0]}")


def app(scene: Scene, words: Words) -> str:
    """Choose a program; its words become fields. Its idea."""
    row = scene.rng.choice(words["apps"])
    scene.fixed |= {name: scene.text(row[name]) for name in ("what", "where", "one", "some")}
    return str(row["idea"])


def changelog(scene: Scene, words: Words) -> Told:
    """Versions from the newest to the oldest, whose numbers and dates both fall."""
    idea, name = app(scene, words), scene.next("product")
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
    head = scene.text(f"Changelog of {name}, {scene.fixed['what']}, used by {{20-900}} {{persons0}}")
    end = f"{scene.said(scene.next('thanks'))} {name} {major}.{minor + 1}.0 {scene.text(scene.next('next'))}"
    return Told("\n\n".join([head, *entries[::-1], end]), f"changelog: {idea}")


def commits(scene: Scene, words: Words) -> Told:
    """A log of conventional commits, each "type(scope): what it does", some with a reason."""
    idea = app(scene, words)
    scene.fixed["name0"] = scene.rng.choice(words["changelog"]["product"])
    scene.always = dict(scene.fixed)
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
    title = scene.text(scene.next("title"))
    return Told("\n\n".join([upper_first(title), "\n".join(lines), scene.said(scene.next("end"))]), f"commits: {idea}")


def weather(scene: Scene, words: Words) -> Told:
    """Morning, noon, afternoon, wind, advice for the topic, night and outlook; temperatures and advice agree."""
    low = scene.rng.randint(5, 14)
    high, night = low + scene.rng.randint(4, 12), low + scene.rng.randint(-3, 2)
    scene.fixed |= {"low": str(low), "high": str(high), "night": str(night)}
    scene.fixed["weekday0"] = scene.next("weekday")
    days = words["common"]["weekday"]
    scene.fixed["weekday2"] = days[(days.index(scene.fixed["weekday0"]) + 1) % len(days)]
    if place := next((topic for topic in scene.request.topics if sort_of(topic) == "place"), ""):
        scene.fixed["town0"] = scene.request.spell(place)
    kind = scene.rng.choice(("wet", "dry"))

    def said(*names: str) -> str:
        return " ".join(scene.said(scene.next(name)) for name in names)

    parts = [
        title_case(said("title")),
        said("morning", kind, "warm", "wind"),
        said(f"{kind} advice"),
        said("night", "outlook", "forecaster"),
    ]
    return Told("\n\n".join(parts), f"weather: {kind}, {low} to {high}")
