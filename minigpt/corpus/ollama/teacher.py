"""Connects to a teacher: finds, loads and times its model on each host, asks it questions, and unloads it."""

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

Notify = Callable[[str], None]  # shows a line to the user
Pick = Callable[[Sequence[str], int], int]  # lines to choose from and the index of the default -> the index chosen
CONTEXT = 4096  # tokens of prompt and answer together; the same in every request, because a change reloads the model
START = "start it with: ollama serve, or name its address with --ollama-host"  # of a server that does not answer
REASONING = 4  # factor on the tokens for a model whose thinking cannot be switched off


@dataclass(frozen=True)
class TeacherSettings:
    """The user's settings, named as the --ollama- options of the command line."""

    hosts: tuple[str, ...] = ()  # empty: OLLAMA_HOST, or Ollama's default
    gen_model: str | None = None  # None: the best fit among those installed
    refine_model: str | None = None  # the judge; None: the generating model
    limits: Limits = field(default_factory=Limits)
    keep_alive: str = "30m"

    def urls(self, environment: Mapping[str, str]) -> list[str]:
        """The servers to ask, each once."""
        return list(dict.fromkeys(resolve_host(host) for host in self.hosts or (environment.get("OLLAMA_HOST"),)))


@dataclass(frozen=True)
class Question:
    """One request to a model. `seconds` None: a timeout from the measured speed."""

    prompt: str
    tokens: int  # most tokens of the answer
    seed: int = 0
    system: str = ""
    temperature: float = 0.8
    schema: dict[str, Any] | None = None
    seconds: float | None = None
    judge: bool = False  # ask the judging model


class Host:
    """A server with its models and their measured speed."""

    def __init__(self, client: Client, model: Model, judge: Model, keep_alive: str) -> None:
        self.client, self.model, self.judge, self.keep_alive = client, model, judge, keep_alive
        context = min([CONTEXT] + [m.context for m in (model, judge) if m.context])
        self.options: dict[str, Any] = {"num_ctx": context}
        self.speed = 0.0

    def prepare(self, say: Notify) -> None:
        """Load the model and time it."""
        say(f"loading {self.model.name} on {self.client.url}")
        seconds = load(self.client, self.model, self.options, self.keep_alive)
        self.speed = measure(self.client, self.model, self.options, _think(self.model), self.keep_alive)
        where = place(self.client, self.model) or "location unknown"
        say(f"{self.model.name} is loaded ({where}; {seconds:.0f} s) and writes {self.speed:,.0f} tokens/s")

    def ask(self, question: Question, on_chunk: Callable[[], None] = lambda: None) -> Answer:
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
        return self.client.generate(body, question.seconds or limits.generation or expected, on_chunk)


class Teacher:
    """A connected teacher. As a context manager it unloads its models on exit."""

    def __init__(self, hosts: Sequence[Host], limits: Limits) -> None:
        self.hosts, self.limits = list(hosts), limits
        self.record: dict[str, Any] = _record(self.hosts)  # for run.json and the model card; writing adds its counts

    @classmethod
    def connect(cls, settings: TeacherSettings, say: Notify, environment: Mapping[str, str] = os.environ) -> Teacher:
        """Find the model on every host, load it and time it. Raises a one-line OllamaError if no host can.

        A host that is away or lacks the model is left out, and reported, as long as another one has it.
        """
        hosts: list[Host] = []
        troubles: list[OllamaError] = []
        for url in settings.urls(environment):
            try:
                host = find_host(url, settings, environment, hosts[0].model.name if hosts else None)
                host.prepare(say)
                hosts.append(host)
            except OllamaError as error:
                troubles.append(error)
        if not hosts:
            raise troubles[0]
        for trouble in troubles:
            say(f"skipped: {trouble}")
        return cls(hosts, settings.limits)

    def unload(self, say: Notify) -> None:
        """Unload the models on all hosts, which frees their memory for training."""
        for host in self.hosts:
            for model in dict.fromkeys((host.model, host.judge)):
                unloaded = unload(host.client, model)
                freed = f"{model.size / 1e9:.1f} GB freed" if unloaded else "it did not confirm"
                say(f"{model.name} {'was unloaded by' if unloaded else 'may not have been unloaded by'} {host.client.url}: {freed}")

    def __enter__(self) -> Teacher:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.unload(lambda line: None)


def find_host(url: str, settings: TeacherSettings, environment: Mapping[str, str], same_as: str | None = None) -> Host:
    """The server at a URL and its models; nothing is loaded yet."""
    client = Client(url, settings.limits, environment.get("OLLAMA_API_KEY"))
    try:
        with suppress(Unknown):  # part of the protocol will do: the list of models shows whether it is an Ollama server
            client.get("/api/version")
        models = installed(client)
    except (Away, Slow) as error:
        raise Away(f"{error}; {START}") from error
    memory = psutil.virtual_memory().available if is_loopback(url) else None
    model = describe(client, choose(models, settings.gen_model or same_as, url, memory))
    judge = model if settings.refine_model is None else describe(client, choose(models, settings.refine_model, url, memory))
    return Host(client, model, judge, settings.keep_alive)


def installed_models(settings: TeacherSettings, environment: Mapping[str, str] = os.environ) -> dict[str, list[Model] | OllamaError]:
    """For each server, the models that it has to write with, or why it cannot be asked. Loads nothing."""
    found: dict[str, list[Model] | OllamaError] = {}
    for url in settings.urls(environment):
        try:
            client = Client(url, settings.limits, environment.get("OLLAMA_API_KEY"))
            found[url] = [model for model in installed(client) if model.writes]
        except OllamaError as error:
            found[url] = error
    return found


def find_teacher(
    settings: TeacherSettings, environment: Mapping[str, str] = os.environ, pick: Pick = lambda lines, best: best
) -> tuple[TeacherSettings | None, str]:
    """For --source auto: the settings with a model chosen, or None, and the reason. Loads nothing.

    If no model is named, `pick` chooses among the lines of the installed ones; the default is the best fit. If the user named a model
    or a host, an error is raised rather than falling back to templates.
    """
    troubles: list[OllamaError] = []
    for url in settings.urls(environment):
        try:
            host = find_host(url, settings, environment)
            usable = [model for model in installed(host.client) if model.writes]
        except OllamaError as error:
            troubles.append(error)
            continue
        chosen = host.model
        if settings.gen_model is None and len(usable) > 1:
            memory = psutil.virtual_memory().available if is_loopback(url) else None
            names = [model.name for model in usable]
            chosen = usable[pick([model.line(memory) for model in usable], names.index(chosen.name))]
        return replace(settings, gen_model=chosen.name), f"Ollama at {url} has {chosen.line()}"
    if settings.hosts or settings.gen_model or settings.refine_model:
        raise troubles[0]
    return None, str(troubles[0])


def _think(model: Model) -> bool | str:
    """The value that switches thinking off; gpt-oss can only be made to think briefly."""
    return "low" if model.family.startswith("gptoss") or model.name.startswith("gpt-oss") else False


def _record(hosts: Sequence[Host]) -> dict[str, Any]:
    first = hosts[0]
    return {
        "model": first.model.name,
        "digest": first.model.digest,
        "parameters": first.model.parameters,
        "licence": first.model.licence,
        "judge": first.judge.name,
        "hosts": [host.client.url for host in hosts],
        "tokens_per_second": [round(host.speed, 1) for host in hosts],
    }
