"""Detects the language of a prompt or a text, and translates prompt words into English by glossaries.

The script decides if few languages use it; among languages in Latin script, the most common words do.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import regex

from minigpt.corpus.characters import compose
from minigpt.corpus.wordnet import wordnet
from minigpt.corpus.words import load_words

LANGUAGES = load_words("prompts_languages")
NAMES: Mapping[str, str] = LANGUAGES["language names"]  # code -> English name
WITHOUT_SPACES = ("ja", "zh", "th", "ko")  # Korean has spaces, but endings are attached to words
PLAIN = ""  # the English of a function word
WORD = regex.compile(r"[\p{L}\p{M}]+(?:['-][\p{L}\p{M}]+)*")
CLEAR, LEAST_HITS = 0.1, 5  # least share and number of a language's function words in a text
LONGEST_COMPOUND = 80  # letters; longer strings are not words, and splitting them would be slow
LEAST_PART = 4  # fewest letters of a word to be recognised in a compound


@dataclass(frozen=True)
class Glossary:
    """The words of a language that prompts need, in English: `words` are whole, `stems` take any ending."""

    words: Mapping[str, str]
    stems: Mapping[str, str]
    letters: str  # letters typical of the language
    prefixes: tuple[str, ...]  # attached to words: "the", "and", "for" in Arabic and Hebrew
    particles: tuple[str, ...]  # attached to the ends of words, in Korean
    elisions: Mapping[str, str]  # d'amour -> de amour
    compounds: bool  # whether words form compounds, as in German
    without: tuple[str, ...]  # suffixes (-frei, -siz) and prefixes (без-) that negate the rest of the word

    def english(self, word: str) -> str | None:
        """The English for a lower-case word; "" for a function word; None for an unknown one."""
        for form in (word, *(word[len(p) :] for p in self.prefixes if word.startswith(p) and len(word) > len(p) + 1)):
            if form in self.words:
                return self.words[form]
            for end in range(len(form), 1, -1):
                if form[:end] in self.stems:
                    return self.stems[form[:end]]
        return None

    def parts(self, word: str) -> list[tuple[str, str | None]]:
        """The parts of a compound with their English: Kürbissuppe is pumpkin and soup; the whole word if its end is unknown."""
        known = self.english(word)
        if word in self.words or len(word) > LONGEST_COMPOUND:
            return [(word, known)]
        if (known is None or known in _foods()) and (ruled_out := self._ruled_out(word)):
            return [ruled_out, ("", "-less")]
        if not self.compounds:
            return [(word, known)]
        for cut in range(3, len(word) - LEAST_PART + 1):
            if self.english(word[cut:]):
                return [*self._front(word[:cut]), (word[cut:], self.english(word[cut:]))]
        return [(word, known)]

    def _ruled_out(self, word: str) -> tuple[str, str] | None:
        """The food that a word says "without": egg in the German eifrei, nut in the Turkish cevizsiz."""
        for affix in self.without:
            ends, bare = affix.startswith("-"), affix.strip("-")
            rest = word.removesuffix(bare) if ends else word.removeprefix(bare)
            for part, english in self._front(rest) if rest != word else []:
                if english in _foods():
                    return part, english
        return None

    def _front(self, part: str) -> list[tuple[str, str | None]]:
        """The first part of a compound, without its linking letters."""
        shorter = [part.removesuffix(joint) for joint in ("", "s", "es", "n", "en", "e")]
        known = [short for short in shorter if short in self.words] or [short for short in reversed(shorter) if self.english(short)]
        return [(known[0], self.english(known[0]))] if known else [(part, None)]


@cache
def _foods() -> frozenset[str]:
    return frozenset(load_words("prompts_foods")["foods"])


@cache
def glossaries() -> Mapping[str, Glossary]:
    """All glossaries by language. Japanese and Chinese share characters, so each falls back on the other."""
    tables = load_words("prompts_glossary")
    rows = {**tables["glossary"], **tables["more glossary"]}
    return {code: _glossary(code, row, rows[{"ja": "zh", "zh": "ja"}.get(code, code)]["words"]) for code, row in rows.items()}


def _glossary(code: str, row: Mapping[str, Any], fallback: Mapping[str, str]) -> Glossary:
    words: dict[str, str] = {}
    plain = [("", ", ".join(" ".join(row["plain"]).split()))]
    for english, foreign in (*fallback.items(), *plain, *row["words"].items()):  # for a word in several tables the last one counts
        words |= dict.fromkeys(compose(foreign).lower().split(", "), english or PLAIN)
    for other in row.get("words of the other language", "").split():
        del words[other]
    stems = {word[:-1]: english for word, english in words.items() if word.endswith("*")}
    whole = {word: english for word, english in words.items() if not word.endswith("*")}
    prefixes, particles = (tuple(row.get(key, "").split()) for key in ("prefixes", "particles"))
    compounds = code in LANGUAGES["languages with compounds"]
    without = tuple(row.get("without inside a word", "").split())
    return Glossary(whole, stems, row.get("letters", ""), prefixes, particles, row.get("elisions", {}), compounds, without)


def language_of(prompt: str) -> str:
    """The language of a prompt; "en" unless there is evidence for another."""
    scripts: Counter[str] = Counter()
    latin = []
    for word in WORD.findall(prompt.lower()):
        codes = Counter(filter(None, map(_script, word)))
        for code, letters in codes.items():
            scripts[code] += letters / 2 if code in WITHOUT_SPACES else 1  # type: ignore[assignment]
        if sum(codes.values()) < len(word) and word != "gpt":
            latin.append(word)
    if scripts["ja"]:
        scripts["ja"] += scripts.pop("zh", 0)  # kana along with Chinese characters
    if not scripts or scripts.most_common(1)[0][1] < len(latin):
        return _latin(prompt.lower(), latin)
    code = scripts.most_common(1)[0][0]
    for other, letters in LANGUAGES["letters of another language"].items():
        if set(letters) & set(prompt.lower()) and _script(letters[0]) == code:
            return str(other)
    return code


@cache
def _script(letter: str) -> str | None:
    """The language that a letter's script stands for; None for Latin letters and for other characters."""
    first = unicodedata.name(letter, "").split(" ")[0].split("-")[0]
    code: str | None = LANGUAGES["scripts"].get(first)
    return code


