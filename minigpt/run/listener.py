"""Callbacks of a run: the plan, progress, metrics and samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minigpt.run.course import Course
    from minigpt.training import Report


class Listener:
    """Ignores everything; a subclass overrides what it wants to show."""

    def say(self, topic: str, text: str) -> None:
        """Show a line of the plan or of the result."""

    def choose(self, what: str, lines: Sequence[str], proposed: int) -> int:
        """Choose one of the lines, by number; here the proposed one."""
        return proposed

    def accepts(self, what: str) -> bool:
        """Whether to go on although `what`; here always."""
        return True

    def progress(self, what: str, done: int, total: int | None) -> None:
        """`done` bytes of `total` were processed; None: the total is unknown."""

    def step(self, course: Course) -> None:
        """A training step was made."""

    def report(self, report: Report) -> None:
        """A line of metrics was written."""

    def sample(self, text: str) -> None:
        """The finished model wrote a sample."""
