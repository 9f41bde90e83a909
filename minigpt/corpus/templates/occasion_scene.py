"""The look-up for one document of a named kind of text: its subject's words, its people, its numbers."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from minigpt.corpus.english import upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Told, draw, fill, idea_of
from minigpt.corpus.templates.occasion_subjects import Subject, brewed, plural, subject
from minigpt.corpus.templates.occasion_wording import Wording
from minigpt.corpus.words import Words

RANGE = re.compile(r"(\d+)-(\d+)")
NUMBERED = re.compile(r"(.*[a-z])\d")
PRONOUNS = {"she": ("she", "her", "her", "herself"), "he": ("he", "his", "him", "himself")}
BARE = "bare "  # before a name in older tables; an entry has no adjective of its own
AGREE_MANY, AGREE_ONE = {"are": "are", "have": "have", "s": "", "es": ""}, {"are": "is", "have": "has", "s": "s", "es": "es"}
MANY = {"things": "thing", "persons": "person", "items": "item"}
GAP = re.compile(r"(?<=\S) +(?=[,.;?!] |[,.;?!]$| )()", re.MULTILINE)  # before an alternative that is empty or begins with a comma
DOUBLED = re.compile(r"\b([a-z]+) \1\b")  # an old old kettle
TWICE = re.compile(r"(?<![\d.,] )(?<![\d.,-])\b2 times\b")
ORDINAL, ENDINGS = re.compile(r"(?<=\d)(?<!1\d)(?<=[1-3])th\b"), {"1": "st", "2": "nd", "3": "rd"}  # her 33th birthday
SENTENCE = re.compile(r"(^|[.?!] )([a-z])")
LEAST = 2  # times that a text names its topic
WITH_TRADES = ("obituary", "diary", "thank-you note")  # where people work as something
TRIES = 60  # most drafts for one that is fit for its readers


class Scene:
    """Looks up the fields of one document's templates.

    A name that ends in a digit keeps its value ("thing1"); "4-9" is a number between them; other names are drawn from the form's
    lists, the lists of all forms, or the subject's, and no entry comes twice before all have come.
    """

    def __init__(self, rng: random.Random, words: Words, request: Request, form: str) -> None:
        self.rng, self.request, self.form = rng, request, form
        about = subject(rng, words, request)
        self.subject = brewed(words, about) if request.forms[0] == "spell" else about
        self.tables = {**self.subject.lists, **words["common"], **words.get(form, {})}
        if form in WITH_TRADES and (trades := [who for who in self.tables["person"] if who.split()[-1] not in words["no trade"]]):
            self.tables["person"] = trades
        if form == "shanty" and self.subject.field == "any":  # whoever is aboard
            self.tables["person"] = words["fields"]["ships"]["person"]
        self.fixed = {"topic": self.subject.topic, "short": self.subject.short or self.subject.topic}
        self.fixed |= AGREE_MANY if self.subject.many else AGREE_ONE
        self.left: dict[str, list[str]] = {}
        self.people = draw(rng, words["first names"], len(words["first names"]))
        for number in (1, 2, 3, 4):
            self.meet(number)
        self.tables["name"] = [name for name, _ in self.people]
        self.always = dict(self.fixed)
        self.wording = Wording(
            rng,
            words,
            form,
            request.tone == "formal",
            " ".join([self.subject.topic, *(entry for rows in self.subject.lists.values() for entry in rows)]).lower(),
        )

    def meet(self, number: int) -> None:
        """Give a person of this number another name, which has not come yet."""
        name, pronoun = self.people.pop()
        he, his, him, himself = PRONOUNS[pronoun]
        self.fixed |= {f"name{number}": name, f"he{number}": he, f"his{number}": his, f"him{number}": him, f"himself{number}": himself}

    def __call__(self, name: str) -> str:
        if name in self.fixed:
            return self.fixed[name]
        if found := RANGE.fullmatch(name):
            return str(self.rng.randint(int(found[1]), int(found[2])))
        if found := NUMBERED.fullmatch(name):
            one = name[:-2] + name[-1] if found[1] in MANY else name
            if one != name:
                return plural(self(one))
            self.fixed[name] = self.text("{" + found[1] + "}")
            return self.fixed[name]
        name = name.removeprefix(BARE)
        if name in MANY:
            return plural(self.next(MANY[name]))
        return self.next(name)

    def next(self, name: str) -> str:
        """An entry of a list that has not come yet, unless all have."""
        if not self.left.get(name):
            self.left[name] = draw(self.rng, self.tables[name], len(self.tables[name]))
        return self.left[name].pop()

    def forget(self) -> None:
        """Let numbered names take new values: each joke has a thing of its own."""
        self.fixed = dict(self.always)

    def text(self, template: str) -> str:
        """The template filled."""
        return fill(self.rng, template, self)

    def said(self, template: str) -> str:
        """The template filled, its sentences capitalised."""
        return "\n".join(sentences(line) for line in self.wording(self.text(template)).split("\n"))

    def some(self, name: str, count: int) -> list[str]:
        """So many different entries of a list, filled and capitalised."""
        return [self.said(self.next(name)) for _ in range(count)]

    def count(self, short: int, usual: tuple[int, int], long: int) -> int:
        """How many parts a document has, by the length asked for."""
        return {"short": short, "long": long}.get(self.request.length or "") or self.rng.randint(*usual)


def sentences(line: str) -> str:
    """The line with each sentence capitalised."""
    return SENTENCE.sub(lambda m: m[1] + m[2].upper(), upper_first(line))


def fit(words: Words, request: Request, write: Callable[[], tuple[Subject, str]]) -> str:
    """A draft that names its topic often enough, without what its readers should not meet: rum is no word for children."""
    banned = words["not for children"] if request.audience == "children" else ()
    for _ in range(TRIES):
        about, text = write()
        if mentions(about, text) >= LEAST and not _contains(text, banned):
            break
    idea, text = idea_of(text), TWICE.sub("twice", DOUBLED.sub(r"\1", GAP.sub(r"\1", text)))
    text = ORDINAL.sub(lambda m: ENDINGS[m.string[m.start() - 1]], text)
    if request.tone == "formal":
        for short, whole in words["contractions"].items():
            text = text.replace(short, whole)
        text = text.replace("!", ".")
    return Told(text, idea) if idea else text


def mentions(about: Subject, text: str) -> int:
    """How often a text names what it is about, in singular or plural."""
    low = text.lower()
    return max(low.count(about.topic.lower()), low.count(about.short.lower()) if about.short else 0)


def _contains(text: str, banned: Sequence[str]) -> bool:
    return bool(banned) and re.search(rf"\b(?:{'|'.join(banned)})\b", text, re.IGNORECASE) is not None
