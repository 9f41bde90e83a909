"""The general forms about a topic that no writer covers: they say its name, claim nothing about it, and obey what else was asked."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from itertools import islice, pairwise

import pytest

from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import topic, write_documents

PROMPTS = [
    "a GPT about late minecrafting",
    "how to zorblax a frumple",
    "Zorblaxian frumples, formal",
    "frumples explained for kids",
    "a funny GPT about the Zorblax of Frumple",
    "short texts about frumples and zorblaxes",
    "detailed knowledge of old zorblaxes",
    "Ein GPT über mittelalterliche Falknerei",
    "中世の鷹狩りについてのGPT",
]
CHILDLESS = re.compile(r"coffee|ferry|meeting|colleague|lecturer|spreadsheet|retired|archivist|information desk|on the train to work")


def texts_of(request: Request, count: int, seed: int = 3) -> list[tuple[str, str]]:
    """(form, text) of so many documents."""
    found = [(d.origin["form"], d.text) for d in islice(write_documents(request, random.Random(seed)), count)]
    assert len(found) == count
    return found


def check(text: str, form: str, request: Request) -> list[str]:
    """What is wrong with a document, read without knowledge of the templates."""
    faults = []
    if not any(request.spell(name).lower() in text.lower() for name in request.topics):
        faults.append("does not name its topic")
    if re.search(r"[{}\[\]|~]|\ba\(n\)|  |\.\.| ,| \.|\bNone\b", text):
        faults.append("is not filled in cleanly")
    faults += [f"repeats {word!r}" for word in re.findall(r"\b([a-z]+) \1\b", text)]
    lines = text.split("\n\nP.S.")[0].split("\n")
    parts = [part for line in lines for part in re.split(r"(?<=[.?!]) ", line)]
    faults += [f"begins a sentence small: {part!r}" for part in parts if form != "poem" and re.match("[a-z]", part)]
    if form in ("plan", "talk"):
        faults += check_times(text, form)
    speakers = [line.split(":")[0] for line in lines if re.match(r"[A-Z]\w+: ", line)]
    if form == "conversation" and (len(set(speakers)) != 2 or any(a == b for a, b in pairwise(speakers))):
        faults.append("speakers do not alternate")
    greeting, name = lines[0], lines[-1]
    if form == "letter" and not (re.fullmatch(r".* [A-Z]\w+,", greeting) and re.fullmatch(r"[A-Z]\w+", name) and name not in greeting):
        faults.append("is no letter from one person to another")
    if request.tone == "formal" and re.search(r"!|\b(?:do|is|would|can)n't\b|\bP\.S\.", text):
        faults.append("is not formal")
    if request.tone == "fun" and "P.S. " not in text:
        faults.append("is not fun")
    if request.audience == "children" and CHILDLESS.search(text):
        faults.append("is not for children")
    return faults


def check_times(text: str, form: str) -> list[str]:
    """The minutes of the steps add up to what the text above them says, and there are as many sessions."""
    minutes = [int(m) for m in re.findall(r"\((\d+) minutes\)\.$", text, flags=re.MULTILINE)]
    above = re.split(r"(?m)^(?:1\.|Session 1:) ", text)[0]
    stated = re.search(r"(\d+) minutes", above)
    faults = [] if minutes else ["has no steps"]
    if stated and sum(minutes) != int(stated[1]):
        faults.append(f"{sum(minutes)} minutes, but says {stated[0]}")
    sessions = re.search(r"(\d+) sessions", above)
    if sessions and int(sessions[1]) != len(minutes):
        faults.append(f"has {len(minutes)} sessions, but says {sessions[1]}")
    return faults


@pytest.mark.parametrize("count", [24, pytest.param(80, marks=pytest.mark.slow)])  # the first of them at least, always
@pytest.mark.parametrize("prompt", PROMPTS)
def test_every_document_is_in_order(prompt: str, count: int) -> None:
    request = understand(prompt)
    assert request.category == "topic"
    for form, text in texts_of(request, count):
        assert check(text, form, request) == [], text


@pytest.mark.slow
def test_the_topic_is_never_the_subject_of_a_claim() -> None:
    """Whatever the topic is, no document says that it is, was, has or does something; "a book about it is" speaks of the book."""
    claim = re.compile(r"(?<!about )(?<!of )(?<!on )\bzorblax (?:is|are|was|were|has|have|had|can|will|does|began|means)\b", re.IGNORECASE)
    for form, text in texts_of(Request("topic", topic.NAMES, topics=("zorblax",)), 1500):
        assert not claim.search(text), (form, text)


def test_length() -> None:
    mean = {}
    for length in ("short", None, "long"):
        texts = [text for _, text in texts_of(Request("topic", topic.NAMES, topics=("zorblaxes",), length=length), 160)]
        mean[length] = sum(len(text.split()) for text in texts) / len(texts)
    assert mean["short"] * 1.1 < mean[None] < mean["long"] / 1.1


def test_a_topic_lasts_for_60_000_tokens_and_is_varied() -> None:
    """No document twice, hardly two that are nearly the same (of their 5-grams, 80 % in common), and most 4-grams new enough."""
    grams: set[tuple[str, ...]] = set()
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    sizes: list[int] = []
    total = near = 0
    texts = []
    for document in write_documents(understand("a GPT about late minecrafting"), random.Random(11)):
        words = document.text.split()
        texts.append(document.text)
        total += len(words)
        grams |= {tuple(words[i : i + 4]) for i in range(len(words) - 3)}
        shingles = {tuple(words[i : i + 5]) for i in range(len(words) - 4)}
        common: dict[int, int] = defaultdict(int)
        for shingle in shingles:
            for other in holders[shingle]:
                common[other] += 1
            holders[shingle].append(len(sizes))
        near += any(n >= 0.8 * (len(shingles) + sizes[other] - n) for other, n in common.items())
        sizes.append(len(shingles))
        if total >= 45_000:
            break
    assert total >= 45_000 and len(set(texts)) == len(texts)
    assert near <= 0.02 * len(texts) and len(grams) / total >= 0.35


def test_fun_leaves_out_the_forms_without_a_joke() -> None:
    assert topic.forms_for(Request("topic", topic.NAMES, tone="fun")) == ("answer", "diary", "questions", "letter", "plan", "talk")
    assert topic.forms_for(Request("topic", ("poem",), tone="fun")) == ("answer",)
    assert topic.forms_for(Request("topic", topic.NAMES)) == topic.NAMES
