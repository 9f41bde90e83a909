"""A run folder -> a zip that minigpt reads."""

from __future__ import annotations

from pathlib import Path

from minigpt.disk.bundle import export_zip
from minigpt.errors import as_argument, counted
from minigpt.export import Export


def write(path: Path, out: Path, with_corpus: bool = False, with_checkpoint: bool = False) -> Export:
    """Pack a run; `export_zip` says what is in it."""
    made = export_zip(path, out, with_corpus, with_checkpoint)
    return Export(
        path=made.path,
        left_out=made.left_out,
        notes=[made.note] if made.note else [],
        then=f"{counted(len(made.names), 'file')}. Whoever gets it and has minigpt types:",
        commands=[f"minigpt generate {as_argument(made.path.name)}"],
    )
