"""What hears how a run goes: the plan, progress, metrics and samples in; what it does with them is its own affair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minigpt.run.course import Course
    from minigpt.training import Report


class Listener:
    """This one keeps it to itself."""

    def say(self, topic: str, text: str) -> None:
        """A line of the plan or of the result."""

    def choose(self, what: str, lines: Sequence[str], proposed: int) -> int:
        """Which of the lines to take; nobody is asked here, so it is the proposed one."""
        return proposed

    def progress(self, what: str, done: int, total: int | None) -> None:
        """So many bytes are done, of so many, or of nobody knows how many."""

    def step(self, course: Course) -> None:
        """A step was made."""

    def report(self, report: Report) -> None:
        """A line of metrics was written."""

    def sample(self, text: str) -> None:
        """The finished model wrote this."""
