"""The whole job: a prompt or the user's own text in, a run folder with a trained model out. `STAGES` is its table of contents.

Each stage has its results on the disk before the next begins, and reads there what the ones before it left.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from .job import plan
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
    with job.run.recorded():
        job.run.carry_out({name: partial(stage, job) for name, stage in STAGES.items()})
    for text in job.run.record["samples"]:
        job.hear.sample(text)
    job.hear.say("Folder", str(job.run.path))
    return load(job.run.path, job.options.device)
