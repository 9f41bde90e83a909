"""Finds the words of a subject in WordNet: what it is, its kinds, parts and terms, and what else has to do with it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from minigpt.corpus.wordnet import DOWN, FIELD, MEMBER, PART, PERSON, SUBSTANCE, TERM, UP, WHOLE, Sense, wordnet
from minigpt.corpus.words import load_words

TABLES = load_words("subject")
BROAD, LIGHT = frozenset(TABLES["broad words"]), frozenset(TABLES["light words"])
CONCRETE = frozenset((5, 6, 8, 13, 17, 18, 20, 27))  # animals, artifacts, body, food, objects, people, plants, substances
ABSTRACT = frozenset((4, 7, 9, 10, 11, 22, 24, 26, 28))
OF = re.compile(r"\b(?:of|in|on|at|for|from|about|with|by|under|between|against|during|through|to|into)\b")
AND = re.compile(r",| and | or | & |/|\bversus\b|\bvs\b")
MOST, ENOUGH, LEAST = 90, 30, 6  # entries of a word of the topic: the most; after ENOUGH no farther ones come; fewer are no field
MOST_FAR, MOST_FAR_MENTIONS = 5, 12  # entries of one farther relation
MOST_MENTIONS, MOST_SISTERS, MOST_NAMES = 60, 12, 10
MAIN = 0.45  # share of a word's uses from which a meaning is the main one


@dataclass(frozen=True)
class Entry:
    """A word of the subject, in one meaning."""

    sense: Sense
    word: str
    near: int  # 0: the subject itself; 1: said by WordNet to belong to it; 2: farther off
    main: int = 0  # the place of the word of the topic to which it belongs

    @property
    def many(self) -> str:
        return self.sense.many(self.word)


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
        own = 0
        for ring, enough in ((_close, MOST), (_farther, ENOUGH), (_loose, LEAST)):
            for sense, near in ring(main, topic):
                word = shown(sense)
                if own < enough and sense.number not in taken and word.lower() not in words and usable(sense, word):
                    taken.add(sense.number)
                    words.add(word.lower())
                    entries[sense.number] = Entry(sense, word, near, number)
                    own += 1
    return Subject(tuple(mains), tuple(entries.values())) if len(entries) >= LEAST else None


def shown(sense: Sense) -> str:
    """The word for a meaning: the first that is no abbreviation; a person's whole name."""
    if sense.single and sense.file == PERSON:
        return next((word for word in sense.words[1:] if len(word.split()) in (2, 3) and word.endswith(sense.word.split()[-1])), sense.word)
    if not sense.single and re.fullmatch("[A-Z][a-z]+", sense.word):  # Lord, noble
        return next((word for word in sense.words if word.islower()), sense.word)
    return next((word for word in sense.words if not re.search(r"\.|^[A-Z]{2,}$|\d", word)), sense.word)


def usable(sense: Sense, word: str) -> bool:
    """Whether a sense can be told: it has a definition, which does not say the word itself."""
    return bool(sense.gloss) and word not in BROAD and len(word.split()) < 5 and word.isascii() and not re.search(rf"\b{re.escape(word.lower())}\b", sense.gloss.lower())


# ---- what the topic's words mean -----------------------------------------------------------------------------------------------


def concepts(topic: str) -> list[Entry]:
    """The nouns of a topic that WordNet knows, the most important first: "medieval falconry" -> falconry, Middle Ages."""
    context = set(re.findall(r"[a-z]{3,}", topic.lower())) - LIGHT
    found: list[Entry] = []
    for piece in AND.split(topic):
        whole = wordnet().base(bare(piece))
        parts = [bare(part) for part in OF.split(piece)] if not whole else [bare(piece)]
        nouns = [noun for part in parts for noun in _nouns(part)]
        if len(parts) > 1 and re.search(r"\bof\b", piece) and _nouns(parts[1]):
            nouns = [*_nouns(parts[1]), *(n for part in (parts[0], *parts[2:]) for n in _nouns(part))]  # the fall of Rome: Rome
        found += [Entry(sense, word, 0) for word in nouns if (sense := best_sense(word, context - set(word.split())))]
    found = list({entry.sense.number: entry for entry in found}.values())
    found = [entry for entry in found if sure(entry, context)] or found[:1]
    if len(found) > 1 and found[0].sense.file in ABSTRACT and TERM not in found[0].sense.near:
        found.sort(key=lambda entry: entry.sense.file not in CONCRETE)  # tropical fish care: the fish
    return found[:4]


