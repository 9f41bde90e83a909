"""Sources of generated documents: templates, a teacher behind Ollama, or both. Own text is in own/."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from minigpt.corpus.documents import Document
from minigpt.corpus.ollama.limits import OllamaError
from minigpt.corpus.ollama.teacher import Teacher, TeacherSettings
from minigpt.corpus.ollama.writer import write_with_ollama
from minigpt.corpus.prompt.understand import describe
from minigpt.corpus.request import Request
from minigpt.corpus.templates import able, write_documents
from minigpt.corpus.templates.favourites import EVEN_FROM, Favourites
from minigpt.disk.place import File
from minigpt.errors import counted
from minigpt.tokenizer import Tokenizer

FORMS = "templates: "  # begins the line of a description that lists them
TOKENS_PER_FORM, LEAST_FORMS = 5000, 3
LEAST_OF_A_KIND = 1000  # tokens, about a dozen short documents, per kind and form if there are several kinds


class Source(Protocol):
    """Documents to iterate over once, and a description in lines."""

    @property
    def description(self) -> Sequence[str]: ...

    def __iter__(self) -> Iterator[Document]: ...


class Templates:
    """Template documents, up to `tokens` or until the templates run out.

    If few tokens will be kept, only the first few kinds and forms are written: a model learns a form from a dozen examples, and nothing
    from three. Unless `varied`, a small corpus also favours some words (favourites.py).
    """

    def __init__(self, request: Request, tokens: int, final_tokens: int, seed: int, full: Tokenizer, varied: bool = False) -> None:
        asked = request.of(request.parts[: max(1, final_tokens // LEAST_OF_A_KIND)])
        parts = able(asked).parts
        few = [replace(part, forms=part.forms[: most_forms(final_tokens, len(parts))]) for part in parts]
        self.request, self.tokens, self.seed, self.full = asked.of(few), tokens, seed, full
        self.share = 1.0 if varied else min(1.0, tokens / len(parts) / EVEN_FROM)
        forms, possible = [form for part in few for form in part.forms], sum(len(part.forms) for part in parts)
        shown = f" ({len(forms)} of {possible} forms, enough for {final_tokens:,} tokens)" if len(forms) < possible else ""
        self.description: Sequence[str] = [
            *describe(asked), *left_out(request, len(parts), final_tokens), f"{FORMS}{', '.join(forms)}{shown}"
        ]  # fmt: skip

    def __iter__(self) -> Iterator[Document]:
        written = 0
        rng = Favourites(self.seed, share=self.share)
        for document in write_documents(self.request, rng, self.count):
            yield document
            rng.drawn = 0
            written += self.count(document.text)
            if written >= self.tokens:
                return

    def count(self, text: str) -> int:
        """Tokens of a document, its end included."""
        return len(self.full.encode(text)) + 1


def most_forms(final_tokens: int, kinds: int) -> int:
    """How many forms to write for each of `kinds` kinds."""
    share = final_tokens // kinds
    least = LEAST_FORMS if kinds == 1 else min(LEAST_FORMS, max(1, share // LEAST_OF_A_KIND))
    return max(least, share // TOKENS_PER_FORM)


def left_out(request: Request, kinds: int, final_tokens: int) -> list[str]:
    """A line that names the kinds after the first `kinds`, for which there are too few tokens; empty if there are none."""
    names = [part.kind for part in request.parts[kinds:]]
    room = (
        f"{final_tokens:,} tokens are enough for {kinds} of {len(request.parts)} kinds; all need {LEAST_OF_A_KIND * len(request.parts):,}"
    )
    return [f"left out: {', '.join(names)} ({room}, see --final-tokens)"] if names else []


@dataclass
class OllamaSource:
    """Documents by a language model on Ollama, each saved to the journal at once; those already in the journal come first.

    However the writing ends, the model is unloaded, and `record` describes it and the outcome. Raises TeacherGone, or OllamaError if
    it cannot start.
    """

    settings: TeacherSettings
    prompt: str
    request: Request
    tokens: int
    seed: int
    journal: File
    full: Tokenizer
    say: Callable[[str], None]
    seconds: float = math.inf  # most time for writing
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def description(self) -> Sequence[str]:
        return [*describe(self.request, templates=False), f"{counted(self.tokens, 'token')} from {self.settings.gen_model}"]

    def __iter__(self) -> Iterator[Document]:
        teacher, end = Teacher.connect(self.settings, self.say), time.monotonic() + self.seconds
        written = write_with_ollama(teacher, self.prompt, self.request, self.tokens, self.seed, self.journal, self.count, self.say)
        by: Counter[tuple[str, str]] = Counter()  # documents by model
        try:
            for number, document in enumerate(written, 1):
                by[document.origin.get("model", ""), document.origin.get("digest", "")] += 1
                yield document
                if time.monotonic() >= end:
                    self.say(f"the time for writing is up: {counted(number, 'document')}")
                    break
        finally:
            written.close()
            self.record.update(teacher.record)
            self.record["writers"] = [{"model": m, "digest": d, "documents": count} for (m, d), count in by.items()]
            teacher.unload(self.say)

    def count(self, text: str) -> int:
        """Tokens of a document, its end included."""
        return len(self.full.encode(text)) + 1


@dataclass
class OllamaThenTemplates:
    """A teacher's documents, then template documents for tokens still missing because it went away or ran out of ideas."""

    taught: OllamaSource
    templates: Callable[[int], Templates]  # tokens -> source

    @property
    def description(self) -> Sequence[str]:
        return [*self.taught.description, "templates may fill in what is missing"]

    def __iter__(self) -> Iterator[Document]:
        written = 0
        try:
            for document in self.taught:
                written += self.taught.count(document.text)
                yield document
        except OllamaError as error:
            self.taught.say(str(error))
        if written < self.taught.tokens:
            missing = self.taught.tokens - written
            self.taught.say(f"templates write what is missing: {counted(missing, 'token')}")
            yield from self.templates(missing)
