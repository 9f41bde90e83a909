"""Writes documents about any subject that WordNet knows: what its words mean, in encyclopedias, quizzes, talk, letters and poems."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form, Told
from minigpt.corpus.templates.subject_asked import answers, conversation
from minigpt.corpus.templates.subject_facts import Teller
from minigpt.corpus.templates.subject_field import subject_of
from minigpt.corpus.templates.subject_games import guessing, quiz
from minigpt.corpus.templates.subject_told import comparison, diary, entry, glossary, letter, poem, talk
from minigpt.corpus.templates.subject_words import named
from minigpt.corpus.words import Words

SIZES = {"short": (2, 3), None: (3, 5), "long": (6, 8)}  # words of the subject besides its name


def covers(request: Request) -> bool:
    """Whether WordNet knows one of the topics, asked in English: German "Gift" is no present."""
    return request.language == "en" and any(subject_of(topic) for topic in request.topics)


def known(request: Request) -> list[str]:
    """What WordNet knows of the topics, each word with its article."""
    found = [subject for topic in request.topics if (subject := subject_of(topic))]
    return list(dict.fromkeys(named(main.sense, request.spell(main.word)) for subject in found for main in subject.mains))


def told(request: Request) -> Request:
    """The request for forms that fit any topic, moved to the forms of a subject."""
    every = set(AS_TOPIC) <= set(request.forms)
    forms = tuple(FORMS) if every else tuple(dict.fromkeys(form for asked in request.forms for form in AS_TOPIC.get(asked, (asked,))))
    return replace(request, category="subject", forms=forms)


def write(rng: random.Random, words: Words, request: Request, form: Callable[[Teller, int], list[str]]) -> str:
    """A document of the form: its paragraphs."""
    teller = Teller(rng, words, request)
    paragraphs = form(teller, rng.randint(*SIZES[request.length]))
    if request.tone == "fun":
        word = teller.rng.choice([e for e in teller.subject.entries if e.sense.number in teller.told] or teller.subject.mains)
        paragraphs.append(f"P.S. {teller.say('fun', a=teller.a(word), word=word.word)}")
    text = "\n\n".join(filter(None, paragraphs))
    return Told(text.replace("!", ".") if request.tone == "formal" else text, teller.idea or teller.main.word)


WRITE = {
    "entry": entry, "answers": answers, "conversation": conversation, "glossary": glossary, "quiz": quiz, "comparison": comparison,
    "diary": diary, "guessing": guessing, "letter": letter, "talk": talk, "poem": poem,
}  # fmt: skip
FORMS: dict[str, Form] = {name: partial(write, form=form) for name, form in WRITE.items()}
AS_TOPIC = {
    "answer": ("answers", "entry"), "diary": ("diary",), "conversation": ("conversation", "guessing"), "questions": ("quiz", "glossary"),
    "letter": ("letter",), "plan": ("talk", "comparison"), "talk": ("talk", "entry"), "poem": ("poem",),
}  # fmt: skip
