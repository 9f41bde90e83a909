"""The commands: parse, call, print.

Reading order:

    helptext  the help of the commands: groups of options, examples
    complete  what a shell proposes at Tab
    common    --verbose, environment variables, exit statuses, output that is safe in a terminal
    usage     wrong usage in one line, with what was perhaps meant; the group of the commands
    screen/   the parts of a terminal: figures, a live display, keys, a log
    console   a run on the terminal: the plan, the live display, the samples
    options   the options that `train` and `corpus` share
    generate  `minigpt generate`
    history   what was typed in earlier conversations
    lines     lines that a person types, and answers that are written
    slash     the commands within a chat
    remote    the same with a model on an Ollama server
    chat      `minigpt chat`
    serve     `minigpt serve`
    corpus    `minigpt corpus`
    check     `minigpt check`
    tables    cells -> lines that fit the terminal
    facts     a run's record -> what is said of it
    runs      `minigpt list`, `show`, `rename`, `rm`
    export    `minigpt export`
    compare   `minigpt compare`
    pictures  `minigpt report`, `minigpt attention`, `minigpt loss`
    tools     `minigpt bench`
    doctor    `minigpt doctor`, `minigpt --version`
    ask       questions on a terminal
    create    the questions about a new model
    menu      the menu
    train     `minigpt train`, `minigpt resume`
"""

from __future__ import annotations

import sys

import click

from minigpt.cli.chat import chat_command
from minigpt.cli.check import check_command
from minigpt.cli.common import is_terminal, show
from minigpt.cli.compare import compare_command
from minigpt.cli.corpus import corpus_command
from minigpt.cli.doctor import doctor_command, show_version
from minigpt.cli.export import export_command
from minigpt.cli.generate import generate_command
from minigpt.cli.menu import menu_command
from minigpt.cli.pictures import attention_command, loss_command, report_command
from minigpt.cli.runs import list_command, rename_command, rm_command, show_command
from minigpt.cli.serve import serve_command
from minigpt.cli.tools import bench_command
from minigpt.cli.train import resume_command, train_command
from minigpt.cli.usage import Commands


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=show_version, help="Show versions and the device.")
@click.pass_context
def cli(context: click.Context) -> None:
    """Describe a GPT in one sentence, and train it on this machine, from scratch."""
    if context.invoked_subcommand is None:
        if is_terminal(sys.stdin) and is_terminal(sys.stdout):
            with menu_command.make_context("menu", [], parent=context) as menu:  # which also reads the variables
                menu_command.invoke(menu)
        else:
            show(context.get_help())


RUNS = (list_command, show_command, compare_command, rename_command, rm_command, export_command)
PICTURES = (report_command, attention_command, loss_command)
MACHINE = (check_command, doctor_command, bench_command)
for command in (train_command, resume_command, corpus_command, generate_command, chat_command, serve_command, *RUNS, *PICTURES, *MACHINE):
    cli.add_command(command)
