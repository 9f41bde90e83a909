"""What is to be written: the request that a prompt was read into (prompt.py), and that the writers of templates/ obey."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """One kind of corpus. An empty field asks for nothing; every document obeys every field that its form can obey.

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
    season: str | None = None  # spring, summer, autumn or winter
    audience: str | None = None  # children, beginners or professionals
    tone: str | None = None  # fun or formal
    length: str | None = None  # short or long
    topics: tuple[str, ...] = ()  # what it is to be about, as far as nothing above says it: "sorting", "the sea", "falconry"
    names: tuple[str, ...] = ()  # the words of the topics that have capitals, spelled so: "Paris", "SQL"

    def spell(self, topic: str) -> str:
        """The topic with the capitals of its names: "the fall of rome" is the fall of Rome."""
        capital = {name.lower(): name for name in self.names}
        return " ".join(capital.get(word, word) for word in topic.split())
