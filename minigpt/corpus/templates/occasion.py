"""Writes the kinds of text that have a name of their own: shanties, riddles, horoscopes, toasts and the like."""

from __future__ import annotations

import random
from collections.abc import Callable

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form
from minigpt.corpus.templates.occasion_people import about, fitting
from minigpt.corpus.templates.occasion_play import horoscope, joke, rap, riddle
from minigpt.corpus.templates.occasion_prose import diary, lines, posts, tell, toast
from minigpt.corpus.templates.occasion_scene import Scene, fit
from minigpt.corpus.templates.occasion_subjects import Subject
from minigpt.corpus.templates.occasion_verse import shanty, spell
from minigpt.corpus.templates.occasion_work import changelog, commits, faq, review, weather
from minigpt.corpus.words import Words


def form_of(name: str, write: Callable[[Scene, Words], str]) -> Form:
    """A form whose documents have a scene of their own, drafted until one is fit for the request."""

    def form(rng: random.Random, words: Words, request: Request) -> str:
        def draft() -> tuple[Subject, str]:
            scene = Scene(rng, words, about(request, name), name)
            scene.request = request
            text = write(scene, words)  # which may narrow the subject
            return scene.subject, text

        return fit(words, request, draft)

    return form


WRITTEN: dict[str, Callable[[Scene, Words], str]] = {
    "shanty": shanty, "riddle": riddle, "joke": joke, "horoscope": horoscope, "spell": spell, "toast": toast, "speech": tell,
    "review": review, "faq": faq, "howto": tell, "changelog": changelog, "commits": commits, "posts": posts, "weather": weather, "rap": rap,
    "diary": diary,
}  # fmt: skip
TOLD = (
    "quest", "advertisement", "classified ad", "postcard", "love letter", "complaint letter", "apology", "quote", "prophecy", "insult",
    "proverb", "log", "obituary", "blessing", "label", "travel", "to-do list", "bedtime ritual", "dream", "thank-you note", "profile",
    "conspiracy theory", "podcast intro", "school report", "meditation", "invitation",
)  # fmt: skip
LISTED = (
    "pickup line", "fortune cookie", "affirmation", "tongue twister", "would you rather", "excuse", "slogan", "caption", "vow",
)  # fmt: skip
FORMS: dict[str, Form] = {
    name: form_of(name, write) for name, write in {**WRITTEN, **dict.fromkeys(TOLD, tell), **dict.fromkeys(LISTED, lines)}.items()
}


def forms_for(request: Request) -> tuple[str, ...]:
    """The request's forms that suit what it asks for."""
    return fitting(request)
