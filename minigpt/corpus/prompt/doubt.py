"""Marks foods that an unknown word may exclude as UNCLEAR_FOOD.

This is the last line of defence: "cookies bar the nuts" must not put nuts in, and no table of negators will ever be complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from minigpt.corpus.prompt.language import PLAIN
from minigpt.corpus.prompt.lexicon import TABLES
from minigpt.corpus.prompt.negation import as_unclear
from minigpt.corpus.prompt.scope import ADMITTED, ENDS, JOINS, NEGATORS
from minigpt.corpus.prompt.terms import STOPS, Term, heads, is_mark, kind, thing

BEFORE_FOOD, IN_CLAUSE, IN_SENTENCE = (frozenset(TABLES[f"unclear {where}"]) for where in ("before a food", "in a clause", "in a sentence"))
DETERMINERS = frozenset((*TABLES["articles"], "any", "all", "that", "those", "these", "this", "my", "our", "your", "their", "its", "every"))
PREPOSITIONS = frozenset(("of", "from", "to", "against", "upon", "off"))
VERBS = frozenset(TABLES["verbs of a statement"])
TIES = frozenset(("with", "about", "for", "in", "and", "or"))
RELATIVE = frozenset(("that", "which", "whom"))
SPEAKERS = frozenset("i we he she they you my our his her their people kids some many nobody someone somebody everybody".split())
SUFFERERS = frozenset("me us him her them my our people".split())
DOERS = frozenset(("that", "which", "who", "to"))
OF_A_FOOD = frozenset(TABLES["of a food"])
WELCOMING = frozenset(TABLES["welcoming"])
PARTICIPLES = ("ed", "en", "y", "ish", "ing", "less", "'s")  # an unknown word with such an ending is an adjective


def with_doubts(terms: Sequence[Term], english: bool) -> list[Term]:
    """The terms, with the foods marked that a possible negator or an unknown word makes doubtful."""
    marked = list(terms)
    for place, term in enumerate(terms):
        ahead, said = list(_touched(terms, place)), list(_said_of(terms, place))
        first, last = min((place, *ahead, *said)), max((place, *ahead, *(_end_of_clause(terms, place) for _ in said)))
        for i in (*ahead, *said):
            if not marked[i].negated:
                marked[i] = as_unclear(terms, i, first, last)
                marked[place] = replace(marked[place], key=PLAIN)
        if kind(term) == "food" and not marked[place].negated and not heads(terms, place):
            relation = _unknown_relation(terms, place) if english else _foreign_relation(terms, place)
            if relation is not None:
                marked[place] = as_unclear(terms, place, min(relation, place), max(relation, place))
                marked[relation] = replace(marked[relation], key=PLAIN)
            elif place > 1 and terms[place - 1].key in JOINS and marked[place - 2].unclear:
                marked[place] = as_unclear(terms, place, place - 2, place)
    return marked


def _touched(terms: Sequence[Term], place: int) -> Iterator[int]:
    """The foods that a possible negator at this place may exclude."""
    key = terms[place].key
    if key in BEFORE_FOOD:
        yield from (i for i in _ahead(terms, place) if all(t.plain or t.key in DETERMINERS for t in terms[place + 1 : i]))
    if key in IN_CLAUSE:
        yield from _ahead(terms, place)
    if key in IN_SENTENCE or terms[place].text in IN_SENTENCE:
        sentence = [*_ahead(terms, place, whole=True), *_ahead(terms[::-1], len(terms) - 1 - place, whole=True, back=True)]
        if not any(terms[i].negated for i in sentence):
            yield from sentence


def _end_of_clause(terms: Sequence[Term], place: int) -> int:
    """The last place of the clause that begins here, at most a few words ahead."""
    return place + len(list(takewhile(lambda term: not is_mark(term), terms[place + 1 : place + 4])))


def _said_of(terms: Sequence[Term], place: int) -> Iterator[int]:
    """The food before this place, if what is said about it is negative: "nuts kill me", "nuts I cannot eat"."""
    if not place or kind(terms[place - 1]) != "food":
        return
    clause = list(takewhile(lambda term: not is_mark(term), terms[place:]))
    if terms[place].key in VERBS:
        said = {term.key for term in clause[:5]}
        unwelcome = len(clause) > 1 and (not said & ADMITTED or bool(said & NEGATORS))
    elif is_mark(terms[place]) or terms[place].key in RELATIVE:
        clause = list(takewhile(lambda term: not is_mark(term), terms[place + 1 :]))
        clause = clause[1:] if clause and clause[0].key in RELATIVE else clause if not is_mark(terms[place]) else []
        unwelcome = bool(clause) and clause[0].key in SPEAKERS and any(term.key in NEGATORS for term in clause)
    elif terms[place].key in SPEAKERS:
        unwelcome = any(term.key in NEGATORS for term in clause)
    else:
        told = {term.key for term in clause[1 : 2 + (len(clause) > 1 and clause[1].key in ("with", "to", "on", "for"))]}
        unwelcome = _unknown(terms[place]) and bool(told & SUFFERERS)  # nuts kill me, nuts disagree with me
    if unwelcome:
        yield place - 1


def _ahead(terms: Sequence[Term], place: int, whole: bool = False, back: bool = False) -> Iterator[int]:
    """The foods after a place, to the end of the clause or the `whole` sentence. `back`: the terms are reversed."""
    for i in range(place + 1, len(terms)):
        if is_mark(terms[i]) and (not whole or STOPS & set(terms[i].text.replace("?", "" if back else "?"))):
            return  # "nuts? no thanks": the answer refers to the question
        if not whole and terms[i].key in ENDS - PREPOSITIONS:
            return
        if kind(terms[i]) == "food":
            yield len(terms) - 1 - i if back else i


def _unknown_relation(terms: Sequence[Term], place: int) -> int | None:
    """The place of the unknown word that governs a food, as "bar" in "cookies bar the nuts"; None if there is none."""
    i = place - 1
    while i >= 0 and terms[i].key in DETERMINERS and not is_mark(terms[i]):
        i -= 1
    if i < 0:
        return None
    apart = i < place - 1
    if terms[i].key in PREPOSITIONS and i and _unknown(terms[i - 1]) and terms[i - 1].key not in OF_A_FOOD:
        return i - 1
    if not _unknown(terms[i]):
        return None
    if apart:
        return i
    last = i
    while i >= 0 and _unknown(terms[i]):
        i -= 1
    before = terms[i] if i >= 0 else None
    if before is None or terms[last].key.endswith(PARTICIPLES):
        return None
    verb = before.key in DOERS and last == i + 1
    return last if verb or thing(before) in ("category", "food") else None


def _foreign_relation(terms: Sequence[Term], place: int) -> int | None:
    """The place of an unknown foreign word that may exclude a food: one tied to it other than by "with"."""
    start = next((i + 1 for i in range(place - 1, -1, -1) if is_mark(terms[i])), 0)
    end = next((i for i in range(place, len(terms)) if is_mark(terms[i])), len(terms))
    before = [i for i in range(place - 1, start - 1, -1) if terms[i].key != PLAIN]
    if len(before) > 1 and _unknown(terms[before[0]]) and terms[before[1]].key in TIES:
        before = before[1:]  # with fresh pumpkin
    if before and terms[before[0]].key in TIES:
        before = before[1:2] if terms[before[0]].key in ("about", "for", "in") else []  # by way of exception from nuts
        return before[0] if before and _unknown(terms[before[0]]) else None
    if before and _unknown(terms[before[0]]):
        return before[0]
    following = next((i for i in range(place + 1, end) if terms[i].key != PLAIN), place)
    relative = start > 0 and terms[start].key == PLAIN
    return following if _unknown(terms[following]) and (relative or following > place + 1) else None


def _unknown(term: Term) -> bool:
    """Whether no table knows a word, so that it may mean anything."""
    known = term.key in TABLES["light words"] or term.key in WELCOMING
    return not (term.plain or is_mark(term) or known) and thing(term) == ""
