"""The template writers: in goes a request, out come documents, without a network and without an end while the word tables last."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from types import ModuleType

from minigpt.corpus.documents import Document
from minigpt.corpus.request import Request
from minigpt.corpus.templates import cooking, general, poetry, technical, topic
from minigpt.corpus.templates.grammar import Form, load_words

WRITERS: Mapping[str, ModuleType] = {"cooking": cooking, "poetry": poetry, "technical": technical, "general": general, "topic": topic}
FORMS: Mapping[str, Mapping[str, Form]] = {category: writer.FORMS for category, writer in WRITERS.items()}
MAX_REPEATS = 1000  # so many texts in a row that were already written: the tables are exhausted
HASH_BYTES = 12  # of each text, so that a long stream takes little memory; that two of a billion texts share theirs: one in 10^11


def covers(request: Request) -> bool:
    """Whether the writer of the request's category has something to say about its topics."""
    return request.category != "general" or general.covers(request)


def able(request: Request) -> Request:
    """The request as one that a writer can obey: topics of which the general forms know nothing go to the forms that fit any topic."""
    if covers(request):
        return request
    forms = tuple(dict.fromkeys(other for form in request.forms for other in general.IN_OTHERS[form]))
    return replace(request, category="topic", forms=forms)


def forms_for(request: Request) -> tuple[str, ...]:
    """The request's forms, narrowed and ordered by its category's writer so that all of them can obey the request; never empty."""
    narrow: Callable[[Request], tuple[str, ...]] = getattr(WRITERS[request.category], "forms_for", lambda request: request.forms)
    return narrow(request)


def write_documents(request: Request, rng: random.Random) -> Iterator[Document]:
    """Documents for the request, its forms in turn, never the same text twice; ends after MAX_REPEATS attempts without a new text.

    Raises: MinigptError where nothing can be written that obeys the request.
    """
    request = able(request)
    words, forms = load_words(request.category), forms_for(request)
    written: set[bytes] = set()
    repeats = 0
    while True:
        for form in forms:
            text = FORMS[request.category][form](rng, words, request)
            mark = blake2b(text.encode(), digest_size=HASH_BYTES).digest()
            if mark in written:
                repeats += 1
                if repeats >= MAX_REPEATS:
                    return
                continue
            repeats = 0
            written.add(mark)
            yield Document(text, source="template", origin={"category": request.category, "form": form})
