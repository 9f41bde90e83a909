"""What a person calls a run -> its folder: a path, a unique beginning of its name under the models folder, or `latest`."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from minigpt.disk.shelf import RECORD, list_runs
from minigpt.errors import MinigptError, counted

LATEST = "latest"
NAMED = 5  # candidates, at most, that a message names


def find_run(run: str, models: Path) -> Path:
    """The folder of a run; MinigptError, with the nearest names, if there is none or more than one.

    Whatever exists as a path is that path, also a folder called `latest`.
    """
    if os.path.lexists(run) or Path(run).name != run:
        return Path(run)
    if run == LATEST:
        return latest(models)
    names = sorted(path.parent.name for path in models.glob(f"*/{RECORD}"))
    found = [run] if run in names else [name for name in names if name.startswith(run)]
    if len(found) == 1:
        return models / found[0]
    if found:
        more = f" and {counted(len(found) - NAMED, 'other')}" if len(found) > NAMED else ""
        raise MinigptError(f"{run!r} is the beginning of {', '.join(found[:NAMED])}{more}; give more of the name")
    near = difflib.get_close_matches(run, names, NAMED)
    remedy = f"did you mean {' or '.join(near)}?" if near else "`minigpt list` shows the runs"
    raise MinigptError(f"no run {run!r}: neither a path nor the beginning of a name in {models}; {remedy}")


def latest(models: Path) -> Path:
    """The newest run under the models folder; MinigptError if there is none."""
    runs, _ = list_runs(models)
    if not runs:
        raise MinigptError(f'no runs in {models}; minigpt train --prompt "..." makes one')
    return runs[0][0]
