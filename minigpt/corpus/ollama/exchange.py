"""Carries out requests: each yields an accepted and saved document, or is counted under the reason why not."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

from minigpt.corpus.ollama.answers import read_answer
from minigpt.corpus.ollama.client import Answer
from minigpt.corpus.ollama.concurrency import Concurrency
from minigpt.corpus.ollama.journal import Journal
from minigpt.corpus.ollama.judge import judge
from minigpt.corpus.ollama.limits import OllamaError, Slow, TeacherGone, Unusable
from minigpt.corpus.ollama.plan import Plan, Task, draw, make_plan
from minigpt.corpus.ollama.repetition import Repetition
from minigpt.corpus.ollama.retries import Retries
from minigpt.corpus.ollama.teacher import Host, Notify, Question
from minigpt.corpus.ollama.turns import Turns
from minigpt.corpus.request import Request

NEW_PLANS = 2  # made while writing, if the teacher repeats itself


class Exchange:
    """The state that all requests of a session share. Its methods are called from several threads."""

    def __init__(
        self, retries: Retries, plan: Plan, prompt: str, request: Request, seed: int, journal: Journal, judging: bool,
        count_tokens: Callable[[str], int], say: Notify,
    ) -> None:  # fmt: skip
        self.retries, self.plan, self.prompt, self.request, self.seed = retries, plan, prompt, request, seed
        self.journal, self.judging, self.count_tokens, self.say = journal, judging, count_tokens, say
        self.limits = retries.limits
        self.repetition = Repetition(self.limits.repeat_window)
        self.repetition.remember(line["text"] for line in journal.lines)
        self.turns = Turns(request)
        for line in journal.lines:
            if "kind" in line:
                self.turns.remember(line["kind"], count_tokens(line["text"]))
        self.counts: Counter[str] = Counter()
        self.tokens = 0  # of the documents accepted in this run
        self._number = journal.next_request()
        self._factor = 1  # factor on the planned tokens, 2 for a model that thinks first
        self._plans = 0
        self._lock = threading.Lock()
        self._in_a_row: Counter[str] = Counter()  # slow, useless and unjudged answers since the last good one

    def mean_tokens(self) -> float:
        """Mean tokens of an accepted document; 0 before there is one."""
        return self.tokens / self.counts["accepted"] if self.counts["accepted"] else 0.0

    def write_one(self, host: Host, concurrency: Concurrency) -> None:
        """Make one request: journal its document, or count why there is none. Raises TeacherGone or Cancelled."""
        with self._lock:
            number = self._number
            self._number += 1
            rng = random.Random(f"{self.seed}/{number}")
            kind = self.turns.next()
            task = draw(self.turns.plan_for(kind, self.plan), self.prompt, kind, rng, list(self.repetition.openings)[-2:])
            tokens, temperature = task.tokens * self._factor, self.repetition.temperature
            question = Question(task.prompt, tokens, rng.getrandbits(31), task.system, temperature)
        try:
            answer = self.retries.ask(host, question, concurrency)
        except Slow as error:
            self._reject(host, "slow", self.limits.slow_in_a_row, str(error))
            return
        except Unusable as error:
            self._reject(host, "broken", self.limits.useless_in_a_row, str(error))
            return
        text, trouble = read_answer(answer, question)
        if trouble:
            if trouble == "thinking":
                self._double_tokens(host)
            self._reject(host, trouble, self.limits.useless_in_a_row, f"{host.client.url}: answers are {trouble}")
            return
        self._accept(host, kind.kind if len(self.turns.kinds) > 1 else "", task, question, number, answer, text)

    def _accept(self, host: Host, kind: str, task: Task, question: Question, number: int, answer: Answer, text: str) -> None:
        """Judge and save the document, if it is new."""
        with self._lock:
            self._in_a_row["slow"] = self._in_a_row["useless"] = 0
            new = self.repetition.admit(text)
            if not new:
                self.counts["repeated"] += 1
            changed = self.repetition.adapt()
        if changed:
            self._vary(host)
        if not new:
            return
        score = self._judge(host, text)
        line = {
            "text": text, "source": "ollama", "model": host.model.name, "digest": host.model.digest, "seed": question.seed,
            "request": number, "done_reason": answer.done_reason, "eval_count": answer.eval_count, "form": task.form,
            "topic": task.topic, "asked_words": task.words, "judge": score,
        } | ({"kind": kind} if kind else {})  # fmt: skip
        length = self.count_tokens(text)
        with self._lock:
            self.journal.append(line)
            self.counts["accepted"] += 1
            self.tokens += length
            self.turns.add(kind, length)

    def _judge(self, host: Host, text: str) -> float | None:
        """The judge's score; None if there is none, which the document survives. A judge that fails repeatedly is dropped."""
        if not self.judging:
            return None
        try:
            score = judge(partial(self.retries.ask, host), self.prompt, text, self.limits.evaluation)
        except OllamaError:
            return None  # the next request for a document will meet the same error
        with self._lock:
            self._in_a_row["unjudged"] = 0 if score is not None else self._in_a_row["unjudged"] + 1
            if self._in_a_row["unjudged"] >= self.limits.slow_in_a_row and self.judging:
                self.judging = False
                self.say("the judge no longer returns scores; documents are ranked without it")
        return score

    def _reject(self, host: Host, reason: str, limit: int, what: str) -> None:
        """Count an answer that yielded no document; too many in a row raise TeacherGone."""
        with self._lock:
            self.counts[reason] += 1
            kind = "slow" if reason == "slow" else "useless"
            self._in_a_row[kind] += 1
            if self._in_a_row[kind] >= limit:
                hint = "; it is a reasoning model: choose another one with --ollama-gen-model" if reason == "thinking" else ""
                raise TeacherGone(f"{limit} unusable answers in a row from {host.model.name}; the last one: {what}{hint}")

    def _double_tokens(self, host: Host) -> None:
        """Double the tokens, once, for a model that spends them on thinking."""
        with self._lock:
            first, self._factor = self._factor == 1, 2
        if first:
            self.say(f"{host.model.name} is a reasoning model: its token limit is doubled")

    def _vary(self, host: Host) -> None:
        """Report that the teacher repeats itself, and widen the plan. The temperature has been raised already."""
        with self._lock:
            self._plans += 1
            ask_anew = self._plans <= NEW_PLANS
        self.say(
            f"the teacher repeats itself: {self.repetition.repeated():.0%} of its last {self.repetition.window} answers add nothing new; "
            f"temperature raised to {self.repetition.temperature:g}"
        )
        if ask_anew:
            seed = self.seed + 1000 * self._plans
            plan = make_plan(partial(self.retries.ask, host), self.prompt, self.request, seed, self.limits.evaluation, self.say)
            with self._lock:
                self.plan = self.plan.joined(plan)
                self.journal.write_plan(self.plan.to_json())
