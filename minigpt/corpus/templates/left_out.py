"""A request in, out comes a pattern of the words that it rules out, which no document may mention."""

from __future__ import annotations

import re

from minigpt.corpus.english import IRREGULAR, either_number
from minigpt.corpus.request import Request
from minigpt.corpus.words import load_words


def word_pattern(request: Request) -> re.Pattern[str] | None:
    """A pattern of the things that the request leaves out, in singular and plural; None if there are none but foods, which recipes know."""
    things = ruled_out_things(request)
    irregular = {one: many for many, one in IRREGULAR.items()}
    numbers = [either_number(thing) for thing in (*things, *(irregular[t] for t in things if t in irregular))]
    return re.compile(rf"\b(?:{'|'.join(numbers)})\b", re.IGNORECASE) if things else None


def ruled_out_things(request: Request) -> tuple[str, ...]:
    """Things to leave out that are not foods of a recipe: templates know nothing of them but the word."""
    foods = set(load_words("prompts_foods")["foods"]) if request.category == "cooking" else set()
    return tuple(thing for thing in request.without if thing not in foods)
