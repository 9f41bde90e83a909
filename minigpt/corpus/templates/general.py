"""Writes general documents: dialogues, business letters, lessons and news."""

from __future__ import annotations

from dataclasses import replace

from minigpt.corpus.english import plurals, singular
from minigpt.corpus.request import Request
from minigpt.corpus.templates.general_facts import form_of, known_topics, topic_words
from minigpt.corpus.templates.general_letters import MATES, email, memo
from minigpt.corpus.templates.general_news import news, scenes
from minigpt.corpus.templates.general_readers import STAFF, addressed, reader_of
from minigpt.corpus.templates.general_scene import names
from minigpt.corpus.templates.general_talk import dialogue, talks
from minigpt.corpus.templates.grammar import Form
from minigpt.corpus.templates.lessons import lesson, taught
from minigpt.corpus.templates.occasion_people import person, personal
from minigpt.corpus.templates.occasion_subjects import INDEFINITE
from minigpt.corpus.words import load_words

FORMS: dict[str, Form] = {
    "dialogue": form_of(dialogue),
    "email": form_of(email),
    "memo": form_of(memo),
    "lesson": lesson,
    "news": form_of(news),
}

IN_OTHERS = {  # the forms of topic.py that replace a form if it does not know the topic
    "dialogue": ("conversation",), "email": ("letter",), "memo": ("letter",), "lesson": ("questions", "answer", "plan"),
    "news": ("talk", "answer"),
}  # fmt: skip
QUIZZES = frozenset(either for word in load_words("general")["quizzes"] for either in (word, *plurals(word)))


PLACES = (
    "cafe",
    "a cafe",
    "a coffee shop",
    "coffee shop",
    "a bar",
    "a restaurant",
    "the kitchen table",
    "a bus stop",
    "a party",
)  # of talks
AS_SUCH = ("customer support", "customer service", "tech support", "hobbies", "hobby")  # topics of talks that no single talk names


def spoken_to(request: Request) -> Request:
    """The request without topics that only say to whom e-mails go, or where people talk; letters to colleagues alone have their own."""
    if reader_of(request):
        return addressed(request)
    request = personal(addressed(request))
    if request.category != "general":
        return request
    mail = "email" in request.forms or "memo" in request.forms
    if {*request.forms} == {"email", "dialogue"} and {"letters", "letter", "emails", "e-mails"} & {*request.matched}:
        request = replace(request, forms=("email",))  # letters to customers are no talk with them
    if request.forms == ("email",) and {*request.topics} <= MATES:
        return request
    kinds = load_words("general")["letters of a kind"] if request.forms == ("email",) else ()
    request = replace(request, matched=(*request.matched, *(topic for topic in request.topics if singular(topic) in kinds)))
    kept = [topic for topic in request.topics if singular(topic) not in kinds and not (mail and singular(topic.split()[-1]) in STAFF)]
    kept = [
        topic
        for topic in kept
        if not (
            request.forms == ("dialogue",) and (topic in PLACES or (INDEFINITE.match(topic) and person(replace(request, topics=(topic,)))))
        )
    ]
    return replace(request, topics=tuple(kept))


def covers(request: Request) -> bool:
    """Whether every form of a request knows its topics."""
    return not request.topics or all(_knows(form, request) for form in request.forms)


def _knows(form: str, request: Request) -> bool:
    words, named = load_words("general"), topic_words(request)
    if form == "lesson":
        return bool(taught(request))
    if form == "news":
        return any(named and names(scene, named) for scene in scenes(words))
    if form == "dialogue":
        keys = {key.removesuffix("s") for key in words["topic words"]}
        whole = {topic.removeprefix("the ").removesuffix("s") for topic in request.topics} & keys | {*request.topics} & {*AS_SUCH}
        return bool(known_topics(request)) and (bool(whole) or any(named and named.search(str(talk["slots"])) for talk in talks(words)))
    return True  # letters are about a project, and a project may be about anything
