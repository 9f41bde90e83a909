"""`minigpt export`: a run in one file for somebody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from minigpt.cli.common import command, run_argument, show, tell
from minigpt.errors import as_usage, instead
from minigpt.export import FORMATS, TYPES, export, require_options


def known_format(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """The value, if it is one of --to."""
    if value in FORMATS:
        return value
    raise click.BadParameter(f"{value!r} is not a known format; {instead(value, FORMATS)}", ctx, param)


@command("export")
@run_argument
@click.option("--to", "form", metavar="|".join(FORMATS), default="zip", callback=known_format, help="The format of the file.")
@click.option("--out", type=click.Path(), allow_from_autoenv=False, help="The file, or a folder for it.  [default: <name>.<format>, here]")
@click.option("--type", type=click.Choice(TYPES), help="gguf: how the numbers of matrices are stored.  [default: f16]")
@click.option("--with-corpus", is_flag=True, help="zip: include the text that it learned from.")
@click.option("--with-checkpoint", is_flag=True, help="zip: include what `resume` needs to continue an interrupted run.")
def export_command(run: str, form: str, out: str | None, **options: Any) -> None:
    """Pack a run into one file that somebody else can use.

    zip: for whoever has minigpt. html: a page that opens in any browser and writes there, without a network. gguf: for Ollama, LM Studio
    and llama.cpp, with a Modelfile beside it; of models with GPT-2's blocks. onnx: for any
    ONNX runtime. hf: for transformers.
    """
    from minigpt.cli.facts import in_bytes

    with as_usage():
        require_options(form, options)
    made = export(Path(run), form, Path(out) if out else None, **options)
    for line in made.left_out:
        tell(f"Left out: {line}")
    for note in made.notes:
        tell(note)
    tell(" ".join(filter(None, (f"{in_bytes(made.path.stat().st_size)}.", made.then))))
    for line in made.commands:
        tell(f"  {line}")
    show(str(made.path))
