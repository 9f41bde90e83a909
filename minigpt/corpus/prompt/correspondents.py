"""Doubts dialogues and letters whose people a prompt names: those of templates are people at work, with first names."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from minigpt.corpus.english import join_and, singular
from minigpt.corpus.prompt.lexicon import TABLES, weights
from minigpt.corpus.prompt.terms import Term
from minigpt.corpus.request import Request
from minigpt.corpus.templates.general_readers import STAFF, reader_of
from minigpt.corpus.wordnet import wordnet

DETERMINERS = frozenset((*TABLES["articles"], *TABLES["words before a reader"]))
TALKED_AT = ("a cafe", "cafe", "a coffee shop", "coffee shop", "a bar", "a restaurant", "the kitchen table", "a bus stop", "a party")
TALKS = ("dialogue", "dialog", "conversation")
PLACES_AND_PEOPLE = (6, 14, 15, 18)  # WordNet's numbers of these fields
LETTERS = ("letter", "email", "e-mail")


def people_doubted(request: Request, terms: Sequence[Term]) -> tuple[str, ...]:
    """What templates do otherwise than a prompt that says who talks to whom, in clauses that can follow "the templates"."""
    if request.category != "general":
        return ()
    if request.forms == ("dialogue",) and (found := _setting(terms, bool(request.topics))):
        return (f"choose themselves where people talk and who they are, not {found}",)
    if not request.topics:
        return ()
    if request.forms == ("email",):
        return () if reader_of(request) else _letters(request, terms)
    interviewed = any(one.text.lower().startswith("interview") and two.key == "with" for one, two in pairwise(terms))
    if request.forms != ("dialogue",) or not (interviewed or any(term.key == "between" for term in terms)):
        return ()
    return (f"write talk about {join_and([request.spell(topic) for topic in request.topics])}, not talk of theirs",)


def _setting(terms: Sequence[Term], named: bool) -> str:
    """Where or between whom a prompt's dialogues take place, if templates do not choose it: "between friends", "at a market"."""
    for place, term in enumerate(terms):
        words = [other.text.lower() for other in terms[place + 1 :] if other.text][:3]
        following = terms[place + 1] if place + 1 < len(terms) else term
        if following.key in TALKS and following.group == term.group and not term.about and _is_where_or_who(term.text.lower()):
            return f"{term.text.lower()} {following.text.lower()}"
        if term.key == "between" and words and not named:
            return " ".join(["between", *words])
        if term.key in ("at", "in") and words and place and not any(other.about for other in terms):
            spot = " ".join(words)
            return "" if spot in TALKED_AT else f"{term.key} {spot}"
    return ""


def _is_where_or_who(noun: str) -> bool:
    """Whether a noun first of all means a place, a building or people, and no word of everyday talk: courtroom."""
    senses = wordnet().senses(noun)
    return noun not in weights() and bool(senses) and senses[0][0].file in PLACES_AND_PEOPLE


def _letters(request: Request, terms: Sequence[Term]) -> tuple[str, ...]:
    """The doubt about letters to or from somebody, and of a sort that the prompt names: breakup letters."""
    who = request.spell(request.topics[0])
    last = {topic.split()[-1] for topic in request.topics}  # cease and desist letters
    places = [place for place, term in enumerate(terms) if term.text.lower() in last]
    for place in places:
        term, following = terms[place], terms[place + 1] if place + 1 < len(terms) else None
        before = [terms[i].key for i in range(place) if terms[i].group != term.group and terms[i].key not in DETERMINERS]
        link = before[-1] if before else ""
        at_work = "general" in weights().get(term.key, {}) or singular(term.text.lower()) in STAFF  # colleagues, customers
        if link in ("to", "from") and not at_work:
            return (f"write e-mails between people at work, none {link} {who}",)
        if following and following.key in LETTERS and following.group == term.group:
            sort = " and ".join(request.spell(topic) for topic in request.topics)
            return (f"have no {sort} {following.text.lower()}, only e-mails about work",)
    return ()
