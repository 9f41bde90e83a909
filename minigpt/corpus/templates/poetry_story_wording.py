"""Says the same in other words: interchangeable phrases, names for pronouns, the order of speaker and verb, and round numbers.

What is drawn for a document holds throughout it: where nine is eleven, it is eleven everywhere.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from minigpt.corpus.english import upper_first
from minigpt.corpus.words import Words

QUOTED = re.compile(r'"[^"]*"')
SPEECH = re.compile(r'"([^"]+)([,.?])" (said|asked) ((?:the )?[\w\'-]+(?: [\w\'-]+){0,4}?)(?=\.|,(?! "))')
SUBJECT = re.compile(r"(?:(?<=^)|(?<=[.?] )|(?<=[.?]\" ))(He|She)(?= [a-z])")
GAP = re.compile(r" +([,.?:])| {2,}")  # left by an alternative that is empty
HOUR = "".join(rf"(?<!\b{before} )" for before in ("at", "until", "past", "after", "by", "Is it"))  # what stands before it is no hour
NUMBER = re.compile(rf"(?<!-){HOUR}\b[A-Za-z]+\b(?!-| o'clock| times out of)")
BEFORE = 0.3  # share of the speakers who are named before the verb: "the dragon said"
CALLED = 0.25  # share of what is said to somebody that calls them by name
NAMED = 0.3  # share of the sentences that begin with the hero's name, not with "he" or "she"
AGAIN = 0.6  # share of the sentences that begin with "he" or "she" after one that begins with the name
Wording = Callable[[str], str]


def wording(rng: random.Random, words: Words, hero: tuple[str, str] = ("", ""), spoken_to: Mapping[str, str] | None = None) -> Wording:
    """A function that rewords the paragraphs of one document. `hero`: name and pronoun; `spoken_to`: speaker -> whom that one calls how."""
    numbers: dict[str, str] = {}
    for group in words["story numbers"]:
        numbers |= dict(zip(group, rng.sample(group, len(group)), strict=True))
    calls = spoken_to or {}
    twice = re.compile(rf"((?:^|[.?] ){hero[0]} [^.?\"]*\. ){hero[0]}(?= (?!and )[a-z])")  # two sentences that begin alike
    speakers = "|".join(re.escape(who) for who in (*calls, hero[0]) if who)
    tag = re.compile(rf'(?<=[,?.]" )(said|asked) ({speakers})(?=\.|, and )')

    def call(match: re.Match[str]) -> str:
        who = calls.get(match[4], "")
        if not who or who in match[1] or "," in match[1][-9:] or rng.random() > CALLED:
            return match[0]
        return f'"{match[1]}, {who}{match[2]}" {match[3]} {match[4]}'

    def reword(text: str) -> str:
        text = exchange(rng, words["story wordings"], GAP.sub(lambda m: m[1] or " ", text))
        text = QUOTED.sub(lambda m: exchange(rng, words["spoken wordings"], m[0], "(?= [a-z])"), text)
        if hero[0]:
            text = SUBJECT.sub(lambda m: hero[0] if rng.random() < NAMED else m[0], text)
            text = twice.sub(lambda m: m[1] + (upper_first(hero[1]) if rng.random() < AGAIN else hero[0]), text)
        if not any(f", {who}" in text for who in calls.values()):
            text = SPEECH.sub(call, text, count=2)
        text = tag.sub(lambda m: f"{m[2]} {m[1]}" if rng.random() < BEFORE else m[0], text)
        return NUMBER.sub(lambda m: cased(numbers.get(m[0].lower(), m[0]), m[0]), text)

    return reword


def exchange(rng: random.Random, groups: Sequence[Sequence[str]], text: str, after: str = "") -> str:
    """The text, with the first phrase of a group replaced by any of the group, at random, where `after` follows."""
    for group in groups:
        first, capital = group[0], upper_first(group[0])
        if first in text or capital in text:
            text = whole(first, after).sub(lambda m, group=group: cased(rng.choice(group), m[0]), text)  # type: ignore[misc]
    return text


@cache
def whole(phrase: str, after: str) -> re.Pattern[str]:
    """The phrase as whole words, with or without a capital, before the pattern `after`."""
    return re.compile(rf"\b(?:{re.escape(phrase)}|{re.escape(upper_first(phrase))})(?!\w){after}")


def cased(phrase: str, like: str) -> str:
    """The phrase with a capital if the other has one."""
    return upper_first(phrase) if like[0].isupper() else phrase
