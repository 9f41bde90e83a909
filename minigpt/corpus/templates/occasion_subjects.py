"""Finds what a request for a named kind of text is about: a phrase for the topic, and the words of its subject.

The topic of "kettle reviews" is "kettle", of "reviews of kettles" "kettles", of "wedding toasts" "wedding": each becomes a phrase that
can follow "about" ("kettles", "weddings"), a modifier ("kettle", "wedding"), and, if a table knows its field, people, things and places.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from minigpt.corpus.english import IRREGULAR, singular
from minigpt.corpus.english import plurals as noun_plurals
from minigpt.corpus.request import Request
from minigpt.corpus.templates.subject_sense import concepts
from minigpt.corpus.wordnet import wordnet
from minigpt.corpus.words import Words, load_words

MASS_ENDINGS = ("ing", "ry", "ness", "ism", "ity", "tion", "ment", "ics", "ship", "hood", "ology", "graphy", "ance", "ence", "cy")
INDEFINITE = re.compile(r"^an? (?=\w+(?: \w+)?$)")  # of a single thing, which is spoken of as a kind: "toasts for a wedding"
ARTICLE = re.compile(r"^(?:a|an|the|my|our|your|his|her|their) ")
PREPOSITION = re.compile(r" (?:of|in|on|at|for|from|with|about|to|by) ")
PROJECT = re.compile(r"(?:(?:an?|the|my|our) )?(.+) (?:project|repository|app|codebase|program)")  # a Rust project: Rust
PROJECTS = ("commits", "changelog")
LONGEST = 2  # most words of a topic that can stand before a noun: "a model railway book"
MASS = frozenset(load_words("occasion")["mass nouns"])  # no plural after "about"
SORTS = {5: "animal", 6: "thing", 13: "food", 15: "place", 18: "person", 20: "plant"}  # by the numbers of WordNet's files
PAIRS = frozenset(  # of which one owns pairs
    "headphone earphone earbud glass sunglass goggle scissor trouser pant jean short legging tight sock shoe boot sneaker sandal".split()
    + "slipper glove mitten ski skate binocular plier tweezer pajama".split()
)
OWNED = ("instrumentality", "covering", "commodity", "toy")  # what WordNet says of things that people buy, use and keep
NOT_OWNED = ("conveyance", "weapon", "structure", "facility")  # and of others: a lighthouse is no kettle
ALSO_OWNED = (
    "bicycle",
    "bike",
    "scooter",
    "skateboard",
    "stroller",
    "sled",
    "wheelbarrow",
    "kayak",
    "canoe",
    "tricycle",
    "boat",
    "car",
    "motorcycle",
    "van",
    "tent",
)
SINGLE = ("place", "food")  # sorts of topics that need not be plurals: Paris, coffee
MEN = re.compile(r"(?<!Ge)(?<!ge)(?<!tali)(?:[bdlrst]|ch)man$")  # signalmen, but humans and Germans
HERDS = ("people", "police", "cattle", "sheep", "deer")  # plurals without an ending
AS = (
    "christmas",
    "gas",
    "atlas",
    "canvas",
    "bias",
    "alias",
    "pancreas",
    "pajamas",
    "texas",
    "kansas",
    "las vegas",
    "vegas",
    "honduras",
    "dallas",
)
AMBIGUOUS = ("fall", "spring", "fan", "host", "ring", "bow", "net")  # the fall of Rome is no autumn
PLURAL = {one: many for many, one in IRREGULAR.items()}


@dataclass(frozen=True)
class Subject:
    """What a document is about."""

    topic: str  # can follow "about"
    short: str  # can stand before a noun; "" if the topic is too long for that
    field: str  # its table; "any" if none knows it
    lists: Mapping[str, Sequence[str]]  # person, thing, place, doing, trouble, joy; item: a thing to carry; at: where people meet
    sort: str = ""  # what WordNet calls a topic that can be counted: thing, food, animal, plant or person

    @property
    def many(self) -> bool:
        """Whether the topic takes a plural verb: kettles are, falconry is."""
        head = str(PREPOSITION.split(self.topic)[0].split()[-1])
        return single(head) != head or head in HERDS


def plural(phrase: str) -> str:
    """The plural of a noun phrase whose last word is its noun."""
    if found := PREPOSITION.search(phrase):
        return plural(phrase[: found.start()]) + phrase[found.start() :]
    front, _, word = phrase.rpartition(" ")
    many = (
        PLURAL.get(word)
        or (f"{word}ren" if word.endswith("child") else "")
        or (f"{word[:-2]}en" if MEN.search(word) else f"{word[:-1]}ves" if word.endswith("wolf") else "")
        or (word if word.endswith("s") and singular(word) != word else noun_plurals(word)[0])
    )
    return f"{front} {many}".strip()


def single(word: str) -> str:
    """The singular of a plural; Christmas and news are none."""
    low = word.lower()
    if word.endswith("s") and word[:-1].isupper():  # APIs
        return word[:-1]
    return word if low in MASS or low in AS or low.endswith(("us", "is", "ss")) else singular(word)


@cache
def _keys_of(fields: tuple[str, ...]) -> Mapping[str, tuple[str, str]]:
    """Word -> its field and the phrase for it that can follow "about"."""
    found: dict[str, tuple[str, str]] = {}
    tables = load_words("occasion")["fields"]
    for field in fields:
        for key in tables[field]["keys"]:
            bare = ARTICLE.sub("", key).lower()
            found.setdefault(single(bare), (field, key))
            found.setdefault(bare, (field, key))
    for field in fields:
        for thing in (*tables[field]["thing"], *tables[field]["person"]):
            found.setdefault(thing, (field, plural(thing)))
    return found


def subject(rng: random.Random, words: Words, request: Request) -> Subject:
    """The subject of one document: one of the request's topics, or any field if it names none."""
    fields = words["fields"]
    topics = [topic for topic in request.topics if _noun(topic)]
    if request.forms[0] == "review":  # a board game is about something else than board games
        topics = [topic for topic in topics if single(topic.split()[-1]) not in words["reviewed"]]
    if not topics:
        keys = _keys_of(tuple(sorted(fields)))
        told = [name for phrase in request.matched for name in _names_in(phrase)]
        implied = [keys[word] for word in told if word in keys]  # weddings of "best man speeches", books of "book reviews"
        if implied:
            return _known(words, *implied[0])
        field = rng.choice(sorted(fields))
        return _known(words, field, rng.choice(fields[field]["keys"][:2]))
    said = rng.choice(topics)
    if request.forms[0] in PROJECTS and (found := PROJECT.fullmatch(said)):
        said = found[1]
    return named(words, said, request.spell(said))