def sure(entry: Entry, context: set[str]) -> bool:
    """Whether a word is hardly meant otherwise: it has one main meaning, or this one fits the topic's other words."""
    found = wordnet().senses(entry.word)
    count = dict((sense.number, count) for sense, count in found).get(entry.sense.number, 0)
    share = (count + 1) / (sum(c for _, c in found) + len(found))
    usual = share >= (MAIN if len(found) < 3 else 1.5 * MAIN)
    return usual or fits(entry.sense, context - set(entry.word.split())) > 0


def bare(phrase: str) -> str:
    """A phrase without its article."""
    return re.sub(r"^(?:a|an|the|my|our|your|some|all|any)\s+", "", phrase.strip().lower())


def _nouns(phrase: str) -> list[str]:
    """The longest terms of WordNet in a noun phrase, the last first; of an adjective, the noun it pertains to."""
    words, found = phrase.split(), []
    end = len(words)
    while end:
        start = next((i for i in range(end) if wordnet().base(" ".join(words[i:end]))), None)
        term = " ".join(words[start:end]) if start is not None else words[end - 1]
        if start is not None and (" " in term or term not in LIGHT and not (found and term in wordnet().adjectives) and not (found and term in ADVERBS)):
            found.append(wordnet().base(term))
        elif noun := wordnet().pertains(term):
            found.append(noun.word)
        end = end - 1 if start is None else start
    return [word for word in found if word not in LIGHT and len(word) > 1]


ADVERBS = frozenset(TABLES["never nouns"])


def best_sense(word: str, context: set[str]) -> Sense | None:
    """The meaning of a noun that is usual, has much to tell, and fits the topic's other words; None if none can be told."""
    ranked = [(score(sense, word, rank, count, context), -rank, sense) for rank, (sense, count) in enumerate(wordnet().senses(word)) if sense.kind != "v"]
    ranked = [row for row in ranked if row[2].gloss or row[2].near.get(DOWN)]
    return max(ranked, key=lambda row: row[:2])[2] if ranked else None


def score(sense: Sense, word: str, rank: int, count: int, context: set[str]) -> float:
    """How well a meaning suits as a topic."""
    names = [w.lower() for w in sense.words]
    much = len(sense.near.get(DOWN, ())) + len(sense.near.get(PART, ())) + 2 * len(sense.near.get(TERM, ()))
    named = sense.word[:1].isupper() and word[:1].islower() and not sense.gloss.startswith("the period")
    return (
        0.5 * math.log1p(count) + 0.7 * math.log1p(much) - 0.5 * rank - 0.1 * names.index(word.lower()) + 0.8 * (names[0] == word.lower())
        + 2 * min(2, fits(sense, context)) - 0.5 * named - 2 * (not sense.gloss)
    )  # fmt: skip


def fits(sense: Sense, context: set[str]) -> int:
    """How many of the words turn up near a meaning (Lesk 1986)."""
    near = [sense, *wordnet().to(sense, UP, PART, FIELD)[:12], *wordnet().to(sense, DOWN)[:20]]
    about = " ".join(f"{s.gloss} {s.more} {s.label} {' '.join(s.words)}" for s in near).lower()
    return sum(bool(re.search(rf"\b{re.escape(stem(other))}", about)) for other in context)


def stem(word: str) -> str:
    """A beginning that a word's forms share."""
    return word[: max(4, len(word) - 3)]


# ---- what belongs to them ------------------------------------------------------------------------------------------------------


