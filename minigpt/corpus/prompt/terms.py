"""Terms: words of a prompt with their entries in the tables, and what they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minigpt.corpus.prompt.language import PLAIN
from minigpt.corpus.prompt.lexicon import FOODS, PLAIN_WORDS, TABLES, meanings, weights

UNCLEAR, UNCLEAR_FOOD = "?", "?food"  # possible negators: of anything, or only of an ingredient
STOPS = frozenset(".!?;。！？؛؟।")  # noqa: RUF001 (full-width marks end sentences)
SUBJECTS = frozenset(TABLES["subjects"])


@dataclass(frozen=True)
class Term:
    """A word or a phrase of the prompt."""

    text: str  # as the prompt spells it
    key: str  # its entry in the tables, else the text in lower case; PLAIN for marks and foreign function words
    group: int  # number of its noun phrase; the last term of a phrase is its head
    negated: str = ""  # its negator: "without", "not", "-without"; UNCLEAR or UNCLEAR_FOOD if there may be one
    unclear: str = ""  # the words that leave it unclear, "bar the nuts"
    about: bool = False  # after "about": a subject, not a quality

    @property
    def plain(self) -> bool:
        """Whether the word says nothing about what is wanted."""
        return self.key == PLAIN or self.key in PLAIN_WORDS or not any(c.isalpha() for c in self.key)


def is_mark(term: Term) -> bool:
    """Whether the term is a comma or the like."""
    return term.key == PLAIN and bool(term.text) and not term.text[0].isalnum()


def kind(term: Term) -> str:
    """The sort of thing that a term names: "food", a field of the request, "category", or "" if the tables do not know it."""
    if term.key in FOODS:
        return "food"
    fields = meanings().get(term.key)
    return fields[0][0] if fields else "category" if term.key in weights() else ""


def thing(term: Term) -> str:
    """The kind of a term; a subject that the tables know, such as dragons, counts as unknown."""
    return "" if term.key in SUBJECTS and kind(term) == "category" else kind(term)


def heads(terms: Sequence[Term], i: int) -> bool:
    """Whether the noun phrase that begins here ends in a kind of text or dish: nut cookies."""
    return any(term.group == terms[i].group and thing(term) == "category" for term in terms[i + 1 :])


def meets_food(terms: Sequence[Term], place: int) -> bool:
    """Whether the next term with a meaning is a food."""
    for term in terms[place:]:
        if is_mark(term) and STOPS & set(term.text):
            return False
        if not term.plain:
            return kind(term) == "food"
    return False
