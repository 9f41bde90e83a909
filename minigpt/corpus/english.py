"""Inflects English words by rules: articles, plurals, gerunds, titles."""

from __future__ import annotations

import re
from collections.abc import Sequence

import regex

from minigpt.corpus.words import load_words

IRREGULAR = load_words("prompts_plain")["irregular plurals"]  # plural -> singular
MANY = {one: many for many, one in IRREGULAR.items()}
ENDINGS = ("s", "es", "ed", "d", "ing", "er", "ers", "'s", "s'")
SILENT_H = ("hour", "honest", "honor", "honour", "herb", "heir")
LIKE_YOU = re.compile(
    r"us[ae]|usual|uni(?!dent|mp|n|ll)|one(?!r)|once|eu|ewe|uti|ute[nr]|utah|ubi|uk[ue]|ukr|ur[aou]|uvu"
)  # pronounced with a consonant
SMALL = frozenset("a an and the of with on in for to at by from but or al alla au con de e".split())


def starts_with_vowel_sound(word: str) -> bool:
    """Whether English puts "an" before the word: an onion, an hour, an 8-minute egg, but a unicorn."""
    low = word.lower()
    if low.startswith(("8", "11", "18")):
        return True
    return low.startswith(SILENT_H) or (low[0] in "aeiou" and not LIKE_YOU.match(low))


def upper_first(text: str) -> str:
    """The text with its first letter capitalised."""
    return text[:1].upper() + text[1:]


def title_case(text: str) -> str:
    """The text in title case: small words are capitalised only at its ends."""
    words = text.split()
    inner = range(1, len(words) - 1)
    return " ".join(w if i in inner and w in SMALL else "-".join(upper_first(p) for p in w.split("-")) for i, w in enumerate(words))


def join_and(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def article(phrase: str) -> str:
    """ "a" or "an", by the sound of the phrase."""
    return "an" if starts_with_vowel_sound(phrase) else "a"


def gerund(verb: str) -> str:
    """The -ing form of a verb: bake -> baking, plan -> planning, tie -> tying."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    if regex.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", verb):
        return verb + verb[-1] + "ing"
    return verb + "ing"


def singular(word: str) -> str:
    """The singular of a plural, by table or rule."""
    if word in IRREGULAR:
        return str(IRREGULAR[word])
    if word.endswith(("ches", "shes", "sses", "xes", "oes", "zzes")):
        return word[:-3] if word.endswith("zzes") else word[:-2]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is", "ics", "news")) and len(word) > 3 else word


def plurals(word: str) -> list[str]:
    """The regular plural of a noun, its variants, and the possessive."""
    end = "ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else "es" if word.endswith(("s", "sh", "ch", "x", "o")) else "s"
    other = [word[:-1] + "ves"] if word.endswith("f") else []
    return [(word[:-1] if end == "ies" else word) + end, word + "s", word + "'s", *other, *_analyses(word)]


def inflections(word: str) -> list[str]:
    """Regular forms of a word as a noun or a verb: recipes, baking, stories."""
    more = {"e": ("ing", "er", "ers"), "y": ("ies", "ied"), "z": ("zzes",)}.get(word[-1], ())
    return [word + ending for ending in ENDINGS] + [word[:-1] + ending for ending in more] + _analyses(word)


def _analyses(word: str) -> list[str]:
    """The plural of a word in -sis."""
    return [word[:-2] + "es"] if word.endswith("sis") else []


def either_number(word: str) -> str:
    """A pattern that matches a noun in the singular, the plural and the possessive: a shy boy, shy boys, children."""
    before, last = word[: word.rfind(" ") + 1], word[word.rfind(" ") + 1 :]
    other = [forms[last] for forms in (IRREGULAR, MANY) if last in forms]
    forms = dict.fromkeys([last, *plurals(last), *other])
    return f"{re.escape(before)}(?:{'|'.join(map(re.escape, sorted(forms, key=len, reverse=True)))})"
