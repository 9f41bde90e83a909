"""A prompt or the user's own text in; out comes the corpus: distinct documents, the best of them, split into learning and held out."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from minigpt.batches import join, split
from minigpt.corpus.documents import Document
from minigpt.corpus.own import read_own
from minigpt.corpus.prompt import describe, understand
from minigpt.corpus.refine import Kept, distinct, refine
from minigpt.corpus.templates import write_documents
from minigpt.tokenizer import Tokenizer

TOKENS_PER_FORM, LEAST_FORMS = 3000, 3


@dataclass(frozen=True)
class Corpus:
    """The kept documents, which of them are held out, and what was written to get them."""

    kept: list[Kept]
    held_out: list[bool]
    encoded: list[list[int]]  # each kept document under the full GPT-2 vocabulary
    written: int  # tokens, before refinement
    duplicates: int  # documents that were dropped because an earlier one says the same

    @property
    def tokens(self) -> int:
        """The kept documents' tokens under the full vocabulary, each closed by end-of-text."""
        return sum(len(ids) + 1 for ids in self.encoded)

    def streams(self, tokenizer: Tokenizer) -> tuple[np.ndarray, np.ndarray]:
        """The training and the held-out documents as token streams of a tokenizer, (n,) each."""
        ids = [tokenizer.encode(k.document.text) for k in self.kept]
        train, held_out = ([i for i, out in zip(ids, self.held_out, strict=True) if out == part] for part in (False, True))
        return join(train, tokenizer.end_of_text), join(held_out, tokenizer.end_of_text)

    def lines(self) -> list[dict[str, Any]]:
        """The corpus as corpus.jsonl has it."""
        return [
            {
                "text": k.document.text,
                "source": k.document.source,
                **k.document.origin,
                "score": k.score,
                "split": "held_out" if out else "train",
            }
            for k, out in zip(self.kept, self.held_out, strict=True)
        ]


def gather(everything: Sequence[Document], final_tokens: int | None, seed: int, full: Tokenizer) -> Corpus:
    """Drop duplicates, keep the best documents up to `final_tokens` (None: all), hold some out. `full` counts the tokens."""
    documents = distinct(everything)
    encoded = [full.encode(document.text) for document in documents]
    lengths = [len(ids) + 1 for ids in encoded]  # with end-of-text
    kept = refine(documents, lengths, final_tokens)
    held_out = split(len(kept), np.random.default_rng([seed, 3]))
    return Corpus(kept, held_out, [encoded[k.number] for k in kept], sum(lengths), len(everything) - len(documents))


def write_corpus(
    prompt: str, preset: str | None, tokens: int, final_tokens: int, seed: int, full: Tokenizer, say: Callable[[str], None]
) -> list[Document]:
    """Template documents until they make so many tokens, or until the templates have no more to say.

    Of the request's forms only the first few are written where few tokens will be kept: a model learns one form from a dozen
    examples, and nothing from three.
    """
    request = understand(prompt, preset)
    forms = request.forms[: max(LEAST_FORMS, final_tokens // TOKENS_PER_FORM)]
    few = f" ({len(forms)} of {len(request.forms)} forms, enough for {final_tokens:,} tokens)" if len(forms) < len(request.forms) else ""
    lines = [*describe(request), f"templates: {', '.join(forms)}{few}"]
    say(("\n" + 10 * " ").join(lines))  # below each other, beside the word that the listener puts first
    documents, written = [], 0
    for document in write_documents(replace(request, forms=forms), random.Random(seed)):
        documents.append(document)
        written += len(full.encode(document.text)) + 1
        if written >= tokens:
            break
    return documents


def read_corpus(paths: Sequence[str], say: Callable[[str], None]) -> list[Document]:
    """The user's own documents."""
    documents = read_own([Path(path) for path in paths])
    say(f"your own text: {', '.join(paths)}")
    return documents
