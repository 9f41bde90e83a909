"""Whom a text is for, and what it is about if that is not said: a toast to my father is not about fathers, nor a love letter to my wife
about wives."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from minigpt.corpus.request import Request
from minigpt.corpus.templates.occasion_subjects import INDEFINITE, named, plural, single, sort_of
from minigpt.corpus.wordnet import wordnet
from minigpt.corpus.words import load_words

BEST_MAN = re.compile(r"best man|maid of honou?r|father of the bride")
BIRTHDAY = re.compile(r"\b(\d+(?:st|nd|rd|th)) birthday")
FEASTS = {
    "wedding": "weddings",
    "birthday": "birthdays",
    "retirement": "retirement",
    "housewarming": "housewarming parties",
    "anniversary": "anniversaries",
    "graduation": "graduation",
    "christmas": "Christmas",
}
OWNER = re.compile(r"^(?:an?|the|my|our|your|his|her|their) |^(?:best|dear|dearest|old|late|beloved|dead|favou?rite|new) |'s$|s'$")
KINDS = {
    "family": "father dad mother mom mum grandmother grandma granny grandfather grandpa aunt uncle sister brother daughter son niece "
    "nephew cousin parent grandparent",
    "spouse": "wife husband spouse partner", "sweetheart": "girlfriend boyfriend fiance fiancee sweetheart valentine lover",
    "stranger": "crush stranger", "teacher": "teacher coach professor mentor", "neighbor": "neighbor neighbour",
    "friend": "friend colleague coworker doctor nurse host",
    "business": "boss manager customer client",
}  # fmt: skip
SHE = "mother mom mum grandmother grandma granny aunt sister daughter niece wife girlfriend fiancee".split()
HE = "father dad grandfather grandpa uncle brother son nephew husband boyfriend fiance".split()
CALLED = {
    "father": "Dad", "dad": "Dad", "mother": "Mom", "mom": "Mom", "mum": "Mum", "grandmother": "Grandma", "grandma": "Grandma",
    "granny": "Granny", "grandfather": "Grandpa", "grandpa": "Grandpa",
}  # fmt: skip
LETTERS = ("love letter", "thank-you note", "apology", "postcard", "invitation")  # forms that are addressed to somebody
ABOUT = (*LETTERS, "toast", "obituary")  # forms that are to somebody, or of somebody
USUAL = {  # what a text is about that names nothing: captain's logs are not about captains
    "log": ("the sea", "the stars", "the weather", "pirates", "cooking", "football", "music", "books", "whales", "chess"),
    "fortune cookie": ("love", "money", "work", "travel", "friendship", "patience", "health", "family", "music", "books"),
    "obituary": ("gardens", "music", "books", "birds", "the sea", "trains", "cooking", "stars", "bread", "painting", "horses", "fishing"),
    "speech": ("courage", "gardens", "books", "music", "football", "school", "work", "friendship", "patience", "cities", "bread", "trains"),
    "vow": ("music", "gardens", "books", "cooking", "football", "trains", "birds", "chess", "the sea", "bread"),
    "diary": ("gardens", "music", "books", "the sea", "dogs", "cooking", "trains", "birds", "chess", "painting", "football", "stars"),
    "young diary": ("music", "football", "horses", "books", "dogs", "cats", "stars", "computers", "painting", "swimming", "games"),
    "thank-you note": ("music", "books", "gardens", "cooking", "chess", "the sea", "birds", "trains", "stars", "painting"),
    "love letter": ("music", "books", "gardens", "stars", "birds", "the sea", "trains", "cooking", "painting"),
    "apology": ("music", "books", "gardens", "chess", "cooking", "football", "birds", "trains"),
    "postcard": ("music", "books", "birds", "the sea", "painting", "cooking", "trains", "bread"),
    "invitation": ("birthday parties", "weddings", "garden parties", "dinner", "farewell parties", "housewarming parties", "books"),
}  # fmt: skip
THOUGHT = ("patience", "music", "gardens", "courage", "friendship", "bread", "books", "chess", "love", "money", "travel", "work", "the sea")
USUAL |= dict.fromkeys(("quote", "proverb", "affirmation", "blessing", "meditation", "to-do list", "dream", "podcast intro"), THOUGHT)
USUAL["bedtime ritual"] = ("the stars", "the sea", "bears", "trains", "the moon", "sheep", "snow", "birds", "rabbits")
MARRIED = ("bride", "groom", "bridegroom", "couple", "newlywed")  # who make vows, not what vows are about
STYLES = ("shakespearean", "victorian", "elizabethan", "medieval", "old english")  # how a text is written, not what it is about
USUAL["horoscope"] = USUAL["fortune cookie"]
USUAL["school report"] = ("music", "football", "horses", "books", "stars", "computers", "painting", "games", "birds", "trains", "dinosaurs")
USUAL["label"] = ("the sea", "music", "books", "trains", "birds", "bread", "gardens", "stars", "horses", "love", "chess", "weddings")
AT_SEA = ("the sea", "the stars", "the weather", "whales", "music", "birds")
REVIEWED = ("music", "gardens", "chess", "trains", "books", "cooking", "football", "birds", "painting", "travel", "the sea", "history")
PRODUCTS = (
    "kettles",
    "umbrellas",
    "headphones",
    "backpacks",
    "lamps",
    "bicycles",
    "toasters",
    "tents",
    "cameras",
    "pens",
    "clocks",
    "hats",
)
USUAL["weather"] = ("gardens", "football", "birds", "fishing", "the sea", "hiking", "bicycles", "painting", "horses", "trains")
USUAL["quest"] = ("dragons", "wizards", "knights", "magic", "castles", "elves", "goblins", "treasure", "ghosts", "the sea")
PAIR = re.compile(r"^(?:a |the |my )?pairs? of ")
BUSINESS = {
    "mercantile establishment",
    "place of business",
    "workplace",
    "facility",
    "building",
    "institution",
    "organization",
    "shop",
    "establishment",
}
PLAYED = re.compile(r"\b(?:game|rpg|campaign|adventure|setting|world|mmo|video games?|fantasy|party|players?)s?$")  # what a quest is for
YOUNG = ("children", "beginners")  # "beginners" are also teenagers


@dataclass(frozen=True)
class Person:
    """Somebody whom a prompt names by what they are to the writer."""

    kind: str  # a key of KINDS
    pronoun: str  # "" if it may be either
    name: str  # "Dad"; "" for those who are called by a name


def person(request: Request) -> Person | None:
    """Whom the request's topics name: "a father", "my best friend's wedding"; None if they name nobody."""
    for topic in request.topics:
        for word in topic.lower().split():
            noun = single(OWNER.sub("", word))
            kind = next((kind for kind, nouns in KINDS.items() if noun in nouns.split()), "")
            if kind and OWNER.sub("", topic.lower()).split()[0] in (word, "best", "old", "late"):
                return Person(kind, "she" if noun in SHE else "he" if noun in HE else "", CALLED.get(noun, ""))
    return None


