"""Finds what the words of a topic mean: its nouns, each in the sense that fits the others."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from minigpt.corpus.english import singular
from minigpt.corpus.wordnet import DOWN, FIELD, PART, TERM, UP, Sense, wordnet
from minigpt.corpus.words import load_words

TABLES = load_words("subject")
LIGHT, ADJECTIVES = frozenset(TABLES["light words"]), frozenset(TABLES["never nouns"])
ANIMALS, PLANTS = 5, 20  # WordNet's numbers of their fields
LIVING = (ANIMALS, PLANTS, 3)  # 3: of the widest terms, as "plant"
CONCRETE = frozenset((5, 6, 8, 13, 17, 18, 20, 27))  # animals, artifacts, body, food, objects, people, plants, substances
ABSTRACT = frozenset((4, 7, 9, 10, 11, 22, 24, 26, 28))
OF = re.compile(r"\b(?:of|in|on|at|for|from|about|with|by|under|between|against|during|through|to|into)\b")
AND = re.compile(r",| and | or | & |/|\bversus\b|\bvs\b")
MAIN, SURE_MAIN = 0.45, 0.67  # shares of a word's uses from which a meaning is the main one; the second for words with many
MOST_CONCEPTS = 4
BOOKS = "encyclopa?edia|glossary|dictionary|lexicon|handbook|trivia|quiz"
TERMS = "terms|terminology|vocabulary|jargon|lingo|slang"
NAMED = (2, 0.5)  # points off for a name of somebody or something, if WordNet's texts never use it (Crane), and if they do
EATEN = 13  # WordNet's number of the field of food: an octopus is an animal first


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


def concepts(topic: str) -> list[Entry]:
    """The nouns of a topic that WordNet knows, the most important first: "medieval falconry" -> falconry, Middle Ages."""
    topic = topic_itself(TABLES["usual names"].get(bare(topic), topic))
    context = set(re.findall(r"[a-z]{3,}", topic.lower())) - LIGHT
    said = " ".join(map(singular, topic.lower().split()))
    found: list[Entry] = []
    for piece in AND.split(topic):
        whole = wordnet().base(bare(piece))
        parts = [bare(part) for part in OF.split(piece)] if not whole else [bare(piece)]
        nouns = [noun for part in parts for noun in _nouns(part)]
        if len(parts) > 1 and re.search(r"\bof\b", piece) and _nouns(parts[1]):
            nouns = [*_nouns(parts[1]), *(n for part in (parts[0], *parts[2:]) for n in _nouns(part))]  # the fall of Rome: Rome
        many = {
            word for word in nouns if word not in piece.lower().split() and " " not in word
        }  # swallows are birds, not what a throat does
        for word in nouns:
            if sense := best_sense(word, context - set(word.split()), many=word in many):
                found.append(Entry(sense, spelled(sense, word), 0))
    found = list({entry.sense.number: entry for entry in found}.values())
    kept = [entry for entry in found if sure(entry, context)]
    found = kept if any(singular(entry.word.lower()) in said for entry in kept) else found[:1]  # the human heart is no humanness
    wide = {entry.sense.number for entry in found for other in found if other is not entry and wordnet().is_a(other.sense, entry.sense)}
    found.sort(key=lambda entry: entry.sense.number in wide)  # jazz music: jazz
    if len(found) > 1 and found[0].sense.file in ABSTRACT and TERM not in found[0].sense.near:
        found.sort(key=lambda entry: entry.sense.file not in CONCRETE)  # tropical fish care: the fish
    return found[:MOST_CONCEPTS]


def spelled(sense: Sense, word: str) -> str:
    """The word as WordNet writes it: Rome."""
    return next(own for own in sense.words if own.lower() == word.lower())


def sure(entry: Entry, context: set[str]) -> bool:
    """Whether a word is hardly meant otherwise: it has one main meaning, or this one fits the topic's other words."""
    found = wordnet().senses(entry.word)
    count = dict((sense.number, count) for sense, count in found).get(entry.sense.number, 0)
    share = (count + 1) / (sum(c for _, c in found) + len(found))
    usual = share >= (MAIN if len(found) < 3 else SURE_MAIN)
    return usual or fits(entry.sense, context - set(entry.word.split())) > 0


