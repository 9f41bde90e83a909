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
    """Until `seconds` are over, of which the last evaluation takes its part. The steps to come are taken to be as long as those so far."""

    patient = True

    def __init__(self, seconds: float, first_step: float) -> None:
        self.seconds, self.first_step = seconds, first_step  # the seconds that a step takes, before one was made
        self.start: tuple[int, float] | None = None  # step and seconds when this clock was first asked

    def total_steps(self, step: int, seconds: float, evaluation: float) -> int:
        if self.start is None or step < self.start[0]:  # at first, and where steps were taken back
            self.start = step, seconds
        made, took = step - self.start[0], seconds - self.start[1]
        length = took / made if made else self.first_step
        return step + max(0, int((self.seconds - seconds - evaluation) / length))

    def evaluates(self, step: int, since: float, evaluation: float) -> bool:
        return since >= max(self.seconds / EVALUATIONS, evaluation / EVALUATING)


def clock(seconds: float) -> str:
    """A duration as m:ss or h:mm:ss."""
    minutes, s = divmod(max(0, round(seconds)), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"
