"""Finds the noun phrases of a prompt that may be a persona, each with its manner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from minigpt.corpus.english import article, singular
from minigpt.corpus.prompt.lexicon import TABLES
from minigpt.corpus.templates.persona_voices import ARTICLE, manner_names, voice_nouns, voice_of
from minigpt.corpus.wordnet import PERSON as PEOPLE
from minigpt.corpus.wordnet import wordnet

MOST_WORDS = 5  # of a persona, without its manner
BEFORE = 30  # characters before a phrase in which a "not" negates it
INTRODUCTION = re.compile(
    r"^\W*(?:an?|the|my)\s+(?:[\w-]+\s+){0,2}?"
    r"(?:gpt|bot|chatbot|model|assistant|ai|app)\s+(?:that|which|who)\s+is\s+", re.IGNORECASE
)  # fmt: skip
NEGATED = re.compile(r"\b(?:not|never|without|no|don't|doesn't|isn't|than)\b[^,.;:]*$", re.IGNORECASE)
WORD = re.compile(r"([\w-]+(?:'s)?),?\s+")
PERSON = re.compile(
    r"\w(?:er|or|ist|ian|man|woman|eer|ess|ant|smith|wright|maid|herd|monger|ologist|boy|girl|folk|mate|ster|keeper)$"
)  # fmt: skip
ADJECTIVE = re.compile(r"\w\w(?:y|ful|ous|ic|less|ish|al|ive|ing|ed|ent|ant|able)$")


@dataclass(frozen=True)
class Found:
    """A noun phrase of a prompt that may be a persona."""

    who: str  # with its article: "a wizard", "my grandmother"
    manner: str
    start: int  # the place in the prompt of its noun phrase
    end: int
    strong: bool  # whether the prompt says that somebody speaks so
    called: bool = False  # whether it is a bot of that name: "pirate chatbot"

    @property
    def noun(self) -> str:
        """Without its article."""
        return ARTICLE.sub("", self.who)

    @property
    def last(self) -> str:
        """The last word of the noun, in lower case."""
        return self.noun.lower().split()[-1]

    @property
    def has_character(self) -> bool:
        """Whether its manner is one of a person, not of a style that any text may have."""
        return bool(self.manner) and manner_names().get(self.manner, self.manner) not in TABLES["manners of any writer"]


@cache
def patterns(table: str) -> list[re.Pattern[str]]:
    return [re.compile(pattern, re.IGNORECASE) for pattern in TABLES[table]]


@cache
def pattern_of(table: str) -> re.Pattern[str]:
    return re.compile(TABLES[table], re.IGNORECASE)


def candidates(prompt: str) -> Iterator[Found]:
    """The noun phrases that may be personas, the surest first."""
    for number, pattern in enumerate((*patterns("persona frames"), *patterns("frames for a known voice"))):
        for match in pattern.finditer(prompt):
            frame = prompt[max(0, match.start() - BEFORE) : match.start()], match[0].removesuffix(match["who"])
            found = None if any(map(NEGATED.search, frame)) else _read(match["who"], match.start("who"))
            if found:
                yield replace(found, strong=number < len(TABLES["persona frames"]), called="chatbot" in pattern.pattern)
    introduction = INTRODUCTION.match(prompt)
    if introduction and (found := _read(prompt[introduction.end() :], introduction.end())):
        yield found


def _read(text: str, start: int) -> Found | None:
    """The noun phrase that a text begins with; None if it can be no persona."""
    head = ARTICLE.match(text)
    determiner = head[0].strip().lower() if head else ""
    place = len(head[0]) if head else 0
    manners, place = _manners(text, place)
    end = pattern_of("end of a persona").search(text, place)
    end_place = end.start() if end else len(text)
    words = [word for word in text[place:end_place].split() if word not in TABLES["left out of a persona"]]
    if not words or len(words) > MOST_WORDS or words[0].lower() in TABLES["pronouns for a persona"]:
        return None
    if words[-1].lower() in TABLES["machines that answer"] and not manners:
        return None
    if not manners and _is_manner(words[0]) and voice_of(" ".join(words[1:])):
        manners, words = [words[0]], words[1:]
    who = _spelled(words, determiner, text, first=start == 0)
    return Found(who, manners[0] if manners else "", start, start + end_place, strong=False)


def _manners(text: str, place: int) -> tuple[list[str], int]:
    """The adjectives of manner from a place on, and the place behind them."""
    found: list[str] = []
    here = place
    while match := WORD.match(text, here):
        word = match[1].lower()
        name = not found and word in TABLES["manners that belong to a noun"] and " ".join(text[here:].lower().split()[:2]) in voice_nouns()
        if word in manner_names() and not name:
            found.append(word)
        elif word not in TABLES["adverbs of a manner"]:
            break
        here = match.end()
    return (found, here) if found else ([], place)


def _is_manner(word: str) -> bool:
    """Whether a word that no table knows looks like an adjective of manner: flirty."""
    usual = word in manner_names()
    looks_so = word.islower() and bool(ADJECTIVE.search(word)) and not voice_of(word) and word not in TABLES["no manner of a persona"]
    return looks_so and (usual or not wordnet().senses(word))  # a valley girl has no manner


def _spelled(words: list[str], determiner: str, text: str, first: bool) -> str:
    """The phrase as the request has it: names capitalised, "pirates" in the singular, with "a", "an", "my" or "our"."""
    title_case = sum(word[:1].isupper() for word in text.split()) > len(text.split()) / 2
    named = (
        not determiner
        and (not first or _is_name(words))
        and words[0][0].isupper()
        and " ".join(words).lower() not in TABLES["persona alone"]
    )
    keep = named or (not title_case and not (first and not determiner))
    low = [word if keep else word.lower() for word in words]
    if not determiner and not named and not voice_of(low[-1]) and voice_of(singular(low[-1])):
        low[-1] = singular(low[-1])
    phrase = " ".join(low)
    kept = determiner in ("my", "our") or (determiner == "the" and phrase in TABLES["personas with the"])
    return phrase if named else f"{determiner if kept else article(phrase)} {phrase}"


def _is_name(words: list[str]) -> bool:
    """Whether the first words of a prompt are a name rather than a capitalised noun: Yoda, but no Wizard."""
    last = words[-1].lower()
    if not all(word[:1].isupper() for word in words) or is_person(last):
        return False
    return not any(last in sense.words for sense, _ in wordnet().senses(last))


def is_person(word: str, sure: bool = False) -> bool:
    """Whether a noun is one for a person, or for what speaks as one, by table or ending; `sure`: WordNet must not know better."""
    known = word in TABLES["people"] or word in TABLES["persons"]
    if known or not PERSON.search(word) or word in TABLES["nouns in er"]:
        return known
    senses = wordnet().senses(word) if sure else ()
    return not senses or senses[0][0].file == PEOPLE  # a restaurant is none
