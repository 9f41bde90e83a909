"""`minigpt chat --ollama NAME`: the same chat with a model on an Ollama server."""

from __future__ import annotations

import os
from collections.abc import Sequence

from minigpt.cli.lines import note
from minigpt.cli.slash import Session
from minigpt.config import SampleConfig
from minigpt.corpus.ollama.limits import OllamaError
from minigpt.corpus.ollama.models import installed
from minigpt.corpus.ollama.teacher import Host, TeacherSettings, find_host
from minigpt.errors import MinigptError
from minigpt.run.remote import OllamaTalk


class OllamaSession(Session):
    """A conversation with a model of the first of some servers that has it. Nothing is loaded before something is said."""

    talk: OllamaTalk

    def __init__(self, name: str, hosts: Sequence[str], config: SampleConfig) -> None:
        self.hosts, self.left = tuple(hosts), False
        self.talk = OllamaTalk(self._find(name), config)
        self.called = name

    def _find(self, name: str) -> Host:
        settings, troubles = TeacherSettings(self.hosts, name), list[OllamaError]()
        for url in settings.urls(os.environ):
            try:
                return find_host(url, settings, os.environ)
            except OllamaError as error:
                troubles.append(error)
        raise troubles[0]

    def do_turns(self, argument: str) -> None:
        raise MinigptError("the server's template decides how this model is asked; /turns is for runs of minigpt")

    def do_model(self, argument: str) -> None:
        if not argument:
            raise MinigptError(f"model takes the name of a model on {self.talk.host.client.url}: {', '.join(self._models())}")
        self.talk.meet(self._find(argument))
        self.called = argument
        self.greet()

    def do_info(self, _: str) -> None:
        model = self.talk.host.model
        note(f"{model.line()} on {self.talk.host.client.url}")
        known = {"family": model.family, "context": model.context and f"{model.context:,} tokens", "licence": model.licence}
        for name, value in known.items():
            if value:
                note(f"{name}: {value}")

    def greet(self) -> None:
        """Say who is there."""
        note(f"{self.talk.host.model.line()} on {self.talk.host.client.url}")
        note("/help lists the commands, Ctrl-D leaves.")

    def _models(self) -> list[str]:
        try:
            return [model.name for model in installed(self.talk.host.client) if model.writes]
        except OllamaError:
            return []
