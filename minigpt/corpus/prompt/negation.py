"""Marks the terms of a prompt that it negates.

The reader may be allergic, so a list is negated to its end, and terms near an unclear end count as neither wanted nor excluded: they
are marked UNCLEAR, and the plan says so.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from minigpt.corpus.prompt.language import PLAIN
from minigpt.corpus.prompt.lexicon import TABLES
from minigpt.corpus.prompt.scope import ADMITTED, CONTAINING, JOINS, LISTING, NEGATORS, PAIRS, Scope, is_end, scope_of
from minigpt.corpus.prompt.terms import STOPS, UNCLEAR, UNCLEAR_FOOD, Term, is_mark, kind, meets_food, thing

FOOD_NEGATORS = frozenset(TABLES["negators of a food"])
AFTER, AFTER_FOOD = frozenset(TABLES["negators behind the word"]), frozenset(TABLES["negators behind a food"])
BEFORE = frozenset(TABLES["before a negator behind"])
WORDLESS = ("free", "aside", "allergy", "allergies", "intolerance", "intolerances", "-without", "-less")  # unambiguous, or only about food


def with_negations(terms: Sequence[Term]) -> list[Term]:
    """The terms, with `negated` set on what follows "without", to the end of the list, or precedes "free" and the like."""
    marked = list(terms)
    for place, term in enumerate(terms):
        scope, twice = Scope(), False
        if term.key in NEGATORS or (term.key in FOOD_NEGATORS and meets_food(terms, place + 1)):
            scope = _passive(terms, place) or scope_of(terms, place)
            twice = _negated_itself(terms, place)
            if twice:
                scope = Scope(unclear=[*scope.found, *scope.unclear])
        elif term.key in AFTER or term.key in AFTER_FOOD:
            scope = _after(terms, place)
        elif is_mark(term) is False:
            scope = Scope(found=_also_free(terms, place))
        _mark(marked, terms, place, scope, twice)
    return marked


def _mark(marked: list[Term], terms: Sequence[Term], place: int, scope: Scope, twice: bool) -> None:
    """Mark what a negator negates. Certain marks by another stay, unless it negates this negator."""
    for i in scope.found:
        marked[i] = replace(marked[i], negated=terms[place].key, unclear="")
    for i in scope.silent:
        marked[i] = replace(marked[i], key=PLAIN)
    if scope.found and terms[place].key in FOOD_NEGATORS | AFTER_FOOD:
        marked[place] = replace(marked[place], key=PLAIN)
    for i in scope.unclear:
        if not marked[i].negated or twice:
            marked[i] = as_unclear(terms, i, min(place, *scope.unclear), max(place, *scope.unclear))


def as_unclear(terms: Sequence[Term], i: int, first: int, last: int) -> Term:
    """The term as neither wanted nor excluded, with the words from `first` to `last` that leave it unclear."""
    words = " ".join(term.text for term in terms[first : last + 1] if term.text and not is_mark(term))
    return replace(terms[i], negated=UNCLEAR_FOOD if kind(terms[i]) == "food" else UNCLEAR, unclear=words)


def _negated_itself(terms: Sequence[Term], place: int) -> bool:
    """Whether another negator directly precedes: "don't leave out the nuts"."""
    words = 0
    for term in reversed(terms[:place]):
        words += not (term.plain or term.key in FOOD_NEGATORS)
        if is_mark(term) or words > 1 or kind(term) == "food":  # "can't live without", at most
            return False
        if term.key in NEGATORS:
            return term.key not in PAIRS and terms[place].key not in (*PAIRS, term.key)
    return False


def _passive(terms: Sequence[Term], place: int) -> Scope | None:
    """The scope of a negator that follows its food: "nuts must not be used", "nuts: none"; None for other negators."""
    rest = next((i for i in range(place + 1, len(terms)) if terms[i].key not in BEFORE), len(terms))
    ended = is_end(terms, rest) or _is_answer(terms, place)
    if not ended and terms[rest].key not in ADMITTED:
        return None
    scope = _before(terms, place, BEFORE, across=ended, stated=True)
    scope.silent = [] if ended else [rest]
    return scope if scope.found else None


def _is_answer(terms: Sequence[Term], place: int) -> bool:
    """Whether a negator is one of several answers: "nuts: no eggs: yes"."""
    around = [kind(term) if not is_mark(term) else term.text for term in (*terms[max(0, place - 2) : place], *terms[place + 1 : place + 3])]
    return around == ["food", ":", "food", ":"]


def _after(terms: Sequence[Term], place: int) -> Scope:
    """The scope of a negator that comes after; if nothing precedes it, what follows: "allergies: nuts, milk"."""
    key = terms[place].key
    scope = _before(terms, place, () if key in ("free", "-less", "-without") else BEFORE)
    if not scope.found and key not in ("free", "-less", "-without", "out") and (meets_food(terms, place + 1)):
        return scope_of(terms, place)
    return scope


def _before(terms: Sequence[Term], place: int, skipped: Collection[str], across: bool = False, stated: bool = False) -> Scope:
    """The scope of a negator that comes after: the term just before it, usually a food, and those joined to it."""
    scope, key = Scope(), terms[place].key
    firm = key in ("-without", "-less")
    stated = stated or (key not in WORDLESS and (is_end(terms, place + 1) or terms[place - 1].key in BEFORE))  # dragons are out
    joined, comma = True, []
    for i in range(place - 1, -1, -1):
        term = terms[i]
        if is_mark(term):
            pause = across and not scope.found and not STOPS & set(term.text.replace("?", ""))
            if not pause and not (scope.found and LISTING & set(term.text)):
                break
            joined = True
            comma += [len(scope.found)] if scope.found else []
        elif term.plain:
            if term.key in JOINS:
                joined = True
            elif comma and term.key in CONTAINING:  # "cakes with milk, eggs and nuts not allowed": the milk may be wanted
                scope.unclear = scope.found[comma[0] :]
                scope.found = scope.found[: comma[0]]
                break
            elif term.key not in skipped and term.key != PLAIN and term.key not in ("the", "any", "a", "an", "all"):
                break
        elif not (firm and not comma) and kind(term) != "food" and not (stated and thing(term) == ""):
            break  # "vegan free recipes" exclude nothing vegan
        elif scope.found and (not joined or kind(term) != kind(terms[scope.found[0]])):
            break
        else:
            scope.found.append(i)
            joined = False
            if key == "-less":
                break
    return scope


def _also_free(terms: Sequence[Term], place: int) -> list[int]:
    """The egg of "egg and gluten free"; but not the chicken of "chicken and gluten free pasta", nor the egg of "egg and gluten-free"."""
    term, joined = terms[place], place > 1 and terms[place - 1].key in ("and", "or")
    free = joined and term.key.endswith("-free") and " " in term.text
    return [place - 2] if free and terms[place - 2].key in TABLES["allergens"] else []