def brewed(words: Words, about: Subject) -> Subject:
    """The subject of a spell: its things can be thrown into a pot, and are of magic where no table knows the topic."""
    lists = _lists(words, "fantasy", about.topic, about.short) if about.field == "any" else about.lists
    return replace(about, lists={**lists, "thing": lists["item"]})


def _names_in(phrase: str) -> list[str]:
    """The words of a phrase, singular, and its pairs of words before them: best man, best, man, speech."""
    found = [single(word.removesuffix("'s")) for word in phrase.split()]
    return [*(" ".join(pair) for pair in pairwise(found)), *found]


def named(words: Words, said: str, spelled: str) -> Subject:
    """The subject that a topic names. A bare noun that can be counted becomes a plural; names stay as they are."""
    name, once = said.lower() != spelled, INDEFINITE.match(said) is not None
    said, spelled = INDEFINITE.sub("", said).lower(), INDEFINITE.sub("", spelled)
    fields = words["fields"]
    keys = _keys_of(tuple(sorted(fields)))
    bare = ARTICLE.sub("", said)
    inner = [word for word in reversed(bare.split()) if single(word) not in AMBIGUOUS]
    tries = [bare, single(bare), *map(single, inner), *inner]
    field, key = next((keys[word] for word in tries if word in keys), ("any", ""))
    whole = ARTICLE.sub("", key).lower()
    if bare in (whole, single(whole)) and not ARTICLE.match(said) and not name:
        topic = key
    else:
        topic = plural(spelled) if once or (counted(said) and not name) else spelled
    short = single(ARTICLE.sub("", key)) if topic == key else ARTICLE.sub("", spelled)
    short = " ".join([*short.split()[:-1], short.split()[-1] if name else single(short.split()[-1])])
    short = "" if len(short.split()) > LONGEST else short
    about = Subject(topic, short, field, _lists(words, field, topic, short))
    sort = sort_of(topic) if short else ""
    return replace(about, sort=sort) if about.many or sort in SINGLE else about


def _known(words: Words, field: str, key: str) -> Subject:
    about = Subject(key, single(ARTICLE.sub("", key)), field, _lists(words, field, key, key))
    return replace(about, sort=sort_of(key)) if about.many else about


@cache
def sort_of(topic: str) -> str:
    """What the main noun of a topic names, if WordNet knows it and people use it in that meaning: kettles are things."""
    found = concepts(topic)
    whole = [entry for entry in found if entry.word.split()[-1].lower() == single(topic.split()[-1]).lower()]
    sort = SORTS.get(whole[0].sense.file, "") if whole else ""
    kinds = {wide.word for wide in wordnet().above(whole[0].sense)} if sort == "thing" else set()
    strange = single(topic.split()[-1]).lower() not in ALSO_OWNED and (not kinds & set(OWNED) or bool(kinds & set(NOT_OWNED)))
    return "" if sort == "thing" and strange else sort


def worn(topic: str) -> bool:
    """Whether a topic is a thing to wear, which has seams and no screws."""
    found = concepts(topic)
    return bool(found) and bool(
        {wide.word for wide in wordnet().above(found[0].sense)} & {"clothing", "footwear", "headdress", "garment", "handwear", "hosiery"}
    )


def _noun(topic: str) -> bool:
    """Whether a topic may be a noun: "excuses for being late" are about nothing in particular."""
    return topic not in wordnet().adjectives or bool(wordnet().senses(topic))


def _lists(words: Words, field: str, topic: str, short: str) -> Mapping[str, Sequence[str]]:
    """The words of a field, or, for a topic that no table knows, words that go with any."""
    own = words["fields"][field] if field != "any" else words["general fields"]["short" if short else "long"]
    rows = {**own, "item": words["items"][field], "at": words["at"][field]}
    rows.pop("keys", None)
    return {name: [entry.replace("<topic>", topic).replace("<short>", short) for entry in entries] for name, entries in rows.items()}


def counted(said: str) -> bool:
    """Whether a topic without an article is a singular noun that needs a plural after "about": badger, but not falconry."""
    last = said.split()[-1]
    if ARTICLE.match(said) or single(last) != last or last.endswith("s") or not last.isascii():
        return False
    return len(said.split()) <= LONGEST and not last.endswith(MASS_ENDINGS) and last not in MASS
