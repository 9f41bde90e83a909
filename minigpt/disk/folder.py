"""A run folder: its record `run.json`, its stages, its lock. Needs no array library."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from minigpt.disk.damage import require_as_written
from minigpt.disk.files import checksum, read_json_object, read_text, write_json, write_text
from minigpt.disk.jsontext import json_object, sealed, unsealed
from minigpt.disk.locks import lock
from minigpt.disk.place import RELATIVE, Folder, Place, hold
from minigpt.disk.record import checked
from minigpt.disk.schema import amount, count, validate
from minigpt.disk.shelf import CARD, CHECKPOINT, INNER, LOCK, METRICS, OUTER, RECORD, clear, require_free, sweep
from minigpt.errors import MinigptError, Moved, Paused, as_argument

UNLOCKED = "{folder} is on a file system without locks: two processes could write there at once, so use this run from only one at a time"
UNSYNCED = "{folder} is on a file system that cannot sync folders: a power cut may lose the latest files; the others stay intact"


class RunFolder:
    """A run on disk. `record` is run.json, written atomically by `save`."""

    def __init__(self, path: Path, record: dict[str, Any], hosts: tuple[str, ...] = ()) -> None:
        """hosts: where the user says that Ollama listens, never what a record says."""
        self.path, self.record, self.hosts = path, record, hosts
        self.metrics: list[str] = []  # the lines of metrics.jsonl
        self.place: Folder = path  # to write into; held open while in use
        self.inner: Folder = self.checkpoint  # likewise
        self.limits: list[str] = []  # guarantees that the file system does not give; known while in use

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """An existing run."""
        if not (path / RECORD).is_file():
            hint = "; `minigpt generate` and `minigpt train --init` work without one" if any(path.glob("*.json")) else ""
            raise MinigptError(f"{path} is not a run folder: it has no {RECORD}; `minigpt list` shows your runs{hint}")
        return cls(path, read_record(path))

    def create(self) -> None:
        """Make the folder and claim it by writing run.json."""
        with self.in_use(new=True):
            pass

    @contextmanager
    def in_use(self, new: bool = False) -> Iterator[None]:
        """Hold the folder for this process alone; MinigptError with the id of another process that holds it. A `new` one is made first.

        Everything is written into this very folder: if its path is moved or becomes a link, the next write raises Moved. Temporary files
        of killed processes are removed at the start; files that only an unfinished run needs, at the end.
        """
        if new:
            require_free(self.path)
            self.path.mkdir(parents=True, exist_ok=True)
        with hold(self.path) as place:
            with self._alone(place) as inner:
                if new:
                    self._claim()
                sweep(place, OUTER)
                sweep(inner, INNER)
                yield
                inner.require_same()
                if complete := self.record["status"] == "complete":
                    clear(inner)
            if complete:
                if not RELATIVE:  # Windows cannot remove an open file, such as the lock while it is held
                    with place.inner(CHECKPOINT) as inner:
                        clear(inner)
                place.remove_inner(CHECKPOINT)

    def _claim(self) -> None:
        """Write the first record, unless another process was faster."""
        require_free(self.path)
        self.record["stages"] = {}
        self.save("writing")
        with suppress(OSError), hold(self.path.parent, follow=True) as parent:  # it may be another's, and closed to us
            parent.sync()

    @contextmanager
    def _alone(self, place: Place) -> Iterator[Place]:
        """Hold checkpoint/ too, and lock it."""
        with place.inner(CHECKPOINT) as inner, lock(inner / LOCK, f"{self.path} is in use") as locked:
            self.place, self.inner = place, inner
            synced = place.sync() and inner.sync()
            self.limits = [line.format(folder=self.path) for line, known in ((UNLOCKED, locked), (UNSYNCED, synced)) if not known]
            try:
                yield inner
            finally:
                self.place, self.inner = self.path, self.checkpoint

    @property
    def base_step(self) -> int:
        """Steps of the earlier, complete training of a run that is trained further."""
        return int(self.record.get("base", {}).get("step", 0))

    @property
    def base_seconds(self) -> float:
        """How long that training took."""
        return float(self.record.get("base", {}).get("seconds", 0.0))

    @property
    def base_epochs(self) -> float | None:
        """Its passes over the corpus; None in records of earlier versions."""
        epochs: float | None = self.record.get("base", {}).get("epoch")
        return epochs

    @property
    def checkpoint(self) -> Path:
        """The folder of files that a run needs only until it is complete."""
        return self.path / CHECKPOINT

    def carry_out(self, stages: Mapping[str, Callable[[], Sequence[Path]]]) -> None:
        """Run each stage that the record does not list as done, in order, and verify the files of those that it does. A stage returns the
        files that it wrote; it is done once their checksums are in the record. An interrupted stage starts over."""
        for name, stage in stages.items():
            if name in self.record["stages"]:
                self.verify(name)
            else:
                files = stage()
                self.record["stages"][name] = {path.relative_to(self.path).as_posix(): checksum(path) for path in files}
                self.save(self.record["status"])

    def verify(self, stage: str) -> None:
        """MinigptError unless the files of a stage are intact."""
        for name, known in self.record["stages"][stage].items():
            require_as_written(self.path / name, known)

    def require_current(self) -> None:
        """MinigptError if another process has written the record since this one read it."""
        if read_record(self.path) != self.record:
            raise MinigptError(f"{self.path} was written by another process a moment ago; try again")

    def save(self, status: str, **more: Any) -> None:
        """Update the record and write it. Status: writing, written (a corpus alone), training, interrupted, complete or failed."""
        self.record |= {"status": status, **more}
        write_json(self.place / RECORD, sealed(self.record))

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record how the work inside ends: interrupted, failed, or with the status that it set. Files that were written stay."""
        status = "failed"
        try:
            with self._in_place():
                yield
            status = self.record["status"]
        except Paused as error:
            status = "interrupted"
            raise Paused(f"{error}; {self.continuation}") from error
        except Moved:
            status = "interrupted"
            raise
        except KeyboardInterrupt as error:
            status = "interrupted"
            raise KeyboardInterrupt(f"minigpt: interrupted; {self.continuation}") from error
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise MinigptError(f"{where}{error.strerror or error}; once that is fixed: {self.command}") from error
        finally:
            if self.record["status"] not in ("complete", status):
                with suppress(OSError, Moved):  # on a full disk: the first error is the one to report
                    self.save(status)

    @contextmanager
    def _in_place(self) -> Iterator[None]:
        """If the folder was moved, report that instead of errors from whatever is at its path now."""
        try:
            yield
        except (MinigptError, OSError):
            if isinstance(self.inner, Place):
                self.inner.require_same()
            raise

    @property
    def continuation(self) -> str:
        """How to continue this run."""
        if "corpus" not in self.record["stages"] and "-" in self.record.get("options", {}).get("data", ()):
            return "standard input was not read to its end, so this run cannot be resumed"
        return f"everything is saved; to continue: {self.command}"

    @property
    def command(self) -> str:
        """The command that resumes this run."""
        hosts = () if "corpus" in self.record["stages"] else self.hosts
        return " ".join([f"minigpt resume {as_argument(self.path)}", *(f"--ollama-host {as_argument(host)}" for host in hosts)])

    def add_metrics(self, line: dict[str, Any]) -> None:
        """Append a line to metrics.jsonl; the file is rewritten atomically, so it never ends in half a line."""
        self.metrics.append(json.dumps(line, allow_nan=False) + "\n")
        write_text(self.place / METRICS, "".join(self.metrics))

    def read_metrics(self) -> list[str]:
        """The lines of metrics.jsonl."""
        return [line + "\n" for line in read_text(self.path / METRICS).splitlines()]

    def extend(self, **options: Any) -> None:
        """Change the planned length of a run that is not complete."""
        if (time := self.record.get("time")) and (minutes := options.get("minutes")):
            time["training_seconds"] += 60 * (minutes - time["minutes"])
            time["minutes"] = minutes
        self.record["options"] |= options
        self.save(self.record["status"])

    def begin_again(self, **options: Any) -> None:
        """Turn a complete run into one to be trained further, from its model and on its corpus, with changed options. One atomic write."""
        self.metrics = self.read_metrics()
        where = self.path / METRICS
        form = {"step": count, "epoch": amount, "seconds": amount}
        latest = validate(json_object(self.metrics[-1] if self.metrics else "{}", where), form, where)
        result = self.record["result"]
        base = {"lines": len(self.metrics), **{name: latest[name] for name in form}}
        self.record.setdefault("card", self.record["stages"].get("report", {}).get(CARD))  # where earlier versions kept it
        self.record["base"] = base | {name: result[name] for name in ("best_step", "train_loss")}
        self.record["stages"] = {"corpus": self.record["stages"]["corpus"]}
        self.record["options"] |= options
        for planned in ("time", "memory"):  # for the earlier training
            self.record.pop(planned, None)
        self.save("training")


def read_record(path: Path) -> dict[str, Any]:
    """The record of a run folder; MinigptError if it is damaged, was changed, or is not minigpt's."""
    where = path / RECORD
    return checked(unsealed(read_json_object(where), where), where)


def require_sound(path: Path, names: Sequence[str]) -> None:
    """MinigptError if one of these files of a run folder is not intact; a folder without a record is taken as it is."""
    if (path / RECORD).is_file():
        for files in read_record(path)["stages"].values():
            for name, known in files.items():
                if name in names and os.path.lexists(path / name):  # a missing file is reported by its reader
                    require_as_written(path / name, known)
