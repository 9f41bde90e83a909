"""Extracts the usable text of an answer, or says in one word why there is none.

Handles answers that break off, loop or echo their instructions. Chatter, mark-up and language are left to choose/clean.py, which
every source passes through.
"""

from __future__ import annotations

import re
from collections import Counter

from minigpt.corpus.documents import MOST_LETTERS
from minigpt.corpus.ollama.client import Answer
from minigpt.corpus.ollama.teacher import Question

SENTENCE = re.compile(r"[^.!?…。！？]+(?:[.!?…。！？]+[\"'”’»)\]]*|$)\s*")  # noqa: RUF001 (full-width marks end sentences)
END = re.compile(r"(?<!\.\.)[.!?。！？][\"'”’»)\]]*\s*$")  # noqa: RUF001 (an ellipsis ends nothing)
TRAILS_OFF = re.compile(r"(?:\.\.\.|…)[\"'”’»)\]]*$")  # noqa: RUF001
QUOTE = re.compile(r"(?<!\d)\"|[„“”`]")  # not an inch mark
LEADING = re.compile(r"^[\"“]", re.MULTILINE)  # a text written as one long quotation
BARE_ITEM = re.compile(r"(?:\n[ \t]{0,8}(?:\d{1,9}[.)]|[-*•]|P\.?S\.?:?)|(?<=[.!?]) \d{1,9}[.)])\Z")  # an unwritten item or postscript
SAME_LINES = re.compile(r"^(.+)$(?:\n+\1$){2,}", re.MULTILINE)  # twice may be a refrain
WORD = re.compile(r"\w+")
BACK = 50  # sentences tried, from the end
LEAST_LEFT = 0.4  # share of a text that must remain after cutting back, or it is dropped
CIRCLING = 0.5  # least share of distinct four-word sequences; songs with a chorus have more
LENGTH = re.compile(r"(\d+) words\.")
OFTEN, LOOSER = 4, 0.75  # with one sequence repeated this often, this share is the least
ECHO = 6  # consecutive words of the instructions


def read_answer(answer: Answer, question: Question) -> tuple[str, str]:
    """(text, "") or ("", trouble): unfinished, thinking, empty, too long, cut off, circling or echoing."""
    text = answer.text.strip()
    if not answer.finished:
        return "", "unfinished"
    if not text:
        return "", "thinking" if answer.thinking or answer.eval_count > 1 else "empty"
    if len(text) > MOST_LETTERS:
        return "", "too long"
    text = BARE_ITEM.sub("", text).rstrip()
    if only_labels(text):
        return "", "empty"
    cut = answer.done_reason == "length" or (answer.done_reason is None and answer.eval_count >= question.tokens)
    if cut or TRAILS_OFF.search(text):
        text = cut_back(text)
    text = with_closed_quotes(SAME_LINES.sub(r"\1", text))
    if not text:
        return "", "cut off"
    text = before_circling(text)
    if not text:
        return "", "circling"
    return ("", "echoing") if echoes(text, question.prompt) else (text, "")


def only_labels(text: str) -> bool:
    """Whether most lines only announce something, such as a speaker who then says nothing."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return len(lines) >= 3 and sum(line.endswith(":") for line in lines) > len(lines) / 2


def cut_back(text: str) -> str:
    """A text that breaks off, cut after its last complete sentence; empty if too little is left."""
    if END.search(text):
        return text
    last = [match.end() for match in SENTENCE.finditer(text) if END.search(match[0])]
    kept = text[: last[-1]].rstrip() if last else ""
    return kept if len(kept) >= LEAST_LEFT * len(text) else ""


def with_closed_quotes(text: str) -> str:
    """The text; if a quotation is never closed, only what precedes it; empty if too little is left.

    A text that is one quotation from its first word on loses the marks instead.
    """
    if _closes_quotes(text):
        return text
    ends = [match.end() for match in SENTENCE.finditer(text)][-BACK:-1]
    for kept in (text[:end].rstrip() for end in reversed(ends)):
        if len(kept) >= LEAST_LEFT * len(text) and END.search(kept) and _closes_quotes(kept):
            return kept
    bare = LEADING.sub("", text)
    return bare if _closes_quotes(bare) else ""


def _closes_quotes(text: str) -> bool:
    """Whether every quotation is closed, or continued by an opening mark at the start of the next paragraph."""
    paragraphs = text.split("\n\n")
    if _balanced(text) and (_balanced(paragraphs[-1]) or not LEADING.match(paragraphs[-1])):
        return True
    return all(_balanced(one) or LEADING.match(following) for one, following in zip(paragraphs, [*paragraphs[1:], ""], strict=True))


def _balanced(text: str) -> bool:
    times = Counter(QUOTE.findall(text.replace('"""', "").replace("```", "")))  # those belong to programs
    halves = times["“"] <= times["”"] + times["„"]  # in German, „ opens and “ closes
    return times['"'] % 2 == 0 and times["`"] % 2 == 0 and halves


def before_circling(text: str) -> str:
    """The text; if it loops, only what precedes its first repeated sentence; empty if that is less than three sentences."""
    words = WORD.findall(text.lower())
    grams = [tuple(words[i : i + 4]) for i in range(len(words) - 3)]
    times = Counter(grams)
    least = LOOSER if max(times.values(), default=0) >= OFTEN else CIRCLING
    if len(times) >= least * len(grams):
        return text
    seen: set[tuple[str, ...]] = set()
    kept = []
    for match in SENTENCE.finditer(text):
        words = WORD.findall(match[0].lower())
        fresh = {tuple(words[i : i + 4]) for i in range(max(1, len(words) - 3))}
        if len(fresh & seen) > len(fresh) / 2:
            break
        seen |= fresh
        kept.append(match[0])
    else:
        return ""  # it loops within its sentences
    return "".join(kept).rstrip() if len(kept) >= 3 else ""


def echoes(text: str, prompt: str) -> bool:
    """Whether a text quotes its instructions, or mentions the number of words asked for."""
    if (length := LENGTH.search(prompt)) and re.search(rf"\b{length[1]}[ -]words?\b", text):
        return True
    asked, said = WORD.findall(prompt.lower()), WORD.findall(text.lower())
    given = {tuple(asked[i : i + ECHO]) for i in range(len(asked) - ECHO + 1)}
    return any(tuple(said[i : i + ECHO]) in given for i in range(len(said) - ECHO + 1))
