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
from minigpt.corpus.templates.persona_voices import ARTICLE, manner_names, voice_of

CERTAIN, LIKELY = 0.95, 0.8
HEAVY = 2  # least weight of a word that belongs to a writer
MOST_WORDS = 5  # of a persona, with its manner
INTRODUCTION = re.compile(
    r"^\W*(?:(?:i want|i would like|i'd like|make|build|create|give me|train|write)\s+)?(?:an?|the|my)\s+(?:[\w-]+\s+){0,2}?"
    r"(?:gpt|bot|chatbot|model|assistant|ai|app)\s+(?:that|which|who)\s+(?=is\b)", re.IGNORECASE
)  # fmt: skip
NEGATED = re.compile(r"\b(?:not|never|without|no|don't|doesn't|isn't|than)\b[^,.;:]*$", re.IGNORECASE)
PERSON = re.compile(r"\w(?:er|or|ist|ian|man|woman|eer|ess|ant|smith|wright|maid|herd|monger|ologist|boy|girl|folk|mate|ster|keeper)$")
NO_PERSON = frozenset("letter paper number other answer summer winter water paragraph order newspaper chapter user author matter never color "
                      "dinner power flower weather mirror butter error plant".split())  # fmt: skip
MANNER = re.compile(r"\w\w(?:y|ful|ous|ic|less|ish|al|ive|ing|ed|ent|ant|able)$")
CHATTY = ("letter", "conversation", "dialogue", "dialog", "chat", "small-talk", "interview", "complaint")  # a persona writes these as well
DROPPED = ("late", "own", "dear")  # my late grandfather
PRONOUNS = ("i", "i'm", "you", "he", "she", "it", "we", "they", "this", "that", "there", "if", "normal", "human", "humans", "much", "little")
NO_PERSON_ENDINGS = ("tion", "sion", "ment", "ness", "ity", "ism", "ance", "ence", "ship", "ure")
STYLES = frozenset(TABLES["manners of any writer"])


@dataclass(frozen=True)
class Found:
    """A persona in a prompt."""

    who: str  # with its article: "a wizard", "my grandmother"
    manner: str
    start: int  # the place in the prompt of its noun phrase
    end: int
    strong: bool  # whether the prompt says that somebody speaks so
    called: bool = False  # whether it is a bot of that name: "pirate chatbot"

    @property
    def voice(self) -> str:
        """The voice that the tables have for it; "" if none."""
        return voice_of(self.who)


def persona_request(prompt: str, terms: Sequence[Term], language: str) -> Request | None:
    """The request for a persona; None if the prompt asks for none, or for a clear kind of text."""
    if language != "en":
        return None
    prompt = " ".join(prompt.replace("\u2019", "'").split())
    found = next((found for found in _candidates(prompt) if _fits(found, prompt, terms)), None)
    if found is None:
        return None
    topics = _subjects(f"{prompt[: found.start]} ; {prompt[found.end :]}", found)
    fields, _ = constraints(terms, "persona")
    said = {*re.findall(r"[\w-]+", f"{found.who} {found.manner} {' '.join(topics)}".lower())}
    without = tuple(thing for thing in fields.get("without", ()) if thing not in said)
    names = tuple(word for topic in topics for word in topic.split() if word != word.lower())
    return Request(
        "persona", _forms(prompt), matched=(f"{found.manner} {ARTICLE.sub('', found.who)}".strip().lower(),),
        confidence=CERTAIN if found.voice or found.strong else LIKELY, persona=found.who, manner=found.manner or None, names=names,
        topics=tuple(topic.lower() for topic in topics), without=without, length=fields.get("length"), unclear=fields.get("unclear", ()),
    )  # fmt: skip


@cache
def _patterns(table: str) -> list[re.Pattern[str]]:
    return [re.compile(pattern, re.IGNORECASE) for pattern in TABLES[table]]


