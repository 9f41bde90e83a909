"""`minigpt bench`."""

from __future__ import annotations

import click

from minigpt.cli.common import command, device_option, show, size_option, tell
from minigpt.config import ModelConfig, find_size
from minigpt.errors import as_usage, counted


@command("bench")
@size_option
@click.option(
    "--vocab-size", type=click.IntRange(2), default=3000, help="Vocabulary size; a corpus written for a prompt has 1,000 to 4,000 tokens."
)
@click.option("--batch-size", type=click.IntRange(1), default=8, help="Windows per step.")
@click.option("--context", type=click.IntRange(1), default=128, help="Tokens per window.")
@click.option("--dropout", type=float, default=ModelConfig.dropout, help="Dropout rate.")
@device_option
@click.option("--threads", type=click.IntRange(1), help="CPU cores to use.  [default: all]")
@click.option("--seconds", type=click.FloatRange(1, 600), default=20.0, help="Roughly how long to measure, in seconds.")
def bench_command(
    model_size: str, vocab_size: int, batch_size: int, context: int, dropout: float, device: str, threads: int | None, seconds: float
) -> None:
    """Measure how fast this machine trains and samples."""
    from statistics import median

    from minigpt.machine import usable_cores
    from minigpt.model import count_parameters
    from minigpt.run.provenance import blas
    from minigpt.run.room import free_room, gigabytes
    from minigpt.run.speed import measure

    with as_usage():
        size = find_size(model_size)
        config = ModelConfig(size.n_layer, size.n_head, size.n_embd, size.n_positions, vocab_size, dropout)
    what = f"{size.name}, vocabulary {vocab_size:,}: {count_parameters(config):,} parameters"
    what += f"; {batch_size} x {context} tokens, dropout {dropout:g}"
    tell(f"Model     {what}")
    found = measure(config, batch_size, context, threads, seconds, device)
    tell(f"Device    {found.device}")

    def rates(values: list[float]) -> str:
        return f"{median(values):,.0f} tokens/s ({min(values):,.0f} to {max(values):,.0f})"

    cores = f"{threads or usable_cores()} of {counted(usable_cores(), 'core')}"
    if found.peak is None:
        show(f"Machine   {found.plan}")
        show(f"Training  {rates(found.training)}, {found.products / 1e12:,.1f} TFLOP/s in matrix products")
        show(f"Sampling  {rates(found.sampling)}")
        show(f"Memory    {gigabytes(found.resident)} of the GPU's")
        return
    show(f"Machine   {cores}, {blas()}: {found.peak / 1e9:,.0f} GFLOP/s in matrix products")
    show(f"Training  {rates(found.training)}, {found.products / found.peak:.0%} of that peak")
    show(f"Sampling  {rates(found.sampling)}")
    show(f"Memory    {found.memory}; the process holds {gigabytes(found.resident)}, {free_room()}")
