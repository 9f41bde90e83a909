"""What a check found; and a time limit for checks that may hang."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

GOOD, NOTE, FAULT = "good", "note", "fault"  # a note: something is missing that minigpt can do without
T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """What was found about a topic, in a line; and what to do about it, in another, unless it is good."""

    topic: str
    text: str
    state: str = GOOD
    fix: str = ""


def within(seconds: float, work: Callable[[], T]) -> T:
    """The result of the work, done in a thread; TimeoutError if it takes longer. A thread that hangs ends with the process."""
    results: list[T] = []
    errors: list[BaseException] = []

    def attempt() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"{seconds:g} s")
    return results[0]
