"""Sampling: a prompt -> streamed text. One pass over the prompt fills the cache of keys and values;
after that each pass reads one token.

A model sees at most `window` tokens. When a text outgrows the window, its start moves on by half a
window, and the half that is kept is read again: GPT-1's positions are learned and absolute, so
cached keys cannot move. `context_start` is that rule, with or without a cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from minigpt.attention import Cache
from minigpt.config import SampleConfig
from minigpt.errors import MinigptError
from minigpt.machine import blas
from minigpt.model import GPT
from minigpt.threads import in_turn, quiet
from minigpt.tokenizer import StreamDecoder, Tokenizer

HUGE = 1e300  # bounds a logit after an extreme penalty: the difference of two is still finite


def context_start(length: int, window: int) -> int:
    """The start of the context for the token after `length` tokens: 0 until these outgrow the
    window, then a multiple of half a window."""
    stride = max(1, window // 2)
    return -(-max(0, length - window) // stride) * stride


class Predictor:
    """Logits of the next token of a growing text; reads each token once for every half window.

    Plain: `generate`, which reads the whole text again for each token. The keys and values of what
    was read never change, so here they are kept: 10.6 times as fast for 200 tokens after 32. Beyond
    the window plain drops one token at a time, this half a window at once.
    """

    def __init__(self, model: GPT, window: int) -> None:
        self.model, self.window, self.turns = model, window, model.workspace.turns
        self.cache = Cache(model.config, model.workspace)
        self.start = 0

    @in_turn
    def logits(self, ids: Sequence[int]) -> np.ndarray:
        """The logits (V,) of the token after `ids`, which must extend the previous call's ids."""
        backend = self.model.workspace.backend
        start = context_start(len(ids), self.window)
        if start != self.start:
            self.start, self.cache.length = start, 0
        self.model.workspace.generators = None  # no dropout, even in the middle of a training
        unread = np.array([ids[self.start + self.cache.length :]], dtype=np.int64)
        with blas.limited():
            hidden = self.model.forward(backend.asarray(unread), self.cache)
            scores: np.ndarray = backend.to_host(self.model.logits(hidden[-1:]))[0]
        return scores


GROUPS = 1024  # into which `likeliest` divides the scores


def likeliest(scores: np.ndarray, k: int) -> np.ndarray:
    """The tokens with the k greatest scores, or all for k = 0, the greatest first; of equal scores
    the first is the greater."""
    if not 0 < k < len(scores):
        return falling(scores)
    some, rows = scores, len(scores) // GROUPS
    if k <= GROUPS < len(scores):  # the maximum of each group is one of its scores
        some = scores[: rows * GROUPS].reshape(rows, GROUPS).max(axis=0)
    tokens = np.flatnonzero(scores >= np.partition(some, -k)[-k])  # hardly more than k
    first: np.ndarray = tokens[falling(scores[tokens])[:k]]
    return first


def falling(scores: np.ndarray) -> np.ndarray:
    """np.argsort(-scores, kind="stable"), 1.6 to 4.8 times as fast: NumPy's default sort leaves
    equal scores in any order, and these are sorted again."""
    order = np.argsort(-scores)
    ordered = scores[order]
    equal = ordered[1:] == ordered[:-1]
    at = np.flatnonzero(np.append(equal, False) | np.append(False, equal))
    order[at] = order[at][np.lexsort((order[at], -ordered[at]))]
    return order


@quiet
def choose(
    logits: np.ndarray,
    seen: Sequence[int],
    config: SampleConfig,
    rng: np.random.Generator,
    model: str = "the model",
) -> int:
    """Sample a token from logits (V,): repetition penalty, then temperature, top-k, top-p.

    MinigptError if no logit is finite or one is NaN; a token with -inf is never sampled.
    """
    scores = logits.astype(np.float64)
    if not np.isfinite(scores.max()):
        problem = "its scores for the next token are not finite numbers"
        raise MinigptError(f"{model} is broken: {problem}; train it again, or get another copy")
    if config.repetition_penalty != 1:
        at = np.unique(np.asarray(seen, dtype=np.int64))
        seen_scores, penalty = scores[at], config.repetition_penalty
        penalized = np.where(seen_scores > 0, seen_scores / penalty, seen_scores * penalty)
        scores[at] = np.clip(penalized, -HUGE, HUGE)
    if config.temperature == 0:
        return int(scores.argmax())
    candidates = likeliest(scores, config.top_k)
    # The maximum is subtracted before the division: a tiny temperature gives 0 and -inf, not NaN.
    weights = np.exp((scores[candidates] - scores[candidates[0]]) / config.temperature)
    cumulative = np.cumsum(weights / weights.sum())
    if config.top_p < 1:
        enough = int(np.searchsorted(cumulative, config.top_p)) + 1
        cumulative = cumulative[:enough]
    return int(candidates[np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right")])


@dataclass
class Sample:
    """What has been sampled so far; complete once the stream ends."""

    text: str = ""
    tokens: int = 0
    finish_reason: str = "length"  # or "stop": at end-of-text or a stop string


def stream(
    model: GPT,
    tokenizer: Tokenizer,
    prompt: str,
    config: SampleConfig,
    window: int,
    sample: Sample | None = None,
    predictor: Predictor | None = None,
) -> Iterator[str]:
    """Stream the continuation of a prompt, never half a character; of "": a new document.

    Text that may begin a stop string is held back until that is decided. `sample` is filled in;
    a `predictor` may have read the beginning of the prompt.
    """
    sample = Sample() if sample is None else sample
    rng = np.random.default_rng(config.seed)
    ids = tokenizer.encode(prompt) or [tokenizer.end_of_text]
    characters, predictor = StreamDecoder(tokenizer), predictor or Predictor(model, window)
    pending = ""
    while sample.tokens < config.max_tokens:
        scores = predictor.logits(ids)[: tokenizer.vocab_size]  # the embedding may be padded
        token = choose(scores, ids[context_start(len(ids), window) :], config, rng, model.name)
        sample.tokens += 1
        if token == tokenizer.end_of_text:
            sample.finish_reason = "stop"
            break
        ids.append(token)
        ready, pending, stopped = split_at_stop(pending + characters.feed(token), config.stop)
        if ready:
            sample.text += ready
            yield ready
        if stopped:
            sample.finish_reason = "stop"
            return
    if pending:  # not a stop string after all; bytes of an incomplete character are dropped
        sample.text += pending
        yield pending


def split_at_stop(text: str, stops: Sequence[str]) -> tuple[str, str, bool]:
    """(text to show, text to hold back, whether a stop string was found, the first to end)."""
    found = [(at + len(stop), at) for stop in stops if (at := text.find(stop)) >= 0]
    if found:
        return text[: min(found)[1]], "", True
    starts = (stop[:n] for stop in stops for n in range(1, min(len(stop), len(text) + 1)))
    held = max((len(start) for start in starts if text.endswith(start)), default=0)
    return text[: len(text) - held], text[len(text) - held :], False
