"""The commands: parse, call, print.

Reading order:

    common    --verbose, environment variables, exit statuses, output that is safe in a terminal
    console   a run on the terminal: the plan, the live line, the samples
    options   the options that `train` and `corpus` share
    generate  `minigpt generate`
    history   what was typed in earlier conversations
    lines     lines that a person types, and answers that are written
    slash     the commands within a chat
    chat      `minigpt chat`
    corpus    `minigpt corpus`
    check     `minigpt check`
    tools     `minigpt list`, `minigpt bench`
    train     `minigpt train`, `minigpt resume`
"""

from __future__ import annotations

import click

from minigpt import __version__
from minigpt.cli.chat import chat_command
from minigpt.cli.check import check_command
from minigpt.cli.common import Commands, show
from minigpt.cli.corpus import corpus_command
from minigpt.cli.generate import generate_command
from minigpt.cli.tools import bench_command, list_command
from minigpt.cli.train import resume_command, train_command


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


for command in (
    train_command,
    resume_command,
    corpus_command,
    generate_command,
    chat_command,
    list_command,
    check_command,
    bench_command,
):
    cli.add_command(command)
