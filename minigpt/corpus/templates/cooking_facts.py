"""Facts about a dish for the sentences around a recipe: names that agree in number with the words beside them.

A field is a fact, {dish}, or a fact with a word in the third person that agrees with it: {hero.takes} is "take" for the carrots.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from minigpt.corpus.english import upper_first
from minigpt.corpus.templates.cooking_foods import all_foods
from minigpt.corpus.templates.grammar import FIELD, fill
from minigpt.corpus.words import Words

ONE = re.compile(r"\b1 (minute|hour)s\b")
PLURAL = {
    "is": "are", "has": "have", "was": "were", "does": "do", "goes": "go", "it": "they", "they": "they", "them": "them", "its": "their",
    "itself": "themselves", "s": "", "es": "", "much": "many", "pron": "them",
}  # fmt: skip
SINGULAR = {"they": "it", "them": "it", "pron": "it"}


def agreeing(word: str, is_plural: bool) -> str:
    """A word of the third person singular, or a pronoun, in the number of its subject: takes -> take, they -> it."""
    if not is_plural:
        return SINGULAR.get(word, word)
    return PLURAL[word] if word in PLURAL else word[: -2 if word.endswith(("ches", "shes")) else -1]


class Facts(dict[str, str]):
    """Slot -> text. Of a slot given by `agree`, also the words that agree with it are facts: dish, dish.is, dish.takes."""

    plurals: dict[str, bool]

    def __init__(self, texts: Mapping[str, str] | None = None, plurals: Mapping[str, bool] | None = None) -> None:
        super().__init__(texts or {})
        self.plurals = dict(plurals or {})

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or str(name).split(".")[0] in self.plurals

    def __missing__(self, name: str) -> str:
        slot, _, word = name.partition(".")
        return agreeing(word, self.plurals[slot])

    def __or__(self, other: Mapping[str, str]) -> Facts:  # type: ignore[override]
        return Facts({**self, **other}, {**self.plurals, **getattr(other, "plurals", {})})

    def __ior__(self, other: Mapping[str, str]) -> Facts:  # type: ignore[override]
        return self | other


def agree(slot: str, name: str, is_plural: bool) -> Facts:
    """A name as a fact, whose number is known."""
    return Facts({slot: name}, {slot: is_plural})


def named(slot: str, key: str) -> Facts:
    """A food as a fact, by its general name."""
    return agree(slot, all_foods()[key].general, all_foods()[key].is_plural)


@lru_cache(maxsize=8192)
def fields(template: str) -> tuple[str, ...]:
    """The names of a template's fields, except shared lists."""
    return tuple(name[0].lower() + name[1:] for name in FIELD.findall(template) if not name.startswith("~"))


def tell(rng: random.Random, words: Words, templates: Sequence[str], look: Mapping[str, str]) -> str:
    """A random template whose fields can all be filled, as a sentence; empty if there is none."""
    usable = [template for template in templates if all(name in look for name in fields(template))]
    return upper_first(ONE.sub(r"1 \1", fill(rng, rng.choice(usable), look, words["phrases"]))) if usable else ""
