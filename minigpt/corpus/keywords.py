"""The words of a prompt: in goes the sentence with its language, out come its terms, in the English of the tables, negated or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import regex

from minigpt.corpus.language import PLAIN, WITHOUT_SPACES, Glossary, expand, glossaries
from minigpt.corpus.lexicon import FOODS, PLAIN_WORDS, TABLES, keys, meanings, weights

TOKEN = regex.compile(r"(?P<mark>[\p{Po}\p{Ps}\p{Pe}\p{Pi}\p{Pf}]+)|[\p{L}\p{M}\p{N}]+(?:\+\+|#|(?:['.-][\p{L}\p{M}\p{N}]+)+)?")
COMMAS = ",\N{FULLWIDTH COMMA}\N{IDEOGRAPHIC COMMA}"
LONGEST = 4  # words of a key
ADJECTIVES = ("style", "inspired", "themed", "based", "friendly", "flavored", "flavoured", "related", "focused", "loving", "heavy", "rich")
ONLY_HIRAGANA = regex.compile(r"\p{Hiragana}+")


@dataclass(frozen=True)
class Term:
    """A word or a phrase of the prompt."""

    text: str  # as the prompt has it
    key: str  # the entry of the tables that it is a form of; else itself in lower case; PLAIN for a foreign word without a meaning
    group: int  # terms that stand together without a break are one noun phrase: its last is what it is about
    negated: str = ""  # the negator, where one negates the term: "without", "not", "-without"
    about: bool = False  # inside the complement of "about": what something is about, not how it is to be

    @property
    def plain(self) -> bool:
        """Whether the word says nothing about what is asked for."""
        return self.key == PLAIN or self.key in PLAIN_WORDS or not any(c.isalpha() for c in self.key)


def read_terms(prompt: str, language: str) -> list[Term]:
    """The terms of a prompt. Marks stand among them as terms whose text is the mark and whose key is plain."""
    glossary = glossaries().get(language)
    tokens = list(_english(prompt) if glossary is None else _translated(prompt, language, glossary))
    terms = _negations(_grouped(_phrases(tokens)))
    return terms if language in WITHOUT_SPACES else _complements(terms)  # there, "about" stands behind, or its end is not marked


def _english(prompt: str) -> Iterator[tuple[str, str]]:
    """(text, key) of every word; a hyphenated one that the tables do not have is taken apart where its end says how."""
    for match in TOKEN.finditer(prompt):
        word = match[0]
        low = word.lower()
        if match["mark"] or low in keys() or low.replace("-", " ") in keys():
            yield word, PLAIN if match["mark"] else low if low in keys() else low.replace("-", " ")
            continue
        front, _, end = low.rpartition("-")
        if low.endswith("less") and keys().get(low[:-4]) in FOODS:
            front, end = low[:-4], "free"  # eggless
        if end == "free" and front:
            yield from ((word[: len(front)], front), ("", "free"))
        elif front and end in ADJECTIVES:
            yield word[: len(front)], front
        elif low.endswith(("'s", "s'")):
            yield word, low.removesuffix("'s").removesuffix("'")
        else:
            yield word, low


def _translated(prompt: str, language: str, glossary: Glossary) -> Iterator[tuple[str, str]]:
    """(text, English) of every word of another language; an unknown one stands for itself."""
    whole = [match[0] if match["mark"] else match[0].lower() for match in TOKEN.finditer(expand(prompt, glossary))]
    place = 0
    while place < len(whole):
        for size in range(LONGEST, 0, -1):
            phrase = " ".join(whole[place : place + size])
            if size > 1 and phrase in glossary.words and place + size <= len(whole):
                break
        place += size
        if size > 1:
            yield phrase, glossary.words[phrase]
        elif not phrase[0].isalnum():
            yield phrase, PLAIN
        elif language in WITHOUT_SPACES:
            yield from _segments(phrase, glossary)
        else:
            for part, english in glossary.parts(phrase):
                yield part, part if english is None else english


def _segments(run: str, glossary: Glossary) -> Iterator[tuple[str, str]]:
    """The words of a run of letters without spaces: the longest that the glossary has, and what is left between them."""
    unknown, place = "", 0
    while place <= len(run):
        inside = bool(unknown and glossary.particles)  # of a Korean word, whose syllables are words of other meanings
        size = 0 if inside else next((n for n in range(min(12, len(run) - place), 0, -1) if run[place : place + n] in glossary.words), 0)
        if (size or place == len(run)) and unknown:
            yield from _unknown(unknown, glossary)
            unknown = ""
        if size:
            yield run[place : place + size], glossary.words[run[place : place + size]]
        elif place < len(run):
            unknown += run[place]
        place += size or 1


def _unknown(run: str, glossary: Glossary) -> Iterator[tuple[str, str]]:
    """An unknown run: Latin words inside it as they are, the rest without grammatical endings; hiragana alone is grammar."""
    for part in regex.findall(r"[a-z0-9+#.-]+|[^a-z0-9+#.-]+", run):
        word = "" if ONLY_HIRAGANA.fullmatch(part) else part
        particle = next((p for p in glossary.particles if word.endswith(p) and len(word) > len(p) + 1), "")
        word = word.removesuffix(particle)
        yield word or part, word or PLAIN


def _phrases(tokens: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The tokens with those that make one key of the tables joined, the longest first, and the rest under their key."""
    pieces = [(text if i == 0 else "", part) for text, key in tokens for i, part in enumerate(key.split(" "))]
    place = 0
    while place < len(pieces):
        for size in range(min(LONGEST, len(pieces) - place), 0, -1):
            texts, parts = zip(*pieces[place : place + size], strict=True)
            phrase = " ".join(parts)
            if all(parts) and (phrase in keys() or size == 1):
                break
        yield " ".join(filter(None, texts)), keys().get(phrase, phrase)
        place += size


