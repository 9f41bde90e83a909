"""WordNet's nouns: what they mean, their kinds and parts, and the words of a field.

George A. Miller (1995), "WordNet: A Lexical Database for English"; version 3.0, Princeton University. base/text/wordnet_fields.py makes the
file, tables/wordnet.txt.xz, and says what its lines mean.
"""

from __future__ import annotations

import lzma
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from itertools import accumulate

from minigpt.corpus.english import MANY, plurals, singular
from minigpt.corpus.mended import FOLK, MENDED, kind_of, mended, punctuated, surname, with_article

FILE = "wordnet.txt.xz"
PERSON, THINGS = 18, 6  # WordNet's numbers of the fields of people and artifacts
UP, DOWN, PART, SUBSTANCE, MEMBER, WHOLE, TERM, FIELD = "@", "~", "%", "$", "M", "#", "-", ";"


@dataclass(frozen=True, eq=False)  # WordNet keeps one object for each
class Sense:
    """One meaning: its words, what is said of it, and the numbers of related meanings."""

    number: int
    words: tuple[str, ...]
    kind: str  # how it stands in a sentence: c a hawk, m falconry, p jesses, t the Renaissance, v (a verb)
    file: int  # its field: 5 animals, 6 artifacts, 18 people, ...
    single: bool  # a person, a place, an event
    gloss: str  # follows "is", or "are" if `plural`; "" if nothing can be said
    plural: bool
    more: str  # "used in falconry": follows "It is"
    label: str  # the field in which the word has this meaning
    examples: tuple[str, ...]  # sentences with one of the words
    irregular: Mapping[str, str]  # word -> plural
    near: Mapping[str, tuple[int, ...]]  # sign of a relation -> numbers

    @property
    def word(self) -> str:
        return self.words[0]

    def many(self, word: str = "") -> str:
        """The plural of a word of it; of what is not counted, the word."""
        word = word or self.word
        if self.kind != "c":
            return word
        before, _, last = word.rpartition(" ")
        if last.endswith("fish"):
            return word
        return self.irregular.get(word) or f"{before} {MANY.get(last) or plurals(last)[0]}".strip()


class WordNet:
    """The file, read; lines become senses when they are asked for."""

    def __init__(self, text: str) -> None:
        self.text, words, adjectives = text.rstrip("\n").split("\n\n")
        self.lines, self.words = self.text.split("\n"), words.split("\n")
        self.adjectives = dict(line.split("\t") for line in adjectives.split("\n"))
        self.known: dict[int, Sense] = {}
        self.wider: dict[int, frozenset[int]] = {}
        self.chains: dict[int, list[Sense]] = {}

    @cached_property
    def starts(self) -> list[int]:
        return list(accumulate((len(line) + 1 for line in self.lines), initial=0))

    def __getitem__(self, number: int) -> Sense:
        if number not in self.known:
            self.known[number] = self._read(number)
        return self.known[number]

    def _read(self, number: int) -> Sense:
        words, flags, gloss, more, label, examples, near = self.lines[number].split("\t")
        pairs = [word.replace("Guiseppe", "Giuseppe").split("/") for word in words.split("|")]
        relations = {part[0]: tuple(number + int(step) for step in part[1:].split(",")) for part in near.split()}
        file, plural = int(re.sub(r"\D", "", flags)), flags[1] == "p" and gloss not in MENDED
        names = [pair[0] for pair in pairs]
        gloss = mended(gloss)
        single = flags.endswith("i") or (file == PERSON and surname(names) and not FOLK.search(gloss))
        kind = "m" if single and file == PERSON else kind_of(flags[0], file, names[0], gloss)
        return Sense(
            number, tuple(names), kind, file, single, punctuated(with_article(kind, plural, gloss)), plural, more, label,
            tuple(filter(None, examples.split("|"))), {pair[0]: pair[1] for pair in pairs if len(pair) > 1}, relations,
        )  # fmt: skip

    def senses(self, word: str) -> list[tuple[Sense, int]]:
        """The meanings of a noun, the most usual first, each with the count of its uses; none if the word is not known."""
        key = word.lower() + "\t"
        place = bisect_left(self.words, key)
        if place == len(self.words) or not self.words[place].startswith(key):
            return []
        pairs = [item.partition(":") for item in self.words[place][len(key) :].split(",")]
        return [(self[int(number)], int(count or 0)) for number, _, count in pairs]

    def base(self, phrase: str) -> str:
        """The form under which a noun is listed, in the singular unless the plural is a usual word of its own; "" if it is not."""
        before, _, last = phrase.lower().rpartition(" ")
        forms = [
            f"{before} {form}".strip() for form in dict.fromkeys((singular(last), last, last.removesuffix("es"), last.removesuffix("'s")))
        ]
        known = [form for form in forms if self.senses(form)]
        own = phrase.lower()
        return own if own in known and self.uses(own) > self.uses(known[0]) else known[0] if known else ""

    def uses(self, word: str) -> int:
        """How often WordNet's texts use a noun."""
        return sum(count for _, count in self.senses(word))

    def pertains(self, adjective: str) -> Sense | None:
        """The noun of an adjective: medieval -> Middle Ages."""
        if nearer := NEARER.get(adjective.lower()):
            return self.senses(nearer)[0][0]
        number = self.adjectives.get(adjective.lower(), "")
        return self[int(number)] if number else None

    def to(self, sense: Sense, *signs: str) -> list[Sense]:
        """What is related to a sense by any of these relations, in order."""
        return [self[number] for sign in signs for number in sense.near.get(sign, ())]

    def above(self, sense: Sense) -> list[Sense]:
        """The wider terms of a sense, from the nearest to the widest, by the first of each."""
        if sense.number in self.chains:
            return self.chains[sense.number]
        chain: list[Sense] = []
        while (up := self.to(chain[-1] if chain else sense, UP)) and up[0] not in chain:
            chain.append(up[0])
        self.chains[sense.number] = chain
        return chain

    def is_a(self, sense: Sense, other: Sense) -> bool:
        """Whether one is the other or a kind of it, however many steps below."""
        return sense is other or other.number in self.ancestors(sense.number)

    def ancestors(self, number: int) -> frozenset[int]:
        """The numbers of all wider terms of a sense."""
        if number not in self.wider:
            up = self[number].near.get(UP, ())
            self.wider[number] = frozenset(up).union(*map(self.ancestors, up))
        return self.wider[number]

    def mentions(self, words: Sequence[str]) -> list[Sense]:
        """The senses whose definition uses one of the words, in the file's order."""
        found: dict[int, None] = {}
        pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b")
        for match in pattern.finditer(self.text):
            found.setdefault(bisect_right(self.starts, match.start()) - 1)
        return [s for s in map(self.__getitem__, found) if pattern.search(f"{s.gloss} {s.more}")]


NEARER = {"medical": "medicine"}  # an adjective that WordNet derives from Aesculapius first


@cache
def wordnet() -> WordNet:
    """The nouns of WordNet; the file is opened when a prompt first needs it."""
    data = (resources.files("minigpt") / "corpus" / "tables" / FILE).read_bytes()
    return WordNet(lzma.decompress(data).decode())
