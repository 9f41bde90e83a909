"""The course of a writing: a request number in, an accepted and saved document out, or the reason why there is none, counted."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

from minigpt.corpus.ollama.answers import read_answer
from minigpt.corpus.ollama.client import Answer
from minigpt.corpus.ollama.concurrency import Gauge
from minigpt.corpus.ollama.journal import Journal
from minigpt.corpus.ollama.judge import judge
from minigpt.corpus.ollama.limits import OllamaError, Slow, TeacherGone, Unusable
from minigpt.corpus.ollama.plan import Plan, Task, draw, make_plan
from minigpt.corpus.ollama.repetition import Variety
from minigpt.corpus.ollama.retries import Patience
from minigpt.corpus.ollama.teacher import Desk, Question, Say
from minigpt.corpus.ollama.turns import Turns
from minigpt.corpus.request import Request

NEW_PLANS = 2  # while writing, when the teacher repeats itself


class Course:
    """Everything that the requests of one writing share. Its methods are called from several threads."""

    def __init__(
        self, patience: Patience, plan: Plan, prompt: str, request: Request, seed: int, journal: Journal, judging: bool,
        count_tokens: Callable[[str], int], say: Say,
    ) -> None:  # fmt: skip
        self.patience, self.plan, self.prompt, self.request, self.seed = patience, plan, prompt, request, seed
        self.journal, self.judging, self.count_tokens, self.say = journal, judging, count_tokens, say
        self.limits = patience.limits
        self.variety = Variety(self.limits.repeat_window)
        self.variety.remember(line["text"] for line in journal.lines)
        self.turns = Turns(request)
        for line in journal.lines:
            if "kind" in line:
                self.turns.remember(line["kind"], count_tokens(line["text"]))
        self.counts: Counter[str] = Counter()
        self.tokens = 0  # of the documents that were accepted in this run
        self._number = journal.next_request()
        self._room = 1  # times the planned tokens, for a model that thinks first
        self._plans = 0
        self._lock = threading.Lock()
        self._in_a_row: Counter[str] = Counter()  # slow and useless answers since the last good one

    def mean_tokens(self) -> float:
        """Tokens of an accepted document; 0 before there is one."""
        return self.tokens / self.counts["accepted"] if self.counts["accepted"] else 0.0

    def write_one(self, desk: Desk, gauge: Gauge) -> None:
        """One request; what it brings is in the journal, why it brings nothing in the counts. Raises TeacherGone or Cancelled."""
        with self._lock:
            number = self._number
            self._number += 1
            rng = random.Random(f"{self.seed}/{number}")
            kind = self.turns.next()
            task = draw(self.turns.plan_for(kind, self.plan), self.prompt, kind, rng, list(self.variety.openings)[-2:])
            question = Question(task.prompt, task.tokens * self._room, rng.getrandbits(31), task.system, self.variety.temperature)
        try:
            answer = self.patience.ask(desk, question, gauge)
        except Slow as error:
            self._lost(desk, "slow", self.limits.slow_in_a_row, str(error))
            return
        except Unusable as error:
            self._lost(desk, "broken", self.limits.useless_in_a_row, str(error))
            return
        text, trouble = read_answer(answer, question)
        if trouble:
            if trouble == "thinking":
                self._give_room(desk)
            self._lost(desk, trouble, self.limits.useless_in_a_row, f"{desk.client.url}: answers are {trouble}")
            return
        self._accept(desk, kind.kind if len(self.turns.kinds) > 1 else "", task, question, number, answer, text)

    def _accept(self, desk: Desk, kind: str, task: Task, question: Question, number: int, answer: Answer, text: str) -> None:
        """Judge and save the document, if it says something new."""
        with self._lock:
            self._in_a_row["slow"] = self._in_a_row["useless"] = 0
            new = self.variety.admit(text)
            if not new:
                self.counts["repeated"] += 1
            changed = self.variety.adapt()
        if changed:
            self._vary(desk)
        if not new:
            return
        score = self._judge(desk, text)
        line = {
            "text": text, "source": "ollama", "model": desk.model.name, "digest": desk.model.digest, "seed": question.seed,
            "request": number, "done_reason": answer.done_reason, "eval_count": answer.eval_count, "form": task.form,
            "topic": task.topic, "asked_words": task.words, "judge": score,
        } | ({"kind": kind} if kind else {})  # fmt: skip
        length = self.count_tokens(text)
        with self._lock:
            self.journal.append(line)
            self.counts["accepted"] += 1
            self.tokens += length
            self.turns.land(kind, length)

    def _judge(self, desk: Desk, text: str) -> float | None:
        """The judge's score; none where there is none: the document is good without it. A judge that fails again and again is left out."""
        if not self.judging:
            return None
        try:
            score = judge(partial(self.patience.ask, desk), self.prompt, text, self.limits.evaluation)
        except OllamaError:
            return None  # the server's trouble, which the next request for a document will meet
        with self._lock:
            self._in_a_row["unjudged"] = 0 if score is not None else self._in_a_row["unjudged"] + 1
            if self._in_a_row["unjudged"] >= self.limits.slow_in_a_row and self.judging:
                self.judging = False
                self.say("the judge has stopped giving marks: documents are ranked without it")
        return score

    def _lost(self, desk: Desk, reason: str, limit: int, what: str) -> None:
        """Count an answer that brought nothing; too many in a row pause the writing."""
        with self._lock:
            self.counts[reason] += 1
            kind = "slow" if reason == "slow" else "useless"
            self._in_a_row[kind] += 1
            if self._in_a_row[kind] >= limit:
                hint = "; it is a reasoning model, choose another one with --ollama-gen-model" if reason == "thinking" else ""
                raise TeacherGone(f"{limit} answers of {desk.model.name} in a row were useless, the last one: {what}{hint}")

    def _give_room(self, desk: Desk) -> None:
        """Twice as many tokens, once, for a model that spends them on thinking."""
        with self._lock:
            first, self._room = self._room == 1, 2
        if first:
            self.say(f"{desk.model.name} is a reasoning model: its answers get twice as many tokens")

    def _vary(self, desk: Desk) -> None:
        """The teacher repeats itself: say so, and widen the plan; the temperature has been raised already."""
        with self._lock:
            self._plans += 1
            ask_anew = self._plans <= NEW_PLANS
        self.say(
            f"the teacher repeats itself: {self.variety.repeated():.0%} of its latest {self.variety.window} answers say nothing new; "
            f"temperature {self.variety.temperature:g}"
        )
        if ask_anew:
            seed = self.seed + 1000 * self._plans
            plan = make_plan(partial(self.patience.ask, desk), self.prompt, self.request, seed, self.limits.evaluation, self.say)
            with self._lock:
                self.plan = self.plan.joined(plan)
                self.journal.write_plan(self.plan.to_json())
