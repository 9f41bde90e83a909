"""Writes the kinds of text that have a name of their own: shanties, riddles, horoscopes, toasts and the like."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form
from minigpt.corpus.templates.occasion_play import horoscope, joke, rap, riddle
from minigpt.corpus.templates.occasion_prose import BEST_MAN, BIRTHDAY, lines, posts, tell, toast
from minigpt.corpus.templates.occasion_scene import Scene, fit
from minigpt.corpus.templates.occasion_subjects import Subject, single
from minigpt.corpus.templates.occasion_verse import shanty, spell
from minigpt.corpus.templates.occasion_work import changelog, commits, faq, review, weather
from minigpt.corpus.words import Words, load_words


def form_of(name: str, write: Callable[[Scene, Words], str]) -> Form:
    """A form whose documents have a scene of their own, drafted until one is fit for the request."""

    def form(rng: random.Random, words: Words, request: Request) -> str:
        def draft() -> tuple[Subject, str]:
            scene = Scene(rng, words, _about(request, name), name)
            scene.request = request
            return scene.subject, write(scene, words)

        return fit(words, request, draft)

    return form


LOGGED = ("the sea", "the stars", "the weather", "pirates", "cooking", "football", "music", "books", "whales", "chess")
FORETOLD = ("love", "money", "work", "travel", "friendship", "patience", "health", "family", "music", "books")


def _about(request: Request, name: str) -> Request:
    """The request that a document's subject is drawn from: movie reviews have any subject, a best man speaks at a wedding."""
    asked = " ".join((*request.matched, *request.topics)).lower()
    if name == "review" and (not request.topics or all(single(topic) in load_words("occasion")["reviewed"] for topic in request.topics)):
        return replace(request, topics=(), matched=())
    if name == "log" and not request.topics:  # captain's logs are not about captains
        return replace(request, topics=LOGGED)
    if name in ("fortune cookie", "horoscope") and not request.topics:
        return replace(request, topics=FORETOLD)
    if name == "toast" and BEST_MAN.search(asked):
        return replace(request, topics=("weddings",))
    if name == "toast" and BIRTHDAY.search(asked):
        return replace(request, topics=("birthdays",))
    return request


WRITTEN: dict[str, Callable[[Scene, Words], str]] = {
    "shanty": shanty, "riddle": riddle, "joke": joke, "horoscope": horoscope, "spell": spell, "toast": toast, "speech": tell,
    "review": review, "faq": faq, "howto": tell, "changelog": changelog, "commits": commits, "posts": posts, "weather": weather, "rap": rap,
}  # fmt: skip
TOLD = (
    "quest", "advertisement", "classified ad", "postcard", "love letter", "complaint letter", "apology", "quote", "prophecy", "insult",
    "proverb", "log", "obituary", "blessing", "label", "travel", "to-do list", "bedtime ritual", "dream", "thank-you note", "profile",
    "conspiracy theory", "podcast intro", "school report", "meditation", "diary",
)  # fmt: skip
LISTED = (
    "pickup line", "fortune cookie", "affirmation", "tongue twister", "would you rather", "excuse", "slogan", "caption", "vow",
)  # fmt: skip
FORMS: dict[str, Form] = {
    name: form_of(name, write) for name, write in {**WRITTEN, **dict.fromkeys(TOLD, tell), **dict.fromkeys(LISTED, lines)}.items()
}
