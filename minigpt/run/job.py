"""A prompt and options, or an earlier run -> everything that the stages need."""

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
from minigpt.corpus.ollama.teacher import START, TeacherSettings, find_teacher
from minigpt.corpus.own.files import OwnText
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import doubts
from minigpt.disk.folder import RunFolder
from minigpt.disk.names import require_name
from minigpt.disk.record import MADE
from minigpt.disk.schema import validate
from minigpt.disk.shelf import RECORD, new_folder, require_free
from minigpt.errors import MinigptError, WrongUsage, as_argument
from minigpt.machine import usable_cores
from minigpt.run.interrupt import Interrupt
from minigpt.run.listener import Listener
from minigpt.run.options import Options
from minigpt.run.provenance import differences, provenance
from minigpt.run.ranks.join import join
from minigpt.run.start import described, first_model, settled, tuned


@dataclass(frozen=True)
class Job:
    """Everything that the stages of a run need."""

    options: Options
    prompt: str
    request: Request | None  # the prompt, parsed; None without a prompt
    own: OwnText | None
    teacher: TeacherSettings | None  # the language model that writes, if any
    backend: Backend
    config: ModelConfig  # before the corpus decides the vocabulary's size
    train_config: TrainConfig  # before the corpus decides the number of steps
    run: RunFolder
    listener: Listener
    interrupt: Interrupt = field(default_factory=Interrupt)
    began: float = field(default_factory=time.monotonic)
    rows: list[str] = field(default_factory=list)  # where the rows of the embedding come from, in words, if from another vocabulary

    @property
    def seconds(self) -> float:
        """Since the work began or was resumed."""
        return time.monotonic() - self.began

    @property
    def first_model(self) -> Path | None:
        """The folder of the model to start from: the run itself if it is trained further, or that of --init."""
        return self.run.path if self.run.base_step else first_model(self.options.init)


def new_job(prompt: str | None, o: Options, listener: Listener) -> Job:
    """The job of a new run; MinigptError for bad input, before anything is written."""
    join()  # of several ranks, only the first goes on
    prompt = o.full_prompt(prompt)
    o = settled(o)
    o.configure()  # bad numbers are refused before anybody is asked for anything
    if wanted := wanted_folder(o):
        require_free(wanted)
    own = own_text(o, wanted, listener)
    o, teacher, why = choose_source(o, listener)
    backend = choose_backend(o.device)
    # A resumed run computes as before.
    o = replace(o, threads=o.threads or usable_cores(), device=backend.name, precision=backend.settle_precision(o.precision))
    request = understand(prompt, o.preset) if prompt else None
    o = tuned(o, request)
    config, train_config = o.configure()
    if request and o.generates and teacher is None:
        require_consent(request, listener)
    record = {
        "minigpt": __version__,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "prompt": prompt,
        "request": asdict(request) if request else None,
        "source": {"name": "ollama" if teacher else "template" if o.generates else "own", "why": why},
        "start": described(o),
        "seed": o.seed,
        "device": backend.name,
        "device_reason": backend.reason,
        "machine": provenance(backend, o.threads or usable_cores()),
        "options": asdict(o),
    }
    folder = wanted or new_folder(Path(o.models_dir), prompt or Path(o.data[0]).stem)  # last, because it makes the folder
    return Job(o, prompt, request, own, teacher, backend, config, train_config, RunFolder(folder, record, o.ollama_host), listener)


def wanted_folder(o: Options) -> Path | None:
    """The run folder that --out or --name asks for; None for a new one, named after the prompt."""
    if o.name is None:
        return Path(o.out) if o.out else None
    if o.out:
        raise WrongUsage("--name and --out both say what the run folder is called; leave one of them out")
    return Path(o.models_dir, require_name(o.name))


def require_consent(request: Request, listener: Listener) -> None:
    """MinigptError if templates would write something else than the prompt asks for, and the listener does not want that."""
    if not (clauses := doubts(request)):
        return
    known = f"the templates {'; they '.join(clauses)}"
    if not listener.accepts(known):
        raise MinigptError(f"{known}: rephrase it, give your own text (--data), let a model write (`ollama pull llama3.2`), or add --yes")


