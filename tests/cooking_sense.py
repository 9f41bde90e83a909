"""Reads cooking documents for what a cook would smile at. In: a text and its request; out: the list of its faults."""

from __future__ import annotations

import re

from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_recipes import minutes_in

SWAPPED = (  # the words in which a text lets a food be replaced
    r"If you have no ([a-z ]+?)(?: for [\w' -]+)?, use ",
    r"No ([a-z ]+?) in the (?:house|cupboard)\?",
    r"can take the place of the ([a-z ]+?) in ",
    r"as well, if ([a-z ]+?) (?:is|are) hard to find",
)
ANSWERED = (  # a question, and how its answer must begin or what it must hold
    (r"hard to make\?|Is it difficult\?|need much practice", r"Answer: (?:No\b|Not |It is simpler)"),
    (r"Can a beginner make|Could I make|for a small kitchen\?", r"Answer: Yes\b"),
    (r"What goes into|What do I need for|What do I have to buy", r"Answer: (?:You need|For .*you combine|Above all)"),
    (r"Where do I begin\?|Can you explain|How do I make", r"Answer: (?:Start|It is simpler|Begin)"),
)
SAUCE = re.compile(r"\b(?:spaghetti|penne|rigatoni|linguine|orecchiette|tagliatelle)\b")
LONGEST_SHORT = 60  # minutes of a dish for those who ask for something short


def check_sense(text: str, request: Request) -> list[str]:
    """Every fault that needs no list of foods."""
    steps = re.findall(r"(?m)^\d+\. (.+)$", text)
    faults = [*_replaced(text), *_answered(text)]
    if request.length == "short" and (stated := minutes_in(re.findall(r"(?m)^(?:Serves|Makes) .*$", text))) > LONGEST_SHORT:
        faults.append(f"{stated} minutes for something short")
    drained = [i for i, step in enumerate(steps) if SAUCE.search(step) and re.search(r"\b(?:cook|boil)\b.*\bcup of the\b", step.lower())]
    faults += [f"the pasta waits for its sauce: {steps[i]}" for i in drained if i < len(steps) - 2]
    faults += [f"steam from what is cold: {step}" for step in steps if "steam burns" in step and not re.search(r"boil|water", step.lower())]
    return faults


def _replaced(text: str) -> list[str]:
    """A food that gives the dish its name is not replaced: no orange cake without orange zest."""
    title = set(re.findall(r"[a-z]+", text.split("\n")[0].lower())) if "\n- " in text and "Shopping" not in text.split("\n")[0] else set()
    foods = [food for pattern in SWAPPED for food in re.findall(pattern, text)]
    return [f"{food} is in the name" for food in foods if title & set(food.split()) - {"red", "green", "white", "sweet", "black"}]


def _answered(text: str) -> list[str]:
    question, _, answer = text.partition("\n\nAnswer: ")
    return [
        f"another answer: {question}"
        for asked, said in ANSWERED
        if answer and re.search(asked, question) and not re.match(said, f"Answer: {answer}")
    ]
