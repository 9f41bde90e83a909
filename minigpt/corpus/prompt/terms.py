"""A word of a prompt, as the tables know it, and what sort of thing it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minigpt.corpus.prompt.language import PLAIN
from minigpt.corpus.prompt.lexicon import FOODS, PLAIN_WORDS, TABLES, meanings, weights

UNCLEAR, UNCLEAR_FOOD = "?", "?food"  # negators of which nobody knows whether they negate: of anything, or of an ingredient only
STOPS = frozenset(".!?;。！？؛؟।")  # noqa: RUF001 (full-width marks end sentences)
SUBJECTS = frozenset(TABLES["subjects"])


@dataclass(frozen=True)
class Term:
    """A word or a phrase of the prompt."""

    text: str  # as the prompt spells it
    key: str  # its entry in the tables, else itself in lower case; PLAIN for a foreign word without a meaning
    group: int  # terms without a break between them form one noun phrase, whose last is what it is about
    negated: str = ""  # the negator that negates the term: "without", "not", "-without"; UNCLEAR if one may
    unclear: str = ""  # the words of the prompt that left it unclear, "bar the nuts"
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
    """The kind of a term, where a subject that the tables know, such as dragons, counts like one that they do not."""
    return "" if term.key in SUBJECTS and kind(term) == "category" else kind(term)


def heads(terms: Sequence[Term], i: int) -> bool:
    """Whether a kind of text or dish ends the noun phrase that begins here: nut cookies."""
    return any(term.group == terms[i].group and thing(term) == "category" for term in terms[i + 1 :])


def meets_food(terms: Sequence[Term], place: int) -> bool:
    """Whether the next thing named is a food."""
    for term in terms[place:]:
        if is_mark(term) and STOPS & set(term.text):
            return False
        if not term.plain:
            return kind(term) == "food"
    return False
