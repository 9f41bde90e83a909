"""Says the same in other words: words that can be exchanged anywhere, sentences joined to one, a name that somebody is called by.

A template is a sentence that somebody thought about, so it has few alternatives. These multiply: a small model that has seen each of them
in many settings learns words, not whole lines.
"""

from __future__ import annotations

import random
import re
from functools import cache

from minigpt.corpus.english import upper_first
from minigpt.corpus.words import load_words

JOINED, CALLED = 0.4, 0.2  # shares of neighboring sentences that become one, and of turns that name the other
LONGEST, LONGEST_CALL = 24, 9  # words of a joined sentence; of one that ends with a name
SENTENCE = re.compile(r"[^.?!]+(?:[.?!](?![\s\"]|$)[^.?!]*)*[.?!]+\"?")
ABBREVIATION = re.compile(r"\b(?:Mr|Ms|Dr|P\.S)\.$")


@cache
def _exchanges() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    words = load_words("wording")
    anywhere = [
        (re.compile(r"\b(?:" + "|".join(sorted(same, key=len, reverse=True)) + r")\b", re.IGNORECASE), tuple(same))
        for same in words["same words"]
    ]
    return (*anywhere, *((re.compile(pattern, re.IGNORECASE), tuple(same)) for pattern, same in words["same in context"]))


def reworded(rng: random.Random, text: str) -> str:
    """The text with exchangeable words drawn anew."""
    for pattern, same in _exchanges():
        if pattern.search(text):
            text = pattern.sub(lambda m, same=same: _like(m[0], rng.choice(same)), text)  # type: ignore[misc]
    return text


def _like(old: str, new: str) -> str:
    return upper_first(new) if old[0].isupper() and not new.startswith("I ") else new


def split(text: str) -> list[str]:
    """The sentences of a paragraph, each with its closing sign."""
    parts: list[str] = []
    for part in re.split(r"(?<=[.?!])\s+(?=[A-Z0-9\"])", text):
        if parts and ABBREVIATION.search(parts[-1]):
            parts[-1] += " " + part
        else:
            parts.append(part)
    return parts


def joined(rng: random.Random, text: str, *, spoken: bool = False) -> str:
    """The paragraph with some neighboring statements joined: by a comma before "but" and "and", else by a semicolon, in speech a dash."""
    starts = load_words("wording")["clause starts"]
    done: list[str] = []
    for sentence in split(text):
        first = re.match(r"[A-Za-z]+", sentence)
        before = done[-1] if done else ""
        plain = not re.search(r"[\":;?!]", before) and before.endswith(".") and not re.search(r"[\":;]|\.\.\.| - ", sentence + before)
        lower = first is not None and (first[0] == "I" or first[0].lower() in starts)
        mark = ", " if first and first[0].lower() in ("but", "and") else rng.choice(("; ", " - ")) if spoken else "; "
        fits = (
            not (mark == ", " and sentence.endswith("?"))
            and len(before.split()) > 2
            and len(before.split()) + len(sentence.split()) <= LONGEST
        )
        if plain and lower and fits and first and rng.random() < JOINED:
            follows = sentence if first[0] == "I" else sentence[0].lower() + sentence[1:]
            done[-1] = before[:-1] + mark + follows
        else:
            done.append(sentence)
    return " ".join(done)


def calling(rng: random.Random, text: str, name: str) -> str:
    """The turn with the other's name at the end of one short sentence, unless it has the name already."""
    sentences = split(text)
    short = [i for i, sentence in enumerate(sentences) if 2 < len(sentence.split()) <= LONGEST_CALL and _can_call(sentence)]
    if name in text or not short:
        return text
    chosen = rng.choice(short)
    sentences[chosen] = f"{sentences[chosen][:-1]}, {name}{sentences[chosen][-1]}"
    return " ".join(sentences)


def _can_call(sentence: str) -> bool:
    """Whether a name may follow: after a statement or question without a list, a quotation or another name."""
    body = sentence[:-1]
    return sentence[-1] in ".?" and not re.search(r"[,:;\"()]|\.\.", body) and not re.search(r"(?<=.)\b[A-Z][a-z]+", body)
