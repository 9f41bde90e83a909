"""Finds the words of a subject in WordNet: what it is, its kinds, parts and terms, and what else has to do with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from minigpt.corpus.templates.subject_drift import BROAD, drifts
from minigpt.corpus.templates.subject_gloss import usable
from minigpt.corpus.templates.subject_sense import ANIMALS, CONCRETE, LIGHT, LIVING, Entry, best_sense, concepts, fits
from minigpt.corpus.wordnet import DOWN, FIELD, MEMBER, PART, PERSON, SUBSTANCE, TERM, UP, WHOLE, Sense, wordnet

MAIN = 0.6  # share of a word's uses from which its first meaning is taken
MOST, ENOUGH, FEW, LEAST = 90, 24, 14, 5  # entries of a word of the topic: the most, with farther ones, with loose ones; fewer are no field

ARTIFACTS = 6
OBJECTS = 17  # of nature
FOOD = 13  # WordNet's number of the field of what is eaten
BODY = 8  # WordNet's number of the field of parts of the body, whose parts are no subject
APART = ((ANIMALS, ARTIFACTS), (ARTIFACTS, BODY), (OBJECTS, ARTIFACTS))  # fields of a word and of a noun of its definition that lead astray
GROUP = 14  # of nations and committees, whose kinds are far from a pirate
MOST_FAR, MOST_FAR_MENTIONS, MOST_TERMS = 5, 12, 15  # entries of one farther relation
MOST_MENTIONS, MOST_SISTERS, MOST_NAMES = 60, 12, 6
TELLING = frozenset((4, 9, 10, 11))  # fields of acts, ideas, communication and events
MOST_APART = 16  # kinds of an act or an idea from which they have little in common
MANY_KINDS = 30  # kinds of a word from which the little known are left out
MOST_DERIVED = 14  # entries that come with an adjective


@dataclass(frozen=True)
class Subject:
    """What WordNet knows of a topic."""

    mains: tuple[Entry, ...]  # what the topic's own words mean, the most important first
    entries: tuple[Entry, ...]  # all others that have a definition, without doubles


@cache
def subject_of(topic: str) -> Subject | None:
    """The subject of a topic; None if WordNet knows too little about it."""
    mains = concepts(topic)
    if not mains:
        return None
    entries: dict[int, Entry] = {}
    taken = {main.sense.number for main in mains}
    words = {main.word.lower() for main in mains}
    for number, main in enumerate(mains):
        own, loose = 0, derived(main, topic) and len(mains) > 1
        for ring, enough in ((_close, MOST), (_farther, ENOUGH), (_strays, FEW), (_said, FEW), (_loose, FEW)):
            for sense, near in ring(main, topic):
                word = shown(sense)
                if main.sense.file == ANIMALS and "human" in sense.gloss:
                    continue  # a penguin's foot is no human foot
                if a_people(sense, word, near, main.sense) or rivalled(sense, word, main.sense):
                    continue
                if loose and (own >= MOST_DERIVED or sense.single or sense.file not in CONCRETE):
                    continue
                if own < enough and sense.number not in taken and word.lower() not in words and usable(sense, word):
                    taken.add(sense.number)
                    words.add(word.lower())
                    entries[sense.number] = Entry(sense, word, near, number)
                    own += 1
    return Subject(tuple(mains), tuple(entries.values())) if len(entries) >= LEAST else None


def a_people(sense: Sense, word: str, near: int, main: Sense) -> bool:
    """Whether a word is a people or one of it, and no kind of the subject: every people has a town."""
    if not word[:1].isupper() or wordnet().is_a(sense, main):
        return False
    return (near == 2 and sense.file == GROUP) or (sense.file == PERSON and not sense.single)


def rivalled(sense: Sense, word: str, main: Sense) -> bool:
    """Whether the word has another meaning of the subject's kind: a pony is also a racehorse, and the fly of anglers an insect."""
    net = wordnet()
    return any(other is not sense and net.is_a(other, main) for other, _ in net.senses(word))


def derived(main: Entry, topic: str) -> bool:
    """Whether the topic has only an adjective of the word: the Middle Ages of medieval falconry."""
    return main.word.lower()[:4] not in topic.lower()


def shown(sense: Sense) -> str:
    """The word for a meaning: the first that is no abbreviation; a person's whole name."""
    if sense.single and sense.file == PERSON:
        return next((word for word in sense.words[1:] if len(word.split()) in (2, 3) and word.endswith(sense.word.split()[-1])), sense.word)
    if not sense.single and re.fullmatch("[A-Z][a-z]+", sense.word):  # Lord, noble
        return next((word for word in sense.words if word.islower()), sense.word)
    return next((word for word in sense.words if not re.search(r"\.|^[A-Z]{2,}$|\d", word)), sense.word)


