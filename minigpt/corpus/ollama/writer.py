"""Writes documents with a teacher: keeps requests in flight on all hosts and saves each document to the journal at once.

It ends when there are enough tokens, when the teacher only repeats itself, or when the time is up, and says which. If it cannot continue
(the servers stay away, the model is gone, the answers are useless) it raises TeacherGone, with everything saved. An answer that did not
come is never replaced by something else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial

from minigpt.corpus.documents import Document
from minigpt.corpus.ollama.concurrency import Concurrency
from minigpt.corpus.ollama.exchange import Exchange
from minigpt.corpus.ollama.journal import Journal, to_document
from minigpt.corpus.ollama.judge import can_judge
from minigpt.corpus.ollama.limits import Cancelled, TeacherGone
from minigpt.corpus.ollama.plan import Ask, Plan, make_plan
from minigpt.corpus.ollama.retries import Retries
from minigpt.corpus.ollama.teacher import Host, Notify, Teacher
from minigpt.corpus.request import Request
from minigpt.disk.place import File
from minigpt.errors import MinigptError, counted

TICK = 0.05  # seconds between checks of the limits while nothing arrives
FIRST_GUESS = 150  # tokens per document, before there is one


def write_with_ollama(
    teacher: Teacher, prompt: str, request: Request, tokens: int, seed: int, journal: File, count_tokens: Callable[[str], int], say: Notify
) -> Generator[Document, None, None]:
    """Yield documents for the prompt until they have `tokens` by `count_tokens`; those in the journal come first.

    The iterator may be closed at any time and continued by another call with the same journal: no accepted document is lost or
    written twice. Raises TeacherGone, and MinigptError for a damaged journal.
    """
    saved = Journal(journal, say)
    try:
        before = saved.documents()
        written = sum(count_tokens(document.text) for document in before)
        if before:
            say(f"{counted(len(before), 'document')} and {counted(written, 'token')} from an earlier run are kept")
        _compare(before, teacher, say)
        yield from before
        if written < tokens:
            retries = Retries(teacher.hosts, teacher.limits)
            ask = partial(retries.ask, teacher.hosts[0])
            plan = _plan(teacher, ask, prompt, request, seed, saved, say)
            able = can_judge(ask, teacher.limits.evaluation, say)
            teacher.record["judged"] = able
            exchange = Exchange(retries, plan, prompt, request, seed, saved, able, count_tokens, say)
            yield from Writing(teacher, exchange, tokens, written, say).documents()
    finally:
        saved.close()


def _compare(before: list[Document], teacher: Teacher, say: Notify) -> None:
    """Report saved documents by other models than those writing now: after an update a name may stand for another model."""
    present = {host.model.digest for host in teacher.hosts}
    others = dict.fromkeys(
        f"{d.origin.get('model')} ({d.origin.get('digest', '')[:12]})" for d in before if d.origin.get("digest") not in present
    )
    if others:
        now = ", ".join(dict.fromkeys(f"{host.model.name} ({host.model.digest[:12]})" for host in teacher.hosts))
        say(f"the saved documents were written by {', '.join(others)}, the next will be by {now}; the model card names both")


def _plan(teacher: Teacher, ask: Ask, prompt: str, request: Request, seed: int, saved: Journal, say: Notify) -> Plan:
    """The saved plan, or a new one."""
    if kept := saved.read_plan():
        plan = Plan.from_json(kept)
    else:
        plan = make_plan(ask, prompt, request, seed, teacher.limits.evaluation, say)
        saved.write_plan(plan.to_json())
    teacher.record["plan"] = plan.made_by
    return plan


class Writing:
    """Keeps requests in flight and decides when to end."""

    def __init__(self, teacher: Teacher, exchange: Exchange, tokens: int, written: int, say: Notify) -> None:
        self.teacher, self.exchange, self.say = teacher, exchange, say
        self.tokens, self.before = tokens, written
        self.concurrency = {host: Concurrency(teacher.limits.in_flight) for host in teacher.hosts}
        self.yielded = len(exchange.journal.lines)  # lines of the journal already yielded
        self.in_flight: dict[Future[None], Host] = {}
        self.began = self.reported = time.monotonic()

    def documents(self) -> Iterator[Document]:
        """The accepted documents as they come, including those that arrive during the shutdown."""
        pool = ThreadPoolExecutor(len(self.concurrency) * self.teacher.limits.in_flight, "ollama")
        try:
            while not (end := self._end()):
                self._fill(pool)
                ready, _ = wait(self.in_flight, TICK, FIRST_COMPLETED)
                self._collect(ready)
                yield from self._new()
                self._progress()
            self._stop()
            self._collect(set(self.in_flight))
            yield from self._new()
            self._note(end)
        finally:
            self._stop()
            pool.shutdown()

    def _fill(self, pool: ThreadPoolExecutor) -> None:
        """Start as many requests on each host as its limit allows."""
        for host, own in self.concurrency.items():
            running = sum(other is host for other in self.in_flight.values())
            for _ in range(own.limit - running):
                try:
                    self.in_flight[pool.submit(self.exchange.write_one, host, own)] = host
                except RuntimeError as error:
                    remedy = "raise the process limit (ulimit -u, or the container's)"
                    raise MinigptError(f"cannot start a thread for another request to {host.client.url}: {error}; {remedy}") from error

    def _collect(self, ready: set[Future[None]]) -> None:
        """Check how the finished requests ended. A host that is gone is dropped as long as another one is left."""
        for future in ready:
            host = self.in_flight.pop(future)
            try:
                future.result()
            except Cancelled:
                continue
            except TeacherGone as error:
                if len(self.concurrency) == 1 and host in self.concurrency:
                    self._note(str(error))
                    raise
                if self.concurrency.pop(host, None):
                    self.say(f"{error}; continuing without {host.client.url}")

    def _new(self) -> Iterator[Document]:
        """The documents not yet yielded, in the journal's order, which a continued run will repeat."""
        while self.yielded < len(self.exchange.journal.lines):
            self.yielded += 1
            yield to_document(self.exchange.journal.lines[self.yielded - 1])

    @property
    def written(self) -> int:
        """Tokens of all accepted documents, earlier runs included."""
        return self.before + self.exchange.tokens

    def _end(self) -> str:
        """The reason to end now, or an empty string."""
        limits, repetition = self.teacher.limits, self.exchange.repetition
        if self.written >= self.tokens:
            return "enough"
        if repetition.exhausted(limits.least_new):
            return f"the teacher only repeats itself: {repetition.repeated():.0%} of its last {repetition.window} answers add nothing new"
        answers, mean = self.exchange.counts.total(), self.exchange.mean_tokens() or FIRST_GUESS
        most = limits.answers * (self.tokens - self.before) / mean + 2 * limits.repeat_window
        if answers >= most:
            return f"{answers:,} answers were requested, {limits.answers:g} times as many as the tokens should take"
        if time.monotonic() - self.began > limits.budget:
            return f"the {limits.budget / 60:,.0f} minutes for writing are up"
        return ""

    def _stop(self) -> None:
        """Abort all requests; a server stops generating when its client disconnects."""
        self.exchange.retries.stopping.set()
        while not all(future.done() for future in self.in_flight):
            for host in self.teacher.hosts:
                host.client.abort_all()
            wait(self.in_flight, TICK)

    def _progress(self) -> None:
        """Report progress from time to time: tokens, speed, time left."""
        now = time.monotonic()
        if now - self.reported >= self.teacher.limits.report:
            self.reported = now
            speed = (self.written - self.before) / (now - self.began)
            left = f", about {max(1, round((self.tokens - self.written) / speed / 60)):,} min left" if speed else ""
            self.say(f"{self.written:,} of {counted(self.tokens, 'token')}, {speed:,.1f} tokens/s{left}")

    def _note(self, end: str) -> None:
        """Record and report how it ended."""
        counts = self.exchange.counts
        self.teacher.record |= {
            "answers": dict(counts),
            "ended": end,
            "in_flight": [own.limit for own in self.concurrency.values()],
            "seconds": round(time.monotonic() - self.began, 1),
        }
        lost = ", ".join(f"{number:,} {reason}" for reason, number in counts.items() if reason != "accepted" and number)
        at_once = " + ".join(str(own.limit) for own in self.concurrency.values())
        accepted = counted(counts["accepted"], "document")
        self.say(f"{accepted} accepted{f' ({lost} rejected)' if lost else ''}; parallel requests: {at_once}")
        if end != "enough":
            self.say(f"{end}; {self.written:,} of {counted(self.tokens, 'token')} written")
