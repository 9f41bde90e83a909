"""`minigpt train` and `minigpt resume`."""

from __future__ import annotations

from typing import Any

import click

from minigpt.cli.common import command, device_option


@command("train")
@click.option("-p", "--prompt", help="What the GPT is to do, in one sentence.")
@click.option("--preset", help="A ready-made prompt, by its key, such as haiku_master.")
@click.option(
    "--data",
    multiple=True,
    type=click.Path(),
    help="Your own text instead: a .txt, .md, .jsonl or .csv file, a folder of them, or - for standard input. Repeatable.",
)
@click.option(
    "--column", help="Which column of .jsonl and .csv files is the text.  [default: text in .jsonl; else the one with the longest texts]"
)
@click.option(
    "--data-share",
    type=float,
    help="Mix: the share of your own text among the tokens kept. All of it is kept unless --final-tokens is given; the rest, a million"
    " tokens at most, is written for the prompt.  [default: 1, your own text alone]",
)
@click.option(
    "--source",
    type=click.Choice(["auto", "template", "ollama", "own"]),
    default="auto",
    help="Where the corpus comes from; auto: your own text if there is --data, else a local Ollama server if one answers, else"
    " templates; own text and one of the others for --data-share.",
)
@click.option("--ollama-host", multiple=True, help="Where Ollama listens; repeatable.  [default: OLLAMA_HOST, or this machine]")
@click.option("--ollama-gen-model", help="The model that writes.  [default: the best fitting of those installed]")
@click.option("--ollama-refine-model", help="The model that judges.  [default: the one that writes]")
@click.option("--ollama-timeout-connection", type=float, help="Seconds to connect, and for short questions.  [default: 5]")
@click.option("--ollama-timeout-generation", type=float, help="Seconds a document.  [default: what the measured speed lets expect]")
@click.option("--ollama-timeout-evaluation", type=float, help="Seconds a judgement or a plan.  [default: 60]")
@click.option("--allow-template-fill", is_flag=True, help="Templates, marked as such, fill in what a teacher that goes away leaves out.")
@click.option("--yes", is_flag=True, help="Ask nothing; take what is proposed.")
@click.option("--initial-tokens", type=int, help="Tokens to write.  [default: by size 30,000, 50,000, 100,000]")
@click.option("--final-tokens", type=int, help="Tokens to keep of them.  [default: by size 15,000, 25,000, 50,000; own text: all]")
@click.option("--model-size", default="12M", help="12M, 33M or 117M; also small, medium, large.")
@click.option("--epochs", type=int, default=20, help="Passes over the corpus at most.")
@click.option("--batch-size", type=int, default=2, help="Windows a step.")
@click.option("--context", type=int, help="Tokens a window.  [default: 256]")
@click.option("--learning-rate", type=float, help="The peak; warm-up before it, a cosine after it.  [default: by size]")
@click.option("--dropout", type=float, default=0.1, help="Share of units dropped while learning.")
@click.option(
    "--vocab", type=click.Choice(["corpus", "full"]), default="corpus", help="The tokens that the corpus needs, or all 50,257 of GPT-2."
)
@click.option("--layers", type=int, help="Overrides the size.")
@click.option("--heads", type=int, help="Overrides the size.")
@click.option("--width", type=int, help="Overrides the size.")
@click.option("--positions", type=int, help="Overrides the size.")
@device_option
@click.option("--threads", type=int, help="Processor cores to use.  [default: all]")
@click.option("--checkpoint-seconds", type=float, default=60.0, help="Between two states of the training on the disk, at least.")
@click.option("--seed", type=int, default=42, help="Decides corpus, initial weights, order, dropout and samples.")
@click.option("--out", type=click.Path(), help="The run folder.  [default: MODELS_DIR/<prompt>-<time>]")
@click.option("--models-dir", type=click.Path(), default="models", help="Where run folders are made.")
@click.option("--quiet", is_flag=True, help="Print only the samples.")
def train_command(prompt: str | None, quiet: bool, yes: bool, **options: Any) -> None:
    """Make a GPT: write or read a corpus, train on it, and show what it says."""
    from minigpt.cli.console import Console
    from minigpt.pipeline import train

    console = Console(quiet, asks=not yes)
    try:
        train(prompt, listener=console, **options)
    finally:
        console.clear()


@command("resume")
@click.argument("run", type=click.Path())
@click.option("--quiet", is_flag=True, help="Print only the samples.")
def resume_command(run: str, quiet: bool) -> None:
    """Go on with a run that was broken off, to the same end."""
    from minigpt.cli.console import Console
    from minigpt.pipeline import resume

    console = Console(quiet)
    try:
        resume(run, listener=console)
    finally:
        console.clear()
