"""What the finished model writes, its card, and the folder without what only a run under way needs."""

from __future__ import annotations

import shutil

from minigpt.card import model_card
from minigpt.config import SampleConfig
from minigpt.files import write_text
from minigpt.job import Job
from minigpt.textmodel import load, samples

SAMPLE_TOKENS = 400


def report(job: Job) -> None:
    """What the finished model writes, its card, and the folder without what only a run under way needs."""
    run = job.run
    model = load(run.path, job.options.device)
    texts = samples(model, 3, SampleConfig(max_tokens=SAMPLE_TOKENS, seed=job.options.seed))
    write_text(run.path / "README.md", model_card(run.record | {"samples": texts}))
    run.save("complete", samples=texts, checkpoint="removed")
    shutil.rmtree(run.checkpoint)
