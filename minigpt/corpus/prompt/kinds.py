"""Finds the kinds of text that a prompt lists: the noun phrases that each name one, in order.

"Recipes, haiku about autumn and letters to a chef" lists three. A kind that is the subject of another ("poems about recipes and letters"),
or belongs to one ("stories with a song", "songs for a story"), is not listed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from minigpt.corpus.prompt.genres import FIELD, GENRE, HOW, TELLING, categories, sorts, telling, unwritten_places
from minigpt.corpus.prompt.language import WITHOUT_SPACES
from minigpt.corpus.prompt.lexicon import TABLES, weights
from minigpt.corpus.prompt.terms import Term, is_mark, kind

LISTERS, ABOUT = frozenset(TABLES["words that list"]), frozenset(TABLES["about"])
WRITING = frozenset(TABLES["verbs that list"])
VERBS = frozenset(TABLES["verbs to drop"]) - frozenset(TABLES["words that say what something is"])
GOVERNORS = ABOUT | frozenset(TABLES["words that govern"])  # what follows depends on the preceding noun
HOLDING = ABOUT | frozenset(TABLES["words that govern a whole list"])  # also over what follows an "and"
OWNERS = frozenset(TABLES["determiners of a subject"])
SEPARATORS = re.compile(r"\s+\+\s+|\s*\|\s*|\s*\n\s*(?:[-*+\N{BULLET}\N{EN DASH}]\s+)?")


@dataclass(frozen=True)
class Kind:
    """A kind of text that a prompt lists."""

    name: str  # as in the prompt: "short stories"
    words: tuple[int, ...]  # the places of its words
    category: str  # of the templates that may cover it; "" if none do
    sort: str
    start: int  # the place of its noun phrase's first term
    end: int  # the place after its noun phrase


@dataclass
class Reading:
    """The state of reading a list."""

    kinds: list[Kind] = field(default_factory=list)
    governor: str = ""  # what the current terms depend on; "" if the next noun phrase may be an item
    leading: str = ""  # the governor before the first kind, as in "of poems and of recipes"
    holds_kind: bool = False  # whether a kind of text depends on the governor
    categories: set[str] = field(default_factory=set)  # of what depends on the governor
    closed: bool = False  # an "and" has introduced the last item
    doubtful: int | None = None  # kinds from this index on are subjects if the list ends in one: "about the sea, songs and stars"
    dangling: bool = False  # whether it ends in one so far
    waiting: Kind | None = None  # a noun phrase that is an item if a kind follows: "haiku, palindromes and letters"

    def govern(self, governor: str, found: Kind | None, categories: set[str]) -> None:
        """Set what the following terms depend on."""
        self.governor, self.categories, self.waiting = governor, categories, None
        self.holds_kind = found is not None and found.sort == GENRE

    def accept(self, found: Kind, comma: bool, joined: bool) -> None:
        """Add a kind to the list."""
        if self.governor in ABOUT and comma and self.doubtful is None:
            self.doubtful = len(self.kinds)
        if self.waiting and self.waiting.sort == GENRE:
            self.kinds.append(self.waiting)
        elif self.waiting:
            found = replace(found, start=self.waiting.start)
        self.kinds.append(found)
        self.dangling = False
        self.closed = self.closed or joined
        self.govern("", None, set())

    def admits(self, found: Kind, comma: bool, owner: str) -> bool:
        """Whether a kind after a comma or an "and" continues the list rather than depending on the governor."""
        if owner in OWNERS or (owner == "the" and self.governor):
            return False
        if not self.governor:
            return True
        if self.holds_kind or found.sort != GENRE:
            return False
        if comma or found.category in self.categories:
            return comma
        if self.governor == "with" and self.categories:
            return True  # recipes with chicken and poems
        return self.governor not in HOLDING or (len(self.kinds) > 1 and not self.closed)


def separated(prompt: str) -> str:
    """The prompt with commas in place of other list separators: plus signs, bars and line ends."""
    return SEPARATORS.sub(", ", prompt.strip())


def listed_kinds(terms: Sequence[Term], language: str) -> list[Kind]:
    """The kinds of text that the terms list, in order. Fields are left out if a genre of their category is listed."""
    if language in WITHOUT_SPACES and any(term.key in ABOUT for term in terms):
        return []  # in those, "about" follows its noun, whose beginning is not marked
    found = _read(terms)
    genres = {kind.category for kind in found if kind.sort != FIELD}
    fields = {kind.category: kind for kind in reversed(found) if kind.sort == FIELD}  # the first of each category
    return [kind for kind in found if kind.sort != FIELD or (kind.category not in genres and fields[kind.category] is kind)]


def _read(terms: Sequence[Term]) -> list[Kind]:
    reading, rare = Reading(), unwritten_places(terms)
    idle = _idle_about(terms)
    before = 0
    for places in _phrases(terms, rare):
        comma, joined, governor = _link(terms[before : places[0]], idle)
        comma = comma or before == places[0] > 0  # "poems recipes"
        owner, before = terms[places[0] - 1].key if places[0] else "", places[-1] + 1
        found = _kind(terms, places, rare)
        if not reading.kinds:
            if found and not (governor in ABOUT or (terms[places[0]].about and idle is None)):
                reading.leading = governor
                reading.accept(found, False, False)
        elif (governor and not (found and joined and governor == reading.leading)) or not (comma or joined):
            reading.govern(governor or reading.governor or "?", found, categories(terms, places))
        elif found and reading.admits(found, comma, owner):
            reading.accept(found, comma, joined)
        else:
            _pass_over(reading, terms, places, found)
    return reading.kinds[: reading.doubtful] if reading.dangling else reading.kinds


def _idle_about(terms: Sequence[Term]) -> Term | None:
    """The first "about", if nothing before it names a text: "a GPT about poems and recipes" writes them."""
    place = next((place for place, term in enumerate(terms) if term.key in ABOUT), 0)
    heavy = any(max(weights().get(term.key, {}).values(), default=0.0) >= TELLING for term in terms[:place])
    return terms[place] if place and not heavy else None


def _pass_over(reading: Reading, terms: Sequence[Term], places: Sequence[int], found: Kind | None) -> None:
    """Note a noun phrase after a comma or an "and" that is not an item itself."""
    if reading.governor or found:
        reading.governor = reading.governor or "?"
        reading.holds_kind |= found is not None and found.sort == GENRE
        reading.categories |= categories(terms, places)
        return
    reading.dangling = reading.doubtful is not None
    if all(kind(terms[place]) in HOW for place in places):
        reading.waiting = Kind("", (), "", "", places[0], places[-1] + 1)
    elif not any(kind(terms[place]) for place in places) and not reading.waiting:
        reading.waiting = _named(terms, places, "", GENRE)
    else:
        reading.waiting = None


def _phrases(terms: Sequence[Term], rare: set[int]) -> Iterator[list[int]]:
    """The places of each noun phrase; a plural that names a kind ends its phrase: "poems recipes letters" are three."""
    run: list[int] = []
    for place, term in enumerate(terms):
        inner = bool(term.key) and not term.negated and term.key not in LISTERS and kind(term) != "asked language"
        inner = inner and (not term.plain or place in rare)
        if run and (not inner or _ends_list_entry(terms[run[-1]])):
            yield run
            run = []
        if inner:
            run.append(place)
    if run:
        yield run


def _ends_list_entry(term: Term) -> bool:
    return term.key in sorts() and term.text.lower() != term.key and term.text.lower().endswith("s")


def _link(gap: Sequence[Term], idle: Term | None) -> tuple[bool, bool, str]:
    """How a noun phrase is linked to what precedes it: whether by a comma, whether by an "and", and by which governor."""
    comma = joined = False
    governor = last = ""
    for term in gap:
        if is_mark(term) and not set(term.text) & set(":("):
            comma, governor = True, ""
        elif term.key in LISTERS or term.key in WRITING:
            joined, governor = True, ""
        elif term.key in TABLES["words that add"]:
            joined = True
        elif is_mark(term):
            governor = ":"
        elif term.key in GOVERNORS and term is not idle and not (term.key == "with" and last in LISTERS):
            governor = term.key
        elif term.key in VERBS:
            governor = ""
        last = term.key
    return comma, joined, governor


def _kind(terms: Sequence[Term], places: Sequence[int], rare: set[int]) -> Kind | None:
    """The kind that a noun phrase names: by a genre anywhere in it, or a dish or a field as its last word."""
    found = [sorts().get(terms[place].key, ("", "")) for place in places]
    genre = next((category for sort, category in reversed(found) if sort == GENRE), None)
    if genre:
        return _named(terms, places, genre, GENRE, rare)
    if rare.intersection(places):
        told = [category for place in places if telling(terms[place]) for category in weights()[terms[place].key]]
        return _named(terms, places, told[0] if told else "", GENRE, rare)  # code reviews
    sort, category = found[-1]
    return _named(terms, places, category, sort, rare) if sort else None


def _named(terms: Sequence[Term], places: Sequence[int], category: str, sort: str, rare: Collection[int] = ()) -> Kind:
    """The kind of a noun phrase, named without subject and style: "e-mails" for "formal e-mails"."""
    naming = [place for place in places if telling(terms[place]) or terms[place].key in sorts() or place in rare]
    words = tuple(place for place in places if place >= (naming or places)[0])
    spoken = " ".join(filter(None, (terms[place].text for place in words))) or terms[places[-1]].key
    loud = all(term.text.isupper() for term in terms if term.text and term.text[0].isalpha())
    name = " ".join(word if not loud and any(c.isupper() for c in word[1:]) else word.lower() for word in spoken.split())
    return Kind(name, words, category, sort, places[0], places[-1] + 1)
