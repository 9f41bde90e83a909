"""What to write: the request that prompt.py reads from a prompt, and that the writers in templates/ obey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

MANY = 10  # forms of a kind from which another kind may be one of them: recipes and soups


@dataclass(frozen=True)
class Request:
    """One kind of corpus, or the first of several: then `others` are the rest.

    An empty field means no wish; every document obeys every field that its form can.

    Values are keys of the tables, in lower case; `ingredients` and `without` are singular nouns or short phrases. A topic is a phrase that
    can stand behind "about", with its article if it needs one.
    """

    category: str  # cooking, poetry, technical or general; topic where no writer covers the prompt
    forms: tuple[str, ...]  # document forms, written in turn
    preset: str | None = None
    matched: tuple[str, ...] = ()  # the words of the prompt that decided; none: nothing was understood, or a preset decided
    confidence: float = 1.0  # from 0, no writer covers the prompt, to 1
    language: str = "en"  # that the prompt asks for ("in French") or is written in, ISO 639-1; templates write English whatever it is
    cuisines: tuple[str, ...] = ()  # italian, french, spanish, greek, mexican, american, indian, chinese, japanese, thai, moroccan
    diets: tuple[str, ...] = ()  # vegan, vegetarian, pescatarian, gluten-free, dairy-free, nut-free, halal
    ingredients: tuple[str, ...] = ()  # each document uses at least one of them
    without: tuple[str, ...] = ()  # no document uses any of them
    unclear: tuple[str, ...] = ()  # words of the prompt that may rule something out, which is then neither used nor left out
    season: str | None = None  # spring, summer, autumn or winter
    audience: str | None = None  # children, beginners or professionals
    tone: str | None = None  # fun or formal
    length: str | None = None  # short or long
    topics: tuple[str, ...] = ()  # what it is about, unless a field above says it: "sorting", "the sea", "falconry"
    names: tuple[str, ...] = ()  # the words of the topics that have capitals, spelled so: "Paris", "SQL"
    kind: str = ""  # where the prompt names several kinds of text, the words that name this one: "short stories"
    others: tuple[Request, ...] = ()  # the other kinds, each of which gets the same share of the tokens
    beside: tuple[str, ...] = ()  # the words for kinds of text that a preset does not write
    unwritten: tuple[str, ...] = ()  # the words for further kinds, which no template writes

    @property
    def parts(self) -> tuple[Request, ...]:
        """A request for each kind, with its own forms; a form of several kinds goes to the one that lists it earliest."""
        if not self.others:
            return (self,)
        parts = (replace(self, others=(), unwritten=()), *self.others)
        return tuple(replace(part, forms=tuple(form for form in part.forms if _owner(form, part, parts) is part)) for part in parts)

    @property
    def kinds(self) -> tuple[Request, ...]:
        """The parts, and a request for each kind without templates: all that a teacher writes."""
        parts = self.parts if self.others else (replace(self, unwritten=()),)
        same = {part.topics for part in parts}
        topics, names = (parts[0].topics, parts[0].names) if len(same) == 1 else ((), ())
        like = replace(parts[0], category="topic", forms=(), confidence=0.0, topics=topics, names=names)
        like = replace(like, cuisines=(), diets=(), ingredients=(), without=(), season=None)
        more = [replace(like, kind=kind, matched=(kind,)) for kind in self.unwritten]
        return (*parts, *more)

    def of(self, parts: Sequence[Request]) -> Request:
        """This request with these parts, at least one, in place of its own."""
        return replace(parts[0], others=tuple(parts[1:]), unwritten=self.unwritten)

    def spell(self, topic: str) -> str:
        """The topic with the capitals of its names: "the fall of rome" is the fall of Rome."""
        capital = {name.lower(): name for name in self.names}
        return " ".join(capital.get(word, word) for word in topic.split())


def _owner(form: str, part: Request, parts: Sequence[Request]) -> Request:
    """The part that gets a form: haiku go to "haiku" rather than "poems"; a part with nothing else keeps it."""
    rivals = [other for other in parts if other.category == part.category and form in other.forms]
    return part if len(part.forms) == 1 else min(rivals, key=lambda other: (len(other.forms) >= MANY, other.forms.index(form)))
