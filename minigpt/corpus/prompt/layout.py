"""Assigns the terms of a prompt to the kinds of text that it lists.

What precedes the first kind applies to all ("a funny GPT that writes ..."), and so does what follows the last one, if it can ("poems and
stories about the sea", not "songs and letters to a chef"). In between, each kind has its noun phrase and what depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from minigpt.corpus.prompt.genres import FIELD, GENRE, telling
from minigpt.corpus.prompt.kinds import LISTERS, Kind
from minigpt.corpus.prompt.language import PLAIN
from minigpt.corpus.prompt.lexicon import FOODS, weights
from minigpt.corpus.prompt.terms import Term, kind, thing

MANNER = ("tone", "length", "season", "cuisines")  # not diets and audience: the reader may be allergic, or a child
CLOSE = ("to",)  # what follows belongs to the last kind alone


class Layout:
    """The terms of a prompt, divided among the one or more kinds that it lists."""

    def __init__(self, terms: Sequence[Term], kinds: Sequence[Kind]) -> None:
        self.terms, self.kinds = terms, kinds
        ends = [*(kind.start for kind in kinds[1:]), kinds[-1].end]
        self._own = [set(range(kind.start, end)) for kind, end in zip(kinds, ends, strict=True)]
        self.before = set(range(kinds[0].start))
        self.tail = set(range(ends[-1], len(terms)))
        self.trailing = set() if self._closes(kinds[-1]) else self.tail

    def _closes(self, last: Kind) -> bool:
        """Whether what follows the last kind belongs to it alone: "letters to a chef", "recipes for dinner"."""
        tail = [self.terms[place] for place in sorted(self.tail)]
        its_own = any(telling(term) and not term.about and last.category in weights()[term.key] for term in tail)
        return its_own or bool(tail and tail[0].key in CLOSE)

    def own(self, numbers: Sequence[int]) -> set[int]:
        """The places of some kinds' noun phrases and what depends on them, without what follows the last kind."""
        return set().union(*(self._own[number] for number in numbers))

    def said_of(self, numbers: Sequence[int]) -> set[int]:
        """The places from each kind's first term to the next kind."""
        return self.own(numbers) | (self.tail if len(self.kinds) - 1 in numbers else set())

    def words(self, numbers: Sequence[int]) -> set[int]:
        """The places of the words that name some kinds."""
        return {place for number in numbers for place in self.kinds[number].words}

    def only(self, places: set[int]) -> list[Term]:
        """The terms at these places, with commas for all others and for list words: the "plus" of "poems plus recipes" is no subject."""
        return [term if place in places and term.key not in LISTERS else _comma(term) for place, term in enumerate(self.terms)]

    def without(self, numbers: Sequence[int]) -> list[Term]:
        """The terms, with commas in place of some kinds' own."""
        return self.only(set(range(len(self.terms))) - self.own(numbers))

    def name(self, numbers: Sequence[int]) -> str:
        """The name of some kinds together; a field is named only if nothing else is."""
        some = [self.kinds[number] for number in numbers]
        return " and ".join(dict.fromkeys(kind.name for kind in some if kind.sort != FIELD)) or some[0].name

    def shared(self, numbers: Sequence[int]) -> set[int]:
        """The places whose constraints hold for some kinds: all except the subjects and foods of others, the manner of later ones
        ("poems and funny stories"), and kinds that are not written."""
        others = [number for number in range(len(self.kinds)) if number not in numbers]
        foreign = {place for place in self.own(others) if _private(self.terms[place])}
        foreign |= {place for place in self.own([number for number in others if number]) if kind(self.terms[place]) in MANNER}
        unwritten = self.own([number for number in others if not self.kinds[number].category])
        return set(range(len(self.terms))) - foreign - unwritten


def fitting(terms: Sequence[Term], kinds: Sequence[Kind], category: str) -> tuple[Sequence[Term], tuple[str, ...]]:
    """The terms without the kinds of text of other categories, and the words for those."""
    others = [number for number, kind in enumerate(kinds) if kind.sort == GENRE and kind.category not in ("", category)]
    return (Layout(terms, kinds).without(others) if others else terms), tuple(dict.fromkeys(kinds[number].name for number in others))


def _private(term: Term) -> bool:
    """Whether a term concerns its own kind alone: its subject, a food in it, or something other than a food excluded from it."""
    return term.about or (not thing(term) if term.negated else term.key in FOODS)


def _comma(term: Term) -> Term:
    return Term(",", PLAIN, term.group)
