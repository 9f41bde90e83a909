"""Scores texts from 0 to 1 with a model that has first proved that it can tell good from bad."""

from __future__ import annotations

import json
from typing import Any

from minigpt.corpus.ollama.limits import Slow, TeacherGone, Unusable
from minigpt.corpus.ollama.plan import WORDS, Ask
from minigpt.corpus.ollama.teacher import Notify, Question

MARKS = ("on_topic", "fluent", "complete")
BEST = 10
MARK = {"type": "integer", "minimum": 0, "maximum": BEST}
SCHEMA: dict[str, Any] = {"type": "object", "properties": {name: MARK for name in MARKS}, "required": list(MARKS)}
JUDGE_TOKENS = 60
ATTEMPTS = 2
TEXT = 4000  # characters of a text shown to the judge
WRONG = 1.0  # most mistakes in the five examples for its scores to be used


def judge(ask: Ask, prompt: str, text: str, seconds: float) -> float | None:
    """The mean of the three marks, asked for by schema at temperature 0; None if two attempts, or the time, bring none."""
    question = WORDS["judge"]["text"].replace("{prompt}", prompt).replace("{text}", text[:TEXT])
    for attempt in range(ATTEMPTS):
        asked = Question(question, JUDGE_TOKENS, attempt, WORDS["judge"]["system"], 0.5 * attempt, SCHEMA, seconds, judge=True)
        try:
            score = read_marks(ask(asked).text)
        except Unusable:
            continue
        except Slow:
            return None
        if score is not None:
            return score
    return None


def read_marks(text: str) -> float | None:
    """The mean of the marks in an answer, from 0 to 1; None unless all three are there and in range."""
    try:
        value = json.loads(text[text.find("{") : text.rfind("}") + 1])
    except (ValueError, RecursionError):
        return None
    marks: list[Any] = [value.get(name) for name in MARKS] if isinstance(value, dict) else [None]
    if not all(isinstance(mark, int | float) and not isinstance(mark, bool) and 0 <= mark <= BEST for mark in marks):
        return None
    return round(float(sum(marks)) / (len(marks) * BEST), 3)


def can_judge(ask: Ask, seconds: float, say: Notify) -> bool:
    """Test the model on pairs whose better text is known, and report the result. A tie counts half."""
    examples = WORDS["judge examples"]
    wrong, seen = 0.0, 0
    for example in examples:
        try:
            good = judge(ask, example["prompt"], example["good"], seconds)
            bad = None if good is None else judge(ask, example["prompt"], example["bad"], seconds)
        except TeacherGone as error:
            say(f"no judge: {error}; documents are ranked without one")
            return False
        seen += 1
        wrong += 1.0 if good is None or bad is None or good < bad else 0.5 if good == bad else 0.0
        if wrong > WRONG:
            break
    able = wrong <= WRONG
    verdict = "its scores are used" if able else "too few, so documents are ranked without it"
    say(f"the judge picked the better text in {seen - wrong:g} of {seen} known pairs: {verdict}")
    return able
