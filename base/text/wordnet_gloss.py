"""Turns a gloss of WordNet into a phrase that can follow "is" or "are", with the article and the number that it needs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from minigpt.corpus.english import article, starts_with_vowel_sound

MOST_WORDS, LEAST_WORDS, LEAST_CUT = 28, 2, 7
DETERMINED = re.compile(
    r"((originally|formerly) (?=an? ))?(a|an|the|any|"
    r"one|some|someone|somebody|something|anyone|anything|each|either|every|all|both|several|two|three|four|many|various|"
    r"those|that|your|his|her|its|what|whatever|how|another) ",
    re.IGNORECASE,
)
PREPOSITIONS = frozenset(
    "of that which who whose whom where when in on at for from to by with without under over between among near into within through during "
    "against about around above below along across after before behind like than as or and but so because if usually especially typically "
    "often sometimes formerly originally generally chiefly mainly is are was were has have had can may not".split()
)
PARTICIPLES = frozenset(
    "having living growing consisting containing resembling bearing causing being lasting used made formed found worn carried caused given "
    "held marked grown cultivated designed intended produced characterized known called located native able similar related composed "
    "covered attached fitted equipped trained obtained derived based built played performed served cooked filled involving using giving "
    "occurring serving belonging covering surrounding extending including "
    "producing feeding lying requiring forming yielding adapted capable "
    "situated shaped placed taken eaten written set worked operated intended ranging resulting "
    "preceding following designating concerned relating pertaining noted famous important larger smaller".split()
)
MASS_FILES = frozenset(
    (7, 9, 12, 13, 16, 19, 22, 26, 27)
)  # attribute, cognition, feeling, food, motive, phenomenon, process, state, substance
COUNTING = re.compile(r"(a|an|any|one|someone) ")
WITH_THE = re.compile(
    r"\b(River|Sea|Ocean|Empire|War|Mountains|Islands|Alps|Desert|Canal|Gulf|Strait|Republic|Kingdom|Revolution|Ages|States|Museum)$"
)
NEVER_THE = frozenset((5, 10, 20))  # animals, languages, plants
LEAST_SEEN, MOSTLY = 3, 0.6  # how often a name must be seen, and with "the", to be one that takes it
PAIRS = frozenset("scissors trousers pants pliers tongs jeans tweezers binoculars shears jesses clothes goods spectacles shorts".split())
ACT = 4  # WordNet's number of the field of acts
ABSTRACT_FILES = MASS_FILES | {4, 10, 14, 24}  # and acts, communication, groups, relations
ONE = re.compile(r"(a|an|any|one|each) ")
COUNTED_FILES = frozenset((4, 5, 6, 8, 11, 13, 17, 18, 20, 23, 28))  # where a capitalised word may be a common noun: a German shepherd
USED = re.compile(
    r"(widely |commonly |often |formerly |sometimes |usually |mainly |chiefly |now )?(used|found|native|eaten|grown|"
    r"cultivated|worn|considered|made|kept|"
    r"valued|prized|played|served|known) (in|to|for|as|by|from|on|with|at|of|when|throughout)\b.*"
)
NOT_LABELS = re.compile(
    r"(plural|informal|formal|slang|colloquial|archaic|usually|often|trade|figurative|British|American|prefatory|from|of|by|in|on|or|as|with|used|"
    r"ethnic|sometimes|chiefly|Brit|Scottish|Irish|singular|not|when|especially|trademark)\b.*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Phrase:
    """A definition: what follows "is" or "are", whether it is plural ("p" or "s"), what else is said, and the field it belongs to."""

    text: str
    number: str
    more: str  # "used in falconry": follows "It is" or "They are"
    label: str  # "chess", from "(chess) ..."


class Lexicon:
    """What WordNet's own texts show of its nouns: which are counted, which take "the", which plurals are irregular."""

    def __init__(self, files: Mapping[str, bytes], texts: Iterable[str]) -> None:
        self.nouns, self.adjectives, self.verbs = (
            {row.split()[0].replace("_", " ") for row in files[name].decode("latin-1").splitlines() if not row.startswith("  ")}
            for name in ("index.noun", "index.adj", "index.verb")
        )
        self.words: Counter[str] = Counter()
        self.after_a: Counter[str] = Counter()
        self.bare: Counter[str] = Counter()
        self.after_the: Counter[str] = Counter()
        self.capital: Counter[str] = Counter()
        self.caps = {
            w.replace("_", " ")
            for row in files["data.noun"].decode("latin-1").splitlines()
            if row[:1].isdigit()
            for w in row.split()[4:40:2]
            if w[:1].isupper()
        }
        for text in texts:
            self._count(re.findall(r"[A-Za-z][\w'-]*|[;,.\"()]", text))
        exceptions = (row.split()[:2] for row in files["noun.exc"].decode("latin-1").splitlines())
        self.irregular = {one: many for many, one in exceptions if self.words[many] > self.words[regular_plural(one)] and many != one}

    def _count(self, words: list[str]) -> None:
        for i, word in enumerate(words):
            self.words[word.lower()] += 1
            before = words[i - 1].lower() if i else ""
            last = i + 1 == len(words) or words[i + 1].lower() in PREPOSITIONS or not words[i + 1][0].isalpha()
            if last and (before in ("a", "an", "each", "another", "one") or (i > 1 and words[i - 2].lower() in ("a", "an", "each", "one"))):
                self.after_a[word.lower()] += 1
            elif last and word.islower() and before in ("of", "in", "with", "by", "for", "from", "as", "into", "and", "or", "without"):
                self.bare[word.lower()] += 1
            if word[0].isupper():
                for n in (1, 2, 3):
                    name = " ".join(words[i : i + n])
                    if name in self.caps:
                        self.capital[name] += 1
                        self.after_the[name] += before == "the"

    def counted(self, word: str, file: int | None = None) -> bool:
        """Whether a noun takes "a": by WordNet's texts, or, where they do not show it, by its field."""
        last = word.lower().split()[-1].split("-")[-1]
        a, bare = self.after_a[last] + (0 if last in self.verbs else self.words[self.plural(last)]), self.bare[last]
        if a + bare >= 6 or (a + bare >= 3 and file is None):
            return a >= bare
        return file is None or file not in MASS_FILES

    def often_counted(self, word: str) -> bool:
        """Whether the texts themselves say "a" before a word."""
        a, bare = self.after_a[word.lower()] + self.words[self.plural(word.lower())], self.bare[word.lower()]
        return a >= 4 and a > 2 * bare

    def is_plural(self, word: str) -> bool:
        last = re.split(r" (?:of|in|on|for|at|from|to|with)\b", word.lower())[0].split()[-1]
        return self.singular(last) != last

    def singular(self, word: str) -> str:
        """The singular of a plural that is no noun of its own."""
        for ending, put in (("ies", "y"), ("ves", "f"), ("ses", "s"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", "")):
            if (
                word.endswith(ending)
                and len(word) > 3
                and word[: -len(ending)] + put in self.nouns
                and not word.endswith(("ss", "us", "is"))
            ):
                return word[: -len(ending)] + put
        return {"men": "man", "women": "woman", "people": "person", "children": "child", "feet": "foot", "teeth": "tooth", "mice": "mouse",
                "geese": "goose", "fishes": "fish", "wolves": "wolf", "leaves": "leaf"}.get(word, word)  # fmt: skip

    def plural(self, word: str) -> str:
        return getattr(self, "irregular", {}).get(word) or regular_plural(word)

    def with_plural(self, word: str) -> str:
        """The word, with its plural after a "/" if that is irregular."""
        last = re.split(r"[ -]", word)[-1]
        many = "men" if last.endswith("man") and last not in ("human", "german", "roman", "norman", "talisman", "shaman", "ottoman") else ""
        many = last[:-3] + many if many else self.irregular.get(last, "")
        return f"{word}/{word[: len(word) - len(last)]}{many}" if many and "|" not in many else word

    def number(self, word: str, file: int, instance: bool, phrase: Phrase) -> str:
        """How the word stands in a sentence: c a hawk, m falconry, p jesses, t the Renaissance."""
        most = self.capital[word] >= LEAST_SEEN and self.after_the[word] > MOSTLY * self.capital[word]
        if word[:1].isupper() and most and file not in NEVER_THE:
            return "t"
        if instance:
            return "t" if WITH_THE.search(word) else "m"
        if word[:1].isupper() and phrase.label.endswith("mythology"):
            return "m"
        if re.search(r"ics( |$)|series$|species$|news$", word):
            return "m"
        if self.is_plural(word) or word in PAIRS:
            return "p"
        if word.split()[-1][:1].isupper() and not (file in COUNTED_FILES and COUNTING.match(phrase.text)):
            return "m"
        if file == 18:
            return "c"
        if re.search(r"(?<!th)(ing|ism|ness|ity|ship|hood|ology|graphy|nomy|ics|cy|ure)$", word) and not self.often_counted(word):
            return "m" if file not in (5, 6, 17, 18, 20, 8) else "c"
        if file == ACT and re.search(r"ing\b", word) and not self.often_counted(word):
            return "m"
        last = word.lower().split()[-1]
        if file in ABSTRACT_FILES and " " in word and self.bare[last] > 2 * self.after_a[last]:
            return "m"
        if file in ABSTRACT_FILES and phrase.text and not ONE.match(phrase.text) and not self.often_counted(word):
            return "m"
        return "c" if self.counted(word, file) else "m"


def regular_plural(word: str) -> str:
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "sh", "ch", "x", "z")) else "s")


