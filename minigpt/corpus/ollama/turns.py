"""Chooses which kind of text to write next when a prompt names several, and its plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from minigpt.corpus.ollama.plan import Plan, built_in
from minigpt.corpus.request import Request


class Turns:
    """Takes the kinds in turn so that each gets about the same number of tokens."""

    def __init__(self, request: Request) -> None:
        self.kinds = request.kinds
        self.asked: Counter[str] = Counter()
        self.accepted: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()

    def next(self) -> Request:
        """The kind with the fewest tokens requested so far; rejected documents count like accepted ones."""
        kind = min(self.kinds, key=lambda kind: self.asked[kind.kind] * self._mean(kind.kind))
        self.asked[kind.kind] += 1
        return kind

    def add(self, kind: str, tokens: int) -> None:
        """Count an accepted document of the kind."""
        self.accepted[kind] += 1
        self.tokens[kind] += tokens

    def remember(self, kind: str, tokens: int) -> None:
        """Count a document saved by an earlier run."""
        self.asked[kind] += 1
        self.add(kind, tokens)

    def plan_for(self, kind: Request, plan: Plan) -> Plan:
        """The teacher's plan with the forms of this kind, and its topics if it has its own."""
        if len(self.kinds) == 1:
            return plan
        own = built_in(kind.kind, kind)
        shared = plan.made_by != "tables" and len({other.topics for other in self.kinds}) == 1
        return replace(
            plan,
            topics=plan.topics if shared else own.topics,
            forms=own.forms,
            audiences=own.audiences if kind.audience else plan.audiences,
            tones=own.tones if kind.tone else plan.tones,
        )

    def _mean(self, kind: str) -> float:
        """Mean tokens of an accepted document of the kind, or of all kinds before there is one."""
        if self.accepted[kind]:
            return self.tokens[kind] / self.accepted[kind]
        return self.tokens.total() / self.accepted.total() if self.tokens else 1.0
