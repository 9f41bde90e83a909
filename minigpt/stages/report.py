"""The report: a finished model in, what it writes and its card out."""

from __future__ import annotations

from pathlib import Path

from minigpt.card import model_card
from minigpt.config import SampleConfig
from minigpt.files import write_text
from minigpt.folder import CHECKPOINT
from minigpt.job import Job
from minigpt.textmodel import load, samples

CARD = "README.md"
SAMPLES, SAMPLE_TOKENS = 3, 600


def report(job: Job) -> list[Path]:
    """What the finished model writes, and its card."""
    run = job.run
    model = load(run.path, job.options.device)
    texts = samples(model, SAMPLES, SampleConfig(max_tokens=SAMPLE_TOKENS, seed=job.options.seed))
    write_text(run.path / CARD, model_card(run.record | {"samples": texts}))
    for files in run.record["stages"].values():
        for name in [name for name in files if name.startswith(CHECKPOINT)]:
            del files[name]
    run.record |= {"status": "complete", "samples": texts, "checkpoint": "removed"}
    return [run.path / CARD]