def _close(main: Entry, topic: str) -> Iterator[tuple[Sense, int]]:
    """What WordNet itself relates to a sense, in turns of the relations, then the definitions that mention it."""
    net, sense = wordnet(), main.sense
    up = [s for s in net.above(sense) if s.word not in BROAD]
    kinds = _known_first(net.to(sense, DOWN))
    deeper = [s for kind in kinds for s in net.to(kind, DOWN)]
    wholes = [wider for wider in up[:2] if len(net.to(wider, DOWN)) <= MANY_KINDS]  # a theater is no mere building
    parts = [*net.to(sense, PART, SUBSTANCE, MEMBER), *(s for wider in wholes for s in net.to(wider, PART))]
    fields = [wider for wider in net.to(sense, FIELD) if wider.word not in BROAD]
    named = [wider for wider in fields if wider.word in topic.lower()]  # a tunnel is of the field of cars, and so is a rental
    terms = [*net.to(sense, TERM), *(s for wider in named for s in net.to(wider, TERM)[:MOST_TERMS])]
    beside = [s for wider in fields if wider not in named for s in net.to(wider, TERM)[:MOST_TERMS]]
    said = list(_of_definition(sense, sense.words))
    rings = (_few(kinds), _few(terms), _few(parts), said, [s for s in up[:2] if net.uses(shown(s))], net.to(sense, WHOLE)[:6])
    yield from ((s, 1) for s in _in_turn(rings))
    yield from ((s, 1) for s in _mentions(main, topic) if not astray(s, sense))
    yield from ((s, 2) for s in _few([*deeper, *beside]))


def astray(said: Sense, sense: Sense) -> bool:
    """Whether a definition that mentions a lifeless thing is that of a plant or an animal: the teal of rivers."""
    return said.file in LIVING and sense.file not in (*LIVING, FOOD)


def _strays(main: Entry, topic: str) -> Iterator[tuple[Sense, int]]:
    """The plants and animals whose definition mentions a lifeless thing."""
    yield from ((s, 2) for s in _mentions(main, topic) if astray(s, main.sense))


def _known_first(kinds: list[Sense]) -> list[Sense]:
    """Of many kinds, those that WordNet's texts use or that have kinds themselves, and a few others: oaks rather than dhaks."""
    if len(kinds) <= MANY_KINDS:
        return kinds
    known = [s for s in kinds if wordnet().uses(shown(s)) or len(s.near.get(DOWN, ())) > 1]
    return [*known, *[s for s in kinds if s not in known][: max(4, ENOUGH - len(known))]]


def _farther(main: Entry, topic: str) -> Iterator[tuple[Sense, int]]:
    """Sisters, and what belongs to the nouns of the definition: to falconry, the falcons and hunts."""
    net = wordnet()
    wider = [up for up in net.to(main.sense, UP)[:1] if up.word not in BROAD]
    wider = [up for up in wider if main.sense.file in CONCRETE or len(net.to(up, DOWN)) <= MOST_APART]  # nursing is no manicure
    sisters = [s for up in wider for s in net.to(up, DOWN) if s is not main.sense]
    second = net.to(main.sense, DOWN, TERM)[:8]
    nouns = list(_of_definition(main.sense, main.sense.words))
    things = [s for s in nouns if s.file in CONCRETE and s.file != BODY and (s.file != PERSON or main.sense.file == PERSON)]
    things = [s for s in things if main.sense.file != ANIMALS or s.file == ANIMALS]  # to a spider, no kinds of poison
    rings = [_few(net.to(s, DOWN, PART, TERM))[:MOST_FAR] for s in (*things, *second)]  # to a castle, no kinds of rulers
    yield from ((s, 2) for s in _in_turn([sisters[:MOST_SISTERS], *rings]))


def _said(main: Entry, topic: str) -> Iterator[tuple[Sense, int]]:
    """Definitions that mention a noun of the definition."""
    net = wordnet()
    nouns = [s for s in _of_definition(main.sense, main.sense.words) if s.file in CONCRETE and s.file != BODY and s.word not in BROAD]
    rings = [
        [said for said in net.mentions([s.word, s.many()]) if (s.file, said.file) not in APART][:MOST_FAR_MENTIONS]
        for s in nouns
        if len(net.senses(s.word)) < 4
    ]
    yield from ((s, 2) for s in _in_turn(rings))


def _loose(main: Entry, topic: str) -> Iterator[tuple[Sense, int]]:
    """The nouns of the definition in their usual meaning, and what belongs to them."""
    net = wordnet()
    nouns = [s for s in _of_definition(main.sense, main.sense.words, strict=False) if s.file != GROUP]
    nouns.sort(key=lambda s: main.sense.file == ANIMALS and s.file != ANIMALS)
    yield from ((s, 2) for s in nouns)
    kin = [s for s in nouns if main.sense.file != ANIMALS or s.file == ANIMALS]
    yield from (
        (s, 2)
        for s in _in_turn(
            [_few(net.to(s, DOWN, PART, TERM))[:MOST_FAR] for s in (*kin, *(up for up in net.to(main.sense, UP) if up.word not in BROAD))]
        )
    )


