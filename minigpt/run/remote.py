"""A conversation with a model on an Ollama server: what a person types -> answers, streamed. The server's template puts them in turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from minigpt.config import SampleConfig
from minigpt.corpus.ollama.client import join_text, positive
from minigpt.corpus.ollama.limits import Unusable
from minigpt.corpus.ollama.teacher import Host
from minigpt.generate import Sample
from minigpt.run.dialogue import Form
from minigpt.run.talk import Answer, Talk, fresh_seed, trimmed

YOU = "You"
TAIL = 3  # bytes, at most, that wait for the rest of their character


class OllamaTalk(Talk):
    """A model of a server, the settings and the conversation so far, all of which is sent each time; the server keeps what fits."""

    def __init__(self, host: Host, config: SampleConfig) -> None:
        self.config, self.seed = replace(config, seed=None), config.seed
        self.answers: list[Answer] = []
        self.start = self.known = 0
        self.meet(host)

    def meet(self, host: Host) -> None:
        """Talk to the model of a host, from the start."""
        self.host, self.form = host, Form(YOU, host.model.name, lines=True)
        self.forget()

    def _stream(self, typed: str, begun: str) -> Iterator[str]:
        config = replace(self.config, seed=fresh_seed() if self.seed is None else self.seed)
        if self.seed is not None:
            self.seed += 1
        answer = Answer(typed, typed, config, Sample(finish_reason="stop"))
        body = {
            "model": self.host.model.name,
            "messages": [*self._messages(), {"role": "user", "content": typed}],
            "stream": True,
            "think": False,
            "options": settings(config),
        }
        self.answers.append(answer)
        try:
            yield from trimmed(self._pieces(body, answer.sample))
        except Exception:
            if not answer.text:  # what was typed can be typed again
                self.answers.remove(answer)
            raise

    def _messages(self) -> list[dict[str, str]]:
        """The conversation so far."""
        said = [(answer.typed, answer.text) for answer in self.answers[self.start :] if answer.text.strip()]
        return [{"role": role, "content": text} for turn in said for role, text in zip(("user", "assistant"), turn, strict=True)]

    def _pieces(self, body: dict[str, Any], sample: Sample) -> Iterator[str]:
        """The pieces of an answer, never half a character."""
        held, url = "", self.host.client.url
        for value in self.host.client.chat(body):
            message = value.get("message")
            piece = message.get("content", "") if isinstance(message, dict) else ""
            if not isinstance(piece, str):
                raise Unusable(f"{url}: part of an answer is not text")
            ready, held = divided(held + piece, url)
            sample.text += ready
            if ready:
                yield ready
            if value.get("done") is True:
                sample.tokens = positive(value.get("eval_count"))
                sample.finish_reason = "length" if value.get("done_reason") == "length" else "stop"
        join_text([held], url)  # half a character at the end is an error

    def transcript(self) -> str:
        """This conversation as a text."""
        kept = self.answers[self.start :]
        return "\n\n".join(f"{YOU}: {answer.typed}\n{self.host.model.name}: {answer.text.strip()}" for answer in kept) + "\n"


def divided(text: str, url: str) -> tuple[str, str]:
    """A text as it came -> whole characters, and the beginning of one at its end; Unusable if it is no such text."""
    for end in range(len(text), max(0, len(text) - TAIL), -1):
        with suppress(Unusable):
            return join_text([text[:end]], url), text[end:]
    kept = max(0, len(text) - TAIL)
    return join_text([text[:kept]], url), text[kept:]


def settings(config: SampleConfig) -> dict[str, Any]:
    """The settings as Ollama's options; without stop strings the model's own stay."""
    options = {
        "num_predict": config.max_tokens,
        "temperature": config.temperature,
        "top_k": config.top_k,
        "top_p": config.top_p,
        "repeat_penalty": config.repetition_penalty,
        "seed": config.seed,
    }
    return options | ({"stop": list(config.stop)} if config.stop else {})