def an(text: str) -> str:
    """The text after "a" or "an"."""
    return f"{article(text)} {text}"


def clean(gloss: str, lexicon: Lexicon, verb: bool = False, person: bool = False) -> Phrase | None:
    """The gloss as a phrase; None if it cannot follow "is" or "are"."""
    text = re.split(r'[;:,]?\s*"', gloss)[0]
    label = ""
    if found := re.match(r"\(([^()]*)\)\s*", text):
        label = "" if NOT_LABELS.fullmatch(found[1]) or found[1].lower() not in lexicon.nouns else found[1]
        if not label:
            return (
                None
                if not re.match(r"(plural|usually plural|often plural|formal|trademark)", found[1])
                else clean(gloss[found.end() :], lexicon, verb, person)
            )
        text = text[found.end() :]
    if person:
        text = re.sub(r"\s*\([^()]*\d[^()]*\)", "", text)
    first, *rest = (re.sub(r"\s+", " ", re.sub(r"\s*\([^()]*\)", "", piece)).strip(" ,.") for piece in text.split(";"))
    more = next((piece for piece in rest if USED.fullmatch(piece) and len(piece.split()) < 16 and plain(piece)), "")
    first = re.sub(r"\s*(, etc|etc\.?|, as in.*|, e\.g\..*|, i\.e\..*| e\.g\..*| i\.e\..*)$", "", re.split(r":| -- | - ", first)[0]).strip(
        " ,"
    )
    first, more = shortened(right_articles(first)), right_articles(more)
    if not plain(first) or not LEAST_WORDS <= len(first.split()) <= MOST_WORDS:
        return None
    if verb:
        word = first.split()[0]
        return Phrase(first, "s", "", label) if word in lexicon.verbs and not first.startswith("be ") else None
    if DETERMINED.match(first):
        first = re.sub(r"^(any|some) (of )?(a |the )?(number|group|family|class|genus|order) of (?=[a-z ,]*s\b)", "any of ", first)
        if re.match(r"(what|whatever|how|your|his|her|its|that|either|every|each) ", first):
            return None
        plural = re.match(r"(all|some|several|two|three|four|many|various|both|those) (?!of )", first) is not None
        if re.match(r"(the|a|an) ", first):
            words = first.split()[1:]
            head = head_of(words, lexicon)
            noun = words[head].strip(",").lower() if head is not None else ""
            plural = first.startswith("the ") and bool(noun) and many_noun(noun, lexicon)
            if (
                head is not None
                and re.search(r"^[^,]*\b(was|were|is|are) the\b", " ".join(words[head:]))
                and not re.search(r"\b(that|which|who|when|where|what|whose)\b", first)
            ):
                return None
        return Phrase(first, "p" if plural else "s", more, label)
    return bare_phrase(first, more, label, lexicon, person)


