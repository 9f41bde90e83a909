"""Cleans a stream of documents: drops bad and repeated ones, and counts them by reason.

Which rules apply depends on the source. Own text is left as the user wrote it, except for encoding errors; a language model's answers
lose their chatter and mark-up and must meet more conditions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from minigpt.corpus.characters import mended, plain, visible
from minigpt.corpus.choose.chatter import has_gaps, refuses, without_chatter, without_markup
from minigpt.corpus.choose.near_duplicates import NearDuplicates
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

    def __call__(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The clean and new documents."""
        for document in documents:
            text = self._trim(document)
            reason = self._fault(text, document.source) or self._near.seen(text)
            if reason:
                self.dropped[reason] += 1
                continue
            self._count(text, document.source)
            yield document if text == document.text else replace(document, text=text)

    def _trim(self, document: Document) -> str:
        """Apply the source's rules to the text, and count those that changed it."""
        text = self._apply(REPAIRS, document.source, document.text)
        return self._apply(TRIMS, document.source, plain(text))

    def _apply(self, rules: Rules, source: str, text: str) -> str:
        for name, rule in rules.get(source, {}).items():
            changed = rule(text)
            self.trimmed[name] += changed != text
            text = changed
        return text

    def _fault(self, text: str, source: str) -> str | None:
        """The reason to drop a text, or None."""
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
        return "other language" if self._is_foreign(text) else None

    def _is_foreign(self, text: str) -> bool:
        """Whether almost all documents so far are in one language, and this one certainly in another."""
        total = self._languages.total()
        if total < SEEN_LANGUAGES:
            return False
        main, count = self._languages.most_common(1)[0]
        return count >= MAIN_SHARE * total and language_of_text(text[:LANGUAGE_LETTERS]) not in ("", main)

    def _count(self, text: str, source: str) -> None:
        """Update what later documents are compared with."""
        self._passed += 1
        if source == "ollama":
            self._openings[opening(text)] += 1
        if self._passed <= 50 * SEEN_LANGUAGES and (language := language_of_text(text[:LANGUAGE_LETTERS])):
            self._languages[language] += 1
