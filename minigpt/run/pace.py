"""How long to train, by epochs or by the clock: steps and seconds so far -> the total number of steps, and when to evaluate."""

from __future__ import annotations

import math
from typing import Protocol

EVALUATIONS = 40  # at most, in a training by the clock
EVALUATING = 0.05  # the largest share of the time that evaluations take: three in the default run, so that one sees it learn
EVALUATED = 3  # held-out tokens are evaluated in the time in which one is learned from, whose backward takes twice its forward


class Pace(Protocol):
    """How long to train and when to evaluate. `patience`: how many evaluations in a row may bring no gain before the training stops early;
    None: any number."""

    patience: int | None

    def total_steps(self, step: int, seconds: float, evaluation: float) -> int:
        """The estimated total number of steps, after `step` steps and `seconds`; the latest evaluation took `evaluation` seconds."""
        ...

    def evaluates(self, step: int, since: float, evaluation: float) -> bool:
        """Whether to evaluate after `step` steps, `since` seconds after the latest evaluation, which took `evaluation` seconds."""
        ...


class Epochs:
    """A fixed number of steps, with an evaluation after each `every` of them."""

    def __init__(self, total: int, every: int, patience: int | None = None) -> None:
        self.total, self.every, self.patience = total, max(1, every), patience

    def total_steps(self, step: int, seconds: float, evaluation: float) -> int:
        return self.total

    def evaluates(self, step: int, since: float, evaluation: float) -> bool:
        return step % self.every == 0


class Clock:
    """Train for `seconds`, the last evaluation included, assuming that further steps take as long as those so far.

    Steps and seconds count from the end of an earlier training (`base_`). Before the first step, a step is taken to last `first` seconds.
    """

    patience: int | None = None

    def __init__(self, seconds: float, first: float, base_step: int = 0, base_seconds: float = 0.0) -> None:
        self.seconds, self.first, self.base_step, self.base_seconds = seconds, first, base_step, base_seconds

    def total_steps(self, step: int, seconds: float, evaluation: float) -> int:
        made, took = step - self.base_step, seconds - self.base_seconds
        length = took / made if made else self.first
        return step + max(0, int((self.seconds - took - evaluation) / length))

    def evaluates(self, step: int, since: float, evaluation: float) -> bool:
        return since >= max(self.seconds / EVALUATIONS, evaluation / EVALUATING)


def evaluation_steps(wanted: int, held_out: int, learned: int) -> int:
    """Steps between evaluations of `held_out` tokens, each step learning from `learned`: as many as wanted, but so many that evaluations
    take at most EVALUATING of the time. Counted in tokens, not in seconds: an interrupted run evaluates at the same steps."""
    return max(1, wanted, math.ceil(held_out / (EVALUATED * learned * EVALUATING)))


def clock(seconds: float) -> str:
    """A duration as m:ss or h:mm:ss."""
    minutes, s = divmod(max(0, round(seconds)), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"
