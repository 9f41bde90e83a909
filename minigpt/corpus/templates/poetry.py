"""The forms of poems, songs and stories, and which of them suit a request."""

from __future__ import annotations

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form
from minigpt.corpus.templates.poetry_haiku import haibun, haiku, haiku_sequence
from minigpt.corpus.templates.poetry_songs import ballad, limerick, lullaby, song
from minigpt.corpus.templates.poetry_stories import fable, scene, story
from minigpt.corpus.templates.poetry_verse import acrostic, free_verse, prose_poem

FORMS: dict[str, Form] = {
    "free_verse": free_verse, "prose_poem": prose_poem, "acrostic": acrostic,
    "haiku": haiku, "haiku_sequence": haiku_sequence, "haibun": haibun,
    "story": story, "fable": fable, "scene": scene,
    "song": song, "ballad": ballad, "lullaby": lullaby, "limerick": limerick,
}  # fmt: skip
FUN = ("limerick",)  # never for a formal tone, first for a fun one


def forms_for(request: Request) -> tuple[str, ...]:
    """The request's forms that suit its tone, in order of preference; never empty."""
    forms = list(request.forms)
    if request.tone == "formal":
        forms = [form for form in forms if form not in FUN] or ["free_verse"]
    elif request.tone == "fun" and any(form in forms for form in ("free_verse", "song", "limerick")):
        forms = [*FUN, *forms]
    if request.length == "short":
        forms.sort(key=lambda form: form in ("ballad", "haibun", "story"))
    return tuple(dict.fromkeys(forms))
