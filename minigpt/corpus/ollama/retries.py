"""Asks a host a question, with retries and back-off while that may help; otherwise raises TeacherGone."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from minigpt.corpus.ollama.client import Answer
from minigpt.corpus.ollama.concurrency import Concurrency
from minigpt.corpus.ollama.limits import Away, Cancelled, Limits, Missing, Refused, TeacherGone
from minigpt.corpus.ollama.teacher import Host, Question


class Retries:
    """Shared by all requests of a session: when each host last answered, and whether to stop."""

    def __init__(self, hosts: Sequence[Host], limits: Limits) -> None:
        self.limits = limits
        self.stopping = threading.Event()
        self._heard = {host: time.monotonic() for host in hosts}

    def ask(self, host: Host, question: Question, concurrency: Concurrency | None = None) -> Answer:
        """The answer. Raises Slow or Unusable if only this answer is lost, TeacherGone if the host is, or Cancelled."""
        waits = iter(self.limits.backoff)
        while not self.stopping.is_set():
            in_flight = InFlight(concurrency)
            answer = None
            try:
                answer = host.ask(question, in_flight.chunk)
                self._heard[host] = time.monotonic()
                return answer
            except Away as error:
                if concurrency and error.status == 503:
                    concurrency.busy()
                self._wait(host, error, next(waits, self.limits.backoff[-1]))
            except Missing as error:
                raise TeacherGone(f"the teacher is gone: {error}") from error
            except Refused as error:
                raise TeacherGone(f"the teacher refused: {error}") from error
            finally:
                in_flight.end(answer)
        raise Cancelled("stopped")

    def _wait(self, host: Host, error: Away, seconds: float) -> None:
        """Wait before the next retry, unless the host has been away for too long."""
        left = self._heard[host] + self.limits.patience - time.monotonic()
        if left <= 0:
            raise TeacherGone(f"the teacher has not answered for {self.limits.patience:,.0f} s: {error}") from error
        self.stopping.wait(min(seconds, left))


class InFlight:
    """Reports one request to its host's Concurrency."""

    def __init__(self, concurrency: Concurrency | None) -> None:
        self.concurrency, self.began = concurrency, False

    def chunk(self) -> None:
        """A chunk of text came."""
        if self.concurrency:
            if not self.began:
                self.began = True
                self.concurrency.started()
            self.concurrency.chunk()

    def end(self, answer: Answer | None) -> None:
        """The answer is complete, or the request has failed."""
        if self.concurrency:
            self.concurrency.ended(self.began, answer.waited if answer else 0.0, answer.streamed if answer else 0.0)