def _close(main: Entry, topic: str) -> Iterator[tuple[Sense, int]]:
    """What WordNet itself relates to a sense, in turns of the relations, then the definitions that mention it."""
    net, sense = wordnet(), main.sense
    up = [s for s in net.above(sense) if s.word not in BROAD]
    kinds = net.to(sense, DOWN)
    deeper = [s for kind in kinds for s in net.to(kind, DOWN)]
    parts = [*net.to(sense, PART, SUBSTANCE, MEMBER), *(s for wider in up[:3] for s in net.to(wider, PART))]
    terms = [*net.to(sense, TERM), *(s for wider in (*net.to(sense, UP)[:1], *net.to(sense, FIELD)) if wider.word not in BROAD for s in net.to(wider, TERM)[:15])]
    said = list(_of_definition(sense, sense.words))
    rings = (_few(kinds), _few(terms), _few(parts), said, up[:3], net.to(sense, WHOLE)[:6])
    yield from ((s, 1) for s in _in_turn(rings))
    yield from ((s, 1) for s in _mentions(main, topic))
    yield from ((s, 2) for s in _few(deeper))


def _farther(main: Entry, topic: str) -> Iterator[tuple[Sense, int]]:
    """Sisters, and what belongs to the nouns of the definition: to falconry, the falcons and hunts."""
    net = wordnet()
    sisters = [s for up in net.to(main.sense, UP)[:1] if up.word not in BROAD for s in net.to(up, DOWN) if s is not main.sense]
    second = net.to(main.sense, DOWN, PART, TERM)[:8]
    nouns = list(_of_definition(main.sense, main.sense.words))
    rings = [_few(net.to(s, DOWN, PART, TERM))[:MOST_FAR] for s in (*nouns, *second)]
    rings += [net.mentions([s.word, s.many()])[:MOST_FAR_MENTIONS] for s in nouns if s.file in CONCRETE and s.word not in BROAD and len(net.senses(s.word)) < 4]
    yield from ((s, 2) for s in _in_turn([sisters[:MOST_SISTERS], *rings]))


def _loose(main: Entry, topic: str) -> Iterator[tuple[Sense, int]]:
    """The nouns of the definition in their usual meaning, and what belongs to them."""
    net = wordnet()
    nouns = list(_of_definition(main.sense, main.sense.words, strict=False))
    yield from ((s, 2) for s in nouns)
    yield from ((s, 2) for s in _in_turn([_few(net.to(s, DOWN, PART, TERM))[:MOST_FAR] for s in (*nouns, *net.to(main.sense, UP))]))


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
    word = main.word
    if len(word) < 3 or word in BROAD:
        return []
    found = [s for s in wordnet().mentions([word, main.many]) if s.kind != "v" and not (s.single and s.file != PERSON)]
    adjective = [w for w in re.findall(r"[a-z-]+", topic.lower()) if wordnet().pertains(w) is main.sense]
    found += wordnet().mentions(adjective) if adjective else []
    found = [*(s for s in found if not s.single), *(s for s in found if s.single)][: 4 * MOST_MENTIONS]
    step = max(1, len(found) // MOST_MENTIONS)
    return _few(found[::step])


def _of_definition(sense: Sense, own: Sequence[str], strict: bool = True) -> Iterator[Sense]:
    """The nouns of a sense's definition whose meaning is hardly in doubt."""
    net = wordnet()
    for word in dict.fromkeys(re.findall(r"[a-z]+", f"{sense.gloss} {sense.more}")):
        base = net.base(word) if len(word) > 3 and word not in LIGHT and word not in net.adjectives else ""
        found = net.senses(base) if base and base not in own and base not in LIGHT and base not in BROAD else []
        if found and not re.search(r"(ed|ing)$", word):
            total = sum(count for _, count in found) + len(found)
            wider = next((s for s, _ in found if s in net.above(sense)), None)
            if wider or len(found) < 3 or (found[0][1] + 1) / total > 0.6:
                yield wider or found[0][0]
            elif best := best_sense(base, set(re.findall(r"[a-z]{4,}", sense.gloss)) - {word}):
                if not strict or fits(best, set(re.findall(r"[a-z]{4,}", sense.gloss)) - {word, base} - LIGHT):
                    yield best


def _in_turn(rings: Iterable[Sequence[Sense]]) -> Iterator[Sense]:
    """One from each ring, again and again."""
    lists = [list(ring) for ring in rings]
    for place in range(max(map(len, lists), default=0)):
        yield from (ring[place] for ring in lists if place < len(ring))
