"""Checks the text of a persona by reading it, without the tables that it was written from: turns, visitors, endings, articles."""

from __future__ import annotations

import re
from itertools import pairwise

from minigpt.corpus.english import starts_with_vowel_sound
from minigpt.corpus.request import Request

LEFT_OVER = re.compile(r"[{}\[\]|~\0]|\ba\(n\)|  |\.\.| ,| \.|\bNone\b|[?!.][?!.,]|,,|\"\"")
DOUBLED = re.compile(r"\b([a-z]+) \1\b")


def check(text: str, request: Request) -> str:
    """The first fault of a document; "" if it has none."""
    form = request.forms[0]
    return _letters(text) or _lines(text) or CHECKS.get(form, lambda text: "")(text)


def _letters(text: str) -> str:
    if found := LEFT_OVER.search(text):
        return f"left over: {found[0]!r}"
    if found := DOUBLED.search(text.lower()):
        return f"doubled: {found[0]}"
    for article, word in re.findall(r"\b([Aa]n?) ([a-z]{3,})", text):
        if (article.lower() == "an") != starts_with_vowel_sound(word):
            return f"article: {article} {word}"
    if found := re.search(r"\b(?:beside|in|at|under|behind|on) (?:the|my|your) (\w+) with (?:my|your) \1\b", text):
        return f"the same twice: {found[0]!r}"
    if text.count('"') % 2:
        return "a quotation is not closed"
    return ""


def _lines(text: str) -> str:
    for number, line in enumerate(text.split("\n")):
        if line[:1].islower() or re.search(r"[.?!] [a-z]", line):
            return f"small letter: {line[:60]}"
        if number and len(line.split()) > 9 and not re.search(r"[.?!][\"]?$", line):
            return f"no end: {line[-60:]}"
    return ""


def _exchange(text: str) -> str:
    turns = [line.partition(": ") for line in text.split("\n")]
    names = [turn[0] for turn in turns]
    if len(set(names)) != 2 or any(a == b for a, b in pairwise(names)):
        return "turns"
    questions = [said for name, _, said in turns if name == names[0]]
    return "" if all("?" in said for said in questions[:-1]) else "a visitor does not ask"


def _advice(text: str) -> str:
    asked, _, answer = text.partition("\n\n")
    sign = asked.split("\n")[-1].removeprefix("A ")
    return "" if "?" in asked and answer.startswith(f"Dear {sign},\n") else "the answer is to somebody else"


def _scene(text: str) -> str:
    """The visitor of the first lines is the one of the last."""
    body = text.split("\n\n", 1)[1]
    guests = set(re.findall(r"\" (?:said|asked|called|cried) (the [a-z]+(?: [a-z]+)??)(?= when\b|[.,]|$| and| at| in| who|,)", body))
    return f"two visitors: {sorted(guests)}" if len(guests) > 1 else "" if "?" in body else "nobody asks"


def _letter(text: str) -> str:
    greeting, *paragraphs, end = text.split("\n\n")
    good = greeting.startswith("Dear ") and greeting.endswith(",") and ",\n" in end and "?" in paragraphs[0]
    return "" if good else "a letter has a greeting, the question, and a name"


def _rules(text: str) -> str:
    numbers = [int(number) for number in re.findall(r"(?m)^(\d+)\. ", text)]
    return "" if numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 2 else "numbers"


CHECKS = {"exchange": _exchange, "advice": _advice, "scene": _scene, "letter": _letter, "rules": _rules}
