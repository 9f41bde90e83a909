"""Writes greeting cards: for birthdays and Christmas, of sympathy, to get well, of congratulation, of encouragement."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from minigpt.corpus.english import singular
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form, Told, fill
from minigpt.corpus.templates.occasion_people import person
from minigpt.corpus.words import Words, load_words

WISHES = {"short": (2, 2), None: (3, 4), "long": (5, 6)}  # sentences between the first and the last
AFTERTHOUGHT = 0.6  # the share of cards with a P.S.; none of sympathy has one
SAD = "sympathy"
BUSINESS = "business"  # those who are addressed by their surnames


def feast_of(phrase: str) -> str:
    """The feast that a phrase names: "birthday" for birthday wishes; "" if it names none."""
    words = {singular(word) for word in phrase.lower().split()} | set(phrase.lower().split())
    return next((feast for feast, card in load_words("greetings")["cards"].items() if words & set(card["said"])), "")


def addressed(topics: Sequence[str]) -> bool:
    """Whether all topics name somebody to whom a card can go."""
    return all(person(Request("greeting", ("card",), topics=(topic,))) for topic in topics)


def card(rng: random.Random, words: Words, request: Request) -> str:
    """A card: a greeting, a first sentence, some wishes, a last sentence, a signature."""
    cards = words["cards"]
    feast = feast_of(" ".join((*request.matched, request.kind))) or rng.choice(list(cards))
    sender, receiver, friend = rng.sample(words["people"], 3)
    somebody = person(request)
    if somebody:
        title = rng.choice(("Ms.", "Mr."))
        receiver = f"{title} {rng.choice(words['surnames'])}" if somebody.kind == BUSINESS else somebody.name or receiver
    wishes = rng.sample(range(len(cards[feast]["wish"])), rng.randint(*WISHES[request.length]))
    sad = feast == SAD
    sentences = [rng.choice(cards[feast]["open"]), *(cards[feast]["wish"][i] for i in wishes)]
    sentences.insert(rng.randint(2, len(sentences)), rng.choice(words["memories of the dead" if sad else "memories"]))
    after = rng.choice(words["after"]) if not sad and rng.random() < AFTERTHOUGHT else ""
    look = _Details(rng, words, friend, {receiver, sender, friend})
    body, end, more = (upper_sentences(fill(rng, text, look)) for text in (" ".join(sentences), rng.choice(cards[feast]["end"]), after))
    text = "\n\n".join(filter(None, [f"Dear {receiver},", body, end, f"{rng.choice(words['closings'])}\n{sender}", more]))
    return Told(text, f"card: {feast}: {'-'.join(map(str, sorted(wishes)))}")


class _Details:
    """The look-up for one card: one friend, and otherwise nothing twice."""

    def __init__(self, rng: random.Random, words: Words, friend: str, known: set[str]) -> None:
        self.rng, self.words, self.friend, self.used = rng, words, friend, set(known)

    def __call__(self, name: str) -> str:
        """What stands for a field: a thing, a place, the friend; an item is a thing without its article."""
        if name == "item":
            return re.sub(r"^(?:an?|the) ", "", self("thing"))
        if name == "friend":
            return self.friend
        table = self.words["people" if name == "friend2" else f"{name.removesuffix('2')}s"]
        found = str(self.rng.choice([entry for entry in table if entry not in self.used] or table))
        self.used.add(found)
        return found


def upper_sentences(text: str) -> str:
    """The text with a capital at the beginning of every sentence."""
    return re.sub(r"(^|[.!?] |P\.S\. )([a-z])", lambda match: match[1] + match[2].upper(), text)


FORMS: dict[str, Form] = {"card": card}
