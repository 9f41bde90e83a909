"""The run folder: its name, its record `run.json`, and the list of all runs. Needs no array library."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from .errors import MinigptError, Paused
from .files import checksum, lock, read_json_object, read_text, sealed, unsealed, write_json, write_text

RECORD, METRICS, CHECKPOINT = "run.json", "metrics.jsonl", "checkpoint"
LOCK = "lock"
HALF = re.compile(r"\..+\.tmp")  # what a process left that was ended while it wrote


def slug(prompt: str) -> str:
    """A prompt as a folder name: lower-case words joined by hyphens, 40 characters at most."""
    return re.sub(r"[^a-z0-9]+", "-", prompt.lower())[:40].strip("-") or "gpt"


def new_folder(models: Path, prompt: str) -> Path:
    """A folder name under `models` that no run has yet."""
    name = f"{slug(prompt)}-{datetime.now():%Y%m%d-%H%M%S}"
    candidates = (models / (name if i == 1 else f"{name}-{i}") for i in range(1, 1000))
    return next(folder for folder in candidates if not folder.exists())


def require_free(folder: Path) -> None:
    """MinigptError unless a run may be written here: nothing is ever overwritten. What a run left that ended before its record counts as
    nothing."""
    if folder.exists() and not folder.is_dir():
        raise MinigptError(f"{folder} is a file; choose another folder with --out")
    if folder.is_dir() and not all(_is_left(path) for path in folder.iterdir()):
        raise MinigptError(f"{folder} is not empty, and nothing is overwritten; choose another folder with --out")


def _is_left(path: Path) -> bool:
    """Whether this is what a run leaves that ends before its first record: half a file, or a folder with no more than a lock."""
    if path.name == CHECKPOINT and path.is_dir() and not path.is_symlink():
        return all(inside.name == LOCK or HALF.fullmatch(inside.name) for inside in path.iterdir())
    return bool(HALF.fullmatch(path.name))


class RunFolder:
    """A run on the disk: `record` is run.json, written whole at every `save`."""

    def __init__(self, path: Path, record: dict[str, Any]) -> None:
        self.path, self.record = path, record
        self.metrics: list[str] = []  # lines

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """A run that was begun."""
        if not (path / RECORD).is_file():
            raise MinigptError(f"{path} is no run folder: it has no {RECORD}; `minigpt list` shows the runs there are")
        return cls(path, read_record(path))

    def create(self) -> None:
        """Make the folder and claim it; the first thing in it is run.json."""
        self.record["stages"] = {}
        require_free(self.path)
        self._make()
        with lock(self.checkpoint / LOCK, f"{self.path} is in use"):
            require_free(self.path)
            self.save("writing")

    def _make(self) -> None:
        """The folder and the one in it, none of them a link to elsewhere."""
        for path in (self.path, self.checkpoint):
            if path.is_symlink():
                raise MinigptError(f"{path} is a symbolic link, and nothing is written through one; use the folder that it names")
        self.checkpoint.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """The folder belongs to this process alone; a MinigptError with the other's id where it is another's.

        What a killed process left half-written is removed; in the end, what only a run under way needs.
        """
        self._make()
        with lock(self.checkpoint / LOCK, f"{self.path} is in use"):
            for folder in (self.path, self.checkpoint):
                for left in folder.iterdir():
                    if HALF.fullmatch(left.name):
                        left.unlink()
            yield
        if self.record["status"] == "complete":
            shutil.rmtree(self.checkpoint)

    @property
    def base_step(self) -> int:
        """Steps of an earlier training of this run, which was complete."""
        return int(self.record.get("base", {}).get("step", 0))

    @property
    def base_seconds(self) -> float:
        """What it took."""
        return float(self.record.get("base", {}).get("seconds", 0.0))

    @property
    def checkpoint(self) -> Path:
        """Where a run keeps what it needs only until it is complete."""
        return self.path / CHECKPOINT

    def carry_out(self, stages: Mapping[str, Callable[[], Sequence[Path]]]) -> None:
        """Each stage that the record does not have as done, in turn. A stage leaves its results on the disk and names them; then it counts
        as done, and their checksums are in the record. One that was broken off is done again from its start; what the others left is
        checked."""
        for name, stage in stages.items():
            if name in self.record["stages"]:
                self.verify(name)
            else:
                files = stage()
                self.record["stages"][name] = {path.relative_to(self.path).as_posix(): checksum(path) for path in files}
                self.save(self.record["status"])

    def verify(self, stage: str, names: Sequence[str] | None = None) -> None:
        """MinigptError unless the files of a stage (those of these names only) are as it left them."""
        for name, known in self.record["stages"][stage].items():
            path = self.path / name
            if names is not None and name not in names:
                continue
            if not path.is_file() or checksum(path) != known:
                state = "damaged: its checksum does not fit" if path.is_file() else "missing"
                raise MinigptError(f"{path} is {state}; start the run anew in another folder")

    def save(self, status: str, **more: Any) -> None:
        """Update the record and write it. Status: writing, training, interrupted, complete or failed."""
        self.record |= {"status": status, **more}
        write_json(self.path / RECORD, sealed(self.record))

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Whatever ends the work inside before it is complete, the record says so; what was written stays."""
        status = "failed"
        try:
            yield
        except Paused as error:
            status = "interrupted"
            raise Paused(f"{error}; {self.continuation}") from error
        except KeyboardInterrupt as error:
            status = "interrupted"
            raise KeyboardInterrupt(f"minigpt: interrupted; {self.continuation}") from error
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise MinigptError(f"{where}{error.strerror or error}; once that is mended: {self.command}") from error
        finally:
            if self.record["status"] not in ("complete", "interrupted"):
                with suppress(OSError):  # a full disk holds no new record; the error that was first is the one to tell
                    self.save(status)

    @property
    def continuation(self) -> str:
        """How to go on with this run."""
        if "corpus" not in self.record["stages"] and "-" in self.record.get("options", {}).get("data", ()):
            return "standard input was not read to its end, so this run cannot go on"
        return f"everything is saved; to go on: {self.command}"

    @property
    def command(self) -> str:
        """The command that goes on with this run."""
        return f"minigpt resume {shlex.quote(str(self.path))}"

    def add_metrics(self, line: dict[str, Any]) -> None:
        """One more line of metrics.jsonl; the file is written whole, so that it never ends in half a line."""
        self.metrics.append(json.dumps(line, allow_nan=False) + "\n")
        write_text(self.path / METRICS, "".join(self.metrics))

    def read_metrics(self) -> list[str]:
        """The lines of metrics.jsonl."""
        return read_text(self.path / METRICS).splitlines(keepends=True)

    def extend(self, **options: Any) -> None:
        """Change how long a run that is not complete is to take."""
        if (time := self.record.get("time")) and (minutes := options.get("minutes")):
            time["training_seconds"] += 60 * (minutes - time["minutes"])
            time["minutes"] = minutes
        self.record["options"] |= options
        self.save(self.record["status"])

    def begin_again(self, **options: Any) -> None:
        """Make a complete run one that is trained on: from its model and its corpus, with changed options. One write, whole or not made."""
        self.metrics = self.read_metrics()
        latest, result = json.loads(self.metrics[-1]), self.record["result"]
        base = {"lines": len(self.metrics), **{name: latest[name] for name in ("step", "seconds")}}
        self.record["base"] = base | {name: result[name] for name in ("best_step", "train_loss")}
        self.record["stages"] = {"corpus": self.record["stages"]["corpus"]}
        self.record["options"] |= options
        for planned in ("time", "memory"):  # for the training before
            self.record.pop(planned, None)
        self.save("training")


