"""A prompt or the user's own text -> a run folder with a trained model. `STAGES` is the table of contents.

Each stage writes its results to disk before the next begins, and reads those of the stages before it from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from minigpt.disk.folder import RunFolder
from minigpt.disk.schema import validate
from minigpt.errors import MinigptError, as_usage
from minigpt.run.job import Job, new_job, resumed_job
from minigpt.run.learn import learn
from minigpt.run.listener import Listener
from minigpt.run.options import Options, require_positive, several
from minigpt.run.report import report
from minigpt.run.textmodel import TextModel, load
from minigpt.run.tokenize import tokenize
from minigpt.run.write_corpus import make_corpus

STAGES = {"corpus": make_corpus, "tokens": tokenize, "training": learn, "report": report}


def train(prompt: str | None = None, *, listener: Listener | None = None, **options: Any) -> TextModel:
    """Make a GPT for a prompt: corpus, vocabulary, training, files, samples. Returns the best model.

    Options are those of `Options` (model_size, data, epochs, out, ...). Raises MinigptError for bad input; once the folder exists, its
    run.json has the status.
    """
    job = new_job(prompt, Options.parse(options), listener or Listener())
    with job.run.in_use(new=True):
        _carry_out(job)
    return _show(job)


def write_corpus(prompt: str | None = None, *, listener: Listener | None = None, **options: Any) -> RunFolder:
    """Run only the first stage: a run folder with corpus.jsonl, and a report on it in the record. `resume` trains on it."""
    job = new_job(prompt, Options.parse(options), listener or Listener())
    with job.run.in_use(new=True), _under_way(job):
        job.run.carry_out({"corpus": partial(make_corpus, job)})
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

    `epochs` or `minutes`, such as "+10" or 5, are added to the planned length; a complete run is trained further, from its best model and
    on its corpus. Without them a complete run is only verified and loaded. A teacher is looked for at `ollama_host`, else at OLLAMA_HOST
    or Ollama's default address, never at a host that only the record names.
    """
    listener = listener or Listener()
    run = RunFolder.open(Path(path))
    more = extended(run, epochs, minutes)
    if run.record["status"] == "complete":
        for stage in run.record["stages"]:
            run.verify(stage)
        if run.checkpoint.exists():  # the process was killed before removing it
            with run.in_use():
                pass
        if not more:
            require_every_stage(run)
            listener.say("Complete", f"{path} has nothing left to do; all its files are intact")
            return load(run.path, run.record["options"].get("device", "auto"))
    with run.in_use():  # before anything is recorded: another process may hold the run
        run.require_current()
        if run.record["status"] == "complete":
            require_every_stage(run)
            run.begin_again(**more)
        elif more:
            run.extend(**more)
        job = resumed_job(run, listener, several(ollama_host))
        _carry_out(job)
    return _show(job)


def require_every_stage(run: RunFolder) -> None:
    """MinigptError for a record of a complete run that lacks a stage."""
    validate(run.record["stages"], dict.fromkeys(STAGES, dict), f"{run.path}: the record of the stages")


@as_usage()
def extended(run: RunFolder, epochs: str | int | None, minutes: str | float | None) -> dict[str, Any]:
    """The changed options of a run that is to train longer; empty if it is not."""
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
    return {name: (run.record["options"].get(name) or Options.parse(run.record["options"]).recipe.epochs) + more}


def _carry_out(job: Job) -> None:
    with _under_way(job):
        job.run.carry_out({name: partial(stage, job) for name, stage in STAGES.items()})


@contextmanager
def _under_way(job: Job) -> Iterator[None]:
    """Handle signals, record how the work ends, and report what the file system does not guarantee."""
    with job.interrupt.listening(), job.run.recorded():
        for line in job.run.limits:
            job.listener.say("Disk", line)
        yield


def _show(job: Job) -> TextModel:
    """Load the finished model, after showing its samples."""
    for text in job.run.record["samples"]:
        job.listener.sample(text)
    job.listener.say("Folder", str(job.run.path))
    return load(job.run.path, job.options.device)
