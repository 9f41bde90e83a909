"""Text from a model: prompt ids in, streamed text out. Prefill reads the prompt in one pass, then each token is read once.

The window. A model sees at most `window` tokens. When a text outgrows it, the start of what is seen moves on by half a window, and the
kept half is read again: GPT-1's positions are learned and absolute, so cached keys cannot move. `context_start` is that rule; with
or without a cache, the token after a text is drawn from the same context.
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

HUGE = 1e300  # a score that an extreme penalty may reach; the difference of two is still finite


def context_start(length: int, window: int) -> int:
    """Where the context for the token after `length` tokens starts: 0 until they outgrow the window, then a multiple of half of it."""
    stride = max(1, window // 2)
    return -(-max(0, length - window) // stride) * stride


class Predictor:
    """Scores of the next token for a text that grows: each of its tokens is read once for every half window."""

    def __init__(self, model: GPT, window: int) -> None:
        self.model, self.window, self.turns = model, window, model.workspace.turns
        self.cache = Cache(model.config, model.workspace)
        self.start = 0

    @in_turn
    def logits(self, ids: Sequence[int]) -> np.ndarray:
        """The scores (V,) of the token after `ids`, which must extend the ids of the previous call."""
        backend = self.model.workspace.backend
        start = context_start(len(ids), self.window)
        if start != self.start:
            self.start, self.cache.length = start, 0
        self.model.workspace.generators = None  # no dropout, even if the model was training a moment ago
        unread = np.array([ids[self.start + self.cache.length :]], dtype=np.int64)
        with blas.limited():
            hidden = self.model.forward(backend.asarray(unread), self.cache)
            scores: np.ndarray = backend.to_host(self.model.logits(hidden[-1:]))[0]
        return scores


@quiet
def choose(logits: np.ndarray, seen: Sequence[int], config: SampleConfig, rng: np.random.Generator, model: str = "the model") -> int:
    """Draw a token from scores (V,). In this order: repetition penalty, temperature, top-k, top-p.

    MinigptError if no score is finite, or one is NaN; a token with -inf is never drawn.
    """
    scores = logits.astype(np.float64)
    if not np.isfinite(scores.max()):
        raise MinigptError(f"{model} is broken: its scores for the next token are not finite numbers; train it again, or get another copy")
    if config.repetition_penalty != 1:
        at = np.unique(np.asarray(seen, dtype=np.int64))
        penalized = np.where(scores[at] > 0, scores[at] / config.repetition_penalty, scores[at] * config.repetition_penalty)
        scores[at] = np.clip(penalized, -HUGE, HUGE)
    if config.temperature == 0:
        return int(scores.argmax())
    candidates = np.arange(len(scores))
    if 0 < config.top_k < len(scores):
        candidates = np.argpartition(-scores, config.top_k - 1)[: config.top_k]
    candidates = candidates[np.argsort(-scores[candidates], kind="stable")]  # likeliest first
    # The likeliest score is subtracted before the division: a tiny temperature then gives 0 and -inf, not inf - inf.
    weights = np.exp((scores[candidates] - scores[candidates[0]]) / config.temperature)
    cumulative = np.cumsum(weights / weights.sum())
    if config.top_p < 1:
        enough = int(np.searchsorted(cumulative, config.top_p)) + 1
        cumulative = cumulative[:enough]
    return int(candidates[np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right")])


@dataclass
class Sample:
    """What was drawn so far; complete once the stream has ended."""

    text: str = ""
    tokens: int = 0
    finish_reason: str = "length"  # "stop": end-of-text or a stop string came


def stream(model: GPT, tokenizer: Tokenizer, prompt: str, config: SampleConfig, window: int, sample: Sample | None = None) -> Iterator[str]:
    """Pieces of text that continue the prompt, never half a character; an empty prompt starts as a document does.

    What may be the beginning of a stop string is held back until it is clear. `sample` is filled on the way.
    """
    sample = Sample() if sample is None else sample
    rng = np.random.default_rng(config.seed)
    ids = tokenizer.encode(prompt) or [tokenizer.end_of_text]
    characters, predictor = StreamDecoder(tokenizer), Predictor(model, window)
    pending = ""
    while sample.tokens < config.max_tokens:
        scores = predictor.logits(ids)[: tokenizer.vocab_size]  # a padded embedding also scores rows that are not tokens
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
    if pending:  # nothing will complete a stop string any more; the bytes of half a character are dropped
        sample.text += pending
        yield pending


def split_at_stop(text: str, stops: Sequence[str]) -> tuple[str, str, bool]:
    """(text that can be shown, text to hold back, whether a stop string was met). Of several, the one that ends first counts."""
    found = [(at + len(stop), at) for stop in stops if (at := text.find(stop)) >= 0]
    if found:
        return text[: min(found)[1]], "", True
    held = max((n for stop in stops for n in range(1, min(len(stop), len(text) + 1)) if text.endswith(stop[:n])), default=0)
    return text[: len(text) - held], text[len(text) - held :], False
