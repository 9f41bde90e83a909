"""What new text costs a model, in bits per byte, which compare across vocabularies: fresh documents by the same writer, and held-out ones.

Held-out documents are written like those learned, were chosen with them, and share their words. Fresh ones have another seed, nobody
refined them, and the templates draw from the whole of their lists.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np

from minigpt import TextModel
from minigpt.corpus.gather import closed_ids
from minigpt.corpus.request import Request
from minigpt.corpus.sources import Templates
from minigpt.tokenizer import Tokenizer
from minigpt.training import HeldOut

FRESH = 8000  # tokens
TIMES = 40  # as many are written, from which documents are drawn: the forms come in turn
BITS = 1 / math.log(2)  # of a nat


def fresh_texts(request: Request, final_tokens: int, seed: int, known: Collection[str], full: Tokenizer, tokens: int = FRESH) -> list[str]:
    """New documents with at least `tokens` tokens in all, none of them `known`, in the forms that a corpus of `final_tokens` has."""
    source = Templates(request, TIMES * tokens, final_tokens, seed + 1, full, varied=True)
    found = [document.text for document in source if document.text not in known]
    chosen: list[str] = []
    size = 0
    for i in np.random.default_rng(seed).permutation(len(found)):
        if size >= tokens:
            break
        chosen.append(found[i])
        size += len(closed_ids(full, found[i]))
    return chosen


def size(texts: Sequence[str]) -> int:
    """Bytes of texts in UTF-8."""
    return sum(len(text.encode()) for text in texts)


def bits_per_byte(loss: float, tokens: int, size: int) -> float:
    """The mean loss of so many tokens, in nats, as bits per byte of the text that they are."""
    return BITS * loss * tokens / size


def cost(model: TextModel, texts: Sequence[str]) -> float | None:
    """The bits per byte of the texts, one after the other, in windows as the training's evaluation has them; None of no text."""
    if not texts:
        return None
    tokenizer = model.tokenizer
    ids = np.array([i for text in texts for i in closed_ids(tokenizer, text)])
    nats = sum(_loss(model, x[0], y[0]) for x, y in HeldOut(ids, model.context, 1, tokenizer.end_of_text))
    return bits_per_byte(nats / len(ids), len(ids), size(texts))


def _loss(model: TextModel, x: np.ndarray, y: np.ndarray) -> float:
    """The sum of the losses of targets y (T,) after x (T,), in nats."""
    logits = model.logits(x.tolist()).astype(np.float64)  # (T, V)
    top = logits.max(axis=1)
    return float((np.log(np.exp(logits - top[:, None]).sum(axis=1)) + top - logits[np.arange(len(y)), y]).sum())
