"""Documents in, as they come; out come those that are sound and new, and a count of the others by reason.

Each rule is a function of one document. Which rules hold depends on the source: own text is the user's, and left as it is but for what
cannot be meant; what a language model wrote is freed of what it says around the text, and held to the request.
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
OPENING_SHARE, OPENING_LEAST = 0.1, 5  # of the documents so far may begin alike; so many documents may anyway
SEEN_LANGUAGES, MAIN_SHARE = 20, 0.9  # documents before one language can be the corpus's, and its share
LANGUAGE_LETTERS = 1000  # of a document, by which its language is told

Rule = Callable[[str], str]


Rules = dict[str, dict[str, Rule]]  # source -> what a rule does -> the rule
REPAIRS: Rules = {"own": {"encoding mended": mended}}  # applied to the raw text, control characters and all
TRIMS: Rules = {"ollama": {"mark-up": without_markup, "chatter": without_chatter}}


class Cleaner:
    """Lazy: a document comes out before the next is asked for. Memory is bounded, however many pass.

    `dropped` counts documents by the reason why they did not come out, `trimmed` those that lost something, by what it was.
    """

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self.trimmed: Counter[str] = Counter()
        self._near = NearDuplicates()
        self._openings: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._passed = 0

    def __call__(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The documents that are sound and new."""
        for document in documents:
            text = self._trim(document)
            reason = self._fault(text, document.source) or self._near.seen(text)
            if reason:
                self.dropped[reason] += 1
                continue
            self._count(text, document.source)
            yield document if text == document.text else replace(document, text=text)

    def _trim(self, document: Document) -> str:
        """The text after its source's rules; each rule that changed it is counted."""
        text = self._apply(REPAIRS, document.source, document.text)
        return self._apply(TRIMS, document.source, plain(text))

    def _apply(self, rules: Rules, source: str, text: str) -> str:
        for name, rule in rules.get(source, {}).items():
            changed = rule(text)
            self.trimmed[name] += changed != text
            text = changed
        return text

    def _fault(self, text: str, source: str) -> str | None:
        """Why a text cannot stay, whatever others say."""
        if not visible(text):
            return "empty"
        if source == "ollama" and refuses(text):
            return "refusal"
        if source == "ollama" and has_gaps(text):
            return "a form to be filled in"
        if source != "own" and len(text.split()) < LEAST_WORDS and len(text) < LEAST_WORDS * LEAST_WORDS:
            return "too short"
        if source != "own" and len(text) > MOST_LETTERS:
            return "too long"
        if source == "ollama" and self._openings[opening(text)] >= max(OPENING_LEAST, OPENING_SHARE * self._passed):
            return "begins like too many"
        return "of another language" if self._is_foreign(text) else None

    def _is_foreign(self, text: str) -> bool:
        """Whether all but a few documents so far are of one language, and this one is certainly of another."""
        total = self._languages.total()
        if total < SEEN_LANGUAGES:
            return False
        main, count = self._languages.most_common(1)[0]
        return count >= MAIN_SHARE * total and language_of_text(text[:LANGUAGE_LETTERS]) not in ("", main)

    def _count(self, text: str, source: str) -> None:
        """What later documents are compared with."""
        self._passed += 1
        if source == "ollama":
            self._openings[opening(text)] += 1
        if self._passed <= 50 * SEEN_LANGUAGES and (language := language_of_text(text[:LANGUAGE_LETTERS])):
            self._languages[language] += 1
