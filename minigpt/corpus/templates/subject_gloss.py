"""Tells which definitions of WordNet can stand in a sentence."""

from __future__ import annotations

import re

from minigpt.corpus.english import singular
from minigpt.corpus.templates.subject_drift import BROAD
from minigpt.corpus.templates.subject_sense import LIVING, stem
from minigpt.corpus.wordnet import PERSON, Sense

TURNED = 6  # words of a definition that only turns its term round: the keeper of a lighthouse
LONGEST = 27  # words of a definition that can be told
CUT = re.compile(  # a definition whose end is missing: "is a constant for"
    r"\b(?:including|such as|which|an?|the|its|their|and|or|of|as|by|from|for|with|that|is|are"
    r"|feeding on|to identify|to indicate|says|believes)$"
)
A_MANY = re.compile(  # "a small bottom-dwelling sharks"
    r"an? (?:(?!of|for|with|in|on|by|to|from|who|that|which|like|as|resembling|eating|growing|[a-z]+s )[a-z-]+ ){0,4}"
    r"[a-z]*(?:sharks|fishes|birds|trees|shrubs|herbs|plants|snakes|lizards|frogs|insects|beetles|flies|moths|butterflies|mammals|rodents"
    r"|bats|monkeys|whales|spiders|crabs|snails|mollusks|worms|ferns|fungi|mushrooms)\b"
)
DOER = re.compile(r"(?:someone|one|anyone|anything|something|an? [a-z]+) (?:who|that|which) ([a-z]+)")
DOING = re.compile(r"(?:[a-z]+ly )?(?:considered|regarded|used|made|consisting|having|known|covered)\b")  # and no word for who does
TAXON = re.compile(
    r"(?:(?:an?|the|any|one|two|several)(?: of(?: the)?)? )?(?:(?!of|in|with|having)[a-z-]+ ){0,3}"
    r"(?:genus|genera|family|families|order|subfamily|class|phylum|division|superfamily|suborder) of\b"
)
NAMING = re.compile(
    r"(?:an? )?(?:[a-z]+ )?(?:terms?|names?|words?|dysphemism|euphemism) (?:for|of|used)\b"
)  # a definition that says only what a word stands for
BROKEN = re.compile(  # "a maintains a warren", "a dissonant chord is followed by a consonant chord"
    r"an? (?:(?!is|has)[a-z]+s an?|[a-z]+ (?:is|are|was)) |a (?:maintains|sends|holds)\b"
    r"|an? (?:(?!that|which|who|whom|whose|where|when|what|as|and|or|of|in|with|for|to|it|they|one)\b[a-z'-]+ ){1,4}(?:is|are|was|were)\b"
    r"|an? (?:(?!that|which|who|whose|where|than|of|in|with|for|to|from|by|if|as|and|or|what|whereby)[a-z-]+ ){1,4}(?:makes|has|have)\b"
    r"|an? (?:plate makes|taking) |the [\w' -]+ is that\b|an? [\w ]+ can be [a-z]+ed by"
)
BARE = re.compile(  # a definition that lacks its article, or speaks of many
    r"(?!an? |the |any |one |some |all )(?:[a-z-]+ ){0,3}(?:mechanism|vessel|instrument|device|rodent|mammal|covering|housing|creature|rod"
    r"|wing|position|space|birds|outlet|apparatus|restraint|mouse|seeds|burrows|salmon|trout|fish|snail)"
    r"(?= (?:of|or|among|that|which|having|used|in|for|with|from|to|by|common|consisting|symbolizing)\b)"
)
WHOLE_PHRASE = re.compile(  # how the definition of what is counted begins
    r"(?:an?|the|any|one|some|all|every|each|either|someone|somebody|something|anything|anyone|that|those|both|two|three|half|most|several)\b",
    re.IGNORECASE,
)
HEAD = re.compile(
    r"(?:the |all |all of the |some |any )?(?:[a-z-]+ ){0,2}?([a-z]+)"
    r"(?= (?:of|that|which|who|having|used|in|for|with|from|to|by|made|involved|[a-z]+ing)\b|$)"
)


def usable(sense: Sense, word: str) -> bool:
    """Whether a sense can be told: it has a definition, which does not say the word itself."""
    good = bool(sense.gloss) and len(sense.gloss.split()) <= LONGEST and word not in BROAD and word.isascii() and len(word.split()) < 5
    good = (
        good
        and not ((doer := DOER.fullmatch(sense.gloss)) and stem(doer[1]) == stem(word.lower()))  # a sculler is someone who sculls
        and not (", of " in sense.gloss if sense.kind == "v" else CUT.search(sense.gloss))
        and not (taxon(sense, word) or DOING.match(sense.gloss) or A_MANY.match(sense.gloss))
    )
    good = (
        good
        and not (sense.plural and (sense.kind not in "cp" or sense.gloss.startswith(("a ", "an "))))
        and not (many_head(sense.gloss) and not sense.plural and sense.kind != "p")
    )
    return (
        good
        and not (NAMING.match(sense.gloss) or BROKEN.match(sense.gloss))
        and (sense.kind != "c" or sense.plural or sense.single or bool(WHOLE_PHRASE.match(sense.gloss)))
        and (sense.kind != "m" or not BARE.match(sense.gloss))
        and not re.search(rf"\b{re.escape(word.lower())}\b", sense.gloss.lower())
        and not (
            len(sense.gloss.split()) <= TURNED and set(re.findall(r"[a-z]{2,}", word.lower())) <= set(re.findall(r"[a-z]+", sense.gloss))
        )
    )


def many_head(gloss: str) -> bool:
    """Whether a definition speaks of many, as "the medieval principles governing knighthood"."""
    found = HEAD.match(gloss)
    return found is not None and found[1] != singular(found[1]) and not found[1].endswith(("ss", "us", "is", "ics"))


def taxon(sense: Sense, word: str) -> bool:
    """Whether a word names no living thing, but a class of them; or one by many of them, as "bottom lurkers: a fish"."""
    if sense.file in (PERSON, *LIVING):
        return (sense.kind == "p" and not sense.plural) or word.endswith((" genus", " family", " order")) or bool(TAXON.match(sense.gloss))
    return sense.kind == "c" and sense.gloss.startswith("a class of ")
