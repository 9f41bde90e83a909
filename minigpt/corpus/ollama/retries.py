"""A question and a host in, its answer out, with the repetitions that help and the waiting that is due; TeacherGone where neither does."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from minigpt.corpus.ollama.client import Answer
from minigpt.corpus.ollama.concurrency import Gauge
from minigpt.corpus.ollama.limits import Away, Cancelled, Limits, Missing, Refused, TeacherGone
from minigpt.corpus.ollama.teacher import Desk, Question


class Patience:
    """What is shared by all requests of a writing: when each host last answered, and whether it is over."""

    def __init__(self, desks: Sequence[Desk], limits: Limits) -> None:
        self.limits = limits
        self.stopping = threading.Event()
        self._heard = {desk: time.monotonic() for desk in desks}

    def ask(self, desk: Desk, question: Question, gauge: Gauge | None = None) -> Answer:
        """The answer. Raises Slow and Unusable, which cost this answer alone; TeacherGone, after which the host is of no use; Cancelled."""
        waits = iter(self.limits.backoff)
        while not self.stopping.is_set():
            flight = Flight(gauge)
            answer = None
            try:
                answer = desk.ask(question, flight.piece)
                self._heard[desk] = time.monotonic()
                return answer
            except Away as error:
                if gauge and error.status == 503:
                    gauge.busy()
                self._wait(desk, error, next(waits, self.limits.backoff[-1]))
            except Missing as error:
                raise TeacherGone(f"the teacher is gone: {error}") from error
            except Refused as error:
                raise TeacherGone(f"the teacher declines: {error}") from error
            finally:
                flight.end(answer)
        raise Cancelled("stopped")

    def _wait(self, desk: Desk, error: Away, seconds: float) -> None:
        """Sit out a time of back-off, unless the host has been away for longer than the patience."""
        left = self._heard[desk] + self.limits.patience - time.monotonic()
        if left <= 0:
            raise TeacherGone(f"the teacher has been away for {self.limits.patience:,.0f} s: {error}") from error
        self.stopping.wait(min(seconds, left))


class Flight:
    """One request as its host's gauge sees it."""

    def __init__(self, gauge: Gauge | None) -> None:
        self.gauge, self.began = gauge, False

    def piece(self) -> None:
        """A piece of text came."""
        if self.gauge:
            if not self.began:
                self.began = True
                self.gauge.begins()
            self.gauge.piece()

    def end(self, answer: Answer | None) -> None:
        """The answer is complete, or there will be none."""
        if self.gauge:
            self.gauge.ends(self.began, answer.waited if answer else 0.0, answer.streamed if answer else 0.0)
