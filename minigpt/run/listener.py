"""Callbacks of a run: the plan, progress, metrics and samples; and what the person in front of it wishes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minigpt.disk.folder import RunFolder
    from minigpt.run.course import Course
    from minigpt.training import Report


class Wish(Enum):
    """What a person may ask of a training between two steps."""

    PAUSE = "pause"  # or go on
    SAMPLE = "sample"
    STOP = "stop"


@dataclass(frozen=True)
class Written:
    """What the model wrote after a step; a line of samples.jsonl. `text` is the continuation, without the prompt."""

    step: int
    epoch: float
    seconds: float
    prompt: str
    seed: int
    text: str


class Listener:
    """Callbacks of a run: a subclass overrides those that it wants. Here nothing is shown, and questions get the proposed answer."""

    def opened(self, run: RunFolder) -> None:
        """The run's folder is known; its record grows as the run goes on."""

    def say(self, topic: str, text: str) -> None:
        """Show a line of the plan or of the result. An empty topic continues the one before."""

    def detail(self, topic: str, text: str) -> None:
        """Show a line that most people can do without."""

    def choose(self, what: str, lines: Sequence[str], proposed: int) -> int:
        """Choose one of the lines, by number; here the proposed one."""
        return proposed

    def accepts(self, what: str) -> bool:
        """Whether to go on although `what`; here always."""
        return True

    def progress(self, what: str, done: int, total: int | None) -> None:
        """`done` bytes of `total` were processed; None: the total is unknown."""

    def busy(self, what: str) -> None:
        """What takes a moment now, in a few words."""

    def learning(self, course: Course) -> AbstractContextManager[None]:
        """Entered for the time of the training's steps."""
        return nullcontext()

    def step(self, course: Course) -> None:
        """A training step was made."""

    def report(self, report: Report) -> None:
        """A line of metrics was written."""

    def wrote(self, written: Written) -> None:
        """The model, half trained, wrote a sample."""

    def wish(self) -> Wish | None:
        """What the person has asked for since the last call. Called after each step, and several times a second during a pause."""
        return None

    def paused(self, now: bool) -> None:
        """A pause begins, or ends."""

    def sample(self, text: str) -> None:
        """The finished model wrote a sample."""
