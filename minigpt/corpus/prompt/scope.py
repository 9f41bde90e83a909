"""Finds the scope of a negator: the terms it excludes, and those it may exclude."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from minigpt.corpus.prompt.language import PLAIN
from minigpt.corpus.prompt.lexicon import TABLES, weights
from minigpt.corpus.prompt.terms import STOPS, Term, heads, is_mark, kind, meets_food, thing

LISTING = frozenset(",،、&/+·")
CLOSING, OPENING = frozenset(")]}"), frozenset("([{")
SHORT = ("e.g", "i.e", "eg", "ie", "etc", "incl", "esp")  # abbreviations whose full stop does not end a sentence
DECISIVE = 2  # the weight of a word that certainly names a kind of text
NEGATORS = frozenset(TABLES["negators"])
JOINS, ENDS, ADMITTED = (frozenset(TABLES[name]) for name in ("joins", "end of a negation", "admitted"))
CONTAINING, ABOUT = frozenset(TABLES["containing"]), frozenset((*TABLES["containing"], *TABLES["about what"]))
ANNOUNCING = frozenset(TABLES["announcing"])
THINGS = ("food", "")
SPEAKERS = frozenset(("i", "we", "he", "she", "they", "you", "it"))
LIKING, VERBS = frozenset(TABLES["liking"]), frozenset(TABLES["verbs of containing"])
DENIALS = frozenset(TABLES["statements"])
PAIRS = ("nor", "neither", "none", "no")  # negators that may follow another one and mean the same


@dataclass
class Scope:
    """The places that a negator affects."""

    found: list[int] = field(default_factory=list)
    silent: list[int] = field(default_factory=list)  # words that only introduce what is negated: "traces" in "no traces of nuts"
    unclear: list[int] = field(default_factory=list)

    @property
    def last(self) -> int:
        return max((*self.found, *self.silent), default=-1)


def scope_of(terms: Sequence[Term], place: int) -> Scope:
    """The scope of a negator: the noun phrase after it, and others of the same kind joined to it."""
    scope, joined, comma, inside, within = Scope(), True, False, False, False
    for i in range(place + 1, len(terms)):
        term = terms[i]
        if is_mark(term):
            what = _mark_says(terms, i, inside, bool(scope.found))
            if what == "list" and _lists_verbs(terms, place, i):  # "do not mention, use or contain nuts"
                scope.silent += scope.found
                scope.found.clear()
                continue
            if what == "list" and not scope.found and i > place + 1:  # "who don't have time, ..."
                scope.unclear += [j for j in _foods_until_end(terms, i) if not heads(terms, j)]
                return scope
            if ":" in term.text and not scope.found and i > place + 1 and not meets_food(terms, i + 1):
                return scope  # "what I cannot eat: cookies, please" says no more
            if what == "end":
                if ":" in term.text and {thing(terms[j]) for j in scope.found} <= {"", "category"}:
                    scope.unclear += [j for j in _foods_until_end(terms, i + 1) if not heads(terms, j)]
                return scope
            inside = inside or bool(OPENING & set(term.text))
            comma = comma or (what == "list" and not inside)
            joined = joined or what == "list"
        elif term.key in NEGATORS and term.key not in PAIRS and scope.found:
            return scope
        elif term.key in SPEAKERS and scope.found and (is_mark(terms[i - 1]) or terms[i - 1].key in ("and", "or", "so")):
            return scope  # "no nuts, and I love mushrooms"
        elif term.key in LIKING and scope.found and terms[i - 1].key in ("and", "but") and meets_food(terms, i + 1):
            return scope  # "who hates nuts and loves mushrooms"
        elif term.plain:
            if term.key in JOINS and not (comma and term.key == "also"):
                joined = joined or bool(scope.found)
            elif (scope.found and _ends(terms, scope, i, comma)) or term.key == "but":
                return scope
            within = within or (bool(scope.found) and term.key in ENDS)
        elif _admitted(terms, i) and scope.found:
            return scope
        elif not scope.found and _announces(terms, i):
            continue
        elif not _take(terms, scope, i, joined, comma, within):
            return scope
        else:
            joined = comma = False
    return scope


def _lists_verbs(terms: Sequence[Term], place: int, comma: int) -> bool:
    """Whether a comma separates two verbs, of which only the first has been negated so far."""
    before, following = terms[place + 1 : comma], [*(term.key for term in terms[comma + 1 : comma + 3]), "", ""]
    listed = following[0] in VERBS and (following[1] in ("or", "and", "nor") or following[1] == PLAIN)
    return terms[place].key in DENIALS and len(before) == 1 and thing(before[0]) == "" and listed


def _mark_says(terms: Sequence[Term], i: int, inside: bool, found: bool) -> str:
    """Whether a mark ends a negation ("end"), continues a list ("list"), or does neither (""), like quotation marks and brackets."""
    text = set(terms[i].text)
    if text & STOPS and "..." not in terms[i].text:
        return "" if i and terms[i - 1].key in SHORT else "end"
    if text & CLOSING and not inside and not text & OPENING:
        return "end"
    if text & LISTING or (found and text & OPENING):
        return "list"
    return "end" if found and text & set(":：—–…") else ""  # noqa: RUF001 (dashes are breaks)


def _announces(terms: Sequence[Term], i: int) -> bool:
    """Whether a word only introduces what follows: "no ingredients such as", "exclude the following:"."""
    following = terms[i + 1] if i + 1 < len(terms) else None
    if terms[i].key == "eat":
        return not (following and LISTING & set(following.text))
    if terms[i].key not in ANNOUNCING or following is None or not (following.key in CONTAINING | ANNOUNCING or following.key == PLAIN):
        return False
    return meets_food([term for term in terms[i + 1 :] if term.key not in ANNOUNCING], 0)


def _ends(terms: Sequence[Term], scope: Scope, i: int, comma: bool) -> bool:
    """Whether a small word ends the negation: "with" in "no eggs with milk", but not in "no cakes with milk"."""
    key = terms[i].key
    if key not in ENDS:
        return False
    if comma:
        return True
    sorts = {thing(terms[j]) for j in scope.found}
    if key == "of":
        return False
    if key in ("that", "which", "who"):
        return not (sorts == {"category"} and any(t.key in CONTAINING for t in terms[i + 1 : i + 2]))
    if sorts == {"category"}:
        return key not in ABOUT and not (key == "for" and terms[scope.found[0] - 1].key not in ("without", "w/o"))
    return not (sorts == {""} and key in ("for", "from", "to"))


def _take(terms: Sequence[Term], scope: Scope, i: int, joined: bool, comma: bool, within: bool) -> bool:
    """Add a term to the scope; False if it lies beyond its end."""
    term, sort = terms[i], thing(terms[i])
    if not scope.found:
        scope.found.append(i)
        return True
    sorts = {thing(terms[j]) for j in scope.found}
    same_phrase = term.group == terms[scope.last].group
    headed = sort == "food" and heads(terms, i)
    if within:
        return _take_complement(terms, scope, i, sorts, joined)
    if sort in THINGS and sorts <= set(THINGS) and (joined or same_phrase):
        if comma and sort not in sorts and not _closes(terms, i):
            scope.unclear.extend(_foods_until_end(terms, i))
            return False
        if headed and not joined:
            scope.unclear.append(i)
            return False
        if joined or sort == "food" or sorts == {""}:
            if sort == "food" and sorts == {""} and not joined:  # brazil nuts; but not "no pickles, brazil nuts"
                described = [j for j in scope.found if terms[j].group == term.group]
                scope.silent += described
                scope.found[:] = [j for j in scope.found if j not in described]
                if scope.found and not _closes(terms, i):
                    scope.unclear.append(i)
                    return False
            scope.found.append(i)
        else:
            scope.silent.append(i)  # "pieces" in "no nut pieces"
        return True
    if sort == "food" and sorts == {"category"} and not comma:  # "don't cook meat" is about cooking
        scope.found.clear()
        (scope.unclear if headed else scope.found).append(i)
        return not headed
    if sort == "food" and sorts == {""} and not comma and not scope.unclear:  # "don't add any nuts"
        scope.silent += scope.found
        scope.found[:] = [i]
        return True
    if sort == "category" and same_phrase and not headed and i + 1 < len(terms) and kind(terms[i + 1]) == "food":
        scope.silent.append(i)  # chopped and roasted nuts
        return True
    if sort == thing(terms[scope.found[0]]) and (joined or same_phrase):
        scope.found.append(i)
        return True
    if joined and not comma and terms[i - 1].key in ("or", "nor") and (kind(term) != "category" or sorts == {"category"}):
        scope.found.append(i)
        return True
    if not comma:
        scope.unclear.extend(_foods_until_end(terms, i, comma=True))
    return False


def _take_complement(terms: Sequence[Term], scope: Scope, i: int, sorts: set[str], joined: bool) -> bool:
    """Add what follows "with", "of" or "about": "no cakes with nuts" negates the nuts, not the cakes."""
    sort = thing(terms[i])
    if sorts == {""} and sort == "food":
        scope.silent += scope.found
        scope.found[:] = [i]
        return True
    if sorts == {"category"} and (sort in THINGS or sort == "audience"):
        kinds_asked = [t for j, t in enumerate(terms) if j not in scope.found and thing(t) == "category" and _decisive(t)]
        if not kinds_asked:
            scope.silent += [j for j in scope.found if not _decisive(terms[j])]
            scope.found.clear()
        scope.found.append(i)
        return True
    if sort == "food":
        if joined and sorts <= {"food", "category"}:
            scope.found.append(i)
            return True
        scope.unclear.append(i)
    return False


def _decisive(term: Term) -> bool:
    return max(weights().get(term.key, {}).values(), default=0.0) >= DECISIVE


def _closes(terms: Sequence[Term], place: int) -> bool:
    """Whether a list that continues here ends with "and" or "or": "without almond paste, nuts or milk"."""
    for i in range(place + 1, len(terms)):
        if terms[i].key in ("and", "or", "nor"):
            return any(thing(term) in THINGS and not term.plain for term in terms[i + 1 : i + 3])
        if (terms[i].plain and terms[i].key in ENDS) or thing(terms[i]) not in THINGS:
            return False
        if is_mark(terms[i]) and not LISTING & set(terms[i].text):
            return False
    return False


def _foods_until_end(terms: Sequence[Term], place: int, comma: bool = False) -> list[int]:
    """The foods from here to a word or mark that certainly ends a negation; with `comma`, to a comma."""
    found = []
    for i in range(place, len(terms)):
        term = terms[i]
        if (is_mark(term) and (comma or not LISTING & set(term.text))) or term.key in ENDS or term.key in NEGATORS:
            break
        if kind(term) == "food" and not _admitted(terms, i):
            found.append(i)
    return found


def _admitted(terms: Sequence[Term], place: int) -> bool:
    """Whether the prompt says that a food is welcome: "fish is fine"."""
    verb, word = (*(term.key for term in terms[place + 1 : place + 3]), "", "")[:2]
    return kind(terms[place]) == "food" and verb in ("is", "are") and word in ADMITTED


def is_end(terms: Sequence[Term], place: int) -> bool:
    """Whether a clause ends here."""
    return place >= len(terms) or (is_mark(terms[place]) and bool((STOPS | CLOSING | LISTING) & set(terms[place].text)))
