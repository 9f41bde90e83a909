"""General documents: dialogues, business letters, lessons and news. In: a random generator and the general words; out: one text."""

from __future__ import annotations

from minigpt.corpus.templates.general_facts import form_of
from minigpt.corpus.templates.general_letters import email, memo
from minigpt.corpus.templates.general_news import news
from minigpt.corpus.templates.general_talk import dialogue
from minigpt.corpus.templates.grammar import Form
from minigpt.corpus.templates.lessons import lesson

FORMS: dict[str, Form] = {
    "dialogue": form_of(dialogue),
    "email": form_of(email),
    "memo": form_of(memo),
    "lesson": lesson,
    "news": form_of(news),
}
