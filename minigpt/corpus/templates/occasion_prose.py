"""Writes toasts, speeches, short posts, and the kinds of text that are one skeleton with sentences from lists."""

from __future__ import annotations

from minigpt.corpus.english import title_case
from minigpt.corpus.templates.occasion_scene import Scene
from minigpt.corpus.words import Words

TITLED = ("quest", "obituary", "travel", "bedtime ritual", "prophecy", "blessing", "label")  # whose first line is a title


def prose(scene: Scene, words: Words) -> str:
    """The form's skeleton, filled."""
    if "item" in scene.tables:
        scene.fixed["items"] = "\n".join(f"- {item}" for item in scene.some("item", scene.count(5, (7, 9), 12)))
    if "step" in scene.tables:
        steps = scene.some("step", scene.count(4, (5, 6), 8))
        scene.fixed["steps"] = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    first, rest = scene.said(scene.next("whole")).split("\n", 1)
    return f"{title_case(first) if scene.form in TITLED else first}\n{rest}"


def toast(scene: Scene, words: Words) -> str:
    """An occasion, a person, one anecdote that shows a quality, a wish, and raised glasses."""
    occasions = words["toast occasions"].get(scene.subject.field, words["toast occasions"]["any"])
    scene.fixed["occasion"] = ordinal(scene.text(scene.rng.choice(occasions)))
    quality, story, moral, wish = scene.rng.choice(words["anecdotes"])
    scene.fixed["quality"] = quality
    title = title_case(scene.said(scene.next("title")))
    opening, lead = scene.said(scene.next("opening")), scene.said(scene.next("lead"))
    told = " ".join(scene.said(line) for line in (*story, moral))
    wished = f"{scene.said(wish)} {scene.said(scene.next('raise'))}"
    parts = [f"{lead} {told}", wished] if scene.request.length == "short" else [opening, f"{lead} {told}", wished]
    return "\n\n".join([title, *parts])


def ordinal(text: str) -> str:
    """The text with the right endings of ordinal numbers: 21th -> 21st."""
    for wrong, right in (("1th", "1st"), ("2th", "2nd"), ("3th", "3rd")):
        text = text.replace(wrong, right)
    return text.replace("11st", "11th").replace("12nd", "12th").replace("13rd", "13th")


def speech(scene: Scene, words: Words) -> str:
    """Thanks, two to four points, and an end."""
    title = title_case(scene.said(scene.next("title")))
    points = scene.some("point", scene.count(2, (3, 4), 6))
    middle = len(points) // 2
    parts = [scene.said(scene.next("opening")), " ".join([scene.said(scene.next("thanks")), *points[:middle]]), " ".join(points[middle:])]
    return "\n\n".join([title, *parts, scene.said(scene.next("end"))])


def posts(scene: Scene, words: Words) -> str:
    """A handful of short posts by one writer."""
    last = scene.text("{thing}").split()[-1].replace("-", "_").replace("'", "")
    scene.fixed["handle"] = f"{scene.next('adj')}_{last}"
    scene.always = dict(scene.fixed)
    title = scene.said(scene.next("title"))
    said = scene.some("post", scene.count(3, (5, 6), 9))
    return "\n\n".join([title, *said, scene.said(scene.next("last"))])
