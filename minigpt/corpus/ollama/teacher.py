"""A teacher: settings in, a loaded and measured model on one or several hosts out; it answers questions, and in the end it leaves."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

import psutil

from minigpt.corpus.ollama.client import Answer, Client
from minigpt.corpus.ollama.host import is_loopback, resolve_host
from minigpt.corpus.ollama.limits import Away, Limits, OllamaError, Slow, Unknown
from minigpt.corpus.ollama.models import Model, choose, describe, installed, load, measure, place, unload

Say = Callable[[str], None]
Pick = Callable[[Sequence[str], int], int]  # lines to choose from, and which one is proposed -> which one it is
CONTEXT = 4096  # tokens of prompt and answer together; the same in every request, because another number reloads the model
REASONING = 4  # times as many tokens for a model that cannot be kept from thinking


@dataclass(frozen=True)
class TeacherSettings:
    """What a user may choose about the teacher; names follow the command line's --ollama- options."""

    hosts: tuple[str, ...] = ()  # none: OLLAMA_HOST, or Ollama's default
    gen_model: str | None = None  # none: the best fitting of those installed
    refine_model: str | None = None  # the judge; none: the generating model
    limits: Limits = field(default_factory=Limits)
    keep_alive: str = "30m"

    def urls(self, environment: Mapping[str, str]) -> list[str]:
        """The servers to ask, each once."""
        return list(dict.fromkeys(resolve_host(host) for host in self.hosts or (environment.get("OLLAMA_HOST"),)))


@dataclass(frozen=True)
class Question:
    """One request to a model. `seconds` None: what the measured speed lets expect."""

    prompt: str
    tokens: int  # at most, of the answer
    seed: int = 0
    system: str = ""
    temperature: float = 0.8
    schema: dict[str, Any] | None = None
    seconds: float | None = None
    judge: bool = False  # it goes to the judging model


class Desk:
    """A host where the teacher sits: its server, the models there, its measured speed."""

    def __init__(self, client: Client, model: Model, judge: Model, keep_alive: str) -> None:
        self.client, self.model, self.judge, self.keep_alive = client, model, judge, keep_alive
        context = min([CONTEXT] + [m.context for m in (model, judge) if m.context])
        self.options: dict[str, Any] = {"num_ctx": context}
        self.speed = 0.0

    def prepare(self, say: Say) -> None:
        """Load and measure."""
        say(f"loading {self.model.name} on {self.client.url}")
        seconds = load(self.client, self.model, self.options, self.keep_alive)
        self.speed = measure(self.client, self.model, self.options, _think(self.model), self.keep_alive)
        where = place(self.client, self.model) or "place unknown"
        say(f"{self.model.name} is loaded ({where}; {seconds:.0f} s) and writes {self.speed:,.0f} tokens/s")

    def ask(self, question: Question, on_piece: Callable[[], None] = lambda: None) -> Answer:
        """One answer, streamed; the errors are those of Client.generate."""
        model = self.judge if question.judge else self.model
        think = _think(model)
        tokens = question.tokens * (REASONING if think else 1)
        options = {"num_predict": tokens, "seed": question.seed, "temperature": question.temperature}
        body: dict[str, Any] = {
            "model": model.name, "prompt": question.prompt, "think": think, "stream": True, "keep_alive": self.keep_alive,
            "options": self.options | options,
        }  # fmt: skip
        if question.system:
            body["system"] = question.system
        if question.schema:
            body["format"] = question.schema
        limits = self.client.limits
        expected = max(limits.between_chunks, 6 * tokens / self.speed) if self.speed else 10 * limits.between_chunks
        return self.client.generate(body, question.seconds or limits.generation or expected, on_piece)


