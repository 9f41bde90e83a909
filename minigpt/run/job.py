"""A prompt and options in, or an earlier run; out comes everything that its stages need to know."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from minigpt import __version__
from minigpt.backend import Backend, choose_backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.corpus.ollama.host import resolve_host
from minigpt.corpus.ollama.limits import OllamaError
from minigpt.corpus.ollama.teacher import TeacherSettings, find_teacher
from minigpt.corpus.own.files import OwnText
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.request import Request
from minigpt.disk.checkpoint import CONFIG, read_config, require_model
from minigpt.disk.files import read_json_object
from minigpt.disk.folder import RunFolder, require_sound
from minigpt.disk.forms import require_form
from minigpt.disk.record import MADE
from minigpt.disk.shelf import RECORD, new_folder, require_free
from minigpt.errors import MinigptError, as_argument
from minigpt.machine import usable_cores
from minigpt.run.interrupt import Interrupt
from minigpt.run.listener import Listener
from minigpt.run.options import Options
from minigpt.run.provenance import differences, provenance


@dataclass(frozen=True)
class Job:
    """What every stage of a run needs."""

    options: Options
    prompt: str
    request: Request | None  # what the prompt was read into; None where there is no prompt
    own: OwnText | None
    teacher: TeacherSettings | None  # where a language model writes
    backend: Backend
    config: ModelConfig  # the vocabulary's size follows from the corpus
    train_config: TrainConfig  # and so does the number of steps
    run: RunFolder
    hear: Listener
    interrupt: Interrupt = field(default_factory=Interrupt)
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since the work began, or went on."""
        return time.monotonic() - self.began

    @property
    def first_model(self) -> Path | None:
        """The folder of the model that the training starts from: the run itself, where it was complete once, or the one of --init."""
        return self.run.path if self.run.base_step else Path(self.options.init) if self.options.init else None


def plan(prompt: str | None, o: Options, hear: Listener) -> Job:
    """Check everything that can be checked before anything is written; MinigptError for what is not good."""
    prompt = o.full_prompt(prompt)
    if o.init:
        require_sound(Path(o.init), (CONFIG,))
        require_model(Path(o.init))
        o = o.shaped_like(read_config(read_json_object(Path(o.init) / CONFIG), Path(o.init) / CONFIG))
    config, train_config = o.configure()
    if o.out:
        require_free(Path(o.out))
    own = own_text(o, Path(o.out) if o.out else None, hear)
    o, teacher, why = choose_source(o, hear)
    backend = choose_backend(o.device)
    o = replace(o, threads=o.threads or usable_cores(), device=backend.name)  # a run that goes on computes as it did before
    request = understand(prompt, o.preset) if prompt else None
    record = {
        "minigpt": __version__,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "prompt": prompt,
        "request": asdict(request) if request else None,
        "source": {"name": "ollama" if teacher else "template" if o.generates else "own", "why": why},
        "seed": o.seed,
        "device": backend.name,
        "device_reason": backend.reason,
        "machine": provenance(backend, o.threads or usable_cores()),
        "options": asdict(o),
    }
    folder = Path(o.out) if o.out else new_folder(Path(o.models_dir), prompt or Path(o.data[0]).stem)  # last, because it makes the folder
    return Job(o, prompt, request, own, teacher, backend, config, train_config, RunFolder(folder, record, o.ollama_host), hear)


def reopen(run: RunFolder, hear: Listener, ollama_host: tuple[str, ...] = ()) -> Job:
    """The job of an earlier run, from its record; sources are looked for only if the corpus is not complete.

    The record may be somebody else's, so the host to connect to is never taken from it.
    """
    path = run.path
    try:
        o = Options.parse(run.record["options"])
    except (TypeError, MinigptError) as error:
        raise MinigptError(f"{path}: the options in its record are damaged or from another version: {error}") from error
    own = teacher = None
    if "corpus" not in run.record["stages"]:
        if "-" in o.data:
            raise MinigptError(f"{path}: standard input was not read to its end, and is gone; start again in another folder")
        own = own_text(o, path, hear)
        recorded, o = o.ollama_host, Options.parse(run.record["options"] | {"ollama_host": ollama_host})
        o, teacher, _ = choose_source(o, hear, unsaid(recorded, o) if o.generates and o.source in ("auto", "ollama") else "")
    require_form(run.record, MADE, path / RECORD)
    backend = choose_backend(o.device)
    compare(run, provenance(backend, o.threads or usable_cores()), hear)
    config, train_config = o.configure()
    prompt, run.hosts = run.record["prompt"], o.ollama_host
    request = understand(prompt, o.preset) if prompt else None
    return Job(o, prompt, request, own, teacher, backend, config, train_config, run, hear)


def compare(run: RunFolder, now: dict[str, str], hear: Listener) -> None:
    """Say if a run is resumed on something that may round its numbers differently; the record names both."""
    known = run.record.get("machine")
    then = {name: str(value) for name, value in known.items()} if isinstance(known, dict) else {}
    if then != now:
        changed = differences(then, now) if then else "its record does not say what the run began with"
        hear.say("Machine", f"{changed}: the result will match an uninterrupted run up to rounding, not byte for byte")
        run.record["machines_before"] = [*run.record.get("machines_before", []), *([then] if then else [])]
        run.record["machine"] = now


def own_text(o: Options, folder: Path | None, hear: Listener) -> OwnText | None:
    """The user's own text, if the options name any, without what runs write below it; `folder` is this run's, if known yet."""
    if not o.data:
        return None
    ours = [path for path in (Path(o.models_dir), folder) if path]
    return OwnText([Path(path) for path in o.data], o.column, partial(hear.progress, "Reading"), ours)


def unsaid(recorded: tuple[str, ...], o: Options) -> str:
    """What to say about hosts that the record names and that will not be used; empty if there are none."""
    asked = o.teacher().urls(os.environ)
    left = []
    for host in recorded:
        with suppress(MinigptError):  # not an address: nothing to say
            if resolve_host(host) not in asked:
                left.append(host)
    if not left:
        return ""
    options = " ".join(f"--ollama-host {as_argument(host)}" for host in left)
    return f"the record names another Ollama host, which is used only if you name it: {options}"


def choose_source(o: Options, hear: Listener, note: str = "") -> tuple[Options, TeacherSettings | None, str]:
    """The options with source and model decided; the teacher that writes, or None; and why. A `note` is shown before any question.

    `auto` takes Ollama if it has a usable model; `ollama` insists on it.
    """
    if note:
        hear.say("Source", note)
    if not o.generates or o.source in ("template", "own"):
        return o, None, "as you chose" if o.source in ("template", "own") else "your own text"
    try:
        teacher, why = find_teacher(o.teacher(), pick=partial(hear.choose, "Which model should write?"))
        if teacher is None and o.source == "ollama":
            raise OllamaError(why)
    except OllamaError as error:
        raise (OllamaError(f"{error}; {note}") if note else error) from error
    hear.say("Source", why if teacher else f"templates, because there is no local teacher: {why}")
    if teacher is None:
        return replace(o, source="template"), None, why
    return replace(o, source="ollama", ollama_gen_model=teacher.gen_model), teacher, why
