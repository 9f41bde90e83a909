"""Finds the words that a request excludes, which no document may mention."""

from __future__ import annotations

import re

from minigpt.corpus.english import either_number
from minigpt.corpus.request import Request
from minigpt.corpus.words import load_words


def word_pattern(request: Request) -> re.Pattern[str] | None:
    """A pattern of the excluded things, in singular and plural; None if they are only foods, which recipes handle."""
    things = ruled_out_things(request)
    numbers = [either_number(thing) for thing in things]
    return re.compile(rf"\b(?:{'|'.join(numbers)})\b", re.IGNORECASE) if things else None


def ruled_out_things(request: Request) -> tuple[str, ...]:
    """The excluded things that are not foods of a recipe: templates know only the word."""
    foods = set(load_words("prompts_foods")["foods"]) if request.category == "cooking" else set()
    return tuple(thing for thing in request.without if thing not in foods)
