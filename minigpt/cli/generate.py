"""`minigpt generate`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from minigpt.cli.common import command, device_option, model_argument, show, tell
from minigpt.config import SampleConfig
from minigpt.errors import as_usage


class Whole(click.types.StringParamType):
    """A text that is one value in an environment variable too, spaces included."""

    def split_envvar_value(self, rv: str) -> list[str]:
        return [rv]


@command("generate")
@model_argument
@click.option(
    "-p", "--prompt", default="", allow_from_autoenv=False, help="The text to continue. Without it, a sample starts like a document."
)
@click.option("--max-tokens", type=int, default=SampleConfig.max_tokens, help="New tokens, at most.")
@click.option(
    "--temperature",
    type=float,
    default=SampleConfig.temperature,
    help="Below 1 is safer, above 1 wilder; 0 always takes the likeliest token.",
)
@click.option("--top-k", type=int, default=SampleConfig.top_k, help="Sample from the k likeliest tokens; 0: from all.")
@click.option(
    "--top-p", type=float, default=SampleConfig.top_p, help="Sample from the likeliest tokens that together have this probability."
)
@click.option(
    "--repetition-penalty", type=float, default=SampleConfig.repetition_penalty, help="Above 1, makes tokens already used less likely."
)
@click.option("--stop", multiple=True, type=Whole(), help="Stop before this text. Repeatable.")
@click.option("--samples", type=click.IntRange(1), default=1, help="How many texts to write.")
@click.option("--seed", type=int, help="The same seed gives the same text.  [default: a new one]")
@device_option
@click.option("--novelty", is_flag=True, help="Say how much of each text is copied from the training text, and from where.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON per sample.")
def generate_command(run: str, prompt: str, samples: int, novelty: bool, as_json: bool, device: str, **options: Any) -> None:
    """Write text with the model in the folder RUN."""
    from minigpt.disk.standing import unfinished
    from minigpt.generate import Sample, stream
    from minigpt.run.pages.copying import comparison
    from minigpt.run.textmodel import load

    with as_usage():
        config = SampleConfig(**options)
    compared = comparison(Path(run)) if novelty else None
    model = load(run, device)
    if note := unfinished(Path(run)):
        tell(f"Note: {note}")
    for i in range(samples):
        sample = Sample()
        seeded = config if config.seed is None else replace(config, seed=config.seed + i)
        if not as_json:
            show(prompt, end="")
        for piece in stream(model.network, model.tokenizer, prompt, seeded, model.context, sample):
            if not as_json:
                show(piece, end="")
        if as_json:
            line: dict[str, Any] = {"prompt": prompt, "text": sample.text, "tokens": sample.tokens, "finish_reason": sample.finish_reason}
            if compared:
                line["novelty"] = compared(sample.text).figures
            show(json.dumps(line))  # ASCII, whatever the encoding of the output
        else:
            show("")
            for said in compared(sample.text).lines if compared else ():
                tell(said)
            if i + 1 < samples:
                show("---")