class Teacher:
    """A connected teacher. Use it as a context manager: on the way out the models leave the memory."""

    def __init__(self, desks: Sequence[Desk], limits: Limits) -> None:
        self.desks, self.limits = list(desks), limits
        self.record: dict[str, Any] = _record(self.desks)  # for run.json and the model card; writing adds its figures

    @classmethod
    def connect(cls, settings: TeacherSettings, say: Say, environment: Mapping[str, str] = os.environ) -> Teacher:
        """Find the model on every host, load it and measure it. Raises OllamaError in one line if no host can do it.

        A host that is away or lacks the model is left out, and named, as long as another one has it.
        """
        desks: list[Desk] = []
        troubles: list[OllamaError] = []
        for url in settings.urls(environment):
            try:
                desk = find_desk(url, settings, environment, desks[0].model.name if desks else None)
                desk.prepare(say)
                desks.append(desk)
            except OllamaError as error:
                troubles.append(error)
        if not desks:
            raise troubles[0]
        for trouble in troubles:
            say(f"left out: {trouble}")
        return cls(desks, settings.limits)

    def leave(self, say: Say) -> None:
        """Unload the models everywhere, so that their memory is free for the training."""
        for desk in self.desks:
            for model in dict.fromkeys((desk.model, desk.judge)):
                left = unload(desk.client, model)
                freed = f"{model.size / 1e9:.1f} GB are free again" if left else "it did not confirm that"
                say(f"{model.name} {'was unloaded by' if left else 'may not have been unloaded by'} {desk.client.url}: {freed}")

    def __enter__(self) -> Teacher:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.leave(lambda line: None)


def find_desk(url: str, settings: TeacherSettings, environment: Mapping[str, str], same_as: str | None = None) -> Desk:
    """The server at a URL with its models found and described, nothing loaded yet."""
    client = Client(url, settings.limits, environment.get("OLLAMA_API_KEY"))
    try:
        with suppress(Unknown):  # a part of the protocol will do: the list of models decides whether this is such a server
            client.get("/api/version")
        models = installed(client)
    except (Away, Slow) as error:
        raise Away(f"{error}; start it with: ollama serve, or name its address with --ollama-host") from error
    memory = psutil.virtual_memory().available if is_loopback(url) else None
    model = describe(client, choose(models, settings.gen_model or same_as, url, memory))
    judge = model if settings.refine_model is None else describe(client, choose(models, settings.refine_model, url, memory))
    return Desk(client, model, judge, settings.keep_alive)


def find_teacher(
    settings: TeacherSettings, environment: Mapping[str, str] = os.environ, pick: Pick = lambda lines, best: best
) -> tuple[TeacherSettings | None, str]:
    """For --source auto: the settings with the model decided and the reason, or None and the reason. Loads nothing.

    Without a named model the best fitting one is taken, unless `pick` chooses another of the installed ones, by its line. A model or
    host that the user named is never given up for templates: then what is wrong with it is raised.
    """
    troubles: list[OllamaError] = []
    for url in settings.urls(environment):
        try:
            desk = find_desk(url, settings, environment)
            usable = [model for model in installed(desk.client) if model.writes]
        except OllamaError as error:
            troubles.append(error)
            continue
        chosen = desk.model
        if settings.gen_model is None and len(usable) > 1:
            memory = psutil.virtual_memory().available if is_loopback(url) else None
            names = [model.name for model in usable]
            chosen = usable[pick([model.line(memory) for model in usable], names.index(chosen.name))]
        return replace(settings, gen_model=chosen.name), f"Ollama at {url} has {chosen.line()}"
    if settings.hosts or settings.gen_model or settings.refine_model:
        raise troubles[0]
    return None, str(troubles[0])


def _think(model: Model) -> bool | str:
    """Thinking is switched off; gpt-oss cannot be, so it is to think briefly."""
    return "low" if model.family.startswith("gptoss") or model.name.startswith("gpt-oss") else False


def _record(desks: Sequence[Desk]) -> dict[str, Any]:
    first = desks[0]
    return {
        "model": first.model.name,
        "digest": first.model.digest,
        "parameters": first.model.parameters,
        "licence": first.model.licence,
        "judge": first.judge.name,
        "hosts": [desk.client.url for desk in desks],
        "tokens_per_second": [round(desk.speed, 1) for desk in desks],
    }
