"""`minigpt generate`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from minigpt.cli.common import command, device_option, model_argument, show, tell
from minigpt.config import SampleConfig
from minigpt.errors import MinigptError, as_usage

FEW, SMALL = 256, 10**8  # tokens, and bytes of a model, for which numba's start takes longer than compiled layers save
LONGEST = 2**20  # bytes of a prompt; a model sees its last few hundred tokens


class Whole(click.types.StringParamType):
    """A text that is one value in an environment variable too, spaces included."""

    def split_envvar_value(self, rv: str) -> list[str]:
        return [rv]


def sampling_options(max_tokens: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """How text is sampled; `max_tokens` is a default."""
    options = [
        click.option("--max-tokens", type=int, default=max_tokens, help="The most new tokens to write."),
        click.option(
            "--temperature",
            type=float,
            default=SampleConfig.temperature,
            help="Below 1 is safer, above 1 wilder; 0 always takes the likeliest token.",
        ),
        click.option("--top-k", type=int, default=SampleConfig.top_k, help="Sample from the k likeliest tokens; 0: from all."),
        click.option(
            "--top-p",
            type=float,
            default=SampleConfig.top_p,
            help="Sample from the likeliest tokens that together have this probability.",
        ),
        click.option(
            "--repetition-penalty",
            type=float,
            default=SampleConfig.repetition_penalty,
            help="Above 1, makes tokens already used less likely.",
        ),
        click.option("--stop", multiple=True, type=Whole(), help="Stop before this text. Repeatable."),
    ]

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@command("generate")
@model_argument
@click.option(
    "-p",
    "--prompt",
    default="",
    allow_from_autoenv=False,
    help="The text to continue; - reads it from standard input. Without it, a sample starts like a document.",
)
@sampling_options(SampleConfig.max_tokens)
@click.option("--samples", type=click.IntRange(1), default=1, help="How many texts to write.")
@click.option("--seed", type=int, help="The same seed gives the same text; each further sample takes the next seed.  [default: a new one]")
@device_option
@click.option("--novelty", is_flag=True, help="Say how much of each text is copied from the training text, and from where.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON per sample: its text, seed, settings and model.")
@click.option("--quiet", is_flag=True, help="Do not show the seeds.")
def generate_command(run: str, prompt: str, samples: int, novelty: bool, as_json: bool, quiet: bool, device: str, **options: Any) -> None:
    """Generate text with the model in RUN.

    The seed of each sample is shown on standard error, so that a lucky one can be repeated.
    """
    from minigpt.disk.standing import unfinished
    from minigpt.generate import Sample, stream
    from minigpt.run.talk import as_record, fresh_seed
    from minigpt.run.textmodel import load

    with as_usage():
        config = SampleConfig(**options)
    first = fresh_seed() if config.seed is None else config.seed
    prompt = standard_input() if prompt == "-" else prompt
    compared = comparison_with(run) if novelty else None
    model = load(run, device, brief=is_brief(run, config.max_tokens * samples))
    if note := unfinished(Path(run)):
        tell(f"Note: {note}")
    for seed in range(first, first + samples):
        sample, seeded = Sample(), replace(config, seed=seed)
        if not as_json:
            show(prompt, end="")
        for piece in stream(model.network, model.tokenizer, prompt, seeded, model.context, sample):
            if not as_json:
                show(piece, end="")
        if as_json:
            line = as_record(run, prompt, sample, seeded) | ({"novelty": compared(sample.text).figures} if compared else {})
            show(json.dumps(line))  # ASCII, whatever the encoding of the output
            continue
        show("")
        for said in compared(sample.text).lines if compared else ():
            tell(said)
        if not quiet:
            tell(f"seed {seed}")
        if seed + 1 < first + samples:
            show("---")


def comparison_with(run: str) -> Callable[[str], Any]:
    """What compares a text with those that the run was trained on."""
    from minigpt.run.pages.copying import comparison

    return comparison(Path(run))


def is_brief(run: str, tokens: int) -> bool:
    """Whether so many tokens of a model are there before compiled layers would be ready."""
    weights = Path(run) / "model.safetensors"
    return tokens <= FEW and weights.is_file() and weights.stat().st_size <= SMALL


def standard_input() -> str:
    """The text on standard input, without the line end that `echo` adds; MinigptError if it is too long or not UTF-8."""
    read = sys.stdin.buffer.read(LONGEST + 1)
    if len(read) > LONGEST:
        raise MinigptError(f"the prompt on standard input is longer than {LONGEST:,} bytes")
    try:
        text = read.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise MinigptError("the prompt on standard input is not UTF-8 text") from error
    return text.removesuffix("\n")
