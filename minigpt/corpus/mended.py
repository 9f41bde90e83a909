"""Mends what WordNet's file says: faults of grammar and of fact in its definitions, and how its words stand in a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from minigpt.corpus.english import article

ACTS, ANIMALS, ARTIFACTS, MONEY = 4, 5, 6, 21  # WordNet's numbers of fields
COUNTED = re.compile(r"(?:an?|the) (?!.*\b(?:fabric|cloth|material|paper|thread|yarn|leather|wool|lace|ware|sheet|system|coating|layer)\b)")
COIN = re.compile(r"an? (?:[\w-]+ ){0,4}coin\b")  # a real
ONE_ANIMAL = re.compile(r"an? |any (?:fish|of (?:various|several|numerous))\b")  # a black widow, a salmon
OF_ANIMALS = frozenset(("fur", "wool", "armor", "prey", "sea lettuce", "endospore-forming bacteria", "fish kill"))  # and none of them
GAME = re.compile(  # soccer, poker
    r"(?:an?|any|any of (?:various|several)) (?:[\w'-]+ ){0,4}(?:games?|sport|form of "
    r"(?:rummy|poker|whist|football|baseball|pool|billiards|bridge|solitaire|tennis|hockey|wrestling|chess))\b"
)
PAIRS = re.compile(  # words in the plural for what the file counts: tights are ...
    r"\b(?:annals|analects|arrears|backstairs|backwoods|banns|civies|dibs|environs|fasces|jinks|losings|matins|paratroops|ratables|regimentals"
    r"|remains|schooldays|smithereens|soapsuds|sundries|swaddling clothes|thanks|tights|tongs|underpants|whereabouts|withers"
    r"|forceps)$|bacteria$"
)
STUFF = re.compile(  # a kind of what is not counted, or the part of it
    r"an? (?:type|kind|sort|form|style) of (?:[a-z]+ )?(?:pottery|porcelain|ceramic|glass|china|furniture|cloth|fabric|wood|music)\b"
    r"|an? (?:(?!of|for|with|in|to|that|which|piece|strip|length|roll)[a-z-]+ ){0,4}(?:fabric|cloth|leather)\b"
    r"|(?:the )?(?:goods|garments|articles|supplies|furnishings|commodities|utensils|artifacts|candles|hats|instrumentalities) "
    r"|the (?:[a-z-]+ )*wood of\b"
)
LACKING = re.compile(
    r"(?!an? |the |any |one |some |all |each )(?:[a-z]+(?:-[a-z]+)* ){0,3}(?:mammal|bird|fish|insect|plant|tree|shrub|herb|vessel"
    r"|instrument|device|machine|building|room|person|vehicle|garment|tool|game|weapon) "
    r"(?:of|that|which|having|used|in|for|with|from|to|by|consisting|who)\b"
)
FOLK = re.compile(r"\b(?:member|native|boy)\b")  # an American Indian is nobody's name
STUFF_NAME = re.compile(
    r"(?:ware$|\b(?:cutlery|hosiery|laundry|millinery|cordage|baggage|wreckage|scenery|turnery|chandlery|ironing|mending|shopping|swathing)$)"
    r"|\b(?:[A-Za-z]+ fire|(?:counter|cross|gun)fire|horseback|piggyback|milling|billiards|tiddlywinks)$"
)
DIALECT = (
    (re.compile(r"(?<![,;(]) (especially|particularly) (?=(?:an?|the|in|one|those)\b)"), r", \1 "),
    (re.compile(r"(?<=[a-z]) (especially|particularly) (?=[a-z]+ [a-z]+$)"), r", \1 "),
    (re.compile(r"(?<=[a-z])- (?=colou?red)"), "-"),
    (re.compile(r"(?<=\b(?:of|at|to) )(?=(?:small )?(?:boat|ship|stern|car)(?:$|,| (?:or|to|and|of)\b))"), "a "),
    (re.compile(r"\be\.g\.,? ?"), "for example "),
    (re.compile(r"\bi\.e\.,? ?"), "that is, "),
    (re.compile(r"(?<=by New England )fisherman\b"), "fishermen"),
    (re.compile(r"(?<=any of numerous herbaceous )plant\b"), "plants"),
    (re.compile(r"(?<=fault plane )of(?= from)"), "or"),
    (re.compile(r"(?<=any of the )nine(?= large celestial bodies)"), "eight"),
    (re.compile(r"(?<=the American )colonist's(?= fight)"), "colonists'"),
)
MENDING = (  # articles of definitions
    (re.compile(r"^an? (?=[A-Z][a-z]+(?:'s|s') )"), ""),  # a Ptolemy's model
    (re.compile(r"\ban (?=U\b)"), "a "),
    (re.compile(r"^a (?=capital and largest city\b)"), "the "),
    (re.compile(r"(?<=held in )(?=horse's mouth)"), "a "),
    (re.compile(r"to underside of (?=horse's hoof)"), "to the underside of a "),
    (re.compile(r"^a (?=production of food\b)"), "the "),
    (
        re.compile(  # what nobody counts
            r"^an? (?=(?:negligence|artistry|greatness|smallness|ugliness|larceny|piety|unwillingness|incapability|unevenness|pleasantness"
            r"|orthodoxy|lawfulness|journalism|musicianship|acidosis|hypoxia|anoxia|(?:criminal )?possession) )"
        ),
        "",
    ),
)
CHAIN = re.compile(
    r"\b(?!(?:who|which|that|the|an?) )[a-z]+(?: and (?!(?:who|which|that|the|an?|for|of|to|in|by|with|from)\b)[a-z]+){2,}\b(?!-)"
)
MENDED = {  # a definition -> the same, in one sentence with its word
    "solid-hoofed herbivorous quadruped domesticated since prehistoric times": (
        "a solid-hoofed herbivorous quadruped domesticated since prehistoric times"
    ),
    "a sound is not amplified by electrical means": "a guitar whose sound is not amplified by electrical means",
    "a footwear shaped to fit the foot with a flexible upper of leather or plastic and a sole and heel of heavier material": (
        "a covering shaped to fit the foot, with a flexible upper of leather or plastic and a sole and heel of heavier material"
    ),
    "originally a person of noble birth trained to arms and chivalry": "a person of noble birth trained to arms and chivalry",
    "a common name for an edible agaric": "an edible agaric",
    "a general name for alcoholic beverages made by fermenting a cereal flavored with hops": (
        "an alcoholic beverage made by fermenting a cereal flavored with hops"
    ),
    "gathering of producers to promote business": "a gathering of producers to promote business",
    "a note that produces a dissonant chord is first heard in a consonant chord": (
        "the sounding of a note in a consonant chord before it makes the next chord dissonant"
    ),
    "a coin worth five cents": "a coin worth five pence",
    "a less in playing the violin": "a lesson in playing the violin",
    "the act of running": "the act of moving fast on foot",
    "the act of swimming": "the act of moving through water with the limbs",
    "the act of buying": "the act of getting something for money",
    "the act of giving": "the act of handing something over as a present",
    "lifts and moves heavy objects": "a machine that lifts and moves heavy objects",
}


def mended(gloss: str) -> str:
    """A definition without its faults of grammar and of fact."""
    gloss = MENDED.get(gloss, gloss)
    for old, new in MENDING:
        gloss = old.sub(new, gloss)
    return gloss


def punctuated(gloss: str) -> str:
    """A definition with the commas that WordNet leaves out, and without its abbreviations."""
    for old, new in DIALECT:
        gloss = old.sub(new, gloss)
    return CHAIN.sub(lambda m: m[0] if m[0].endswith(("ing", "ed")) else m[0].replace(" and ", ", ", m[0].count(" and ") - 1), gloss)


def with_article(kind: str, plural: bool, gloss: str) -> str:
    """A definition of what is counted, with the article that WordNet forgot: a camel is a cud-chewing mammal."""
    return f"{article(gloss)} {gloss}" if kind == "c" and not plural and LACKING.match(gloss) else gloss


def surname(names: Sequence[str]) -> bool:
    """Whether the words of a meaning are a family name and the whole name of somebody: Town, Ithiel Town."""
    return names[0][0].isupper() and any(re.fullmatch(rf"(?:[A-Z][\w.'-]* ){{1,3}}{re.escape(names[0])}", name) for name in names[1:])


def kind_of(kind: str, file: int, word: str, gloss: str) -> str:
    """How a word stands in a sentence, where WordNet's file is wrong about it."""
    if kind == "c" and PAIRS.search(word):
        return "p"
    if kind == "c" and (STUFF.match(gloss) or STUFF_NAME.search(word)):
        return "m"
    if kind == "c" and file == ACTS and GAME.match(gloss) and not word.endswith((" game", " sport", "hitter", " event")):
        return "m"
    if kind == "m" and ((file == ARTIFACTS and COUNTED.match(gloss)) or (file == MONEY and COIN.match(gloss))):
        return "c"
    return "c" if kind == "m" and file == ANIMALS and ONE_ANIMAL.match(gloss) and word not in OF_ANIMALS else kind
