"""The command line: parse, call, print. Modules that need an array library are imported by the command that needs them."""

from __future__ import annotations

import click

from minigpt import __version__
from minigpt.cli.common import Commands, show
from minigpt.cli.corpus import corpus_command
from minigpt.cli.inspect import bench_command, check_command, list_command
from minigpt.cli.talk import generate_command
from minigpt.cli.teach import resume_command, train_command


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="minigpt")
@click.pass_context
def cli(context: click.Context) -> None:
    """Describe a GPT in one sentence, and train it on this machine, from scratch.

    \b
    python -m minigpt train --prompt "A fun GPT that generates cooking recipes"
    """
    if context.invoked_subcommand is None:
        show(context.get_help())


for command in (train_command, resume_command, corpus_command, generate_command, list_command, check_command, bench_command):
    cli.add_command(command)
