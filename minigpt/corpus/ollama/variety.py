"""How much a teacher repeats itself: each document in, whether it is new out; and what to change when it is often not."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable

WORD = re.compile(r"\w+")
GRAM = 5  # words of a shingle; characters, in scripts without spaces
NEAR = 0.8  # Jaccard similarity of shingles from which two documents say the same
OPENING = 4  # words
HEAT, HOTTEST = 0.1, 1.2  # a step of the temperature, and its end: beyond it small models lose their thread


class Variety:
    """The shingles of everything accepted, and how new the latest answers were."""

    def __init__(self, window: int, temperature: float = 0.8) -> None:
        self.window, self.temperature = window, temperature
        self.openings: deque[str] = deque(maxlen=4)
        self._homes: dict[int, list[int]] = {}  # shingle -> numbers of the documents that have it
        self._sizes: list[int] = []
        self._recent: deque[bool] = deque(maxlen=2 * window)
        self._since_change = 0

    def admit(self, text: str) -> bool:
        """Whether the text is new; then it belongs to what later ones are compared with."""
        grams = shingles(text)
        new = bool(grams) and not self._near(grams)
        if new:
            self._add(grams)
            self.openings.append(" ".join(text.split()[:OPENING])[:40])
        self._recent.append(new)
        self._since_change += 1
        return new

    def remember(self, texts: Iterable[str]) -> None:
        """Texts that were accepted in an earlier run."""
        for text in texts:
            self._add(shingles(text))

    def repeated(self) -> float:
        """The share of the last window's answers that were not new; 0 before a window is full."""
        latest = list(self._recent)[-self.window :]
        return latest.count(False) / len(latest) if len(latest) == self.window else 0.0

    def exhausted(self, least_new: int) -> bool:
        """Whether fewer than so many of the last two windows' answers were new."""
        return len(self._recent) == 2 * self.window and self._recent.count(True) < least_new

    def adapt(self) -> bool:
        """Raise the temperature if, over a window since the last change, more than a third was repetition; whether that was so."""
        if self._since_change < self.window or self.repeated() <= 1 / 3:
            return False
        self._since_change = 0
        self.temperature = round(min(HOTTEST, self.temperature + HEAT), 2)
        return True

    def _near(self, grams: set[int]) -> bool:
        shared = Counter(number for gram in grams for number in self._homes.get(gram, ()))
        return any(both / (len(grams) + self._sizes[number] - both) >= NEAR for number, both in shared.items())

    def _add(self, grams: set[int]) -> None:
        for gram in grams:
            self._homes.setdefault(gram, []).append(len(self._sizes))
        self._sizes.append(len(grams))


def shingles(text: str) -> set[int]:
    """The five-word sequences of a text, hashed; all its words as one if it has fewer."""
    words = WORD.findall(text.lower())
    if words and sum(map(len, words)) / len(words) > 12:  # no spaces between words
        words = list("".join(words))
    return {hash(tuple(words[i : i + GRAM])) for i in range(max(1, len(words) - GRAM + 1))} if words else set()
