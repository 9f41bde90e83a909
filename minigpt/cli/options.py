"""The options that decide a corpus, which `train` and `corpus` share."""

from __future__ import annotations

from collections.abc import Callable

import click

OPTIONS = [
    click.option("-p", "--prompt", help="What the GPT is to do, in one sentence."),
    click.option("--preset", help="A ready-made prompt, by its key, such as haiku_master."),
    click.option(
        "--data",
        multiple=True,
        type=click.Path(),
        help="Your own text instead: a .txt, .md, .jsonl, .csv or .tsv file, a folder of them, or - for standard input. Repeatable.",
    ),
    click.option(
        "--column",
        help="Which column of .jsonl, .csv and .tsv files is the text.  [default: the one whose name says so, such as text or body, else"
        " the one that looks most like prose]",
    ),
    click.option(
        "--data-share",
        type=float,
        help="Mix: the share of your own text among the tokens kept. All of it is kept unless --final-tokens is given; the rest, a million"
        " tokens at most, is written for the prompt.  [default: 1, your own text alone]",
    ),
    click.option(
        "--source",
        type=click.Choice(["auto", "template", "ollama", "own"]),
        default="auto",
        help="Where the corpus comes from; auto: your own text if there is --data, else a local Ollama server if one answers, else"
        " templates; own text and one of the others for --data-share.",
    ),
    click.option("--ollama-host", multiple=True, help="Where Ollama listens; repeatable.  [default: OLLAMA_HOST, or this machine]"),
    click.option("--ollama-gen-model", help="The model that writes.  [default: the best fitting of those installed]"),
    click.option("--ollama-refine-model", help="The model that judges.  [default: the one that writes]"),
    click.option("--ollama-timeout-connection", type=float, help="Seconds to connect, and for short questions.  [default: 5]"),
    click.option("--ollama-timeout-generation", type=float, help="Seconds a document.  [default: what the measured speed lets expect]"),
    click.option("--ollama-timeout-evaluation", type=float, help="Seconds a judgement or a plan.  [default: 60]"),
    click.option(
        "--allow-template-fill", is_flag=True, help="Templates, marked as such, fill in what a teacher that goes away leaves out."
    ),
    click.option("--yes", is_flag=True, help="Ask nothing; take what is proposed."),
    click.option("--initial-tokens", type=int, help="Tokens to write.  [default: by size 30,000, 50,000, 100,000]"),
    click.option("--final-tokens", type=int, help="Tokens to keep of them.  [default: by size 15,000, 25,000, 50,000; own text: all]"),
    click.option("--model-size", default="12M", help="12M, 33M or 117M; also small, medium, large."),
]


def corpus_options(function: Callable[..., None]) -> Callable[..., None]:
    """All of them, in this order in the help."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function
