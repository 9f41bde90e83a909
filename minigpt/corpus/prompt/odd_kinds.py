"""Finds a kind of text that a prompt asks for and that no template writes: contracts, band names, knitting patterns.

What "writes" or "generates" precedes is a kind of text, known or not, and so is what a generator makes. Otherwise, only nouns that mean
something written or said, or that a table lists, are taken for kinds; anything else, as in "ancient Egypt", is a subject.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from minigpt.corpus.english import plurals, singular
from minigpt.corpus.prompt.genres import unwritten_places
from minigpt.corpus.prompt.lexicon import TABLES, is_noun, meanings, weights
from minigpt.corpus.prompt.terms import Term
from minigpt.corpus.templates import greetings, naming
from minigpt.corpus.wordnet import wordnet

WRITING, EXPLAINING = frozenset(TABLES["verbs with a kind of text"]), frozenset(TABLES["verbs with a subject"])
LIGHT, ARTICLES = frozenset(TABLES["light words"]), frozenset((*TABLES["articles"], "some", "me", "us", "my"))
DOCUMENTS = frozenset(("written communication", "written record", "written agreement", "legal document"))  # of WordNet
SAID = frozenset(("message", "speech act", "saying", "phrase"))  # of WordNet; what is written is said, too
COMMUNICATION = 10  # WordNet's number of the field of what is said and written
NAMES = ("name", "nickname")
CARDS = frozenset("card wish message greeting condolence congratulation congratulations text".split())
ANYTHING = ("product", "item", "thing")  # names of these are names for what the prompt says next
MAKERS = frozenset(("generator", "generators", "maker", "creator", "inventor", "machine"))
COUNTED = frozenset(("notes", "signs", "words", "titles", "lines", "phrases"))  # light, but kinds behind a noun
ALSO_NOUNS = frozenset(("show", "work", "play", "home", "book", "lot", "app"))  # plain words inside a noun phrase
SURE = 3  # weight of a kind of text
USUAL = 2  # meanings of a noun that are looked at


def unknown_kind(terms: Sequence[Term]) -> tuple[list[int], bool]:
    """The places of the first noun phrase of a prompt, if it names such a kind, and whether a table lists it; else none."""
    phrase = _first_phrase(terms)
    if not phrase:
        return [], False
    head, rare = terms[phrase[-1]], unwritten_places(terms)
    one, many = singular(head.text.lower()), head.text.lower() != singular(head.text.lower())
    before = next((terms[place].key for place in range(phrase[0] - 1, -1, -1) if terms[place].key not in ARTICLES), "")
    made = _makes(terms, phrase[-1] + 1)
    told = explained(terms)
    if phrase[-1] in rare:
        beside = [place for place, term in enumerate(terms) if place not in phrase and not term.plain]
        clear = many or made or " " in one or all(_of_readers(terms[place]) for place in beside)
        meant = before in WRITING or one.startswith("rules of") or (clear and not told)
        return (phrase if meant else []), True
    if any(" " in terms[place].text for place in rare.intersection(phrase)) and many and not told:
        return phrase, True  # crossword puzzle books
    kinds = max(max(weights().get(terms[place].key, {}).values(), default=0.0) for place in phrase)
    if head.text.lower() in COUNTED and len(phrase) > 1 and not told and not (one in ("note", "sign") and kinds >= SURE):
        return phrase, True  # nursing notes, but no system design notes
    if head.key in weights() or head.key in LIGHT:
        return [], False
    if before in WRITING:
        return (phrase if many or is_written(one) else []), False
    said = is_said(one) and all(is_noun(terms[place].text.lower()) for place in phrase)
    return (phrase if many and not told and (said or is_written(one)) else []), False


def name_of(terms: Sequence[Term], places: Sequence[int]) -> str:
    """What the kind at these places is called: band names, and passwords for a password generator."""
    said = " ".join(terms[place].text.lower() for place in places)
    return plurals(said)[0] if _makes(terms, places[-1] + 1) else said


def things_named(terms: Sequence[Term], places: Sequence[int], topics: Sequence[str]) -> tuple[str, ...] | None:
    """What a list of names is for, if templates can write it: cats for "cat names" and for "names for cats"; None if they cannot."""
    *before, last = name_of(terms, places).split()
    if singular(last) not in NAMES or (places[0] and not naming.able(f"{terms[places[0] - 1].text.lower()} cat")):
        return None  # last names
    if singular(last) == "nickname":
        return tuple(topics[:1])
    said = [plurals(" ".join(before))[0]] if before else []
    things = [*topics, *said] if before and before[-1] in ANYTHING else [*said, *topics]
    named = next((thing for thing in things if naming.able(thing)), "")
    return (named,) if named else None if things else ()


def is_card(kind: str) -> bool:
    """Whether a kind is that of a greeting card: birthday wishes, messages of condolence."""
    words = [singular(word) for word in kind.split()]
    return " ".join(words) == "greeting card" or (bool(set(words) & CARDS) and bool(greetings.feast_of(kind)))


def explained(terms: Sequence[Term]) -> bool:
    """Whether a prompt asks for explanations or facts rather than for a kind of text."""
    return any(term.key in EXPLAINING and not term.negated for term in terms)


@cache
def is_written(noun: str) -> bool:
    """Whether a noun usually means something written."""
    senses = [sense for sense, _ in wordnet().senses(noun)[:USUAL]]
    return any(wider.word in DOCUMENTS for sense in senses for wider in wordnet().above(sense))


def _makes(terms: Sequence[Term], place: int) -> bool:
    """Whether there is a generator at a place."""
    return place < len(terms) and terms[place].text.lower() in MAKERS


@cache
def is_said(noun: str) -> bool:
    """Whether a noun first of all means something that people say to each other: warnings, wishes."""
    found = wordnet().senses(noun)
    senses = [sense for sense, uses in found[:1] if sense.file == COMMUNICATION and 2 * uses >= wordnet().uses(noun)]
    return any(wider.word in SAID for sense in senses for wider in (sense, *wordnet().above(sense)))


def _of_readers(term: Term) -> bool:
    """Whether a term says for whom a text is: beginners."""
    return any(field == "audience" for field, _ in meanings().get(term.key, ()))


def _first_phrase(terms: Sequence[Term]) -> list[int]:
    """The places of the first noun phrase that is no subject, constraint or negation."""
    rare, run = unwritten_places(terms), list[int]()
    for place, term in enumerate(terms):
        solid = (not term.plain or place in rare) and not term.about and not term.negated and term.key not in meanings()
        if solid and run and run[-1] < place - 1 and terms[run[-1]].text.lower() in wordnet().adjectives:
            run = []  # motivational morning messages
        if solid or (run and term.text.lower() in COUNTED):
            run += range(run[-1] + 1 if run else place, place + 1)  # cooking show commentary
        elif term.about or (run and term.key not in (*ALSO_NOUNS, "morning", "evening")):
            break
    return run
