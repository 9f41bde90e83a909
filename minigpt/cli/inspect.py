"""`minigpt list` and `minigpt check`."""

from __future__ import annotations

from pathlib import Path

import click

from minigpt.cli.common import command, device_option, printable
from minigpt.errors import MinigptError


@command("list")
@click.option("--models-dir", type=click.Path(), default="models", help="Where to look for run folders.")
def list_command(models_dir: str) -> None:
    """Show the runs, newest first."""
    from minigpt.folder import list_runs

    runs, unreadable = list_runs(Path(models_dir))
    for line in unreadable:
        click.echo(printable(f"minigpt: skipped: {line}"), err=True)
    if not runs:
        click.echo(f'no runs in {models_dir}; python -m minigpt train --prompt "..." makes one', err=True)
    for folder, record in runs:
        model, result = (value if isinstance(value := record.get(key), dict) else {} for key in ("model", "result"))
        loss = result.get("held_out_loss")
        row = [
            str(folder),
            str(record.get("status")),
            str(model.get("size")),
            f"held-out {loss:.3f}" if isinstance(loss, float) else "",
            str(record.get("prompt") or "own text"),
        ]
        click.echo(printable("  ".join(cell for cell in row if cell)).replace("\n", " "))


@command("check")
@device_option
@click.option("--seed", type=click.IntRange(0), default=0, help="Decides the random inputs.")
def check_command(device: str, seed: int) -> None:
    """Check every backward pass against central differences, in float64."""
    from minigpt.backend import choose_backend
    from minigpt.gradcheck import TOLERANCE, check_gradients

    backend = choose_backend(device)
    click.echo(backend.reason, err=True)
    click.echo(f"{'layer':<14} {'gradient of':<28} largest relative error (below {TOLERANCE:g})")
    failed = 0
    for result in check_gradients(backend, seed):
        failed += not result.passed
        click.echo(f"{result.layer:<14} {result.parameter:<28} {result.error:.1e}{'' if result.passed else '  FAILED'}")
    if failed:
        raise MinigptError(f"{failed} gradients differ from their central differences; the backward of a layer named above is wrong")
