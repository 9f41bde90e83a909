"""Finds the persona whose voice a prompt asks for: who speaks ("a wizard"), in what manner ("grumpy"), and about what.

"Talks like a pirate" asks for a persona, and so does "a grumpy wizard"; "stories about a wizard" asks for stories.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from minigpt.corpus.prompt.constraints import constraints
from minigpt.corpus.prompt.genres import GENRE, sorts
from minigpt.corpus.prompt.lexicon import TABLES, weights
from minigpt.corpus.prompt.readers import is_person as names_person
from minigpt.corpus.prompt.speakers import MOST_WORDS, Found, candidates, is_person, pattern_of, patterns
from minigpt.corpus.prompt.terms import Term
from minigpt.corpus.request import Request
from minigpt.corpus.templates.persona import NAMES
from minigpt.corpus.templates.persona_voices import ARTICLE, everyday_name, manner_names, voice_nouns, voice_of

CERTAIN, LIKELY = 0.95, 0.8
HEAVY = 2  # least weight of a word that belongs to a writer
WISH = re.compile(
    r"^\W*(?:please )?(?:i want|i would like|i'd like|i need|(?:make|build|give|create|train)(?: me)?)(?: to have)? (?=(?:an?|my|the) )",
    re.IGNORECASE,
)
ONE = re.compile(r"(?:an?|my|our|your) ", re.IGNORECASE)
ABSTRACT = re.compile(r"(?:tion|sion|ment|ness|ity|ism|ance|ence|ship|ure)$")
LISTENS = re.compile(
    r"(?:who|that)\s+(?:\w+ly\s+|always\s+|never\s+|just\s+)?(\w+?)e?s(?:\s+(?:well|carefully|patiently|back|in))?", re.IGNORECASE
)
OWN = re.compile(r"(?:my|our|your|his|her|their|its)\s", re.IGNORECASE)
ROLE = re.compile(r"^(?:please )?(?:be|become|you are|you're|imagine you are|i want you to (?:be|act as)) (?:an?|my|the) ", re.IGNORECASE)
DOES = re.compile(r"\W*(?:who|that)\s+(?:\w+ly\s+)?\w+s\b", re.IGNORECASE)
ADVICE = "wisdom"  # how the pattern of "gives relationship advice" ends


def persona_request(prompt: str, terms: Sequence[Term], language: str) -> Request | None:
    """The request for a persona; None if the prompt asks for none, or for a clear kind of text."""
    if language != "en":
        return None
    prompt = WISH.sub("", " ".join(prompt.replace("\u2019", "'").split()))
    found = next((found for found in candidates(prompt) if _fits(found, prompt, terms)), None)
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
        return bool(voice_of(found.who)) or named or ((bool(found.manner) or not heavy) and (is_person(found.last) or bool(found.manner)))
    own = any(_weight(word) >= HEAVY for word in found.noun.lower().split())
    if own and found.manner not in manner_names():
        return False  # a chef, but a grumpy chef speaks
    codes = any(weights().get(word, {}).get("technical", 0) > HEAVY for word in found.noun.lower().split())
    if codes and found.last in TABLES["persons who teach"] and found.manner not in TABLES["manners of persons only"]:
        return False  # a friendly Python tutor teaches Python
    if heavy and found.noun.lower() not in TABLES["persona alone"] and not found.has_character:
        return False
    if ROLE.match(prompt) and not heavy and is_person(found.last):
        return True  # be my hype man
    head = ARTICLE.match(prompt)
    if found.start > (len(head[0]) if head else 0):
        return bool(voice_of(found.who)) or (bool(found.manner) and is_person(found.last))
    return _is_named_alone(found, prompt)


def _is_named_alone(found: Found, prompt: str) -> bool:
    """Whether a noun phrase with which the prompt begins is enough: "a grumpy wizard", "a cat that comments on everything"."""
    acts = bool(pattern_of("verbs of a persona").match(prompt, found.end) or pattern_of("verbs of a persona").match(prompt[found.end :]))
    one, rest = bool(ONE.match(prompt)), prompt[found.end :].strip(" .!?")
    if one and (does := LISTENS.fullmatch(rest)) and names_person(found.last) and _weight(does[1]) < HEAVY:
        return True  # a therapist who listens
    if one and not rest and not found.manner and names_person(found.last) and _weight(found.last) < HEAVY:
        return True  # a therapist
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
    if one and is_person(found.last, sure=True) and not rest and not found.manner:
        return True  # a flat earther
    return (acts or (found.has_character and one and found.manner not in TABLES["manners of things"])) and is_person(found.last)


def _weight(key: str) -> float:
    return max(weights().get(key, {}).values(), default=0)


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
    for pattern in patterns("subjects of a persona"):
        for match in pattern.finditer(text):
            what = pattern_of("end of a subject").split(match["what"], maxsplit=1)[0].strip()
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