def topic_itself(topic: str) -> str:
    """The topic without the kind of text that tells of it: "an encyclopedia of volcanoes" -> volcanoes."""
    rest = re.sub(rf"^(?:an? |the )?(?:{BOOKS}) (?:of|about|on) (?=\w)|(?<=\w) (?:{BOOKS}|{TERMS})$", "", topic, flags=re.IGNORECASE)
    return rest or topic


def bare(phrase: str) -> str:
    """A phrase without its article."""
    return re.sub(r"^(?:a|an|the|my|our|your|some|all|any)\s+", "", phrase.strip().lower())


def _nouns(phrase: str) -> list[str]:
    """The longest terms of WordNet in a noun phrase, the last first; of an adjective, the noun it pertains to."""
    words = phrase.split()
    found: list[str] = []
    end = len(words)
    while end:
        start = next((i for i in range(end) if wordnet().base(" ".join(words[i:end]))), None)
        term = " ".join(words[start:end]) if start is not None else words[end - 1]
        if start is not None and (
            " " in term
            or (term not in LIGHT and not (end < len(words) and term in wordnet().adjectives) and not (found and term in ADJECTIVES))
        ):
            found.append(wordnet().base(term))
        elif noun := wordnet().pertains(term):
            found.append(noun.word)
        end = end - 1 if start is None else start
    return [word for word in found if word not in LIGHT and len(word) > 1]


def best_sense(word: str, context: set[str], many: bool = False) -> Sense | None:
    """The meaning of a noun that is usual, has much to tell, and fits the topic's other words; None if none can be told.

    `many`: the topic has its plural, which rather means animals and plants.
    """
    ranked = [
        (score(sense, word, rank, count, context) + many * of_many(sense), -rank, sense)
        for rank, (sense, count) in enumerate(wordnet().senses(word))
        if sense.kind != "v"
    ]
    ranked = [row for row in ranked if row[2].gloss or row[2].near.get(DOWN)]
    return max(ranked, key=lambda row: row[:2])[2] if ranked else None


def of_many(sense: Sense) -> float:
    """How much a plural speaks for a meaning: for animals and plants, and against what is not counted."""
    return 2.0 if sense.file in LIVING and not sense.single else -2.0 if sense.single or sense.kind in "mt" else 0.0


def score(sense: Sense, word: str, rank: int, count: int, context: set[str]) -> float:
    """How well a meaning suits as a topic."""
    names = [w.lower() for w in sense.words]
    much = len(sense.near.get(DOWN, ())) + len(sense.near.get(PART, ())) + 2 * len(sense.near.get(TERM, ()))
    named = sense.word[:1].isupper() and word[:1].islower() and not sense.gloss.startswith("the period")
    return (
        0.5 * math.log1p(count) + 0.7 * math.log1p(much) - 0.5 * rank - 0.1 * names.index(word.lower()) + 0.8 * (names[0] == word.lower())
        + 2 * min(2, fits(sense, context)) - NAMED[bool(count)] * named - 2 * (not sense.gloss) - (sense.plural and sense.kind == "m")
        - (sense.file == EATEN and bool(re.search(rf"\b{re.escape(word)}\b", sense.gloss)))
    )  # fmt: skip


def fits(sense: Sense, context: set[str]) -> int:
    """How many of the words turn up near a meaning (Lesk 1986)."""
    near = [sense, *wordnet().to(sense, UP, PART, FIELD)[:12], *wordnet().to(sense, DOWN)[:20]]
    about = " ".join(f"{s.gloss} {s.more} {s.label} {' '.join(s.words)}" for s in near).lower()
    return sum(bool(re.search(rf"\b{re.escape(stem(other))}", about)) for other in context)


def stem(word: str) -> str:
    """A beginning that a word's forms share."""
    return word[: max(4, len(word) - 3)]
