"""The packages of sources/*.toml, and minigpt's own writers -> documents, as files of JSON lines {"text", "source", "kind", "licence"}.

python base/text/collect.py ARCHIVES OUT      # downloads what ARCHIVES lacks: about 700 MB
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path
from typing import Any

from fetch import HERE, Source, fetch, members, sources
from writers import written

WRITTEN = 30_000_000  # characters of minigpt's own writers
SEED = 1


def formats() -> dict[str, Any]:
    """Name -> function of every module formats_*.py."""
    sys.path.insert(0, str(HERE))
    found: dict[str, Any] = {}
    for path in sorted(HERE.glob("formats_*.py")):
        found |= vars(importlib.import_module(path.stem))
    return found


def texts(entries: list[Source], archives: Path, known: dict[str, Any]) -> Iterator[tuple[Source, str]]:
    """The documents of the entries of one archive, which is read once."""
    for name, data in members(fetch(entries[0], archives)):
        for entry in entries:
            if any(fnmatch(name, pattern) for pattern in entry.files):
                for text in known[entry.format](name, data, **entry.options):
                    yield entry, text.strip()


def collect(archives: Path, out: Path) -> None:
    """One file for all packages, one for the writers; no text twice."""
    out.mkdir(parents=True, exist_ok=True)
    known, seen = formats(), set[str]()
    with (out / "packages.jsonl").open("w", encoding="utf-8") as lines:
        for file, entries in groupby(sorted(sources(), key=lambda entry: entry.file), key=lambda entry: entry.file):
            before = len(seen)
            for entry, text in texts(list(entries), archives, known):
                if text and text not in seen:
                    seen.add(text)
                    source = f"{entry.registry}:{entry.package}"
                    print(json.dumps({"text": text, "source": source, "kind": entry.kind, "licence": entry.licence}), file=lines)
            print(f"{file}: {len(seen) - before:,} documents", flush=True)
    with (out / "writers.jsonl").open("w", encoding="utf-8") as lines:
        for text, category in written(WRITTEN, SEED):
            print(json.dumps({"text": text, "source": "minigpt:templates", "kind": category, "licence": "MIT"}), file=lines)


if __name__ == "__main__":
    collect(Path(sys.argv[1]), Path(sys.argv[2]))
