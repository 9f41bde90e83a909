"""Greeting cards: each is for the feast that the prompt names, goes to the person whom it names, and says nothing twice."""

from __future__ import annotations

import random
import re
from itertools import islice

import pytest

from minigpt.corpus.prompt.describe import describe
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.templates import write_documents
from minigpt.corpus.templates.greetings import feast_of
from minigpt.corpus.words import load_words

CARDS = load_words("greetings")["cards"]


def texts(prompt: str, count: int = 60) -> list[str]:
    return [document.text for document in islice(write_documents(understand(prompt), random.Random(3)), count)]


@pytest.mark.parametrize(
    ("prompt", "feast", "said"),
    [
        ("birthday cards", "birthday", r"birthday|returns|your day"),
        ("Christmas wishes", "christmas", r"Christmas|snow|year"),
        ("condolence messages", "sympathy", r"sorry|died|heard|no right words"),
        ("get-well cards", "get well", r"well|bed|leg|operation|fever|visitors|cold"),
        ("wedding cards", "congratulations", r"ongratulations|news|done it|Here is to you"),
        ("new year's cards", "new year", r"[Nn]ew year"),
        ("good morning texts", "good morning", r"morning|day"),
    ],
)
def test_a_card_is_for_the_feast_of_the_prompt(prompt: str, feast: str, said: str) -> None:
    request = understand(prompt)
    assert (request.category, feast_of(request.kind)) == ("greeting", feast)
    assert describe(request)[0] == request.kind
    for text in texts(prompt):
        assert re.search(said, text.split("\n\n")[1]), text


@pytest.mark.parametrize(("who", "called"), [("grandma", "Grandma"), ("dad", "Dad"), ("boss", r"M[rs]\. [A-Z]\w+"), ("wife", r"[A-Z]\w+")])
def test_it_goes_to_whom_the_prompt_names(who: str, called: str) -> None:
    for text in texts(f"birthday cards for my {who}"):
        assert re.match(rf"Dear {called},\n", text), text


@pytest.mark.parametrize("feast", list(CARDS))
def test_it_has_a_beginning_and_an_end_and_repeats_nothing(feast: str) -> None:
    found = texts(f"{'wedding' if feast == 'congratulations' else feast} cards", 200)
    assert len(set(found)) == len(found)
    for text in found:
        greeting, body, end, signature, *more = text.split("\n\n")
        assert len(more) < 2 and all(part.startswith("P.S. ") and part[-1] == "." for part in more)
        sentences = re.split(r"(?<=[.!?]) ", body)
        assert greeting.endswith(",") and len(signature.split("\n")) == 2 and end[-1] in ".!"
        assert len(set(sentences)) == len(sentences) >= 3
        names = {greeting.split()[1].strip(","), signature.split("\n")[1]}
        assert len(names) == 2 and not names & set(re.findall(r"\b[A-Z]\w+", body)), text  # friends are neither of the two
