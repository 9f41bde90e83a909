"""Cleans a stream of documents: drops bad and repeated ones, and counts them by reason.

Which rules apply depends on the source. Own text is left as the user wrote it, except for encoding errors; a language model's answers
lose their chatter and mark-up and must meet more conditions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from minigpt.corpus.characters import mended, plain, visible
from minigpt.corpus.choose.chatter import has_gaps, refuses, without_chatter, without_markup
from minigpt.corpus.choose.near_duplicates import NearDuplicates, Signature, Signatures
from minigpt.corpus.documents import MOST_LETTERS, Document, opening
from minigpt.corpus.prompt.language import language_of_text

LEAST_WORDS = 4  # of a generated document
OPENING_SHARE, OPENING_LEAST = 0.1, 5  # share of the documents so far that may begin alike, and a number that always may
SEEN_LANGUAGES, MAIN_SHARE = 20, 0.9  # documents before a corpus can have a main language, and the share that makes it one
LANGUAGE_LETTERS = 1000  # characters of a document by which its language is detected

Rule = Callable[[str], str]


Rules = dict[str, dict[str, Rule]]  # source -> name of a rule -> the rule
REPAIRS: Rules = {"own": {"encoding repaired": mended}}  # applied to the raw text, control characters and all
TRIMS: Rules = {"ollama": {"mark-up": without_markup, "chatter": without_chatter}}


class Examined(NamedTuple):
    """What a document shows by itself, whatever came before it."""

    document: Document  # with its text trimmed
    trimmed: Sequence[str]  # the rules that changed it
    language: str  # of its beginning
    signature: Signature
    ids: Sequence[int] | None = None  # in GPT-2's vocabulary with end-of-text, where they are known already


class Examiner:
    """Documents -> what they show by themselves."""

    def __init__(self) -> None:
        self.signatures = Signatures()

    def __call__(self, document: Document) -> Examined:
        """Trim a document by the rules of its source, and look at what is left."""
        trimmed = list[str]()
        text = apply(REPAIRS, document.source, document.text, trimmed)
        text = apply(TRIMS, document.source, plain(text), trimmed)
        kept = document if text == document.text else replace(document, text=text)
        return Examined(kept, trimmed, language_of_text(text[:LANGUAGE_LETTERS]), self.signatures.of(text))


def one_by_one(documents: Iterable[Document]) -> Iterable[Examined]:
    """Examine each document when it is asked for."""
    return map(Examiner(), documents)


def apply(rules: Rules, source: str, text: str, trimmed: list[str]) -> str:
    """Apply a source's rules to a text, and list those that changed it."""
    for name, rule in rules.get(source, {}).items():
        changed = rule(text)
        if changed != text:
            trimmed.append(name)
        text = changed
    return text


class Cleaner:
    """Cleans lazily: each document is yielded before the next is read. Memory is bounded.

    `dropped` counts dropped documents by reason, `trimmed` counts changed documents by rule.
    """

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self.trimmed: Counter[str] = Counter()
        self._near = NearDuplicates()
        self._openings: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._passed = 0

    def __call__(self, examined: Iterable[Examined]) -> Iterator[Examined]:
        """The clean and new ones."""
        for found in examined:
            self.trimmed.update(found.trimmed)
            if reason := self._fault(found) or self._near.known(found.signature):
                self.dropped[reason] += 1
                continue
            self._count(found)
            yield found

    def _fault(self, found: Examined) -> str | None:
        """The reason to drop a document, or None."""
        text, source = found.document.text, found.document.source
        if not visible(text):
            return "empty"
        if source == "ollama" and refuses(text):
            return "refusal"
        if source == "ollama" and has_gaps(text):
            return "unfilled form"
        if source != "own" and len(text.split()) < LEAST_WORDS and len(text) < LEAST_WORDS * LEAST_WORDS:
            return "too short"
        if source != "own" and len(text) > MOST_LETTERS:
            return "too long"
        if source == "ollama" and self._openings[opening(text)] >= max(OPENING_LEAST, OPENING_SHARE * self._passed):
            return "common opening"
        return "other language" if self._is_foreign(found.language) else None

    def _is_foreign(self, language: str) -> bool:
        """Whether almost all documents so far are in one language, and this one certainly in another."""
        total = self._languages.total()
        if total < SEEN_LANGUAGES:
            return False
        main, count = self._languages.most_common(1)[0]
        return count >= MAIN_SHARE * total and language not in ("", main)

    def _count(self, found: Examined) -> None:
        """Update what later documents are compared with."""
        self._passed += 1
        if found.document.source == "ollama":
            self._openings[opening(found.document.text)] += 1
        if self._passed <= 50 * SEEN_LANGUAGES and found.language:
            self._languages[found.language] += 1
