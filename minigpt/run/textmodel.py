"""A trained model: a run folder -> generated text, and what the model makes of a text that it reads."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from minigpt.backend import Backend, choose_backend
from minigpt.config import SampleConfig
from minigpt.disk.checkpoint import CONFIG_FILES, TOKENIZER_FILES, WEIGHTS, Checkpoint, load_checkpoint
from minigpt.disk.folder import require_sound
from minigpt.errors import MinigptError
from minigpt.generate import Sample, stream
from minigpt.machine import blas
from minigpt.model import GPT, new_parameters
from minigpt.run.keywords import with_options
from minigpt.run.reading import Token, attended, hidden, passes, read, require_tokens
from minigpt.threads import in_turn, quiet
from minigpt.tokenizer import Tokenizer

STUCK = re.compile(r"\b([^\W\d_]+(?:\W+[^\W\d_]+){0,3})(?:\W+\1\b){5}")  # a word or phrase of four, six times in a row


class TextModel:
    """A model that reads and writes text. Calls from several threads take turns, token by token, and do not affect each other's results.

    It can be copied and pickled, and keeps working in a forked process. `folder`: where it was loaded from. `name`: what messages call it.
    """

    @quiet
    def __init__(self, checkpoint: Checkpoint, backend: Backend, name: str = "the model", folder: Path | None = None) -> None:
        parameters = new_parameters(checkpoint.config, backend)
        parameters.load(checkpoint.state)
        self.config, self.backend = checkpoint.config, backend
        self.tokenizer: Tokenizer = checkpoint.tokenizer
        self.folder = folder
        self.context = checkpoint.context  # tokens that it sees; later positions were never trained
        self.network = GPT(parameters, name)
        self.turns = self.network.workspace.turns

    def __reduce__(self) -> tuple[Any, ...]:
        state = {parameter.name: self.backend.to_host(parameter.value).copy() for parameter in self.network.parameters}
        return _rebuilt, (Checkpoint(self.config, state, self.tokenizer, self.context), self.backend.name, self.network.name, self.folder)

    @with_options
    def generate(
        self,
        prompt: str = "",
        *,
        max_tokens: int = SampleConfig.max_tokens,
        temperature: float = SampleConfig.temperature,
        top_k: int = SampleConfig.top_k,
        top_p: float = SampleConfig.top_p,
        repetition_penalty: float = SampleConfig.repetition_penalty,
        stop: str | Sequence[str] = SampleConfig.stop,
        seed: int | None = SampleConfig.seed,
    ) -> str:
        """The continuation of the prompt, without the prompt; for "", a new document. MinigptError for a bad value.

        max_tokens: how many tokens to write, at most.
        temperature: 0 always takes the likeliest token; the higher, the more varied.
        top_k: sample from the k likeliest tokens; 0: from all.
        top_p: sample from the fewest likeliest tokens with this total probability.
        repetition_penalty: above 1, tokens that are already there become less likely.
        stop: end before this text, or the first of several.
        seed: the same seed gives the same text; None: a new one each time.
        """
        config = SampleConfig(
            max_tokens=max_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            repetition_penalty=repetition_penalty,
            stop=_several(stop),
            seed=seed,
        )
        return self.sample(prompt, config).text

    @with_options
    def stream(
        self,
        prompt: str = "",
        *,
        max_tokens: int = SampleConfig.max_tokens,
        temperature: float = SampleConfig.temperature,
        top_k: int = SampleConfig.top_k,
        top_p: float = SampleConfig.top_p,
        repetition_penalty: float = SampleConfig.repetition_penalty,
        stop: str | Sequence[str] = SampleConfig.stop,
        seed: int | None = SampleConfig.seed,
    ) -> Iterator[str]:
        """The same continuation as a stream of pieces; never half a character. Options are those of `generate`."""
        config = SampleConfig(
            max_tokens=max_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            repetition_penalty=repetition_penalty,
            stop=_several(stop),
            seed=seed,
        )
        return stream(self.network, self.tokenizer, prompt, config, self.context)

    def sample(self, prompt: str, config: SampleConfig) -> Sample:
        """The continuation, its number of tokens and why it ended."""
        sample = Sample()
        for _ in stream(self.network, self.tokenizer, prompt, config, self.context, sample):
            pass
        return sample

    @in_turn
    def logits(self, ids: Sequence[int]) -> np.ndarray:
        """Logits of the next token after each of `ids` (T,): (T, V) float32, on the host; T is at most n_positions."""
        array = np.asarray(ids)
        if array.ndim != 1 or not 1 <= len(array) <= self.config.n_positions or array.dtype.kind not in "iu":
            raise MinigptError(
                f"logits needs 1 to {self.config.n_positions} token ids in one row, got {array.dtype} of shape {array.shape}"
            )
        known = [self.tokenizer.checked(int(token)) for token in array]
        states = hidden(self.network, known)
        with blas.limited():
            return self.backend.to_host(self.network.logits(states))

    @in_turn
    def tokens(self, text: str) -> list[Token]:
        """Every token of a text, with the probability that the model gave it and its rank among all tokens; [] for "".

        The text is read as a document is: the first token is judged after end-of-text. A text longer than the context is read as `generate`
        reads: the context moves on by half its length.
        """
        found = read(self.network, self.tokenizer, text, self.context)
        return [Token(token, piece, math.exp(log), rank) for token, piece, log, rank in found]

    @in_turn
    def loss(self, text: str) -> float:
        """The loss of a text of any length, in nats per token: the mean of -log probability over `tokens(text)`. MinigptError for ""."""
        require_tokens(text)
        logs = [log for _, _, log, _ in read(self.network, self.tokenizer, text, self.context)]
        return -sum(logs) / len(logs)

    @in_turn
    def attention(self, text: str) -> np.ndarray:
        """Where each token of a text looks: (L, H, T, T) float32, on the host, for L layers, H heads and the T tokens of the text alone.

        `[l, h, t]` are the weights that head h of layer l gives to the tokens 0 to t: they sum to 1, and those of later tokens are 0.
        MinigptError for "", and for more tokens than the context, as no weights exist between tokens that are never seen together.
        """
        ids = self.tokenizer.encode(text)
        require_tokens(ids, self.context)
        return attended(self.network, ids)

    @in_turn
    def embed(self, text: str, *, each: bool = False) -> np.ndarray:
        """The text as a vector (C,) float32, on the host: the mean of the last layer's hidden states; with `each`, these, (T, C), a row
        for each token.

        A text longer than the context is read as by `tokens`. MinigptError for "".
        """
        ids = self.tokenizer.encode(text)
        require_tokens(ids)
        parts = []
        for seen, count in passes(len(ids), self.context):
            parts.append(self.backend.to_host(hidden(self.network, ids[seen])[-count:]).copy())
        states = np.concatenate(parts)
        return states if each else states.mean(axis=0)


@quiet
def load(folder: str | Path, device: str = "auto", brief: bool = False) -> TextModel:
    """Load the model of a run folder, or of a GPT-1 folder saved by transformers. Files with a checksum in a run's record are verified.

    `brief`: for a few hundred tokens. On the CPU they are computed by NumPy alone, which takes longer per token than compiled layers but
    starts half a second earlier.
    """
    require_sound(Path(folder), (*CONFIG_FILES, *TOKENIZER_FILES, WEIGHTS))
    return TextModel(load_checkpoint(Path(folder)), choose_backend(device, brief), str(folder), Path(folder))


def _rebuilt(checkpoint: Checkpoint, device: str, name: str, folder: Path | None) -> TextModel:
    """Rebuild a model from a pickle or a copy."""
    return TextModel(checkpoint, choose_backend(device), name, folder)


def samples(model: TextModel, count: int, config: SampleConfig) -> dict[int, str]:
    """`count` texts that start as a document does, by their seeds: consecutive ones, without those whose text got stuck on a word or
    phrase. At most `count` seeds are left out."""
    first, texts = config.seed or 0, dict[int, str]()
    for seed in range(first, first + 2 * count):
        text = model.sample("", replace(config, seed=seed)).text
        to_draw, left = count - len(texts), first + 2 * count - seed
        if left == to_draw or not STUCK.search(text):
            texts[seed] = text
        if len(texts) == count:
            break
    return texts


def _several(stop: str | Sequence[str]) -> tuple[str, ...]:
    """Stop strings as a tuple; a single text is one."""
    return (stop,) if isinstance(stop, str) else tuple(stop)