def shortened(text: str) -> str:
    """A long definition without its last clauses, which only narrow it."""
    while len(text.split()) > MOST_WORDS:
        cut = max(text.rfind(sign) for sign in (", ", " that ", " which ", " who ", " when ", " where ", " having ", " with "))
        if len(text[: max(cut, 0)].split()) < LEAST_CUT:
            return text
        text = re.sub(r"( and| or|,| in| of| by| from| to| on)+$", "", text[:cut])
    return text


def right_articles(text: str) -> str:
    return re.sub(r"\ban? (?=([\w-]+))", lambda m: "an " if starts_with_vowel_sound(m[1]) else "a ", text)


def plain(text: str) -> bool:
    """Whether a phrase reads as prose: no signs, no dangling brackets."""
    return (
        re.fullmatch(r"[A-Za-z0-9 ,.'/&%-]+", text) is not None
        and not re.search(r"\b(\w+) \1\b|\b(e\.g|i\.e|etc|q\.v|cf|sb|sth)\b|, ,|/", text)
        and not text.endswith((" the", " a", " of", " or", " and", " in"))
    )


def many_noun(noun: str, lexicon: Lexicon) -> bool:
    return lexicon.is_plural(noun) and noun not in (
        "series",
        "species",
        "means",
        "news",
        "physics",
        "mathematics",
        "headquarters",
        "crossroads",
        "works",
    )


