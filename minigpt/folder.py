"""The run folder: its name, its record `run.json`, and the list of all runs. Needs no array library."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from .errors import MinigptError, Paused
from .files import read_json_object, write_json, write_text

RECORD, METRICS, CHECKPOINT = "run.json", "metrics.jsonl", "checkpoint"
KEPT = {"model.safetensors": "the best model so far is", "corpus.jsonl": "there was no model yet; the corpus is"}


def slug(prompt: str) -> str:
    """A prompt as a folder name: lower-case words joined by hyphens, 40 characters at most."""
    return re.sub(r"[^a-z0-9]+", "-", prompt.lower())[:40].strip("-") or "gpt"


def new_folder(models: Path, prompt: str) -> Path:
    """A folder name under `models` that no run has yet."""
    name = f"{slug(prompt)}-{datetime.now():%Y%m%d-%H%M%S}"
    candidates = (models / (name if i == 1 else f"{name}-{i}") for i in range(1, 1000))
    return next(folder for folder in candidates if not folder.exists())


def require_free(folder: Path) -> None:
    """MinigptError unless a run may be written here: nothing is ever overwritten."""
    if folder.exists() and not folder.is_dir():
        raise MinigptError(f"{folder} is a file; choose another folder with --out")
    if folder.is_dir() and any(folder.iterdir()):
        raise MinigptError(f"{folder} is not empty, and nothing is overwritten; choose another folder with --out")


class RunFolder:
    """A run on the disk: `record` is run.json, written whole at every `save`."""

    def __init__(self, path: Path, record: dict[str, Any]) -> None:
        self.path, self.record = path, record
        self._metrics: list[str] = []

    def create(self) -> None:
        """Make the folder and claim it; the first thing in it is run.json."""
        self.record["stages"] = []
        self.path.mkdir(parents=True, exist_ok=True)
        require_free(self.path)
        try:
            (self.path / RECORD).open("x").close()
        except FileExistsError as error:
            raise MinigptError(f"another run has just started in {self.path}; choose another folder with --out") from error
        self.save("writing")
        self.checkpoint.mkdir()

    @property
    def checkpoint(self) -> Path:
        """Where a run keeps what it needs only until it is complete."""
        return self.path / CHECKPOINT

    def carry_out(self, stages: Mapping[str, Callable[[], None]]) -> None:
        """Each stage that the record does not have as done, in turn. A stage leaves its results on the disk, and then counts as done;
        one that was broken off is done again from its start."""
        for name, stage in stages.items():
            if name not in self.record["stages"]:
                stage()
                self.record["stages"].append(name)
                self.save(self.record["status"])

    def save(self, status: str, **more: Any) -> None:
        """Update the record and write it. Status: writing, training, interrupted, complete or failed."""
        self.record |= {"status": status, **more}
        write_json(self.path / RECORD, self.record)

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Whatever ends the work inside before it is complete, the record says so; what was written stays."""
        status = "failed"
        try:
            yield
        except Paused as error:
            status = "interrupted"
            raise Paused(f"{error}; all that was written is saved; to go on: minigpt resume {shlex.quote(str(self.path))}") from error
        except KeyboardInterrupt as error:
            status = "interrupted"
            there = [what for file, what in KEPT.items() if (self.path / file).exists()]
            kept = there[0] if there else "there was no corpus yet; the record is"
            raise KeyboardInterrupt(f"minigpt: interrupted; {kept} in {self.path}") from error
        finally:
            if self.record["status"] != "complete":
                with suppress(OSError):  # a full disk holds no new record; the error that was first is the one to tell
                    self.save(status)

    def add_metrics(self, line: dict[str, Any]) -> None:
        """One more line of metrics.jsonl; the file is written whole, so that it never ends in half a line."""
        self._metrics.append(json.dumps(line, allow_nan=False) + "\n")
        write_text(self.path / METRICS, "".join(self._metrics))


def list_runs(models: Path) -> tuple[list[tuple[Path, dict[str, Any]]], list[str]]:
    """The runs under a folder, newest first, and a line for each one whose record cannot be read."""
    if not models.is_dir():
        return [], []
    runs, unreadable = [], []
    for folder in models.iterdir():
        if (folder / RECORD).is_file():
            try:
                runs.append((folder, read_json_object(folder / RECORD)))
            except MinigptError as error:
                unreadable.append(str(error))
    return sorted(runs, key=lambda run: str(run[1].get("created")), reverse=True), sorted(unreadable)
