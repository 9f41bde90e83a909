"""The forms of poems, songs and stories, and which of them suit a request."""

from __future__ import annotations

import random
from dataclasses import replace

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form
from minigpt.corpus.templates.poetry_haiku import haibun, haiku, haiku_sequence
from minigpt.corpus.templates.poetry_songs import ballad, limerick, lullaby, song
from minigpt.corpus.templates.poetry_stories import fable, scene, story
from minigpt.corpus.templates.poetry_story_topics import GENRES, relative_of
from minigpt.corpus.templates.poetry_story_worlds import find_world, many_of
from minigpt.corpus.templates.poetry_verse import acrostic, free_verse, prose_poem
from minigpt.corpus.words import Words, load_words

LOVED = ("wife", "husband", "girlfriend", "boyfriend", "fiance", "fiancee", "sweetheart", "crush", "valentine")
SAME = {"breakup": "heartbreak", "breakups": "heartbreak", "a breakup": "heartbreak", **{f"a {one}": "love" for one in LOVED}}  # in verse


def of_many(write: Form) -> Form:
    """The form, about cats where "a cat" or "cat" was asked for: a song tells of no cat in particular."""

    def form(rng: random.Random, words: Words, request: Request) -> str:
        request = of_no_style(request)
        topics = [many_of(request.spell(SAME.get(topic, topic))) for topic in request.topics]
        return write(rng, words, replace(request, topics=tuple(dict.fromkeys(topics))))

    return form


def of_no_style(request: Request) -> Request:
    """The request without topics that are styles: folk ballads are not about folk."""
    unknown = {topic for topic in request.topics if topic in GENRES and find_world(load_words("poetry"), topic, request.season) is None}
    return replace(request, topics=tuple(topic for topic in request.topics if topic not in STYLES and topic not in unknown))


def styled(write: Form) -> Form:
    """The form, not about a style."""
    return lambda rng, words, request: write(rng, words, of_no_style(request))


FORMS: dict[str, Form] = {
    "free_verse": of_many(free_verse), "prose_poem": of_many(prose_poem), "acrostic": of_many(acrostic),
    "haiku": of_many(haiku), "haiku_sequence": of_many(haiku_sequence), "haibun": of_many(haibun),
    "story": styled(story), "fable": styled(fable), "scene": styled(scene),
    "song": of_many(song), "ballad": of_many(ballad), "lullaby": of_many(lullaby), "limerick": of_many(limerick),
}  # fmt: skip
STYLES = ("folk", "aesop", "zen", "campfire", "traditional", "classic", "modern", "rhyming", "pop", "indie", "acoustic")  # no topics
FUN = ("limerick",)  # never for a formal tone, first for a fun one
UNFABLED = frozenset((None, "detectives", "space", "ghosts", "robots", "the city", "the journey", "pirates", "music", "school"))  # worlds
TOLD_FOR_FABLES = ("fable", "tale", "bedtime", "moral", "animal")  # words of a prompt for stories that fables are stories for


def lightened(request: Request) -> Request:
    """The request; of funny verse, limericks are a form too."""
    light = request.category == "poetry" and request.tone == "fun" and bool({"free_verse", "song"} & {*request.forms})
    return replace(request, forms=tuple(dict.fromkeys((*request.forms, *FUN)))) if light else request


def forms_for(request: Request) -> tuple[str, ...]:
    """The request's forms that suit its tone, in order of preference; never empty."""
    forms = list(lightened(request).forms)
    asked = " ".join((*request.matched, *request.topics))
    keeps = not request.topics or request.audience == "children" or any(word in asked for word in TOLD_FOR_FABLES)
    worlds = {find_world(load_words("poetry"), topic, request.season) for topic in request.topics}
    if "story" in forms and not (request.preset or keeps) and not worlds - UNFABLED:
        forms = [form for form in forms if form != "fable" or form in forms[:1]]  # who asks for ghost stories wants no moral
    if "story" in forms and any(map(relative_of, request.topics)):
        forms = [form for form in forms if form != "fable"]  # no beast of a fable is somebody's mother
    if request.tone == "formal":
        forms = [form for form in forms if form not in FUN] or ["free_verse"]
    elif request.tone == "fun":
        forms.sort(key=lambda form: form not in FUN)
    if request.length == "short":
        forms.sort(key=lambda form: form in ("ballad", "haibun", "story"))
    return tuple(dict.fromkeys(forms))
