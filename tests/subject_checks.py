"""Checks the text about a subject by reading it: whole sentences, quizzes whose answers fit, talk in turns, words in their order."""

from __future__ import annotations

import re
from itertools import pairwise

from minigpt.corpus.english import starts_with_vowel_sound
from minigpt.corpus.request import Request

LEFT_OVER = re.compile(r"[{}\[\]|~]|\ba\(n\)|\.\.| ,| \.|\bNone\b|[?!][?!.,]|,,|;,")


MANY = re.compile(  # a meaning that speaks of many
    r"(?m)^   [abc]\) (?:[a-z-]+ ){0,3}(?:birds|fishes|mammals|animals|insects|snakes)\b(?= (?:having|of|that|with|related|noted)\b)"
)


def check(text: str, request: Request) -> str:
    """The first fault of a document; "" if it has none."""
    return _letters(text) or CHECKS.get(request.forms[0], lambda text: "")(text)


def _letters(text: str) -> str:
    if found := LEFT_OVER.search(text) or re.search(r"(?m)\S  ", text):
        return f"left over: {found[0]!r}"
    if found := re.search(r"\b([a-z]+) \1\b", text):
        return f"doubled: {found[0]}"
    for article, word in re.findall(r"\b([Aa]n?) ([a-z]{3,})", text):
        if (article.lower() == "an") != starts_with_vowel_sound(word):
            return f"article: {article} {word}"
    if found := re.search(
        r"\b(?:is|are) an? (?:(?!that|which|who|whose|where|when|what|as|and|or|of|in|with|for|to)[a-z]+ ){1,3}(?:is|was) [a-z]+ed\b", text
    ):
        return f"two sentences in one: {found[0]}"
    day = re.match(r"(\w+day)\b", text)
    if day and re.search(rf"\b(?:[Ll]ast|On) {day[1]}\b", text):
        return f"on {day[1]}, of today"
    if found := re.search(r"\bkinds? of (?:softness|loudness|length|size|rate)\b", text):
        return f"a strange family: {found[0]}"
    return "a quotation is not closed" if text.count('"') % 2 else ""


def _quiz(text: str) -> str:
    asked, _, answers = text.partition("Answers about")
    questions = re.findall(r"(?m)^(\d+)\. ", asked)
    replies = re.findall(r"(?m)^(\d+)\. (.+)$", answers)
    if questions != [number for number, _ in replies] or len(questions) < 3:
        return "questions and answers"
    for number, reply in replies:
        block = re.split(r"(?m)^\d+\. ", asked)[int(number)]
        chosen = re.match(r"([abc]\) .+)\.$", reply)
        if re.match(r"(?:What|Which of these) is an? ", block) and (many := MANY.search(block)):
            return f"one thing, and many: {many[0]!r}"
        if chosen and f"   {chosen[1]}" not in block:
            return f"no such choice: {reply}"
        if listed := re.search(r"\(([^()]+) or ([^()]+)\)\?", block):
            names = {name.lower() for name in (*listed[1].split(", "), listed[2])}
            if not any(reply.lower().rstrip(".").endswith(name) for name in names):
                return f"not among the words: {reply}"
    return ""


def _turns(text: str) -> str:
    names = [line.partition(": ")[0] for line in text.split("\n\nP.S.")[0].split("\n")]
    return "" if len(set(names)) == 2 and all(a != b for a, b in pairwise(names)) else "turns"


def _guessing(text: str) -> str:
    """What is guessed last is what is confirmed, and its letters are right."""
    lines = [line.partition(": ")[2] for line in text.split("\n\nP.S.")[0].split("\n")]
    word = re.search(r"(?:It is|Yes,|Exactly:) (?:an? |the )?([^!.,:]+?)(?:!|\.|, and you)", lines[-1])
    if not word or word[1].lower() not in lines[-2].lower():
        return "the word"
    hint = lines[-3]
    first, count = re.search(r'(?:begins with|first letter is) "(\w)"', hint), re.search(r"it has (\w+) letters", hint)
    if not first or first[1] != word[1][0].upper():
        return "the first letter"
    letters = sum(map(str.isalpha, word[1]))
    named = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    return "the letters" if count and count[1] not in (str(letters), *named[letters : letters + 1]) else _turns(text)


def _glossary(text: str) -> str:
    words = re.findall(r"(?m)^([^\n:]+?)(?:: | - )", text.split("\n\n")[2])
    words = [word.removeprefix("to ").lower() for word in words]
    return "" if words == sorted(words) and len(words) > 2 else "not in the order of the alphabet"


CHECKS = {"quiz": _quiz, "conversation": _turns, "guessing": _guessing, "glossary": _glossary}
