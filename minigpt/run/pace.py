"""How long to train, by epochs or by the clock: steps and seconds so far in; how many steps it will be out, and when to evaluate."""

from __future__ import annotations

from typing import Protocol

EVALUATIONS = 40  # in the time that is given, at most
EVALUATING = 0.05  # of the time, at most


class Pace(Protocol):
    """`patient` trainings go on although nothing improves any more."""

    patient: bool

    def total_steps(self, step: int, seconds: float, evaluation: float) -> int:
        """How many steps it will be, as far as is known after `step` steps and `seconds`; the latest evaluation took `evaluation`."""
        ...

    def evaluates(self, step: int, since: float, evaluation: float) -> bool:
        """Whether the model is evaluated after `step` steps, `since` seconds after it was the last time."""
        ...


class Epochs:
    """So many steps, with an evaluation after each `every` of them."""

    def __init__(self, total: int, every: int, patient: bool = False) -> None:
        self.total, self.every, self.patient = total, max(1, every), patient

    def total_steps(self, step: int, seconds: float, evaluation: float) -> int:
        return self.total

    def evaluates(self, step: int, since: float, evaluation: float) -> bool:
        return step % self.every == 0


class Clock:
    """Until `seconds` are over, of which the last evaluation takes its part. The steps to come are taken to be as long as those so far.

    Steps and seconds count from the end of an earlier training (`base`), and a step takes `first` seconds as long as none was made.
    """

    patient = True

    def __init__(self, seconds: float, first: float, base_step: int = 0, base_seconds: float = 0.0) -> None:
        self.seconds, self.first, self.base_step, self.base_seconds = seconds, first, base_step, base_seconds

    def total_steps(self, step: int, seconds: float, evaluation: float) -> int:
        made, took = step - self.base_step, seconds - self.base_seconds
        length = took / made if made else self.first
        return step + max(0, int((self.seconds - took - evaluation) / length))

    def evaluates(self, step: int, since: float, evaluation: float) -> bool:
        return since >= max(self.seconds / EVALUATIONS, evaluation / EVALUATING)


def clock(seconds: float) -> str:
    """A duration as m:ss or h:mm:ss."""
    minutes, s = divmod(max(0, round(seconds)), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"
