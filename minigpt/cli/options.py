"""The options of a corpus, shared by `train` and `corpus`."""

from __future__ import annotations

from collections.abc import Callable

import click

from minigpt.cli.common import any_of, size_option
from minigpt.config import SIZES
from minigpt.corpus.ollama.limits import Limits
from minigpt.run.defaults import FROM_BASE, SOURCES


def by_size(field: str) -> str:
    """The default numbers of tokens of the sizes, and of a run from the base."""
    return f"{any_of(f'{getattr(size, field):,}' for size in SIZES.values())}, by size; {getattr(FROM_BASE, field):,} from the base"


OPTIONS: list[Callable[[Callable[..., None]], Callable[..., None]]] = [
    click.option("-p", "--prompt", help="What the GPT should do, in one sentence."),
    click.option("--preset", help="A ready-made prompt, such as haiku_master; an unknown name lists them all."),
    click.option(
        "--data",
        multiple=True,
        type=click.Path(),
        help="Your own text instead: a .txt, .md, .jsonl, .csv or .tsv file, a folder of them, or - for standard input. Repeatable.",
    ),
    click.option(
        "--column",
        help="The column of .jsonl, .csv and .tsv files that has the text.  [default: one with a name such as text or body, else the one"
        " that looks most like prose]",
    ),
    click.option(
        "--data-share",
        type=float,
        help="The fraction of the kept tokens that is your own text. The rest, at most a million tokens, is written for the prompt. All of"
        " your text is kept unless --final-tokens is given.  [default: 1, your own text alone]",
    ),
    click.option(
        "--source",
        type=click.Choice(SOURCES),
        default=SOURCES[0],
        help="Where the corpus comes from. auto: --data if given, else a local Ollama server if one answers, else templates. With"
        " --data-share: what writes the rest.",
    ),
    click.option(
        "--ollama-host", multiple=True, help="The address of an Ollama server. Repeatable.  [default: OLLAMA_HOST, or this machine]"
    ),
    click.option("--ollama-gen-model", help="The Ollama model that writes.  [default: the best fit of those installed]"),
    click.option("--ollama-refine-model", help="The Ollama model that scores what was written.  [default: the one that writes]"),
    click.option(
        "--ollama-timeout-connection",
        type=float,
        help=f"Timeout for connecting and for short requests, in seconds.  [default: {Limits.connection:g}]",
    ),
    click.option("--ollama-timeout-generation", type=float, help="Timeout per document, in seconds.  [default: from the measured speed]"),
    click.option(
        "--ollama-timeout-evaluation", type=float, help=f"Timeout per judgement or plan, in seconds.  [default: {Limits.evaluation:g}]"
    ),
    click.option("--allow-template-fill", is_flag=True, help="If the teacher goes away, let templates write the rest, marked as such."),
    click.option("--yes", is_flag=True, help="Ask nothing; accept the defaults."),
    click.option("--initial-tokens", type=int, help=f"Tokens to write.  [default: {by_size('initial_tokens')}]"),
    click.option("--final-tokens", type=int, help=f"How many of those to keep.  [default: {by_size('final_tokens')}; own text: all]"),
    size_option,
]


def corpus_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add all of them, in this order in the help."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function