def _candidates(prompt: str) -> Iterator[Found]:
    """The noun phrases that may be personas, the surest first."""
    for number, pattern in enumerate((*_patterns("persona frames"), *_patterns("frames for a known voice"))):
        strong = number < len(TABLES["persona frames"])
        for match in pattern.finditer(prompt):
            if not NEGATED.search(prompt[max(0, match.start() - 30) : match.start()]) and not NEGATED.search(match[0][: -len(match["who"])]):
                if found := _read(match["who"], match.start("who"), strong):
                    yield replace(found, called="chatbot" in pattern.pattern)
    introduction = INTRODUCTION.match(prompt)
    if introduction and (found := _read(prompt[introduction.end() + 3 :], introduction.end() + 3, False)):
        yield found


@cache
def _end() -> re.Pattern[str]:
    return re.compile(TABLES["end of a persona"], re.IGNORECASE)


def _read(text: str, start: int, strong: bool) -> Found | None:
    """The persona that a text begins with; None if it begins with something else."""
    text = text.strip()
    head = ARTICLE.match(text)
    determiner = head[0].strip().lower() if head else ""
    rest = text[len(head[0]) :] if head else text
    manners, taken = _manners(rest)
    noun_text = rest[taken:]
    end = _end().search(noun_text)
    noun = noun_text[: end.start()].strip() if end else noun_text
    words = [word for word in noun.split() if word not in DROPPED]
    if not words or words[0].lower() in PRONOUNS or len(words) > MOST_WORDS or words[-1].lower() in TABLES["machines that answer"] and not manners:
        return None
    if not manners and len(words) > 1 and MANNER.search(words[0].lower()) and words[0].islower() and not voice_of(words[0]):
        if words[0].lower() not in TABLES["no manner of a persona"] and voice_of(" ".join(words[1:])):
            manners, words = [words[0].lower()], words[1:]
    titled = sum(word[:1].isupper() for word in text.split()) > len(text.split()) / 2
    named = not determiner and noun != noun.lower() and words[0][0].isupper() and start > 0
    known = voice_of(" ".join(words))
    low = [word if named or ((start + place or determiner) and not titled) else word.lower() for place, word in enumerate(words)]
    if not determiner and not named and known != voice_of(singular(low[-1])) and voice_of(singular(low[-1])):
        low[-1] = singular(low[-1])  # talk like pirates
    phrase = " ".join(low)
    if named and known and phrase.lower() == phrase.title().lower() and _common(phrase.lower()):
        named, phrase = False, phrase.lower()
    who = phrase if named else f"{determiner if determiner in ('my', 'our') else article(phrase)} {phrase}"
    consumed = len(text) - len(noun_text) + (end.start() if end else len(noun_text))
    return Found(who, manners[0] if manners else "", start, start + consumed, strong)


def _common(noun: str) -> bool:
    """Whether a noun that names a voice is no proper name: wizard, not Gandalf."""
    return noun in TABLES["persona alone"]


def _manners(text: str) -> tuple[list[str], int]:
    """The adjectives of manner that a text begins with, and how many characters they take."""
    found: list[str] = []
    place = 0
    while match := re.compile(r"([\w-]+(?:'s)?),?\s+").match(text, place):
        word = match[1].lower()
        if word in manner_names() and not (found == [] and voice_of(" ".join(text[place:].split()[:2]).lower()) and word in ("old", "mad", "wise")):
            found.append(word)
        elif word not in TABLES["adverbs of a manner"]:
            break
        place = match.end()
    return (found, place) if found else ([], 0)


