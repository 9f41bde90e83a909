"""The options of a corpus, shared by `train` and `corpus`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from minigpt.cli.common import any_of, size_option, tell
from minigpt.cli.complete import complete_preset
from minigpt.config import SIZES
from minigpt.corpus.ollama.limits import Limits
from minigpt.errors import WrongUsage, quoted
from minigpt.run.defaults import FROM_BASE, ONCE, SOURCES


def by_size(field: str) -> str:
    """The default numbers of tokens of the sizes, and of a run from the base."""
    sizes = any_of(f"{getattr(size, field):,}" for size in SIZES.values())
    return f"{sizes}, by size; {getattr(FROM_BASE, field):,} from the base, or {getattr(ONCE, field):,} of what it knows well"


LONGEST = 20_000  # bytes of a prompt on standard input
OPTIONS: list[Callable[[Callable[..., None]], Callable[..., None]]] = [
    click.option(
        "-p", "--prompt", help="What the GPT should do, in one sentence; - reads it from standard input. --prompt may be left out."
    ),
    click.option(
        "--preset", shell_complete=complete_preset, help="A ready-made prompt, such as haiku_master; a wrong name lists them all."
    ),
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
        help="The share of your own text in the tokens kept. The rest, at most a million tokens, is written for the prompt. All of"
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
    click.option("--allow-template-fill", is_flag=True, help="If the teacher stops answering, templates write the rest, marked as such."),
    click.option("--yes", is_flag=True, help="Ask nothing; accept the defaults."),
    click.option("--initial-tokens", type=int, help=f"Tokens to write.  [default: {by_size('initial_tokens')}]"),
    click.option("--final-tokens", type=int, help=f"How many of those to keep.  [default: {by_size('final_tokens')}; own text: all]"),
    size_option,
]


def corpus_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add all of them, in this order in the help, and the prompt as an argument."""

    @functools.wraps(function)
    def described(*, prompt: str | None, words: tuple[str, ...], **options: Any) -> None:
        function(prompt=whole_prompt(prompt, words, "-" in options["data"]), **options)

    made: Callable[..., None] = click.argument("words", nargs=-1, metavar="[PROMPT]")(described)
    for option in reversed(OPTIONS):
        made = option(made)
    return made


def whole_prompt(prompt: str | None, words: tuple[str, ...], taken: bool) -> str | None:
    """The prompt from the option or the argument; `-` is standard input, unless that is `taken` by --data. A variable gives way."""
    if words and click.get_current_context().get_parameter_source("prompt") == ParameterSource.COMMANDLINE:
        raise WrongUsage(f"the prompt is given twice, with --prompt and as {quoted(words[0])}; leave one of them out")
    if len(words) > 1:
        raise WrongUsage(f"put the prompt in quotes: {quoted(' '.join(words))}")
    chosen = words[0] if words else prompt
    if chosen != "-":
        return chosen
    if taken:
        raise WrongUsage("--prompt - and --data - both read standard input; leave one of them out")
    return read_prompt()


def read_prompt() -> str:
    """The prompt on standard input, to its end; WrongUsage if there is none, or far too much."""
    with open(0, "rb", closefd=False) as stream:
        if stream.isatty():
            tell("Describe the GPT in one sentence. Ctrl-D on a new line ends it.")
        data = stream.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise WrongUsage(f"standard input has more than {LONGEST:,} bytes, and a prompt is a sentence; to learn from a text, use --data -")
    if not data.strip():
        raise WrongUsage("standard input is empty; --prompt - reads the prompt from there")
    return data.decode("utf-8-sig", "surrogateescape").strip()