def about(request: Request, form: str) -> Request:
    """The request that a document's subject is drawn from: movie reviews have any subject, a best man speaks at a wedding."""
    asked = " ".join((*request.matched, *request.topics)).lower()
    request = replace(request, topics=tuple(topic for topic in request.topics if topic not in STYLES))
    if (
        form == "review"
        and "product" not in asked
        and (not request.topics or all(single(topic) in load_words("occasion")["reviewed"] for topic in request.topics))
    ):
        return replace(request, topics=REVIEWED, matched=())
    if form == "vow":
        request = replace(request, topics=tuple(topic for topic in request.topics if single(OWNER.sub("", topic.lower())) not in MARRIED))
    somebody = person(request) if form in (*ABOUT, "vow") else None
    if form == "toast":
        feast = "weddings" if BEST_MAN.search(asked) else next((many for one, many in FEASTS.items() if one in asked), "")
        if feast or somebody:
            return replace(request, topics=(feast or "birthdays",))
    if (
        form in ("diary", "log", "vow", "obituary")
        and not somebody
        and any(INDEFINITE.match(topic) and sort_of(plural(INDEFINITE.sub("", topic))) == "person" for topic in request.topics)
    ):
        return replace(request, topics=kin(request))  # a sailor does not write about sailors
    if form == "log" and not request.topics and ("captain" in asked or "ship" in asked):
        return replace(request, topics=AT_SEA)
    if form == "diary" and not request.topics:
        return replace(request, topics=USUAL["young diary" if request.audience in YOUNG else "diary"])
    if form in ("review", "advertisement") and not request.topics and "product" in asked:
        return replace(request, topics=PRODUCTS)
    request = replace(request, topics=tuple(PAIR.sub("", topic) for topic in request.topics))
    if form == "slogan":
        request = replace(request, topics=tuple(map(ours, request.topics)))
    if form == "quest":
        request = replace(request, topics=tuple(topic for topic in request.topics if not PLAYED.search(topic.lower())))
    if form == "weather":
        request = replace(request, topics=tuple(topic for topic in request.topics if sort_of(topic) != "place"))
    if form in USUAL and (somebody or not request.topics):
        return replace(request, topics=USUAL[form])
    return request


def ours(topic: str) -> str:
    """A business as those say it who work there: a bakery has slogans about our bakery."""
    bare = INDEFINITE.sub("", topic)
    senses = [sense for sense, _ in wordnet().senses(bare)[:1]] if bare != topic else []
    kinds = {wide.word for sense in senses for wide in wordnet().above(sense)}
    return f"our {bare}" if kinds & BUSINESS else topic


def kin(request: Request) -> tuple[str, ...]:
    """What those whom a diary is by think about: of a sailor ships and the sea; the usual, if no table knows them."""
    field = named(load_words("occasion"), request.topics[0], request.topics[0]).field
    keys = load_words("occasion")["fields"][field]["keys"] if field != "any" else ()
    return tuple(key for key in keys[:6] if sort_of(key) != "person")[:2] or USUAL["diary"]


def fitting(request: Request) -> tuple[str, ...]:
    """The request's forms; a speech at a wedding, a birthday or of somebody is a toast."""
    asked = " ".join((*request.matched, *request.topics)).lower()
    feasts = [feast for feast in FEASTS if feast in asked]
    other = [topic for topic in request.topics if not any(feast in topic for feast in FEASTS)]  # a graduation speech about courage
    spoken = person(request) or (bool(feasts) and not other)
    return tuple("toast" if form == "speech" and spoken else form for form in request.forms)


def personal(request: Request) -> Request:
    """The request; if it asks for letters to somebody near, such as a grandmother, for those that one writes to people."""
    somebody = person(request)
    if request.category != "general" or request.forms != ("email",) or not somebody or somebody.kind == "business":
        return request
    if any(match.startswith("apolog") for match in request.matched):
        return replace(request, category="occasion", forms=("apology",))
    return (
        replace(request, category="occasion", forms=("thank-you note", "apology", "postcard")) if "letters" in request.matched else request
    )


def animal(request: Request) -> bool:
    """Whether a diary is that of an animal."""
    return any(INDEFINITE.match(topic) and sort_of(plural(INDEFINITE.sub("", topic))) == "animal" for topic in request.topics)