def _fits(found: Found, prompt: str, terms: Sequence[Term]) -> bool:
    """Whether the prompt asks for this persona rather than for a kind of text."""
    inside = prompt[found.start : found.end].lower()
    outside = [term for term in terms if term.text and term.text.lower() not in inside and not term.negated]
    if any(sorts().get(term.key, ("",))[0] == GENRE and term.key not in CHATTY for term in outside):
        return False
    noun = ARTICLE.sub("", found.who)
    last = noun.lower().split()[-1]
    if last in TABLES["machines that answer"] and (not found.manner or manner_names().get(found.manner, "") in STYLES):
        return False
    character = found.manner and manner_names().get(found.manner, found.manner) not in STYLES
    if found.strong:
        named = noun != noun.lower()
        return bool(found.voice or named or (found.manner or not _heavy(outside)) and (_person(last) or found.manner))
    heavy = noun.lower() not in TABLES["persona alone"] and _heavy(outside)
    own = any(weights().get(word, {}) and max(weights()[word].values()) >= HEAVY for word in noun.lower().split())
    if (heavy or own) and not character:
        return False
    first = found.start <= len(ARTICLE.match(prompt)[0]) if ARTICLE.match(prompt) else found.start == 0
    acts = re.match(TABLES["verbs of a persona"], prompt[found.end :], re.IGNORECASE)
    if not first:
        return bool(found.voice or found.manner and _person(last))
    if found.voice:
        if found.called or "-like " in f"{noun} ":
            return _ends_in_noun(noun)
        *before, head = noun.lower().split()
        alone = (noun.lower() in TABLES["persona alone"] or head in TABLES["persona alone"] and all(map(voice_of, before))) and _begins_with_one(prompt)
        return bool(_ends_in_noun(noun) and (found.manner or acts or alone))
    if found.manner in TABLES["manners of persons only"] and _begins_with_one(prompt) and _may_be_person(last):
        return True
    return bool(acts and _person(last) or character and last in TABLES["persons"])


def _begins_with_one(prompt: str) -> bool:
    """Whether the prompt begins with an article that one thing takes."""
    return bool(re.match(r"(?:an?|my|our|your) ", prompt, re.IGNORECASE))


def _heavy(terms: Sequence[Term]) -> bool:
    """Whether a word certainly belongs to a writer, and is no kind of text that a persona writes too."""
    return any(max(weights().get(term.key, {}).values(), default=0) >= HEAVY and term.key not in CHATTY for term in terms)


def _may_be_person(word: str) -> bool:
    return not (word in sorts() or word in TABLES["no persons"] or word.endswith(NO_PERSON_ENDINGS) or word in weights())


def _ends_in_noun(noun: str) -> bool:
    """Whether the last words of the phrase name the voice: a sea captain, but no pirate ship."""
    words = noun.lower().split()
    return any(voice_of(" ".join(words[start:])) and not voice_of(" ".join(words[:-1])) or voice_of(words[-1]) for start in range(len(words)))


def _person(word: str) -> bool:
    return word in TABLES["people"] or word in TABLES["persons"] or bool(PERSON.search(word)) and word not in NO_PERSON


def _subjects(text: str, found: Found) -> tuple[str, ...]:
    """What the persona speaks about, as the prompt says."""
    dull = TABLES["no subject of a persona"]
    for pattern in _patterns("subjects of a persona"):
        for match in pattern.finditer(text):
            end = re.search(TABLES["end of a subject"], match["what"], re.IGNORECASE)
            what = match["what"][: end.start()].strip() if end else match["what"].strip()
            words = what.split()
            bare = ARTICLE.sub("", what).lower()
            if re.match(r"(?:my|our|your|his|her|their|its)\s", what, re.IGNORECASE):
                what = bare
            if pattern.pattern.endswith("wisdom)\\b") and bare not in dull:
                what = f"{what} {match[0].split()[-1]}"  # relationship advice
            if words and len(words) <= MOST_WORDS and bare not in dull and not set(bare.split()) & {"bit", "lot", "questions", "everything"}:
                if bare not in ARTICLE.sub("", found.who).lower().split() and what:
                    return (what,)
    return ()


def _forms(prompt: str) -> tuple[str, ...]:
    """The forms that the prompt names, else all."""
    named = tuple(form for form, pattern in TABLES["forms of a persona"].items() if re.search(pattern, prompt, re.IGNORECASE))
    return (*named, "scene") if named == ("exchange",) else named or NAMES