RECORDED = {"stages": dict, "options": dict, "prompt": str, "status": str}
NAMES = re.compile(r"(checkpoint/)?[\w.-]+")  # of files in the record of a stage: none leads out of the folder


def read_record(path: Path) -> dict[str, Any]:
    """The record of a run folder; MinigptError where it is damaged, was changed, or is not one that minigpt writes."""
    where = path / RECORD
    record = unsealed(read_json_object(where), where)
    base = record.get("base", {"step": 0, "seconds": 0, "lines": 0, "best_step": 0, "train_loss": 0})
    for name, kind in RECORDED.items():
        if not isinstance(record.get(name), kind):
            raise MinigptError(f"{where}: {name} is missing or damaged; start the run anew in another folder")
    if not isinstance(base, dict) or not all(isinstance(base.get(n), (int, float)) for n in ("step", "seconds", "lines", "best_step")):
        raise MinigptError(f"{where}: base is damaged; start the run anew in another folder")
    for files in record["stages"].values():
        if not isinstance(files, dict) or not all(NAMES.fullmatch(name) and name != ".." for name in files):
            raise MinigptError(f"{where}: a stage names files outside of the folder")
    return record


def require_sound(path: Path, names: Sequence[str]) -> None:
    """MinigptError where a file of a run folder is not as its stage left it; a folder without a record is taken as it is."""
    if (path / RECORD).is_file():
        run = RunFolder.open(path)
        for stage in run.record["stages"]:
            run.verify(stage, names)


def list_runs(models: Path) -> tuple[list[tuple[Path, dict[str, Any]]], list[str]]:
    """The runs under a folder, newest first, and a line for each one whose record cannot be read."""
    if not models.is_dir():
        return [], []
    runs, unreadable = [], []
    for folder in models.iterdir():
        if (folder / RECORD).is_file():
            try:
                runs.append((folder, unsealed(read_json_object(folder / RECORD), folder / RECORD)))
            except MinigptError as error:
                unreadable.append(str(error))
    return sorted(runs, key=lambda run: str(run[1].get("created")), reverse=True), sorted(unreadable)
