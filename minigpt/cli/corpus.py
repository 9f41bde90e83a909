"""`minigpt corpus`."""

from __future__ import annotations

from typing import Any

import click

from minigpt.cli.common import command, models_option, show
from minigpt.cli.options import corpus_options
from minigpt.errors import as_argument
from minigpt.run.defaults import SEED


@command("corpus")
@corpus_options
@click.option("--seed", type=int, default=SEED, help="Seed of the corpus: the same seed and options give the same text.")
@click.option("--name", help="What to call the run: its folder is MODELS_DIR/NAME.  [default: <prompt>-<time>]")
@click.option("--out", type=click.Path(), help="The folder for corpus.jsonl.  [default: MODELS_DIR/<prompt>-<time>]")
@models_option
@click.option("--quiet", is_flag=True, help="Print only the five documents.")
def corpus_command(prompt: str | None, quiet: bool, yes: bool, **options: Any) -> None:
    """Write a corpus as `train` does, without training on it.

    Shows statistics, a verdict and five documents picked at random. `resume` trains on it.
    """
    from minigpt.cli.console import Console
    from minigpt.run.pipeline import write_corpus

    console = Console(quiet, asks=not yes, verbose=True)
    try:
        run = write_corpus(prompt, listener=console, **options)
    finally:
        console.clear()
    for text in run.record["report"]["examples"]:
        show(f"---\n{text}")
    console.say("Folder", f"{run.path}; to train on it: minigpt resume {as_argument(run.path)}")
