"""Where a run stands, from its record, its lock and its files; in words, with the command that continues it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minigpt.disk.folder import read_record
from minigpt.disk.locks import holder, this_host
from minigpt.disk.shelf import CHECKPOINT, LOCK, RECORD
from minigpt.errors import MinigptError, as_argument

WEIGHTS = "model.safetensors"
LEFT_OUT = "left out"  # what the record of an export says of checkpoint/, without which a run cannot be resumed
UNDER_WAY = ("writing", "training")


def status_of(folder: Path, recorded: object) -> str:
    """A run's status: what its record says, but `interrupted` if it was under way and its process is gone."""
    if recorded in UNDER_WAY and holder(folder / CHECKPOINT / LOCK) is None:
        return "interrupted"
    return recorded if isinstance(recorded, str) else ""


def unfinished(folder: Path) -> str:
    """What is to be known of a run that is not complete, or has no model, in one line with the command that helps; empty for any other."""
    if not (folder / RECORD).is_file():
        return ""
    try:
        return standing(folder, read_record(folder))
    except MinigptError:  # a damaged record is reported by whoever needs it
        return ""


def standing(folder: Path, record: Mapping[str, Any]) -> str:
    """The same, from its record."""
    recorded, has_model, resume = record["status"], os.path.lexists(folder / WEIGHTS), f"minigpt resume {as_argument(folder)}"
    to_continue = "" if record.get("checkpoint") == LEFT_OUT else f"; to continue: {resume}"
    if recorded == "complete":
        gone = f"{folder} was complete, but its {WEIGHTS} is gone; put it back, or train again in another folder"
        return "" if has_model else gone
    if held := holder(folder / CHECKPOINT / LOCK):
        where = f" on {held[1]}" if held[1] != this_host() else ""
        doing = f"{folder} is still being trained" if "corpus" in record["stages"] else f"the corpus of {folder} is still being written"
        so_far = "this is its best model so far" if has_model else "its first model is saved at the first evaluation"
        return f"{doing}, by process {held[0]}{where}; {so_far}"
    if recorded == "written":
        return f"{folder} is a corpus without a model; to train one on it: {resume}"
    if "corpus" not in record["stages"] and "-" in record.get("options", {}).get("data", ()):
        return f"{folder} has no model: standard input was not read to its end, so this run cannot be resumed; start again"
    how = "failed" if recorded == "failed" else "was interrupted"
    if has_model:
        best = record.get("result", {}).get("best_step")
        step = f", from step {best:,}" if isinstance(best, int) else ""
        return f"{folder} {how} before its training was complete; this is its best model so far{step}{to_continue}"
    when = "its first evaluation" if "corpus" in record["stages"] else "its corpus was complete"
    return f"{folder} has no model yet: the run {how} before {when}{to_continue}"
