"""Measures how much a teacher repeats itself, and raises the temperature if that is too much."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from minigpt.corpus.choose.near_duplicates import NearDuplicates

REMEMBERED = 2**16  # documents that later ones are compared with
OPENING = 4  # words
HEAT, HOTTEST = 0.1, 1.2  # step and maximum of the temperature; above it small models become incoherent


class Repetition:
    """Which answers were new, and the temperature for the next ones."""

    def __init__(self, window: int, temperature: float = 0.8) -> None:
        self.window, self.temperature = window, temperature
        self.openings: deque[str] = deque(maxlen=4)
        self._near = NearDuplicates(REMEMBERED)
        self._recent: deque[bool] = deque(maxlen=2 * window)
        self._since_change = 0

    def admit(self, text: str) -> bool:
        """Whether the text is new; if so, later ones are compared with it too."""
        new = bool(text.strip()) and self._near.seen(text) is None
        if new:
            self.openings.append(" ".join(text.split()[:OPENING])[:40])
        self._recent.append(new)
        self._since_change += 1
        return new

    def remember(self, texts: Iterable[str]) -> None:
        """Add texts accepted in an earlier run."""
        for text in texts:
            self._near.seen(text)

    def repeated(self) -> float:
        """The share of the last window's answers that were not new; 0 until a window is full."""
        latest = list(self._recent)[-self.window :]
        return latest.count(False) / len(latest) if len(latest) == self.window else 0.0

    def exhausted(self, least_new: int) -> bool:
        """Whether fewer than `least_new` of the last two windows' answers were new."""
        return len(self._recent) == 2 * self.window and self._recent.count(True) < least_new

    def adapt(self) -> bool:
        """Raise the temperature if more than a third of the window since the last change was repetition; return whether it was."""
        if self._since_change < self.window or self.repeated() <= 1 / 3:
            return False
        self._since_change = 0
        self.temperature = round(min(HOTTEST, self.temperature + HEAT), 2)
        return True
