"""Says what templates do otherwise than a prompt asks, so that a person can decide before minutes are spent."""

from __future__ import annotations

from collections.abc import Iterator

from minigpt.corpus.english import join_and, singular
from minigpt.corpus.request import Request
from minigpt.corpus.templates.technical_parts import topics_of
from minigpt.corpus.wordnet import wordnet
from minigpt.corpus.words import load_words

TABLES = load_words("misfits")
PLACES, TIMES = 15, 28  # WordNet's numbers of these fields
TOLD_AS = {"news": "news reports", "memo": "memos"}  # forms that nothing replaces


def of_part(asked: Request, ready: Request) -> Iterator[str]:
    """Clauses that can follow "the templates"; `ready` is the request as the writers take it."""
    yield from asked.doubts
    about = join_and([ready.spell(topic) for topic in ready.topics]) if ready.topics else ""
    if ready.category == "topic" and about:
        yield f"know nothing about {about} and would only talk around it"
    if asked.category == "general" and ready.category != "general" and about:
        lost = [name for form, name in TOLD_AS.items() if form in asked.forms]
        if lost and len(lost) == len(asked.forms):
            yield f"have no {join_and(lost)} about {about}, only other texts about it"
    if asked.category == "cooking":
        yield from _cooking(asked)
    if asked.category == "technical":
        yield from _technical(asked)


def _cooking(request: Request) -> Iterator[str]:
    words = {singular(word): word for topic in request.topics for word in topic.split()}
    whole = {singular(topic.removeprefix("a ").removeprefix("the ")): topic for topic in request.topics}
    if dishes := [said for one, said in (whole | words).items() if one in TABLES["dishes without a recipe"]]:
        yield f"have no recipes for {join_and(dishes)} and would write those of other dishes"
    if diets := [said for one, said in words.items() if one in TABLES["diets without a table"] or said in TABLES["diets without a table"]]:
        yield f"know nothing about what is {join_and(diets)}"
    known = dishes + diets
    if far := [said for said in words.values() if said not in known and is_place_or_time(said)]:
        yield f"know no recipes that are {join_and([request.spell(word) for word in far])}"


def is_place_or_time(word: str) -> bool:
    """Whether a word is an adjective of a country, a people or an age: Korean, medieval."""
    noun = wordnet().pertains(word)
    return noun is not None and noun.file in (PLACES, TIMES)


def _technical(request: Request) -> Iterator[str]:
    words = load_words("technical")
    said = [word for phrase in (*request.topics, *request.matched) for word in phrase.split()]
    if others := [word for word in dict.fromkeys(said) if word in words["other languages"]]:
        yield f"write code in Python alone, none in {join_and([TABLES['languages'].get(word, word) for word in others])}"
        return
    unknown = [topic for topic in request.topics if not set(topic.split()) <= set(TABLES["said of any program"])]
    if unknown and not topics_of(request, words):
        yield f"know nothing about {join_and([request.spell(topic) for topic in unknown])} and would explain programming"
