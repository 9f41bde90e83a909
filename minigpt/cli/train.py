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
from minigpt.config import ARCHITECTURES, PRECISIONS
from minigpt.run.defaults import (
    BATCH_SIZE,
    CHECKPOINT_SECONDS,
    CONTEXT,
    DROPOUT,
    EPOCHS,
    FROM_BASE,
    LORA_FROM,
    LORA_RANK,
    ONCE,
    SEED,
    STRANGE,
    VOCABULARIES,
)

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
    help="Start from the base, from random weights, or from another model.  [default: base, if it is installed and fits]",
)
@click.option(
    "--epochs",
    type=int,
    help="Passes over the corpus; fewer if the held-out loss stops improving."
    f"  [default: {EPOCHS}; {FROM_BASE.epochs} over templates from the base,"
    f" {ONCE.epochs} of what it knows well, {STRANGE[0]} of what it has not read]",
)
@click.option("--minutes", type=float, help="Minutes for everything, corpus and samples included, instead of --epochs.")
@click.option("--batch-size", type=int, help=f"Windows per step.  [default: {BATCH_SIZE}, or what fits the minutes]")
@click.option("--context", type=int, help=f"Tokens per window.  [default: {CONTEXT}]")
@click.option(
    "--learning-rate", type=float, help="Peak learning rate, after warm-up and before cosine decay.  [default: by size and start]"
)
@click.option("--dropout", type=float, help=f"Dropout rate.  [default: {DROPOUT}; {FROM_BASE.dropout:g} over templates from the base]")
@click.option(
    "--vocab",
    type=click.Choice(VOCABULARIES),
    default=VOCABULARIES[0],
    help="Only the tokens that the corpus needs, or all 50,257 of GPT-2.",
)
@click.option(
    "--architecture",
    type=click.Choice(list(ARCHITECTURES)),
    help="GPT-1, with layer norms after the branches, or GPT-2, with layer norms before them.  [default: gpt1, or that of --init]",
)
@click.option("--freeze", type=int, metavar="N", help="Keep the embeddings and the N lower layers of --init as they are.")
@click.option(
    "--lora",
    type=int,
    metavar="RANK",
    help="Keep the matrices of --init as they are, and train additions of this rank: far less memory.  "
    f"[default: {LORA_RANK} from {LORA_FROM // 10**6}M parameters on, else 0, which trains everything]",
)
@click.option("--layers", type=int, help="Number of layers, instead of the size's.")
@click.option("--heads", type=int, help="Attention heads, instead of the size's.")
@click.option("--width", type=int, help="Width, instead of the size's; a multiple of the heads.")
@click.option("--positions", type=int, help="Longest context of the model, in tokens, instead of the size's.")
@device_option
@click.option("--precision", type=click.Choice(PRECISIONS), help="Precision of matrix products on a GPU.  [default: tf32]")
@click.option("--threads", type=int, help="CPU cores to use.  [default: all]")
@click.option("--checkpoint-seconds", type=float, default=CHECKPOINT_SECONDS, help="The shortest time between checkpoints, in seconds.")
@click.option("--seed", type=int, default=SEED, help="Seed of the corpus, initial weights, batch order, dropout and samples.")
@click.option("--name", help="What to call the run: its folder is MODELS_DIR/NAME.  [default: <prompt>-<time>]")
@click.option("--out", type=click.Path(), help="The run folder, instead of one in MODELS_DIR.")
@models_option
@click.option("--sample-prompt", help="The text that samples during training continue.  [default: none; they start as a document does]")
@click.option("--no-samples", is_flag=True, help="Write no samples during training.")
@screen_options
def train_command(prompt: str | None, yes: bool, screen: Screen, **options: Any) -> None:
    """Train a GPT for a prompt, a preset or your own text, and print samples.

    On a terminal, keys work during training: p pauses and goes on, s samples from the model as it is, q stops and saves.
    """
    from minigpt.run.pipeline import train

    with screen.console(asks=not yes) as console:
        train(prompt, listener=console, **options)


@command("resume")
@run_argument
@click.option("--epochs", metavar="+N", allow_from_autoenv=False, help="Train N more epochs, even if the run is complete.")
@click.option("--minutes", metavar="+M", allow_from_autoenv=False, help="Train M more minutes, even if the run is complete.")
@click.option(
    "--ollama-host",
    multiple=True,
    help="The address of an Ollama server; the one in the run's record is never used. Repeatable.  [default: OLLAMA_HOST, or this machine]",
)
@screen_options
def resume_command(run: str, epochs: str | None, minutes: str | None, ollama_host: tuple[str, ...], screen: Screen) -> None:
    """Resume an interrupted run, or train a complete one further.

    The result of an interrupted run is byte-identical to that of an uninterrupted one.
    """
    from minigpt.run.pipeline import resume

    with screen.console() as console:
        resume(run, epochs=epochs, minutes=minutes, ollama_host=ollama_host, listener=console)