def resumed_job(run: RunFolder, listener: Listener, ollama_host: tuple[str, ...] = ()) -> Job:
    """The job of an earlier run, from its record. Sources are looked up only if the corpus is incomplete.

    The record may come from someone else, so we never connect to a host that it names.
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
        own = own_text(o, path, listener)
        recorded, o = o.ollama_host, Options.parse(run.record["options"] | {"ollama_host": ollama_host})
        o, teacher, _ = choose_source(o, listener, note_on_hosts(recorded, o) if o.generates and o.source in ("auto", "ollama") else "")
    validate(run.record, MADE, path / RECORD)
    backend = choose_backend(o.device)
    note_machine(run, provenance(backend, o.threads or usable_cores()), listener)
    config, train_config = o.configure()
    prompt, run.hosts = run.record["prompt"], o.ollama_host
    request = understand(prompt, o.preset) if prompt else None
    return Job(o, prompt, request, own, teacher, backend, config, train_config, run, listener)


def note_machine(run: RunFolder, now: dict[str, str], listener: Listener) -> None:
    """Report and record if a run is resumed on something that may round differently."""
    known = run.record.get("machine")
    then = {name: str(value) for name, value in known.items()} if isinstance(known, dict) else {}
    if then != now:
        changed = differences(then, now) if then else "its record does not say what the run began with"
        listener.say("Machine", f"{changed}: the result will match an uninterrupted run to rounding, not byte for byte")
        run.record["machines_before"] = [*run.record.get("machines_before", []), *([then] if then else [])]
        run.record["machine"] = now


def own_text(o: Options, folder: Path | None, listener: Listener) -> OwnText | None:
    """The user's own text, if the options name any, without the files that runs write below it; `folder` is this run's, if known."""
    if not o.data:
        return None
    ours = [path for path in (Path(o.models_dir), folder) if path]
    return OwnText([Path(path) for path in o.data], o.column, partial(listener.progress, "Reading"), ours)


def note_on_hosts(recorded: tuple[str, ...], o: Options) -> str:
    """A message about hosts that only the record names, which are not used; empty if there are none."""
    asked = o.teacher().urls(os.environ)
    left = []
    for host in recorded:
        with suppress(MinigptError):  # not an address
            if resolve_host(host) not in asked:
                left.append(host)
    if not left:
        return ""
    options = " ".join(f"--ollama-host {as_argument(host)}" for host in left)
    return f"the record names another Ollama host, which is used only if you name it: {options}"


def show_templates(why: str, listener: Listener) -> None:
    """Show that templates write, in passing unless an Ollama server is there and lacks something."""
    if START in why:
        listener.say("Source", "built-in templates (no Ollama server answers)")
        listener.detail("", why)
    else:
        listener.say("Source", f"built-in templates, because {why}")


def choose_source(o: Options, listener: Listener, note: str = "") -> tuple[Options, TeacherSettings | None, str]:
    """The options with source and model settled; the teacher that writes, or None; and why. A `note` is shown before any question.

    `auto` takes Ollama if it has a usable model; `ollama` requires it.
    """
    if note:
        listener.say("Source", note)
    if not o.generates or o.source in ("template", "own"):
        return o, None, "as you chose" if o.source in ("template", "own") else "your own text"
    try:
        teacher, why = find_teacher(o.teacher(), pick=partial(listener.choose, "Which model should write?"))
        if teacher is None and o.source == "ollama":
            raise OllamaError(why)
    except OllamaError as error:
        raise (OllamaError(f"{error}; {note}") if note else error) from error
    if teacher is None:
        show_templates(why, listener)
        return replace(o, source="template"), None, why
    listener.say("Source", why)
    return replace(o, source="ollama", ollama_gen_model=teacher.gen_model), teacher, why
