"""The models that are served, by name: the folder of a run -> a model in memory, with a thread and a queue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from minigpt.disk.checkpoint import WEIGHTS
from minigpt.disk.files import checksum, read_json_object
from minigpt.disk.foreign import plain
from minigpt.disk.shelf import RECORD
from minigpt.errors import MinigptError
from minigpt.run.dialogue import find_form
from minigpt.run.serve.engine import Engine, Served
from minigpt.run.serve.refusal import Refused
from minigpt.run.textmodel import load

LATEST = ":latest"  # Ollama's clients add it


def serve_run(folder: Path, device: str) -> Served:
    """Load the model of a folder, ready to answer at once."""
    name, weights = folder.resolve().name, folder / WEIGHTS
    model = load(folder, device)
    model.generate(max_tokens=1)  # what is compiled at the first use
    form = find_form(folder)
    taken = form if form and form.usual else None
    created = int(weights.stat().st_mtime)
    with suppress(MinigptError, ValueError, TypeError, KeyError):
        created = int(datetime.fromisoformat(read_json_object(folder / RECORD)["created"]).timestamp())
    return Served(name, folder, model, taken, Engine(model), created, weights.stat().st_size, checksum(weights))


class Shelf:
    """The models, in the order in which they were named."""

    def __init__(self, models: Sequence[Served]) -> None:
        self.models = {served.name: served for served in models}

    def __iter__(self) -> Iterator[Served]:
        return iter(self.models.values())

    def find(self, name: Any) -> Served:
        """The model of a name; Refused if there is none. A request that names none gets the only one."""
        if name is None and len(self.models) == 1:
            return next(iter(self))
        if not isinstance(name, str):
            raise Refused(f"model must be the name of a model: {', '.join(self.models)}", field="model")
        found = self.models.get(name) or self.models.get(name.removesuffix(LATEST))
        if found is None:
            said = f"the model {plain(name, 100)!r} does not exist here; there is {', '.join(self.models)}"
            raise Refused(said, 404, "model", "model_not_found")
        return found
