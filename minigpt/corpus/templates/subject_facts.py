"""Says in sentences what WordNet says of the words of a subject. Each sentence that claims something rests on a line of WordNet."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from minigpt.corpus.english import join_and, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.templates.subject_drift import BROAD
from minigpt.corpus.templates.subject_field import Subject, derived, shown, subject_of
from minigpt.corpus.templates.subject_sense import Entry
from minigpt.corpus.templates.subject_words import COUNTS, doubtful, gloss_of, lists_of, named, noun, one, plain_topic, the, verb
from minigpt.corpus.wordnet import FIELD, PERSON, UP, WHOLE, Sense, wordnet
from minigpt.corpus.words import Words

MOST_WORDS_FOR_CHILDREN, SHORT, TIMES = 18, 14, 28
FIRST, OWN, NEAR, SPARSE = 0.9, 0.92, 0.97, 0.88  # shares of the topic's first word, of words that belong to it, of near ones if there are
MANY_NEAR = 12  # so many, and if there are fewer
MOST_NAMES_TOLD = 1  # names of persons and places in one document
WITH_THE = frozenset(("military", "navy", "army", "theater", "stock market", "stock exchange", "home", "Bible", "old testament"))
QUALITIES = frozenset((7, 24, 26))  # attributes, relations, states: a piano is no kind of softness
LATIN = re.compile(r"^[A-Z][a-z]+ [a-z]+$")


class Teller:
    """One document's subject, people and sentences; it tells no word twice and uses each phrase once before any repeats."""

    def __init__(self, rng: random.Random, words: Words, request: Request) -> None:
        self.rng, self.words, self.request = rng, words, request
        self.topic = request.spell(rng.choice([t for t in request.topics if subject_of(t)] or words["any subject"]))
        found = subject_of(self.topic.lower())
        assert found is not None
        self.subject: Subject = found
        self.topic = plain_topic(self.topic)
        for main in found.mains:  # greek mythology: Greek
            if main.word != main.word.lower():
                self.topic = re.sub(rf"\b{re.escape(main.word)}\b", main.word, self.topic, flags=re.IGNORECASE)
        own = [place for place, main in enumerate(found.mains) if not derived(main, self.topic)] or [0]
        self.first = own[0] if rng.random() < FIRST else rng.choice(own)
        self.main = found.mains[self.first]
        people, days = rng.sample(words["subject names"], 4), rng.sample(words["subject days"], 3)
        self.fixed = {"topic": self.topic, "name": people[0], "name1": people[1], "name2": people[2], "other name": people[3]}
        self.fixed |= dict(zip(("day", "day2", "last day"), days, strict=True))
        self.fixed["place"] = fill(rng, rng.choice(words["subject places"]), self.fixed)
        self.left: dict[str, list[str]] = {}
        self.used: set[str] = set()
        self.names_told = 0
        self.sober = False  # whether nobody is told of who said it, as in an encyclopedia
        self.idea = ""  # the subject, and the first of its words that the document tells
        self.told = {entry.sense.number for entry in found.mains}
        self.open = [e for e in found.entries if self.fit(e)]

    def fit(self, entry: Entry) -> bool:
        """Whether an entry suits the reader."""
        return self.request.audience != "children" or (len(entry.sense.gloss.split()) <= MOST_WORDS_FOR_CHILDREN and not entry.sense.single)

    def a(self, entry: Entry) -> str:
        return named(entry.sense, entry.word)

    def pick(self, count: int, test: Callable[[Entry], bool] = lambda entry: True) -> list[Entry]:
        """So many entries that the document has not told yet, near ones first; fewer if there are no more."""
        chosen: list[Entry] = []
        for _ in range(count):
            rest = [e for e in self.open if e.sense.number not in self.told and test(e)]
            if self.names_told >= MOST_NAMES_TOLD:
                rest = [e for e in rest if not e.sense.single] or rest
            own = [e for e in rest if e.main == self.first]
            rest = own if own and self.rng.random() < OWN else rest
            near = [e for e in rest if e.near < 2]
            share = NEAR if len(near) >= MANY_NEAR else SPARSE
            pool = near if near and (self.rng.random() < share or len(near) == len(rest)) else [e for e in rest if e.near == 2] or rest
            if not pool:
                break
            chosen.append(self.rng.choice(pool))
            self.told.add(chosen[-1].sense.number)
            self.names_told += chosen[-1].sense.single
            self.idea = self.idea or f"{self.main.word}: {chosen[-1].word}"
        return chosen

    def say(self, key: str, **fields: str) -> str:
        """A phrase of a list, each once before any repeats, filled; titles name some words of the subject."""
        if key.endswith(" titles"):
            near = [e.word for e in self.open if e.near < 2 and e.main == self.first and noun(e)] or [e.word for e in self.subject.entries]
            near = near if len(near) > 2 else list(dict.fromkeys([*near, *(e.word for e in self.subject.entries)]))
            x, y, z = self.rng.sample(near, 3)
            fields = {"x": x, "y": y, "z": z, **fields}
        if not self.left.get(key):
            self.left[key] = self.rng.sample(self.words[key], len(self.words[key]))
        return self.fill(self.left[key].pop(), **fields)

    def fill(self, template: str, **fields: str) -> str:
        return fill(self.rng, template, self.fixed | fields)

    def timed(self, key: str, hour: float, **fields: str) -> str:
        """A phrase of a list whose first half goes through a day, by the share of the day that is over; the others fit any hour."""
        phrases = self.words[key]
        day = len(phrases) // 2 + 1
        place = min(day - 1, int(hour * day))
        pool = [phrases[place], phrases[place], *phrases[day:]]
        chosen = self.rng.choice([phrase for phrase in pool if phrase not in self.used] or pool)
        self.used.add(chosen)
        return self.fill(chosen, **fields)

    def names(self, entries: Sequence[Entry], articles: bool = False) -> str:
        return join_and([self.a(e) if articles else e.word for e in entries])

    def named(self, sense: Sense) -> str:
        """A wider term with its article."""
        word = shown(sense)
        return word if named(sense, word) == word else one(word)

    def the(self, entry: Entry) -> str:
        return the(entry.sense, entry.word)

    # ---- sentences

    def definition(self, entry: Entry) -> dict[str, str]:
        """The fields of an entry for templates: {a} {is} {gloss}."""
        sense, word = entry.sense, entry.word
        a, be, it = self.a(entry), verb(sense, word), "it"
        if sense.plural and sense.kind == "c":
            a, be = entry.many, "are"
        elif (sense.plural and sense.kind != "p") or doubtful(entry):
            a, be = f'the {"term" if " " in word else "word"} "{word}"', "means"
        if be in ("are", "were"):
            it = "they"
        if sense.single and sense.file == PERSON:
            it = "this person"
        said = {"a": a, "is": be, "gloss": gloss_of(sense), "word": word, "it": it}
        return said | ({"be": "are", "that": "those"} if it == "they" else {"be": "is", "that": "that"})

    def define(self, entry: Entry, key: str = "define") -> str:
        """One sentence that says what a word means."""
        fields, field = self.definition(entry), self.field(entry)
        if field and entry.sense.kind != "v":
            fields["a"] = self.rng.choice([f"in {field}, {fields['a']}", f"in the language of {field}, {fields['a']}"])
            key = "define short"
        if fields["is"] == "means":
            return upper_first(f"{fields['a']} means {fields['gloss']}.")
        if key == "define" and (self.sober or entry.sense.kind == "v"):
            key = "define short" if self.sober else "define verb"
        if key == "define" and entry.sense.single:
            key = "define name"
        return upper_first(self.say(key, **fields))

    def field(self, entry: Entry) -> str:
        """The field in which a word has its meaning, with its article; "" if that is a language."""
        label, fields = entry.sense.label, wordnet().to(entry.sense, FIELD)
        definite = label in WITH_THE or bool(fields and fields[0].kind == "t")
        if (label == self.main.word or label in self.topic) or (fields and fields[0].file == TIMES):
            return ""
        if label[:1].isupper() and not definite and "mythology" not in label:
            return ""
        return f"the {label}" if definite else label

    def about(self, entry: Entry, most: int = 2) -> list[str]:
        """The definition, and up to `most` more sentences."""
        more = [tell for tell in (self.more, self.kind, self.also, self.part, self.example) if self.rng.random() < 0.7]
        said = [text for tell in self.rng.sample(more, len(more)) if (text := tell(entry))]
        said.sort(key=lambda text: not text.startswith(("It ", "They ", "By the way", "Besides", "Moreover")))
        return [self.define(entry), *said[: self.rng.randint(0, most)]] if entry.sense.gloss else said[:1] or []

    def parent(self, entry: Entry) -> Sense | None:
        """A wider term that says something, one or two steps above."""
        up = [
            s
            for s in wordnet().above(entry.sense)[:3]
            if s.word not in BROAD and s.kind != "v" and not s.single and shown(s).lower() != entry.word.lower()
        ]
        return up[0] if up and entry.sense.kind != "v" else None

    def kind(self, entry: Entry) -> str:
        """That a word is a kind of another; "" if there is nothing to say."""
        parent = self.parent(entry)
        if parent is None or entry.sense.file in QUALITIES or shown(parent) in entry.word or not wordnet().uses(shown(parent)):
            return ""
        wider = shown(parent)
        fields = {"a": self.a(entry), "is": verb(entry.sense, entry.word), "parent": wider, "aparent": one(wider)}
        counted = entry.sense.kind in "c" or entry.sense.single
        if entry.sense.single:
            return upper_first(self.fill("{A} {is} {aparent}.", **fields)) if parent.kind == "c" else ""
        if entry.sense.plural:
            return upper_first(self.fill("{A} {is} a kind of {parent}.", **fields))
        key = (
            "kind of count"
            if counted and parent.kind == "c" and self.rng.random() < 0.4
            else "kind"
            if entry.sense.kind == "c"
            else "kind simple"
        )
        return upper_first(self.say(key, **fields))

    def more(self, entry: Entry) -> str:
        fields = self.definition(entry)
        return (
            upper_first(self.say("more", more=entry.sense.more, **fields))
            if entry.sense.more and fields["is"] != "means" and not entry.sense.single
            else ""
        )

    def other_names(self, entry: Entry) -> list[str]:
        """Other words for the same, but for abbreviations, Latin names and mere spellings."""
        own = entry.word.lower()
        others = [w for w in entry.sense.words if w.lower()[:4] not in own and not LATIN.match(w)]
        return [w for w in others if w.isascii() and not re.search(r"[A-Z]{2}|\.", w)]

    def also(self, entry: Entry) -> str:
        others = self.other_names(entry)
        good = bool(others) and entry.sense.kind in "cmp" and not entry.sense.single
        return upper_first(self.say("also", other=self.rng.choice(others), **{"it word": f'"{entry.word}"'})) if good else ""

    def part(self, entry: Entry) -> str:
        wholes = [s for s in wordnet().to(entry.sense, WHOLE) if s.word not in BROAD]
        if not wholes or entry.sense.kind == "v":
            return ""
        fields = {"a": self.a(entry), "is": verb(entry.sense, entry.word), "whole": named(wholes[0], shown(wholes[0]))}
        return (
            upper_first(self.say("part", **fields))
            if not entry.sense.single
            else upper_first(self.fill("{A} {is} part of {whole}.", **fields))
        )

    def example(self, entry: Entry) -> str:
        if not entry.sense.examples or not re.search(rf"\b{re.escape(entry.word.lower()[:5])}", entry.sense.examples[0].lower()):
            return ""
        text = upper_first(self.rng.choice(entry.sense.examples))
        return self.say("example", example=text if text.endswith(("!", "?")) else f"{text}.")

    def list_of(self, entry: Entry) -> str:
        """A sentence that lists kinds, parts or terms of an entry, of those that WordNet gives; "" if there are too few."""
        lists, rng = lists_of(entry), self.rng
        if not lists:
            return ""
        key, senses = rng.choice(lists)
        chosen = rng.sample(senses, min(len(senses), rng.randint(2, 4)))
        words = [shown(s) if key == "terms list" else the(s, shown(s)) for s in chosen]
        many = entry.many if self.a(entry) != entry.word else entry.word
        fields = {
            "word": entry.word,
            "many": many,
            "whole": self.a(entry),
            "field": many,
            "count": COUNTS[len(words)],
            "list": join_and(words),
        }
        return upper_first(self.say(key, **fields))

    def common(self, one: Entry, two: Entry) -> Sense | None:
        """The nearest wider term of two words, if it says something."""
        net = wordnet()
        other = [two.sense, *net.above(two.sense)]
        found = next((s for s in [one.sense, *net.above(one.sense)] if s in other), None)
        return found if found and found.word not in BROAD and found not in (one.sense, two.sense) and len(found.near.get(UP, ())) else None
