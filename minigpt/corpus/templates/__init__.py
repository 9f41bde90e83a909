"""The template writers: in goes a request, out come documents, without a network and without an end while the word tables last."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from minigpt.corpus.documents import Document
from minigpt.corpus.request import Request
from minigpt.corpus.templates import cooking, general, poetry, technical
from minigpt.corpus.templates.grammar import Form, load_words

FORMS: Mapping[str, Mapping[str, Form]] = {
    "cooking": cooking.FORMS,
    "poetry": poetry.FORMS,
    "technical": technical.FORMS,
    "general": general.FORMS,
}
MAX_REPEATS = 1000  # so many texts in a row that were already written: the tables are exhausted


def write_documents(request: Request, rng: random.Random) -> Iterator[Document]:
    """Documents for the request, its forms in turn, never the same text twice; ends after MAX_REPEATS attempts without a new text."""
    words = load_words(request.category)
    written: set[str] = set()
    repeats = 0
    while True:
        for form in request.forms:
            text = FORMS[request.category][form](rng, words, request)
            if text in written:
                repeats += 1
                if repeats >= MAX_REPEATS:
                    return
                continue
            repeats = 0
            written.add(text)
            yield Document(text, source="template", origin={"category": request.category, "form": form})
