"""The commands: parse, call, print.

Reading order:

    common    --verbose, environment variables, exit statuses, output that is safe in a terminal
    screen/   the parts of a terminal: figures, a live display, keys, a log
    console   a run on the terminal: the plan, the live display, the samples
    options   the options that `train` and `corpus` share
    generate  `minigpt generate`
    corpus    `minigpt corpus`
    check     `minigpt check`
    tables    cells -> lines that fit the terminal
    facts     a run's record -> what is said of it
    runs      `minigpt list`, `show`, `rename`, `rm`, `export`
    compare   `minigpt compare`
    pictures  `minigpt report`, `minigpt attention`, `minigpt loss`
    tools     `minigpt bench`
    train     `minigpt train`, `minigpt resume`
"""

from __future__ import annotations

import click

from minigpt import __version__
from minigpt.cli.check import check_command
from minigpt.cli.common import Commands, show
from minigpt.cli.compare import compare_command
from minigpt.cli.corpus import corpus_command
from minigpt.cli.generate import generate_command
from minigpt.cli.pictures import attention_command, loss_command, report_command
from minigpt.cli.runs import export_command, list_command, rename_command, rm_command, show_command
from minigpt.cli.tools import bench_command
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


RUNS = (list_command, show_command, compare_command, rename_command, rm_command, export_command)
PICTURES = (report_command, attention_command, loss_command)
for command in (train_command, resume_command, corpus_command, generate_command, *RUNS, *PICTURES, check_command, bench_command):
    cli.add_command(command)