def _grouped(pairs: Iterable[tuple[str, str]]) -> list[Term]:
    """Terms, each with the number of its noun phrase."""
    terms: list[Term] = []
    for text, key in pairs:
        term = Term(text, key, terms[-1].group if terms else 0)
        new = not terms or term.plain or terms[-1].plain
        terms.append(replace(term, group=term.group + 1) if new else term)
    return terms


def _complements(terms: list[Term]) -> list[Term]:
    """The terms with `about` set on those that say what something is about."""
    inside, marked = False, []
    for term in terms:
        if term.key in TABLES["about"]:
            inside = True
        elif is_mark(term) or term.key in ("for", "that", "which", "who", "but"):
            inside = False
        marked.append(replace(term, about=inside))
    return marked


def _negations(terms: list[Term]) -> list[Term]:
    """The terms with `negated` set: what stands behind "without" up to the end of the list, or before "free" and the like."""
    marked = list(terms)
    for place, term in enumerate(terms):
        if term.key in TABLES["negators"]:
            found = _scope(terms, place + 1)
        elif term.key in TABLES["negators behind the word"]:
            found = _scope_before(terms, place)
        else:
            found = _also_free(terms, place)
        for i in found:
            marked[i] = replace(terms[i], negated=term.key)
    return marked


def _also_free(terms: Sequence[Term], place: int) -> list[int]:
    """The egg of "egg and gluten free"; but not the chicken of "chicken and gluten free pasta", nor that of "egg and gluten-free"."""
    term, joined = terms[place], place > 1 and terms[place - 1].key in TABLES["joins"]
    free = joined and term.key.endswith("-free") and " " in term.text
    return [place - 2] if free and terms[place - 2].key in TABLES["allergens"] else []


def _scope(terms: Sequence[Term], place: int) -> list[int]:
    """What a negator in front negates: the noun phrase after it, and further ones of the same kind that are joined to it."""
    found: list[int] = []
    joined = True  # whether a noun phrase may begin here
    while place < len(terms):
        term = terms[place]
        if term.plain and not is_mark(term):
            if found and term.key in TABLES["joins"]:
                joined = True
            elif (found and term.key in TABLES["end of a negation"]) or term.key == "but":
                break
        elif is_mark(term):
            if not found or term.text[0] not in COMMAS:
                break
            joined = True
        elif not found:
            found.append(place)
            joined = False
        else:
            comma = any(is_mark(t) for t in terms[found[-1] + 1 : place])
            same = kind(term) == kind(terms[found[0]]) or (
                joined and not comma and kind(term) in ("", "food") and kind(terms[found[0]]) == "food"
            )
            if not same or (not joined and term.group != terms[found[-1]].group):
                break
            found.append(place)
            joined = False
        place += 1
    return found


def _scope_before(terms: Sequence[Term], place: int) -> list[int]:
    """What a negator behind negates: the food or other term just before it, and those that are joined to it by "and"."""
    found: list[int] = []
    for i in range(place - 1, -1, -1):
        term = terms[i]
        if is_mark(term) or (term.plain and term.key not in (*TABLES["joins"], PLAIN)):
            break
        if term.plain:
            continue
        firm = terms[place].key == "-without" or kind(term) == "food"  # "vegan free recipes" are not without something vegan
        if not firm or (found and (kind(term) != kind(terms[found[0]]) or terms[i + 1].key not in TABLES["joins"])):
            break
        found.append(i)
    return found


def is_mark(term: Term) -> bool:
    """Whether the term is a comma or the like."""
    return term.key == PLAIN and bool(term.text) and not term.text[0].isalnum()


def kind(term: Term) -> str:
    """The sort of thing that a term names: "food", a field of the request, "category" or "": nothing that the tables know."""
    if term.key in FOODS:
        return "food"
    fields = meanings().get(term.key)
    return fields[0][0] if fields else "category" if term.key in weights() else ""
