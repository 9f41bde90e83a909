"""The tokens of an answer -> how likely the model took them to be, before temperature, top-k and the rest: natural logarithms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from minigpt.generate import Predictor, likeliest
from minigpt.run.textmodel import TextModel
from minigpt.threads import quiet
from minigpt.tokenizer import StreamDecoder


class Gone(Exception):
    """Nobody waits for this text any more."""


@dataclass(frozen=True)
class Seen:
    """A token of an answer: its bytes, its log probability, the likeliest in its place, and the character of the text where it begins."""

    token: bytes
    log: float
    likeliest: tuple[tuple[bytes, float], ...]
    start: int


class Witness(Predictor):
    """A Predictor that notes log probabilities, with those of the `top` likeliest tokens; None notes nothing. Before each token it asks
    whether the reader is `gone`."""

    def __init__(self, model: TextModel, top: int | None, gone: Callable[[], bool]) -> None:
        super().__init__(model.network, model.context)
        self.tokenizer, self.top, self.gone = model.tokenizer, top, gone
        self.prompt: int | None = None  # tokens
        self.ids: Sequence[int] = ()  # the text that grows
        self.logs: np.ndarray | None = None  # for the token after these
        self.noted: list[Seen] = []
        self.given = self.characters = 0
        self.decoder = StreamDecoder(model.tokenizer)

    def logits(self, ids: Sequence[int]) -> np.ndarray:
        if self.gone():
            raise Gone
        if self.prompt is None:
            self.prompt = len(ids)
        self._settle()
        scores = super().logits(ids)
        self.ids = ids
        if self.top is not None:
            self.logs = log_softmax(scores[: self.tokenizer.vocab_size])
        return scores

    def _settle(self) -> None:
        """Note the token that was chosen last."""
        chosen = (self.prompt or 0) + len(self.noted)
        if self.logs is None or self.top is None or len(self.ids) <= chosen:
            return
        token, logs = self.ids[chosen], self.logs
        top = likeliest(logs, self.top) if self.top else ()
        names = self.tokenizer.tokens
        self.noted.append(Seen(names[token], float(logs[token]), tuple((names[i], float(logs[i])) for i in top), self.characters))
        self.characters += len(self.decoder.feed(token))
        self.logs = None

    def told(self, characters: int) -> list[Seen]:
        """The tokens that begin within so many characters of the text, those of earlier calls aside."""
        self._settle()
        before = self.given
        while self.given < len(self.noted) and self.noted[self.given].start < characters:
            self.given += 1
        return self.noted[before : self.given]


@quiet
def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Log probabilities of scores (V,), in float64."""
    shifted = scores.astype(np.float64) - float(scores.max())
    logs: np.ndarray = shifted - np.log(np.exp(shifted).sum())
    return logs
