"""Lists a server's models, chooses one, loads it, times it and unloads it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from minigpt.corpus.ollama.client import Client, positive
from minigpt.corpus.ollama.limits import Missing, OllamaError, Slow, Unknown, Unusable, plain

EMBEDDING = re.compile(r"embed|minilm|\bbge\b|rerank|^(nomic-)?bert", re.IGNORECASE)
CODE = re.compile(r"cod(e|er|estral|ing)|sql", re.IGNORECASE)
FIT = 0.6  # most of the free memory that a model may take: its context needs some too
LARGE = 9e9  # bytes; larger models write too slowly without a large GPU to be the default
UNLOAD_SECONDS = 10.0
PROBE = "Write one sentence about the sea."


@dataclass(frozen=True)
class Model:
    """An installed model, as /api/tags and /api/show describe it."""

    name: str  # with its tag
    digest: str
    size: int  # bytes
    family: str = ""
    parameters: str = ""  # "3.2B"
    capabilities: tuple[str, ...] = ()  # empty on old servers
    remote: bool = False  # it runs on ollama.com
    context: int | None = None  # tokens, from /api/show
    licence: str = ""  # its first line, from /api/show

    @property
    def writes(self) -> bool:
        """Whether it generates text, and does so on the user's own machine."""
        if self.remote:
            return False
        return "completion" in self.capabilities if self.capabilities else not EMBEDDING.search(f"{self.name} {self.family}")

    def line(self, memory: int | None = None) -> str:
        """The model as a line of a list: name, size, and whether it fits."""
        fit = "" if memory is None or self.size <= FIT * memory else ", too large for the free memory"
        return f"{self.name} ({self.parameters + ', ' if self.parameters else ''}{self.size / 1e9:.1f} GB{fit})"


def full_name(name: str) -> str:
    """A model's name with its tag; a colon in its registry path, as in host:5000/name, starts no tag."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def installed(client: Client) -> list[Model]:
    """All models of the server, including those that do not generate text."""
    models = client.get("/api/tags").get("models")
    if not isinstance(models, list):
        raise Unusable(f"{client.url} does not answer as Ollama does: /api/tags has no list of models")
    return [_model(entry) for entry in models if isinstance(entry, dict) and isinstance(entry.get("name") or entry.get("model"), str)]


def choose(models: Sequence[Model], wanted: str | None, url: str, memory: int | None = None) -> Model:
    """The model named `wanted`, and no other; or if None, the largest that fits in `memory` bytes and is not too slow.

    Raises Missing with the installed models and the command that installs one.
    """
    usable = [model for model in models if model.writes]
    have = f"installed there: {', '.join(m.line() for m in usable)}" if usable else "no model that writes text is installed there"
    if wanted is None:
        if not usable:
            raise Missing(f"{url}: {have}; install one with: ollama pull llama3.2")
        return max(usable, key=lambda m: _fit(m, memory))
    found = next((m for m in models if m.name.lower() == full_name(wanted).lower()), None)
    if found is None:
        raise Missing(f"{url} has no model {plain(wanted)!r}; {have}; to install it: ollama pull {plain(wanted)}")
    if not found.writes:
        why = "runs on ollama.com, not on your own machine" if found.remote else "produces embeddings, not text"
        raise Missing(f"the model {found.name} {why}; {have}")
    return found


def _fit(model: Model, memory: int | None) -> tuple[bool, bool, int]:
    """The sort key: a model that fits and is not huge, then a general one rather than one for code, then the largest that fits."""
    fits = model.size <= min(LARGE, FIT * memory if memory else LARGE)
    return fits, not CODE.search(model.name), model.size if fits else -model.size


def describe(client: Client, model: Model) -> Model:
    """The model with what /api/show adds: capabilities, context, licence."""
    try:
        shown = client.post("/api/show", {"model": model.name})
    except Unknown:  # then the list of models is all there is to know
        return model
    info = shown.get("model_info")
    told = [positive(v) for k, v in info.items() if k.endswith(".context_length")] if isinstance(info, dict) else []
    lengths = [length for length in told if length]
    licence = shown.get("license")
    text = licence[0] if isinstance(licence, list) and licence else licence
    line = next((line for line in text.splitlines() if line.strip()), "") if isinstance(text, str) else ""
    capabilities = _texts(shown.get("capabilities")) or model.capabilities
    return Model(
        model.name, model.digest, model.size, model.family, model.parameters, capabilities, model.remote,
        context=lengths[0] if lengths else None, licence=plain(line, 120),
    )  # fmt: skip


def load(client: Client, model: Model, options: dict[str, Any], keep_alive: str) -> float:
    """Load the model into memory and return the seconds it took. The timeout is long: giving up early aborts the load."""
    began = time.monotonic()
    body = {"model": model.name, "prompt": "", "options": options, "keep_alive": keep_alive, "stream": False}
    with suppress(Unknown):  # then the first request will load it
        client.post("/api/generate", body, client.limits.first_byte)
    return time.monotonic() - began


def measure(client: Client, model: Model, options: dict[str, Any], think: bool | str, keep_alive: str) -> float:
    """Tokens a second, from one short answer; 0 if it is empty."""
    body = {
        "model": model.name,
        "prompt": PROBE,
        "think": think,
        "keep_alive": keep_alive,
        "options": options | {"num_predict": 20, "seed": 1},
    }
    answer = client.generate(body, client.limits.first_byte)
    return answer.speed()


def place(client: Client, model: Model) -> str | None:
    """Where the model is loaded: GPU, CPU, or both; None if it is not loaded or the server does not say."""
    for entry in _running(client):
        if full_name(str(entry.get("name") or entry.get("model"))) == model.name:
            size, video = positive(entry.get("size")), positive(entry.get("size_vram"))
            if size and "size_vram" in entry:
                share = "CPU" if not video else "GPU" if video >= size else f"{video / size:.0%} GPU"
                return f"{share}, {size / 1e9:.1f} GB"
            return "loaded"
    return None


def unload(client: Client, model: Model) -> bool:
    """Unload the model and wait until /api/ps confirms it; False if it is still loaded, or the server does not answer."""
    end = time.monotonic() + UNLOAD_SECONDS
    try:
        client.post("/api/generate", {"model": model.name, "prompt": "", "keep_alive": 0, "stream": False}, UNLOAD_SECONDS)
        while place(client, model):
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
    except OllamaError:
        return False
    return True


def _running(client: Client) -> list[dict[str, Any]]:
    try:
        models = client.get("/api/ps").get("models")
    except (Slow, Unknown):
        return []
    return [entry for entry in models if isinstance(entry, dict)] if isinstance(models, list) else []


def _model(entry: dict[str, Any]) -> Model:
    details = entry.get("details")
    details = details if isinstance(details, dict) else {}
    name = full_name(plain(entry.get("name") or entry.get("model")))
    remote = bool(entry.get("remote_host") or entry.get("remote_model")) or name.endswith(("-cloud", ":cloud"))
    return Model(
        name=name,
        digest=plain(entry.get("digest") or ""),
        size=positive(entry.get("size")),
        family=plain(details.get("family") or ""),
        parameters=plain(details.get("parameter_size") or "", 20),
        capabilities=_texts(entry.get("capabilities")),
        remote=remote,
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(plain(v, 40) for v in value if isinstance(v, str)) if isinstance(value, list) else ()
