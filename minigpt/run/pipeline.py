"""The whole job: a prompt or the user's own text in, a run folder with a trained model out. `STAGES` is its table of contents.

Each stage has its results on the disk before the next begins, and reads there what the ones before it left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from minigpt.disk.folder import RunFolder
from minigpt.disk.forms import require_form
from minigpt.errors import MinigptError
from minigpt.run.defaults import EPOCHS
from minigpt.run.job import Job, plan, reopen
from minigpt.run.learn import learn
from minigpt.run.listener import Listener
from minigpt.run.options import Options, require_positive, several
from minigpt.run.report import report
from minigpt.run.textmodel import TextModel, load
from minigpt.run.tokenize import number
from minigpt.run.write_corpus import write

STAGES = {"corpus": write, "tokens": number, "training": learn, "report": report}


def train(prompt: str | None = None, *, listener: Listener | None = None, **options: Any) -> TextModel:
    """Make a GPT for a prompt: corpus, vocabulary, training, files, samples. Returns the best model.

    Options are those of `Options` (model_size, data, epochs, out, ...). Raises MinigptError for bad input; once the folder exists, its
    run.json has the status.
    """
    job = plan(prompt, Options.parse(options), listener or Listener())
    with job.run.in_use(new=True):
        _carry_out(job)
    return _show(job)


def write_corpus(prompt: str | None = None, *, listener: Listener | None = None, **options: Any) -> RunFolder:
    """Only the first stage: a run folder with corpus.jsonl, and its report in the record. `resume` trains on it."""
    job = plan(prompt, Options.parse(options), listener or Listener())
    with job.run.in_use(new=True), _under_way(job):
        job.run.carry_out({"corpus": partial(write, job)})
        job.run.save("written")
    return job.run


def resume(
    path: str | Path,
    *,
    epochs: str | int | None = None,
    minutes: str | float | None = None,
    ollama_host: str | Sequence[str] | None = None,
    listener: Listener | None = None,
) -> TextModel:
    """Resume an interrupted run, with the same result. Returns the best model.

    `epochs` or `minutes`, such as "+10" or 5, are added to the planned length; a complete run is then trained further, from its best
    model and on its corpus. Without them a complete run is only checked and loaded. A teacher is looked for at `ollama_host`, else at
    OLLAMA_HOST or Ollama's default address, never at a host that only the record names.
    """
    hear = listener or Listener()
    run = RunFolder.open(Path(path))
    more = extended(run, epochs, minutes)
    if run.record["status"] == "complete":
        for stage in run.record["stages"]:
            run.verify(stage)
        if run.checkpoint.exists():  # the process was ended before it was removed
            with run.in_use():
                pass
        if not more:
            require_every_stage(run)
            hear.say("Complete", f"{path} has nothing left to do; all its files are intact")
            return load(run.path, run.record["options"].get("device", "auto"))
    with run.in_use():  # before anything is recorded: another process may be using the run
        run.require_current()
        if run.record["status"] == "complete":
            require_every_stage(run)
            run.begin_again(**more)
        elif more:
            run.extend(**more)
        job = reopen(run, hear, several(ollama_host))
        _carry_out(job)
    return _show(job)


def require_every_stage(run: RunFolder) -> None:
    """MinigptError for a record that calls a run complete without one of its stages."""
    require_form(run.record["stages"], dict.fromkeys(STAGES, dict), f"{run.path}: the record of the stages")


def extended(run: RunFolder, epochs: str | int | None, minutes: str | float | None) -> dict[str, Any]:
    """The options of a run that should train longer; empty if nothing was asked."""
    if epochs is not None and minutes is not None:
        raise MinigptError("--epochs and --minutes both say how much longer to train; leave one of them out")
    if epochs is None and minutes is None:
        return {}
    name, asked = ("epochs", epochs) if epochs is not None else ("minutes", minutes)
    try:
        more = int(str(asked)) if name == "epochs" else float(str(asked))
    except ValueError as error:
        raise MinigptError(f"--{name}={asked!r}: wanted how much longer to train, such as +10") from error
    require_positive(f"--{name}", more, name)
    if run.record["status"] == "complete":
        return {"epochs": None, "minutes": None, name: more}
    known = run.record["options"].get("minutes")
    if (known is None) != (name == "epochs"):
        raise MinigptError(f"this unfinished run is planned in {'epochs' if known is None else 'minutes'}; only those can be added")
    return {name: (run.record["options"].get(name) or EPOCHS) + more}


def _carry_out(job: Job) -> None:
    with _under_way(job):
        job.run.carry_out({name: partial(stage, job) for name, stage in STAGES.items()})


@contextmanager
def _under_way(job: Job) -> Iterator[None]:
    """Hear signals, record how the work ends, and tell the listener what the file system cannot promise."""
    with job.interrupt.listening(), job.run.recorded():
        for line in job.run.limits:
            job.hear.say("Disk", line)
        yield


def _show(job: Job) -> TextModel:
    """The finished model, after its samples went to the listener."""
    for text in job.run.record["samples"]:
        job.hear.sample(text)
    job.hear.say("Folder", str(job.run.path))
    return load(job.run.path, job.options.device)