def _latin(prompt: str, words: list[str]) -> str:
    """The language with most words and typical letters in the prompt; English unless another has more."""
    score = {"en": float(sum(word in english_words() or word.removesuffix("s") in english_words() for word in words))}
    for code, glossary in glossaries().items():
        if code in LANGUAGES["scripts"].values() or code == "uk":
            continue
        score[code] = sum(glossary.english(word) is not None for word in _split_elisions(prompt, glossary))
        score[code] += sum(any(letter in word for letter in glossary.letters) for word in words)
        score[code] += 0.5 * sum(len(glossary.parts(word)) > 1 for word in words)
    best = max(score, key=lambda code: score[code])
    if best != "en" and score[best] <= 1 and len(words) > 1:
        foreign = [word for word in words if glossaries()[best].english(word) is not None] or words
        if all(wordnet().base(word) for word in words) or all(_is_english(word) for word in foreign):
            return "en"  # a French word or two are English words as well: court speeches, mad libs
    return best


def _is_english(word: str) -> bool:
    return bool(wordnet().base(word)) or word in wordnet().adjectives


@cache
def _small_words() -> Mapping[str, tuple[str, ...]]:
    """Function word -> the languages in Latin script that have it."""
    languages: dict[str, set[str]] = {}
    small = {code: [w for w, english in g.words.items() if english == PLAIN] for code, g in glossaries().items()}
    for code, words in {**small, "en": LANGUAGES["small english words"].split()}.items():
        for word in words:
            languages.setdefault(word, set()).add(code)
    return {word: tuple(sorted(codes)) for word, codes in languages.items()}


def language_of_text(text: str) -> str:
    """The language of a longer text, by its script or its function words; "" if unclear. Fast."""
    words = WORD.findall(text.lower())
    foreign = Counter(code for word in words if not word.isascii() and (code := _script(word[0])))
    if foreign and foreign.total() > len(words) / 2:
        return foreign.most_common(1)[0][0]
    hits = Counter(code for word in words for code in _small_words().get(word, ()))
    (best, most), *others = [*hits.most_common(2), ("", 0)][:2]
    clear = most >= CLEAR * len(words) and most >= LEAST_HITS and most >= 1.5 * others[0][1]
    return best if clear else ""


def _split_elisions(prompt: str, glossary: Glossary) -> Iterator[str]:
    yield from WORD.findall(expand(prompt, glossary))


def expand(prompt: str, glossary: Glossary) -> str:
    """The prompt with its elisions expanded: "poèmes d'amour" -> "poèmes de amour"."""
    for short, full in glossary.elisions.items():
        prompt = regex.sub(rf"\b{short}", full, prompt)
    return prompt


@cache
def english_words() -> frozenset[str]:
    """The most common English words, and those that the glossaries translate into."""
    plain = load_words("prompts_plain")
    own = {word for table in plain.values() for word in table}
    translated = {english for glossary in glossaries().values() for table in (glossary.words, glossary.stems) for english in table.values()}
    return frozenset(own | translated - {PLAIN})
