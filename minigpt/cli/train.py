"""`minigpt train` and `minigpt resume`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from minigpt.cli.common import command, device_option, models_option, run_argument
from minigpt.cli.options import corpus_options
from minigpt.config import PRECISIONS
from minigpt.run.defaults import BATCH_SIZE, CHECKPOINT_SECONDS, CONTEXT, DROPOUT, EPOCHS, FROM_BASE, SEED, STRANGE, VOCABULARIES

if TYPE_CHECKING:
    from minigpt.cli.console import Console


@dataclass(frozen=True)
class Screen:
    """How a run is shown."""

    quiet: bool
    log: str | None
    json: bool

    @contextmanager
    def console(self, asks: bool = True) -> Iterator[Console]:
        """A console for a run; at the end the terminal is as it was."""
        from minigpt.cli.console import Console

        verbose = bool(click.get_current_context().params.get("verbose"))
        console = Console(self.quiet, asks, verbose=verbose, log=self.log, as_json=self.json)
        try:
            yield console
        finally:
            console.close()


def screen_options(function: Callable[..., None]) -> Callable[..., None]:
    """--log, --json and --quiet, passed on as a Screen."""

    @functools.wraps(function)
    def shown(*, quiet: bool, log: str | None, json: bool, **options: Any) -> None:
        function(screen=Screen(quiet, log, json), **options)

    for option in (
        click.option("--quiet", is_flag=True, help="Print only the run folder, at the end."),
        click.option("--json", is_flag=True, help="End with one line of JSON: folder, losses, seconds and more."),
        click.option("--log", type=click.Path(), metavar="FILE", help="Append every line to a file, with the time."),
    ):
        shown = option(shown)
    return shown


@command("train")
@corpus_options
@click.option(
    "--init",
    metavar="base|none|RUN",
    help="What to start from: the base, random weights, or another model.  [default: base, if it is installed and fits]",
)
@click.option(
    "--epochs",
    type=int,
    help=f"Passes over the corpus, at most.  [default: {EPOCHS}; {FROM_BASE.epochs} or {STRANGE[0]} over templates from the base]",
)
@click.option("--minutes", type=float, help="How long everything may take, instead of --epochs.")
@click.option("--batch-size", type=int, help=f"Windows per step.  [default: {BATCH_SIZE}, or what fits the minutes]")
@click.option("--context", type=int, help=f"Tokens per window.  [default: {CONTEXT}]")
@click.option("--learning-rate", type=float, help="The peak, after a warm-up and before a cosine.  [default: by size and start]")
@click.option(
    "--dropout", type=float, help=f"Share of units dropped.  [default: {DROPOUT}; {FROM_BASE.dropout:g} over templates from the base]"
)
@click.option(
    "--vocab", type=click.Choice(VOCABULARIES), default=VOCABULARIES[0], help="The tokens that the corpus needs, or all 50,257 of GPT-2."
)
@click.option("--layers", type=int, help="Number of layers, instead of the size's.")
@click.option("--heads", type=int, help="Attention heads, instead of the size's.")
@click.option("--width", type=int, help="Width, instead of the size's; a multiple of the heads.")
@click.option("--positions", type=int, help="The longest window of the model, in tokens, instead of the size's.")
@device_option
@click.option("--precision", type=click.Choice(PRECISIONS), help="What products round their inputs to, on a GPU.  [default: tf32]")
@click.option("--threads", type=int, help="Processor cores to use.  [default: all]")
@click.option("--checkpoint-seconds", type=float, default=CHECKPOINT_SECONDS, help="Least seconds between two saves of the training.")
@click.option("--seed", type=int, default=SEED, help="Decides the corpus, initial weights, order, dropout and samples.")
@click.option("--name", help="What to call the run: its folder is MODELS_DIR/NAME.  [default: <prompt>-<time>]")
@click.option("--out", type=click.Path(), help="The run folder, instead of one in MODELS_DIR.")
@models_option
@click.option("--sample-prompt", help="What the samples during the training begin with.  [default: nothing, as a document begins]")
@click.option("--no-samples", is_flag=True, help="Write no samples during the training.")
@screen_options
def train_command(prompt: str | None, yes: bool, screen: Screen, **options: Any) -> None:
    """Make a GPT: get a corpus, train on it, print samples.

    On a terminal, keys work during the training: p pauses it and goes on, s samples from the model as it is, q stops and saves.
    """
    from minigpt.run.pipeline import train

    with screen.console(asks=not yes) as console:
        train(prompt, listener=console, **options)


@command("resume")
@run_argument
@click.option("--epochs", metavar="+N", allow_from_autoenv=False, help="Add this many passes, also to a complete run.")
@click.option("--minutes", metavar="+M", allow_from_autoenv=False, help="Add this many minutes, also to a complete run.")
@click.option(
    "--ollama-host",
    multiple=True,
    help="Where Ollama listens. Repeatable. The host in the run's record is never used.  [default: OLLAMA_HOST, or this machine]",
)
@screen_options
def resume_command(run: str, epochs: str | None, minutes: str | None, ollama_host: tuple[str, ...], screen: Screen) -> None:
    """Resume an interrupted run, or train a complete one further."""
    from minigpt.run.pipeline import resume

    with screen.console() as console:
        resume(run, epochs=epochs, minutes=minutes, ollama_host=ollama_host, listener=console)
