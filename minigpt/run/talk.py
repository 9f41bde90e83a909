"""A conversation with a model: what a person types, one line after the other -> answers, streamed.

With a form of dialogue, the model answers in turns: it reads as much of the conversation as its context and a usual dialogue hold, and
stops where the other speaker would speak. Without one, it continues the text; an empty line lets it go on.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from minigpt.config import SampleConfig
from minigpt.generate import Predictor, Sample, context_start, stream
from minigpt.run.dialogue import Form
from minigpt.run.textmodel import TextModel

SEEDS = 10**9  # one that nobody has chosen is below this, so that it can be typed


def fresh_seed() -> int:
    """A seed that nobody has chosen."""
    return secrets.randbelow(SEEDS)


def as_record(model: str, prompt: str, sample: Sample, config: SampleConfig) -> dict[str, Any]:
    """A sample and all that is needed to repeat it, for JSON."""
    settings = asdict(config)
    seed = settings.pop("seed")
    result = {"prompt": prompt, "text": sample.text, "tokens": sample.tokens, "finish_reason": sample.finish_reason}
    return {**result, "seed": seed, "settings": settings, "model": model}


class Reader(Predictor):
    """A Predictor for texts that need not extend each other: each is read from where it parts from the one before."""

    def __init__(self, model: TextModel) -> None:
        super().__init__(model.network, model.context)
        self.read: list[int] = []

    def logits(self, ids: Sequence[int]) -> Any:
        start = context_start(len(ids), self.window)
        seen = list(ids[start:])
        if start != self.start:
            self.read = []
        same = len(self.read) if seen[: len(self.read)] == self.read else shared(seen, self.read)
        self.cache.length = min(self.cache.length, same, len(seen) - 1)
        self.read = []  # if the pass is interrupted, nothing is known of the cache
        scores = super().logits(ids)
        self.read = seen
        return scores


def shared(a: Sequence[int], b: Sequence[int]) -> int:
    """The length of the common beginning of two texts."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def fitting(model: TextModel, form: Form, exchanges: Sequence[tuple[str, str]], said: str, max_tokens: int) -> str:
    """What a model reads in a dialogue: as many of the latest exchanges as are usual and fit, what was said, the beginning of its turn."""
    if not form.lines:
        said = " ".join(said.split())
    kept = list(exchanges[max(0, len(exchanges) + 1 - form.exchanges) :])
    room = max(model.context // 2, model.context - max_tokens)
    long = room * max(map(len, model.tokenizer.tokens))  # more characters are more tokens: they need not be counted
    while kept and (len(text := form.prompt(kept, said)) > long or len(model.tokenizer.encode(text)) > room):
        kept.pop(0)
    return form.prompt(kept, said)


@dataclass
class Answer:
    """What was typed and what the model made of it. `prompt` is all that it read; `begun`: the text that it continued, if it goes on."""

    typed: str
    prompt: str
    config: SampleConfig
    sample: Sample
    begun: str = ""

    @property
    def text(self) -> str:
        """The answer; of a text, its continuation."""
        return self.sample.text


class Talk:
    """A model, its settings and the conversation so far."""

    def __init__(self, model: TextModel, config: SampleConfig, form: Form | None = None) -> None:
        self.config, self.seed = replace(config, seed=None), config.seed  # the seed of the next answer; None: a new one
        self.answers: list[Answer] = []  # those from `start` on are this conversation; the model is told of those from `known` on
        self.start = self.known = 0
        self.begin(model, form)

    def begin(self, model: TextModel, form: Form | None) -> None:
        """Talk to a model, from the start. `form`: in turns; None: it continues texts."""
        self.model, self.form, self.reader = model, form, Reader(model)
        self.forget()

    def forget(self) -> None:
        """Begin a new conversation."""
        self.start = self.known = len(self.answers)

    @property
    def last(self) -> Answer | None:
        """The latest answer of this conversation."""
        return self.answers[-1] if len(self.answers) > self.start else None

    def answer(self, typed: str) -> Iterator[str]:
        """Stream the answer to what was typed. A text that is continued begins with it; an empty line goes on with the last one, unless
        that has ended."""
        last, begun = self.last, ""
        if last and not (self.form or typed) and (last.sample.finish_reason == "length" or last.config.stop):
            begun = last.prompt + last.text
        yield from self._stream(typed, begun)

    def again(self) -> Iterator[str]:
        """Stream another answer to the same text, in place of the last one; nothing if there is none."""
        if not self.last:
            return
        last = self.answers.pop()
        self.known = min(self.known, len(self.answers))
        yield from self._stream(last.typed, last.begun)

    def _stream(self, typed: str, begun: str) -> Iterator[str]:
        config = replace(self.config, seed=fresh_seed() if self.seed is None else self.seed)
        if self.seed is not None:
            self.seed += 1
        prompt = begun + typed
        if self.form:
            config = replace(config, stop=(*config.stop, *self.form.stops))
            prompt = self._dialogue(self.form, typed)
        answer = Answer(typed, prompt, config, Sample(), begun)
        self.answers.append(answer)
        network, tokenizer = self.model.network, self.model.tokenizer
        pieces = stream(network, tokenizer, prompt, config, self.model.context, answer.sample, self.reader)
        yield from trimmed(pieces) if self.form else pieces
        if self.form and not answer.text.strip() and len(self.answers) - 1 > self.known:  # to the model, that dialogue is over
            self.answers.pop()
            self.known = len(self.answers)
            yield from self._stream(typed, begun)

    def _dialogue(self, form: Form, said: str) -> str:
        """What the model reads: the latest exchanges that fit, and the beginning of its turn."""
        exchanges = [(answer.typed, answer.text.strip()) for answer in self.answers[self.known :] if answer.text.strip()]
        return fitting(self.model, form, exchanges, said, self.config.max_tokens)

    def transcript(self) -> str:
        """This conversation as a text."""
        kept = self.answers[self.start :]
        if self.form:
            return self.form.written([(answer.typed, answer.text.strip()) for answer in kept]) + "\n"
        whole = [a for a, following in zip(kept, [*kept[1:], None], strict=True) if not (following and following.begun)]
        return "\n---\n".join(f"{answer.prompt}{answer.text}" for answer in whole) + "\n"

    def records(self, name: str) -> list[dict[str, Any]]:
        """This conversation as records, each of which repeats its answer."""
        return [as_record(name, answer.prompt, answer.sample, answer.config) for answer in self.answers[self.start :]]


def trimmed(pieces: Iterator[str]) -> Iterator[str]:
    """The pieces of a text without the white space around it."""
    held = ""
    begun = False
    for piece in pieces:
        text = held + piece if begun else (held + piece).lstrip()
        ready = text.rstrip()
        held = text[len(ready) :]
        if ready:
            begun = True
            yield ready
