"""A teacher and a prompt in, documents out as they are accepted: requests in flight on all hosts, every document in the journal at once.

It ends when there are enough tokens, when the teacher only repeats itself, or when the time is up, and says which. Where it cannot go on
(the servers are away for longer than the patience, the model is gone, answers are of no use) it raises TeacherGone, with everything saved.
Nothing ever stands in for an answer that did not come.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial

from minigpt.corpus.documents import Document
from minigpt.corpus.ollama.concurrency import Gauge
from minigpt.corpus.ollama.exchange import Course
from minigpt.corpus.ollama.journal import Journal, to_document
from minigpt.corpus.ollama.judge import can_judge
from minigpt.corpus.ollama.limits import Cancelled, TeacherGone
from minigpt.corpus.ollama.plan import Ask, Plan, make_plan
from minigpt.corpus.ollama.retries import Patience
from minigpt.corpus.ollama.teacher import Desk, Say, Teacher
from minigpt.corpus.request import Request
from minigpt.disk.place import File
from minigpt.errors import MinigptError, counted

TICK = 0.05  # seconds between two looks at the limits and the gauges, while nothing arrives
FIRST_GUESS = 150  # tokens a document, before there is one


def write_with_ollama(
    teacher: Teacher, prompt: str, request: Request, tokens: int, seed: int, journal: File, count_tokens: Callable[[str], int], say: Say
) -> Generator[Document, None, None]:
    """Documents for the prompt until `count_tokens` makes them `tokens`; those that the journal has come first.

    The iterator may be closed at any time, and continued by another call with the same journal: no accepted document is lost or
    written twice. Raises TeacherGone, and MinigptError for a damaged journal.
    """
    saved = Journal(journal, say)
    try:
        before = saved.documents()
        written = sum(count_tokens(document.text) for document in before)
        if before:
            say(f"{counted(len(before), 'document')} and {counted(written, 'token')} from before are kept")
        _compare(before, teacher, say)
        yield from before
        if written < tokens:
            patience = Patience(teacher.desks, teacher.limits)
            ask = partial(patience.ask, teacher.desks[0])
            plan = _plan(teacher, ask, prompt, request, seed, saved, say)
            able = can_judge(ask, teacher.limits.evaluation, say)
            teacher.record["judged"] = able
            course = Course(patience, plan, prompt, request, seed, saved, able, count_tokens, say)
            yield from Writing(teacher, course, tokens, written, say).documents()
    finally:
        saved.close()


def _compare(before: list[Document], teacher: Teacher, say: Say) -> None:
    """Say if a saved document is by a model other than those writing now: after an update a name may stand for another model."""
    present = {desk.model.digest for desk in teacher.desks}
    others = dict.fromkeys(
        f"{d.origin.get('model')} ({d.origin.get('digest', '')[:12]})" for d in before if d.origin.get("digest") not in present
    )
    if others:
        now = ", ".join(dict.fromkeys(f"{desk.model.name} ({desk.model.digest[:12]})" for desk in teacher.desks))
        say(f"the saved documents were written by {', '.join(others)}, and the next will be by {now}; the model card names both")


def _plan(teacher: Teacher, ask: Ask, prompt: str, request: Request, seed: int, saved: Journal, say: Say) -> Plan:
    """The plan that the corpus was begun with, or a new one."""
    if kept := saved.read_plan():
        plan = Plan.from_json(kept)
    else:
        plan = make_plan(ask, prompt, request, seed, teacher.limits.evaluation, say)
        saved.write_plan(plan.to_json())
    teacher.record["plan"] = plan.made_by
    return plan


class Writing:
    """The requests in flight, and when to end."""

    def __init__(self, teacher: Teacher, course: Course, tokens: int, written: int, say: Say) -> None:
        self.teacher, self.course, self.say = teacher, course, say
        self.tokens, self.before = tokens, written
        self.gauges = {desk: Gauge(teacher.limits.in_flight) for desk in teacher.desks}
        self.handed = len(course.journal.lines)  # lines of the journal that were handed out
        self.flying: dict[Future[None], Desk] = {}
        self.began = self.reported = time.monotonic()

    def documents(self) -> Iterator[Document]:
        """The accepted documents as they come, those included that were accepted while the end was decided."""
        pool = ThreadPoolExecutor(len(self.gauges) * self.teacher.limits.in_flight, "ollama")
        try:
            while not (end := self._end()):
                self._fill(pool)
                ready, _ = wait(self.flying, TICK, FIRST_COMPLETED)
                self._land(ready)
                yield from self._new()
                self._progress()
            self._stop()
            self._land(set(self.flying))
            yield from self._new()
            self._note(end)
        finally:
            self._stop()
            pool.shutdown()

    def _fill(self, pool: ThreadPoolExecutor) -> None:
        """As many requests for each host as its gauge allows."""
        for desk, gauge in self.gauges.items():
            flying = sum(home is desk for home in self.flying.values())
            for _ in range(gauge.limit - flying):
                try:
                    self.flying[pool.submit(self.course.write_one, desk, gauge)] = desk
                except RuntimeError as error:
                    remedy = "raise the process limit (ulimit -u, or the container's)"
                    raise MinigptError(f"cannot start a thread for another request to {desk.client.url}: {error}; {remedy}") from error

    def _land(self, ready: set[Future[None]]) -> None:
        """Look at how the finished requests ended. A host that is gone is left out as long as another is there."""
        for future in ready:
            desk = self.flying.pop(future)
            try:
                future.result()
            except Cancelled:
                continue
            except TeacherGone as error:
                if len(self.gauges) == 1 and desk in self.gauges:
                    self._note(str(error))
                    raise
                if self.gauges.pop(desk, None):
                    self.say(f"{error}; continuing without {desk.client.url}")

    def _new(self) -> Iterator[Document]:
        """The documents that the journal has more than were handed out, in its order, which a continued run will repeat."""
        while self.handed < len(self.course.journal.lines):
            self.handed += 1
            yield to_document(self.course.journal.lines[self.handed - 1])

    @property
    def written(self) -> int:
        """Tokens of all accepted documents, those of earlier runs included."""
        return self.before + self.course.tokens

    def _end(self) -> str:
        """Why to end now, or nothing."""
        limits, variety = self.teacher.limits, self.course.variety
        if self.written >= self.tokens:
            return "enough"
        if variety.exhausted(limits.least_new):
            return f"the teacher only repeats itself: {variety.repeated():.0%} of its latest {variety.window} answers say nothing new"
        answers, mean = self.course.counts.total(), self.course.mean_tokens() or FIRST_GUESS
        most = limits.answers * (self.tokens - self.before) / mean + 2 * limits.repeat_window
        if answers >= most:
            return f"{answers:,} answers were asked for, {limits.answers:g} times what so many tokens need"
        if time.monotonic() - self.began > limits.budget:
            return f"the time for writing, {limits.budget / 60:,.0f} minutes, is up"
        return ""

    def _stop(self) -> None:
        """End what is in flight: the server stops writing when nobody listens."""
        self.course.patience.stopping.set()
        while not all(future.done() for future in self.flying):
            for desk in self.teacher.desks:
                desk.client.cut_all()
            wait(self.flying, TICK)

    def _progress(self) -> None:
        """A line now and then: how far, how fast, how long still."""
        now = time.monotonic()
        if now - self.reported >= self.teacher.limits.report:
            self.reported = now
            speed = (self.written - self.before) / (now - self.began)
            left = f", about {max(1, round((self.tokens - self.written) / speed / 60)):,} min left" if speed else ""
            self.say(f"{self.written:,} of {counted(self.tokens, 'token')}, {speed:,.1f} a second{left}")

    def _note(self, end: str) -> None:
        """Keep and say how it ended."""
        counts = self.course.counts
        self.teacher.record |= {
            "answers": dict(counts),
            "ended": end,
            "in_flight": [gauge.limit for gauge in self.gauges.values()],
            "seconds": round(time.monotonic() - self.began, 1),
        }
        lost = ", ".join(f"{number:,} {reason}" for reason, number in counts.items() if reason != "accepted" and number)
        at_once = " + ".join(str(gauge.limit) for gauge in self.gauges.values())
        accepted = counted(counts["accepted"], "document")
        self.say(f"{accepted} accepted{f' ({lost} left out)' if lost else ''}; requests at a time: {at_once}")
        if end != "enough":
            self.say(f"{end}; {self.written:,} of {counted(self.tokens, 'token')} written")
