"""Puts words of WordNet into sentences: their articles, their verbs."""

from __future__ import annotations

import re
from functools import cache

from minigpt.corpus.english import MANY, article, plurals
from minigpt.corpus.mended import GAME
from minigpt.corpus.templates.subject_drift import BROAD
from minigpt.corpus.templates.subject_field import shown
from minigpt.corpus.templates.subject_sense import OF, Entry, topic_itself
from minigpt.corpus.wordnet import DOWN, PART, PERSON, TERM, Sense, wordnet

COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NEVER_COUNTED = ("music genre", "dance music", "popular music genre", "martial art", "board game")
MANY_OF = frozenset((5, 6, 13, 18, 20))  # fields of animals, artifacts, food, people, plants
SIDES, OF_ONE = frozenset((8, 15, 17)), re.compile(r"the [\w ,'-]+? of an? ")  # the summit of a mountain: each has one
ACT = re.compile(r"the (?:act|action|process|activity) of\b")  # an experiment: each is one
ALONE = frozenset(("Big Ben", "Hagia Sophia", "Cooper Union", "Johns Hopkins", "Ponte 25 de Abril", "Pandora's box"))
THE_ONE = frozenset(
    "Alhambra Bastille Bounty Bourse Colosseum Constitution Kaaba Kremlin Louvre Monitor Pentagon Pyramid Tabernacle Tuileries".split()
)
NAMED_PLACE = re.compile(r"(?<!\bthe )\b(?:University|College|Cathedral|Park|Downs|Hall|Lake [A-Z]\w+)$")  # Yale University, Lake Mead
SUBSTANCE = re.compile(r"^27 \w+(?:ine|ide|ate|ol|in|one)$")  # theophylline, of the field of substances
DRUG, COMPOUND = re.compile(r"(?:in|ine|ol|ide|ate)$"), re.compile(r"\b(?:compound|drug|antibiotic|alkaloid|analgesic)\b")
MASS = re.compile(
    r"(?:care|metry|(?<!anth)(?<!ap)ology|onomy|duty|jetsam|spume|eatage|ware|wear|clothing|headgear|weaponry|machinery|jewelry|luggage|equipment|furniture|bluegrass|memorabilia|trivia|\bmilt|\bkohl|\bacid|\bsoap|\boil)$"
)  # never counted, whatever the file says
ORGANIZATION = re.compile(
    r"[A-Z].* (?:Administration|Agency|Army|Association|Authority|Board|Brotherhood|Bureau|Church|Commission|Committee|Company|Corps"
    r"|Council|Court|Department|Federation|Force|Front|Guard|Institute|League|Ministry|Navy|Office|Order|Organization|Party|Service|Society|Trust"
    r"|Union)(?: (?:of|for|on) .*)?$"
)
MEETING = re.compile(r"a (?:gathering of producers|gathering at|meeting (?:of the inhabitants|for|at))\b")  # a board meeting
RIVER = re.compile(r"^(?:an?|the) (?:[\w-]+ ){0,4}(?:river|ocean)\b")
NAMED_OF = re.compile(r"[A-Z][a-z]+ of (?:the )?[A-Z]")  # the Tower of Pharos
ABSTRACT = frozenset((4, 9, 10, 11, 14, 15, 21, 23, 24, 25, 28))  # fields of acts, ideas, communication, groups, places, ...
NEVER_MANY = re.compile(
    r"(?:ing|ism|ness|ity|logy|graphy|ics|ance|ence|tion|sion|ment|ship|hood|dom|cy|ure|sis|ty|work|money|time|weather|music|art|science|medicine)$"
)
STORM = re.compile(r"19 an? (?:[a-z-]+ ){0,5}?(?:storm|column|windstorm|wave|shower|gust|wind)\b")  # a blizzard
PIECE = re.compile(  # a dish of which each piece is one: a brownie, a bonbon
    r"13 an? (?:[a-z'-]+ ){0,4}?(?:ball|disk|square|bar|candy|cookie|sandwich|pastry|roll|bun|tart|cracker|tortilla|dumpling)\b"
)
ONE_TO_EAT = re.compile(
    r"(?:(?<!Lim)burger|bun|muffin|crouton|crumb|canape|profiterole|pancake|waffle|cupcake|croissant|bagel|pretzel|doughnut|eclair|cookie|biscuit"
    r"|roll|tart|teacake|dumpling|loaf|loaf of bread|taco|burrito|sandwich|cracker|pasty|omelet|meatball|salad|sundae|milkshake)$"
)
ACTS, FOODS, GROUPS, OBJECTS = 4, 13, 14, 17
EVENTS = frozenset((4, 11, 28))  # fields of acts, events and times: what is named there is over


def doubtful(entry: Entry) -> bool:
    """Whether a word that the file does not count may be one of many after all: a money order, a slate of candidates."""
    sense = entry.sense
    plain = sense.kind == "m" and not sense.single and sense.file in ABSTRACT and entry.word[0].islower() and entry.near > 0
    return plain and sense.gloss.startswith(("a ", "an ")) and not (GAME.match(sense.gloss) or NEVER_MANY.search(entry.word))


def plural_name(word: str) -> bool:
    """Whether a name is a plural: the Middle Ages."""
    return word.endswith("s") and not word.endswith(("ss", "us", "is"))


