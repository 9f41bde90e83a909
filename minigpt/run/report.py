"""Stage 4, the report: a finished model -> samples and the model card."""

from __future__ import annotations

from pathlib import Path

from minigpt.config import SampleConfig
from minigpt.disk.damage import is_as_written
from minigpt.disk.files import text_checksum, write_text
from minigpt.disk.shelf import CARD, CHECKPOINT
from minigpt.run.defaults import COOL, SAMPLE_TOKENS
from minigpt.run.job import Job
from minigpt.run.pages.card import model_card
from minigpt.run.textmodel import load, samples

SAMPLES = 3


def report(job: Job) -> list[Path]:
    """Sample from the finished model, write its card and complete the record."""
    run = job.run
    model = load(run.path, job.options.device)
    texts = samples(model, SAMPLES, SampleConfig(max_tokens=SAMPLE_TOKENS, temperature=COOL, seed=job.options.seed))
    write_card(job, model_card(run.record | {"samples": texts}))
    for files in run.record["stages"].values():
        for name in [name for name in files if name.startswith(CHECKPOINT)]:
            del files[name]
    run.record |= {"status": "complete", "samples": texts, "checkpoint": "removed"}
    return []


def write_card(job: Job, text: str) -> None:
    """Write the card, unless the one that is there was edited: cards are meant to be, and no edit is lost."""
    path, known, new = job.run.path / CARD, job.run.record.get("card"), text_checksum(text)
    if path.is_file() and not path.is_symlink() and not any(is_as_written(path, own) for own in (known, new) if own):
        job.listener.say("", f"{CARD} was edited, so it is kept; its figures are those of the earlier training")
        return
    write_text(job.run.place / CARD, text)
    job.run.record["card"] = new
