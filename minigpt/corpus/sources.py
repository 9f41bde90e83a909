"""Where documents come from: a request or paths in, an iterator of documents out, and what they are."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from minigpt.corpus.documents import Document
from minigpt.corpus.prompt import describe
from minigpt.corpus.request import Request
from minigpt.corpus.templates import write_documents
from minigpt.tokenizer import Tokenizer

TOKENS_PER_FORM, LEAST_FORMS = 3000, 3


class Source(Protocol):
    """Documents, and what they are, line by line. Iterated once."""

    description: Sequence[str]

    def __iter__(self) -> Iterator[Document]: ...


class Templates:
    """Template documents until they make `tokens`, or until the templates have no more to say.

    Of the request's forms only the first few are written where few tokens will be kept: a model learns one form from a dozen
    examples, and nothing from three.
    """

    def __init__(self, request: Request, tokens: int, final_tokens: int, seed: int, full: Tokenizer) -> None:
        forms = request.forms[: max(LEAST_FORMS, final_tokens // TOKENS_PER_FORM)]
        self.request, self.tokens, self.seed, self.full = replace(request, forms=forms), tokens, seed, full
        few = f"{len(forms)} of {len(request.forms)} forms, enough for {final_tokens:,} tokens"
        shown = f" ({few})" if len(forms) < len(request.forms) else ""
        self.description: Sequence[str] = [*describe(request), f"templates: {', '.join(forms)}{shown}"]

    def __iter__(self) -> Iterator[Document]:
        written = 0
        for document in write_documents(self.request, random.Random(self.seed)):
            yield document
            written += len(self.full.encode(document.text)) + 1
            if written >= self.tokens:
                return
