"""Finds the persona whose voice a prompt asks for: who speaks ("a wizard"), in what manner ("grumpy"), and about what.

"Talks like a pirate" asks for a persona, and so does "a grumpy wizard"; "stories about a wizard" asks for stories.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from minigpt.corpus.english import article, singular
from minigpt.corpus.prompt.constraints import constraints
from minigpt.corpus.prompt.genres import GENRE, sorts
from minigpt.corpus.prompt.lexicon import TABLES, weights
from minigpt.corpus.prompt.terms import Term
from minigpt.corpus.request import Request
from minigpt.corpus.templates.persona import NAMES
from minigpt.corpus.templates.persona_voices import ARTICLE, everyday_name, manner_names, voice_nouns, voice_of

CERTAIN, LIKELY = 0.95, 0.8
HEAVY = 2  # least weight of a word that belongs to a writer
MOST_WORDS = 5  # of a persona, without its manner
BEFORE = 30  # characters before a phrase in which a "not" negates it
INTRODUCTION = re.compile(
    r"^\W*(?:an?|the|my)\s+(?:[\w-]+\s+){0,2}?"
    r"(?:gpt|bot|chatbot|model|assistant|ai|app)\s+(?:that|which|who)\s+is\s+", re.IGNORECASE
)  # fmt: skip
WISH = re.compile(
    r"^\W*(?:please )?(?:i want|i would like|i'd like|i need|(?:make|build|give|create|train)(?: me)?)(?: to have)? (?=(?:an?|my|the) )",
    re.IGNORECASE,
)
NEGATED = re.compile(r"\b(?:not|never|without|no|don't|doesn't|isn't|than)\b[^,.;:]*$", re.IGNORECASE)
ONE = re.compile(r"(?:an?|my|our|your) ", re.IGNORECASE)
WORD = re.compile(r"([\w-]+(?:'s)?),?\s+")
PERSON = re.compile(
    r"\w(?:er|or|ist|ian|man|woman|eer|ess|ant|smith|wright|maid|herd|monger|ologist|boy|girl|folk|mate|ster|keeper)$"
)  # fmt: skip
ABSTRACT = re.compile(r"(?:tion|sion|ment|ness|ity|ism|ance|ence|ship|ure)$")
ADJECTIVE = re.compile(r"\w\w(?:y|ful|ous|ic|less|ish|al|ive|ing|ed|ent|ant|able)$")
OWN = re.compile(r"(?:my|our|your|his|her|their|its)\s", re.IGNORECASE)
DOES = re.compile(r"\W*(?:who|that)\s+(?:\w+ly\s+)?\w+s\b", re.IGNORECASE)
ADVICE = "wisdom"  # how the pattern of "gives relationship advice" ends


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


def persona_request(prompt: str, terms: Sequence[Term], language: str) -> Request | None:
    """The request for a persona; None if the prompt asks for none, or for a clear kind of text."""
    if language != "en":
        return None
    prompt = WISH.sub("", " ".join(prompt.replace("\u2019", "'").split()))
    found = next((found for found in _candidates(prompt) if _fits(found, prompt, terms)), None)
    if found is None:
        return None
    topics = _subjects(f"{prompt[: found.start]} ; {prompt[found.end :]}", found)
    fields, _ = constraints(terms, "persona")
    said = set(re.findall(r"[\w-]+", f"{found.who} {found.manner} {' '.join(topics)}".lower()))
    names = tuple(word for topic in topics for word in topic.split() if word != word.lower())
    return Request(
        "persona", _forms(prompt), matched=(f"{found.manner} {found.noun}".strip().lower(),),
        confidence=CERTAIN if found.strong or voice_of(found.who) else LIKELY, persona=found.who, manner=found.manner or None,
        topics=tuple(topic.lower() for topic in topics), names=names, length=fields.get("length"),
        without=tuple(thing for thing in fields.get("without", ()) if thing not in said), unclear=fields.get("unclear", ()),
    )  # fmt: skip


# ---- where a persona may stand -----------------------------------------------------------------------------------------------------


@cache
def _patterns(table: str) -> list[re.Pattern[str]]:
    return [re.compile(pattern, re.IGNORECASE) for pattern in TABLES[table]]


@cache
def _pattern(table: str) -> re.Pattern[str]:
    return re.compile(TABLES[table], re.IGNORECASE)


def _candidates(prompt: str) -> Iterator[Found]:
    """The noun phrases that may be personas, the surest first."""
    for number, pattern in enumerate((*_patterns("persona frames"), *_patterns("frames for a known voice"))):
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
    end = _pattern("end of a persona").search(text, place)
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
    return word.islower() and bool(ADJECTIVE.search(word)) and not voice_of(word) and word not in TABLES["no manner of a persona"]


def _spelled(words: list[str], determiner: str, text: str, first: bool) -> str:
    """The phrase as the request has it: names capitalised, "pirates" in the singular, with "a", "an", "my" or "our"."""
    title_case = sum(word[:1].isupper() for word in text.split()) > len(text.split()) / 2
    named = not determiner and not first and words[0][0].isupper() and " ".join(words).lower() not in TABLES["persona alone"]
    keep = named or (not title_case and not (first and not determiner))
    low = [word if keep else word.lower() for word in words]
    if not determiner and not named and not voice_of(low[-1]) and voice_of(singular(low[-1])):
        low[-1] = singular(low[-1])
    phrase = " ".join(low)
    kept = determiner in ("my", "our") or (determiner == "the" and phrase in TABLES["personas with the"])
    return phrase if named else f"{determiner if kept else article(phrase)} {phrase}"


# ---- whether it is one -------------------------------------------------------------------------------------------------------------


def _fits(found: Found, prompt: str, terms: Sequence[Term]) -> bool:
    """Whether the prompt asks for this persona rather than for a kind of text."""
    does = DOES.match(prompt, found.end)  # a chef who insults my cooking writes no insults
    inside = prompt[found.start : does.end() if does else found.end].lower()
    chatty = TABLES["kinds that personas write"]
    outside = [term for term in terms if term.text and term.text.lower() not in inside and not term.negated and term.key not in chatty]
    machine = found.last in TABLES["machines that answer"] and not found.has_character
    if machine or any(sorts().get(term.key, ("",))[0] == GENRE for term in outside):
        return False
    heavy = any(_weight(term.key) >= HEAVY for term in outside)
    if found.strong:
        named = found.noun != found.noun.lower() and not found.who.startswith(("a ", "an "))
        return bool(voice_of(found.who)) or named or ((bool(found.manner) or not heavy) and (_is_person(found.last) or bool(found.manner)))
    own = any(_weight(word) >= HEAVY for word in found.noun.lower().split())
    if own and found.manner not in manner_names():
        return False  # a chef, but a grumpy chef speaks
    codes = any(weights().get(word, {}).get("technical", 0) > HEAVY for word in found.noun.lower().split())
    if codes and found.last in TABLES["persons who teach"] and found.manner not in TABLES["manners of persons only"]:
        return False  # a friendly Python tutor teaches Python
    if heavy and found.noun.lower() not in TABLES["persona alone"] and not found.has_character:
        return False
    head = ARTICLE.match(prompt)
    if found.start > (len(head[0]) if head else 0):
        return bool(voice_of(found.who)) or (bool(found.manner) and _is_person(found.last))
    return _is_named_alone(found, prompt)


def _is_named_alone(found: Found, prompt: str) -> bool:
    """Whether a noun phrase with which the prompt begins is enough: "a grumpy wizard", "a cat that comments on everything"."""
    acts = bool(_pattern("verbs of a persona").match(prompt, found.end) or _pattern("verbs of a persona").match(prompt[found.end :]))
    one = bool(ONE.match(prompt))
    if voice_of(found.who):
        if voice_of(found.who) == "old house" or found.last in TABLES["things that speak if they have a manner"]:
            return found.manner in TABLES["manners of persons only"] or (acts and bool(found.manner))
        if found.called or "-like " in found.noun:
            return _ends_in_noun(found.noun)
        *before, last = found.noun.lower().split()
        alone = TABLES["persona alone"]
        known = found.noun.lower() in alone or (last in alone and all(map(voice_of, before)))
        return _ends_in_noun(found.noun) and (bool(found.manner) or acts or (known and one))
    if found.manner in TABLES["manners of persons only"] and one and _may_be_person(found.last):
        return True
    return (acts or (found.has_character and one and found.manner not in TABLES["manners of things"])) and _is_person(found.last)


def _weight(key: str) -> float:
    return max(weights().get(key, {}).values(), default=0)


def _is_person(word: str) -> bool:
    known = word in TABLES["people"] or word in TABLES["persons"]
    return known or (bool(PERSON.search(word)) and word not in TABLES["nouns in er"])


def _may_be_person(word: str) -> bool:
    return not (word in sorts() or word in TABLES["no persons"] or ABSTRACT.search(word) or word in weights())


def _ends_in_noun(noun: str) -> bool:
    """Whether the last words of the phrase name the voice: a sea captain, but no pirate ship."""
    words = noun.lower().split()
    return any(" ".join(words[start:]) in voice_nouns() for start in range(len(words)))


# ---- what it says ------------------------------------------------------------------------------------------------------------------


def _subjects(text: str, found: Found) -> tuple[str, ...]:
    """What the persona speaks about, as the prompt says."""
    dull = (*TABLES["no subject of a persona"], *found.noun.lower().split())
    for pattern in _patterns("subjects of a persona"):
        for match in pattern.finditer(text):
            what = _pattern("end of a subject").split(match["what"], maxsplit=1)[0].strip()
            bare = ARTICLE.sub("", what).lower()
            if not bare or bare in dull or len(what.split()) > MOST_WORDS or set(bare.split()) & set(TABLES["vague words of a subject"]):
                continue
            if ADVICE in pattern.pattern:
                what = everyday_name(what) or f"{what} {match[0].split()[-1]}"
            return (OWN.sub("", what),)
    return ()


def _forms(prompt: str) -> tuple[str, ...]:
    """The forms that the prompt names, else all."""
    named = tuple(form for form, pattern in TABLES["forms of a persona"].items() if re.search(pattern, prompt, re.IGNORECASE))
    return (*named, "scene") if named == ("exchange",) else named or NAMES
