"""Says the same in other words: each document has its own choice of words that mean the same, its own things where any of a kind will
do (a cake or a pie), and contracts verbs or does not."""

from __future__ import annotations

import random
import re
from functools import cache, lru_cache

from minigpt.corpus.words import Words, load_words

PLAIN = (
    "prophecy", "blessing", "insult", "label", "obituary", "log", "quest", "riddle", "weather", "commits", "changelog", "rap", "shanty",
    "spell",
    "tongue twister", "proverb", "quote", "school report",
)  # fmt: skip  # forms that do not contract verbs
FIXED = ("commits", "rap", "shanty", "spell", "tongue twister", "insult", "joke", "riddle")  # forms that keep every word
# after "have", where it is no verb of its own
HAVE = r"(?=(?:been|had|met|read|put|never|not|always|already|only|\w{2,}(?:ed|en|wn|ght|ne|de))\b)"
PAST = ("began to", "started to", "began with", "started with", "came back", "returned", "talked about", "chatted about")
PERFECT = re.compile(r"(?:\b(?:have|has|had|having)|'ve|'d)(?: \w+ly| never| not| all| just)? $")
VERBS = "[Ii]s|[Aa]re|[Ww]as|[Ww]ere|[Dd]o|[Dd]oes|[Dd]id|[Hh]as|[Hh]ave|[Hh]ad|[Ww]ould|[Cc]ould|[Ss]hould"
CONTRACTED = tuple(
    (re.compile(pattern), short)
    for pattern, short in (
        (rf"\b({VERBS}) not\b(?!:| only)", r"\1n't"),
        (r"\b([Cc])annot\b", r"\1an't"),
        (r"\b([Ww])ill not\b", r"\1on't"),
        (r"\bI am (?=[a-z])", "I'm "),
        (rf"(?<!and )\bI have {HAVE}", "I've "),
        (rf"\b([Ww]e|[Yy]ou|[Tt]hey) have {HAVE}", r"\1've "),
        (r"\b([Ww]e|[Yy]ou|[Tt]hey) are (?=[a-z])", r"\1're "),
        (r"\b(I|[Ww]e|[Yy]ou|[Tt]hey|[Ii]t) will (?=[a-z])", r"\1'll "),
        (r"(?<!of )(?<!than )(?<!as )(?<!So )(?<!so )\b([Ii]t|[Tt]hat|[Tt]here) is (?!to\b)(?=[a-z])", r"\1's "),
    )
)


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(re.escape(word) for word in sorted(words, key=len, reverse=True))})\b", re.IGNORECASE)


@lru_cache(64)
def _free(kept: str) -> list[list[list[str]]]:
    """The groups of things of which none is in the words that a document keeps."""
    groups: list[list[list[str]]] = load_words("occasion")["in its place"]
    return [group for group in groups if not any(re.search(rf"\b{word}s?\b", kept) for row in group for word in row)]


class Wording:
    """One document's choice among words that mean the same, and among things of a kind; none that `kept` holds is touched."""

    def __init__(self, rng: random.Random, words: Words, form: str, formal: bool, kept: str) -> None:
        self.fixed = form in FIXED
        self.short = rng.random() < 0.5 and form not in PLAIN and not formal
        self.chosen: dict[str, str] = {}
        for pair in words["same meaning"]:
            self.chosen |= dict.fromkeys(pair, rng.choice(pair))
        for group in _free(kept):
            for row in group:
                self.chosen |= dict(zip(row, rng.choice(group), strict=True))
        self.pattern = _pattern(tuple(self.chosen))

    def __call__(self, text: str) -> str:
        """The text in this document's words."""
        if self.fixed:
            return text
        text = self.pattern.sub(self._other, text)
        if self.short:
            for pattern, short in CONTRACTED:
                text = pattern.sub(short, text)
        return text

    def _other(self, match: re.Match[str]) -> str:
        if match[0].lower() in PAST and PERFECT.search(match.string, 0, match.start()):
            return match[0]  # had started, but had begun
        word = self.chosen[match[0].lower()]
        return word[0].upper() + word[1:] if match[0][0].isupper() else word