def bare_phrase(text: str, more: str, label: str, lexicon: Lexicon, person: bool) -> Phrase | None:
    """A phrase without a determiner: "large hawk of Eurasia" becomes "a large hawk of Eurasia", "birds of prey" is plural."""
    usually = re.match(r"(usually|often|typically|chiefly|mostly|mainly) ", text)
    before, text = (usually[0], text[usually.end() :]) if usually else ("", text)
    words = text.split()
    head = head_of(words, lexicon)
    if head is None:
        return None
    noun = words[head].strip(",").lower()
    if noun in ("feeling", "doing", "making", "going", "getting", "one") or re.match(r"\d", words[0]):
        return None
    if many_noun(noun, lexicon):
        return Phrase(before + text, "p", more, label)
    if noun not in lexicon.nouns and noun.split("-")[-1] not in lexicon.nouns:
        return None
    if words[0].endswith("ing") and words[0] not in lexicon.adjectives:  # placing property in custody
        return Phrase(before + text, "s", more, label)
    best = re.match(r"(\w+est|first|last|only|main|chief|most \w+|same) ", text)  # the largest city in Scotland
    return Phrase(before + (f"the {text}" if best else an(text) if person or lexicon.counted(noun) else text), "s", more, label)


def head_of(words: list[str], lexicon: Lexicon) -> int | None:
    """The place of the noun that the phrase is about: the last word before the first preposition or participle."""
    if (
        words[0].lower() in PREPOSITIONS
        or words[0] in PARTICIPLES
        or words[0].lower() in ("being", "when", "there", "same", "more", "most", "not")
    ):
        return None
    for i, word in enumerate(words):
        after = words[i + 1].strip(",").lower() if i + 1 < len(words) else "of"
        bare = word.strip(",").lower()
        known = bare in lexicon.nouns or lexicon.is_plural(bare) or bare.split("-")[-1] in lexicon.nouns
        adjective = bare in lexicon.adjectives
        if word.endswith(",") and adjective:
            continue
        joined = after in ("and", "or") and adjective
        participle = (
            after in PARTICIPLES
            or (after.endswith("ing") and after not in lexicon.nouns)
            or (re.search(r"(ed|ing)$", after) and i + 2 < len(words) and words[i + 2].lower() in PREPOSITIONS)
        )
        if word.endswith(",") or ((after in PREPOSITIONS or participle) and not joined):
            if known and not (adjective and bare not in lexicon.nouns):
                return i
            if after in PREPOSITIONS:
                return None
    return None
