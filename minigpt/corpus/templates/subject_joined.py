"""Joins facts about words of a subject into one sentence: a word and its sister, a part and its whole, two kinds of one thing."""

from __future__ import annotations

import re

from minigpt.corpus.english import join_and, upper_first
from minigpt.corpus.templates.subject_drift import BROAD
from minigpt.corpus.templates.subject_facts import Teller
from minigpt.corpus.templates.subject_field import BODY, shown
from minigpt.corpus.templates.subject_sense import Entry
from minigpt.corpus.templates.subject_words import named, noun
from minigpt.corpus.wordnet import PART, PERSON, WHOLE, Sense, wordnet

PLAIN = 0.05  # share of definitions that stand alone
WITH_KINDS = 0.6  # how often the kinds of a word are named, if it has some
LONG = 20  # words of a definition from which it stands alone
NOUN_PHRASE = re.compile(r"^(?:an?|the|one|any)\b", re.IGNORECASE)


def told(t: Teller, e: Entry) -> str:
    """A sentence that says what a word means, mostly with another fact about it."""
    if not e.sense.gloss:
        return t.kind(e)
    fields = t.definition(e)
    if fields["is"] == "means" or e.sense.kind == "v":
        return t.define(e)
    if t.rng.random() < WITH_KINDS and (text := _with_kinds(t, e, fields)):
        return upper_first(text)
    if e.sense.plural:
        return t.define(e)
    ways = [way for way in (_with_name, _with_sisters, _with_sisters, _with_whole) if len(e.sense.gloss.split()) < LONG]
    for way in t.rng.sample(ways, len(ways)):
        if t.rng.random() > PLAIN and (text := way(t, e, fields)):
            return upper_first(text)
    return t.define(e)


def both(t: Teller, one: Entry, two: Entry) -> str:
    """One sentence that says what two words mean, and what they have to do with each other; "" if they are too long for that."""
    if not (apposed(one) and apposed(two)) or len(f"{one.sense.gloss} {two.sense.gloss}".split()) > (
        LONG if t.request.audience == "children" else 2 * LONG
    ):
        return ""
    a, b = t.definition(one), t.definition(two)
    fields = a | {"b": b["a"], "is2": b["is"], "gloss2": b["gloss"]}
    parent = t.common(one, two)
    alike = parent is not None and parent.kind == "c" and near(one.sense, parent) and near(two.sense, parent)
    if parent and alike and one.sense.kind == two.sense.kind == "c" and not (one.sense.single or two.sense.single):
        return upper_first(t.say("both of one kind", parent=shown(parent), **fields))
    if one.sense.single and one.sense.file == PERSON == two.sense.file and two.sense.single:
        return upper_first(t.say("both persons", **fields))
    if two.sense.number in one.sense.near.get(PART, ()):
        return upper_first(t.say("part and whole", **fields))
    if one.sense.single or two.sense.single or one.sense.file != two.sense.file:
        return ""
    return upper_first(t.say("both" if max(one.near, two.near) < 2 else "both apart", **fields))


def apposed(e: Entry) -> bool:
    """Whether a definition may follow its word after a comma."""
    sense = e.sense
    return bool(NOUN_PHRASE.match(sense.gloss)) and sense.kind != "v" and not sense.plural and not sense.label[:1].isupper()


def _with_kinds(t: Teller, e: Entry, fields: dict[str, str]) -> str:
    """Falcons are birds of prey ...; the kestrel and the hobby are kinds of them."""
    kinds = [t.the(o) for o in t.open if o is not e and noun(o) and not o.sense.single and wordnet().is_a(o.sense, e.sense)]
    if len(kinds) < 2 or len(e.sense.gloss.split()) >= LONG:
        return ""
    return t.say("with kinds", kinds=join_and(t.rng.sample(kinds, min(len(kinds), t.rng.randint(2, 3)))), **fields)


def _with_name(t: Teller, e: Entry, fields: dict[str, str]) -> str:
    """A falcon-gentle, also called ..., is ..."""
    others = t.other_names(e)
    if not others or e.sense.single:
        return ""
    return t.say("with a name", other=t.rng.choice(others), **fields)


def _with_sisters(t: Teller, e: Entry, fields: dict[str, str]) -> str:
    """Like the hobby and the kestrel, a peregrine is a kind of falcon: ..."""
    if e.sense.kind != "c" or e.sense.single or e.sense.file == BODY or not apposed(e):
        return ""
    sisters = [(o, p) for o in t.subject.entries if o is not e and o.sense.kind == "c" and t.fit(o) and (p := t.common(e, o)) and good(p)]
    sisters = [(o, p) for o, p in sisters if not (o.sense.plural or o.sense.single) and near(e.sense, p)]
    if not sisters:
        return ""
    first, parent = t.rng.choice(sisters)
    alike = [o for o, p in sisters if p is parent and o is not first]
    chosen = [first, *t.rng.sample(alike, min(len(alike), t.rng.randint(0, 2)))]
    names = [t.a(o) for o in chosen]
    listed = {"sisters": join_and(names), "parent": shown(parent), "aparent": t.named(parent)}
    same = shown(parent).split()[-1] in e.sense.gloss.split()[:6]  # a kestrel is a falcon: a small Old World falcon
    return t.say("with like sisters" if same else "with sisters", **listed, **fields)


def good(parent: Sense) -> bool:
    """Whether a family says something: a falcon, but no artifact."""
    return parent.kind == "c" and parent.word not in BROAD


def near(sense: Sense, parent: Sense) -> bool:
    """Whether a family is at most two steps above."""
    return parent in wordnet().above(sense)[:2]


def _with_whole(t: Teller, e: Entry, fields: dict[str, str]) -> str:
    """A hood, a part of ..., is ..."""
    wholes = [s for s in wordnet().to(e.sense, WHOLE) if s.word not in BROAD and not s.single]
    if not wholes or e.sense.single or not apposed(e) or shown(wholes[0]) in e.sense.gloss or shown(wholes[0]) in e.word:
        return ""
    return t.say("with a whole", whole=named(wholes[0], shown(wholes[0])), **fields)


def several(t: Teller, entries: list[Entry], most: int) -> list[str]:
    """Sentences that tell of so many words, two in one sentence where they go together."""
    said: list[str] = []
    rest = list(entries)
    while rest and len(said) < most:
        one = rest.pop(0)
        two = next((o for o in rest if t.common(one, o)), rest[0] if rest else None)
        text = both(t, one, two) if two and t.rng.random() < 0.9 else ""
        if text and two:
            rest.remove(two)
        said.append(text or told(t, one))
    return said
