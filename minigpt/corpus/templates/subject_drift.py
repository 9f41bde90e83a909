"""Tells whether a definition that uses a word means the same by it as the subject: the whooping crane lifts no loads."""

from __future__ import annotations

import re
from functools import cache

from minigpt.corpus.templates.subject_sense import ANIMALS, LIGHT, PLANTS, Entry, stem
from minigpt.corpus.wordnet import DOWN, FIELD, PART, TERM, THINGS, UP, WHOLE, Sense, wordnet
from minigpt.corpus.words import load_words

BROAD = frozenset(load_words("subject")["broad words"])
KINDS, WIDER = 30, 3  # kinds of a meaning, and wider terms, whose words belong to it
ELSEWHERE = {  # a word -> what definitions say that mean something else by it
    "train": re.compile(r"pulses|gown|robe|epicyclic|gears|hawks|powder"),
    "star": re.compile(
        r"actor|actress|film|movie|player|singer|musician|theat|television|billing|guitar|spice|comedi|flower|plant|grass|herb|rock"
        r"|edible|seasoning|Bethlehem"
    ),
    "fair": re.compile(r"\bfair (?!(?:of|for|at|in|where|and|or)\b)[a-z]|\b(?:is|be|and|or) fair\b"),
    "rabbit": re.compile(r"waitress|television|antenna"),
    "river": re.compile(r"people|Indian|Siouan|language|tribe"),
    "bridge": re.compile(
        r"contract|player|nose|\bbid|\bhand\b|dummy|violin|strings|eyeglasses|electrical|monkey|tooth|teeth|game|whist|form of bridge"
    ),
    "vegetable": re.compile(r"\bmatter\b|\btissue\b|\boils?\b|\bfats?\b|\bdyes?\b|\bfibers?\b|\bwax\b|\bivory\b"),
    "rock": re.compile(r"music|band|singer|concert|danc|guitar|roll|album"),
    "rose": re.compile(
        r"(?:to|deep|pale|or|and|bright|usually) rose\b|\brose[- ](?:to|purple|pink|red|violet|lavender|colou?r|flowers|or)|\bwine"
    ),
}


def drifts(said: Sense, main: Entry) -> bool:
    """Whether a definition that uses a word of the subject means something else by it.

    By the table, by what it is a kind of, and by the words that it shares with each meaning (Lesk 1986); where it shares none with
    any, only a word that is hardly meant otherwise is taken.
    """
    if (elsewhere := ELSEWHERE.get(main.word)) and elsewhere.search(said.gloss):
        return True
    net, own = wordnet(), main.sense
    if compound(said, main):
        return True
    others = [sense for sense, _ in net.senses(main.word) if sense is not own and sense.kind != "v" and not related(sense, own)]
    if net.is_a(said, own) or not others:
        return False
    if any(net.is_a(said, other) for other in others):
        return True
    words = around(said) - {stem(word) for word in main.word.split()}
    mine, theirs = len(words & profile(own)), max(len(words & profile(other)) for other in others)
    if said.file in (ANIMALS, PLANTS) and own.file == THINGS:
        return mine == 0  # a fish called after a key
    return theirs > mine or (mine == theirs and not usual(main))


def compound(said: Sense, main: Entry) -> bool:
    """Whether the definition has the word only in the name of a plant or an animal of another kind: a buckeye and the horse chestnut."""
    net = wordnet()
    own = re.escape(main.word)
    found = [(before, after) for before, after in re.findall(rf"(?:([a-z]+) )?\b{own}s?\b(?: ([a-z]+))?", said.gloss)]
    pairs = [(f"{before} {main.word}", f"{main.word} {after}") for before, after in found]
    names = [sense for pair in pairs for sense in [s for name in pair for s, _ in net.senses(name)][:1]]
    return len(names) == len(found) > 0 and all(s.file in (ANIMALS, PLANTS) and not net.is_a(s, main.sense) for s in names)


def usual(main: Entry) -> bool:
    """Whether a word of the subject is used in this meaning as often as in all others."""
    found = wordnet().senses(main.word)
    return 2 * sum(count for sense, count in found if sense is main.sense) >= max(1, sum(count for _, count in found))


def related(one: Sense, other: Sense) -> bool:
    """Whether two meanings of a word are nearly the same: one is a kind or a part of the other, or has its definition say it."""
    net = wordnet()
    return net.is_a(one, other) or net.is_a(other, one) or other in net.to(one, PART, WHOLE) or one in net.to(other, PART, WHOLE)


def around(sense: Sense) -> frozenset[str]:
    """The beginnings of the words that a meaning is told with."""
    near = [sense, *wordnet().above(sense)[:WIDER]]
    return frozenset(stem(word) for s in near for word in content(f"{s.gloss if s is sense else ''} {s.label} {' '.join(s.words)}"))


@cache
def profile(sense: Sense) -> frozenset[str]:
    """The beginnings of the words of a meaning: its definition, its wider terms, its kinds, parts and terms."""
    net = wordnet()
    near = [*net.above(sense)[:WIDER], *net.to(sense, UP, PART, FIELD, TERM)[:KINDS], *net.to(sense, DOWN)[:KINDS]]
    texts = [f"{sense.gloss} {sense.more} {sense.label}", *(f"{' '.join(s.words)} {s.gloss}" for s in near)]
    return frozenset(stem(word) for text in texts for word in content(text))


def content(text: str) -> list[str]:
    """The words of a text that say something."""
    return [word for word in re.findall(r"[a-z]{4,}", text.lower()) if word not in LIGHT and word not in BROAD]
