"""Whom letters go to, if a prompt names somebody with whom one has business: a landlord, a bank, the council."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from minigpt.corpus.english import plurals, singular
from minigpt.corpus.request import Request
from minigpt.corpus.templates.general_facts import Pen, phrase, topic_words
from minigpt.corpus.templates.general_scene import Scene, figures, names
from minigpt.corpus.templates.occasion_subjects import single, sort_of
from minigpt.corpus.wordnet import wordnet
from minigpt.corpus.words import load_words

ARTICLE = re.compile(r"^(?:an?|the|my|our|your|his|her|their) ")
LETTERS, COMPLAINT = {"letter", "email", "e-mail", "mail", "message"}, "complaint"
STAFF = tuple("customer client colleague coworker employee team staff boss manager supplier investor candidate applicant".split())
WORK = {"worker", "professional", "businessperson", "expert", "creator", "entertainer", "leader", "scientist", "official", "explorer"}
TIES = {"ties": "3-12"}  # years for which writer and reader have known each other


@dataclass(frozen=True)
class Reader:
    """To whom a letter goes. `noun`: as the prompt calls it; `row`: of the table; `about`: the topics that do not name the reader."""

    noun: str
    row: Mapping[str, Any]
    about: tuple[str, ...]


@cache
def reader_of(request: Request) -> Reader | None:
    """The reader whom a request for letters names, or whom its topic concerns: a train company for late trains."""
    asked = {singular(word) for said in request.matched for word in said.lower().split()}
    if request.category != "general" or "email" not in request.forms or not asked & {*LETTERS, COMPLAINT}:
        return None
    if any(singular(said) in load_words("general")["letters of a kind"] and singular(said) != COMPLAINT for said in request.matched):
        return None
    further = tuple(topic for topic in request.topics if not _named(topic) and singular(topic) != COMPLAINT)
    for topic in (*request.topics, *request.matched):
        if found := _named(topic):
            return Reader(*found, tuple(other for other in further if _bare(other) != found[0]))
    staff = any(singular(word) in STAFF for said in (*request.topics, *request.matched) for word in said.lower().split())
    concerned = [row for row in _rows() for topic in further if _concerns(row, topic) and not staff]
    return Reader(concerned[0]["names"][0], concerned[0], further) if concerned else None


def _named(topic: str) -> tuple[str, Mapping[str, Any]] | None:
    """The noun by which a topic names a reader, with its adjectives, and the reader's row: "local bank"."""
    said = _bare(topic)
    for row in _rows():
        for name in row["names"]:
            if said == name or said.endswith(f" {name}"):
                return (name if re.search(r"[^a-z -]", said) or len(said.split()) > len(name.split()) + 1 else said), row
    named = ARTICLE.match(topic) and said.islower() and single(said) == said
    return (said, load_words("general")["correspondents"]["anyone"]) if named and _works(said) else None


@cache
def _works(noun: str) -> bool:
    """Whether the noun says what somebody does for a living: a chef, a marine biologist."""
    senses = wordnet().senses(noun) or wordnet().senses(noun.split()[-1])
    kinds = {wide.word for wide in wordnet().above(senses[0][0])} if senses else set()
    return noun not in STAFF and sort_of(noun) == "person" and bool(WORK & kinds)


def _bare(topic: str) -> str:
    return singular(ARTICLE.sub("", topic.lower()))


def _concerns(row: Mapping[str, Any], topic: str) -> bool:
    """Whether a topic is one that people write to such readers about."""
    return bool({topic, _bare(topic)} & {either for one in row.get("about", ()) for either in (one, plurals(one)[0])})


@cache
def _rows() -> Sequence[Mapping[str, Any]]:
    words = load_words("general")
    return [*words["correspondents"].values(), *words["correspondent firms"].values()]


def addressed(request: Request) -> Request:
    """The request; if its letters have a reader, for those alone; a complaint without one is a letter of complaint about its topic."""
    if reader := reader_of(request):
        return replace(request, forms=("email",), topics=tuple(dict.fromkeys((*request.topics, reader.noun))) if request.topics else ())
    others = tuple(topic for topic in request.topics if singular(topic) != COMPLAINT)
    if request.category != "general" or set(request.forms) != {"email", "dialogue"} or len(others) == len(request.topics):
        return request
    if not others and any(singular(said) in LETTERS for said in request.matched):
        return replace(request, forms=("email",), topics=())
    return replace(request, category="occasion", forms=("complaint letter",), topics=others)


def letters_to(pen: Pen, reader: Reader) -> list[Scene]:
    """The occasions of letters to a reader: complaints, if those were asked for, and what names the further topics, if there is any."""
    kind, ride = reader.row["letters"], reader.row.get("ride")
    every: list[Scene] = {**pen.words["letters to people"], **pen.words["letters to firms"]}[kind]
    letters = [letter for letter in every if ride in letter.get("rides", [ride])]
    if any(COMPLAINT in said for said in pen.request.matched):
        letters = [letter for letter in letters if letter.get("complaint")] or letters
    pen.prefer = topic_words(replace(pen.request, topics=reader.about))
    if not pen.prefer:
        return letters
    if kind == "newspaper":
        return list(pen.words["letters to an editor"])
    named = [letter for letter in letters if names(letter, pen.prefer) or pen.prefer.search(" ".join(letter["subject"]))]
    usual = any(_concerns(reader.row, topic) for topic in reader.about)
    return named or (letters if usual else list(pen.words["letters about a theme"]))


def acquaint(pen: Pen, reader: Reader) -> None:
    """Add what a letter says of its reader: {reader}, {bond}, and whatever else the reader's row has."""
    figures(pen, TIES)
    pen.facts |= {key: value for key, value in reader.row.items() if isinstance(value, str)}
    pen.facts |= {"reader": reader.noun, "reader.a": f"a(n) {reader.noun}", "theme": phrase(pen.rng.choice(reader.about or ("this",)))}
    pen.idea = f"{reader.row['letters']}, {pen.idea}"
