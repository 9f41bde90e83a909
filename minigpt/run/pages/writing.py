"""A model -> many texts at once: a batch of them goes through the network together, token by token."""

from __future__ import annotations

from itertools import takewhile

import numpy as np

from minigpt.attention import Cache
from minigpt.backend import cut
from minigpt.config import SampleConfig
from minigpt.generate import choose
from minigpt.machine import blas
from minigpt.run.textmodel import TextModel
from minigpt.threads import in_turn
from minigpt.tokenizer import StreamDecoder

TOGETHER = 50  # texts in a batch: more are hardly faster, and need more memory for their keys and values
TEXTS, LONGEST = 100, 64  # texts, and tokens of each
SHARE = 0.04  # of the tokens that a training read: so many are written at most ...
ALWAYS = 3e11  # ... or so many multiplications and additions, if these are more


def affordable(parameters: int, trained_tokens: int) -> tuple[int, int]:
    """How many texts a report may write, and of how many tokens, so that it costs little beside the training of the model."""
    tokens = max(SHARE * trained_tokens, ALWAYS / (2 * max(1, parameters)))
    longest = int(min(LONGEST, max(40.0, tokens / TEXTS)))
    return int(min(TEXTS, max(5.0, tokens / longest))), longest


@in_turn
def write(model: TextModel, count: int, config: SampleConfig) -> list[str]:
    """`count` texts that start as a document does, with consecutive seeds: those of `samples`, but for rounding, and never longer than the
    model's context."""
    texts: list[str] = []
    for some in cut(count, TOGETHER):
        texts += _batch(model, [(config.seed or 0) + i for i in range(some.start, some.stop)], config)
    return texts


def _batch(model: TextModel, seeds: list[int], config: SampleConfig) -> list[str]:
    """One text for each seed."""
    tokenizer, network, limit = model.tokenizer, model.network, min(config.max_tokens, model.context)
    ids = [[tokenizer.end_of_text] for _ in seeds]
    generators = [np.random.default_rng(seed) for seed in seeds]
    cache = _cache(model, len(seeds), limit)
    alive = list(range(len(seeds)))  # the texts that the rows of the cache belong to
    network.workspace.generators = None
    for _ in range(limit):
        with blas.limited(1):  # for products this small more threads gain little, and on a busy machine they lose most of the time
            hidden = network.forward(model.backend.asarray(np.array([[ids[i][-1]] for i in alive]), dtype=np.int64), cache)
            scores = model.backend.to_host(network.logits(hidden))[:, : tokenizer.vocab_size]
        for row, i in enumerate(alive):
            if len(ids[i]) == 1 or ids[i][-1] != tokenizer.end_of_text:
                ids[i].append(choose(scores[row], ids[i], config, generators[i], network.name))
        going = [row for row, i in enumerate(alive) if ids[i][-1] != tokenizer.end_of_text]
        if not going:
            break
        if len(going) < 0.8 * len(alive):  # rows of ended texts are read on until it pays to leave them out
            cache.keys, cache.values, cache.batch = cache.keys[:, going], cache.values[:, going], len(going)
            alive = [alive[row] for row in going]
    return [_text(model, text) for text in ids]


def _cache(model: TextModel, batch: int, room: int) -> Cache:
    """A cache with room for `room` positions, and no more: with a batch it is large."""
    cache = Cache(model.config, model.network.workspace, batch=0)
    cache.batch = batch
    cache.reserve(room)
    return cache


def _text(model: TextModel, ids: list[int]) -> str:
    """The text between the first end-of-text and the next, without bytes of an incomplete character at its end."""
    characters, end = StreamDecoder(model.tokenizer), model.tokenizer.end_of_text
    return "".join(characters.feed(token) for token in takewhile(lambda token: token != end, ids[1:]))