def _few(senses: Iterable[Sense]) -> list[Sense]:
    """The senses, with at most MOST_NAMES names of persons or places."""
    kept, names = [], 0
    for s in senses:
        names += s.single
        if not s.single or names <= MOST_NAMES:
            kept.append(s)
    return kept


def _mentions(main: Entry, topic: str) -> list[Sense]:
    """Definitions that use the word, spread evenly over WordNet, things before names."""
    net = wordnet()
    names = [main.word, *(word for word in main.sense.words if word != main.word and len(net.senses(word)) < 3)]
    names = [word for word in names if len(word) > (2 if word == main.word else 3) and word not in BROAD]  # a sub-assembly is no submarine
    said = [form for word in names for form in (word, main.sense.many(word))]
    found = [s for s in net.mentions(said) if s.kind != "v" and not (s.single and s.file != PERSON)] if said else []
    found = [s for s in found if of_its_field(s, main.sense, topic)]
    own = re.escape(main.word)  # not a verb, as "to train sailors", nor in "wolf-sized"
    doing = re.compile(rf"\b(?:to|who|which|not|can|will|must|or|that) {own}(?:e?s)?\b|\band {own}e?s [a-z]|\b{own}-[a-z]+ed\b|\b{own}'s-")
    found = [s for s in found if not (doing.search(s.gloss) or drifts(s, main))]
    if main.word.endswith("ing"):  # a noun, not as in "a vein running from the foot"
        after = r"(?=$|[,;)]| (?:and|or|of|in|at|by|as|with|that|which|who|where|when|is|are)\b)"
        noun = re.compile(rf"\b(?:of|in|for|by|with|or|and) {main.word}\b{after}")
        found = [s for s in found if noun.search(s.gloss)]
    adjective = [w for w in re.findall(r"[a-z-]+", topic.lower()) if net.pertains(w) is main.sense]
    found += net.mentions(adjective) if adjective else []
    found = [*(s for s in found if not s.single), *(s for s in found if s.single)][: 4 * MOST_MENTIONS]
    step = max(1, len(found) // MOST_MENTIONS)
    return _few(found[::step])


def of_its_field(sense: Sense, main: Sense, topic: str) -> bool:
    """Whether a definition that mentions a word means the same thing by it: the white knight of finance is no knight."""
    if sense.label and sense.label not in (main.label, *main.words) and sense.label not in topic:
        return False
    return sense.file in CONCRETE or sense.file in TELLING or sense.file == main.file


def _of_definition(sense: Sense, own: Sequence[str], strict: bool = True) -> Iterator[Sense]:
    """The nouns of a sense's definition whose meaning is hardly in doubt."""
    net, near = wordnet(), set(re.findall(r"[a-z]{4,}", sense.gloss))
    parts = {s.number for wider in (sense, *net.above(sense)[:2]) for part in net.to(wider, PART) for s in (part, *net.to(part, PART))}
    said = re.sub(r"\b(?:who|that|which|to) [a-z]+", "", f"{sense.gloss} {sense.more}")  # a verb follows
    for word in dict.fromkeys(re.findall(r"[a-z]+", said)):
        base = net.base(word) if len(word) > 3 and word not in LIGHT and word not in net.adjectives else ""
        found = net.senses(base) if base and base not in own and base not in LIGHT and base not in BROAD else []
        found = [(s, count) for s, count in found if not s.label or s.label == sense.label or s.label in sense.words]
        found = [(s, count) for s, count in found if (sense.file, s.file) not in APART]  # a penguin's flippers are no shoes
        if part := next((s for s, _ in found if s.number in parts), None):  # the keys of a piano open no door
            yield part
            continue
        if found and not re.search(r"(ed|ing)$", word):
            total = sum(count for _, count in found) + len(found)
            if found[0][0].file not in CONCRETE and strict and all(s.file != sense.file for s, _ in found[:2]):
                continue
            wider = next((s for s, _ in found if s in net.above(sense)), None)
            if wider or len(found) == 1 or (found[0][1] + 1) / total > MAIN:
                yield wider or found[0][0]
            elif (best := best_sense(base, near - {word})) and (not strict or fits(best, near - {word, base} - LIGHT)):
                yield best


def _in_turn(rings: Iterable[Sequence[Sense]]) -> Iterator[Sense]:
    """One from each ring, again and again."""
    lists = [list(ring) for ring in rings]
    for place in range(max(map(len, lists), default=0)):
        yield from (ring[place] for ring in lists if place < len(ring))
