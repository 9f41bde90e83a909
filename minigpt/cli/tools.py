"""`minigpt list`, `minigpt check` and `minigpt bench`."""

from __future__ import annotations

from pathlib import Path

import click

from minigpt.cli.common import command, device_option, show, tell
from minigpt.disk.foreign import one_line
from minigpt.errors import MinigptError, counted


@command("list")
@click.option("--models-dir", type=click.Path(), default="models", help="The folder that holds the runs.")
def list_command(models_dir: str) -> None:
    """List the runs, newest first."""
    from minigpt.disk.shelf import list_runs

    runs, unreadable = list_runs(Path(models_dir))
    for line in unreadable:
        tell(f"minigpt: skipped: {line}")
    if not runs:
        tell(f'no runs in {models_dir}; python -m minigpt train --prompt "..." makes one')
    for folder, record in runs:
        loss = record["result"]["held_out_loss"]
        row = [
            str(folder),
            record["status"],
            record["model"]["size"],  # none before there is a model
            "" if loss is None else f"held-out {loss:.3f}",
            record["prompt"] or "own text",
        ]
        show(one_line("  ".join(cell for cell in row if cell)))


@command("check")
@device_option
@click.option("--seed", type=click.IntRange(0), default=0, help="Decides the random inputs.")
@click.option("--layer", help="Check only this layer, such as Attention; GPT is the whole model.")
def check_command(device: str, seed: int, layer: str | None) -> None:
    """Check every backward pass against central differences in float64, and its float32 against that.

    Works in float64. Each gradient is checked in several settings (one sequence, no dropout, two workers, ...); its largest error is shown.
    """
    from minigpt.backend import choose_backend
    from minigpt.gradcheck import FLOAT32_TOLERANCE, TOLERANCE, check_gradients, worst

    backend = choose_backend(device)
    tell(backend.reason)
    results = worst(check_gradients(backend, seed, only=layer))
    if not results:
        raise MinigptError(f"there is no layer {layer!r} to check; `minigpt check` without --layer lists them all")
    show(f"{'layer':<14} {'gradient of':<28} largest relative error (below {TOLERANCE:g}; in float32, {FLOAT32_TOLERANCE:g})")
    failed = 0
    for result in results:
        failed += not result.passed
        verdict = "" if result.passed else f"  FAILED: {result.setting}"
        show(f"{result.layer:<14} {result.parameter:<28} {result.error:.1e}{verdict}")
    if failed:
        raise MinigptError(f"{counted(failed, 'gradient')} failed; the backward of a layer marked FAILED above is wrong")


@command("bench")
@click.option("--model-size", default="12M", help="12M, 33M or 117M; also small, medium, large.")
@click.option("--vocab-size", type=click.IntRange(2), default=3000, help="Tokens; a corpus written for a prompt has 1,000 to 4,000.")
@click.option("--batch-size", type=click.IntRange(1), default=8, help="Windows per step.")
@click.option("--context", type=click.IntRange(1), default=128, help="Tokens per window.")
@click.option("--dropout", type=float, default=0.1, help="Share of units dropped.")
@click.option("--threads", type=click.IntRange(1), help="Processor cores to use.  [default: all]")
@click.option("--seconds", type=click.FloatRange(1, 600), default=20.0, help="About how long to measure.")
def bench_command(
    model_size: str, vocab_size: int, batch_size: int, context: int, dropout: float, threads: int | None, seconds: float
) -> None:
    """Measure how fast this machine trains and samples, on the CPU."""
    from statistics import median

    from minigpt.config import ModelConfig, find_size
    from minigpt.machine import usable_cores
    from minigpt.model import count_parameters
    from minigpt.run.provenance import blas
    from minigpt.run.room import free_room, gigabytes
    from minigpt.run.speed import measure

    size = find_size(model_size)
    config = ModelConfig(size.n_layer, size.n_head, size.n_embd, size.n_positions, vocab_size, dropout)
    what = f"{size.name}, vocabulary {vocab_size:,}: {count_parameters(config):,} parameters"
    what += f"; {batch_size} x {context} tokens, dropout {dropout:g}"
    tell(f"Model     {what}")
    found = measure(config, batch_size, context, threads, seconds)

    def rates(values: list[float]) -> str:
        return f"{median(values):,.0f} tokens/s ({min(values):,.0f} to {max(values):,.0f})"

    cores = f"{threads or usable_cores()} of {counted(usable_cores(), 'core')}"
    show(f"Machine   {cores}, {blas()}: {found.peak / 1e9:,.0f} GFLOP/s in matrix products")
    show(f"Training  {rates(found.training)}, {found.share:.0%} of that peak")
    show(f"Sampling  {rates(found.sampling)}")
    show(f"Memory    {found.memory}; the process holds {gigabytes(found.resident)}, {free_room()}")