def named(sense: Sense, word: str) -> str:
    """A word with the article that it takes: a falcon, falconry, jesses, the Renaissance."""
    if sense.kind == "v":
        return f"to {word}"
    if sense.kind == "t" or sense.gloss.startswith(f"the {word.split()[0]} "):  # the principle of superposition
        return f"the {word}"
    if word.endswith("ing") and sense.gloss.startswith("an instance of "):  # flying
        return word
    if sense.word in ("overture", "prelude"):
        return one(word)
    if sense.kind == "m" and sense.file == FOODS and (PIECE.match(f"{sense.file} {sense.gloss}") or ONE_TO_EAT.search(word)):
        return one(word)
    if STORM.match(f"{sense.file} {sense.gloss}") or (sense.file == 19 and word.endswith("cyclone")):
        return one(word)
    if (sense.kind == "m" and sense.file == GROUPS and ORGANIZATION.match(word)) or sense.word in ("Kuiper belt", "Oort cloud"):
        return f"the {word}"
    if sense.kind == "m" and MEETING.match(sense.gloss):
        return one(word)
    if sense.single and sense.file == OBJECTS and RIVER.search(sense.gloss) and not word.startswith(("River", "Lake")):
        return f"the {word.removeprefix('the ')}"  # the Congo
    if not sense.single and sense.gloss.startswith("the ") and NAMED_OF.match(word):
        return f"the {word}"  # the King of England
    if sense.single and sense.kind == "c" and (sense.file != PERSON):
        return only_name(word)
    if NAMED_OF.match(word) and sense.kind == "c" and sense.file == 6:
        return f"the {word}"
    if MASS.search(word):
        return word
    if word.endswith("ing") and sense.file == ACTS and (ACT.match(sense.gloss) or word != sense.word):
        return word  # running, grouping
    if sense.file == 6 and DRUG.search(word) and COMPOUND.search(sense.gloss):
        return word
    if sense.kind != "c" or (wordnet().ancestors(sense.number) & never_counted() and not a_piece(sense)):
        return word
    return f"the {word}" if only_one(sense) else word if word in ALONE or SUBSTANCE.search(f"{sense.file} {word}") else one(word)


def only_name(word: str) -> str:
    """The name of one thing that is there once: the Eiffel Tower, Yale University, Skylab, a zeppelin."""
    if word == "zeppelin":
        return one(word)
    bare = word in ALONE or NAMED_PLACE.search(word) or (" " not in word and word[0].isupper() and word not in THE_ONE)
    return word if bare else f"the {word}"


def one(word: str) -> str:
    return f"{article(word)} {word}"


def only_one(sense: Sense) -> bool:
    """Whether there is hardly more than one: the vernal equinox, the nucleus of a comet."""
    return (
        sense.gloss.startswith("the ")
        and sense.file not in MANY_OF
        and not (sense.file in SIDES and OF_ONE.match(sense.gloss))
        and not ACT.match(sense.gloss)
    )


def the(sense: Sense, word: str) -> str:
    """A word as a heading takes it up: the peregrine, falconry."""
    return f"the {word}" if named(sense, word) != word and sense.kind != "v" else named(sense, word)


@cache
def never_counted() -> frozenset[int]:
    """Families whose members take no article, though WordNet's file counts them: funk, bop, tango."""
    return frozenset(sense.number for word in NEVER_COUNTED for sense, _ in wordnet().senses(word)[:1])


def a_piece(sense: Sense) -> bool:
    """Whether a genre is also the name of one piece: a fugue, an overture."""
    if re.match(r"an? (?:[a-z]+ )?(?:hymn|song|march|piece)\b", sense.gloss):
        return True
    return "classical music" in (wider.word for wider in wordnet().above(sense)) and sense.gloss.startswith(("a ", "an "))


def verb(sense: Sense, word: str = "") -> str:
    """Is, are, was or were, as a word's definition needs it."""
    past = sense.single and (sense.file == PERSON or sense.file in EVENTS)
    many = sense.kind == "p" or (sense.kind == "t" and plural_name(word or sense.word))
    return {(False, False): "is", (True, False): "are", (False, True): "was", (True, True): "were"}[many, past]


def gloss_of(sense: Sense) -> str:
    return f"to {sense.gloss}" if sense.kind == "v" else sense.gloss


def plain_topic(topic: str) -> str:
    """The topic as many of its kind: "a grumpy wizard" -> grumpy wizards."""
    topic = topic_itself(topic)
    found = re.fullmatch(r"an? ((?:[\w'-]+ )*)([\w'-]+)", topic)
    return f"{found[1]}{MANY.get(found[2]) or plurals(found[2])[0]}" if found and not OF.search(found[1]) else topic


def text_of(sentences: list[str]) -> str:
    """Sentences as one paragraph; empty ones are left out."""
    return " ".join(sentence for sentence in sentences if sentence)


def noun(entry: Entry) -> bool:
    return entry.sense.kind != "v"


def lists_of(entry: Entry) -> list[tuple[str, list[Sense]]]:
    """The kinds, the parts and the terms of an entry that can be listed, each with the key of its phrases; only lists of two or more."""
    net = wordnet()
    if entry.sense.kind == "v":
        return []
    found: list[tuple[str, list[Sense]]] = []
    for key, sign in (("kinds list", DOWN), ("parts list", PART), ("terms list", TERM)):
        senses = [s for s in net.to(entry.sense, sign) if s.kind != "v" and not s.single and s.word not in BROAD]
        senses = [s for s in senses if len(shown(s).split()) < 4 and (s.file != FOODS or entry.sense.file == FOODS)]  # horsemeat is no part
        if sign == DOWN:
            senses = [s for s in senses if s.file == entry.sense.file]  # an antenna is no kind of rabbit
        senses = list({shown(s): s for s in senses}.values())
        known = [s for s in senses if net.uses(shown(s))]
        senses = known if len(known) > 2 else senses
        found += [(key, senses)] * (len(senses) > 1)
    return found
