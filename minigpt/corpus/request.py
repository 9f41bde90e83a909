"""The request: what a prompt asks for, read by prompt/ and obeyed by templates/ and ollama/."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

MANY = 10  # a kind with this many forms may contain another kind: recipes contain soups


@dataclass(frozen=True)
class Request:
    """One kind of text, or the first of several, with the rest in `others`.

    An empty field means no preference. Every document obeys every field that its form can.

    Values are keys of the tables, in lower case; `ingredients` and `without` are singular nouns or short phrases. A topic is a phrase that
    can follow "about", with its article if it needs one.
    """

    category: str  # cooking, poetry, technical, general, persona, occasion, naming or greeting; topic if no writer covers the prompt
    forms: tuple[str, ...]  # document forms, written in turn
    preset: str | None = None
    matched: tuple[str, ...] = ()  # the words of the prompt that decided; empty if nothing was understood, or for a preset
    confidence: float = 1.0  # from 0, no writer covers the prompt, to 1
    language: str = "en"  # ISO 639-1, that the prompt asks for ("in French") or is written in; templates always write English
    cuisines: tuple[str, ...] = ()  # italian, french, spanish, greek, mexican, american, indian, chinese, japanese, thai, moroccan
    diets: tuple[str, ...] = ()  # vegan, vegetarian, pescatarian, gluten-free, dairy-free, nut-free, halal
    ingredients: tuple[str, ...] = ()  # each document uses at least one
    without: tuple[str, ...] = ()  # no document uses any
    unclear: tuple[str, ...] = ()  # words of the prompt that may exclude something, which is then neither used nor excluded
    season: str | None = None  # spring, summer, autumn or winter
    audience: str | None = None  # children, beginners or professionals
    tone: str | None = None  # fun or formal
    length: str | None = None  # short or long
    topics: tuple[str, ...] = ()  # the subject, unless a field above says it: "sorting", "the sea", "falconry"
    names: tuple[str, ...] = ()  # the capitalised words of the topics: "Paris", "SQL"
    persona: str | None = None  # who speaks, with an article but without its manner: "a wizard", "my grandmother", "Shakespeare"
    manner: str | None = None  # how, an adjective: "grumpy"
    kind: str = ""  # if the prompt names several kinds of text, its words for this one: "short stories"
    others: tuple[Request, ...] = ()  # the other kinds; each gets the same share of the tokens
    beside: tuple[str, ...] = ()  # words for kinds of text that the preset does not write
    unwritten: tuple[str, ...] = ()  # words for further kinds, which no template writes
    doubts: tuple[str, ...] = ()  # what templates do otherwise than the prompt asks: "cannot write contracts, only texts about them"

    @property
    def parts(self) -> tuple[Request, ...]:
        """A request for each kind; a form that several kinds share goes to the one that lists it earliest."""
        if not self.others:
            return (self,)
        parts = (replace(self, others=(), unwritten=()), *self.others)
        return tuple(replace(part, forms=tuple(form for form in part.forms if _owner(form, part, parts) is part)) for part in parts)

    @property
    def kinds(self) -> tuple[Request, ...]:
        """The parts, plus a request for each kind without templates: all that a teacher writes."""
        parts = self.parts if self.others else (replace(self, unwritten=()),)
        same = {part.topics for part in parts}
        topics, names = (parts[0].topics, parts[0].names) if len(same) == 1 else ((), ())
        like = replace(parts[0], category="topic", forms=(), confidence=0.0, topics=topics, names=names)
        like = replace(like, cuisines=(), diets=(), ingredients=(), without=(), season=None)
        more = [replace(like, kind=kind, matched=(kind,)) for kind in self.unwritten]
        return (*parts, *more)

    def of(self, parts: Sequence[Request]) -> Request:
        """This request with its parts replaced by these, at least one."""
        return replace(parts[0], others=tuple(parts[1:]), unwritten=self.unwritten)

    def spell(self, topic: str) -> str:
        """The topic with its names capitalised: "the fall of rome" -> the fall of Rome."""
        capital = {name.lower(): name for name in self.names}
        return " ".join(capital.get(word, word) for word in topic.split())


def _owner(form: str, part: Request, parts: Sequence[Request]) -> Request:
    """The part that gets a form: haiku go to "haiku" rather than "poems"; a part with a single form keeps it."""
    rivals = [other for other in parts if other.category == part.category and form in other.forms]
    return part if len(part.forms) == 1 else min(rivals, key=lambda other: (len(other.forms) >= MANY, other.forms.index(form)))
