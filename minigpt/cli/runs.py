"""`minigpt list`, `show`, `rename`, `rm`: the runs on this machine."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from minigpt.cli.common import command, folder_of, is_terminal, models_option, opened, run_argument, show, tell
from minigpt.cli.complete import complete_run
from minigpt.disk.foreign import one_line, printable
from minigpt.errors import WrongUsage, counted

SORTS = ("date", "name", "size", "parameters", "corpus", "loss", "status")


@command("list")
@models_option
@click.option("--sort", type=click.Choice(SORTS), default="date", help="Newest, largest or best first; names and statuses from A to Z.")
@click.option("--limit", type=click.IntRange(1), help="How many to show.  [default: all]")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON per run.")
def list_command(models_dir: str, sort: str, limit: int | None, as_json: bool) -> None:
    """List your runs, newest first."""
    from minigpt.disk.shelf import list_runs

    found, unreadable = list_runs(Path(models_dir))
    for line in unreadable:
        tell(f"minigpt: skipped: {line}")
    if not found:
        tell(f'no runs in {models_dir}; minigpt train --prompt "A GPT that ..." makes one')
        return
    runs = ordered([row_of(folder, record) for folder, record in found], sort)
    if as_json:
        for run in runs[:limit]:
            show(json.dumps(run))  # ASCII, whatever the encoding of the output
        return
    show(listed(runs[:limit]), styled=True)
    if limit is not None and limit < len(runs):
        tell(f"{limit:,} of {counted(len(runs), 'run')}")


def row_of(folder: Path, record: dict[str, Any]) -> dict[str, Any]:
    """What the list says of a run."""
    from minigpt.disk.standing import WEIGHTS, status_of

    return {
        "name": folder.name,
        "folder": str(folder),
        "created": record["created"],
        "status": status_of(folder, record["status"]),
        "has_model": os.path.lexists(folder / WEIGHTS),
        "prompt": record["prompt"],
        **record["model"],
        "documents": record["corpus"]["documents"],
        "tokens": record["corpus"]["tokens"],
        "sources": record["corpus"]["sources"],
        **record["result"],
    }


def ordered(runs: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """The runs, which come newest first, in another order; those of which the figure is not known come last."""
    fields = {"size": "parameters", "corpus": "tokens", "loss": "held_out_bits_per_byte"}
    field = fields.get(sort, sort)
    if sort == "date":
        return runs
    known = [run for run in runs if run[field] is not None]
    known.sort(key=lambda run: run[field].lower() if isinstance(run[field], str) else run[field], reverse=field in ("parameters", "tokens"))
    return known + [run for run in runs if run[field] is None]


def listed(runs: list[dict[str, Any]]) -> str:
    """The table."""
    from minigpt.cli.tables import count_in_short, local_time, room, table

    head = ("NAME", "DATE", "SIZE", "PARAMETERS", "CORPUS", "BITS/BYTE", "STATUS")
    rows = []
    for run in runs:
        tokens, bits = run["tokens"], run["held_out_bits_per_byte"]
        corpus = f"{count_in_short(tokens)} {'+'.join(run['sources'])}".strip()
        size, parameters = run["size"] or "", count_in_short(run["parameters"])
        rows.append(
            [
                run["name"],
                local_time(run["created"]),
                size,
                parameters,
                corpus,
                "" if bits is None else f"{bits:.3f}",
                status(run),
            ]
        )
    return table(head, rows, {"PARAMETERS", "BITS/BYTE"}, ("STATUS", "BITS/BYTE", "DATE", "SIZE", "CORPUS", "PARAMETERS"), room())


def status(run: dict[str, Any]) -> str:
    """A status as people read it."""
    if run["status"] == "complete" and not run["has_model"]:
        return "model gone"
    word = str(run["status"])
    return {"written": "corpus only"}.get(word, word)


@command("show")
@click.argument("run", metavar="RUN", shell_complete=complete_run)
@models_option
@click.option("--json", "as_json", is_flag=True, help="The whole record, as one line of JSON.")
def show_command(run: str, models_dir: str, as_json: bool) -> None:
    """Show a run: its corpus, training, losses, a sample."""
    from minigpt.cli.facts import record_of
    from minigpt.disk.names import find_run
    from minigpt.disk.standing import status_of
    from minigpt.disk.tidy import own_files

    with opened(run, models_dir) as path:
        record, found = record_of(path), find_run(run, Path(models_dir))
        size = sum(own_files(path).values())
        if as_json:
            more = {"name": path.resolve().name, "folder": str(found), "bytes": size, "status": status_of(path, record["status"])}
            show(json.dumps({**record, **more}))
        else:
            show_facts(path, found, record, size)


def show_facts(path: Path, found: Path, record: dict[str, Any], size: int) -> None:
    """A run on the screen. `found`: what the user has, which for an archive is not where it is unpacked."""
    from minigpt.cli.facts import all_facts, sample_of
    from minigpt.cli.tables import bold, facts, room, wrapped
    from minigpt.disk.standing import standing

    width = room()
    show(bold(one_line(path.resolve().name)), styled=True)
    show(facts(all_facts(path, found, record, size), width), styled=True)
    if sample := sample_of(record):
        show("\n" + bold("Sample") + "\n" + "\n".join(line for text in sample for line in wrapped(printable(text), width)), styled=True)
    if path == found and (note := standing(path, record)):  # an archive is whole, and nothing in it goes on
        show("\n" + "\n".join(wrapped(one_line(note), width)))


@command("rename")
@run_argument
@click.argument("name")
def rename_command(run: str, name: str) -> None:
    """Give a run, and so its folder, another name."""
    from minigpt.disk.tidy import rename_run

    show(str(rename_run(Path(run), name)))


@command("rm")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_run)
@models_option
@click.option("--yes", is_flag=True, allow_from_autoenv=False, help="Remove without asking.")
def rm_command(runs: tuple[str, ...], models_dir: str, yes: bool) -> None:
    """Remove runs for good: their own files, and nothing else."""
    from minigpt.cli.facts import in_bytes, in_short
    from minigpt.disk.folder import RunFolder
    from minigpt.disk.tidy import own_files, remove_run

    paths = list(dict.fromkeys(folder_of(run, models_dir) for run in runs))
    records = {path: RunFolder.open(path).record for path in paths}  # all of them are runs, or nothing is removed
    for path, record in records.items():
        files = own_files(path)
        tell(f"{path}: {in_short(path, record)}; {counted(len(files), 'file')}, {in_bytes(sum(files.values()))}")
    if not yes:
        if not is_terminal(sys.stdin):
            raise WrongUsage("there is nobody to ask whether to remove this; to remove it without asking, add --yes")
        them = "it" if len(paths) == 1 else f"these {counted(len(paths), 'run')}"
        if not click.confirm(f"Remove {them} for good?", err=True):
            tell("Nothing was removed.")
            raise SystemExit(1)
    for path in paths:
        kept = remove_run(path)
        more = f"; kept what is not the run's own: {', '.join(kept)}" if kept else ""
        tell(f"Removed {path}{more}")
