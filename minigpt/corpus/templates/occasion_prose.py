"""Writes the kinds of text that tell one small story or thought: each idea of the tables is told in many ways.

An idea has a text, a list of sentences ("" begins a paragraph, "/" a line, "?" a sentence that a short text leaves out, "#." a
number), and may have rows under "with": values that belong together, of which a document takes one row. Under "for" stand the
sorts of topic that it needs, under "fields" the subjects that take it before any other, under "never" those that do not take it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from minigpt.corpus.english import title_case, upper_first
from minigpt.corpus.templates.grammar import Told
from minigpt.corpus.templates.occasion_people import ABOUT, BIRTHDAY, YOUNG, animal, person
from minigpt.corpus.templates.occasion_scene import AGREE_MANY, Scene
from minigpt.corpus.templates.occasion_subjects import INDEFINITE, PAIRS, plural, single, sort_of
from minigpt.corpus.words import Words

TITLED = (
    "quest", "obituary", "travel", "bedtime ritual", "prophecy", "blessing", "toast", "speech", "howto", "profile", "conspiracy theory",
    "meditation", "invitation",
)  # fmt: skip  # forms with a title
EXTRA = 0.6  # share of the sentences marked "?" that a text of no stated length has
WORD = re.compile(r"[a-z]+")
ALWAYS_OWN = (
    "obituary",
    "love letter",
    "review",
    "advertisement",
    "classified ad",
)  # forms that take an idea for the topic's sort if there is one
PIECES = ("furniture", "clothing", "jewelry", "jewellery", "luggage", "equipment", "pottery", "art")
LOGS = {"star": ("space",), "space": ("space",), "captain": ("ships", "pirates", "space"), "ship": ("ships", "pirates")}
OWN, ALONE = 0.75, 0.35  # shares of documents with an idea for the topic's sort, if there are several and if there is one


def tell(scene: Scene, words: Words) -> Told:
    """One of the form's ideas, told for the request's topic."""
    ideas = [*words[f"{scene.form} ideas"], *(words["complaints about"] if scene.form == "complaint letter" else ())]
    settle(scene, words)
    return spell_out(scene, chosen(scene, ideas, scene.subject.sort))


def diary(scene: Scene, words: Words) -> Told:
    """A day of somebody grown up, or of somebody who goes to school."""
    kind = "animal diary ideas" if animal(scene.request) else "young diary ideas" if scene.request.audience in YOUNG else "diary ideas"
    ideas = words[kind]
    return spell_out(scene, chosen(scene, ideas, scene.subject.sort))


def settle(scene: Scene, words: Words) -> None:
    """Let whom a text is for be called what they are called, and a postcard from a country come from one of its towns."""
    whom = person(scene.request) if scene.form in ABOUT else None
    number = 2 if scene.form == "invitation" else 1  # there 1 is the host
    while whom and whom.pronoun and scene.fixed[f"he{number}"] != whom.pronoun:
        scene.meet(number)
    who = next((INDEFINITE.sub("", topic) for topic in scene.request.topics if INDEFINITE.match(topic)), "")
    if scene.form == "obituary" and who and sort_of(plural(who)) == "person" and not whom:
        scene.tables["person"] = [who]
    if whom and whom.kind == "teacher" and scene.form == "obituary":
        scene.tables["person"] = ["teacher", "music teacher", "art teacher"]
    if whom and whom.name and scene.form != "obituary":  # which names the family, too
        scene.fixed[f"name{number}"] = whom.name
    paired = scene.form in ("advertisement", "classified ad") and scene.subject.short in PAIRS
    if paired or scene.subject.topic in PIECES:  # which are sold by the pair, or one by one
        kind = "pair" if paired else "piece"
        one, many = f"{kind} of {scene.subject.topic}", f"{kind}s of {scene.subject.topic}"
        scene.subject = replace(scene.subject, sort="thing", topic=many, short=one)
        scene.fixed |= {"one": one, "topic": many, "short": one, **AGREE_MANY}
    scene.fixed["country"] = ""
    towns = words["towns of"].get(scene.subject.topic.lower()) if scene.form in ("postcard", "travel") else None
    if towns:
        town = scene.rng.choice(towns)
        scene.fixed["country"] = f", {scene.subject.topic}"
        scene.subject = replace(scene.subject, topic=town, short=town)
        scene.fixed |= {"topic": town, "short": town}


def spell_out(scene: Scene, idea: Mapping[str, Any]) -> Told:
    """An idea as a document."""
    row = scene.rng.choice(idea["with"]) if "with" in idea else {}
    for name, value in row.items():
        scene.fixed[name] = scene.text(value)
    scene.fixed.setdefault("one", scene.subject.short)
    text = told(scene, idea["text"])
    if scene.form in TITLED:
        first, rest = text.split("\n", 1)
        country = scene.fixed.get("country", "") if scene.form == "travel" else ""
        if country:
            first = first.replace(scene.subject.topic, f"{scene.subject.topic}{country}", 1)
        text = f"{title_case(first)}\n{rest}"
    return Told(text, ": ".join([scene.form, idea["idea"], *list(row.values())[:1]]))


def chosen(scene: Scene, ideas: Sequence[Mapping[str, Any]], sort: str) -> Mapping[str, Any]:
    """An idea that suits whom the text is for and the sort of the topic; an advertisement for kettles sells a kettle."""
    whom = person(scene.request) if scene.form in ABOUT else None
    if sort == "place" and scene.form in ("travel", "postcard") and scene.subject.many and scene.subject.topic.islower():
        sort = ""  # nobody travels to villages
    if whom:
        ideas = [idea for idea in ideas if whom.kind in idea.get("to", (whom.kind,))]
    for word in map(single, WORD.findall(scene.subject.topic.lower())):
        if near := [idea for idea in ideas if word in idea.get("about", ())]:
            scene.fixed["one"] = word
            scene.subject = replace(scene.subject, topic="", short="")  # such a text is about nothing else, however often it says so
            return scene.rng.choice(near)
    ideas = [idea for idea in ideas if "about" not in idea and scene.subject.field not in idea.get("never", ())]
    ideas = aboard(ideas, scene)
    field = [idea for idea in ideas if scene.subject.field in idea.get("fields", ())]
    if field:  # the log of a spaceship is no keeper's log of a lighthouse
        return scene.rng.choice(field)
    wares = any("product" in match for match in scene.request.matched)
    own = [
        idea for idea in ideas if sort in idea.get("for", ()) and (scene.request.topics or wares) and not whom
    ]  # of what the prompt names
    led = sort == "place" and scene.form in ("travel", "postcard")  # a guide to Lisbon leads through Lisbon
    if own and (led or scene.form in ALWAYS_OWN):
        return scene.rng.choice(own)
    if own and scene.rng.random() < (OWN if len(own) > 1 else ALONE):
        return scene.rng.choice(own)
    return scene.rng.choice([idea for idea in ideas if "for" not in idea])


def aboard(ideas: Sequence[Mapping[str, Any]], scene: Scene) -> Sequence[Mapping[str, Any]]:
    """Of logs, those of ships or spaceships, if that is what the prompt asks for: a captain keeps no lighthouse."""
    asked = " ".join((*scene.request.matched, *scene.request.topics)).lower() if scene.form == "log" else ""
    fields = next((fields for word, fields in LOGS.items() if word in asked), ())
    fit = [{**idea, "fields": ()} for idea in ideas if set(fields) & set(idea.get("fields", ()))]
    return fit if fit and scene.subject.field not in fields else ideas


def told(scene: Scene, pieces: Sequence[str]) -> str:
    """The sentences filled and joined, without some of those that may be left out."""
    share = {"short": 0.0, "long": 1.0}.get(scene.request.length or "", EXTRA)
    text, number = "", 0
    for piece in pieces:
        if piece.startswith("?") and scene.rng.random() >= share:
            continue
        line = piece.removeprefix("?")
        if not line:
            text += "\n\n"
            continue
        if line.startswith("/#."):
            number += 1
            line = line.replace("#", str(number), 1)
        said = scene.said(line.removeprefix("/"))
        if said.startswith("- "):
            said = f"- {upper_first(said[2:])}"
        if not said:
            continue
        text += said if not text or text.endswith("\n") else f"\n{said}" if line.startswith("/") else f" {said}"
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def toast(scene: Scene, words: Words) -> Told:
    """An occasion, a person, one anecdote that shows a quality, a wish, and raised glasses."""
    asked = " ".join((*scene.request.topics, *scene.request.matched)).lower()
    if scene.subject.field == "retirement":
        scene.subject = replace(scene.subject, topic="retirement", short="retirement")
        scene.fixed |= {"topic": "retirement", "short": "retirement party"}
    settle(scene, words)
    occasions = words["toast occasions"].get(scene.subject.field, words["toast occasions"]["any"])
    if "housewarming" in asked:
        occasions = ["{name1}'s new house", "{name1}'s housewarming party"]
        scene.subject = replace(scene.subject, field="birthdays")
    if "anniversary" in asked:
        occasions = ["{name1} and {name2}'s {10-50}th wedding anniversary"]
    years = BIRTHDAY.search(asked)
    scene.fixed["occasion"] = ordinal(scene.text(f"{{name1}}'s {years[1]} birthday" if years else scene.rng.choice(occasions)))
    if scene.subject.field in words["toast guests"]:  # the topic is the feast itself
        scene.tables |= {key: words["toast"][f"feast {key}"] for key in ("opening", "raise")}
        scene.tables["person"] = words["toast guests"][scene.subject.field]
    couple = "{name2}" in " ".join(occasions)
    scene.fixed["whom"] = scene.text("{name1} and {name2}" if couple else "{name1}")
    idea = chosen(scene, words["toast ideas"], "")
    scene.fixed["quality1"] = idea["idea"]
    return spell_out(scene, idea)


def ordinal(text: str) -> str:
    """The text with the right endings of ordinal numbers: 21th -> 21st."""
    for wrong, right in (("1th", "1st"), ("2th", "2nd"), ("3th", "3rd")):
        text = text.replace(wrong, right)
    return text.replace("11st", "11th").replace("12nd", "12th").replace("13rd", "13th")


def posts(scene: Scene, words: Words) -> Told:
    """A week of short posts by one person, who starts something in the first and sees it through to the last."""
    last = scene.text("{item}").split(" of ")[0].split(" about ")[0].split()[-1].replace("-", "_")
    scene.fixed["handle"] = f"{scene.rng.choice(words['handles'])}_{last}"
    return tell(scene, words)


def lines(scene: Scene, words: Words) -> Told:
    """So many numbered lines of one kind, each by itself, under a title that counts them, and an end."""
    count = scene.count(4, (5, 7), 10)
    scene.fixed["number"] = words["numbers"][count]
    scene.always = dict(scene.fixed)
    title = title_case(scene.said(scene.next("title")))
    templates = scene.rng.sample(scene.tables["line"], count)
    said = []
    for number, template in enumerate(templates, 1):
        scene.forget()
        said.append(f"{number}. {ordinal(scene.said(template))}")
    return Told("\n\n".join([title, "\n".join(said), scene.said(scene.next("end"))]), f"{scene.form}: {templates[0]}")
