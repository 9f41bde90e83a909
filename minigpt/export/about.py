"""A run's record -> what a file that leaves the house says of its model: prompt, seed, licence, novelty. No path of this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from minigpt import __version__
from minigpt.disk.bundle import REPEATS, is_private
from minigpt.disk.checkpoint import CONFIG_FILES, TOKENIZER_FILES, WEIGHTS, Checkpoint, load_checkpoint
from minigpt.disk.folder import read_record, require_sound
from minigpt.disk.foreign import plain
from minigpt.disk.shelf import RECORD
from minigpt.disk.standing import standing
from minigpt.errors import MinigptError
from minigpt.model import family
from minigpt.run.pages.card import model_card
from minigpt.run.pages.copying import comparison, portion
from minigpt.run.pages.facts import part, sound

LICENCE = "## Licence\n"  # the last section of a model card
LONG = 2000  # characters of a prompt, at most


def opened(path: Path) -> tuple[Checkpoint, dict[str, Any]]:
    """A run's model and its record, verified; the record of a model without one is {}."""
    require_sound(path, (*CONFIG_FILES, *TOKENIZER_FILES, WEIGHTS))
    checkpoint = load_checkpoint(path)
    return checkpoint, sound(read_record(path)) if os.path.lexists(path / RECORD) else {}


def notes(path: Path, record: dict[str, Any]) -> list[str]:
    """What whoever exports it should know."""
    return [note for note in (standing(path, record) if record else "", REPEATS if record and is_private(record) else "") if note]


def about(path: Path, checkpoint: Checkpoint, record: dict[str, Any]) -> dict[str, str | int]:
    """Names and values that describe the model; what is not known is left out."""
    prompt, start = part(record, "prompt"), part(record, "start", "init")
    known: dict[str, Any] = {
        "version": __version__,
        "family": family(checkpoint.config.architecture),
        "prompt": plain(prompt, LONG) if isinstance(prompt, str) else None,
        "seed": part(record, "seed"),
        "created": part(record, "created"),
        "context": checkpoint.context,
        "sources": ", ".join(part(record, "corpus", "by_source") or {}),
        "teacher": part(record, "teacher", "model"),
        "start": start if start in ("base", "none") else "another model" if start else None,
        "novelty": novelty(path, record),
        "licence": licence(record),
    }
    return {name: value if isinstance(value, int) else str(value) for name, value in known.items() if value not in (None, "")}


def novelty(path: Path, record: dict[str, Any]) -> str:
    """How much of the samples is copied from the training text; "" without samples or without that text."""
    samples = [text for text in part(record, "samples") or [] if isinstance(text, str) and text.strip()]
    if not samples:
        return ""
    try:
        compared = comparison(path)
        found = portion([compared(text).likeness for text in samples])
    except MinigptError:
        return ""
    return f"{1 - found:.0%} of the words of {len(samples)} samples are new: not in passages of 8 or more words of the training text"


def licence(record: dict[str, Any]) -> str:
    """The section of the model card; "" for a record that has no card yet."""
    try:
        return model_card(record).partition(LICENCE)[2].strip()
    except (KeyError, TypeError, ValueError):  # a run that is not finished
        return ""
