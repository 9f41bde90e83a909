"""Looks up any form of a word in the tables for reading prompts, corpus/tables/prompts*.json."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from minigpt.corpus.english import inflections, plurals
from minigpt.corpus.wordnet import wordnet
from minigpt.corpus.words import load_words
from minigpt.tokenizer import gpt2_merges

TABLES = load_words("prompts")
FUNCTION_TABLES = (
    "plain words",
    "verbs to drop",
    "negators",
    "negators behind the word",
    "not negations",
    "end of a negation",
    "about",
    "joins",
)
SIGN_TABLES = ("negators of a food", "negators behind a food", "unclear before a food", "unclear in a clause", "unclear in a sentence")
FOODS = frozenset(TABLES["foods"])
PLAIN_WORDS = frozenset(word for name in FUNCTION_TABLES for word in TABLES[name])  # they say nothing about what is wanted
OWN_WORDS = frozenset(TABLES["no forms of other words"])  # a brother is nobody who makes broth
FORMS = re.compile(r"(?:ing|er|est|y)$")
LEAST_MISSPELT = 5  # letters: shorter words are near too many others


def in_full(prompt: str) -> str:
    """The prompt with its abbreviations spelled out: D&D is fantasy."""
    for short, whole in TABLES["abbreviations"].items():
        prompt = re.sub(rf"\b{re.escape(short)}\b", whole, prompt, flags=re.IGNORECASE)
    return prompt


@cache
def meanings() -> Mapping[str, list[tuple[str, str]]]:
    """Key -> (field of the request, value) of everything it can ask for."""
    found: dict[str, list[tuple[str, str]]] = {}
    for field, table in TABLES["constraints"].items():
        for value, words in table.items():
            for word in words:
                found.setdefault(word, []).append((field, value))
    return found


@cache
def weights() -> Mapping[str, dict[str, float]]:
    """Key -> category -> weight of evidence, from 1, perhaps, to 3, a kind of document."""
    found: dict[str, dict[str, float]] = {}
    for category, table in TABLES["weights"].items():
        for weight, words in table.items():
            for word in words:
                found.setdefault(word, {})[category] = float(weight)
    return found


@cache
def keys() -> Mapping[str, str]:
    """Every form of every table entry -> the entry. Only words of a category inflect as verbs: cook, cooking, cooks."""
    occasions = {word: word for words in TABLES["weights"]["occasion"].values() for word in words}
    named = [*weights(), *(word for name, tables in TABLES["narrow"].items() if name != "topic" for table in tables for word in table)]
    named = [word for word in named if word not in occasions]  # a toaster is no toast
    others = [*TABLES["kinds without a writer"], *(word for table in TABLES["narrow"]["topic"] for word in table)]
    things = [*occasions, *FOODS, *meanings(), *others]
    found = {word: word for word in (*named, *things, *PLAIN_WORDS, *TABLES["light words"], *_long_signs())}
    for inflect, words in ((_plurals, things), (inflections, named)):
        for word in words:
            for form in inflect(word):
                found.setdefault(form, word)
    found = {form: word for form, word in found.items() if form not in OWN_WORDS}
    found |= {form: word for word in occasions for form in _plurals(word) if form in PLAIN_WORDS}  # tutorials
    return found | {key.replace("-", " "): entry for key, entry in found.items() if "-" in key and key.replace("-", " ") not in found}


def _plurals(name: str) -> list[str]:
    """The plurals of a noun, or of a noun with "of": letters of complaint."""
    noun, of, rest = name.partition(" of ")
    return plurals(name) + [f"{many}{of}{rest}" for many in plurals(noun) if of]


def _long_signs() -> list[str]:
    """The signs of negation that have more than one word."""
    return [sign for name in SIGN_TABLES for sign in TABLES[name] if " " in sign]


@cache
def misspelt(word: str) -> str:
    """The word that an unknown one misspells by one edit: a negator, or a word of the tables or WordNet; any other word unchanged."""
    right = next((right for right in TABLES["often misspelt"] if word[0] == right[0] and _slips(word, right)), None)
    spelt = word in _in_phrases() or word.endswith(("ed", "ly")) or not (word.isascii() and word.isalpha())
    if right or len(word) < LEAST_MISSPELT or spelt or is_noun(word) or _is_form_of_noun(word):
        return right or word
    near = [form for form in (*_slipped(word), _gaps().get(word, "")) if form in _plain_forms()]
    likely = near[0] if near else next((form for form in _swapped(word) if wordnet().uses(wordnet().base(form))), word)
    return word if likely == word or f"\u0120{word}" in _tokens() else likely


def _is_form_of_noun(word: str) -> bool:
    """Whether a word is a noun with an ending, or an adjective that is compared: staying, barking, toasty, colder."""
    ending = FORMS.search(word)
    stem = word[: ending.start()] if ending else ""
    stems = (stem, f"{stem}e", stem[:-1] if stem[-2:-1] == stem[-1:] else stem) if stem else ()
    return any(form in wordnet().adjectives for form in stems) if word.endswith(("er", "est")) else any(map(is_noun, stems))


@cache
def _tokens() -> frozenset[str]:
    """GPT-2's tokens of more than one byte, where \u0120 is a space: words so usual are spelt right, as "sings" and "though" are."""
    return frozenset(first + second for first, second in gpt2_merges())


@cache
def _in_phrases() -> frozenset[str]:
    """The words that entries of several words consist of."""
    return frozenset(word for key in keys() if " " in key for word in key.split())


@cache
def _plain_forms() -> frozenset[str]:
    """The words of the tables and their plurals: what a misspelt word may be."""
    usual = (form for form, word in keys().items() if form == word or form in plurals(word)[:1] or form.endswith("ing"))
    return frozenset(form for form in usual if len(form) >= LEAST_MISSPELT)


@cache
def _gaps() -> Mapping[str, str]:
    """What is left of each word of the tables without one of its inner letters -> the word."""
    whole = [form for form in _plain_forms() if len(form) > LEAST_MISSPELT and form.isalpha()]
    return {form[:i] + form[i + 1 :]: form for form in whole for i in range(1, len(form) - 1)}


def is_noun(word: str) -> bool:
    """Whether WordNet knows a word as a noun or an adjective."""
    return bool(wordnet().base(word)) or word in wordnet().adjectives


def _swapped(word: str) -> list[str]:
    return [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1) if word[i] != word[i + 1]]


def _slipped(word: str) -> list[str]:
    """The words that slips of the hand turn into this one, the likeliest first: letters swapped, doubled, not doubled, one too many.

    The first and the last letter are hardly ever wrong.
    """
    inner = range(1, len(word) - 1)
    single = [word[:i] + word[i + 1 :] for i in inner if word[i] in (word[i - 1], word[i + 1])]
    double = [word[:i] + word[i] + word[i:] for i in inner]
    return [*_swapped(word), *single, *double, *(word[:i] + word[i + 1 :] for i in inner)]


def _slips(word: str, right: str) -> bool:
    """Whether two different words are one edit apart (Damerau 1964)."""
    if abs(len(word) - len(right)) > 1:
        return False
    same = next((i for i, (a, b) in enumerate(zip(word, right, strict=False)) if a != b), min(len(word), len(right)))
    rest, wanted = word[same:], right[same:]
    swapped = rest[:2] == wanted[:2][::-1] and rest[2:] == wanted[2:]
    return rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:] or swapped
