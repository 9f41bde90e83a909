"""Reads a prompt in any language as terms: keys of the English tables, marked as negated or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import regex

from minigpt.corpus.prompt.doubt import with_doubts
from minigpt.corpus.prompt.language import PLAIN, WITHOUT_SPACES, Glossary, expand, glossaries
from minigpt.corpus.prompt.lexicon import FOODS, TABLES, keys, misspelt
from minigpt.corpus.prompt.negation import with_negations
from minigpt.corpus.prompt.scope import NEGATORS
from minigpt.corpus.prompt.terms import SUBJECTS, Term, is_mark, thing

LETTERS = r"[\p{L}\p{M}\p{N}\u200c\u200d]+"  # joiners are part of Persian and Hindi words
TOKEN = regex.compile(
    r"(?P<minus>(?<=[\s(\[,;:])[-!](?=\p{L}))"
    r"|(?P<mark>[\p{Po}\p{Ps}\p{Pe}\p{Pi}\p{Pf}&+]+|\p{Pd}+(?=\s|\p{Pd}|$)|[\u2013-\u2015])"
    rf"|(?P<sign>[{''.join(sign for sign in TABLES['unclear in a sentence'] if len(sign) == 1)}])"
    rf"|{LETTERS}(?:\+\+|#|(?:['.-]{LETTERS})+)?"
)
SUSPENDED = regex.compile(r"(\p{L}+)-(?=(?:,| and| or|,? \p{L}+-)+ \p{L}+-(free|less)\b)")  # egg- and nut-free
LONGEST = 4  # most words of a key
ADJECTIVES = ("style", "inspired", "themed", "based", "friendly", "flavored", "flavoured", "related", "focused", "loving", "heavy", "rich")
SIGNS = NEGATORS | frozenset(TABLES["unclear before a food"])
JOINERS = regex.compile(r"[\u200c\u200d]")  # the glossary spells words without them
ONLY_HIRAGANA = regex.compile(r"\p{Hiragana}+")


def read_terms(prompt: str, language: str) -> list[Term]:
    """The terms of a prompt, among them punctuation marks, as terms whose text is the mark and whose key is PLAIN."""
    glossary = glossaries().get(language)
    tokens = list(_english(prompt) if glossary is None else _translated(prompt, language, glossary))
    terms = with_negations(_grouped(_phrases(tokens)))
    terms = with_doubts(terms, english=glossary is None)
    return terms if language in WITHOUT_SPACES else _complements(terms)  # there, "about" stands following, or its end is not marked


def _english(prompt: str) -> Iterator[tuple[str, str]]:
    """(text, key) of every word; an unknown hyphenated word is split if its prefix or suffix is known."""
    matches = list(TOKEN.finditer(SUSPENDED.sub(r"\1-\2", prompt)))
    for place, match in enumerate(matches):
        word, following = match[0], "".join(other[0].lower() for other in matches[place + 1 : place + 2])
        low = word.lower()
        low = TABLES["spellings"].get(low, low)
        if match["mark"] or match["minus"]:
            yield word, PLAIN if match["mark"] else "minus"
        elif low in keys() or low.replace("-", " ") in keys() or " " in low:
            yield word, low if low in keys() else low.replace("-", " ") if " " not in low else low
        else:
            yield from _unknown_english(word, low, following)


def _unknown_english(word: str, low: str, following: str) -> Iterator[tuple[str, str]]:
    """The parts of an unknown word, such as eggless, egg-free, no-egg or egg-based; `following` is the next word."""
    front, _, end = low.rpartition("-")
    first, _, rest = low.partition("-")
    rest = rest.replace("-", " ")
    if low.endswith("less") and keys().get(low[:-4].rstrip("-")) in FOODS:
        front, end = low[:-4].rstrip("-"), "free"  # eggless
    stem = keys().get(low[:-4], "") if low.endswith("less") else ""
    bare = next((low.removeprefix(no) for no in ("without", "non", "no") if keys().get(low.removeprefix(no)) in FOODS), "")
    if stem in SUBJECTS:
        yield from ((word, stem), ("", "-less"))  # dragonless
    elif bare:
        yield from ((word, bare), ("", "-less"))  # nonuts, with a lost hyphen
    elif low.replace("'", "") in NEGATORS:
        yield word, low.replace("'", "")  # does'nt
    elif end in TABLES["negative endings"] and front:
        food = keys().get(front.replace("-", " ")) in FOODS
        yield from ((word[: len(front)], front.replace("-", " ")), ("", "free" if food else "-less"))
    elif first == "no" and rest and (not keys().get(rest) or f"{rest} {following}" in keys()):
        yield from ((part, part) for part in low.split("-"))
    elif first in TABLES["negative prefixes"] and thing(Term(rest, keys().get(rest, ""), 0)) != "category" and keys().get(rest):
        yield from ((word, rest), ("", "-less"))
    elif {first, *rest.split()} & SIGNS and any(keys().get(part) in FOODS for part in (first, *rest.split())):
        parts = low.split("-")
        yield from ((part, part) for part in ([parts[-1], *parts[:-1]] if parts[-1] in SIGNS else parts))  # sugar-reduced: reduced sugar
    elif front and end in ADJECTIVES:
        yield word[: len(front)], front
    elif low.endswith(("'s", "s'")):
        yield word, low.removesuffix("'s").removesuffix("'")
    else:
        right = misspelt(low) if word == low else low
        yield right if right != low else word, right


def _translated(prompt: str, language: str, glossary: Glossary) -> Iterator[tuple[str, str]]:
    """(text, English) of every foreign word; an unknown one is its own translation."""
    tokens = TOKEN.finditer(expand(prompt, glossary))
    whole = [match[0] if match["mark"] else JOINERS.sub("", match[0].lower()) for match in tokens]
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
    """The words in a run of letters without spaces: the longest in the glossary, and what is left between them."""
    unknown, place = "", 0
    while place <= len(run):
        inside = bool(unknown and glossary.particles)  # a Korean word, whose syllables may be other words
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
    """The words in an unknown run: Latin ones unchanged, others without grammatical endings; hiragana alone is only grammar."""
    for part in regex.findall(r"[a-z0-9+#.-]+|[^a-z0-9+#.-]+", run):
        word = "" if ONLY_HIRAGANA.fullmatch(part) else part
        particle = next((p for p in glossary.particles if word.endswith(p) and len(word) > len(p) + 1), "")
        word = word.removesuffix(particle)
        yield word or part, word or PLAIN


def _phrases(tokens: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The tokens, with those that form a key of the tables joined, longest first, and the others under their key."""
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
    for place, term in enumerate(terms):
        if term.key in TABLES["about"] or (term.key == "to" and place and terms[place - 1].key == "how"):
            inside = True
        elif is_mark(term) or term.key in ("for", "that", "which", "who", "but"):
            inside = False
        marked.append(replace(term, about=inside))
    return marked
