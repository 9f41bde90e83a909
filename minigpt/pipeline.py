"""The whole job: a prompt or the user's own text in, a run folder with a trained model out. `STAGES` is its table of contents.

Each stage has its results on the disk before the next begins, and reads there what the ones before it left.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from .folder import RunFolder
from .job import Job, plan, reopen
from .listener import Listener
from .options import Options
from .stages.learn import learn
from .stages.number import number
from .stages.report import report
from .stages.write import write
from .textmodel import TextModel, load

STAGES = {"corpus": write, "tokens": number, "training": learn, "report": report}


def train(prompt: str | None = None, *, listener: Listener | None = None, **options: Any) -> TextModel:
    """Make a GPT for a prompt: corpus, vocabulary, training, files, samples. Returns the best model.

    Options are those of `Options` (model_size, data, epochs, out, ...). Raises MinigptError for bad input; once the folder exists, its
    run.json has the status.
    """
    job = plan(prompt, Options.parse(options), listener or Listener())
    job.run.create()
    return _carry_out(job)


def write_corpus(prompt: str | None = None, *, listener: Listener | None = None, **options: Any) -> RunFolder:
    """Only the first stage: a run folder with corpus.jsonl, and its report in the record. `resume` trains on it."""
    job = plan(prompt, Options.parse(options), listener or Listener())
    job.run.create()
    with job.interrupt.listening(), job.run.recorded(), job.run.in_use():
        job.run.carry_out({"corpus": partial(write, job)})
        job.run.save("interrupted")
    return job.run


def resume(path: str | Path, *, listener: Listener | None = None) -> TextModel:
    """Go on with a run that was broken off, to the same end; a complete one is only loaded. Returns the best model."""
    job = reopen(Path(path), listener or Listener())
    if job.run.record["status"] == "complete":
        job.hear.say("Complete", f"{path} has nothing left to do")
        return load(job.run.path, job.options.device)
    return _carry_out(job)


def _carry_out(job: Job) -> TextModel:
    with job.interrupt.listening(), job.run.recorded(), job.run.in_use():
        job.run.carry_out({name: partial(stage, job) for name, stage in STAGES.items()})
    for text in job.run.record["samples"]:
        job.hear.sample(text)
    job.hear.say("Folder", str(job.run.path))
    return load(job.run.path, job.options.device)
