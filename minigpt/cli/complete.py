"""What a shell proposes when Tab is pressed: presets, sizes and runs, each with a line about it where the shell shows one.

It runs at every Tab, so it imports no array library and reads no more than `list` does. A fault proposes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from minigpt.config import SIZES
from minigpt.disk.foreign import plain
from minigpt.disk.names import LATEST
from minigpt.errors import MinigptError
from minigpt.run.defaults import MODELS_DIR

MOST = 200  # runs proposed
WIDEST = 60  # characters of a line about one


def complete_preset(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Preset keys, each with its title."""
    from minigpt.corpus.prompt.lexicon import TABLES

    return matching(incomplete, ((key, row["title"]) for key, row in TABLES["presets"].items()))


def complete_size(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Sizes by both names."""
    named = [(size.name, size.alias) for size in SIZES.values()]
    return matching(incomplete, named + [(alias, name) for name, alias in named if incomplete])


def complete_run(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Runs under --models-dir, newest first, each with its prompt; folders if what is typed is a path."""
    from minigpt.disk.shelf import list_runs

    if Path(incomplete).name != incomplete and incomplete:
        return [CompletionItem(incomplete, type="dir")]
    try:
        runs, _ = list_runs(Path(str(ctx.params.get("models_dir") or MODELS_DIR)))
    except (MinigptError, OSError):
        runs = []
    named = [(folder.name, plain(record["prompt"] or "own text", WIDEST)) for folder, record in runs[:MOST]]
    latest = [(LATEST, f"the newest: {named[0][0]}")] if named else []
    return matching(incomplete, latest + named) or [CompletionItem(incomplete, type="dir")]


def matching(incomplete: str, known: Iterable[tuple[str, str]]) -> list[CompletionItem]:
    """Those that begin with what is typed, in any case."""
    return [CompletionItem(name, help=about) for name, about in known if name.lower().startswith(incomplete.lower())]
